package explain_test

import (
	"cmp"
	"slices"
	"strings"

	"granary"
)

// This file is a second reading of what who and can tell, written for plainness: all grants in one list, scopes and
// targets as the texts they are. It shares nothing with the packages under test but nouns.

// crowd is everything that the two lists are about.
type crowd struct {
	grants  []*granary.Grant
	people  map[granary.UserID]*granary.User
	groups  map[granary.GroupID]*granary.Group
	members map[granary.GroupID][]*granary.Membership
	in      map[granary.UserID][]granary.GroupID
	deaf    map[granary.LocationID]string // locations whose role does not trust Access Grants: the role
	nobody  map[string]bool               // ARNs of this account that are no role and no user
}

// opens reports whether a grant covers a target; key is the target's, exact says whether it is one object.
func (c *crowd) opens(g *granary.Grant, bucket, key string, exact bool, asked granary.Permission) bool {
	switch asked { // READ and WRITE do not add up
	case granary.Read:
		if g.Permission == granary.Write {
			return false
		}
	case granary.Write:
		if g.Permission == granary.Read {
			return false
		}
	default:
		if g.Permission != granary.ReadWrite {
			return false
		}
	}
	scope, ok := strings.CutPrefix(g.Scope, "s3://"+bucket+"/")
	if !ok {
		return false
	}
	if oneKey(g) {
		return exact && key == scope
	}
	return strings.HasPrefix(key, strings.TrimSuffix(scope, "*"))
}

// oneKey reports whether a grant is for one object.
func oneKey(g *granary.Grant) bool { return g.Object || !strings.HasSuffix(g.Scope, "*") }

// ids are the person and the person's groups.
func (c *crowd) ids(u granary.UserID) []granary.Grantee {
	out := []granary.Grantee{{Type: granary.GranteeUser, ID: string(u)}}
	for _, g := range c.in[u] {
		out = append(out, granary.Grantee{Type: granary.GranteeGroup, ID: string(g)})
	}
	return out
}

// preferred reports whether GetDataAccess vends by a rather than by b, both of which cover the target.
func preferred(a, b *granary.Grant, asked granary.Permission) bool {
	narrow := func(g *granary.Grant) int {
		if oneKey(g) {
			return 1 << 20
		}
		return len(g.Scope)
	}
	yes := func(b bool) int {
		if b {
			return 1
		}
		return 0
	}
	kind := map[granary.GranteeType]int{granary.GranteeUser: 2, granary.GranteeGroup: 1}
	return cmp.Or(
		cmp.Compare(narrow(a), narrow(b)),
		cmp.Compare(yes(a.Permission == asked), yes(b.Permission == asked)),
		cmp.Compare(kind[a.Grantee.Type], kind[b.Grantee.Type]),
		cmp.Compare(yes(a.Application != ""), yes(b.Application != "")),
		-a.Created.Compare(b.Created),
		-cmp.Compare(a.ID, b.ID),
	) > 0
}

// best is the one of some grants that GetDataAccess vends by to somebody who came through an application.
func best(list []*granary.Grant, ids []granary.Grantee, app granary.ARN,
	asked granary.Permission) (found *granary.Grant) {
	for _, g := range list {
		if slices.Contains(ids, g.Grantee) && (g.Application == "" || g.Application == app) &&
			(found == nil || preferred(g, found, asked)) {
			found = g
		}
	}
	return found
}

// row is one line of either list, but for what a narrower grant takes away.
func (c *crowd) row(g *granary.Grant, user granary.UserID, group granary.GroupID) holding {
	h := holding{GranteeType: g.Grantee.Type.String(), UserId: string(user), AccessGrantId: string(g.ID),
		GrantScope: g.Scope, Permission: g.Permission.String(), ApplicationArn: string(g.Application)}
	if group != "" {
		h.GroupId, h.GroupName = string(group), c.groups[group].DisplayName
	}
	if g.Grantee.Type == granary.GranteeIAM {
		h.PrincipalArn = g.Grantee.ID
		if c.nobody[g.Grantee.ID] {
			h.Note = "there is no such role or IAM user"
		}
	} else if u := c.people[user]; u == nil {
		h.Note = "the user is not in the directory"
	} else {
		h.UserName = u.UserName
		if u.Disabled {
			h.Note = "deactivated"
		}
	}
	if role, deaf := c.deaf[g.Location]; deaf && h.Note == "" {
		h.Note = "the location's role " + role + " does not trust Access Grants"
	}
	h.Effective = h.Note == ""
	return h
}

// covering are the grants that cover a target, by scope, the narrowest first, and then by id.
func (c *crowd) covering(target string, object bool, asked granary.Permission) (list []*granary.Grant) {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(target, "s3://"), "/")
	exact := object || key != "" && !strings.HasSuffix(key, "*")
	if !exact {
		key = strings.TrimSuffix(key, "*")
	}
	for _, g := range c.grants {
		if c.opens(g, bucket, key, exact, asked) {
			list = append(list, g)
		}
	}
	slices.SortFunc(list, func(a, b *granary.Grant) int {
		if a.Scope != b.Scope {
			if exact && (a.Scope == target) != (b.Scope == target) { // the key itself is narrower than all it begins with
				if a.Scope == target {
					return -1
				}
				return 1
			}
			return cmp.Compare(len(b.Scope), len(a.Scope))
		}
		return cmp.Compare(a.ID, b.ID)
	})
	return list
}

// who tells who reaches a target, in order.
func (c *crowd) who(target string, object bool, asked granary.Permission) (out []holding) {
	list := c.covering(target, object, asked)
	of := map[granary.Grantee][]*granary.Grant{}
	for _, g := range list {
		of[g.Grantee] = append(of[g.Grantee], g)
	}
	add := func(g *granary.Grant, user granary.UserID, group granary.GroupID) {
		h := c.row(g, user, group)
		if h.Effective {
			ids := []granary.Grantee{g.Grantee}
			if user != "" {
				ids = c.ids(user)
			}
			var mine []*granary.Grant
			for _, id := range ids {
				mine = append(mine, of[id]...)
			}
			if b := best(mine, ids, g.Application, asked); b.ID != g.ID {
				h.NarrowerAccessGrantId = string(b.ID)
			}
		}
		out = append(out, h)
	}
	for _, g := range list {
		switch g.Grantee.Type {
		case granary.GranteeUser:
			add(g, granary.UserID(g.Grantee.ID), "")
		case granary.GranteeIAM:
			add(g, "", "")
		default:
			for _, m := range c.members[granary.GroupID(g.Grantee.ID)] { // of a deleted group: none
				add(g, m.User, m.Group)
			}
		}
	}
	return out
}

// can tells what a person reaches: by name first, then by group, each by scope.
func (c *crowd) can(u granary.UserID) (out []holding) {
	ids := c.ids(u)
	slices.SortFunc(ids[1:], func(a, b granary.Grantee) int { return cmp.Compare(a.ID, b.ID) })
	for _, id := range ids {
		var list []*granary.Grant
		for _, g := range c.grants {
			if g.Grantee == id {
				list = append(list, g)
			}
		}
		slices.SortFunc(list, func(a, b *granary.Grant) int {
			object := 0
			if a.Object != b.Object {
				if object = 1; b.Object {
					object = -1
				}
			}
			return cmp.Or(cmp.Compare(a.Scope, b.Scope), object, cmp.Compare(a.Permission, b.Permission),
				cmp.Compare(a.Application, b.Application))
		})
		for _, g := range list {
			group := granary.GroupID("")
			if id.Type == granary.GranteeGroup {
				group = granary.GroupID(id.ID)
			}
			out = append(out, c.row(g, u, group))
		}
	}
	return out
}
