package idtoken

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"golang.org/x/oauth2"
)

// RelyingParty is Granary's registration as a client of a company's OpenID Connect provider, for browser sign-in.
type RelyingParty struct {
	Issuer       string
	ClientID     string
	ClientSecret string   // "" for a public client
	Redirect     string   // the URL to which the provider sends the browser back
	Scopes       []string // in addition to openid
}

// endpoints is the part of a discovery document about endpoints (OIDC Discovery 1.0 §3).
type endpoints struct {
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
}

// discoverEndpoints reads the provider's discovery document.
func (v *Verifier) discoverEndpoints(ctx context.Context, rp RelyingParty) (*endpoints, *oauth2.Config, error) {
	body, err := v.Keys.fetchDiscovery(ctx, rp.Issuer)
	if err != nil {
		return nil, nil, err
	}
	p := &endpoints{}
	if err := json.Unmarshal(body, p); err != nil {
		return nil, nil, unreachableError(rp.Issuer, "its discovery document is not JSON", err)
	}
	for name, endpoint := range map[string]string{"authorization_endpoint": p.Authorization, "token_endpoint": p.Token} {
		if err := v.Keys.client.checkURL(endpoint); err != nil {
			return nil, nil, unreachableError(rp.Issuer, "the "+name+" of its discovery document cannot be used", err)
		}
	}
	style := oauth2.AuthStyleInHeader // client_secret_basic is the default (OIDC Discovery 1.0 §3)
	if rp.ClientSecret == "" || len(p.Methods) > 0 && !slices.Contains(p.Methods, "client_secret_basic") {
		style = oauth2.AuthStyleInParams
	}
	return p, &oauth2.Config{ClientID: rp.ClientID, ClientSecret: rp.ClientSecret, RedirectURL: rp.Redirect,
		Scopes:   append([]string{"openid"}, rp.Scopes...),
		Endpoint: oauth2.Endpoint{AuthURL: p.Authorization, TokenURL: p.Token, AuthStyle: style}}, nil
}

// AuthorizationURL returns the URL to which to send a browser to sign in (OIDC Core 1.0 §3.1.2.1). verifier is the code
// verifier of PKCE.
func (v *Verifier) AuthorizationURL(ctx context.Context, rp RelyingParty, state, nonce, verifier string) (string,
	error) {
	_, c, err := v.discoverEndpoints(ctx, rp)
	if err != nil {
		return "", err
	}
	return c.AuthCodeURL(state, oauth2.SetAuthURLParam("nonce", nonce), oauth2.S256ChallengeOption(verifier)), nil
}

// Redeem exchanges the provider's code for an identity token and verifies it. claim is the claim that the caller needs:
// if the identity token lacks it, Redeem asks the userinfo endpoint (OIDC Core 1.0 §5.3). Errors are Invalid, with a
// sentence for the user.
func (v *Verifier) Redeem(ctx context.Context, rp RelyingParty, code, verifier, nonce, claim string,
	want Expect) (*Claims, error) {
	p, c, err := v.discoverEndpoints(ctx, rp)
	if err != nil {
		return nil, err
	}
	tokens, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, v.Keys.client.client), code,
		oauth2.VerifierOption(verifier))
	if err != nil {
		return nil, redeemError(rp.Issuer, err)
	}
	text, _ := tokens.Extra("id_token").(string)
	if text == "" {
		return nil, invalidError("The provider %s gave no identity token with the sign-in.", rp.Issuer)
	}
	want.Issuer, want.Audiences, want.Algorithms = rp.Issuer, []string{rp.ClientID}, WorkloadAlgorithms
	claims, err := v.Verify(ctx, text, want)
	if err != nil {
		return nil, err
	}
	if subtle.ConstantTimeCompare([]byte(claims.Text("nonce")), []byte(nonce)) != 1 {
		return nil, invalidError("The identity token was not made for this sign-in (claim nonce).")
	}
	if azp := claims.Text("azp"); claims.Has("azp") && azp != rp.ClientID {
		return nil, invalidError("The identity token was made for another client (claim azp).")
	}
	if _, err := claims.Lookup(claim); err != nil && p.UserInfo != "" {
		if err := v.userInfo(ctx, rp, p.UserInfo, tokens.AccessToken, claims); err != nil {
			return nil, err
		}
	}
	return claims, nil
}

// redeemError returns an error with the provider's answer, but without the code that was sent.
func redeemError(issuer string, err error) error {
	var refused *oauth2.RetrieveError
	if !errors.As(err, &refused) {
		var e *url.Error
		if errors.As(err, &e) {
			err = e.Err
		}
		return unreachableError(issuer, "its token endpoint did not answer", err)
	}
	why := refused.ErrorCode
	if refused.ErrorDescription != "" {
		why += ": " + refused.ErrorDescription
	}
	if why == "" {
		why = refused.Response.Status
	}
	return invalidError("The provider %s did not accept the sign-in's code (%.300s).", issuer, why)
}

// userInfo adds those claims of the userinfo endpoint that the identity token does not have.
func (v *Verifier) userInfo(ctx context.Context, rp RelyingParty, address, token string, claims *Claims) error {
	body, _, err := v.Keys.client.fetch(ctx, address, http.Header{"Authorization": {"Bearer " + token}})
	if err != nil {
		return unreachableError(rp.Issuer, "its userinfo endpoint did not answer", err)
	}
	more, err := claimsOf(body)
	if err != nil {
		return invalidError("The provider %s did not answer with JSON when it was asked about the person.", rp.Issuer)
	}
	about := &Claims{raw: more}
	if sub := about.Text("sub"); sub == "" || sub != claims.Subject { // OIDC Core 1.0 §5.3.2
		return invalidError("The provider %s answered about somebody else than who signed in.", rp.Issuer)
	}
	for name, value := range more {
		if !claims.Has(name) {
			claims.raw[name] = value
		}
	}
	return nil
}
