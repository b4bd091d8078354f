package ssoadmin_test

import (
	"context"
	"log/slog"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// forger is an account of the organization with an identity provider of its own, an issuer for that on the
// organization's instance, and an application of the account's that accepts it.
type forger struct {
	*worldtest.Tokens
	worldtest.Member
	provider    *corp.Provider
	issuer, app string
	accept      ssotypes.Grant
}

func forging(t *testing.T, c *worldtest.Tokens, m worldtest.Member) *forger {
	t.Helper()
	ctx := t.Context()
	f := &forger{Tokens: c, Member: m, provider: worldtest.Must[*corp.Provider](t)(corp.Start("127.0.0.1:0"))}
	t.Cleanup(func() { f.provider.Stop(context.Background()) })
	sso := ssoadmin.NewFromConfig(c.AWS(m.Key))
	f.issuer = *worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(sso.CreateTrustedTokenIssuer(ctx,
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("forged"),
			TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(f.provider.Issuer(),
				"preferred_username", "userName")})).TrustedTokenIssuerArn
	f.app = *worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("forged"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	f.accept = &ssotypes.GrantMemberJwtBearer{
		Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
			{TrustedTokenIssuerArn: &f.issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}
	own := &worldtest.Tokens{Company: c.Company, SSO: sso}
	own.PutGrant(t, f.app, world.JWTBearer, f.accept)
	own.PutGrant(t, f.app, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(sso.PutApplicationAccessScope(ctx,
		&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &f.app, Scope: aws.String("s3:access_grants:read_write")}))
	worldtest.Must[*ssoadmin.PutApplicationAuthenticationMethodOutput](t)(sso.PutApplicationAuthenticationMethod(ctx,
		&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &f.app,
			AuthenticationMethodType: "IAM",
			AuthenticationMethod: actors(map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": m.ID},
				"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"})}))
	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx,
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &f.app, AssignmentRequired: aws.Bool(false)}))
	return f
}

// exchange trades a token that the forger signed and that says somebody else, through the forger's own application.
func (f *forger) exchange(t *testing.T, person string) (*ssooidc.CreateTokenWithIAMOutput, error) {
	t.Helper()
	token := worldtest.Must[string](t)(f.provider.Issue(person, corp.ClientID, nil))
	return ssooidc.NewFromConfig(f.AWS(f.Key)).CreateTokenWithIAM(t.Context(),
		&ssooidc.CreateTokenWithIAMInput{ClientId: &f.app, GrantType: aws.String(world.JWTBearer), Assertion: &token})
}

func (f *forger) refresh(t *testing.T, token *string) error {
	return worldtest.ErrorOf(ssooidc.NewFromConfig(f.AWS(f.Key)).CreateTokenWithIAM(t.Context(),
		&ssooidc.CreateTokenWithIAMInput{ClientId: &f.app, GrantType: aws.String("refresh_token"), RefreshToken: token}))
}

// vouchesForNobody demands that nothing which the forger's provider signs means anybody, wherever its issuer is named.
func (f *forger) vouchesForNobody(t *testing.T, refreshToken *string) {
	t.Helper()
	ctx := t.Context()
	const words = "does not administer the directory"
	_, err := f.exchange(t, worldtest.Alice)
	worldtest.Refused(t, err, "InvalidGrantException", words)
	worldtest.BrokenAt(t, f.World, worldtest.DecisionID(t, err), "issuer", "identity.member_issuers", "REFUSED")
	worldtest.Refused(t, f.refresh(t, refreshToken), "InvalidGrantException", words)
	for who, k := range map[string]client.Key{"its account": f.Key, "the management account": f.Root()} {
		sso := ssoadmin.NewFromConfig(f.AWS(k))
		worldtest.Refused(t,
			worldtest.ErrorOf(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: &f.app,
				GrantType: ssotypes.GrantType(world.JWTBearer), Grant: f.accept})), "ValidationException", words)
		if who == "its account" {
			worldtest.Refused(t,
				worldtest.ErrorOf(sso.UpdateTrustedTokenIssuer(ctx,
					&ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: &f.issuer,
						Name: aws.String("n")})), "AccessDeniedException", "sso:UpdateTrustedTokenIssuer")
			worldtest.Refused(t,
				worldtest.ErrorOf(sso.DeleteTrustedTokenIssuer(ctx,
					&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &f.issuer})),
				"AccessDeniedException", "sso:DeleteTrustedTokenIssuer")
			worldtest.Refused(t, worldtest.ErrorOf(sso.TagResource(ctx,
				&ssoadmin.TagResourceInput{ResourceArn: &f.issuer, Tags: tagged("a", "b")})),
				"AccessDeniedException", "sso:TagResource")
		}
	}
	provider := map[string]string{"InstanceArn": f.Instance, "TrustedTokenIssuerArn": f.issuer, "ClientId": corp.ClientID}
	if err := client.Ask(ctx, f.Env, "PutSignInProvider", provider, nil); err == nil ||
		!strings.Contains(err.Error(), words) {
		t.Errorf("as the provider that browsers sign in at: %v", err)
	}
	if err := client.Ask(ctx, worldtest.EnvOf(f.World, f.Key), "PutSignInProvider", provider, nil); err == nil ||
		!strings.Contains(err.Error(), "not authorized") {
		t.Errorf("as the provider that browsers sign in at, by its account: %v", err)
	}
	var tested struct {
		Steps []struct{ Name, Result, Detail string }
	}
	if err := client.Ask(ctx, f.Env, "TestTrustedTokenIssuer", map[string]string{"TrustedTokenIssuerArn": f.issuer},
		&tested); err != nil {
		t.Error(err)
	}
	if s := tested.Steps; len(s) < 2 || s[1].Result != "FAILED" || !strings.Contains(s[1].Detail, words) {
		t.Errorf("the test of the issuer says %+v", s)
	}
	var chain worldtest.Explained
	if err := client.Ask(ctx, f.Env, "ExplainAccess",
		map[string]string{"User": worldtest.Alice, "Target": "s3://" + corp.Bucket + "/finance/*", "Application": f.app},
		&chain); err != nil {
		t.Error(err)
	}
	if link, detail, fix := chain.Broken(); link != "issuer" || !strings.Contains(detail, words) ||
		!strings.Contains(fix, "identity.member_issuers") {
		t.Errorf("the explanation: %s %s %s", link, detail, fix)
	}
	// The organization's own issuer goes on, in the member's application too.
	f.SignIn(t, worldtest.Alice)
	sso := ssoadmin.NewFromConfig(f.AWS(f.Key))
	ours := &ssotypes.GrantMemberJwtBearer{
		Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
			{TrustedTokenIssuerArn: &f.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}
	worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: &f.app, GrantType: ssotypes.GrantType(world.JWTBearer),
			Grant: ours}))
	token := worldtest.Must[string](t)(f.Provider.SignIn(ctx, worldtest.Alice))
	worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(ssooidc.NewFromConfig(f.AWS(f.Key)).CreateTokenWithIAM(ctx,
		&ssooidc.CreateTokenWithIAMInput{ClientId: &f.app, GrantType: aws.String(world.JWTBearer), Assertion: &token}))
	_, err = f.exchange(t, worldtest.Alice)
	worldtest.Refused(t, err, "InvalidGrantException", "not among the trusted token issuers")
}

// An account speaks for the people of the organization's directory only while it administers the directory.
func TestAnIssuerVouchesWhileItsAccountAdministersTheDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	admin := worldtest.MakeAdministrator(t, c.World)
	m := worldtest.JoinAccount(t, c.World, admin, "lead")
	org := organizations.NewFromConfig(c.AWS(admin))
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(org.RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID,
			ServicePrincipal: aws.String("sso.amazonaws.com")}))
	f := forging(t, c, m)
	kept := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(f.exchange(t, worldtest.Alice))
	if err := f.refresh(t, kept.RefreshToken); err != nil {
		t.Fatal(err)
	}
	kept = worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(f.exchange(t, worldtest.Alice))
	worldtest.Must[*organizations.DeregisterDelegatedAdministratorOutput](t)(org.DeregisterDelegatedAdministrator(ctx,
		&organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.ID,
			ServicePrincipal: aws.String("sso.amazonaws.com")}))
	f.vouchesForNobody(t, kept.RefreshToken)
	worldtest.Must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(c.SSO.DeleteTrustedTokenIssuer(ctx,
		&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &f.issuer}))
}

// Where identity.member_issuers is on, members make issuers; those that they made stop to count when it is off again.
func TestIssuersOfMembersCountOnlyWhereTheSettingSaysSo(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	config := worldtest.Defaults(t)
	config.Identity.MemberIssuers = true
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), config, "127.0.0.1:0",
		slog.New(slog.DiscardHandler)))
	t.Cleanup(func() { w.Stop() })
	company := worldtest.Must[*world.Company](t)(w.Settle(ctx))
	c := &worldtest.Tokens{Company: company,
		App: worldtest.Must[client.Key](t)(company.Assume(ctx, company.Machine, company.WebApp, "app", "")),
		SSO: ssoadmin.NewFromConfig(w.AWS(w.Root()))}
	f := forging(t, c, worldtest.JoinAccount(t, w, worldtest.MakeAdministrator(t, w), "member"))
	kept := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(f.exchange(t, worldtest.Alice))

	api, web := worldtest.Must[*url.URL](t)(url.Parse(w.Env.Get("HTTP_PROXY"))),
		worldtest.Must[*url.URL](t)(url.Parse(w.Server.WebURL()))
	config.API, config.Web, config.Identity.AllowPrivateIssuers, config.Identity.MemberIssuers = api.Host, web.Host, true,
		false
	config.ChangeSettings = true
	if err := w.Server.Stop(); err != nil {
		t.Fatal(err)
	}
	w.Server = worldtest.Must[*server.Server](t)(server.Start(context.Background(), config, slog.New(slog.DiscardHandler)))
	f.vouchesForNobody(t, kept.RefreshToken)
}
