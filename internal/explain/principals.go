package explain

import (
	"fmt"
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/index"
	"granary/internal/policy"
)

// evaluated is what asking one principal's policies counts towards maxVisited.
const evaluated = 20

// policies goes through those whom policies let in: the stage says which of them.
func (p *whoPage) policies() (more bool, err error) {
	if p.bucket == nil {
		return false, nil
	}
	account := p.q.Account
	switch p.at.Stage {
	case rootUser:
		return p.told("root", rootOf(account)), nil
	case iamUsers:
		return p.named(func(after string) (names []string, next string, err error) {
			list, next, err := p.tx.IAMUsers.List(account, "", after, chunk)
			for _, u := range list {
				names = append(names, u.Name)
			}
			return names, next, err
		}, func(name string) *authn.Caller {
			if u, ok := p.x.Index.IAM.User(account, name); ok {
				return userOf(u)
			}
			return nil
		})
	case roles:
		return p.named(func(after string) (names []string, next string, err error) {
			list, next, err := p.tx.Roles.List(account, "", after, chunk)
			for _, r := range list {
				names = append(names, r.Name)
			}
			return names, next, err
		}, func(name string) *authn.Caller {
			if r, ok := p.x.Index.IAM.RoleByName(account, name); ok {
				return roleOf(r)
			}
			return nil
		})
	}
	return p.others(), nil
}

// named tells of each user or role, a name at a time.
func (p *whoPage) named(list func(after string) (names []string, next string, err error),
	of func(name string) *authn.Caller) (more bool, err error) {
	for {
		names, next, err := list(p.at.Name)
		if err != nil {
			return false, err
		}
		for _, name := range names {
			if p.full() {
				return true, nil
			}
			if c := of(name); c != nil && p.told(name, c) {
				return true, nil
			}
			p.at = whoToken{Stage: p.at.Stage, Name: name}
		}
		if next == "" {
			return false, nil
		}
	}
}

func rootOf(a granary.AccountID) *authn.Caller {
	return &authn.Caller{Kind: policy.Root, Account: a, ARN: granary.RootARN(a), ID: string(a)}
}

func userOf(u *index.IAMUser) *authn.Caller {
	return &authn.Caller{Kind: policy.IAMUser, Account: u.Account, ARN: u.ARN(), ID: u.ID, User: u}
}

func roleOf(r *index.Role) *authn.Caller {
	const name = "explained"
	return &authn.Caller{Kind: policy.RoleSession, Account: r.Account, ARN: granary.SessionARN(r.Account, r.Name, name),
		ID: r.ID + ":" + name, Role: r,
		Session: &granary.Session{Account: r.Account, RoleID: r.ID, RoleARN: r.ARN, Name: name}}
}

// told adds the parts that one principal reaches, from where the last page ended. It reports whether there are more.
func (p *whoPage) told(name string, c *authn.Caller) (more bool) {
	p.visited += evaluated
	list := p.x.reached(c, &p.q.Env, p.bucket, p.q)
	from := 0
	if p.at.Under == name {
		from = min(p.at.Part, len(list))
	}
	for i, h := range list[from:] {
		if p.full() && len(p.out) > 0 {
			p.at.Under, p.at.Part = name, from+i
			return true
		}
		p.out = append(p.out, h)
	}
	return false
}

// reached is what a principal reaches of a target by policies.
func (x *Explainer) reached(c *authn.Caller, env *authz.Env, b *index.Bucket, q *Who) (out []Holding) {
	key, exact := q.Target.Key()
	whole := string(granary.ObjectARN(b.Name, key))
	if !exact {
		whole += "*"
	}
	for _, r := range x.Authz.Reach(c, env, onBucket(b), key, exact, q.Permission) {
		h := Holding{Principal: c.PrincipalARN(), Grantee: granary.Grantee{Type: granary.GranteeIAM,
			ID: string(c.PrincipalARN())}, Permission: r.Permission, Effective: true, Policy: byPolicies(c, r.By)}
		if r.Part != whole {
			h.Part = address(r.Part)
		}
		if q.Whole && h.Part != "" {
			continue
		}
		var notes []string
		if !r.Sure {
			notes = append(notes, "under conditions of policies that a request must meet")
		}
		if r.Overlaps {
			notes = append(notes, "patterns of policies overlap in it: ask about one object")
		}
		if len(r.Except) > 0 && !r.Overlaps {
			var parts []string
			for _, e := range r.Except {
				parts = append(parts, address(e))
			}
			notes = append(notes, "except "+strings.Join(parts, ", "))
		}
		h.Note = strings.Join(notes, "; ")
		out = append(out, h)
	}
	return out
}

// onBucket is a request on a bucket's objects, with its policy.
func onBucket(b *index.Bucket) authz.Request {
	return authz.Request{Owner: b.Owner, Policy: b.Policy, BlockPublic: !b.PublicPolicy, Bucket: b.Name,
		Keys: policy.Values{}}
}

// address is a pattern of ARNs as clients write it.
func address(arn string) string { return "s3://" + strings.TrimPrefix(arn, "arn:aws:s3:::") }

// byPolicies names the policies that let a principal in: its own, or the bucket's.
func byPolicies(c *authn.Caller, list []policy.Reason) string {
	var names []string
	for _, r := range list {
		if r.Deny || r.Layer != policy.LayerIdentity && r.Layer != policy.LayerResource {
			continue
		}
		if !slices.Contains(names, r.Policy) {
			names = append(names, r.Policy)
		}
	}
	if len(names) == 0 && c.Kind == policy.Root {
		return "root user of the bucket's account"
	}
	return strings.Join(names, ", ")
}

// others tells of those whom the bucket policy lets in and who are none of the account's users and roles: other
// accounts, sessions by name, services. What their own policies say is not the account's to know.
func (p *whoPage) others() (more bool) {
	if p.bucket.Policy == nil {
		return false
	}
	key, exact := p.q.Target.Key()
	below := string(granary.ObjectARN(p.bucket.Name, key))
	action := "s3:GetObject"
	if p.q.Permission&granary.Write != 0 {
		action = "s3:PutObject"
	}
	n := 0
	for _, o := range p.bucket.Policy.Openings(action, below, exact, policy.Values{}) {
		name, note, ok := p.other(&o)
		if !ok {
			continue
		}
		if o.Conditions {
			note += "; under conditions of the statement"
		}
		for _, part := range o.Parts {
			if n++; n <= p.at.Part || p.q.Whole && part != below+"*" && part != below {
				continue
			}
			if p.full() {
				p.at.Part = n - 1
				return true
			}
			h := Holding{Principal: granary.ARN(name), Grantee: granary.Grantee{Type: granary.GranteeIAM, ID: name},
				Permission: p.q.Permission, Effective: true,
				Policy: fmt.Sprintf("statement %d of %s", o.Statement, p.bucket.Policy.Source()), Note: note}
			if part != below+"*" && part != below {
				h.Part = address(part)
			}
			p.out = append(p.out, h)
		}
	}
	return false
}

// other names a principal of the bucket policy that is none of the account's users, roles or root, and says what else
// it takes.
func (p *whoPage) other(o *policy.Opening) (name, note string, ok bool) {
	name = o.Principal
	for arn, id := range p.bucket.Bound {
		if id == name {
			name = string(arn)
		}
	}
	parts, isARN := granary.ARN(name).Parts()
	account := parts.Account
	if granary.AccountID(name).Valid() {
		account = granary.AccountID(name)
	}
	owner := p.bucket.Owner
	foreign := account != owner && o.Principal != policy.CanonicalID(owner)
	switch {
	case o.But:
		return "everybody but " + name, "of other accounts as their own policies allow", !p.blocked()
	case o.Kind == "Service" || o.Kind == "Federated":
		return name, "acts on its own", true
	case name == "*":
		return "everybody", "of other accounts as their own policies allow", !p.blocked()
	case !foreign && isARN && parts.Service == "sts":
		return name, "a session of this name", true
	case !foreign || !isARN && account == "" && o.Kind == "AWS": // the account's own principals, and deleted ones
		return "", "", false
	}
	return name, "of another account, as its own policies allow", !p.blocked()
}

// blocked reports whether the block of public access keeps everybody from elsewhere out.
func (p *whoPage) blocked() bool { return !p.bucket.PublicPolicy && p.bucket.Policy.Public() }
