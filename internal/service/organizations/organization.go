package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
	"granary/internal/store"
)

func (s *service) describeOrganization(c *awsapi.Call, _ *api.DescribeOrganizationInput) (*api.DescribeOrganizationOutput, error) {
	o := s.Index.Organization()
	master, _ := s.Index.Account(o.Management)
	return &api.DescribeOrganizationOutput{Organization: &api.Organization{Arn: string(o.ARN()), Id: o.ID, FeatureSet: "ALL",
		MasterAccountArn: string(o.AccountARN(o.Management)), MasterAccountId: string(o.Management), MasterAccountEmail: email(master),
		AvailablePolicyTypes: types(o)}}, nil
}

// createOrganization is refused always: the organization is there from the first start.
func (s *service) createOrganization(*awsapi.Call, *api.CreateOrganizationInput) (*api.CreateOrganizationOutput, error) {
	return nil, granary.Errorf(granary.Conflict, "The account is already a member of an organization.").WithCode("AlreadyInOrganizationException")
}

// deleteOrganization is refused always: the organization is there as long as the installation is.
func (s *service) deleteOrganization(c *awsapi.Call, _ *api.DeleteOrganizationInput) (*api.DeleteOrganizationOutput, error) {
	return nil, s.DB.View(c, func(tx *store.Tx) error {
		list, _, err := tx.Accounts.List("", 2)
		if err != nil {
			return err
		}
		if len(list) > 1 {
			return granary.Errorf(granary.Conflict, "The organization has member accounts.").WithCode("OrganizationNotEmptyException")
		}
		return violation("ACCOUNT_CANNOT_LEAVE_ORGANIZATION", "The organization belongs to this installation and cannot be deleted: every account here, the management account too, belongs to it.")
	})
}

func (s *service) listRoots(_ *awsapi.Call, in *api.ListRootsInput) (*api.ListRootsOutput, error) {
	list, next, err := cut(awsapi.ListOf("organizations roots"), []api.Root{*rootShape(s.Index.Organization())}, func(r api.Root) string { return r.Id }, in.MaxResults, in.NextToken)
	return &api.ListRootsOutput{Roots: list, NextToken: next}, err
}
