package organizations

import (
	"granary"
	api "granary/internal/api/organizations"
	"granary/internal/awsapi"
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

func (s *service) listRoots(*awsapi.Call, *api.ListRootsInput) (*api.ListRootsOutput, error) {
	return &api.ListRootsOutput{Roots: []api.Root{*rootShape(s.Index.Organization())}}, nil
}
