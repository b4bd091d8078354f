package worldtest

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
)

// AddIssuer makes a trusted token issuer, and returns its ARN.
func (c *Tokens) AddIssuer(t *testing.T, url, claim, attribute string) string {
	t.Helper()
	made := Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(c.SSO.CreateTrustedTokenIssuer(t.Context(),
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance,
			Name: aws.String("n"), TrustedTokenIssuerType: ssotypes.TrustedTokenIssuerTypeOidcJwt,
			TrustedTokenIssuerConfiguration: &ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{
				Value: ssotypes.OidcJwtConfiguration{IssuerUrl: &url, ClaimAttributePath: &claim,
					IdentityStoreAttributePath: &attribute,
					JwksRetrievalOption:        ssotypes.JwksRetrievalOptionOpenIdDiscovery}}}))
	return *made.TrustedTokenIssuerArn
}

// Tokens is a company whose application may refresh and exchange tokens, on a clock that the test moves.
type Tokens struct {
	*world.Company
	App   client.Key
	SSO   *ssoadmin.Client
	Ahead atomic.Int64 // of the server's clock, in nanoseconds
}

// SettleTokens sets the company up. Its sessions last ten minutes.
func SettleTokens(t *testing.T, change ...func(*server.Config)) *Tokens {
	t.Helper()
	c := &Tokens{}
	c.Company = SettleWith(t, func(s *server.Config) {
		s.Identity.SessionLifetime = 10 * time.Minute
		for _, fn := range change {
			fn(s)
		}
		s.Now = func() time.Time { return time.Now().Add(time.Duration(c.Ahead.Load())) }
	})
	c.App = Must[client.Key](t)(c.Assume(t.Context(), c.Machine, c.WebApp, "app", ""))
	c.SSO = ssoadmin.NewFromConfig(c.AWS(c.Root()))
	c.PutGrant(t, c.Application, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	return c
}

// PutGrant gives an application a grant.
func (c *Tokens) PutGrant(t *testing.T, app, kind string, g ssotypes.Grant) {
	t.Helper()
	if _, err := c.SSO.PutApplicationGrant(t.Context(), &ssoadmin.PutApplicationGrantInput{ApplicationArn: &app,
		GrantType: ssotypes.GrantType(kind), Grant: g}); err != nil {
		t.Fatal(err)
	}
}

// CreateToken calls CreateTokenWithIAM as the application, which is the client unless in names another.
func (c *Tokens) CreateToken(ctx context.Context,
	in *ssooidc.CreateTokenWithIAMInput) (*ssooidc.CreateTokenWithIAMOutput,
	error) {
	if in.ClientId == nil {
		in.ClientId = &c.Application
	}
	return ssooidc.NewFromConfig(c.AWS(c.App)).CreateTokenWithIAM(ctx, in)
}

// SignIn exchanges a new token of the company's provider for Granary's tokens.
func (c *Tokens) SignIn(t *testing.T, login string, scope ...string) *ssooidc.CreateTokenWithIAMOutput {
	t.Helper()
	token := Must[string](t)(c.Provider.SignIn(t.Context(), login))
	return Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.CreateToken(t.Context(),
		&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token, Scope: scope}))
}

// Refresh exchanges a refresh token.
func (c *Tokens) Refresh(ctx context.Context, token *string, scope ...string) (*ssooidc.CreateTokenWithIAMOutput,
	error) {
	return c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"), RefreshToken: token,
		Scope: scope})
}

// AnotherApplication makes a second application, with the same caller.
func (c *Tokens) AnotherApplication(t *testing.T) string {
	t.Helper()
	made := Must[*ssoadmin.CreateApplicationOutput](t)(c.SSO.CreateApplication(t.Context(),
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("Second"),
			ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")}))
	app := *made.ApplicationArn
	policy := map[string]any{"Version": "2012-10-17",
		"Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]any{"AWS": c.WebApp},
			"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}}}
	if _, err := c.SSO.PutApplicationAuthenticationMethod(t.Context(),
		&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &app, AuthenticationMethodType: "IAM",
			AuthenticationMethod: &ssotypes.AuthenticationMethodMemberIam{
				Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(policy)}}}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.SSO.PutApplicationAssignmentConfiguration(t.Context(),
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &app,
			AssignmentRequired: aws.Bool(false)}); err != nil {
		t.Fatal(err)
	}
	c.PutGrant(t, app, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	return app
}
