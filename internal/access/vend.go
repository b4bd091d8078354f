package access

import (
	"strconv"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/index"
)

// DefaultDuration is how long a vended key lives when the request does not say, in seconds.
const DefaultDuration = 3600

// DataRequest is a request for data access, as GetDataAccess takes it from a caller whose policies allow the call.
type DataRequest struct {
	Caller     *authn.Caller
	Env        *authz.Env
	Instance   *index.GrantsInstance
	Target     grants.Target
	TargetText string // the target as the caller wrote it, for the message of a refusal
	Permission granary.Permission
	Minimal    bool  // the key opens the target only (privilege Minimal)
	Duration   int64 // how long the key is to live, in seconds; 0 means DefaultDuration
}

// Vending is what is known of a key to be vended. Each step of Vend fills in more of it.
type Vending struct {
	Identities  []granary.Grantee // the grantees whose grants count for the caller
	Application granary.ARN       // through which the person came; "" without a person
	Match       grants.Match      // the narrowest grant that covers the target
	Location    *granary.Location // of the grant
	Role        *index.Role       // of the location
	Lifetime    time.Duration     // of the key
	Scope       granary.Scope     // what the key opens
}

// Step is a step of Vend. The constants are in the order in which Vend takes the steps.
type Step int

const (
	Identified  Step = iota // the caller's identities are known
	Matched                 // a grant covers the target
	Located                 // the grant's location exists
	Trusted                 // the location's role exists and trusts Access Grants
	LastsEnough             // the role's sessions may live as long as the key
	Scoped                  // the scope of the key is known
)

// Observer is called after each step of Vend that succeeds, in order, with the result of the step.
type Observer interface {
	Succeeded(step Step, v Vending)
}

// Vend decides what GetDataAccess vends for a request (access-grants §5 and §9). It issues nothing. When a step fails,
// Vend returns an error that says which link of the chain broke and why. The observer may be nil.
func Vend(z *authz.Authorizer, q *DataRequest, o Observer) (v Vending, err error) {
	succeeded := func(s Step) {
		if o != nil {
			o.Succeeded(s, v)
		}
	}
	v.Identities, v.Application = Identities(z.Index, q.Caller, q.Instance)
	succeeded(Identified)
	var ok bool
	if v.Match, ok = q.Instance.Grants.Match(v.Identities, v.Application, q.Target, q.Permission); !ok {
		e := granary.Errorf(granary.Denied, "You do not have %s permissions to the requested S3 Prefix: %s", q.Permission,
			q.TargetText)
		e.Why = WhyNoGrant(z.Index, q.Caller, q.Instance, v.Identities, q.Target, q.Permission)
		return v, e
	}
	succeeded(Matched)
	if v.Location, ok = q.Instance.Location(v.Match.Location); !ok { // deleted this moment, with its grants
		return v, granary.Errorf(granary.NotFound, "The specified access grants location does not exist").
			At(cause.TrustMissing, "role", string(v.Match.Location))
	}
	succeeded(Located)
	if v.Role, err = LocationRole(z, q.Caller, q.Env, q.Instance, v.Location); err != nil {
		return v, err
	}
	succeeded(Trusted)
	if v.Lifetime, err = keyLifetime(q.Duration, v.Role); err != nil {
		return v, err
	}
	succeeded(LastsEnough)
	v.Scope = grants.SessionScope(v.Match, q.Target, q.Minimal, q.Permission)
	v.Scope.GrantAccount, v.Scope.Region = q.Instance.Account, q.Instance.Region
	succeeded(Scoped)
	return v, nil
}

// keyLifetime returns how long a key lives that is asked for with a duration in seconds. It refuses more than sessions
// of the role may live.
func keyLifetime(asked int64, role *index.Role) (time.Duration, error) {
	if asked == 0 {
		asked = DefaultDuration
	}
	if asked > int64(role.MaxSession) {
		return 0, granary.Errorf(granary.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for "+
			"this role.").WithCode("StsValidationError").
			At(cause.DurationTooLong, "role", string(role.ARN), "asked", strconv.FormatInt(asked, 10), "limit",
				strconv.Itoa(role.MaxSession))
	}
	return time.Duration(asked) * time.Second, nil
}

// Session returns the session of the key that is vended to a caller. Its issuer sets when it begins and ends.
func (v *Vending) Session(c *authn.Caller, name string) *granary.Session {
	scope := v.Scope
	return &granary.Session{Account: v.Role.Account, RoleID: v.Role.ID, RoleARN: v.Role.ARN, Name: name,
		SourceIdentity: SourceIdentity(c), Context: c.OnBehalfOf(), Scope: &scope}
}
