package organizations

import (
	"strings"

	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// maxAttached is the largest number of policies of one type on a target, with AWS's own.
const maxAttached = 5

// checkTarget returns an error unless the id names the root, a unit or an account.
func (s policies) checkTarget(tx *store.Tx, id string) error {
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
	return granary.Errorf(granary.NotFound, "The organization has nothing with the id %s.",
		id).WithCode("TargetNotFoundException")
}

// findAttached finds a policy, and the policies of its type that are attached to a target.
func (s policies) findAttached(tx *store.Tx, policy, target string) (*granary.OrgPolicy, []*granary.Attachment, error) {
	p, err := findPolicy(tx, policy)
	if err != nil {
		return nil, nil, err
	}
	if err := s.checkTarget(tx, target); err != nil {
		return nil, nil, err
	}
	list, err := tx.OrgAttachments.Of(target, p.Type)
	return p, list, err
}

// attachPolicy makes the policy apply to every account at or below the target, from the next request on.
func (s policies) attachPolicy(c *awsapi.Call, in *api.AttachPolicyInput) (*api.AttachPolicyOutput, error) {
	return &api.AttachPolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, list, err := s.findAttached(tx, in.PolicyId, in.TargetId)
		if err != nil {
			return err
		}
		o, err := tx.Organization.Get()
		switch {
		case err != nil:
			return err
		case !o.Enabled(p.Type):
			return granary.Errorf(granary.Conflict, "Policies of the type %s are switched off: enable-policy-type switches "+
				"them on.", p.Type).WithCode("PolicyTypeNotEnabledException")
		case len(list) >= maxAttached && !isAttached(list, p.ID):
			return violation("MAX_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "A target has at most five policies of a type.")
		}
		err = tx.OrgAttachments.Create(&granary.Attachment{Target: in.TargetId, Policy: p.ID, Type: p.Type})
		if granary.Is(err, granary.Exists) {
			return granary.Errorf(granary.Exists, "The policy %s is attached to %s already.", p.ID, in.TargetId).
				WithCode("DuplicatePolicyAttachmentException")
		}
		return err
	})
}

func isAttached(list []*granary.Attachment, policy string) bool {
	for _, a := range list {
		if a.Policy == policy {
			return true
		}
	}
	return false
}

// detachPolicy refuses to detach the last policy of a type: a target without any would allow nothing.
func (s policies) detachPolicy(c *awsapi.Call, in *api.DetachPolicyInput) (*api.DetachPolicyOutput, error) {
	return &api.DetachPolicyOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		p, list, err := s.findAttached(tx, in.PolicyId, in.TargetId)
		switch {
		case err != nil:
			return err
		case !isAttached(list, p.ID):
			return granary.Errorf(granary.NotFound, "The policy %s is not attached to %s.", p.ID, in.TargetId).
				WithCode("PolicyNotAttachedException")
		case p.ID == granary.FullResourceAccess:
			return granary.Errorf(granary.Invalid, "RCPFullAWSAccess cannot be detached: resource control policies only deny, "+
				"and something must allow.").With("Reason", "NON_DETACHABLE_POLICY")
		case len(list) == 1:
			return violation("MIN_POLICY_TYPE_ATTACHMENT_LIMIT_EXCEEDED", "The policy is the last of its type there: attach "+
				"another first, since without any nothing would be allowed.")
		}
		return tx.OrgAttachments.Delete(in.TargetId, p.ID)
	})
}

func (s policies) listPoliciesForTarget(c *awsapi.Call,
	in *api.ListPoliciesForTargetInput) (*api.ListPoliciesForTargetOutput, error) {
	var list []*granary.OrgPolicy
	err := s.DB.View(c, func(tx *store.Tx) error {
		if err := s.checkTarget(tx, in.TargetId); err != nil {
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
	list, next, err := paginate(awsapi.ListOf("organizations policies on", in.TargetId, in.Filter), list,
		func(p *granary.OrgPolicy) string { return p.ID }, in.MaxResults, in.NextToken)
	out := &api.ListPoliciesForTargetOutput{Policies: []api.PolicySummary{}, NextToken: next}
	for _, p := range list {
		out.Policies = append(out.Policies, *s.policySummary(p))
	}
	return out, err
}

func (s policies) listTargetsForPolicy(c *awsapi.Call,
	in *api.ListTargetsForPolicyInput) (*api.ListTargetsForPolicyOutput, error) {
	l := awsapi.ListOf("organizations targets of", in.PolicyId)
	after, limit, err := pageStart(l, in.MaxResults, in.NextToken)
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

func (s policies) targetShape(tx *store.Tx, o *granary.Organization, id string) (api.PolicyTargetSummary, error) {
	switch {
	case id == o.RootID:
		return api.PolicyTargetSummary{TargetId: id, Arn: string(o.RootARN()), Name: "Root", Type: "ROOT"}, nil
	case strings.HasPrefix(id, "ou-"):
		u, err := tx.OrgUnits.Get(id)
		if err != nil {
			return api.PolicyTargetSummary{}, err
		}
		return api.PolicyTargetSummary{TargetId: id, Arn: string(o.UnitARN(id)), Name: u.Name, Type: "ORGANIZATIONAL_UNIT"},
			nil
	}
	a, err := tx.Accounts.Get(granary.AccountID(id))
	if err != nil {
		return api.PolicyTargetSummary{}, err
	}
	return api.PolicyTargetSummary{TargetId: id, Arn: string(o.AccountARN(a.ID)), Name: a.Name, Type: "ACCOUNT"}, nil
}
