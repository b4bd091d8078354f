package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/policy"
	"granary/internal/store"
)

func (s resourcePolicy) checkPutResourcePolicy(_ *awsapi.Call, in *api.PutResourcePolicyInput) ([]authz.Request,
	error) {
	id := s.Index.Org.Organization().ResourcePolicyID
	if id == "" {
		id = "rp-*"
	}
	return s.creationRequests(about(id), nil, in.Tags), nil
}

// putResourcePolicy sets the policy that lets member accounts manage the organization's policies. It has effect on the
// operations on policies and tags and on reads, and on no others.
func (s resourcePolicy) putResourcePolicy(c *awsapi.Call, in *api.PutResourcePolicyInput) (*api.PutResourcePolicyOutput,
	error) {
	if _, err := policy.Parse(policy.Delegation, in.Content); err != nil {
		return nil, granary.Errorf(granary.Invalid, "%s", granary.AsError(err).Message).With("Reason",
			"INVALID_RESOURCE_POLICY_JSON")
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	var out *api.ResourcePolicy
	err = s.changeOrganization(c, func(_ *store.Tx, o *granary.Organization) error {
		switch {
		case o.ResourcePolicyID == "":
			o.ResourcePolicyID, o.ResourcePolicyTags = "r"+granary.NewOrgPolicyID(), tags
		case len(tags) > 0:
			return granary.Errorf(granary.Invalid, "The organization has a resource policy, and Tags are for a new one: "+
				"tag-resource tags %s.", o.ResourcePolicyID).
				With("Reason", "TARGET_NOT_SUPPORTED")
		}
		o.ResourcePolicy = in.Content
		out = resourcePolicyShape(o)
		return nil
	})
	return &api.PutResourcePolicyOutput{ResourcePolicy: out}, err
}

func resourcePolicyShape(o *granary.Organization) *api.ResourcePolicy {
	return &api.ResourcePolicy{Content: policy.MapPrincipals(o.ResourcePolicy, policy.NormalPrincipal),
		ResourcePolicySummary: &api.ResourcePolicySummary{Id: o.ResourcePolicyID,
			Arn: string(resourcePolicyARN(o, o.ResourcePolicyID))}}
}

func resourcePolicyARN(o *granary.Organization, id string) granary.ARN {
	return granary.ARN("arn:aws:organizations::" + string(o.Management) + ":resourcepolicy/" + o.ID + "/" + id)
}

func noResourcePolicy() error {
	return granary.Errorf(granary.NotFound, "The organization has no resource policy.").
		WithCode("ResourcePolicyNotFoundException")
}

func (s resourcePolicy) describeResourcePolicy(*awsapi.Call,
	*api.DescribeResourcePolicyInput) (*api.DescribeResourcePolicyOutput, error) {
	o := s.Index.Org.Organization()
	if o.ResourcePolicy == "" {
		return nil, noResourcePolicy()
	}
	return &api.DescribeResourcePolicyOutput{ResourcePolicy: resourcePolicyShape(o)}, nil
}

func (s resourcePolicy) deleteResourcePolicy(c *awsapi.Call,
	_ *api.DeleteResourcePolicyInput) (*api.DeleteResourcePolicyOutput, error) {
	return &api.DeleteResourcePolicyOutput{}, s.changeOrganization(c, func(_ *store.Tx, o *granary.Organization) error {
		if o.ResourcePolicy == "" {
			return noResourcePolicy()
		}
		o.ResourcePolicy, o.ResourcePolicyID, o.ResourcePolicyTags = "", "", nil
		return nil
	})
}
