package explain

import (
	"context"
	"slices"
	"strings"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/grants"
	"granary/internal/index"
	"granary/internal/store"
)

// Can is a question for everything that a person, or an IAM user or role, reaches.
type Can struct {
	Account   granary.AccountID
	User      *granary.User // nil for a principal
	Principal *authn.Caller
	After     string // of the page before
	Limit     int
	Env       authz.Env
}

// canToken: the grantee under way, and the last of its grants that was told.
type canToken struct {
	Grantee granary.Grantee
	Last    *granary.Grant
}

// Can lists what a person reaches: the grants of the person by name, then those of each of the person's groups, by
// scope. People reach objects by grants alone: sessions in their name can ask for keys, and nothing else of S3. Of an
// IAM user or role it lists the grants and then what policies open of each bucket of the account. Pages are as those of
// Who.
func (x *Explainer) Can(ctx context.Context, q Can) (out []Holding, next string, err error) {
	j := x.judge(q.Account, q.Env)
	if q.Principal != nil {
		return x.canPrincipal(ctx, j, &q)
	}
	if j.instance == nil {
		return nil, "", granary.Errorf(granary.NotFound, "The account %s has no Access Grants instance in %s.", q.Account,
			x.Region)
	}
	var at canToken
	if err := readToken(q.After, &at); err != nil {
		return nil, "", err
	}
	ids, ok := x.Index.Directory.Grantees(q.User.Store, q.User.ID)
	if !ok {
		return nil, "", granary.Errorf(granary.NotFound, "The user %s is not in the directory.", q.User.ID)
	}
	slices.SortFunc(ids, byType)
	err = x.DB.View(ctx, func(tx *store.Tx) error {
		out, next = nil, ""
		from := at
		for _, g := range ids {
			if from.Grantee.ID != "" && byType(g, from.Grantee) < 0 {
				continue
			}
			if !j.instance.Grants.Any([]granary.Grantee{g}) {
				continue // a person may be in very many groups that have none
			}
			if g != from.Grantee {
				from = canToken{Grantee: g}
			}
			list, err := tx.Grants.ListOfGrantee(j.instance.Account, j.instance.Region, g, from.Last, q.Limit-len(out)+1)
			if err != nil {
				return err
			}
			var group *granary.Group
			if g.Type == granary.GranteeGroup && len(list) > 0 {
				group, err = tx.Groups.Get(q.User.Store, granary.GroupID(g.ID))
				if granary.Is(err, granary.NotFound) {
					continue // deleted since the index was asked
				}
				if err != nil {
					return err
				}
			}
			for _, grant := range list {
				if len(out) == q.Limit {
					next = token(from)
					return nil
				}
				h := Holding{User: q.User, UserID: q.User.ID, Grantee: g, Group: group, Grant: grant}
				j.of(&h, nil, 0)
				out = append(out, h)
				from.Last = &granary.Grant{Scope: grant.Scope, Object: grant.Object, Permission: grant.Permission,
					Application: grant.Application}
			}
		}
		return nil
	})
	return out, next, err
}

// byType orders a person's identities: the person first, then the groups.
func byType(a, b granary.Grantee) int {
	if a.Type != b.Type {
		return int(a.Type) - int(b.Type)
	}
	return strings.Compare(a.ID, b.ID)
}

// principalToken is where the list of a user's or role's goes on.
type principalToken struct {
	Last   *granary.Grant // that was told
	Bucket string         // the last that was told whole; "" while grants are told
	Under  string         // the bucket under way,
	Part   int            // and how many of its parts were told
	Grants bool           // all grants were told
}

func (x *Explainer) canPrincipal(ctx context.Context, j *judge, q *Can) (out []Holding, next string, err error) {
	var from principalToken
	if err := readToken(q.After, &from); err != nil {
		return nil, "", err
	}
	err = x.DB.View(ctx, func(tx *store.Tx) error {
		out, next = nil, ""
		at := from
		if !at.Grants && j.instance != nil {
			who := granary.Grantee{Type: granary.GranteeIAM, ID: string(q.Principal.PrincipalARN())}
			list, err := tx.Grants.ListOfGrantee(j.instance.Account, j.instance.Region, who, at.Last, q.Limit+1)
			if err != nil {
				return err
			}
			for _, g := range list {
				if len(out) == q.Limit {
					next = token(at)
					return nil
				}
				h := Holding{Grantee: who, Grant: g}
				j.of(&h, nil, 0)
				out = append(out, h)
				at.Last = &granary.Grant{Scope: g.Scope, Object: g.Object, Permission: g.Permission, Application: g.Application}
			}
		}
		at.Grants, at.Last = true, nil
		more, err := x.buckets(tx, q, &at, &out)
		if more {
			next = token(at)
		}
		return err
	})
	return out, next, err
}

// buckets adds what policies open of the account's buckets, from where the last page ended.
func (x *Explainer) buckets(tx *store.Tx, q *Can, at *principalToken, out *[]Holding) (more bool, err error) {
	for visited := 0; ; {
		list, next, err := tx.Buckets.List(q.Account, "", at.Bucket, chunk)
		if err != nil {
			return false, err
		}
		for _, bucket := range list {
			if len(*out) >= q.Limit || visited >= maxVisited {
				return true, nil
			}
			parts := 0
			if b, ok := x.Index.Buckets.Get(bucket.Name); ok {
				visited += evaluated
				for _, h := range x.opened(q, b) {
					if parts++; at.Under == bucket.Name && parts <= at.Part {
						continue
					}
					if len(*out) >= q.Limit {
						at.Under, at.Part = bucket.Name, parts-1
						return true, nil
					}
					*out = append(*out, h)
				}
			}
			*at = principalToken{Grants: true, Bucket: bucket.Name}
		}
		if next == "" {
			return false, nil
		}
	}
}

// opened is what policies open of a bucket: what can be read, and what can be written besides.
func (x *Explainer) opened(q *Can, b *index.Bucket) (out []Holding) {
	target, err := grants.ParseTarget("s3://"+b.Name+"/*", false)
	if err != nil {
		return nil
	}
	for _, p := range []granary.Permission{granary.Read, granary.Write} {
		for _, h := range x.reached(q.Principal, &q.Env, b, &Who{Target: target, Permission: p}) {
			if h.Part == "" {
				h.Part = target.String()
			}
			same := slices.IndexFunc(out, func(o Holding) bool { return o.Part == h.Part && o.Note == h.Note })
			if same < 0 {
				out = append(out, h)
				continue
			}
			out[same].Permission |= h.Permission
			if out[same].Policy != h.Policy {
				out[same].Policy += ", " + h.Policy
			}
		}
	}
	return out
}

// Principal finds an IAM user or role of an account by its ARN.
func (x *Explainer) Principal(account granary.AccountID, arn granary.ARN) (*authn.Caller, bool) {
	parts, ok := arn.Parts()
	if !ok || parts.Account != account {
		return nil, false
	}
	if arn == granary.RootARN(account) {
		return rootOf(account), true
	}
	if r, ok := x.Index.IAM.Role(arn); ok {
		return roleOf(r), true
	}
	if u, ok := x.Index.IAM.User(account, lastPart(string(arn))); ok && u.ARN() == arn {
		return userOf(u), true
	}
	return nil, false
}
