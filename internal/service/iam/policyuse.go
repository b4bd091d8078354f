package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// policyUse is one entity that has a managed policy, attached or as its boundary.
type policyUse struct {
	kind, id, name, path string // kind is EntityFilter's word
	attached, boundary   bool
}

func (u policyUse) sortKey() string { return u.kind + " " + store.Fold(u.name) }

type policyUses []policyUse

func (u policyUses) count(is func(policyUse) bool) (n int64) {
	for _, e := range u {
		if is(e) {
			n++
		}
	}
	return n
}

func (u policyUses) attached() int64 { return u.count(func(e policyUse) bool { return e.attached }) }

func (u policyUses) boundaries() int64 { return u.count(func(e policyUse) bool { return e.boundary }) }

// findUses lists the uses of one managed policy. It walks all entities of the account, since only rare operations need
// it and a table of uses could become wrong.
func findUses(tx *store.Tx, a granary.AccountID, arn granary.ARN) (policyUses, error) {
	all, err := findAllUses(tx, a)
	return all[arn], err
}

// findAllUses lists the uses of every managed policy, sorted by sortKey.
func findAllUses(tx *store.Tx, a granary.AccountID) (map[granary.ARN]policyUses, error) {
	by := map[granary.ARN]policyUses{}
	add := func(e policyUse, attached []granary.ARN, boundary granary.ARN) {
		for _, arn := range attached {
			e := e
			e.attached, e.boundary = true, arn == boundary
			by[arn] = append(by[arn], e)
		}
		if boundary != "" && !slices.Contains(attached, boundary) {
			e.boundary = true
			by[boundary] = append(by[boundary], e)
		}
	}
	groups, _, err := tx.IAMGroups.List(a, "", "", 0)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		add(policyUse{kind: "Group", id: g.ID, name: g.Name, path: g.Path}, g.Attached, "")
	}
	roles, _, err := tx.Roles.List(a, "", "", 0)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		add(policyUse{kind: "Role", id: r.ID, name: r.Name, path: r.Path}, r.Attached, r.Boundary)
	}
	users, _, err := tx.IAMUsers.List(a, "", "", 0)
	for _, u := range users {
		add(policyUse{kind: "User", id: u.ID, name: u.Name, path: u.Path}, u.Attached, u.Boundary)
	}
	return by, err
}

func (s policies) listEntitiesForPolicy(c *awsapi.Call,
	in *api.ListEntitiesForPolicyInput) (*api.ListEntitiesForPolicyOutput, error) {
	var all policyUses
	err := s.DB.View(c, func(tx *store.Tx) error {
		if !awsManaged(in.PolicyArn) {
			if _, err := findCustomerPolicy(tx, c, in.PolicyArn); err != nil {
				return err
			}
		}
		var err error
		all, err = findUses(tx, c.Caller.Account, granary.ARN(in.PolicyArn))
		return err
	})
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(e policyUse) bool {
		return in.EntityFilter != "" && in.EntityFilter != e.kind || !strings.HasPrefix(e.path, in.PathPrefix) ||
			in.PolicyUsageFilter == "PermissionsPolicy" && !e.attached || in.PolicyUsageFilter == "PermissionsBoundary" &&
			!e.boundary
	})
	out := &api.ListEntitiesForPolicyOutput{}
	shown, truncated, next, err := paginate(all, policyUse.sortKey, in.Marker, in.MaxItems)
	out.IsTruncated, out.Marker = truncated, next
	for _, e := range shown {
		switch e.kind {
		case "Group":
			out.PolicyGroups = append(out.PolicyGroups, api.PolicyGroup{GroupId: e.id, GroupName: e.name})
		case "Role":
			out.PolicyRoles = append(out.PolicyRoles, api.PolicyRole{RoleId: e.id, RoleName: e.name})
		default:
			out.PolicyUsers = append(out.PolicyUsers, api.PolicyUser{UserId: e.id, UserName: e.name})
		}
	}
	return out, err
}
