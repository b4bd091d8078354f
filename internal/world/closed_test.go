package world_test

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
	"granary/internal/world"
)

// A trusted token issuer and an application of an account that was closed vouch for nobody any more, wherever they are named: not in
// fresh exchanges, not in sessions that began with them, not in the browser.
func TestAClosedAccountVouchesForNobody(t *testing.T) {
	ctx := t.Context()
	c := withTokens(t)
	const exchanging, access = "urn:ietf:params:oauth:grant-type:token-exchange", "urn:ietf:params:oauth:token-type:access_token"
	allow(t, c.Company, "webapp", `{"Effect":"Allow","Action":"sso-oauth:CreateTokenWithIAM","Resource":"*"}`)
	admin := administrator(t, c.World)
	m := join(t, c.World, admin, "gone")
	theirs := ssoadmin.NewFromConfig(c.AWS(m.key))

	// The issuer of everybody's sign-ins is the member's.
	must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(c.sso.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer}))
	c.Issuer = *must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(theirs.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("theirs"),
		TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(c.Provider.Issuer(), "preferred_username", "userName")})).TrustedTokenIssuerArn
	accept := &ssotypes.GrantMemberJwtBearer{Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{{TrustedTokenIssuerArn: &c.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}
	c.grant(t, c.Application, world.JWTBearer, accept)
	c.grant(t, c.Application, exchanging, &ssotypes.GrantMemberTokenExchange{})
	browsers := signInWith(t, c.Company)

	// So is another application, whose tokens ours may be exchanged from.
	own := &tokens{Company: c.Company, app: c.app, sso: theirs}
	app := *must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("theirs"), ApplicationProviderArn: aws.String(customProvider)})).ApplicationArn
	own.grant(t, app, world.JWTBearer, accept)
	must[*ssoadmin.PutApplicationAccessScopeOutput](t)(theirs.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &app, Scope: aws.String("s3:access_grants:read_write")}))
	must[*ssoadmin.PutApplicationAuthenticationMethodOutput](t)(theirs.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &app,
		AuthenticationMethodType: "IAM", AuthenticationMethod: actors(map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": c.Account}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"})}))
	must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(theirs.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &app, AssignmentRequired: aws.Bool(false)}))

	through := func(app string) (*ssooidc.CreateTokenWithIAMOutput, error) {
		token := must[string](t)(c.Provider.SignIn(ctx, alice))
		return c.ask(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &app, GrantType: aws.String(world.JWTBearer), Assertion: &token})
	}
	ours := must[*ssooidc.CreateTokenWithIAMOutput](t)(through(c.Application))
	from := must[*ssooidc.CreateTokenWithIAMOutput](t)(through(app))
	swap := func() error {
		return only(c.ask(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(exchanging), SubjectToken: from.AccessToken, SubjectTokenType: aws.String(access)}))
	}
	kept := must[*ssooidc.CreateTokenWithIAMOutput](t)(c.ask(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(exchanging), SubjectToken: from.AccessToken, SubjectTokenType: aws.String(access),
		RequestedTokenType: aws.String("urn:ietf:params:oauth:token-type:refresh_token")}))
	carryOn := func() error {
		out, err := c.refresh(ctx, kept.RefreshToken)
		if err == nil {
			kept = out
		}
		return err
	}
	refresh := func() error {
		out, err := c.refresh(ctx, ours.RefreshToken)
		if err == nil {
			ours = out
		}
		return err
	}
	browse := func() string { // what comes back to the application, if the provider is not asked
		_, _, at := visit(t, browser(), browsers.request(strings.Repeat("v", 43), nil))
		return at.Query().Get("error_description")
	}
	allowed(t, "exchange", swap())
	allowed(t, "refresh", refresh())
	allowed(t, "refresh what was exchanged", carryOn())
	status := func(s ssotypes.ApplicationStatus) {
		must[*ssoadmin.UpdateApplicationOutput](t)(theirs.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &app, Status: s}))
	}
	status(ssotypes.ApplicationStatusDisabled)
	refused(t, carryOn(), "InvalidGrantException", "is disabled")
	status(ssotypes.ApplicationStatusEnabled)
	allowed(t, "refresh after it is enabled again", carryOn())
	if got := browse(); got != "" {
		t.Fatal(got)
	}

	must[*organizations.CloseAccountOutput](t)(organizations.NewFromConfig(c.AWS(admin)).CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &m.id}))
	_, err := through(c.Application)
	refused(t, err, "InvalidGrantException", "was closed")
	_, err = through(app)
	refused(t, err, "AccessDeniedException", "")
	refused(t, swap(), "InvalidGrantException", "was closed")
	refused(t, refresh(), "InvalidGrantException", "was closed")
	refused(t, carryOn(), "InvalidGrantException", "was closed")
	if got := browse(); !strings.Contains(got, "was closed") {
		t.Errorf("in the browser: %q", got)
	}
	var chain explained
	if err := client.Ask(ctx, c.Env, "ExplainAccess", map[string]string{"User": alice, "Target": "s3://" + corp.Bucket + "/finance/*", "Application": c.Application}, &chain); err != nil {
		t.Error(err)
	}
	if link, detail, fix := chain.broken(); link != "issuer" || !strings.Contains(detail, "was closed") || fix == "" {
		t.Errorf("the explanation: %s %s %s", link, detail, fix)
	}

	// The instance's owner clears away what is left, and the address is free again.
	refused(t, carryOn(), "InvalidGrantException", "was closed")
	must[*ssoadmin.DeleteApplicationOutput](t)(c.sso.DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: &app}))
	refused(t, carryOn(), "InvalidGrantException", "was deleted")
	must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(c.sso.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer}))
	c.Issuer = *must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(c.sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("ours"),
		TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(c.Provider.Issuer(), "preferred_username", "userName")})).TrustedTokenIssuerArn
	refused(t, refresh(), "InvalidGrantException", "was deleted")
	accept.Value.AuthorizedTokenIssuers[0].TrustedTokenIssuerArn = &c.Issuer
	c.grant(t, c.Application, world.JWTBearer, accept)
	refused(t, refresh(), "InvalidGrantException", "was taken from the application") // the old issuer is not the new one
	must[*ssooidc.CreateTokenWithIAMOutput](t)(through(c.Application))
}
