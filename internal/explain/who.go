package explain

import (
	"context"

	"granary"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/store"
)

// Who is a question for everybody who reaches a target.
type Who struct {
	Account    granary.AccountID
	Target     grants.Target
	Permission granary.Permission
	After      string // of the page before
	Limit      int
	Env        authz.Env
}

// whoToken: the scope and the grant under way, and the membership reached in its group.
type whoToken struct{ Scope, Grant, Member string }

// whoPage is one page under way.
type whoPage struct {
	*judge
	q       *Who
	tx      *store.Tx
	at      whoToken
	out     []Holding
	visited int
}

// Who lists who reaches a target: for each grant that covers it, narrowest scope first, the person, everybody in the group, or
// the IAM principal. Somebody with several grants comes several times. What is there from the first page to the last is told once, in its
// place; of what comes or goes meanwhile the pages may tell.
func (x *Explainer) Who(ctx context.Context, q Who) (out []Holding, next string, err error) {
	j, err := x.judge(q.Account, q.Env)
	if err != nil {
		return nil, "", err
	}
	var from whoToken
	if err := readToken(q.After, &from); err != nil {
		return nil, "", err
	}
	err = x.DB.View(ctx, func(tx *store.Tx) error {
		p := &whoPage{judge: j, q: &q, tx: tx, at: from}
		more, err := p.scopes()
		out, next = p.out, ""
		if more {
			next = token(p.at)
		}
		return err
	})
	return out, next, err
}

func (p *whoPage) full() bool { return len(p.out) >= p.q.Limit || p.visited >= maxVisited }

// scopes goes through the covering scopes from where the last page ended. It reports whether there may be more.
func (p *whoPage) scopes() (more bool, err error) {
	for _, scope := range p.instance.Grants.Covering(p.q.Target) {
		if p.at.Scope != "" && p.q.Target.Narrower(scope, p.at.Scope) < 0 {
			continue
		}
		if scope != p.at.Scope {
			p.at = whoToken{Scope: scope}
		}
		if p.at.Member != "" { // in the middle of a group
			g, err := p.tx.Grants.Get(p.instance.Account, p.instance.Region, granary.GrantID(p.at.Grant))
			if err != nil && !granary.Is(err, granary.NotFound) {
				return false, err
			}
			if err == nil && grants.Covers(g, p.q.Target, p.q.Permission) {
				if more, err := p.group(g); more || err != nil {
					return more, err
				}
			}
		}
		if more, err := p.scope(scope); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

func (p *whoPage) scope(scope string) (more bool, err error) {
	for {
		list, next, err := p.tx.Grants.ListOfScope(p.instance.Account, p.instance.Region, scope, granary.GrantID(p.at.Grant), chunk)
		if err != nil {
			return false, err
		}
		for _, g := range list {
			if p.full() {
				return true, nil
			}
			p.visited++
			if grants.Covers(g, p.q.Target, p.q.Permission) {
				if more, err := p.grant(g); more || err != nil {
					return more, err
				}
			}
			p.at.Grant, p.at.Member = string(g.ID), ""
		}
		if next == "" {
			return false, nil
		}
	}
}

func (p *whoPage) grant(g *granary.Grant) (more bool, err error) {
	switch {
	case g.Grantee.Type == granary.GranteeGroup && p.center != nil:
		p.at.Grant, p.at.Member = string(g.ID), ""
		return p.group(g)
	case g.Grantee.Type == granary.GranteeGroup:
		return false, nil // a group of no directory has nobody in it
	}
	h := Holding{Grantee: g.Grantee, Grant: g}
	if g.Grantee.Type == granary.GranteeUser {
		h.UserID = granary.UserID(g.Grantee.ID)
		if p.center != nil {
			h.User, _ = p.x.Index.User(p.center.Store, h.UserID)
		}
	}
	p.add(h)
	return false, nil
}

func (p *whoPage) add(h Holding) {
	t := p.q.Target
	p.of(&h, &t, p.q.Permission)
	p.out = append(p.out, h)
}

// group goes through the members of a grant's group from where the last page ended.
func (p *whoPage) group(g *granary.Grant) (more bool, err error) {
	if p.center == nil {
		return false, nil
	}
	id := granary.GroupID(g.Grantee.ID)
	about, err := p.tx.Groups.Get(p.center.Store, id)
	if granary.Is(err, granary.NotFound) {
		return false, nil // deleted: nobody is in it
	}
	if err != nil {
		return false, err
	}
	for {
		list, next, err := p.tx.Memberships.ListOfGroup(p.center.Store, id, p.at.Member, chunk)
		if err != nil {
			return false, err
		}
		for _, m := range list {
			if p.full() {
				if p.at.Member == "" { // nobody of it was told yet: come back to the grant itself
					p.at.Member = "0"
				}
				return true, nil
			}
			p.visited++
			h := Holding{Grantee: g.Grantee, Grant: g, Group: about, UserID: m.User}
			h.User, _ = p.x.Index.User(p.center.Store, m.User)
			p.add(h)
			p.at.Member = m.ID
		}
		if next == "" {
			return false, nil
		}
	}
}
