package corp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"

	"golang.org/x/oauth2"

	"granary"
)

// SignIn signs a person in as a browser would, with an authorization code and PKCE, and returns the ID token.
func (p *Provider) SignIn(ctx context.Context, person string) (string, error) {
	return SignIn(ctx, p.Issuer(), person)
}

// SignIn signs a person in at the provider with the issuer at, which may run in another process, and returns the ID
// token.
func SignIn(ctx context.Context, at, person string) (string, error) {
	c := oauth2.Config{ClientID: ClientID, RedirectURL: "http://127.0.0.1/callback",
		Scopes:   []string{"openid", "profile", "email"},
		Endpoint: oauth2.Endpoint{AuthURL: at + "/authorize", TokenURL: at + "/token", AuthStyle: oauth2.AuthStyleInParams}}
	verifier, state := oauth2.GenerateVerifier(), granary.Hex(16)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{}}
	form := url.Values{"person": {person}}
	resp, err := client.PostForm(c.AuthCodeURL(state, oauth2.S256ChallengeOption(verifier)), form)
	if err != nil {
		return "", err
	}
	resp.Body.Close()
	back, err := resp.Location()
	if err != nil {
		return "", fmt.Errorf("the identity provider did not sign %s in: %s", person, resp.Status)
	}
	if back.Query().Get("state") != state {
		return "", errors.New("the identity provider answered another request's state")
	}
	token, err := c.Exchange(context.WithValue(ctx, oauth2.HTTPClient, client), back.Query().Get("code"),
		oauth2.VerifierOption(verifier))
	if err != nil {
		return "", err
	}
	id, ok := token.Extra("id_token").(string)
	if !ok {
		return "", errors.New("the identity provider gave no ID token")
	}
	return id, nil
}
