package ssooidc_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/coreos/go-oidc/v3/oidc"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/worldtest"
)

// Granary's own issuer, by a library that knows nothing of it: discovery, published keys, identity tokens, also after
// keys turned.
func TestIdentityTokensVerifyElsewhere(t *testing.T) {
	t.Parallel()
	for setting, check := range map[string]struct {
		issuer func(c *worldtest.Tokens) string
		config *oidc.Config
	}{
		"aws": {func(c *worldtest.Tokens) string {
			return "https://identitycenter.amazonaws.com/" + worldtest.InstanceID(c.Instance)
		},
			&oidc.Config{SkipClientIDCheck: true, SkipIssuerCheck: true}},
		"web": {func(c *worldtest.Tokens) string { return c.Server.WebURL() }, &oidc.Config{SkipClientIDCheck: true}},
	} {
		t.Run(setting, func(t *testing.T) {
			ctx := t.Context()
			c := &worldtest.Tokens{}
			c.Company = worldtest.SettleWith(t, func(s *server.Config) { s.Identity.TokenIssuer = setting })
			c.App = worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
			c.SSO = ssoadmin.NewFromConfig(c.AWS(c.Root()))
			provider := worldtest.Must[*oidc.Provider](t)(oidc.NewProvider(ctx, c.Env.Get("GRANARY_WEB_URL")))
			verifier := provider.Verifier(check.config)
			verify := func(token string) *oidc.IDToken {
				t.Helper()
				return worldtest.Must[*oidc.IDToken](t)(verifier.Verify(ctx, token))
			}
			before := *c.SignIn(t, worldtest.Alice).IdToken
			id := verify(before)
			if id.Subject != c.Users[worldtest.Alice] || id.Issuer != check.issuer(c) || len(id.Audience) != 1 {
				t.Errorf("the token: %+v", id)
			}
			if err := client.Ask(ctx, c.Env, "RotateKey", map[string]string{"Purpose": "sign"}, nil); err != nil {
				t.Fatal(err)
			}
			after := *c.SignIn(t, worldtest.Alice).IdToken
			verify(after) // by the verifier that has the old keys, and asks for more
			fresh := worldtest.Must[*oidc.Provider](t)(oidc.NewProvider(ctx,
				c.Env.Get("GRANARY_WEB_URL"))).Verifier(check.config)
			for _, token := range []string{before, after} {
				worldtest.Must[*oidc.IDToken](t)(fresh.Verify(ctx, token))
			}
			if _, err := fresh.Verify(ctx, after[:len(after)-8]+"AAAAAAAA"); err == nil {
				t.Error("a changed signature verifies")
			}
			strict := provider.Verifier(&oidc.Config{ClientID: id.Audience[0], SkipIssuerCheck: true})
			worldtest.Must[*oidc.IDToken](t)(strict.Verify(ctx, after))
			if _, err := provider.Verifier(&oidc.Config{ClientID: "another", SkipIssuerCheck: true}).Verify(ctx,
				after); err == nil {
				t.Error("it is for everybody")
			}
		})
	}
}
