package policy

import (
	"strings"

	"granary"
)

// CallerKind is the kind of principal that a caller is.
type CallerKind uint8

// The kinds of callers.
const (
	NoKind    CallerKind = iota // not identified: such a caller is refused everything, even public access
	Anonymous                   // the caller of a request without a signature
	Root
	IAMUser
	RoleSession
	FederatedUser // of GetFederationToken
	WebIdentity   // a workload that presents a token of an OpenID Connect provider and has no session yet
	Service       // an AWS service acting for itself, such as S3 Access Grants when it assumes a location's role
)

// Caller describes the caller of a request as policies name it.
type Caller struct {
	Kind    CallerKind
	Account granary.AccountID
	ARN     granary.ARN // of the root user, user or session
	Role    granary.ARN // of a session, its role's ARN with the path; of a federated user, the IAM user's ARN
	// "AIDA…" of a user, "AROA…" of a role and its sessions; Policy.Bind replaces ARNs by these
	UniqueID  string
	Service   string      // of a service: "access-grants.s3.amazonaws.com"
	Federated granary.ARN // of a web identity: the provider's ARN
}

// NormalPrincipal returns the form in which AWS shows a principal: an account becomes the ARN of its root user.
func NormalPrincipal(kind, value string) string {
	if kind == "AWS" {
		return normalPrincipal(kind, value).value
	}
	return value
}

// grade tells how directly a principal element names a caller. It decides which other policies must allow too
// (iam-policy §5).
type grade uint8

const (
	none    grade = iota
	account       // names the caller's account
	role          // names the caller's role
	direct        // names the caller itself, or everyone
)

// principal is a principal in its normal form: an account is the ARN of its root user, in whichever form the policy
// writes it.
type principal struct{ kind, value string } // kind is AWS, Service or Federated

// normalPrincipal returns a valid principal in its normal form.
func normalPrincipal(kind, value string) principal {
	switch {
	case kind == "CanonicalUser":
		return principal{"AWS", string(granary.RootARN(accountOfCanonicalID(value)))}
	case kind == "AWS" && granary.AccountID(value).Valid():
		return principal{"AWS", string(granary.RootARN(granary.AccountID(value)))}
	}
	return principal{kind, value}
}

func (p principal) isWildcard() bool { return p.kind == "AWS" && p.value == "*" }

// gradeFor returns the grade at which the principal names the caller.
func (p principal) gradeFor(c *Caller) grade {
	switch p.kind {
	case "AWS":
		return p.awsGrade(c)
	case "Service":
		if c.Kind == Service && p.value == c.Service {
			return direct
		}
	case "Federated":
		if c.Federated != "" && p.value == string(c.Federated) {
			return direct
		}
	}
	return none
}

// awsGrade is gradeFor for principals of the kind AWS.
func (p principal) awsGrade(c *Caller) grade {
	if p.value == "*" {
		return direct
	}
	if c.Kind == Anonymous || c.Kind == Service || c.Kind == WebIdentity {
		return none
	}
	switch p.value {
	case string(c.ARN):
		return direct
	case c.UniqueID: // a valid principal is never empty, so an empty UniqueID does not match
		if c.Kind == IAMUser {
			return direct
		}
		return role
	case string(c.Role):
		return role
	case string(granary.RootARN(c.Account)):
		if c.Kind == Root {
			return direct
		}
		return account
	}
	return none
}

// CanonicalID returns an account's canonical user id, 64 hexadecimal digits. It consists of zeros and the account
// number, since the id is not secret.
func CanonicalID(a granary.AccountID) string {
	return strings.Repeat("0", 52) + string(a)
}

// accountOfCanonicalID returns the account of a canonical user id, or "" when id is not one.
func accountOfCanonicalID(id string) granary.AccountID {
	a := granary.AccountID(id[max(0, len(id)-12):])
	if !a.Valid() || CanonicalID(a) != id {
		return ""
	}
	return a
}

// principalGrade returns the highest grade at which the statement's principals name the caller. A statement of an
// identity policy has no principals and names every caller that has the policy. bounded tells whether a permissions
// boundary limits the caller, which takes every exemption of NotPrincipal away.
func (s *statement) principalGrade(c *Caller, bounded bool) grade {
	switch {
	case s.principals == nil:
		return direct
	case s.notPrincipal && !s.deny, s.notPrincipal && s.exempts(c) && !bounded:
		return none
	case s.notPrincipal:
		return direct
	}
	best := none
	for _, p := range s.principals {
		if p.isWildcard() && c.Kind == WebIdentity && s.resources == nil && !s.deny {
			continue // a trust policy must name a provider; "*" stands for AWS principals only
		}
		best = max(best, p.gradeFor(c))
	}
	return best
}

// exempts reports whether the statement's NotPrincipal lists the caller. A caller is several principals at once: a
// session also counts as its role and its account. AWS exempts a caller only if every one of these is listed (IAM
// guide, "Specifying NotPrincipal with Deny"), where the account is listed only so that it is not denied itself. Here
// the caller's own ARN must be listed, and for a session its role too; an account's ARN exempts only its root user.
func (s *statement) exempts(c *Caller) bool {
	own, behind := false, c.Role == ""
	for _, p := range s.principals {
		switch {
		case p.isWildcard():
			return true
		case p.kind != "AWS":
			own = own || p.gradeFor(c) == direct
		case c.Kind == Anonymous || c.Kind == Service || c.Kind == WebIdentity:
		default:
			own = own || p.value == string(c.ARN) || c.Kind == IAMUser && p.value == c.UniqueID && c.UniqueID != ""
			behind = behind || p.value == string(c.Role) || p.value == c.UniqueID && c.UniqueID != ""
		}
	}
	if c.Kind == RoleSession || c.Kind == FederatedUser {
		return own && behind
	}
	return own
}
