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

// everyMember is the check of operations that every account may ask about itself.
func everyMember[In any](*awsapi.Call, In) ([]authz.Request, error) {
	return []authz.Request{{Resource: "*"}}, nil
}

// checkManagement is for the management account alone.
func (s *service) checkManagement(_ *awsapi.Call, of subject) ([]authz.Request, error) {
	return s.requestsOn(of, s.Index.Org.Organization().Management, nil), nil
}

// checkOwn lets every account ask about what concerns it.
func (s *service) checkOwn(c *awsapi.Call, of subject) ([]authz.Request, error) {
	return s.requestsOn(of, c.Caller.Account, nil), nil
}

// checkDelegable is for the management account, and for accounts that the organization's resource policy lets in
// (Organizations User Guide, "Delegated administrator for AWS Organizations").
func (s *service) checkDelegable(_ *awsapi.Call, of subject) ([]authz.Request, error) {
	return s.requestsOn(of, s.Index.Org.Organization().Management, s.Index.Org.Delegation()), nil
}

// checkRead is for the management account, for every account that administers a service for the organization, and for
// accounts that the resource policy lets in.
func (s *service) checkRead(c *awsapi.Call, of subject) ([]authz.Request, error) {
	owner := s.Index.Org.Organization().Management
	if s.administers(c.Caller.Account) {
		owner = c.Caller.Account
	}
	return s.requestsOn(of, owner, s.Index.Org.Delegation()), nil
}

// typeOf is the type of a policy. A policy that does not exist counts as a service control policy.
func (s *service) typeOf(id string) string {
	if p, ok := builtIn[id]; ok {
		return p.Type
	}
	if p, ok := s.Index.Org.Policy(id); ok {
		return p.Type
	}
	return granary.ServiceControl
}

func (s *service) administers(a granary.AccountID) bool {
	o := s.Index.Org.Organization()
	return slices.ContainsFunc(o.Delegated, func(d granary.Delegation) bool { return d.Account == a })
}

// requestsOn makes a request for each resource of a subject, with the condition keys that belong to it.
func (s *service) requestsOn(of subject, owner granary.AccountID, delegation *policy.Policy) []authz.Request {
	out := []authz.Request{{Resource: "*", Owner: owner, Policy: delegation, Keys: policy.Values{}}}
	if len(of.ids) > 0 {
		out = nil
	}
	for _, id := range of.ids {
		arn, keys := s.resourceOf(id)
		out = append(out, authz.Request{Resource: string(arn), Owner: owner, Policy: delegation, Keys: keys})
	}
	if of.policy != "" {
		of.key, of.value = policyTypeKey, s.typeOf(of.policy)
	}
	if of.value != "" {
		for i := range out {
			out[i].Keys[of.key] = []string{of.value}
		}
	}
	return out
}

// resourceOf returns the ARN of the resource that an id names, and its condition keys. An id that does not exist has an
// ARN too, without keys.
func (s *service) resourceOf(id string) (granary.ARN, policy.Values) {
	o, keys := s.Index.Org.Organization(), policy.Values{}
	tags := func(list []granary.Tag) { keys.AddResourceTags(list) }
	switch {
	case strings.HasPrefix(id, "r-"):
		tags(o.RootTags)
		return granary.ARN("arn:aws:organizations::" + string(o.Management) + ":root/" + o.ID + "/" + id), keys
	case strings.HasPrefix(id, "ou-"):
		if u, ok := s.Index.Org.Unit(id); ok {
			tags(u.Tags)
		}
		return o.UnitARN(id), keys
	case strings.HasPrefix(id, "p-"):
		p, ok := s.Index.Org.Policy(id)
		if !ok {
			p = &granary.OrgPolicy{ID: id, Type: s.typeOf(id)}
		}
		tags(p.Tags)
		keys[policyTypeKey] = []string{p.Type}
		return o.PolicyARN(p), keys
	case strings.HasPrefix(id, "rp-"):
		if id == o.ResourcePolicyID {
			tags(o.ResourcePolicyTags)
		}
		return resourcePolicyARN(o, id), keys
	case strings.HasPrefix(id, "h-"):
		return granary.ARN("arn:aws:organizations::" + string(o.Management) + ":handshake/" + o.ID + "/invite/" + id), keys
	}
	if a, ok := s.Index.Org.Account(granary.AccountID(id)); ok {
		tags(a.Tags)
	}
	return o.AccountARN(granary.AccountID(id)), keys
}

// creationRequests checks an operation that creates a resource, and its tags when it has any.
func (s *service) creationRequests(of subject, delegation *policy.Policy, tags []api.Tag) []authz.Request {
	list := s.requestsOn(of, s.Index.Org.Organization().Management, delegation)
	if len(tags) > 0 {
		tag := list[0]
		tag.Action, tag.Keys = "organizations:TagResource", maps.Clone(tag.Keys)
		list = append(list, tag)
	}
	for i := range list {
		addRequestTags(&list[i], tags)
	}
	return list
}

func addRequestTags(r *authz.Request, tags []api.Tag) {
	for _, t := range tags {
		r.Keys.AddRequestTag(t.Key, t.Value)
	}
}
