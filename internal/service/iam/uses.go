package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// uses is who has a managed policy attached.
type uses struct {
	users      []*granary.IAMUser
	roles      []*granary.Role
	boundaries int64
}

func (u *uses) attached() int64 { return int64(len(u.users) + len(u.roles)) }

// usesOf walks the account's users and roles: rare operations ask it, and it needs no table of its own to go wrong.
func usesOf(tx *store.Tx, a granary.AccountID, arn granary.ARN) (*uses, error) {
	count, err := allUses(tx, a)
	if err != nil {
		return nil, err
	}
	return count(arn), nil
}

// allUses walks once and then answers for each policy.
func allUses(tx *store.Tx, a granary.AccountID) (func(granary.ARN) *uses, error) {
	by := map[granary.ARN]*uses{}
	of := func(arn granary.ARN) *uses {
		if by[arn] == nil {
			by[arn] = &uses{}
		}
		return by[arn]
	}
	users, _, err := tx.IAMUsers.List(a, "", "", 0)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		for _, arn := range u.Attached {
			of(arn).users = append(of(arn).users, u)
		}
		of(u.Boundary).boundaries++
	}
	roles, _, err := tx.Roles.List(a, "", "", 0)
	for _, r := range roles {
		for _, arn := range r.Attached {
			of(arn).roles = append(of(arn).roles, r)
		}
		of(r.Boundary).boundaries++
	}
	return of, err
}

func (s *service) listEntitiesForPolicy(c *awsapi.Call, in *api.ListEntitiesForPolicyInput) (*api.ListEntitiesForPolicyOutput, error) {
	out := &api.ListEntitiesForPolicyOutput{}
	type entity struct {
		kind, id, name string
	}
	var all []entity
	err := s.DB.View(c, func(tx *store.Tx) error {
		if !awsManaged(in.PolicyArn) {
			if _, err := customerPolicy(tx, c, in.PolicyArn); err != nil {
				return err
			}
		}
		used, err := usesOf(tx, c.Caller.Account, granary.ARN(in.PolicyArn))
		if err != nil {
			return err
		}
		for _, r := range used.roles {
			all = append(all, entity{"Role", r.ID, r.Name})
		}
		for _, u := range used.users {
			all = append(all, entity{"User", u.ID, u.Name})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if f := in.EntityFilter; f == "User" || f == "Role" || f == "Group" {
		all = slices.DeleteFunc(all, func(e entity) bool { return e.kind != f })
	}
	slices.SortFunc(all, func(a, b entity) int { return strings.Compare(a.kind+a.name, b.kind+b.name) })
	var shown []entity
	shown, out.IsTruncated, out.Marker, err = cut(all, func(e entity) string { return e.kind + e.name }, in.Marker, in.MaxItems)
	for _, e := range shown {
		if e.kind == "Role" {
			out.PolicyRoles = append(out.PolicyRoles, api.PolicyRole{RoleId: e.id, RoleName: e.name})
		} else {
			out.PolicyUsers = append(out.PolicyUsers, api.PolicyUser{UserId: e.id, UserName: e.name})
		}
	}
	return out, err
}
