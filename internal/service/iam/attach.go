package iam

import (
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// attachable returns the ARN when it names a managed policy this account may attach: its own, or one of AWS's. "" stays "".
func (s *service) attachable(tx *store.Tx, c *awsapi.Call, arn string) (granary.ARN, error) {
	if arn == "" {
		return "", nil
	}
	p, ok := granary.ARN(arn).Parts()
	if !ok || p.Service != "iam" || !strings.HasPrefix(p.Resource, "policy/") {
		return "", granary.Errorf(granary.Invalid, "ARN %s is not valid.", arn).WithCode("InvalidInput")
	}
	if awsManaged(arn) {
		return granary.ARN(arn), nil
	}
	if p.Account != c.Caller.Account {
		return "", noPolicy(arn)
	}
	m, err := tx.ManagedPolicies.Get(p.Account, p.Resource[strings.LastIndexByte(p.Resource, '/')+1:])
	if granary.Is(err, granary.NotFound) || err == nil && string(m.ARN()) != arn {
		return "", noPolicy(arn)
	}
	return granary.ARN(arn), err
}

// attach adds a managed policy; noun is "user", "group" or "role".
func (s *service) attach(tx *store.Tx, c *awsapi.Call, have []granary.ARN, arn, noun string) ([]granary.ARN, error) {
	a, err := s.attachable(tx, c, arn)
	if err != nil || slices.Contains(have, a) {
		return have, err
	}
	if len(have) >= maxAttachments {
		return nil, quota("PoliciesPer"+strings.ToUpper(noun[:1])+noun[1:], maxAttachments)
	}
	return append(slices.Clone(have), a), nil
}

func detach(have []granary.ARN, arn string) ([]granary.ARN, error) {
	if !slices.Contains(have, granary.ARN(arn)) {
		return nil, granary.Errorf(granary.NotFound, "Policy %s was not found.", arn)
	}
	return slices.DeleteFunc(slices.Clone(have), func(o granary.ARN) bool { return string(o) == arn }), nil
}

// attachedShapes are the attached policies, by name.
func attachedShapes(list []granary.ARN, prefix string) []api.AttachedPolicy {
	var out []api.AttachedPolicy
	for _, arn := range list {
		p, _ := arn.Parts()
		name := p.Resource[strings.LastIndexByte(p.Resource, '/')+1:]
		if strings.HasPrefix(strings.TrimPrefix(p.Resource, "policy"), prefix) {
			out = append(out, api.AttachedPolicy{PolicyArn: string(arn), PolicyName: name})
		}
	}
	slices.SortFunc(out, func(a, b api.AttachedPolicy) int { return strings.Compare(a.PolicyArn, b.PolicyArn) })
	return out
}

func attachedName(p api.AttachedPolicy) string { return p.PolicyArn }

func (s *service) attachUserPolicy(c *awsapi.Call, in *api.AttachUserPolicyInput) (*api.AttachUserPolicyOutput, error) {
	return &api.AttachUserPolicyOutput{}, s.users().attach(c, in.UserName, in.PolicyArn)
}

func (s *service) detachUserPolicy(c *awsapi.Call, in *api.DetachUserPolicyInput) (*api.DetachUserPolicyOutput, error) {
	return &api.DetachUserPolicyOutput{}, s.users().detach(c, in.UserName, in.PolicyArn)
}

func (s *service) listAttachedUserPolicies(c *awsapi.Call, in *api.ListAttachedUserPoliciesInput) (out *api.ListAttachedUserPoliciesOutput, err error) {
	out = &api.ListAttachedUserPoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.users().attached(c, in.UserName, in.PathPrefix, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) attachGroupPolicy(c *awsapi.Call, in *api.AttachGroupPolicyInput) (*api.AttachGroupPolicyOutput, error) {
	return &api.AttachGroupPolicyOutput{}, s.groups().attach(c, in.GroupName, in.PolicyArn)
}

func (s *service) detachGroupPolicy(c *awsapi.Call, in *api.DetachGroupPolicyInput) (*api.DetachGroupPolicyOutput, error) {
	return &api.DetachGroupPolicyOutput{}, s.groups().detach(c, in.GroupName, in.PolicyArn)
}

func (s *service) listAttachedGroupPolicies(c *awsapi.Call, in *api.ListAttachedGroupPoliciesInput) (out *api.ListAttachedGroupPoliciesOutput, err error) {
	out = &api.ListAttachedGroupPoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.groups().attached(c, in.GroupName, in.PathPrefix, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) attachRolePolicy(c *awsapi.Call, in *api.AttachRolePolicyInput) (*api.AttachRolePolicyOutput, error) {
	return &api.AttachRolePolicyOutput{}, s.roles().attach(c, in.RoleName, in.PolicyArn)
}

func (s *service) detachRolePolicy(c *awsapi.Call, in *api.DetachRolePolicyInput) (*api.DetachRolePolicyOutput, error) {
	return &api.DetachRolePolicyOutput{}, s.roles().detach(c, in.RoleName, in.PolicyArn)
}

func (s *service) listAttachedRolePolicies(c *awsapi.Call, in *api.ListAttachedRolePoliciesInput) (out *api.ListAttachedRolePoliciesOutput, err error) {
	out = &api.ListAttachedRolePoliciesOutput{}
	out.AttachedPolicies, out.IsTruncated, out.Marker, err = s.roles().attached(c, in.RoleName, in.PathPrefix, in.Marker, in.MaxItems)
	return out, err
}

func (s *service) putUserBoundary(c *awsapi.Call, in *api.PutUserPermissionsBoundaryInput) (*api.PutUserPermissionsBoundaryOutput, error) {
	return &api.PutUserPermissionsBoundaryOutput{}, s.changeUser(c, in.UserName, func(tx *store.Tx, u *granary.IAMUser) (err error) {
		u.Boundary, err = s.attachable(tx, c, in.PermissionsBoundary)
		return err
	})
}

func (s *service) deleteUserBoundary(c *awsapi.Call, in *api.DeleteUserPermissionsBoundaryInput) (*api.DeleteUserPermissionsBoundaryOutput, error) {
	return &api.DeleteUserPermissionsBoundaryOutput{}, s.changeUser(c, in.UserName, func(_ *store.Tx, u *granary.IAMUser) error {
		u.Boundary = ""
		return nil
	})
}

func (s *service) putRoleBoundary(c *awsapi.Call, in *api.PutRolePermissionsBoundaryInput) (*api.PutRolePermissionsBoundaryOutput, error) {
	return &api.PutRolePermissionsBoundaryOutput{}, s.changeRole(c, in.RoleName, func(tx *store.Tx, r *granary.Role) (err error) {
		r.Boundary, err = s.attachable(tx, c, in.PermissionsBoundary)
		return err
	})
}

func (s *service) deleteRoleBoundary(c *awsapi.Call, in *api.DeleteRolePermissionsBoundaryInput) (*api.DeleteRolePermissionsBoundaryOutput, error) {
	return &api.DeleteRolePermissionsBoundaryOutput{}, s.changeRole(c, in.RoleName, func(_ *store.Tx, r *granary.Role) error {
		r.Boundary = ""
		return nil
	})
}

// awsManaged reports whether the ARN is one of AWS's own policies, which are built in and never change.
func awsManaged(arn string) bool {
	_, ok := policy.Managed(granary.ARN(arn))
	return ok
}
