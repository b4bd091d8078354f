// Package awsapi is the front door: operations stand in visible tables, and one pipeline does for each of them what an
// operation must never forget.
//
//	request id ─ limits ─ route ─ verify ─ decode ─ authorise ─ run ─ encode ─ audit ─ one log line
//
// It owns no operation and no wire format: services bring the first, package wire the second. S3's data plane shares
// the listener, the signature check and the audit log, and is answered by package gateway.
package awsapi

import (
	"context"
	"fmt"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
)

// Call is one request to an operation, verified and decoded. It is the operation's context.
type Call struct {
	context.Context
	RequestID    string
	InvocationID string // amz-sdk-invocation-id: the same over an SDK's retries; "" when not sent
	Caller       *authn.Caller
	Account      granary.AccountID // the account addressed: x-amz-account-id where the service has it, else the caller's
	Region       string            // Region of the credential scope
	Now          time.Time
	Host         string
	Env          authz.Env
	Event        *audit.Event // what will be recorded; operations may add to it

	door      *Door
	proof     proof
	denied    *authz.Decision // the last that was refused
	checks    []check
	mustCheck bool           // the operation authorises by itself: it changes nothing before it has checked
	decided   state          // what was known when the checks were made
	stopped   error          // by the guard of an effect
	also      []*audit.Event // recorded with Event
	notes     []string       // logged
}

// Note has a sentence for the operator logged with the call: what was done, but is perhaps not what was meant.
func (c *Call) Note(format string, args ...any) {
	c.notes = append(c.notes, fmt.Sprintf(format, args...))
}

// ForPerson has the event say whom in the directory a token or session is made for.
func (c *Call) ForPerson(store granary.StoreID, arn granary.ARN, user granary.UserID) {
	c.Event.Person = &audit.OnBehalfOf{UserID: string(user), IdentityStoreARN: string(arn)}
	if u, ok := c.door.Authn.Index.Directory.User(store, user); ok {
		c.Event.Person.UserName = u.UserName
	}
}

// Undisclose forgets the last refusal, so that the answer does not tell the policies that it was decided by.
func (c *Call) Undisclose() { c.denied = nil }

// Decide evaluates one request of the caller. An operation that changes something calls it inside of Check only, so
// that it is decided again.
func (c *Call) Decide(r authz.Request) authz.Decision {
	d := c.door.Authz.Decide(c.Caller, &c.Env, r)
	if !d.Allowed {
		c.denied = &d
	}
	return d
}

// Authorize evaluates requests in order and returns the refusal of the first that is denied.
func (c *Call) Authorize(requests ...authz.Request) error {
	for _, r := range requests {
		if d := c.Decide(r); !d.Allowed {
			return d.Refusal()
		}
	}
	return nil
}
