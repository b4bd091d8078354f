package admin

import (
	"granary"
	api "granary/internal/api/granary"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// onInstance checks against an Identity Center instance: its account's, and for the organization's the delegated administrator's.
func onInstance[In any](s *service, arn func(*In) string) awsapi.Checks[In] {
	return func(c *awsapi.Call, in *In) ([]authz.Request, error) {
		r := authz.Request{Resource: arn(in)}
		if i, ok := s.Index.IdentityCenter(granary.ARN(arn(in))); ok {
			if !s.administers(i, c.Caller.Account) {
				r.Owner = i.Account
			}
		}
		return []authz.Request{r}, nil
	}
}

func (s *service) instance(arn string) (*granary.IdentityCenter, error) {
	i, ok := s.Index.IdentityCenter(granary.ARN(arn))
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "There is no Identity Center instance %q; aws sso-admin list-instances shows those there are.", arn)
	}
	return i, nil
}

// putSignInProvider says where an instance's browsers sign in. Without a new secret the old one stays.
func (s *service) putSignInProvider(c *awsapi.Call, in *api.PutSignInProviderInput) (*api.PutSignInProviderOutput, error) {
	i, err := s.instance(in.InstanceArn)
	if err != nil {
		return nil, err
	}
	issuer, ok := s.Index.Issuer(granary.ARN(granary.CollapseSSO(in.TrustedTokenIssuerArn)))
	if !ok || issuer.Instance != i.ID {
		return nil, granary.Errorf(granary.Invalid, "%q is no trusted token issuer of this instance; aws sso-admin list-trusted-token-issuers shows them.", in.TrustedTokenIssuerArn)
	}
	p := &granary.SignInProvider{Instance: i.ID, Issuer: issuer.ARN(), ClientID: in.ClientId, ClientSecret: in.ClientSecret, Scopes: in.Scopes, Updated: c.Now.UTC()}
	if old, ok := s.Index.SignInProvider(i.ID); ok && p.ClientSecret == "" && old.ClientID == p.ClientID && old.Issuer == p.Issuer {
		p.ClientSecret = old.ClientSecret
	}
	if p.Scopes == nil {
		p.Scopes = []string{"profile", "email"}
	}
	if err := s.DB.Update(c, func(tx *store.Tx) error { return tx.SignInProviders.Put(p) }); err != nil {
		return nil, err
	}
	out := api.PutSignInProviderOutput(s.signInShape(i, p, issuer))
	return &out, nil
}

// signInShape tells everything but the secret, and the redirect URI to register with the provider.
func (s *service) signInShape(i *granary.IdentityCenter, p *granary.SignInProvider, issuer *granary.Issuer) api.DescribeSignInProviderOutput {
	out := api.DescribeSignInProviderOutput{InstanceArn: string(i.ARN()), TrustedTokenIssuerArn: string(p.Issuer), ClientId: p.ClientID, Scopes: p.Scopes,
		RedirectUri: s.WebURL() + "/authorize/callback", UpdatedAt: p.Updated}
	if issuer != nil {
		out.IssuerUrl = issuer.URL
	}
	return out
}

func noSignInProvider(arn string) error {
	return granary.Errorf(granary.NotFound, "The instance %s has no sign-in provider: set one with granary signin set.", arn)
}

func (s *service) describeSignInProvider(_ *awsapi.Call, in *api.DescribeSignInProviderInput) (*api.DescribeSignInProviderOutput, error) {
	i, err := s.instance(in.InstanceArn)
	if err != nil {
		return nil, err
	}
	p, ok := s.Index.SignInProvider(i.ID)
	if !ok {
		return nil, noSignInProvider(in.InstanceArn)
	}
	issuer, _ := s.Index.Issuer(p.Issuer)
	out := s.signInShape(i, p, issuer)
	return &out, nil
}

func (s *service) deleteSignInProvider(c *awsapi.Call, in *api.DeleteSignInProviderInput) (*api.DeleteSignInProviderOutput, error) {
	i, err := s.instance(in.InstanceArn)
	if err != nil {
		return nil, err
	}
	err = s.DB.Update(c, func(tx *store.Tx) error { return tx.SignInProviders.Delete(i.ID) })
	if granary.Is(err, granary.NotFound) {
		err = noSignInProvider(in.InstanceArn)
	}
	return &api.DeleteSignInProviderOutput{}, err
}
