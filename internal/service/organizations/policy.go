package organizations

import (
	"encoding/json"
	"slices"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

// The limits of policies. AWS's for a text is 5,120 bytes, and for policies of a type 1,000 or more.
const (
	maxPolicy   = 10_240 // bytes, white space included
	maxPolicies = 10_000 // of a type
)

// builtIn is AWS's own policies.
var builtIn = map[string]*granary.OrgPolicy{
	granary.FullAccess: {ID: granary.FullAccess, Type: granary.ServiceControl, Name: "FullAWSAccess",
		Description: "Allows access to every operation", Content: policy.FullAccessDocument(granary.FullAccess)},
	granary.FullResourceAccess: {ID: granary.FullResourceAccess, Type: granary.ResourceControl, Name: "RCPFullAWSAccess",
		Description: "Allows access to every resource", Content: policy.FullAccessDocument(granary.FullResourceAccess)},
}

// available refuses types that the organization does not know.
func available(policyType string) error {
	if policyType != granary.ServiceControl && policyType != granary.ResourceControl {
		return granary.Errorf(granary.NotImplemented, "Policies of the type %s are not here: there are SERVICE_CONTROL_POLICY and RESOURCE_CONTROL_POLICY.", policyType).
			WithCode("PolicyTypeNotAvailableForOrganizationException")
	}
	return nil
}

// readPolicy refuses a text that is no policy of the type. What AWS allows its own resource control policy alone is refused too: an
// Allow, the action "*", and NotAction.
func readPolicy(policyType, content string) error {
	if len(content) > maxPolicy {
		return violation("POLICY_CONTENT_LIMIT_EXCEEDED", "The policy is longer than 10240 bytes.")
	}
	kind := policy.SCP
	if policyType == granary.ResourceControl {
		kind = policy.RCP
	}
	if _, err := policy.Parse(kind, content); err != nil {
		return broken(granary.AsError(err).Message)
	}
	if kind == policy.SCP {
		return nil
	}
	for _, st := range statements(content) {
		actions := []string{""}
		if json.Unmarshal(st.Action, &actions) != nil {
			_ = json.Unmarshal(st.Action, &actions[0])
		}
		switch {
		case st.Effect != "Deny":
			return broken("A resource control policy can only deny: RCPFullAWSAccess, which is attached everywhere, is what allows.")
		case st.NotAction != nil:
			return broken("A resource control policy cannot have NotAction.")
		case slices.Contains(actions, "*"):
			return broken(`The action of a resource control policy cannot be "*": name the service, such as s3:*.`)
		}
	}
	return nil
}

func broken(message string) error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode("MalformedPolicyDocumentException")
}

type written struct {
	Effect            string
	Action, NotAction json.RawMessage
}

// statements takes a document that was parsed apart.
func statements(content string) (list []written) {
	var p struct{ Statement json.RawMessage }
	_ = json.Unmarshal([]byte(content), &p)
	if json.Unmarshal(p.Statement, &list) != nil {
		list = make([]written, 1)
		_ = json.Unmarshal(p.Statement, &list[0])
	}
	return list
}

// policy finds a policy, AWS's own included.
func findPolicy(tx *store.Tx, id string) (*granary.OrgPolicy, error) {
	if p, ok := builtIn[id]; ok {
		return p, nil
	}
	p, err := tx.OrgPolicies.Get(id)
	if granary.Is(err, granary.NotFound) {
		return nil, granary.Errorf(granary.NotFound, "The organization has no policy %s.", id).WithCode("PolicyNotFoundException")
	}
	return p, err
}

// ownPolicy finds a policy that can be changed.
func ownPolicy(tx *store.Tx, id string) (*granary.OrgPolicy, error) {
	if _, ok := builtIn[id]; ok {
		return nil, granary.Errorf(granary.Invalid, "The policy %s is AWS's own and cannot be changed.", id).With("Reason", "IMMUTABLE_POLICY")
	}
	return findPolicy(tx, id)
}

func takenName(err error, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "There is a policy of this type named %q already.", name).WithCode("DuplicatePolicyException")
	}
	return err
}

func (s *service) createPolicy(c *awsapi.Call, in *api.CreatePolicyInput) (*api.CreatePolicyOutput, error) {
	if err := available(in.Type); err != nil {
		return nil, err
	}
	if err := readPolicy(in.Type, in.Content); err != nil {
		return nil, err
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	p := &granary.OrgPolicy{ID: granary.NewOrgPolicyID(), Type: in.Type, Name: in.Name, Description: in.Description, Content: in.Content, Tags: tags, Created: c.Now.UTC()}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if n, err := tx.OrgPolicies.Count(p.Type); err != nil {
			return err
		} else if n >= maxPolicies {
			return violation("POLICY_NUMBER_LIMIT_EXCEEDED", "The organization has as many policies of this type as it can.")
		}
		for _, b := range builtIn {
			if b.Type == p.Type && b.Name == p.Name {
				return takenName(granary.Errorf(granary.Exists, ""), p.Name)
			}
		}
		return takenName(tx.OrgPolicies.Create(p), p.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreatePolicyOutput{Policy: s.policyShape(p)}, nil
}

func (s *service) summary(p *granary.OrgPolicy) *api.PolicySummary {
	_, aws := builtIn[p.ID]
	return &api.PolicySummary{Id: p.ID, Arn: string(s.Index.Organization().PolicyARN(p)), Name: p.Name, Description: p.Description, Type: p.Type, AwsManaged: &aws}
}

func (s *service) policyShape(p *granary.OrgPolicy) *api.Policy {
	return &api.Policy{PolicySummary: s.summary(p), Content: p.Content}
}

// updatePolicy changes what is given; the new text binds from the next request.
func (s *service) updatePolicy(c *awsapi.Call, in *api.UpdatePolicyInput) (*api.UpdatePolicyOutput, error) {
	var p *granary.OrgPolicy
	err := s.DB.Update(c, func(tx *store.Tx) (err error) {
		if p, err = ownPolicy(tx, in.PolicyId); err != nil {
			return err
		}
		if in.Name != "" {
			p.Name = in.Name
		}
		if in.Description != nil {
			p.Description = *in.Description
		}
		if in.Content != "" {
			if err := readPolicy(p.Type, in.Content); err != nil {
				return err
			}
			p.Content = in.Content
		}
		return takenName(tx.OrgPolicies.Update(p), p.Name)
	})
	if err != nil {
		return nil, err
	}
	return &api.UpdatePolicyOutput{Policy: s.policyShape(p)}, nil
}

func (s *service) deletePolicy(c *awsapi.Call, in *api.DeletePolicyInput) (*api.DeletePolicyOutput, error) {
	return &api.DeletePolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, err := ownPolicy(tx, in.PolicyId)
		if err != nil {
			return err
		}
		list, _, err := tx.OrgAttachments.Targets(p.ID, "", 1)
		if err != nil {
			return err
		}
		if len(list) > 0 {
			return granary.Errorf(granary.Conflict, "The policy %s is attached to %s: detach it first.", p.ID, list[0].Target).WithCode("PolicyInUseException")
		}
		return tx.OrgPolicies.Delete(p.ID)
	})
}

func (s *service) describePolicy(c *awsapi.Call, in *api.DescribePolicyInput) (out *api.DescribePolicyOutput, err error) {
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err := findPolicy(tx, in.PolicyId)
		if err == nil {
			out = &api.DescribePolicyOutput{Policy: s.policyShape(p)}
		}
		return err
	})
	return out, err
}

// listPolicies lists AWS's own policy first. Types that are not here have none.
func (s *service) listPolicies(c *awsapi.Call, in *api.ListPoliciesInput) (*api.ListPoliciesOutput, error) {
	l := awsapi.ListOf("organizations policies", in.Filter)
	after, limit, err := page(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListPoliciesOutput{Policies: []api.PolicySummary{}}
	if after == "" {
		for _, p := range builtIn {
			if p.Type == in.Filter {
				out.Policies = append(out.Policies, *s.summary(p))
			}
		}
	}
	if limit -= len(out.Policies); limit == 0 {
		out.NextToken = l.NextToken("p") // before every policy
		return out, nil
	}
	var list []*granary.OrgPolicy
	next := ""
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err = tx.OrgPolicies.List(in.Filter, after, limit)
		return err
	})
	for _, p := range list {
		out.Policies = append(out.Policies, *s.summary(p))
	}
	out.NextToken = l.NextToken(next)
	return out, err
}
