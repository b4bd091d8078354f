package iam

import (
	"cmp"
	"strings"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
)

// The checks of this package name the ARN that an operation is on, and fill the condition keys that AWS fills for it
// (Service Authorization Reference, "Actions, resources, and condition keys for IAM"). A name that does not exist is
// checked with the path "/", so that a caller who may not read a resource does not learn whether it exists.

// oneRequest is the result of a check that asks for one thing.
func oneRequest(r authz.Request) ([]authz.Request, error) { return []authz.Request{r}, nil }

// Checks of operations on no resource or on all resources of a kind.

func anyResource[In any](*awsapi.Call, In) ([]authz.Request, error) {
	return oneRequest(authz.Request{Resource: "*"})
}

func allUsers[In any](c *awsapi.Call, _ In) ([]authz.Request, error)  { return allOf(c, "user/") }
func allGroups[In any](c *awsapi.Call, _ In) ([]authz.Request, error) { return allOf(c, "group/") }
func allRoles[In any](c *awsapi.Call, _ In) ([]authz.Request, error)  { return allOf(c, "role/") }
func allProfiles[In any](c *awsapi.Call, _ In) ([]authz.Request, error) {
	return allOf(c, "instance-profile/")
}
func allProviders[In any](c *awsapi.Call, _ In) ([]authz.Request, error) {
	return allOf(c, "oidc-provider/*")
}
func allMFADevices[In any](c *awsapi.Call, _ In) ([]authz.Request, error) { return allOf(c, "mfa/") }

func allOf(c *awsapi.Call, kind string) ([]authz.Request, error) {
	return oneRequest(authz.Request{Resource: "arn:aws:iam::" + string(c.Caller.Account) + ":" + kind})
}

// checkUser checks an operation on the user of that name, or on the caller when the name is empty.
func (s *service) checkUser(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.userRequest(c, name))
}

func (s *service) userRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Keys: policy.Values{}}
	if name == "" {
		r.Resource = string(c.Caller.ARN)
		if c.Caller.User != nil {
			r.Keys.AddResourceTags(c.Caller.User.Tags, "iam")
		}
		return r
	}
	u, ok := s.Index.IAM.User(c.Caller.Account, name)
	if !ok {
		r.Resource = string(granary.IAMUserARN(c.Caller.Account, "/", name))
		return r
	}
	r.Resource = string(u.ARN())
	r.Keys.AddResourceTags(u.Tags, "iam")
	return r
}

// checkUserPolicies checks an operation that changes the policies of a user. Conditions may test the user's boundary.
func (s *service) checkUserPolicies(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.userPoliciesRequest(c, name))
}

func (s *service) userPoliciesRequest(c *awsapi.Call, name string) authz.Request {
	r := s.userRequest(c, name)
	if u, ok := s.Index.IAM.User(c.Caller.Account, name); ok {
		setKey(r.Keys, "iam:permissionsboundary", string(u.Boundary))
	}
	return r
}

func (s *service) checkRole(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.roleRequest(c, name))
}

func (s *service) roleRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.RoleARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if role, ok := s.Index.IAM.RoleByName(c.Caller.Account, name); ok {
		r.Resource = string(role.ARN)
		r.Keys.AddResourceTags(role.Tags, "iam")
	}
	return r
}

// checkRolePolicies checks an operation that changes the policies of a role. Conditions may test the role's boundary.
func (s *service) checkRolePolicies(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.rolePoliciesRequest(c, name))
}

func (s *service) rolePoliciesRequest(c *awsapi.Call, name string) authz.Request {
	r := s.roleRequest(c, name)
	if role, ok := s.Index.IAM.RoleByName(c.Caller.Account, name); ok {
		setKey(r.Keys, "iam:permissionsboundary", string(role.Boundary))
	}
	return r
}

func (s *service) checkGroup(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.groupRequest(c, name))
}

func (s *service) groupRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.IAMGroupARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if g, ok := s.Index.IAM.GroupByName(c.Caller.Account, name); ok {
		r.Resource = string(g.ARN())
	}
	return r
}

func (s *service) checkProfile(c *awsapi.Call, name string) ([]authz.Request, error) {
	return oneRequest(s.profileRequest(c, name))
}

func (s *service) profileRequest(c *awsapi.Call, name string) authz.Request {
	r := authz.Request{Resource: string(granary.InstanceProfileARN(c.Caller.Account, "/", name)), Keys: policy.Values{}}
	if p, ok := s.Index.IAM.InstanceProfile(c.Caller.Account, name); ok {
		r.Resource = string(p.ARN())
		r.Keys.AddResourceTags(p.Tags, "iam")
	}
	return r
}

func (s *service) checkPolicy(_ *awsapi.Call, arn string) ([]authz.Request, error) {
	return oneRequest(s.policyRequest(arn))
}

func (s *service) policyRequest(arn string) authz.Request {
	r := entityRequest(arn)
	r.Keys = policy.Values{}
	if p, ok := s.Index.IAM.CustomerManaged(granary.ARN(arn)); ok {
		r.Keys.AddResourceTags(p.Tags, "iam")
	}
	return r
}

// checkEntity checks an operation on the user, group or role that an ARN names.
func checkEntity(_ *awsapi.Call, arn string) ([]authz.Request, error) {
	return oneRequest(entityRequest(arn))
}

// entityRequest is a request on an ARN of IAM. The account in it owns the resource.
func entityRequest(arn string) authz.Request {
	r := authz.Request{Resource: arn}
	if p, ok := granary.ARN(arn).Parts(); ok && p.Account.Valid() {
		r.Owner = p.Account
	}
	return r
}

// withPolicy adds the ARN of the managed policy that an operation attaches or detaches.
func withPolicy(r authz.Request, arn string) ([]authz.Request, error) {
	setKey(r.Keys, "iam:policyarn", arn)
	return oneRequest(r)
}

// withBoundary adds the permissions boundary that an operation sets.
func withBoundary(r authz.Request, arn string) ([]authz.Request, error) {
	setKey(r.Keys, "iam:permissionsboundary", arn)
	return oneRequest(r)
}

// withTags adds the tags that an operation adds.
func withTags(r authz.Request, tags []api.Tag) ([]authz.Request, error) {
	addRequestTags(r.Keys, tags)
	return oneRequest(r)
}

// withTagKeys adds the keys of the tags that an operation removes.
func withTagKeys(r authz.Request, keys []string) ([]authz.Request, error) {
	r.Keys.AddTagKeys(keys...)
	return oneRequest(r)
}

// creation is a request to create a resource with tags and a permissions boundary, which may be empty.
func creation(arn granary.ARN, tags []api.Tag, boundary string) ([]authz.Request, error) {
	r := authz.Request{Resource: string(arn), Keys: policy.Values{}}
	addRequestTags(r.Keys, tags)
	return withBoundary(r, boundary)
}

func addRequestTags(k policy.Values, tags []api.Tag) {
	for _, t := range tags {
		k.AddRequestTag(t.Key, t.Value)
	}
}

// setKey fills a condition key unless the value is empty.
func setKey(k policy.Values, name, value string) {
	if value != "" {
		k[name] = []string{value}
	}
}

// pathOrRoot is the path, or "/" when it is empty.
func pathOrRoot(path string) string { return cmp.Or(path, "/") }

// lastPart is what follows the last slash of an ARN's resource: the name of a user, role or policy.
func lastPart(resource string) string { return resource[strings.LastIndexByte(resource, '/')+1:] }
