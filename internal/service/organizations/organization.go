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
		AvailablePolicyTypes: []api.PolicyTypeSummary{}}}, nil
}

// createOrganization is refused always: the organization is there from the first start.
func (s *service) createOrganization(*awsapi.Call, *api.CreateOrganizationInput) (*api.CreateOrganizationOutput, error) {
	return nil, granary.Errorf(granary.Conflict, "The account is already a member of an organization.").WithCode("AlreadyInOrganizationException")
}

func (s *service) listRoots(*awsapi.Call, *api.ListRootsInput) (*api.ListRootsOutput, error) {
	o := s.Index.Organization()
	return &api.ListRootsOutput{Roots: []api.Root{{Arn: string(o.RootARN()), Id: o.RootID, Name: "Root", PolicyTypes: []api.PolicyTypeSummary{}}}}, nil
}

// underRoot refuses parents other than the root: there are no organizational units.
func (s *service) underRoot(parent string) error {
	if parent != s.Index.Organization().RootID {
		return granary.Errorf(granary.NotFound, "There is no root or organizational unit %s: list-roots shows the root.", parent).WithCode("ParentNotFoundException")
	}
	return nil
}

func (s *service) listUnits(_ *awsapi.Call, in *api.ListOrganizationalUnitsForParentInput) (*api.ListOrganizationalUnitsForParentOutput, error) {
	return &api.ListOrganizationalUnitsForParentOutput{OrganizationalUnits: []api.OrganizationalUnit{}}, s.underRoot(in.ParentId)
}

func (s *service) listParents(_ *awsapi.Call, in *api.ListParentsInput) (*api.ListParentsOutput, error) {
	if _, ok := s.Index.Account(granary.AccountID(in.ChildId)); !ok {
		return nil, granary.Errorf(granary.NotFound, "The organization has no account %s.", in.ChildId).WithCode("ChildNotFoundException")
	}
	return &api.ListParentsOutput{Parents: []api.Parent{{Id: s.Index.Organization().RootID, Type: "ROOT"}}}, nil
}

func (s *service) listChildren(c *awsapi.Call, in *api.ListChildrenInput) (*api.ListChildrenOutput, error) {
	if err := s.underRoot(in.ParentId); err != nil {
		return nil, err
	}
	out := &api.ListChildrenOutput{Children: []api.Child{}}
	if in.ChildType != "ACCOUNT" {
		return out, nil
	}
	list, next, err := s.page(c, in.MaxResults, in.NextToken)
	for _, a := range list {
		out.Children = append(out.Children, api.Child{Id: string(a.ID), Type: "ACCOUNT"})
	}
	out.NextToken = next
	return out, err
}
