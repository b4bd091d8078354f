package policy

import (
	"strings"

	"granary"
)

// CallerKind says what sort of principal a caller is.
type CallerKind uint8

// The kinds of callers.
const (
	Anonymous CallerKind = iota
	Root
	IAMUser
	RoleSession
	FederatedUser // of GetFederationToken
	WebIdentity   // a workload with a token of an OpenID Connect provider, before it has a session
	Service       // an AWS service that acts on its own, such as S3 Access Grants assuming a location's role
)

// Caller is a principal as policies name it.
type Caller struct {
	Kind      CallerKind
	Account   granary.AccountID
	ARN       granary.ARN // root, user or session
	Role      granary.ARN // sessions: the role's ARN, path included; federated users: the IAM user's
	UniqueID  string      // "AIDA…" of users, "AROA…" of roles and their sessions: what AWS shows for principals that were deleted
	Service   string      // services: "access-grants.s3.amazonaws.com"
	Federated granary.ARN // web identities: the provider
}

// grade is how directly a principal element names a caller; it decides which other policies must allow too (iam-policy §5).
type grade uint8

const (
	none    grade = iota
	account       // the caller's account
	role          // the caller's role
	direct        // the caller itself, or everyone
)

type principal struct{ kind, value string } // kind is AWS, Service, Federated or CanonicalUser

func (p principal) wildcard() bool { return p.kind == "AWS" && p.value == "*" }

func (p principal) grade(c *Caller) grade {
	switch p.kind {
	case "AWS":
		return p.aws(c)
	case "Service":
		if c.Kind == Service && p.value == c.Service {
			return direct
		}
	case "Federated":
		if c.Federated != "" && p.value == string(c.Federated) {
			return direct
		}
	case "CanonicalUser":
		if c.Account != "" && p.value == CanonicalID(c.Account) {
			return account
		}
	}
	return none
}

func (p principal) aws(c *Caller) grade {
	if p.value == "*" {
		return direct
	}
	if c.Kind == Anonymous || c.Kind == Service || c.Kind == WebIdentity {
		return none
	}
	switch p.value {
	case string(c.ARN):
		return direct
	case c.UniqueID:
		if c.Kind == IAMUser {
			return direct
		}
		return role
	case string(c.Role):
		return role
	case string(c.Account), string(granary.RootARN(c.Account)):
		if c.Kind == Root {
			return direct
		}
		return account
	}
	return none
}

// CanonicalID is an account's canonical user id: 64 hexadecimal digits made of the account number alone, since nothing
// secret hangs on it.
func CanonicalID(a granary.AccountID) string {
	return strings.Repeat("0", 52) + string(a)
}

// named is the highest grade at which the statement's principals name the caller. A statement without principals (an
// identity policy's) names its bearer.
func (s *statement) named(c *Caller) grade {
	if s.principals == nil {
		return direct
	}
	best := none
	for _, p := range s.principals {
		best = max(best, p.grade(c))
	}
	if !s.notPrincipal {
		return best
	}
	if best == none {
		return direct
	}
	return none
}
