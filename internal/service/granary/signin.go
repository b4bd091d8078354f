package granary

import (
	"granary"
	"granary/internal/access"
	api "granary/internal/api/granary"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// checkInstance checks against an Identity Center instance: its account's, and for the organization's the delegated
// administrator's.
func (s *service) checkInstance(c *awsapi.Call, arn string) ([]authz.Request, error) {
	r := authz.Request{Resource: arn}
	if i, ok := s.Index.Center.Instance(granary.ARN(arn)); ok {
		if !access.Administers(s.Index, i, c.Caller.Account) {
			r.Owner = i.Account
		}
	}
	return []authz.Request{r}, nil
}

func (s *service) instance(arn string) (*granary.IdentityCenter, error) {
	i, ok := s.Index.Center.Instance(granary.ARN(arn))
	if !ok {
		return nil, noInstance(arn)
	}
	return i, nil
}

func noInstance(arn string) error {
	return granary.Errorf(granary.NotFound, "There is no Identity Center instance %q; aws sso-admin list-instances shows "+
		"those there are.", arn)
}

func noIssuer(arn string) error {
	return granary.Errorf(granary.Invalid, "%q is no trusted token issuer of this instance; aws sso-admin "+
		"list-trusted-token-issuers shows them.", arn)
}

// putSignInProvider says where an instance's browsers sign in. Without ClientSecret the old secret stays, unless issuer
// or client change; an empty one is a public client's, which has no secret.
func (s *service) putSignInProvider(c *awsapi.Call, in *api.PutSignInProviderInput) (*api.PutSignInProviderOutput,
	error) {
	i, err := s.instance(in.InstanceArn)
	if err != nil {
		return nil, err
	}
	issuer, ok := s.Index.Center.Issuer(granary.ARN(granary.CollapseSSO(in.TrustedTokenIssuerArn)))
	if !ok || issuer.Instance != i.ID {
		return nil, noIssuer(in.TrustedTokenIssuerArn)
	}
	if err := s.Rule.Vouches(issuer); err != nil {
		return nil, err
	}
	p := &granary.SignInProvider{Instance: i.ID, Issuer: issuer.ARN(), ClientID: in.ClientId, Scopes: in.Scopes,
		Updated: c.Now.UTC()}
	if p.Scopes == nil {
		p.Scopes = []string{"profile", "email"}
	}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		// The instance or the issuer may have been deleted since the request found them.
		if _, err := tx.IdentityCenters.Get(i.ID); granary.Is(err, granary.NotFound) {
			return noInstance(in.InstanceArn)
		} else if err != nil {
			return err
		}
		if _, err := tx.Issuers.Get(issuer.ARN()); granary.Is(err, granary.NotFound) {
			return noIssuer(in.TrustedTokenIssuerArn)
		} else if err != nil {
			return err
		}
		old, err := tx.SignInProviders.Get(i.ID)
		switch {
		case in.ClientSecret != nil:
			p.ClientSecret = *in.ClientSecret
		case err == nil && old.ClientID == p.ClientID && old.Issuer == p.Issuer:
			p.ClientSecret = old.ClientSecret
		case err != nil && !granary.Is(err, granary.NotFound):
			return err
		}
		return tx.SignInProviders.Put(p)
	})
	if err != nil {
		return nil, err
	}
	out := api.PutSignInProviderOutput(s.signInShape(i, p, issuer))
	return &out, nil
}

// signInShape tells everything but the secret, and the redirect URI to register with the provider.
func (s *service) signInShape(i *granary.IdentityCenter, p *granary.SignInProvider,
	issuer *granary.Issuer) api.DescribeSignInProviderOutput {
	out := api.DescribeSignInProviderOutput{InstanceArn: string(i.ARN()), TrustedTokenIssuerArn: string(p.Issuer),
		ClientId: p.ClientID, Scopes: p.Scopes,
		RedirectUri: s.WebURL() + "/authorize/callback", UpdatedAt: p.Updated}
	if issuer != nil {
		out.IssuerUrl = issuer.URL
	}
	return out
}

func noSignInProvider(arn string) error {
	return granary.Errorf(granary.NotFound, "The instance %s has no sign-in provider: set one with granary signin set.",
		arn)
}

func (s *service) describeSignInProvider(_ *awsapi.Call,
	in *api.DescribeSignInProviderInput) (*api.DescribeSignInProviderOutput, error) {
	i, err := s.instance(in.InstanceArn)
	if err != nil {
		return nil, err
	}
	p, ok := s.Index.Center.SignInProvider(i.ID)
	if !ok {
		return nil, noSignInProvider(in.InstanceArn)
	}
	issuer, _ := s.Index.Center.Issuer(p.Issuer)
	out := s.signInShape(i, p, issuer)
	return &out, nil
}

func (s *service) deleteSignInProvider(c *awsapi.Call,
	in *api.DeleteSignInProviderInput) (*api.DeleteSignInProviderOutput, error) {
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
