package organizations

import (
	"maps"
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// maxAttached is how many policies of a type a target has at most, AWS's own included.
const maxAttached = 5

// target refuses ids that name neither the root nor a unit nor an account.
func (s *service) target(tx *store.Tx, id string) error {
	var err error
	switch {
	case s.isRoot(id):
		return nil
	case strings.HasPrefix(id, "ou-"):
		_, err = tx.OrgUnits.Get(id)
	default:
		_, err = tx.Accounts.Get(granary.AccountID(id))
	}
	if granary.Is(err, granary.NotFound) {
		return noTarget(id)
	}
	return err
}

func noTarget(id string) error {
	return granary.Errorf(granary.NotFound, "The organization has nothing with the id %s.", id).WithCode("TargetNotFoundException")
}

// bound finds what AttachPolicy and DetachPolicy are about: the policy, and the target's policies of its type.
func (s *service) bound(tx *store.Tx, policy, target string) (*granary.OrgPolicy, []*granary.Attachment, error) {
	p, err := findPolicy(tx, policy)
	if err != nil {
		return nil, nil, err
	}
	if err := s.target(tx, target); err != nil {
		return nil, nil, err
	}
	list, err := tx.OrgAttachments.Of(target, p.Type)
	return p, list, err
}

// attachPolicy binds every account at or below the target from the next request.
func (s *service) attachPolicy(c *awsapi.Call, in *api.AttachPolicyInput) (*api.AttachPolicyOutput, error) {
	return &api.AttachPolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, list, err := s.bound(tx, in.PolicyId, in.TargetId)
		if err != nil {
			return err
		}
		o, err := tx.Organization.Get()
		switch {
		case err != nil:
			return err
		case !o.Enabled(p.Type):
			return granary.Errorf(granary.Conflict, "Policies of the type %s are switched off: enable-policy-type switches them on.", p.Type).WithCode("PolicyTypeNotEnabledException")
		case len(list) >= maxAttached && !attached(list, p.ID):
			return violation("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "A target has at most five policies of a type.")
		}
		err = tx.OrgAttachments.Create(&granary.Attachment{Target: in.TargetId, Policy: p.ID, Type: p.Type})
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "The policy %s is attached to %s already.", p.ID, in.TargetId).WithCode("DuplicatePolicyAttachmentException")
		}
		return err
	})
}

func attached(list []*granary.Attachment, policy string) bool {
	for _, a := range list {
		if a.Policy == policy {
			return true
		}
	}
	return false
}

// detachPolicy keeps one policy at least: a target without any would allow nothing.
func (s *service) detachPolicy(c *awsapi.Call, in *api.DetachPolicyInput) (*api.DetachPolicyOutput, error) {
	return &api.DetachPolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, list, err := s.bound(tx, in.PolicyId, in.TargetId)
		switch {
		case err != nil:
			return err
		case !attached(list, p.ID):
			return granary.Errorf(granary.NotFound, "The policy %s is not attached to %s.", p.ID, in.TargetId).WithCode("PolicyNotAttachedException")
		case p.ID == granary.FullResourceAccess:
			return granary.Errorf(granary.Invalid, "RCPFullAWSAccess cannot be detached: resource control policies only deny, and something must allow.").With("Reason", "NON_DETACHABLE_POLICY")
		case len(list) == 1:
			return violation("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "The policy is the last of its type there: attach another first, since without any nothing would be allowed.")
		}
		return tx.OrgAttachments.Delete(in.TargetId, p.ID)
	})
}

func (s *service) listPoliciesForTarget(c *awsapi.Call, in *api.ListPoliciesForTargetInput) (*api.ListPoliciesForTargetOutput, error) {
	var list []*granary.OrgPolicy
	err := s.DB.View(c, func(tx *store.Tx) error {
		if err := s.target(tx, in.TargetId); err != nil {
			return err
		}
		o, err := tx.Organization.Get()
		if err != nil || !o.Enabled(in.Filter) {
			return err
		}
		attachments, err := tx.OrgAttachments.Of(in.TargetId, in.Filter)
		if err != nil {
			return err
		}
		for _, a := range attachments {
			p, err := findPolicy(tx, a.Policy)
			if err != nil {
				return err
			}
			list = append(list, p)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	list, next, err := cut(awsapi.ListOf("organizations policies on", in.TargetId, in.Filter), list, func(p *granary.OrgPolicy) string { return p.ID }, in.MaxResults, in.NextToken)
	out := &api.ListPoliciesForTargetOutput{Policies: []api.PolicySummary{}, NextToken: next}
	for _, p := range list {
		out.Policies = append(out.Policies, *s.summary(p))
	}
	return out, err
}

func (s *service) listTargetsForPolicy(c *awsapi.Call, in *api.ListTargetsForPolicyInput) (*api.ListTargetsForPolicyOutput, error) {
	l := awsapi.ListOf("organizations targets of", in.PolicyId)
	after, limit, err := page(l, in.MaxResults, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.ListTargetsForPolicyOutput{Targets: []api.PolicyTargetSummary{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		p, err := findPolicy(tx, in.PolicyId)
		if err != nil {
			return err
		}
		o, err := tx.Organization.Get()
		if err != nil || !o.Enabled(p.Type) {
			return err
		}
		list, next, err := tx.OrgAttachments.Targets(p.ID, after, limit)
		if err != nil {
			return err
		}
		for _, a := range list {
			t, err := s.targetShape(tx, o, a.Target)
			if err != nil {
				return err
			}
			out.Targets = append(out.Targets, t)
		}
		out.NextToken = l.NextToken(next)
		return nil
	})
	return out, err
}

func (s *service) targetShape(tx *store.Tx, o *granary.Organization, id string) (api.PolicyTargetSummary, error) {
	switch {
	case id == o.RootID:
		return api.PolicyTargetSummary{TargetId: id, Arn: string(o.RootARN()), Name: "Root", Type: "ROOT"}, nil
	case strings.HasPrefix(id, "ou-"):
		u, err := tx.OrgUnits.Get(id)
		if err != nil {
			return api.PolicyTargetSummary{}, err
		}
		return api.PolicyTargetSummary{TargetId: id, Arn: string(o.UnitARN(id)), Name: u.Name, Type: "ORGANIZATIONAL_UNIT"}, nil
	}
	a, err := tx.Accounts.Get(granary.AccountID(id))
	if err != nil {
		return api.PolicyTargetSummary{}, err
	}
	return api.PolicyTargetSummary{TargetId: id, Arn: string(o.AccountARN(a.ID)), Name: a.Name, Type: "ACCOUNT"}, nil
}

// types is the policy types of the root that have effect.
func types(o *granary.Organization) []api.PolicyTypeSummary {
	out := []api.PolicyTypeSummary{}
	for _, t := range []string{granary.ServiceControl, granary.ResourceControl} {
		if o.Enabled(t) {
			out = append(out, api.PolicyTypeSummary{Type: t, Status: "ENABLED"})
		}
	}
	return out
}

func rootShape(o *granary.Organization) *api.Root {
	return &api.Root{Arn: string(o.RootARN()), Id: o.RootID, Name: "Root", PolicyTypes: types(o)}
}

// switchType switches policies of a type on or off. Both types are on from the beginning; switching on what nobody has switched is
// no error, so that what was written for AWS, where they begin switched off, works.
func (s *service) switchType(c *awsapi.Call, root, policyType string, on bool) (shape *api.Root, err error) {
	if !s.isRoot(root) {
		return nil, granary.Errorf(granary.NotFound, "The organization has no root %s: list-roots shows it.", root).WithCode("RootNotFoundException")
	}
	if err := available(policyType); err != nil && on {
		return nil, err
	}
	err = s.change(c, func(tx *store.Tx, o *granary.Organization) error {
		was, said := o.PolicyTypes[policyType]
		if available(policyType) != nil {
			was, said = false, true
		}
		switch {
		case on && said && was:
			return granary.Errorf(granary.Exists, "Policies of the type %s are switched on already.", policyType).WithCode("PolicyTypeAlreadyEnabledException")
		case !on && said && !was:
			return granary.Errorf(granary.Conflict, "Policies of the type %s are not switched on.", policyType).WithCode("PolicyTypeNotEnabledException")
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
		return tx.OrgAttachments.Reset(policyType) // as on AWS, what was attached is not when they are switched on again
	})
	return shape, err
}

func (s *service) enablePolicyType(c *awsapi.Call, in *api.EnablePolicyTypeInput) (*api.EnablePolicyTypeOutput, error) {
	root, err := s.switchType(c, in.RootId, in.PolicyType, true)
	return &api.EnablePolicyTypeOutput{Root: root}, err
}

func (s *service) disablePolicyType(c *awsapi.Call, in *api.DisablePolicyTypeInput) (*api.DisablePolicyTypeOutput, error) {
	root, err := s.switchType(c, in.RootId, in.PolicyType, false)
	return &api.DisablePolicyTypeOutput{Root: root}, err
}

// listInvalidPolicies has nothing to list, as describeEffectivePolicy has nothing to describe.
func (s *service) listInvalidPolicies(_ *awsapi.Call, in *api.ListAccountsWithInvalidEffectivePolicyInput) (*api.ListAccountsWithInvalidEffectivePolicyOutput, error) {
	return nil, noEffectivePolicy("The organization has no policies of the type %s.", in.PolicyType)
}

func noEffectivePolicy(format, policyType string) error {
	return granary.Errorf(granary.NotFound, format, policyType).WithCode("EffectivePolicyNotFoundException")
}

// describeEffectivePolicy knows of management policies only, on AWS too, and none of those is here.
func (s *service) describeEffectivePolicy(c *awsapi.Call, in *api.DescribeEffectivePolicyInput) (*api.DescribeEffectivePolicyOutput, error) {
	if in.TargetId != "" {
		if _, ok := s.Index.Account(granary.AccountID(in.TargetId)); !ok {
			return nil, noTarget(in.TargetId)
		}
	}
	return nil, noEffectivePolicy("The account has no effective policy of the type %s.", in.PolicyType)
}
