package organizations

import (
	"maps"
	"slices"
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
)

// everyMember lets every account ask about itself in the organization.
func everyMember[In any](*awsapi.Call, *In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}

// subject is what an operation is about: resources, by their ids, none standing for all; and a condition key of the service's own.
type subject struct {
	ids        []string
	key, value string
}

func on(ids ...string) subject { return subject{ids: ids} }

func whole[In any](*In) subject { return subject{} }

// ofType is about policies of a type.
func ofType(policyType string, ids ...string) subject {
	return subject{ids, "organizations:policytype", policyType}
}

// ofPolicy is about a policy, and perhaps its target.
func (s *service) ofPolicy(policy string, target ...string) subject {
	return ofType(s.typeOf(policy), append([]string{policy}, target...)...)
}

// forService is about a service that works in the organization; "" is any.
func forService(principal string, ids ...string) subject {
	return subject{ids, "organizations:serviceprincipal", principal}
}

// manage is for the management account alone.
func manage[In any](s *service, about func(*In) subject) awsapi.Checks[In] {
	return func(_ *awsapi.Call, in *In) ([]authz.Request, error) {
		return s.requests(about(in), s.Index.Organization().Management, nil), nil
	}
}

// own is for every account, about what it has a part in.
func own[In any](s *service, about func(*In) subject) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		return s.requests(about(in), c.Caller.Account, nil), nil
	}
}

// delegable is for the management account and for whom the organization's resource policy lets in (Organizations User Guide,
// "Delegated administrator for AWS Organizations").
func delegable[In any](s *service, about func(*In) subject) awsapi.Checks[In] {
	return func(_ *awsapi.Call, in *In) ([]authz.Request, error) {
		return s.requests(about(in), s.Index.Organization().Management, s.Index.Delegation()), nil
	}
}

// read is for the management account, every account that administers a service for the organization, and for whom the resource
// policy lets in.
func read[In any](s *service, about func(*In) subject) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		owner := s.Index.Organization().Management
		if s.administers(c.Caller.Account) {
			owner = c.Caller.Account
		}
		return s.requests(about(in), owner, s.Index.Delegation()), nil
	}
}

// typeOf is a policy's type, also of one that does not exist.
func (s *service) typeOf(id string) string {
	if p, ok := builtIn[id]; ok {
		return p.Type
	}
	if p, ok := s.Index.OrgPolicy(id); ok {
		return p.Type
	}
	return granary.ServiceControl
}

func (s *service) administers(a granary.AccountID) bool {
	return slices.ContainsFunc(s.Index.Organization().Delegated, func(d granary.Delegation) bool { return d.Account == a })
}

// requests asks for each resource, with the condition keys that belong to it.
func (s *service) requests(about subject, owner granary.AccountID, delegation *policy.Policy) []authz.Request {
	out := []authz.Request{{Resource: "*", Owner: owner, Policy: delegation, Keys: policy.Values{}}}
	if len(about.ids) > 0 {
		out = nil
	}
	for _, id := range about.ids {
		arn, keys := s.named(id)
		out = append(out, authz.Request{Resource: string(arn), Owner: owner, Policy: delegation, Keys: keys})
	}
	if about.value != "" {
		for i := range out {
			out[i].Keys[about.key] = []string{about.value}
		}
	}
	return out
}

// named is the ARN of what an id names, and its condition keys. What does not exist has an ARN of its form.
func (s *service) named(id string) (granary.ARN, policy.Values) {
	o, keys := s.Index.Organization(), policy.Values{}
	tags := func(list []granary.Tag) {
		for _, t := range list {
			keys["aws:resourcetag/"+strings.ToLower(t.Key)] = []string{t.Value}
		}
	}
	switch {
	case strings.HasPrefix(id, "r-"):
		tags(o.RootTags)
		return granary.ARN("arn:aws:organizations::" + string(o.Management) + ":root/" + o.ID + "/" + id), keys
	case strings.HasPrefix(id, "ou-"):
		if u, ok := s.Index.OrgUnit(id); ok {
			tags(u.Tags)
		}
		return o.UnitARN(id), keys
	case strings.HasPrefix(id, "p-"):
		p, ok := s.Index.OrgPolicy(id)
		if !ok {
			p = &granary.OrgPolicy{ID: id, Type: s.typeOf(id)}
		}
		tags(p.Tags)
		keys["organizations:policytype"] = []string{p.Type}
		return o.PolicyARN(p), keys
	case strings.HasPrefix(id, "rp-"):
		if id == o.ResourcePolicyID {
			tags(o.ResourcePolicyTags)
		}
		return resourcePolicyARN(o, id), keys
	case strings.HasPrefix(id, "h-"):
		return granary.ARN("arn:aws:organizations::" + string(o.Management) + ":handshake/" + o.ID + "/invite/" + id), keys
	}
	if a, ok := s.Index.Account(granary.AccountID(id)); ok {
		tags(a.Tags)
	}
	return o.AccountARN(granary.AccountID(id)), keys
}

func requestTags(r *authz.Request, tags []api.Tag) {
	for _, t := range tags {
		r.Keys["aws:requesttag/"+strings.ToLower(t.Key)] = []string{t.Value}
		r.Keys["aws:tagkeys"] = append(r.Keys["aws:tagkeys"], t.Key)
	}
}

// creating is the check of an operation that makes something, perhaps with tags.
func (s *service) creating(about subject, delegation *policy.Policy, tags []api.Tag) []authz.Request {
	list := s.requests(about, s.Index.Organization().Management, delegation)
	if len(tags) > 0 {
		tag := list[0]
		tag.Action, tag.Keys = "organizations:TagResource", maps.Clone(tag.Keys)
		list = append(list, tag)
	}
	for i := range list {
		requestTags(&list[i], tags)
	}
	return list
}

func (s *service) checkCreateUnit(_ *awsapi.Call, in *api.CreateOrganizationalUnitInput) ([]authz.Request, error) {
	return s.creating(on(in.ParentId), nil, in.Tags), nil
}

func (s *service) checkPutResourcePolicy(_ *awsapi.Call, in *api.PutResourcePolicyInput) ([]authz.Request, error) {
	id := s.Index.Organization().ResourcePolicyID
	if id == "" {
		id = "rp-*"
	}
	return s.creating(on(id), nil, in.Tags), nil
}

func (s *service) checkCreateAccount(_ *awsapi.Call, in *api.CreateAccountInput) ([]authz.Request, error) {
	return s.creating(subject{}, nil, in.Tags), nil
}

func (s *service) checkCreatePolicy(_ *awsapi.Call, in *api.CreatePolicyInput) ([]authz.Request, error) {
	list := s.creating(ofType(in.Type), s.Index.Delegation(), in.Tags)
	for i := range list {
		list[i].Resource = string(s.Index.Organization().PolicyARN(&granary.OrgPolicy{ID: "p-*", Type: in.Type}))
	}
	return list, nil
}

func (s *service) checkTag(_ *awsapi.Call, in *api.TagResourceInput) ([]authz.Request, error) {
	list := s.requests(on(in.ResourceId), s.Index.Organization().Management, s.Index.Delegation())
	requestTags(&list[0], in.Tags)
	return list, nil
}

func (s *service) checkUntag(_ *awsapi.Call, in *api.UntagResourceInput) ([]authz.Request, error) {
	list := s.requests(on(in.ResourceId), s.Index.Organization().Management, s.Index.Delegation())
	list[0].Keys["aws:tagkeys"] = in.TagKeys
	return list, nil
}

// checkEffectivePolicy lets an account ask for its own.
func (s *service) checkEffectivePolicy(c *awsapi.Call, in *api.DescribeEffectivePolicyInput) ([]authz.Request, error) {
	if in.TargetId == "" || in.TargetId == string(c.Caller.Account) {
		return s.requests(ofType(in.PolicyType, string(c.Caller.Account)), c.Caller.Account, nil), nil
	}
	return read(s, func(in *api.DescribeEffectivePolicyInput) subject { return ofType(in.PolicyType, in.TargetId) })(c, in)
}
