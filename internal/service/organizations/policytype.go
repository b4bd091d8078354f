package organizations

import (
	"maps"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// checkPolicyType refuses policy types that Granary does not have.
func checkPolicyType(policyType string) error {
	if policyType != granary.ServiceControl && policyType != granary.ResourceControl {
		return granary.Errorf(granary.NotImplemented, "Policies of the type %s are not here: there are "+
			"SERVICE_CONTROL_POLICY and RESOURCE_CONTROL_POLICY.", policyType).
			WithCode("PolicyTypeNotAvailableForOrganizationException")
	}
	return nil
}

// switchType enables or disables policies of a type. Both types are enabled from the beginning, unlike on AWS.
// Enabling a type that was never disabled is no error, so that scripts for AWS work.
func (s policies) switchType(c *awsapi.Call, root, policyType string, on bool) (shape *api.Root, err error) {
	if !s.isRoot(root) {
		return nil, granary.Errorf(granary.NotFound, "The organization has no root %s: list-roots shows it.",
			root).WithCode("RootNotFoundException")
	}
	if err := checkPolicyType(policyType); err != nil && on {
		return nil, err
	}
	err = s.changeOrganization(c, func(tx *store.Tx, o *granary.Organization) error {
		was, said := o.PolicyTypes[policyType]
		if checkPolicyType(policyType) != nil {
			was, said = false, true
		}
		switch {
		case on && said && was:
			return granary.Errorf(granary.Exists, "Policies of the type %s are switched on already.", policyType).
				WithCode("PolicyTypeAlreadyEnabledException")
		case !on && said && !was:
			return granary.Errorf(granary.Conflict, "Policies of the type %s are not switched on.", policyType).
				WithCode("PolicyTypeNotEnabledException")
		}
		o.PolicyTypes = maps.Clone(o.PolicyTypes)
		if o.PolicyTypes == nil {
			o.PolicyTypes = map[string]bool{}
		}
		o.PolicyTypes[policyType] = on
		shape = rootShape(o)
		if on {
			return nil
		}
		return tx.OrgAttachments.Reset(policyType) // as on AWS, enabling the type again does not attach them again
	})
	return shape, err
}

func (s policies) enablePolicyType(c *awsapi.Call, in *api.EnablePolicyTypeInput) (*api.EnablePolicyTypeOutput, error) {
	root, err := s.switchType(c, in.RootId, in.PolicyType, true)
	return &api.EnablePolicyTypeOutput{Root: root}, err
}

func (s policies) disablePolicyType(c *awsapi.Call, in *api.DisablePolicyTypeInput) (*api.DisablePolicyTypeOutput,
	error) {
	root, err := s.switchType(c, in.RootId, in.PolicyType, false)
	return &api.DisablePolicyTypeOutput{Root: root}, err
}

// checkEffectivePolicy lets an account ask for its own effective policy.
func (s policies) checkEffectivePolicy(c *awsapi.Call, in *api.DescribeEffectivePolicyInput) ([]authz.Request, error) {
	if in.TargetId == "" || in.TargetId == string(c.Caller.Account) {
		return s.requestsOn(aboutType(in.PolicyType, string(c.Caller.Account)), c.Caller.Account, nil), nil
	}
	return s.checkRead(c, aboutType(in.PolicyType, in.TargetId))
}

// describeEffectivePolicy finds none: effective policies are those of management policy types, which Granary does not
// have.
func (s policies) describeEffectivePolicy(c *awsapi.Call,
	in *api.DescribeEffectivePolicyInput) (*api.DescribeEffectivePolicyOutput, error) {
	if in.TargetId != "" {
		if _, ok := s.Index.Org.Account(granary.AccountID(in.TargetId)); !ok {
			return nil, noTarget(in.TargetId)
		}
	}
	return nil, noEffectivePolicy("The account has no effective policy of the type %s.", in.PolicyType)
}

// listInvalidPolicies finds none, as describeEffectivePolicy does.
func (s policies) listInvalidPolicies(_ *awsapi.Call, in *api.ListAccountsWithInvalidEffectivePolicyInput) (
	*api.ListAccountsWithInvalidEffectivePolicyOutput, error) {
	return nil, noEffectivePolicy("The organization has no policies of the type %s.", in.PolicyType)
}

func noEffectivePolicy(format, policyType string) error {
	return granary.Errorf(granary.NotFound, format, policyType).WithCode("EffectivePolicyNotFoundException")
}
