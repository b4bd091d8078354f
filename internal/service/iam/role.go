package iam

import (
	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s roles) checkCreateRole(c *awsapi.Call, in *api.CreateRoleInput) ([]authz.Request, error) {
	return creation(granary.RoleARN(c.Caller.Account, pathOrRoot(in.Path), in.RoleName), in.Tags, in.PermissionsBoundary)
}

func (s roles) createRole(c *awsapi.Call, in *api.CreateRoleInput) (*api.CreateRoleOutput, error) {
	tags, err := addTags(nil, in.Tags, "TagsPerRole")
	if err != nil {
		return nil, err
	}
	trust, err := checkDocument(policy.Trust, in.AssumeRolePolicyDocument, "ACLSizePerRole", maxTrust)
	if err != nil {
		return nil, err
	}
	r := &granary.Role{
		Account: c.Caller.Account, Name: in.RoleName, Path: pathOrRoot(in.Path), ID: granary.UniqueID("AROA"),
		Description: in.Description, Trust: in.AssumeRolePolicyDocument, Bound: s.Index.IAM.Bound(trust),
		MaxSession: 3600, Tags: tags, Created: c.Now,
	}
	if in.MaxSessionDuration != nil {
		r.MaxSession = int(*in.MaxSessionDuration)
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if r.Boundary, err = findAttachable(tx, c, in.PermissionsBoundary); err != nil {
			return err
		}
		return nameTaken(tx.Roles.Create(r), "Role", r.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateRoleOutput{Role: s.roleShape(r)}, nil
}

func (s roles) getRole(c *awsapi.Call, in *api.GetRoleInput) (*api.GetRoleOutput, error) {
	out := &api.GetRoleOutput{}
	return out, s.DB.View(c, func(tx *store.Tx) error {
		r, err := findRole(tx, c, in.RoleName)
		if err != nil {
			return err
		}
		out.Role = s.roleShape(r)
		out.Role.RoleLastUsed, err = s.roleLastUsed(tx, r)
		return err
	})
}

func (s roles) updateRole(c *awsapi.Call, in *api.UpdateRoleInput) (*api.UpdateRoleOutput, error) {
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

func (s roles) updateRoleDescription(c *awsapi.Call,
	in *api.UpdateRoleDescriptionInput) (*api.UpdateRoleDescriptionOutput, error) {
	out := &api.UpdateRoleDescriptionOutput{}
	return out, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Description = in.Description
		out.Role = s.roleShape(r)
		return nil
	})
}

func (s roles) updateTrust(c *awsapi.Call, in *api.UpdateAssumeRolePolicyInput) (*api.UpdateAssumeRolePolicyOutput,
	error) {
	trust, err := checkDocument(policy.Trust, in.PolicyDocument, "ACLSizePerRole", maxTrust)
	if err != nil {
		return nil, err
	}
	return &api.UpdateAssumeRolePolicyOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Trust, r.Bound = in.PolicyDocument, s.Index.IAM.Bound(trust)
		return nil
	})
}

func (s roles) deleteRole(c *awsapi.Call, in *api.DeleteRoleInput) (*api.DeleteRoleOutput, error) {
	return &api.DeleteRoleOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		r, err := findRole(tx, c, in.RoleName)
		if err != nil {
			return err
		}
		if err := checkNoPolicies(r.Inline, r.Attached); err != nil {
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

func (s roles) listRoles(c *awsapi.Call, in *api.ListRolesInput) (*api.ListRolesOutput, error) {
	after, limit, err := pageStart(in.Marker, in.MaxItems)
	if err != nil {
		return nil, err
	}
	out := &api.ListRolesOutput{}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Roles.List(c.Caller.Account, in.PathPrefix, after, limit)
		for _, r := range list {
			shape := s.roleShape(r)
			shape.Tags, shape.PermissionsBoundary = nil, nil // AWS lists leave them out
			out.Roles = append(out.Roles, *shape)
		}
		out.IsTruncated, out.Marker = pageEnd(next)
		return err
	})
	return out, err
}

func (s roles) checkTagRole(c *awsapi.Call, in *api.TagRoleInput) ([]authz.Request, error) {
	return withTags(s.roleRequest(c, in.RoleName), in.Tags)
}

func (s roles) tagRole(c *awsapi.Call, in *api.TagRoleInput) (*api.TagRoleOutput, error) {
	return &api.TagRoleOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) (err error) {
		r.Tags, err = addTags(r.Tags, in.Tags, "TagsPerRole")
		return err
	})
}

func (s roles) checkUntagRole(c *awsapi.Call, in *api.UntagRoleInput) ([]authz.Request, error) {
	return withTagKeys(s.roleRequest(c, in.RoleName), in.TagKeys)
}

func (s roles) untagRole(c *awsapi.Call, in *api.UntagRoleInput) (*api.UntagRoleOutput, error) {
	return &api.UntagRoleOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Tags = removeTags(r.Tags, in.TagKeys)
		return nil
	})
}

func (s roles) listRoleTags(c *awsapi.Call, in *api.ListRoleTagsInput) (out *api.ListRoleTagsOutput, err error) {
	r, err := s.readRole(c, in.RoleName)
	if err != nil {
		return nil, err
	}
	out = &api.ListRoleTagsOutput{}
	out.Tags, out.IsTruncated, out.Marker, err = paginate(sortedTags(r.Tags), tagKey, in.Marker, in.MaxItems)
	return out, err
}

// changeRole reads, changes and writes a role in one transaction.
func (s roles) changeRole(c *awsapi.Call, name string, change func(*store.Tx, *granary.Role) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		r, err := findRole(tx, c, name)
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
func (s roles) readRole(c *awsapi.Call, name string) (r *granary.Role, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		r, err = findRole(tx, c, name)
		return err
	})
	return r, err
}

// findRole reads a role of the caller's account.
func findRole(tx *store.Tx, c *awsapi.Call, name string) (*granary.Role, error) {
	r, err := tx.Roles.Get(c.Caller.Account, name)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The role with name %s cannot be found.", name)
	}
	return r, err
}

// roleShape is the shape of a role, with its trust policy as callers read it.
func (s *service) roleShape(r *granary.Role) *api.Role {
	seconds := int64(r.MaxSession)
	return &api.Role{Arn: string(r.ARN()), AssumeRolePolicyDocument: escapeDocument(s.Index.IAM.Shown(r.Trust, r.Bound)),
		CreateDate: r.Created, Description: r.Description,
		MaxSessionDuration: &seconds, Path: r.Path, RoleId: r.ID, RoleName: r.Name, Tags: tagShapes(r.Tags),
		PermissionsBoundary: boundaryShape(r.Boundary)}
}

// roleLastUsed is the last use of a role, and empty when there was none.
func (s *service) roleLastUsed(tx *store.Tx, r *granary.Role) (*api.RoleLastUsed, error) {
	use, ok, err := s.Uses.Last(tx, r.ID)
	if !ok {
		return &api.RoleLastUsed{}, err
	}
	return &api.RoleLastUsed{LastUsedDate: use.At, Region: use.Region}, err
}
