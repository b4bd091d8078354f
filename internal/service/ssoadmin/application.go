package ssoadmin

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"

	"granary"
	"granary/internal/access"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// customProvider is the one provider whose applications customers make.
const customProvider = "arn:aws:sso::aws:applicationProvider/custom"

func (s applications) createApplication(c *awsapi.Call, in *api.CreateApplicationInput) (
	out *api.CreateApplicationOutput, err error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, granary.Errorf(granary.NotFound, "There is no Identity Center instance %s that this account can use.",
			in.InstanceArn)
	}
	if in.ApplicationProviderArn != customProvider {
		return nil, granary.Errorf(granary.Invalid, "Applications can be made from the provider %s only, and not from %s.",
			customProvider, in.ApplicationProviderArn)
	}
	tags, err := mergeTags(nil, in.Tags)
	if err != nil {
		return nil, err
	}
	portal, err := portalJSON(in.PortalOptions)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		out, err = once(tx, c, "CreateApplication", in.ClientToken, in, func() (*api.CreateApplicationOutput, error) {
			if err := confirmInstance(tx, i); err != nil {
				return nil, err
			}
			a := &granary.Application{ID: "apl-" + granary.Hex(16), Instance: i.ID, Account: c.Caller.Account, Region: c.Region,
				Provider: customProvider,
				Name:     in.Name, Description: in.Description, Portal: portal, Disabled: in.Status == "DISABLED",
				ClientID:           clientID(c.Region),
				AssignmentRequired: s.AssignmentRequired, Tags: tags, Created: c.Now.UTC()}
			return &api.CreateApplicationOutput{ApplicationArn: string(a.ARN()), InstanceArn: string(i.ARN()),
					IdentityStoreArn: string(i.StoreARN())},
				tx.Applications.Create(a)
		})
		return err
	})
	return out, err
}

// clientID is the audience of the application's identity tokens: random bytes and the Region, as AWS makes them.
func clientID(region string) string {
	b := make([]byte, 16, 16+len(region))
	rand.Read(b)
	return base64.RawURLEncoding.EncodeToString(append(b, region...))
}

func portalJSON(p *api.PortalOptions) (json.RawMessage, error) {
	if p == nil {
		return nil, nil
	}
	if err := checkSignIn(p.SignInOptions); err != nil {
		return nil, err
	}
	return json.Marshal(p)
}

func checkSignIn(o *api.SignInOptions) error {
	if o != nil && o.Origin == "APPLICATION" && o.ApplicationUrl == "" {
		return granary.Errorf(granary.Invalid, "An ApplicationUrl is required when the sign-in Origin is APPLICATION.")
	}
	return nil
}

func (s applications) shape(a *granary.Application) api.Application {
	out := api.Application{ApplicationAccount: string(a.Account), ApplicationArn: string(a.ARN()),
		ApplicationProviderArn: string(a.Provider),
		CreatedDate:            a.Created, CreatedFrom: a.Region, Description: a.Description,
		InstanceArn: string(granary.IdentityCenterARN(a.Instance)),
		Name:        a.Name, PortalOptions: &api.PortalOptions{}, Status: "ENABLED"}
	if a.Disabled {
		out.Status = "DISABLED"
	}
	if len(a.Portal) > 0 {
		_ = json.Unmarshal(a.Portal, out.PortalOptions) // ours
	}
	if out.PortalOptions.Visibility == "" {
		out.PortalOptions.Visibility = "ENABLED"
		if a.Managed {
			out.PortalOptions.Visibility = "DISABLED"
		}
	}
	if i, ok := s.Index.Center.InstanceByID(a.Instance); ok {
		out.IdentityStoreArn = string(i.StoreARN())
	}
	return out
}

func (s applications) describeApplication(_ *awsapi.Call, in *api.DescribeApplicationInput) (
	*api.DescribeApplicationOutput, error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	out := api.DescribeApplicationOutput(s.shape(a.Application))
	return &out, nil
}

// changeApplication reads, changes and writes an application.
func (s applications) changeApplication(c *awsapi.Call, arn string,
	change func(*store.Tx, *granary.Application) error) error {
	return s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Applications.Get(granary.ARN(arn))
		if granary.Is(err, granary.NotFound) {
			return noApplication(arn)
		}
		if err != nil {
			return err
		}
		if err := change(tx, a); err != nil {
			return err
		}
		return tx.Applications.Update(a)
	})
}

func (s applications) updateApplication(c *awsapi.Call, in *api.UpdateApplicationInput) (*api.UpdateApplicationOutput,
	error) {
	return &api.UpdateApplicationOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			if in.Name != "" {
				a.Name = in.Name
			}
			if in.Description != "" {
				a.Description = in.Description
			}
			if in.Status != "" {
				a.Disabled = in.Status == "DISABLED"
			}
			if in.PortalOptions == nil || in.PortalOptions.SignInOptions == nil {
				return nil
			}
			var p api.PortalOptions
			if len(a.Portal) > 0 {
				_ = json.Unmarshal(a.Portal, &p) // ours
			}
			p.SignInOptions = in.PortalOptions.SignInOptions
			var err error
			a.Portal, err = portalJSON(&p)
			return err
		})
}

func (s applications) deleteApplication(c *awsapi.Call, in *api.DeleteApplicationInput) (*api.DeleteApplicationOutput,
	error) {
	return &api.DeleteApplicationOutput{}, s.DB.Update(c, func(tx *store.Tx) error {
		a, err := tx.Applications.Get(granary.ARN(in.ApplicationArn))
		if granary.Is(err, granary.NotFound) {
			return noApplication(in.ApplicationArn)
		}
		if err != nil {
			return err
		}
		if a.Managed {
			return granary.Errorf(granary.Conflict, "This application belongs to an S3 Access Grants instance: dissociate "+
				"that from Identity Center instead.")
		}
		return tx.Applications.Delete(a.ARN())
	})
}

// listApplications shows the account that owns the instance all, and others their own.
func (s applications) listApplications(c *awsapi.Call, in *api.ListApplicationsInput) (*api.ListApplicationsOutput,
	error) {
	i, err := s.instance(c, in.InstanceArn)
	if err != nil {
		return nil, err
	}
	f := api.ListApplicationsFilter{}
	if in.Filter != nil {
		f = *in.Filter
	}
	if !access.Administers(s.Index, i, c.Caller.Account) && f.ApplicationAccount != string(c.Caller.Account) {
		return nil,
			granary.Errorf(granary.Denied, "This account lists its own applications only: give Filter.ApplicationAccount=%s.",
				c.Caller.Account)
	}
	pages := awsapi.ListOf("applications", i.ID, f.ApplicationAccount, f.ApplicationProvider)
	after, limit, err := pages.Page(in.MaxResults, in.NextToken, 100)
	if err != nil {
		return nil, err
	}
	out := &api.ListApplicationsOutput{Applications: []api.Application{}}
	err = s.DB.View(c, func(tx *store.Tx) error {
		list, next, err := tx.Applications.Find(i.ID, granary.AccountID(f.ApplicationAccount),
			granary.ARN(f.ApplicationProvider), granary.ARN(after), limit)
		for _, a := range list {
			out.Applications = append(out.Applications, s.shape(a))
		}
		out.NextToken = pages.NextToken(next)
		return err
	})
	return out, err
}

// providers are what applications are made from: by customers from the first, by S3 Access Grants from the second.
var providers = []api.ApplicationProvider{
	{ApplicationProviderArn: customProvider, FederationProtocol: "OAUTH",
		DisplayData: &api.DisplayData{DisplayName: "Custom application",
			Description: "An application of your own that exchanges tokens"},
		ResourceServerConfig: &api.ResourceServerConfig{Scopes: map[string]api.ResourceServerScopeDetails{
			"s3:access_grants:read_write": {DetailedTitle: "S3 Access Grants",
				LongDescription: "Access to data that S3 Access Grants gives the signed-in person"}}}},
	{ApplicationProviderArn: string(granary.AccessGrantsProvider), FederationProtocol: "OAUTH",
		DisplayData: &api.DisplayData{DisplayName: "S3 Access Grants", Description: "What an S3 Access Grants instance has " +
			"in Identity Center; made by associating them"}},
}

func (s applications) listProviders(_ *awsapi.Call, in *api.ListApplicationProvidersInput) (
	*api.ListApplicationProvidersOutput, error) {
	list, next, err := awsapi.CutOf(awsapi.ListOf("providers"), providers,
		func(p api.ApplicationProvider) string { return p.ApplicationProviderArn }, in.MaxResults, in.NextToken, 100)
	return &api.ListApplicationProvidersOutput{ApplicationProviders: list, NextToken: next}, err
}

func (s applications) describeProvider(_ *awsapi.Call, in *api.DescribeApplicationProviderInput) (
	*api.DescribeApplicationProviderOutput, error) {
	for _, p := range providers {
		if p.ApplicationProviderArn == in.ApplicationProviderArn {
			out := api.DescribeApplicationProviderOutput(p)
			return &out, nil
		}
	}
	return nil, granary.Errorf(granary.NotFound, "There is no application provider %s.", in.ApplicationProviderArn)
}
