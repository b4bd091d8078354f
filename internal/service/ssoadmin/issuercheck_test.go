package ssoadmin_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// An issuer is tested for its own account and for those who administer the instance. These are told of every
// application that accepts it, and the issuer's account of its own.
func TestIssuerTestsTellOfApplicationsThatTheCallerSees(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleWith(t, func(s *server.Config) { s.Identity.MemberIssuers = true })
	admin := worldtest.MakeAdministrator(t, c.World)
	m, other := worldtest.JoinAccount(t, c.World, admin, "data"), worldtest.JoinAccount(t, c.World, admin, "other")
	token := worldtest.Must[string](t)(c.Provider.Issue(worldtest.Alice, corp.ClientID, nil))
	ask := func(k client.Key, issuer string) (said string, err error) {
		var out struct {
			Steps []struct{ Name, Result, Detail string }
		}
		err = client.Ask(ctx, worldtest.EnvOf(c.World, k), "TestTrustedTokenIssuer",
			map[string]string{"TrustedTokenIssuerArn": issuer,
				"Token": token}, &out)
		for _, s := range out.Steps {
			said += s.Result + " " + s.Name + ": " + s.Detail + "\n"
		}
		return said, err
	}
	refused := func(k client.Key, issuer string) {
		t.Helper()
		if said, err := ask(k, issuer); err == nil ||
			!strings.Contains(err.Error(), "not authorized to perform: granary:TestTrustedTokenIssuer") ||
			strings.Contains(said+err.Error(), "LarkspurData") {
			t.Errorf("%s %v", said, err)
		}
	}
	tells := func(k client.Key, issuer string, of, not []string) {
		t.Helper()
		said, err := ask(k, issuer)
		if err != nil || strings.Contains(said, "FAILED") {
			t.Errorf("%s %v", said, err)
		}
		for _, app := range of {
			if !strings.Contains(said, app+" (") || !strings.Contains(said, app+" would let this user in") {
				t.Errorf("nothing of %s:\n%s", app, said)
			}
		}
		for _, app := range not {
			if strings.Contains(said, app) {
				t.Errorf("%s is told of:\n%s", app, said)
			}
		}
	}
	refused(m.Key, c.Issuer)
	refused(c.Machine, c.Issuer)

	// The member's own issuer, which an application of the management account accepts too.
	root, theirs := ssoadmin.NewFromConfig(c.AWS(admin)), ssoadmin.NewFromConfig(c.AWS(m.Key))
	worldtest.Must[*ssoadmin.DeleteApplicationGrantOutput](t)(root.DeleteApplicationGrant(ctx,
		&ssoadmin.DeleteApplicationGrantInput{ApplicationArn: &c.Application,
			GrantType: ssotypes.GrantType(world.JWTBearer)}))
	worldtest.Must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(root.DeleteTrustedTokenIssuer(ctx,
		&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer}))
	issuer := *worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(theirs.CreateTrustedTokenIssuer(ctx,
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("theirs"),
			TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing(c.Provider.Issuer(),
				"preferred_username", "userName")})).TrustedTokenIssuerArn
	accept := func(sso *ssoadmin.Client, app string) {
		t.Helper()
		worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
			&ssoadmin.PutApplicationGrantInput{ApplicationArn: &app, GrantType: ssotypes.GrantType(world.JWTBearer),
				Grant: &ssotypes.GrantMemberJwtBearer{
					Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
						{TrustedTokenIssuerArn: &issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}}))
	}
	accept(root, c.Application)
	if said, err := ask(m.Key, issuer); err != nil || !strings.Contains(said, "FAILED grant: No application") ||
		strings.Contains(said, "LarkspurData") {
		t.Errorf("the member has no application: %s %v", said, err)
	}
	own := *worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("Theirs"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
		theirs.PutApplicationAssignmentConfiguration(ctx,
			&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &own, AssignmentRequired: aws.Bool(false)}))
	accept(theirs, own)
	tells(m.Key, issuer, []string{"Theirs"}, []string{"LarkspurData"})
	tells(admin, issuer, []string{"Theirs", "LarkspurData"}, nil)
	refused(other.Key, issuer)
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(organizations.NewFromConfig(c.AWS(admin)).
		RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: &other.ID,
				ServicePrincipal: aws.String("sso.amazonaws.com")}))
	tells(other.Key, issuer, []string{"Theirs", "LarkspurData"}, nil)
}
