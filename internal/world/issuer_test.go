package world_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/coreos/go-oidc/v3/oidc"

	"granary/internal/client"
	"granary/internal/server"
)

// Granary's own issuer, by a library that knows nothing of it: discovery, published keys, identity tokens, also after keys turned.
func TestIdentityTokensVerifyElsewhere(t *testing.T) {
	for setting, check := range map[string]struct {
		issuer func(c *tokens) string
		config *oidc.Config
	}{
		"aws": {func(c *tokens) string { return "https://identitycenter.amazonaws.com/" + instanceID(c.Instance) }, &oidc.Config{SkipClientIDCheck: true, SkipIssuerCheck: true}},
		"web": {func(c *tokens) string { return c.Server.WebURL() }, &oidc.Config{SkipClientIDCheck: true}},
	} {
		t.Run(setting, func(t *testing.T) {
			ctx := t.Context()
			c := &tokens{}
			c.Company = configured(t, func(s *server.Config) { s.Identity.TokenIssuer = setting })
			c.app = must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
			c.sso = ssoadmin.NewFromConfig(c.AWS(c.Root()))
			provider := must[*oidc.Provider](t)(oidc.NewProvider(ctx, c.Env.Get("GRANARY_WEB_URL")))
			verifier := provider.Verifier(check.config)
			verify := func(token string) *oidc.IDToken {
				t.Helper()
				return must[*oidc.IDToken](t)(verifier.Verify(ctx, token))
			}
			before := *c.signIn(t, alice).IdToken
			id := verify(before)
			if id.Subject != c.Users[alice] || id.Issuer != check.issuer(c) || len(id.Audience) != 1 {
				t.Errorf("the token: %+v", id)
			}
			if err := client.Ask(ctx, c.Env, "RotateKey", map[string]string{"Purpose": "sign"}, nil); err != nil {
				t.Fatal(err)
			}
			after := *c.signIn(t, alice).IdToken
			verify(after) // by the verifier that has the old keys, and asks for more
			fresh := must[*oidc.Provider](t)(oidc.NewProvider(ctx, c.Env.Get("GRANARY_WEB_URL"))).Verifier(check.config)
			for _, token := range []string{before, after} {
				must[*oidc.IDToken](t)(fresh.Verify(ctx, token))
			}
			if _, err := fresh.Verify(ctx, after[:len(after)-8]+"AAAAAAAA"); err == nil {
				t.Error("a changed signature verifies")
			}
			strict := provider.Verifier(&oidc.Config{ClientID: id.Audience[0], SkipIssuerCheck: true})
			must[*oidc.IDToken](t)(strict.Verify(ctx, after))
			if _, err := provider.Verifier(&oidc.Config{ClientID: "another", SkipIssuerCheck: true}).Verify(ctx, after); err == nil {
				t.Error("it is for everybody")
			}
		})
	}
}

func instanceID(arn string) string { return arn[len("arn:aws:sso:::instance/"):] }
