package iam

import (
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
)

// The checks name the ARN that an operation is on, and fill the condition keys that AWS fills for it (Service Authorization
// Reference, "Actions, resources, and condition keys for IAM"). One that names nothing is checked with the path "/", so that who
// may not look does not learn what there is.

// onAny is the collection of a kind, "user/", or "*" for operations that are on no resource.
func onAny[In any](kind string) awsapi.Checks[In] {
	return func(c *awsapi.Call, _ *In) ([]authz.Request, error) {
		resource := "*"
		if kind != "" {
			resource = "arn:aws:iam::" + string(c.Caller.Account) + ":" + kind
		}
		return []authz.Request{{Resource: resource}}, nil
	}
}

// on is one request.
func on[In any](request func(*awsapi.Call, *In) authz.Request) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) { return []authz.Request{request(c, in)}, nil }
}

func onUser[In any](s *service, name func(*In) string) awsapi.Checks[In] {
	return on(func(c *awsapi.Call, in *In) authz.Request { return s.userRequest(c, name(in)) })
}

// onUserPolicies is for operations that change what a user may: its boundary is theirs to know, and the policy's ARN where they name one.
func onUserPolicies[In any](s *service, names func(*In) (user, policyARN string)) awsapi.Checks[In] {
	return on(func(c *awsapi.Call, in *In) authz.Request {
		name, arn := names(in)
		r := s.userRequest(c, name)
		if u, ok := s.Index.IAMUser(c.Caller.Account, name); ok {
			setKey(r.Keys, "iam:permissionsboundary", string(u.Boundary))
		}
		setKey(r.Keys, "iam:policyarn", arn)
		return r
	})
}

// userRequest checks against a user; no name is the caller.
func (s *service) userRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Keys: policy.Values{}}
	switch {
	case name == "":
		r.Resource = string(c.Caller.ARN)
		if c.Caller.User != nil {
			resourceTags(r.Keys, c.Caller.User.Tags)
		}
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
	return on(func(c *awsapi.Call, in *In) authz.Request { return s.roleRequest(c, name(in)) })
}

func onRolePolicies[In any](s *service, names func(*In) (role, policyARN string)) awsapi.Checks[In] {
	return on(func(c *awsapi.Call, in *In) authz.Request {
		name, arn := names(in)
		r := s.roleRequest(c, name)
		if role, ok := s.Index.RoleByName(c.Caller.Account, name); ok {
			setKey(r.Keys, "iam:permissionsboundary", string(role.Boundary))
		}
		setKey(r.Keys, "iam:policyarn", arn)
		return r
	})
}

func (s *service) roleRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.RoleARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if role, ok := s.Index.RoleByName(c.Caller.Account, name); ok {
		r.Resource = string(role.ARN)
		resourceTags(r.Keys, role.Tags)
	}
	return r
}

func onGroup[In any](s *service, name func(*In) string) awsapi.Checks[In] {
	return onGroupPolicies(s, func(in *In) (string, string) { return name(in), "" })
}

func onGroupPolicies[In any](s *service, names func(*In) (group, policyARN string)) awsapi.Checks[In] {
	return on(func(c *awsapi.Call, in *In) authz.Request {
		name, arn := names(in)
		r := authz.Request{Resource: string(granary.IAMGroupARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
		if g, ok := s.Index.IAMGroupByName(c.Caller.Account, name); ok {
			r.Resource = string(g.ARN())
		}
		setKey(r.Keys, "iam:policyarn", arn)
		return r
	})
}

func onProfile[In any](s *service, name func(*In) string) awsapi.Checks[In] {
	return on(func(c *awsapi.Call, in *In) authz.Request { return s.profileRequest(c, name(in)) })
}

func (s *service) profileRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.InstanceProfileARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if p, ok := s.Index.InstanceProfile(c.Caller.Account, name); ok {
		r.Resource = string(p.ARN())
		resourceTags(r.Keys, p.Tags)
	}
	return r
}

func onPolicy[In any](s *service, arn func(*In) string) awsapi.Checks[In] {
	return on(func(_ *awsapi.Call, in *In) authz.Request { return s.policyRequest(arn(in)) })
}

func (s *service) policyRequest(arn string) authz.Request {
	r := authz.Request{Resource: arn, Keys: policy.Values{}}
	if p, ok := granary.ARN(arn).Parts(); ok && p.Account.Valid() {
		r.Owner = p.Account
	}
	if p, ok := s.Index.CustomerManaged(granary.ARN(arn)); ok {
		resourceTags(r.Keys, p.Tags)
	}
	return r
}

// tagging adds the tags that a request brings to its check, and the keys of those that it takes away.
func tagging[In any](checks awsapi.Checks[In], tags func(*In) ([]api.Tag, []string)) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		list, err := checks(c, in)
		add, remove := tags(in)
		for i := range list {
			requestTags(list[i].Keys, add)
			if len(remove) > 0 {
				list[i].Keys["aws:tagkeys"] = append(list[i].Keys["aws:tagkeys"], remove...)
			}
		}
		return list, err
	}
}

// bounding says which boundary a request sets.
func bounding[In any](checks awsapi.Checks[In], arn func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		list, err := checks(c, in)
		for i := range list {
			setKey(list[i].Keys, "iam:permissionsboundary", arn(in))
		}
		return list, err
	}
}

func (s *service) creatingUser(c *awsapi.Call, in *api.CreateUserInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.IAMUserARN(c.Caller.Account, path(in.Path), in.UserName)), Keys: creationKeys(in.Tags, in.PermissionsBoundary)}}, nil
}

// updatingUser wants the user as it is and as it will be: a rename must not carry it where the caller may do more.
func (s *service) updatingUser(c *awsapi.Call, in *api.UpdateUserInput) ([]authz.Request, error) {
	before := s.userRequest(c, in.UserName)
	name, dir := in.UserName, "/"
	if u, ok := s.Index.IAMUser(c.Caller.Account, in.UserName); ok {
		name, dir = u.Name, u.Path
	}
	after := authz.Request{Resource: string(granary.IAMUserARN(c.Caller.Account, or(in.NewPath, dir), or(in.NewUserName, name))), Keys: before.Keys}
	return []authz.Request{before, after}, nil
}

func creatingGroup(c *awsapi.Call, in *api.CreateGroupInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.IAMGroupARN(c.Caller.Account, path(in.Path), in.GroupName))}}, nil
}

func (s *service) updatingGroup(c *awsapi.Call, in *api.UpdateGroupInput) ([]authz.Request, error) {
	name, dir := in.GroupName, "/"
	if g, ok := s.Index.IAMGroupByName(c.Caller.Account, in.GroupName); ok {
		name, dir = g.Name, g.Path
	}
	return []authz.Request{{Resource: string(granary.IAMGroupARN(c.Caller.Account, dir, name))},
		{Resource: string(granary.IAMGroupARN(c.Caller.Account, or(in.NewPath, dir), or(in.NewGroupName, name)))}}, nil
}

func (s *service) creatingRole(c *awsapi.Call, in *api.CreateRoleInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.RoleARN(c.Caller.Account, path(in.Path), in.RoleName)), Keys: creationKeys(in.Tags, in.PermissionsBoundary)}}, nil
}

func creatingPolicy(c *awsapi.Call, in *api.CreatePolicyInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.PolicyARN(c.Caller.Account, path(in.Path), in.PolicyName)), Keys: creationKeys(in.Tags, "")}}, nil
}

func creatingProfile(c *awsapi.Call, in *api.CreateInstanceProfileInput) ([]authz.Request, error) {
	return []authz.Request{{Resource: string(granary.InstanceProfileARN(c.Caller.Account, path(in.Path), in.InstanceProfileName)), Keys: creationKeys(in.Tags, "")}}, nil
}

// addingRole wants iam:PassRole too: who puts a role into a profile hands it to machines.
func (s *service) addingRole(c *awsapi.Call, in *api.AddRoleToInstanceProfileInput) ([]authz.Request, error) {
	pass := s.roleRequest(c, in.RoleName)
	pass.Action = "iam:PassRole"
	setKey(pass.Keys, "iam:passedtoservice", "ec2.amazonaws.com")
	return []authz.Request{s.profileRequest(c, in.InstanceProfileName), pass}, nil
}

func creationKeys(tags []api.Tag, boundary string) policy.Values {
	k := policy.Values{}
	requestTags(k, tags)
	setKey(k, "iam:permissionsboundary", boundary)
	return k
}

func requestTags(k policy.Values, tags []api.Tag) {
	for _, t := range tags {
		k["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		k["aws:tagkeys"] = append(k["aws:tagkeys"], t.Key)
	}
}

func resourceTags(k policy.Values, tags []granary.Tag) {
	for _, t := range tags {
		k["aws:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
		k["iam:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
	}
}

// setKey fills a key that has a value.
func setKey(k policy.Values, name, value string) {
	if value != "" {
		k[name] = []string{value}
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// path is "/" unless given.
func path(p string) string { return or(p, "/") }
