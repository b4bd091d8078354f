package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// The limits of policies. On AWS a document has at most 5,120 bytes, and a type has 1,000 policies or more.
const (
	maxPolicy   = 10_240 // bytes, white space included
	maxPolicies = 10_000 // of a type
)

// builtIn are AWS's own policies, by id.
var builtIn = map[string]*granary.OrgPolicy{
	granary.FullAccess: {ID: granary.FullAccess, Type: granary.ServiceControl, Name: "FullAWSAccess",
		Description: "Allows access to every operation", Content: policy.FullAccessDocument(granary.FullAccess)},
	granary.FullResourceAccess: {ID: granary.FullResourceAccess, Type: granary.ResourceControl, Name: "RCPFullAWSAccess",
		Description: "Allows access to every resource", Content: policy.FullAccessDocument(granary.FullResourceAccess)},
}

// findPolicy finds a policy, AWS's own included.
func findPolicy(tx *store.Tx, id string) (*granary.OrgPolicy, error) {
	if p, ok := builtIn[id]; ok {
		return p, nil
	}
	p, err := tx.OrgPolicies.Get(id)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The organization has no policy %s.",
			id).WithCode("PolicyNotFoundException")
	}
	return p, err
}

// findOwnPolicy finds a policy that can be changed. AWS's own cannot.
func findOwnPolicy(tx *store.Tx, id string) (*granary.OrgPolicy, error) {
	if _, ok := builtIn[id]; ok {
		return nil, granary.Errorf(granary.Invalid, "The policy %s is AWS's own and cannot be changed.", id).With("Reason",
			"IMMUTABLE_POLICY")
	}
	return findPolicy(tx, id)
}

func policyNameTaken(err error, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "There is a policy of this type named %q already.",
			name).WithCode("DuplicatePolicyException")
	}
	return err
}

func (s policies) checkCreatePolicy(_ *awsapi.Call, in *api.CreatePolicyInput) ([]authz.Request, error) {
	list := s.creationRequests(aboutType(in.Type), s.Index.Org.Delegation(), in.Tags)
	for i := range list {
		list[i].Resource = string(s.Index.Org.Organization().PolicyARN(&granary.OrgPolicy{ID: "p-*", Type: in.Type}))
	}
	return list, nil
}

func (s policies) createPolicy(c *awsapi.Call, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	if err := checkPolicyType(in.Type); err != nil {
		return nil, err
	}
	if err := checkDocument(in.Type, in.Content); err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &granary.OrgPolicy{ID: granary.NewOrgPolicyID(), Type: in.Type, Name: in.Name, Description: in.Description,
		Content: in.Content, Tags: tags, Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if n, err := tx.OrgPolicies.Count(p.Type); err != nil {
			return err
		} else if n >= maxPolicies {
			return violation("POLICY_NUMBER_LIMIT_EXCEEDED", "The organization has as many policies of this type as it can.")
		}
		for _, b := range builtIn {
			if b.Type == p.Type && b.Name == p.Name {
				return policyNameTaken(granary.Errorf(granary.Exists, ""), p.Name)
			}
		}
		return policyNameTaken(tx.OrgPolicies.Create(p), p.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatePolicyOutput{Policy: s.policyShape(p)}, nil
}

func (s policies) policySummary(p *granary.OrgPolicy) *api.PolicySummary {
	_, aws := builtIn[p.ID]
	return &api.PolicySummary{Id: p.ID, Arn: string(s.Index.Org.Organization().PolicyARN(p)), Name: p.Name,
		Description: p.Description, Type: p.Type, AwsManaged: &aws}
}

func (s policies) policyShape(p *granary.OrgPolicy) *api.Policy {
	return &api.Policy{PolicySummary: s.policySummary(p), Content: p.Content}
}

// updatePolicy changes the members that are given. A new document applies from the next request on.
func (s policies) updatePolicy(c *awsapi.Call, in *api.UpdatePolicyInput) (*api.UpdatePolicyOutput, error) {
	var p *granary.OrgPolicy
	err := s.DB.Update(c, func(tx *store.Tx) (err error) {
		if p, err = findOwnPolicy(tx, in.PolicyId); err != nil {
			return err
		}
		if in.Name != "" {
			p.Name = in.Name
		}
		if in.Description != nil {
			p.Description = *in.Description
		}
		if in.Content != "" {
			if err := checkDocument(p.Type, in.Content); err != nil {
				return err
			}
			p.Content = in.Content
		}
		return policyNameTaken(tx.OrgPolicies.Update(p), p.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdatePolicyOutput{Policy: s.policyShape(p)}, nil
}

func (s policies) deletePolicy(c *awsapi.Call, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	return &api.DeletePolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := findOwnPolicy(tx, in.PolicyId)
		if err != nil {
			return err
		}
		list, _, err := tx.OrgAttachments.Targets(p.ID, "", 1)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return granary.Errorf(granary.Conflict, "The policy %s is attached to %s: detach it first.", p.ID, list[0].Target).
				WithCode("PolicyInUseException")
		}
		return tx.OrgPolicies.Delete(p.ID)
	})
}

func (s policies) describePolicy(c *awsapi.Call, in *api.DescribePolicyInput) (out *api.DescribePolicyOutput,
	err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err := findPolicy(tx, in.PolicyId)
		if err == nil {
			out = &api.DescribePolicyOutput{Policy: s.policyShape(p)}
		}
		return err
	})
	return out, err
}

// listPolicies lists AWS's own policy first. Types that Granary does not have are empty.
func (s policies) listPolicies(c *awsapi.Call, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	l := awsapi.ListOf("organizations policies", in.Filter)
	after, limit, err := pageStart(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListPoliciesOutput{Policies: []api.PolicySummary{}}
	if after == "" {
		for _, p := range builtIn {
			if p.Type == in.Filter {
				out.Policies = append(out.Policies, *s.policySummary(p))
			}
		}
	}
	if limit -= len(out.Policies); limit == 0 {
		out.NextToken = l.NextToken("p") // sorts before every policy
		return out, nil
	}
	var list []*granary.OrgPolicy
	next := ""
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err = tx.OrgPolicies.List(in.Filter, after, limit)
		return err
	})
	for _, p := range list {
		out.Policies = append(out.Policies, *s.policySummary(p))
	}
	out.NextToken = l.NextToken(next)
	return out, err
}
