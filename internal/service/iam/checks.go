package iam

import (
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
)

// The checks name the ARN that an operation is on. One that names nothing is checked with the path "/", so that who may
// not look does not learn what there is.

func onAny[In any](kind string) awsapi.Checks[In] {
	return func(c *awsapi.Call, _ *In) ([]authz.Request, error) {
		resource := "*"
		if kind != "" {
			resource = "arn:aws:iam::" + string(c.Caller.Account) + ":" + kind
		}
		return []authz.Request{{Resource: resource}}, nil
	}
}

func onUser[In any](s *service, name func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		return []authz.Request{s.userRequest(c, name(in))}, nil
	}
}

func onUserWith[In any](s *service, names func(*In) (user, attached string)) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		name, arn := names(in)
		r := s.userRequest(c, name)
		r.Keys["iam:policyarn"] = []string{arn}
		return []authz.Request{r}, nil
	}
}

// userRequest checks against a user; no name is the caller.
func (s *service) userRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Keys: policy.Values{}}
	switch {
	case name == "":
		r.Resource = string(c.Caller.ARN)
	default:
		u, ok := s.Index.IAMUser(c.Caller.Account, name)
		if !ok {
			r.Resource = string(granary.IAMUserARN(c.Caller.Account, "/", name))
			break
		}
		r.Resource = string(u.ARN())
		resourceTags(r.Keys, u.Tags)
	}
	return r
}

func onRole[In any](s *service, name func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		return []authz.Request{s.roleRequest(c, name(in))}, nil
	}
}

func onRoleWith[In any](s *service, names func(*In) (role, attached string)) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		name, arn := names(in)
		r := s.roleRequest(c, name)
		r.Keys["iam:policyarn"] = []string{arn}
		return []authz.Request{r}, nil
	}
}

func (s *service) roleRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.RoleARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if role, ok := s.Index.RoleByName(c.Caller.Account, name); ok {
		r.Resource = string(role.ARN)
		resourceTags(r.Keys, role.Tags)
	}
	return r
}

func onPolicy[In any](arn func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		r := authz.Request{Resource: arn(in)}
		if p, ok := granary.ARN(arn(in)).Parts(); ok && p.Account.Valid() {
			r.Owner = p.Account
		}
		return []authz.Request{r}, nil
	}
}

func (s *service) creatingUser(c *awsapi.Call, in *api.CreateUserInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.IAMUserARN(c.Caller.Account, path(in.Path), in.UserName)), Keys: creationKeys(in.Tags, in.PermissionsBoundary)}}, nil
}

func (s *service) creatingRole(c *awsapi.Call, in *api.CreateRoleInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.RoleARN(c.Caller.Account, path(in.Path), in.RoleName)), Keys: creationKeys(in.Tags, in.PermissionsBoundary)}}, nil
}

func creatingPolicy(c *awsapi.Call, in *api.CreatePolicyInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.PolicyARN(c.Caller.Account, path(in.Path), in.PolicyName)), Keys: creationKeys(in.Tags, "")}}, nil
}

func creationKeys(tags []api.Tag, boundary string) policy.Values {
	k := policy.Values{}
	for _, t := range tags {
		k["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		k["aws:tagkeys"] = append(k["aws:tagkeys"], t.Key)
	}
	if boundary != "" {
		k["iam:permissionsboundary"] = []string{boundary}
	}
	return k
}

func resourceTags(k policy.Values, tags []granary.Tag) {
	for _, t := range tags {
		k["aws:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
		k["iam:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
	}
}

// path is "/" unless given.
func path(p string) string {
	if p == "" {
		return "/"
	}
	return p
}
