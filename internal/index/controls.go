package index

import (
	"slices"
	"strings"

	"granary"
	"granary/internal/policy"
)

// Controls is what an organization says about one of its accounts.
type Controls struct {
	SCPs, RCPs [][]*policy.Policy // a level each for the root, the units and the account; nil when the type is switched off
	Path       string             // "o-…/r-…/ou-…/", as aws:PrincipalOrgPaths has it
}

// organization is the units, policies and attachments, and what follows from them for each account that was asked for.
type organization struct {
	units    map[string]*granary.OrgUnit
	written  map[string]*granary.OrgPolicy
	policies map[string]*policy.Policy    // written, and AWS's own, compiled
	attached map[string]map[string]string // target → policy → type
	controls map[granary.AccountID]*Controls

	delegation *policy.Policy
}

func newOrganization() organization {
	return organization{units: map[string]*granary.OrgUnit{}, written: map[string]*granary.OrgPolicy{}, policies: policy.FullAccess(), attached: map[string]map[string]string{},
		controls: map[granary.AccountID]*Controls{}}
}

// applyOrganization takes a change to the organization in; what followed from the old state is forgotten.
func (x *Index) applyOrganization(v any, gone bool) {
	clear(x.tree.controls)
	switch v := v.(type) {
	case *granary.Organization:
		x.org = v
		x.tree.delegation = compile(policy.Delegation, v.ResourcePolicy, "resource policy of the organization")
	case *granary.Account:
		x.accounts[v.ID] = v
	case *granary.OrgUnit:
		put(x.tree.units, v.ID, v, gone)
	case *granary.OrgPolicy:
		put(x.tree.written, v.ID, v, gone)
		put(x.tree.policies, v.ID, compileControl(v), gone)
	case *granary.Attachment:
		m := x.tree.attached[v.Target]
		if m == nil {
			m = map[string]string{}
			x.tree.attached[v.Target] = m
		}
		put(m, v.Policy, v.Type, gone)
		if len(m) == 0 {
			delete(x.tree.attached, v.Target)
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

// OrgUnit looks an organizational unit up.
func (x *Index) OrgUnit(id string) (*granary.OrgUnit, bool) { return read(x, x.tree.units, id) }

// OrgPolicy looks an organization policy up, AWS's own not among them.
func (x *Index) OrgPolicy(id string) (*granary.OrgPolicy, bool) { return read(x, x.tree.written, id) }

// Delegation is the organization's resource policy, nil when it has none.
func (x *Index) Delegation() *policy.Policy {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.tree.delegation
}

// Controls is what the organization says about an account; nil for accounts it does not have.
func (x *Index) Controls(id granary.AccountID) *Controls {
	x.mu.RLock()
	c, known := x.tree.controls[id]
	_, there := x.accounts[id]
	there = there && x.org != nil
	x.mu.RUnlock()
	if known || !there {
		return c
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if c, known = x.tree.controls[id]; !known {
		c = x.control(x.accounts[id])
		x.tree.controls[id] = c
	}
	return c
}

// control works an account's levels out. The caller holds the lock.
func (x *Index) control(a *granary.Account) *Controls {
	targets := []string{string(a.ID)}
	for at := a.Parent; at != ""; {
		u := x.tree.units[at]
		if u == nil {
			break // levels that are missing allow nothing, below
		}
		targets = append(targets, u.ID)
		if at = u.Parent; at == x.org.RootID {
			at = ""
		}
	}
	targets = append(targets, x.org.RootID)
	slices.Reverse(targets)
	c := &Controls{Path: x.org.ID + "/" + strings.Join(targets[:len(targets)-1], "/") + "/"}
	for _, t := range targets {
		if x.org.Enabled(granary.ServiceControl) {
			c.SCPs = append(c.SCPs, x.level(t, granary.ServiceControl))
		}
		if x.org.Enabled(granary.ResourceControl) {
			c.RCPs = append(c.RCPs, x.level(t, granary.ResourceControl))
		}
	}
	return c
}

// level is the policies of a type on one target. One that is attached and unknown denies.
func (x *Index) level(target, policyType string) (out []*policy.Policy) {
	var ids []string
	for id, t := range x.tree.attached[target] {
		if t == policyType {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for _, id := range ids {
		p, ok := x.tree.policies[id]
		if !ok {
			p = unreadable.Named(id + " (deleted)")
		}
		out = append(out, p.Named(p.Source()+" on "+target))
	}
	return out
}
