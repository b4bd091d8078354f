package index

import (
	"slices"
	"strings"
	"sync"

	"granary"
	"granary/internal/policy"
)

// Controls is what an organization says about one of its accounts.
type Controls struct {
	// a level each for the root, the units and the account; nil when the type is switched off
	SCPs, RCPs [][]*policy.Policy
	Path       string // "o-…/r-…/ou-…/", as aws:PrincipalOrgPaths has it
}

// Org is the facet of the organization: its accounts, units, policies and attachments, and what follows from them for
// each account that was asked for.
type Org struct {
	mu           *sync.RWMutex
	organization *granary.Organization
	accounts     map[granary.AccountID]*granary.Account
	units        map[string]*granary.OrgUnit
	written      map[string]*granary.OrgPolicy
	policies     map[string]*policy.Policy    // written, and AWS's own, compiled
	attached     map[string]map[string]string // target → policy → type
	controls     map[granary.AccountID]*Controls
	delegation   *policy.Policy
}

func newOrg(mu *sync.RWMutex) Org {
	return Org{mu: mu, accounts: map[granary.AccountID]*granary.Account{}, units: map[string]*granary.OrgUnit{},
		written: map[string]*granary.OrgPolicy{}, policies: policy.FullAccess(), attached: map[string]map[string]string{},
		controls: map[granary.AccountID]*Controls{}}
}

// apply takes a change to the organization in; what followed from the old state is forgotten.
func (x *Org) apply(v any, gone bool) {
	clear(x.controls)
	switch v := v.(type) {
	case *granary.Organization:
		x.organization = v
		x.delegation = compile(policy.Delegation, v.ResourcePolicy, "resource policy of the organization")
	case *granary.Account:
		x.accounts[v.ID] = v
	case *granary.OrgUnit:
		put(x.units, v.ID, v, gone)
	case *granary.OrgPolicy:
		put(x.written, v.ID, v, gone)
		put(x.policies, v.ID, compileControl(v), gone)
	case *granary.Attachment:
		m := x.attached[v.Target]
		if m == nil {
			m = map[string]string{}
			x.attached[v.Target] = m
		}
		put(m, v.Policy, v.Type, gone)
		if len(m) == 0 {
			delete(x.attached, v.Target)
		}
	}
}

func compileControl(v *granary.OrgPolicy) *policy.Policy {
	kind := policy.SCP
	if v.Type == granary.ResourceControl {
		kind = policy.RCP
	}
	return compile(kind, v.Content, v.Name+" ("+v.ID+")")
}

// Organization is the installation's organization; nil before it is initialised.
func (x *Org) Organization() *granary.Organization {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.organization
}

// Account looks an account up.
func (x *Org) Account(id granary.AccountID) (*granary.Account, bool) {
	return read(x.mu, x.accounts, id)
}

// Closed reports whether an account was closed: what it owns is out of everybody's reach then, by every door.
func (x *Org) Closed(id granary.AccountID) bool {
	a, ok := x.Account(id)
	return ok && a.Closed
}

// Unit looks an organizational unit up.
func (x *Org) Unit(id string) (*granary.OrgUnit, bool) { return read(x.mu, x.units, id) }

// Policy looks an organization policy up, AWS's own not among them.
func (x *Org) Policy(id string) (*granary.OrgPolicy, bool) { return read(x.mu, x.written, id) }

// Delegation is the organization's resource policy, nil when it has none.
func (x *Org) Delegation() *policy.Policy {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.delegation
}

// Controls is what the organization says about an account; nil for accounts it does not have.
func (x *Org) Controls(id granary.AccountID) *Controls {
	x.mu.RLock()
	c, known := x.controls[id]
	_, there := x.accounts[id]
	there = there && x.organization != nil
	x.mu.RUnlock()
	if known || !there {
		return c
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if c, known = x.controls[id]; !known {
		c = x.control(x.accounts[id])
		x.controls[id] = c
	}
	return c
}

// control works an account's levels out. The caller holds the lock.
func (x *Org) control(a *granary.Account) *Controls {
	targets := []string{string(a.ID)}
	for at := a.Parent; at != ""; {
		u := x.units[at]
		if u == nil {
			break // levels that are missing allow nothing, below
		}
		targets = append(targets, u.ID)
		if at = u.Parent; at == x.organization.RootID {
			at = ""
		}
	}
	targets = append(targets, x.organization.RootID)
	slices.Reverse(targets)
	c := &Controls{Path: x.organization.ID + "/" + strings.Join(targets[:len(targets)-1], "/") + "/"}
	for _, t := range targets {
		if x.organization.Enabled(granary.ServiceControl) {
			c.SCPs = append(c.SCPs, x.level(t, granary.ServiceControl))
		}
		if x.organization.Enabled(granary.ResourceControl) {
			c.RCPs = append(c.RCPs, x.level(t, granary.ResourceControl))
		}
	}
	return c
}

// level is the policies of a type on one target. One that is attached and unknown denies.
func (x *Org) level(target, policyType string) (out []*policy.Policy) {
	var ids []string
	for id, t := range x.attached[target] {
		if t == policyType {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		p, ok := x.policies[id]
		if !ok {
			p = unreadable.Named(id + " (deleted)")
		}
		out = append(out, p.Named(p.Source()+" on "+target))
	}
	return out
}
