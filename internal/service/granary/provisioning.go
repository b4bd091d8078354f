package granary

import (
	"granary"
	api "granary/internal/api/granary"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// scimEndpoint is where an identity provider provisions to.
func (s *service) scimEndpoint(ic *granary.IdentityCenter) string {
	return s.WebURL() + "/" + ic.ScimTenant + "/scim/v2"
}

func (s *service) describeProvisioning(_ *awsapi.Call,
	in *api.DescribeProvisioningInput) (*api.DescribeProvisioningOutput, error) {
	ic, err := s.center(granary.StoreID(in.IdentityStoreId))
	if err != nil {
		return nil, err
	}
	enabled := !ic.ScimDisabled
	return &api.DescribeProvisioningOutput{IdentityStoreId: in.IdentityStoreId, Enabled: &enabled,
		Endpoint: s.scimEndpoint(ic)}, nil
}

// putProvisioning switches SCIM on or off. The tokens stay, and are refused while it is off.
func (s *service) putProvisioning(c *awsapi.Call, in *api.PutProvisioningInput) (*api.PutProvisioningOutput, error) {
	if in.Enabled == nil {
		return nil, granary.Errorf(granary.Invalid, "Enabled must be given: true or false.")
	}
	ic, err := s.center(granary.StoreID(in.IdentityStoreId))
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		now, err := tx.IdentityCenters.Get(ic.ID)
		if err != nil {
			return err
		}
		now.ScimDisabled = !*in.Enabled
		return tx.IdentityCenters.Update(now)
	})
	if err != nil {
		return nil, err
	}
	return &api.PutProvisioningOutput{IdentityStoreId: in.IdentityStoreId, Enabled: in.Enabled,
		Endpoint: s.scimEndpoint(ic)}, nil
}
