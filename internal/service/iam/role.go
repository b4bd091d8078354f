package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s *service) createRole(c *awsapi.Call, in *api.CreateRoleInput) (*api.CreateRoleOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerRole")
	if err != nil {
		return nil, err
	}
	trust, err := document(policy.Trust, in.AssumeRolePolicyDocument, "ACLSizePerRole", maxTrust)
	if err != nil {
		return nil, err
	}
	r := &granary.Role{Account: c.Caller.Account, Name: in.RoleName, Path: path(in.Path), ID: granary.UniqueID("AROA"), Description: in.Description,
		Trust: in.AssumeRolePolicyDocument, Bound: s.Index.Bound(trust), MaxSession: 3600, Tags: tags, Created: c.Now}
	if in.MaxSessionDuration != nil {
		r.MaxSession = int(*in.MaxSessionDuration)
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if r.Boundary, err = s.attachable(tx, c, in.PermissionsBoundary); err != nil {
			return err
		}
		return exists(tx.Roles.Create(r), "Role", r.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateRoleOutput{Role: roleShape(r)}, nil
}

// shownRole is the role with its trust policy as it is read.
func (s *service) shownRole(r *granary.Role) *api.Role {
	shape := roleShape(r)
	shape.AssumeRolePolicyDocument = escape(s.Index.Shown(r.Trust, r.Bound))
	return shape
}

func (s *service) getRole(c *awsapi.Call, in *api.GetRoleInput) (*api.GetRoleOutput, error) {
	out := &api.GetRoleOutput{}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		r, err := role(tx, c, in.RoleName)
		if err != nil {
			return err
		}
		out.Role = s.shownRole(r)
		out.Role.RoleLastUsed, err = s.roleLastUsed(tx, r)
		return err
	})
}

func (s *service) updateRole(c *awsapi.Call, in *api.UpdateRoleInput) (*api.UpdateRoleOutput, error) {
	return &api.UpdateRoleOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		if in.Description != nil {
			r.Description = *in.Description
		}
		if in.MaxSessionDuration != nil {
			r.MaxSession = int(*in.MaxSessionDuration)
		}
		return nil
	})
}

func (s *service) updateRoleDescription(c *awsapi.Call, in *api.UpdateRoleDescriptionInput) (*api.UpdateRoleDescriptionOutput, error) {
	out := &api.UpdateRoleDescriptionOutput{}
	return out, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Description = in.Description
		out.Role = roleShape(r)
		return nil
	})
}

func (s *service) updateTrust(c *awsapi.Call, in *api.UpdateAssumeRolePolicyInput) (*api.UpdateAssumeRolePolicyOutput, error) {
	trust, err := document(policy.Trust, in.PolicyDocument, "ACLSizePerRole", maxTrust)
	if err != nil {
		return nil, err
	}
	return &api.UpdateAssumeRolePolicyOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Trust, r.Bound = in.PolicyDocument, s.Index.Bound(trust)
		return nil
	})
}

func (s *service) deleteRole(c *awsapi.Call, in *api.DeleteRoleInput) (*api.DeleteRoleOutput, error) {
	return &api.DeleteRoleOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		r, err := role(tx, c, in.RoleName)
		if err != nil {
			return err
		}
		if err := unused(r.Inline, r.Attached); err != nil {
			return err
		}
		in, _, err := tx.InstanceProfiles.ListForRole(r.Account, r.Name, "", 1)
		if err != nil {
			return err
		}
		if len(in) > 0 {
			return granary.Errorf(granary.Conflict, "Cannot delete entity, must remove roles from instance profile first.")
		}
		if err := s.Uses.Forget(tx, r.ID); err != nil {
			return err
		}
		return tx.Roles.Delete(r.Account, r.Name)
	})
}

func (s *service) listRoles(c *awsapi.Call, in *api.ListRolesInput) (*api.ListRolesOutput, error) {
	after, limit, err := page(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListRolesOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Roles.List(c.Caller.Account, in.PathPrefix, after, limit)
		for _, r := range list {
			shape := s.shownRole(r)
			shape.Tags, shape.PermissionsBoundary = nil, nil // AWS lists leave them out
			out.Roles = append(out.Roles, *shape)
		}
		out.IsTruncated, out.Marker = marker(next)
		return err
	})
	return out, err
}

// role reads a role of the caller's account.
func role(tx *store.Tx, c *awsapi.Call, name string) (*granary.Role, error) {
	r, err := tx.Roles.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The role with name %s cannot be found.", name)
	}
	return r, err
}

// changeRole reads, changes and writes a role in one transaction.
func (s *service) changeRole(c *awsapi.Call, name string, change func(*store.Tx, *granary.Role) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		r, err := role(tx, c, name)
		if err != nil {
			return err
		}
		if err := change(tx, r); err != nil {
			return err
		}
		return tx.Roles.Update(r)
	})
}

// readRole reads a role.
func (s *service) readRole(c *awsapi.Call, name string) (r *granary.Role, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		r, err = role(tx, c, name)
		return err
	})
	return r, err
}
