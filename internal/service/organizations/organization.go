package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s organization) describeOrganization(c *awsapi.Call,
	_ *api.DescribeOrganizationInput) (*api.DescribeOrganizationOutput, error) {
	o := s.Index.Org.Organization()
	master, _ := s.Index.Org.Account(o.Management)
	return &api.DescribeOrganizationOutput{Organization: &api.Organization{Arn: string(o.ARN()), Id: o.ID,
		FeatureSet:       "ALL",
		MasterAccountArn: string(o.AccountARN(o.Management)), MasterAccountId: string(o.Management),
		MasterAccountEmail:   emailOf(master),
		AvailablePolicyTypes: policyTypes(o)}}, nil
}

// createOrganization always refuses: the organization exists from the first start on.
func (s organization) createOrganization(*awsapi.Call, *api.CreateOrganizationInput) (*api.CreateOrganizationOutput,
	error) {
	return nil, granary.Errorf(granary.Conflict, "The account is already a member of an organization.").
		WithCode("AlreadyInOrganizationException")
}

// deleteOrganization always refuses: the organization exists as long as the installation does.
func (s organization) deleteOrganization(c *awsapi.Call, _ *api.DeleteOrganizationInput) (*api.DeleteOrganizationOutput,
	error) {
	return nil, s.DB.View(c, func(tx *store.Tx) error {
		list, _, err := tx.Accounts.List("", 2)
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return granary.Errorf(granary.Conflict, "The organization has member accounts.").
				WithCode("OrganizationNotEmptyException")
		}
		return violation("ACCOUNT_CANNOT_LEAVE_ORGANIZATION", "The organization belongs to this installation and cannot be "+
			"deleted: every account here, the management account too, belongs to it.")
	})
}

func (s organization) leaveOrganization(c *awsapi.Call, _ *api.LeaveOrganizationInput) (*api.LeaveOrganizationOutput,
	error) {
	return nil, s.refuseToLeave(c, c.Caller.Account)
}

func (s organization) enableAllFeatures(*awsapi.Call, *api.EnableAllFeaturesInput) (*api.EnableAllFeaturesOutput,
	error) {
	return nil, handshakeViolation("ORGANIZATION_ALREADY_HAS_ALL_FEATURES", "The organization has all features already.")
}

func (s organization) listRoots(_ *awsapi.Call, in *api.ListRootsInput) (*api.ListRootsOutput, error) {
	list, next, err := paginate(awsapi.ListOf("organizations roots"), []api.Root{*rootShape(s.Index.Org.Organization())},
		func(r api.Root) string { return r.Id }, in.MaxResults, in.NextToken)
	return &api.ListRootsOutput{Roots: list, NextToken: next}, err
}

// policyTypes lists the policy types that are enabled.
func policyTypes(o *granary.Organization) []api.PolicyTypeSummary {
	out := []api.PolicyTypeSummary{}
	for _, t := range []string{granary.ServiceControl, granary.ResourceControl} {
		if o.Enabled(t) {
			out = append(out, api.PolicyTypeSummary{Type: t, Status: "ENABLED"})
		}
	}
	return out
}

func rootShape(o *granary.Organization) *api.Root {
	return &api.Root{Arn: string(o.RootARN()), Id: o.RootID, Name: "Root", PolicyTypes: policyTypes(o)}
}

// changeOrganization reads, changes and writes the record of the organization in one transaction.
func (s *service) changeOrganization(c *awsapi.Call, fn func(tx *store.Tx, o *granary.Organization) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		o, err := tx.Organization.Get()
		if err != nil {
			return err
		}
		if err := fn(tx, o); err != nil {
			return err
		}
		return tx.Organization.Put(o)
	})
}
