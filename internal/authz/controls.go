package authz

import (
	"strings"
	"sync"

	"granary/internal/authn"
	"granary/internal/policy"
)

// controls gathers what the organization says: service control policies bind the principals of a member account, its
// root user included, wherever they act; resource control policies bind everyone who reaches for resources of a member
// account. The management account is bound by neither, and callers that are no account's principals by the second alone
// (Organizations User Guide, "SCP evaluation", "RCP evaluation").
func (z *Authorizer) controls(set *policy.Set, c *authn.Caller, r *Request) {
	o := z.Index.Org.Organization()
	if o == nil {
		return
	}
	switch c.Kind {
	case policy.Root, policy.IAMUser, policy.RoleSession, policy.FederatedUser:
		if c.Account == o.Management {
			break
		}
		if k := z.Index.Org.Controls(c.Account); k != nil {
			set.SCPs = k.SCPs
		}
	}
	if r.Owner != o.Management && resourceControlled(r.Action) {
		if k := z.Index.Org.Controls(r.Owner); k != nil {
			set.RCPs = k.RCPs
		}
	}
}

// resourceControlled reports whether a service heeds resource control policies.
func resourceControlled(action string) bool {
	return strings.HasPrefix(action, "s3:") || strings.HasPrefix(action, "sts:")
}

// documents keeps the session policies last used, compiled: they come with each request of their session. The zero
// value is ready.
type documents struct {
	mu          sync.RWMutex
	young, aged map[string]*policy.Policy
}

// maxDocuments is how many documents, of 2 KiB at most, a generation holds. There are two.
const maxDocuments = 2048

// session is the compiled document, nil when it is none.
func (d *documents) session(text string) *policy.Policy {
	d.mu.RLock()
	p, ok := d.young[text]
	d.mu.RUnlock()
	if ok {
		return p
	}
	d.mu.RLock()
	p, ok = d.aged[text]
	d.mu.RUnlock()
	if !ok {
		if parsed, err := policy.Parse(policy.Session, text); err == nil {
			p = parsed.Named("session policy")
		}
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.young == nil || len(d.young) >= maxDocuments {
		d.young, d.aged = make(map[string]*policy.Policy), d.young
	}
	d.young[text] = p
	return p
}
