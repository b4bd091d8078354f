package s3control

import (
	"strings"

	"granary"
	api "granary/internal/api/s3control"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// associationRequests are what the caller must be allowed beside the operation itself (access-grants §3).
func associationRequests(center string) []authz.Request {
	var out []authz.Request
	for _, action := range []string{"sso:DescribeInstance", "sso:CreateApplication", "sso:PutApplicationGrant",
		"sso:PutApplicationAuthenticationMethod"} {
		out = append(out, authz.Request{Action: action, Resource: granary.CollapseSSO(center)})
	}
	return out
}

func (s instances) checkAssociate(c *awsapi.Call, in *api.AssociateAccessGrantsIdentityCenterInput) ([]authz.Request,
	error) {
	return append([]authz.Request{s.onInstance(c)}, associationRequests(in.IdentityCenterArn)[1:]...), ours(c)
}

func (s instances) checkDissociate(c *awsapi.Call, _ *api.DissociateAccessGrantsIdentityCenterInput) ([]authz.Request,
	error) {
	list := []authz.Request{s.onInstance(c)}
	if i, ok := s.Index.Grants.Instance(c.Account, c.Region); ok && i.Application != "" {
		list = append(list, authz.Request{Action: "sso:DeleteApplication", Resource: string(i.Application)})
	}
	return list, ours(c)
}

func (s instances) associate(c *awsapi.Call, in *api.AssociateAccessGrantsIdentityCenterInput) (
	*api.AssociateAccessGrantsIdentityCenterOutput, error) {
	return &api.AssociateAccessGrantsIdentityCenterOutput{},
		s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
			switch {
			case string(i.IdentityCenter) == granary.CollapseSSO(in.IdentityCenterArn):
				return nil
			case i.IdentityCenter != "":
				return granary.Errorf(granary.Invalid, "The instance is associated with %s: dissociate it first.", i.IdentityCenter)
			}
			if err := associate(tx, c, i, in.IdentityCenterArn); err != nil {
				return err
			}
			return tx.GrantsInstances.Update(i)
		})
}

// associate makes the application that stands for the Access Grants instance in the Identity Center instance.
func associate(tx *store.Tx, c *awsapi.Call, i *granary.GrantsInstance, arn string) error {
	bad := granary.Errorf(granary.Invalid, "The specified identity center instance is invalid: %q is none that this "+
		"account can use in %s.", arn, c.Region).
		WithCode("InvalidIdentityCenterInstance")
	id, ok := strings.CutPrefix(granary.CollapseSSO(arn), "arn:aws:sso:::instance/")
	if !ok {
		return bad
	}
	center, err := tx.IdentityCenters.Get(id)
	if granary.Is(err, granary.NotFound) || err == nil && (center.Region != c.Region || !center.Organization &&
		center.Account != c.Account) {
		return bad
	}
	if err != nil {
		return err
	}
	app := &granary.Application{ID: "apl-" + granary.Hex(16), Instance: center.ID, Account: c.Account, Region: c.Region,
		Provider: granary.AccessGrantsProvider,
		Name:     "S3AccessGrants-" + c.Region, ClientID: granary.Hex(32), Managed: true, Created: c.Now.UTC()}
	i.IdentityCenter, i.Application = center.ARN(), app.ARN()
	return tx.Applications.Create(app)
}

func (s instances) dissociate(c *awsapi.Call, _ *api.DissociateAccessGrantsIdentityCenterInput) (
	*api.DissociateAccessGrantsIdentityCenterOutput, error) {
	return &api.DissociateAccessGrantsIdentityCenterOutput{},
		s.changeInstance(c, func(tx *store.Tx, i *granary.GrantsInstance) error {
			if i.IdentityCenter == "" {
				return nil
			}
			if err := tx.Applications.Delete(i.Application); err != nil && !granary.Is(err, granary.NotFound) {
				return err
			}
			i.IdentityCenter, i.Application = "", ""
			return tx.GrantsInstances.Update(i)
		})
}
