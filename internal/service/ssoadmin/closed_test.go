package ssoadmin_test

import (
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

// A trusted token issuer and an application of an account that was closed vouch for nobody any more, wherever they are
// named: not in fresh exchanges, not in sessions that began with them, not in the browser.
func TestAClosedAccountVouchesForNobody(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t, func(s *server.Config) { s.Identity.MemberIssuers = true })
	const exchanging, access = "urn:ietf:params:oauth:grant-type:token-exchange",
		"urn:ietf:params:oauth:token-type:access_token"
	worldtest.AllowRole(t, c.Company, "webapp",
		`{"Effect":"Allow","Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}`)
	admin := worldtest.MakeAdministrator(t, c.World)
	m := worldtest.JoinAccount(t, c.World, admin, "gone")
	theirs := ssoadmin.NewFromConfig(c.AWS(m.Key))

	// The issuer of everybody's sign-ins is the member's.
	worldtest.Must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(c.SSO.DeleteTrustedTokenIssuer(ctx,
		&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer}))
	c.Issuer = *worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(theirs.CreateTrustedTokenIssuer(ctx,
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("theirs"),
			TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(c.Provider.Issuer(),
				"preferred_username", "userName")})).TrustedTokenIssuerArn
	accept := &ssotypes.GrantMemberJwtBearer{
		Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
			{TrustedTokenIssuerArn: &c.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}
	c.PutGrant(t, c.Application, world.JWTBearer, accept)
	c.PutGrant(t, c.Application, exchanging, &ssotypes.GrantMemberTokenExchange{})
	browsers := worldtest.AddBrowserSignIn(t, c.Company)

	// So is another application, whose tokens ours may be exchanged from.
	own := &worldtest.Tokens{Company: c.Company, App: c.App, SSO: theirs}
	app := *worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("theirs"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	own.PutGrant(t, app, world.JWTBearer, accept)
	worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(theirs.PutApplicationAccessScope(ctx,
		&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &app, Scope: aws.String("s3:access_grants:read_write")}))
	worldtest.Must[*ssoadmin.PutApplicationAuthenticationMethodOutput](t)(theirs.PutApplicationAuthenticationMethod(ctx,
		&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &app,
			AuthenticationMethodType: "IAM",
			AuthenticationMethod: actors(map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": c.Account},
				"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"})}))
	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
		theirs.PutApplicationAssignmentConfiguration(ctx,
			&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &app, AssignmentRequired: aws.Bool(false)}))

	through := func(app string) (*ssooidc.CreateTokenWithIAMOutput, error) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
		return c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &app, GrantType: aws.String(world.JWTBearer),
			Assertion: &token})
	}
	ours := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(through(c.Application))
	from := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(through(app))
	swap := func() error {
		return worldtest.ErrorOf(c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(exchanging),
			SubjectToken: from.AccessToken, SubjectTokenType: aws.String(access)}))
	}
	kept := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
		c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(exchanging), SubjectToken: from.AccessToken,
			SubjectTokenType:   aws.String(access),
			RequestedTokenType: aws.String("urn:ietf:params:oauth:token-type:refresh_token")}))
	carryOn := func() error {
		out, err := c.Refresh(ctx, kept.RefreshToken)
		if err == nil {
			kept = out
		}
		return err
	}
	refresh := func() error {
		out, err := c.Refresh(ctx, ours.RefreshToken)
		if err == nil {
			ours = out
		}
		return err
	}
	browse := func() string { // what comes back to the application, if the provider is not asked
		_, _, at := worldtest.Visit(t, worldtest.NewBrowser(), browsers.AuthorizeURL(strings.Repeat("v", 43), nil))
		return at.Query().Get("error_description")
	}
	worldtest.Allowed(t, "exchange", swap())
	worldtest.Allowed(t, "refresh", refresh())
	worldtest.Allowed(t, "refresh what was exchanged", carryOn())
	status := func(s ssotypes.ApplicationStatus) {
		worldtest.Must[*ssoadmin.UpdateApplicationOutput](t)(theirs.UpdateApplication(ctx,
			&ssoadmin.UpdateApplicationInput{ApplicationArn: &app, Status: s}))
	}
	status(ssotypes.ApplicationStatusDisabled)
	worldtest.Refused(t, carryOn(), "InvalidGrantException", "is disabled")
	status(ssotypes.ApplicationStatusEnabled)
	worldtest.Allowed(t, "refresh after it is enabled again", carryOn())
	if got := browse(); got != "" {
		t.Fatal(got)
	}

	worldtest.Must[*organizations.CloseAccountOutput](t)(organizations.NewFromConfig(c.AWS(admin)).CloseAccount(ctx,
		&organizations.CloseAccountInput{AccountId: &m.ID}))
	_, err := through(c.Application)
	worldtest.Refused(t, err, "InvalidGrantException", "was closed")
	_, err = through(app)
	worldtest.Refused(t, err, "AccessDeniedException", "")
	worldtest.Refused(t, swap(), "InvalidGrantException", "was closed")
	worldtest.Refused(t, refresh(), "InvalidGrantException", "was closed")
	worldtest.Refused(t, carryOn(), "InvalidGrantException", "was closed")
	if got := browse(); !strings.Contains(got, "was closed") {
		t.Errorf("in the browser: %q", got)
	}
	var chain worldtest.Explained
	if err := client.Ask(ctx, c.Env, "ExplainAccess",
		map[string]string{"User": worldtest.Alice, "Target": "s3://" + corp.Bucket + "/finance/*",
			"Application": c.Application},
		&chain); err != nil {
		t.Error(err)
	}
	if link, detail, fix := chain.Broken(); link != "issuer" || !strings.Contains(detail, "was closed") || fix == "" {
		t.Errorf("the explanation: %s %s %s", link, detail, fix)
	}

	// The instance's owner clears away what is left, and the address is free again.
	worldtest.Refused(t, carryOn(), "InvalidGrantException", "was closed")
	worldtest.Must[*ssoadmin.DeleteApplicationOutput](t)(c.SSO.DeleteApplication(ctx,
		&ssoadmin.DeleteApplicationInput{ApplicationArn: &app}))
	worldtest.Refused(t, carryOn(), "InvalidGrantException", "was deleted")
	worldtest.Must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(c.SSO.DeleteTrustedTokenIssuer(ctx,
		&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer}))
	c.Issuer = *worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(c.SSO.CreateTrustedTokenIssuer(ctx,
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("ours"),
			TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(c.Provider.Issuer(),
				"preferred_username", "userName")})).TrustedTokenIssuerArn
	worldtest.Refused(t, refresh(), "InvalidGrantException", "was deleted")
	accept.Value.AuthorizedTokenIssuers[0].TrustedTokenIssuerArn = &c.Issuer
	c.PutGrant(t, c.Application, world.JWTBearer, accept)
	worldtest.Refused(t, refresh(), "InvalidGrantException",
		"was taken from the application") // the old issuer is not the new one
	worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(through(c.Application))
}
