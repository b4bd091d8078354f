package world_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
)

// Who may do what with whose: the management account and the delegated administrator everything in the organization's instance, a member
// what is its own (identity-center §2).
func (o *office) testAccounts(t *testing.T) {
	ctx := t.Context()
	must[*organizations.RegisterDelegatedAdministratorOutput](t)(organizations.NewFromConfig(o.AWS(o.admin)).RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &o.lead.id, ServicePrincipal: aws.String("sso.amazonaws.com")}))
	theirs := o.sso(o.other.key)
	app := must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: aws.String("theirs"), ApplicationProviderArn: aws.String(customProvider), Tags: tagged("a", "b")})).ApplicationArn
	tti := must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(theirs.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &o.Instance, Name: aws.String("theirs"),
		TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing("https://theirs.example", "email", "emails.value")})).TrustedTokenIssuerArn
	bearer := func(issuer *string) ssotypes.Grant {
		return &ssotypes.GrantMemberJwtBearer{Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{{TrustedTokenIssuerArn: issuer, AuthorizedAudiences: []string{"a"}}}}}
	}
	// manage is everything that an application's own account does with it, and with its issuer.
	manage := func(who string, sso *ssoadmin.Client, code, words string) {
		t.Helper()
		user := aws.String(o.Users[alice])
		check(t, []outcome{
			{who + " describes", only(sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})), code, words},
			{who + " updates", only(sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: app, Description: &who})), code, words},
			{who + " grants", only(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", Grant: bearer(tti)})), code, words},
			{who + " grants by the organization's issuer", only(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", Grant: bearer(&o.Issuer)})), code, words},
			{who + " reads the grant", only(sso.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer"})), code, words},
			{who + " sets a scope", only(sso.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})), code, words},
			{who + " reads the scope", only(sso.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("a:b")})), code, words},
			{who + " sets the method", only(sso.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: "IAM", AuthenticationMethod: actors(anyActor())})), code, words},
			{who + " reads the method", only(sso.GetApplicationAuthenticationMethod(ctx, &ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: "IAM"})), code, words},
			{who + " assigns", only(sso.CreateApplicationAssignment(ctx, &ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " reads the assignment", only(sso.DescribeApplicationAssignment(ctx, &ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " lists assignments", only(sso.ListApplicationAssignments(ctx, &ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app})), code, words},
			{who + " takes it back", only(sso.DeleteApplicationAssignment(ctx, &ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app, PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " asks no assignment", only(sso.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(false)})), code, words},
			{who + " tags", only(sso.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: app, Tags: tagged("c", "d")})), code, words},
			{who + " reads tags", only(sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: tti})), code, words},
			{who + " describes the issuer", only(sso.DescribeTrustedTokenIssuer(ctx, &ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})), code, words},
			{who + " updates the issuer", only(sso.UpdateTrustedTokenIssuer(ctx, &ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti, Name: aws.String("n")})), code, words},
		})
	}
	manage("its own account", theirs, "", "")
	manage("the management account", o.sso(o.admin), "", "")
	manage("the delegated administrator", o.sso(o.lead.key), "", "")
	stranger := join(t, o.World, o.admin, "stranger")
	manage("a third account", o.sso(stranger.key), denied, "is not authorized to perform: sso:")

	// What is not there is denied to a stranger in the same words as what is.
	_, err := o.sso(stranger.key).DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: o.noApplication()})
	refused(t, err, denied, "sso:DescribeApplication")
	_, err = o.sso(stranger.key).DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: o.noIssuer()})
	refused(t, err, denied, "sso:DeleteTrustedTokenIssuer")

	// Lists: a member says that it means its own.
	list := func(sso *ssoadmin.Client, f *ssotypes.ListApplicationsFilter) (int, error) {
		out, err := sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, Filter: f})
		if err != nil {
			return 0, err
		}
		return len(out.Applications), nil
	}
	mine, mineErr := list(theirs, &ssotypes.ListApplicationsFilter{ApplicationAccount: &o.other.id})
	all, allErr := list(o.sso(o.lead.key), nil)
	every, everyErr := list(o.sso(o.admin), nil)
	of := func(sso *ssoadmin.Client, app *string) error {
		in := &ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: &o.Instance, PrincipalId: aws.String(o.Users[alice]), PrincipalType: "USER"}
		if app != nil {
			in.Filter = &ssotypes.ListApplicationAssignmentsFilter{ApplicationArn: app}
		}
		return only(sso.ListApplicationAssignmentsForPrincipal(ctx, in))
	}
	check(t, []outcome{
		{"a member's own applications", same(mineErr, mine, 2), "", ""}, // one from before
		{"all, to the delegated administrator", same(allErr, all, every), "", ""},
		{"all, to the management account", everyErr, "", ""},
		{"all, to a member", only(list(theirs, nil)), denied, "ApplicationAccount=" + o.other.id},
		{"another's, to a member", only(list(theirs, &ssotypes.ListApplicationsFilter{ApplicationAccount: &o.Account})), denied, "ApplicationAccount=" + o.other.id},
		{"a person's assignments, to a member", of(theirs, nil), denied, "Filter.ApplicationArn"},
		{"to its application", of(theirs, app), "", ""},
		{"to another account's", of(theirs, &o.Application), denied, "another account's"},
		{"to everything, for the delegated administrator", of(o.sso(o.lead.key), nil), "", ""},

		{"the delegated administrator renames the instance", only(o.sso(o.lead.key).UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: &o.Instance, Name: aws.String("led")})), "", ""},
		{"and tags it", only(o.sso(o.lead.key).TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: &o.Instance, Tags: tagged("a", "b")})), "", ""},
		{"and takes the tag", only(o.sso(o.lead.key).UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: &o.Instance, TagKeys: []string{"a"}})), "", ""},
		{"and does not delete it", only(o.sso(o.lead.key).DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: &o.Instance})), denied, "sso:DeleteInstance"},
		{"a member tags the instance", only(theirs.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: &o.Instance, Tags: tagged("a", "b")})), denied, "sso:TagResource"},
		{"a member reads its tags", only(theirs.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: &o.Instance})), denied, "sso:ListTagsForResource"},
		{"a member gives it a Region", only(theirs.AddRegion(ctx, &ssoadmin.AddRegionInput{InstanceArn: &o.Instance, RegionName: aws.String("eu-west-1")})), denied, "sso:AddRegion"},
		{"its owner gives it a Region", only(o.sso(o.admin).AddRegion(ctx, &ssoadmin.AddRegionInput{InstanceArn: &o.Instance, RegionName: aws.String("eu-west-1")})), invalid, "Further Regions"},
		{"the delegated administrator hires", only(o.ids(o.lead.key).CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &o.Store, DisplayName: aws.String("Led")})), "", ""},
		{"a member hires", only(o.ids(o.other.key).CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &o.Store, DisplayName: aws.String("Theirs")})), denied, "identitystore:CreateGroup"},

		{"its own account deletes the issuer", only(theirs.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})), "", ""},
		{"the delegated administrator deletes the application", only(o.sso(o.lead.key).DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: app})), "", ""},
	})
}
