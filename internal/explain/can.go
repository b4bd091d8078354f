package explain

import (
	"context"
	"slices"
	"strings"

	"granary"
	"granary/internal/authz"
	"granary/internal/store"
)

// Can is a question for everything that a person reaches.
type Can struct {
	Account granary.AccountID
	User    *granary.User
	After   string // of the page before
	Limit   int
	Env     authz.Env
}

// canToken: the grantee under way, and the last of its grants that was told.
type canToken struct {
	Grantee granary.Grantee
	Last    *granary.Grant
}

// Can lists what a person reaches: the grants of the person by name, then those of each of the person's groups, by scope. Pages
// are as those of Who.
func (x *Explainer) Can(ctx context.Context, q Can) (out []Holding, next string, err error) {
	j, err := x.judge(q.Account, q.Env)
	if err != nil {
		return nil, "", err
	}
	var at canToken
	if err := readToken(q.After, &at); err != nil {
		return nil, "", err
	}
	ids, ok := x.Index.Grantees(q.User.Store, q.User.ID)
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
				from.Last = &granary.Grant{Scope: grant.Scope, Object: grant.Object, Permission: grant.Permission, Application: grant.Application}
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
