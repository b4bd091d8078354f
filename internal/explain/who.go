package explain

import (
	"context"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/store"
)

// Who is a question for everybody who reaches a target or a part of it.
type Who struct {
	Account    granary.AccountID
	Target     grants.Target
	Permission granary.Permission
	Whole      bool   // only who reaches all of the target
	After      string // of the page before
	Limit      int
	Viewer     granary.AccountID
	Asker      *authn.Caller
	Env        authz.Env
}

// The stages of the list, in order.
const (
	covering   = iota // grants that cover the target
	inside            // grants of parts of it
	rootUser          // of the bucket's account
	iamUsers          //
	roles             //
	openings          // others, whom the bucket policy lets in
	wholeTruth        // the end
)

// whoToken is where a list goes on.
type whoToken struct {
	Stage                int
	Scope, Grant, Member string // the scope and the grant under way, and the membership reached in its group
	Name                 string // the last user or role that was told whole
	Under                string // the one under way,
	Part                 int    // and how many of its parts were told
}

// whoPage is one page under way.
type whoPage struct {
	*judge
	q       *Who
	bucket  *index.Bucket // nil when it is not the account's: its policies are not asked
	tx      *store.Tx
	at      whoToken
	out     []Holding
	visited int
}

// WhoReaches is a page of a list.
type WhoReaches struct {
	Holdings []Holding
	Next     string
	LeftOut  []string // what the list does not tell, in sentences
}

// Who lists who reaches a target or a part of it. First by grants: for each that covers it, narrowest scope first, and
// then for each that lies inside of it, the person, everybody in the group, or the IAM principal. Then by policies: the
// account's root user, IAM users and roles, and whom else the bucket policy lets in. Somebody with several grants comes
// several times. A row that exists from the first page to the last appears once, in its place. A row that comes or
// goes meanwhile may appear or not.
func (x *Explainer) Who(ctx context.Context, q Who) (*WhoReaches, error) {
	var from whoToken
	if err := readToken(q.After, &from); err != nil {
		return nil, err
	}
	if detail, _ := x.noBucket(&request{env: q.Env, account: q.Account, target: q.Target, viewer: q.Viewer,
		asker: q.Asker}); detail != "" {
		return nil, granary.Errorf(granary.NotFound, "%s", detail)
	}
	j := x.judge(q.Account, q.Env)
	out := &WhoReaches{}
	b, ok := x.Index.Buckets.Get(q.Target.Bucket())
	if !ok || b.Owner != q.Account {
		b = nil
	}
	out.LeftOut = leftOut(b != nil)
	err := x.DB.View(ctx, func(tx *store.Tx) error {
		p := &whoPage{judge: j, q: &q, bucket: b, tx: tx, at: from}
		more, err := p.stages()
		out.Holdings, out.Next = p.out, ""
		if more {
			out.Next = token(p.at)
		}
		return err
	})
	return out, err
}

// leftOut is what a list of who reaches something cannot tell.
func leftOut(policies bool) (out []string) {
	if !policies {
		return []string{"The bucket is not one of the account's that you may know of: whom policies let in is not told."}
	}
	return []string{
		"Whoever may assume a role that is listed reaches what the role reaches; the role's trust policy says who that is.",
		"Whoever may change policies, roles, grants, the directory or the organization can let in others, and themselves.",
		"Presigned URLs and keys that were handed out work for whoever holds them, within what their maker reaches.",
		"Policies were asked for s3:GetObject (READ) and for s3:PutObject or s3:DeleteObject (WRITE), and for nothing else.",
	}
}

func (p *whoPage) full() bool { return len(p.out) >= p.q.Limit || p.visited >= maxVisited }

// stages goes through the stages from where the last page ended. It reports whether there may be more.
func (p *whoPage) stages() (more bool, err error) {
	for p.at.Stage < wholeTruth {
		switch p.at.Stage {
		case covering:
			more, err = p.scopes()
		case inside:
			more, err = p.within()
		default:
			more, err = p.policies()
		}
		if more || err != nil {
			return more, err
		}
		p.at = whoToken{Stage: p.at.Stage + 1}
	}
	return false, nil
}

// scopes goes through the covering scopes from where the last page ended.
func (p *whoPage) scopes() (more bool, err error) {
	if p.instance == nil {
		return false, nil
	}
	for _, scope := range p.instance.Grants.Covering(p.q.Target) {
		if p.at.Scope != "" && p.q.Target.Narrower(scope, p.at.Scope) < 0 {
			continue
		}
		if scope != p.at.Scope {
			p.at = whoToken{Scope: scope}
		}
		if more, err := p.resume(func(g *granary.Grant) bool { return grants.Covers(g, p.q.Target, p.q.Permission) }); more ||
			err != nil {
			return more, err
		}
		if more, err := p.scope(scope); more || err != nil {
			return more, err
		}
	}
	return false, nil
}

// resume goes on in the middle of a group, where the last page ended in one.
func (p *whoPage) resume(still func(*granary.Grant) bool) (more bool, err error) {
	if p.at.Member == "" {
		return false, nil
	}
	g, err := p.tx.Grants.Get(p.instance.Account, p.instance.Region, granary.GrantID(p.at.Grant))
	if granary.Is(err, granary.NotFound) {
		return false, nil
	}
	if err != nil || !still(g) {
		return false, err
	}
	return p.group(g)
}

func (p *whoPage) scope(scope string) (more bool, err error) {
	for {
		list, next, err := p.tx.Grants.ListOfScope(p.instance.Account, p.instance.Region, scope, granary.GrantID(p.at.Grant),
			chunk)
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

// within goes through the grants of parts of the target.
func (p *whoPage) within() (more bool, err error) {
	text, exact := p.q.Target.Key()
	if p.instance == nil || exact || p.q.Whole {
		return false, nil
	}
	begin := "s3://" + p.q.Target.Bucket() + "/" + text
	reaches := func(g *granary.Grant) bool {
		return grants.Inside(g, p.q.Target) && g.Permission.Covers(p.q.Permission)
	}
	if more, err := p.resume(reaches); more || err != nil {
		return more, err
	}
	for {
		after := ""
		if p.at.Grant != "" {
			after = p.at.Scope + "\x00" + p.at.Grant
		}
		list, next, err := p.tx.Grants.List(p.instance.Account, p.instance.Region,
			store.GrantFilter{Scope: begin, ScopePrefix: true}, after, chunk)
		if err != nil {
			return false, err
		}
		for _, g := range list {
			if p.full() {
				return true, nil
			}
			p.visited++
			p.at.Member = ""
			if reaches(g) {
				before := p.at
				p.at.Scope = g.Scope
				if more, err := p.grant(g); more || err != nil {
					if p.at.Member == "" {
						p.at = before
					}
					return more, err
				}
			}
			p.at.Scope, p.at.Grant, p.at.Member = g.Scope, string(g.ID), ""
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
			h.User, _ = p.x.Index.Directory.User(p.center.Store, h.UserID)
		}
	}
	p.add(h)
	return false, nil
}

func (p *whoPage) add(h Holding) {
	t := &p.q.Target
	if p.at.Stage == inside {
		h.Part, t = h.Grant.Scope, nil
		if part, err := grants.ParseTarget(h.Grant.Scope, h.Grant.Object); err == nil {
			t = &part
		}
	}
	p.of(&h, t, p.q.Permission)
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
			h.User, _ = p.x.Index.Directory.User(p.center.Store, m.User)
			p.add(h)
			p.at.Member = m.ID
		}
		if next == "" {
			return false, nil
		}
	}
}
