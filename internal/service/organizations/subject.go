package organizations

import api "granary/internal/api/organizations"

// subject is what a request is about: resources by their ids, where none stands for the whole organization, and a
// condition key of the service's own.
type subject struct {
	ids        []string
	key, value string
	policy     string // the policy whose type is the value of organizations:policytype
}

const (
	policyTypeKey = "organizations:policytype"
	principalKey  = "organizations:serviceprincipal"
)

// about is the subject of requests that name resources and nothing else.
func about(ids ...string) subject { return subject{ids: ids} }

// aboutType is the subject of requests on policies of a type.
func aboutType(policyType string, ids ...string) subject {
	return subject{ids: ids, key: policyTypeKey, value: policyType}
}

// The functions below select the subject of an input.

func whole[In any](In) subject { return subject{} }

func unit[In interface{ GetOrganizationalUnitId() string }](in In) subject {
	return about(in.GetOrganizationalUnitId())
}

func parent[In interface{ GetParentId() string }](in In) subject { return about(in.GetParentId()) }

func child(in *api.ListParentsInput) subject { return about(in.ChildId) }

func account[In interface{ GetAccountId() string }](in In) subject { return about(in.GetAccountId()) }

func accountAndParents(in *api.MoveAccountInput) subject {
	return about(in.AccountId, in.SourceParentId, in.DestinationParentId)
}

func handshake[In interface{ GetHandshakeId() string }](in In) subject {
	return about(in.GetHandshakeId())
}

func policyID[In interface{ GetPolicyId() string }](in In) subject {
	return subject{ids: []string{in.GetPolicyId()}, policy: in.GetPolicyId()}
}

func policyAndTarget[In interface {
	GetPolicyId() string
	GetTargetId() string
}](in In) subject {
	return subject{ids: []string{in.GetPolicyId(), in.GetTargetId()}, policy: in.GetPolicyId()}
}

func policiesOfType(in *api.ListPoliciesInput) subject { return aboutType(in.Filter) }

func policiesOnTarget(in *api.ListPoliciesForTargetInput) subject {
	return aboutType(in.Filter, in.TargetId)
}

func typeOnRoot[In interface {
	GetPolicyType() string
	GetRootId() string
}](in In) subject {
	return aboutType(in.GetPolicyType(), in.GetRootId())
}

func invalidPolicies(in *api.ListAccountsWithInvalidEffectivePolicyInput) subject {
	return aboutType(in.PolicyType)
}

func tagged(in *api.ListTagsForResourceInput) subject { return about(in.ResourceId) }

// servicePrincipal selects a service that works in the organization; an empty one is any.
func servicePrincipal[In interface{ GetServicePrincipal() string }](in In) subject {
	return subject{key: principalKey, value: in.GetServicePrincipal()}
}

func administration[In interface {
	GetServicePrincipal() string
	GetAccountId() string
}](in In) subject {
	return subject{ids: []string{in.GetAccountId()}, key: principalKey, value: in.GetServicePrincipal()}
}
