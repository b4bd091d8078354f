package ssoadmin

import (
	"net/url"
	"slices"

	"granary"
	api "granary/internal/api/ssoadmin"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// The grant types (identity-center §6).
const (
	grantCode      = "authorization_code"
	grantRefresh   = "refresh_token"
	grantJWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"
	grantExchange  = "urn:ietf:params:oauth:grant-type:token-exchange"
)

var grantTypes = []string{grantCode, grantRefresh, grantJWTBearer, grantExchange}

func (s applications) putGrant(c *awsapi.Call, in *api.PutApplicationGrantInput) (*api.PutApplicationGrantOutput,
	error) {
	g := in.Grant
	given := map[string]bool{grantCode: g.AuthorizationCode != nil, grantRefresh: g.RefreshToken != nil,
		grantJWTBearer: g.JwtBearer != nil, grantExchange: g.TokenExchange != nil}
	n := 0
	for _, is := range given {
		if is {
			n++
		}
	}
	if n != 1 || !given[in.GrantType] {
		return nil, granary.Errorf(granary.Invalid, "The Grant must have the one member that belongs to the grant type %s.",
			in.GrantType)
	}
	return &api.PutApplicationGrantOutput{},
		s.changeApplication(c, in.ApplicationArn, func(tx *store.Tx, a *granary.Application) (err error) {
			switch in.GrantType {
			case grantCode:
				a.Grants.RedirectURIs, err = redirects(g.AuthorizationCode.RedirectUris)
			case grantRefresh:
				a.Grants.RefreshToken = true
			case grantExchange:
				a.Grants.TokenExchange = true
			case grantJWTBearer:
				a.Grants.JWTBearer, err = s.bearerIssuers(tx, a, g.JwtBearer.AuthorizedTokenIssuers)
			}
			return err
		})
}

func redirects(list []string) ([]string, error) {
	if len(list) == 0 {
		return nil, granary.Errorf(granary.Invalid, "An authorization_code grant needs at least one redirect URI.")
	}
	for _, text := range list {
		u, err := url.Parse(text)
		loopback := err == nil && (u.Hostname() == "localhost" || u.Hostname() == "127.0.0.1" || u.Hostname() == "::1")
		if err != nil || u.Host == "" || u.Fragment != "" || u.Scheme != "https" && !(u.Scheme == "http" && loopback) {
			return nil, granary.Errorf(granary.Invalid, "The redirect URI %q must be https, or http to this machine, and have "+
				"no fragment.", text)
		}
	}
	return list, nil
}

func (s applications) bearerIssuers(tx *store.Tx, a *granary.Application,
	list []api.AuthorizedTokenIssuer) ([]granary.JWTBearerIssuer, error) {
	if len(list) == 0 {
		return nil, granary.Errorf(granary.Invalid, "A jwt-bearer grant needs at least one AuthorizedTokenIssuer.")
	}
	out := make([]granary.JWTBearerIssuer, 0, len(list))
	for _, e := range list {
		t, err := tx.Issuers.Get(granary.ARN(e.TrustedTokenIssuerArn))
		if granary.Is(err, granary.NotFound) || err == nil && t.Instance != a.Instance {
			return nil, granary.Errorf(granary.Invalid, "The application's instance has no trusted token issuer %s.",
				e.TrustedTokenIssuerArn)
		}
		if err != nil {
			return nil, err
		}
		if err := s.Issuers.Vouches(t); err != nil {
			return nil, err
		}
		if len(e.AuthorizedAudiences) == 0 {
			return nil, granary.Errorf(granary.Invalid, "The issuer %s is given without AuthorizedAudiences, so no token of "+
				"it could ever be accepted.", e.TrustedTokenIssuerArn)
		}
		out = append(out, granary.JWTBearerIssuer{Issuer: t.ARN(), Audiences: e.AuthorizedAudiences})
	}
	return out, nil
}

// grantShape is one grant as AWS shapes it; nil when the application has none of the type.
func grantShape(a *granary.Application, grantType string) *api.Grant {
	switch {
	case grantType == grantCode && a.Grants.RedirectURIs != nil:
		return &api.Grant{AuthorizationCode: &api.AuthorizationCodeGrant{RedirectUris: a.Grants.RedirectURIs}}
	case grantType == grantRefresh && a.Grants.RefreshToken:
		return &api.Grant{RefreshToken: &api.RefreshTokenGrant{}}
	case grantType == grantExchange && a.Grants.TokenExchange:
		return &api.Grant{TokenExchange: &api.TokenExchangeGrant{}}
	case grantType == grantJWTBearer && a.Grants.JWTBearer != nil:
		g := &api.JwtBearerGrant{}
		for _, e := range a.Grants.JWTBearer {
			g.AuthorizedTokenIssuers = append(g.AuthorizedTokenIssuers,
				api.AuthorizedTokenIssuer{TrustedTokenIssuerArn: string(e.Issuer), AuthorizedAudiences: e.Audiences})
		}
		return &api.Grant{JwtBearer: g}
	}
	return nil
}

func (s applications) getGrant(_ *awsapi.Call, in *api.GetApplicationGrantInput) (*api.GetApplicationGrantOutput,
	error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	g := grantShape(a.Application, in.GrantType)
	if g == nil {
		return nil, granary.Errorf(granary.NotFound, "The application has no grant of type %s.", in.GrantType)
	}
	return &api.GetApplicationGrantOutput{Grant: g}, nil
}

func (s applications) deleteGrant(c *awsapi.Call, in *api.DeleteApplicationGrantInput) (
	*api.DeleteApplicationGrantOutput, error) {
	if !slices.Contains(grantTypes, in.GrantType) {
		return nil, granary.Errorf(granary.Invalid, "There is no grant type %q.", in.GrantType)
	}
	return &api.DeleteApplicationGrantOutput{},
		s.changeApplication(c, in.ApplicationArn, func(_ *store.Tx, a *granary.Application) error {
			switch in.GrantType {
			case grantCode:
				a.Grants.RedirectURIs = nil
			case grantRefresh:
				a.Grants.RefreshToken = false
			case grantExchange:
				a.Grants.TokenExchange = false
			case grantJWTBearer:
				a.Grants.JWTBearer = nil
			}
			return nil
		})
}

func (s applications) listGrants(_ *awsapi.Call, in *api.ListApplicationGrantsInput) (*api.ListApplicationGrantsOutput,
	error) {
	a, err := s.application(in.ApplicationArn)
	if err != nil {
		return nil, err
	}
	if _, _, err := awsapi.ListOf("grants", in.ApplicationArn).Page(nil, in.NextToken, len(grantTypes)); err != nil {
		// there is one page
		return nil, err
	}
	out := &api.ListApplicationGrantsOutput{Grants: []api.GrantItem{}}
	for _, t := range grantTypes {
		if g := grantShape(a.Application, t); g != nil {
			out.Grants = append(out.Grants, api.GrantItem{GrantType: t, Grant: g})
		}
	}
	return out, nil
}
