package ssooidc

import (
	"crypto/rand"
	"encoding/base64"
	"slices"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/idtoken"
	"granary/internal/seal"
)

const tokenLifetime = time.Hour // of access and identity tokens

// issue makes the answer: an identity token with the context assertion in it, and opaque tokens.
func (s *service) issue(e *exchange, issuer *granary.Issuer, user *granary.User, scopes []string) (*api.CreateTokenWithIAMOutput, error) {
	now := e.call.Now.UTC().Truncate(time.Second)
	id := &granary.IdentityContext{
		User: user.ID, Store: e.center.Store, StoreARN: e.center.StoreARN(), Instance: e.center.ARN(), Application: e.app.ARN,
		CredentialID: opaque("")[:22], Scopes: configured(scopes), Expires: now.Add(s.ContextLifetime),
	}
	seconds := int64(tokenLifetime / time.Second)
	out := &api.CreateTokenWithIAMOutput{AccessToken: opaque("aoa"), TokenType: "Bearer", ExpiresIn: &seconds,
		RefreshToken: opaque("aor"), IssuedTokenType: "urn:ietf:params:oauth:token-type:refresh_token", Scope: scopes}
	var assertion, audit string
	if slices.Contains(scopes, scopeContext) {
		var err error
		if assertion, audit, err = s.assertions(id); err != nil {
			return nil, err
		}
		out.AwsAdditionalDetails = &api.AwsAdditionalDetails{IdentityContext: assertion}
	}
	if slices.Contains(scopes, scopeOpenID) {
		signer, err := s.signers.current(s.Index)
		if err != nil {
			return nil, err
		}
		if out.IdToken, err = signer.Sign(e.claims(id, issuer, now, assertion, audit)); err != nil {
			return nil, err
		}
	}
	e.record(id, issuer.ARN(), scopes)
	return out, nil
}

func (s *service) assertions(id *granary.IdentityContext) (identity, audit string, err error) {
	ring := s.Index.Ring()
	if identity, err = seal.SealContext(ring, id); err != nil {
		return "", "", granary.Wrap(granary.Invalid, "The application has too many access scopes: their names do not fit into a context assertion.", err)
	}
	logged := *id
	logged.AuditOnly, logged.Scopes = true, nil
	audit, err = seal.SealContext(ring, &logged)
	return identity, audit, err
}

// claims are the identity token's, as AWS's guide page shows them.
func (e *exchange) claims(id *granary.IdentityContext, issuer *granary.Issuer, now time.Time, assertion, audit string) idtoken.IdentityClaims {
	return idtoken.IdentityClaims{
		Issuer: "https://identitycenter.amazonaws.com/" + e.center.ID, Subject: string(id.User), Audience: e.app.ClientID,
		Actor:   &idtoken.Actor{Subject: strings.Replace(string(issuer.ARN()), "/tti-", "/", 1)},
		StoreID: string(id.Store), StoreARN: string(id.StoreARN), InstanceARN: string(id.Instance), InstanceAccount: string(e.center.Account),
		CredentialID: id.CredentialID, IdentityContext: assertion, AuditContext: audit,
		AuthTime: now.Format(time.RFC3339), IssuedAt: now.Unix(), Expires: now.Add(tokenLifetime).Unix(),
	}
}

// configured leaves the standing scopes out: what remains is what a resource service checks.
func configured(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s == scopeContext || s == scopeOpenID || s == scopeAWS })
}

// opaque is a token that says nothing: 32 random bytes.
func opaque(prefix string) string {
	b := make([]byte, 32)
	rand.Read(b)
	return prefix + base64.RawURLEncoding.EncodeToString(b)
}
