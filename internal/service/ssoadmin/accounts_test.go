package ssoadmin_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

// Who may do what with whose: the management account and the delegated administrator everything in the organization's
// instance, a member what is its own (identity-center §2).
func (o *office) testAccounts(t *testing.T) {
	ctx := t.Context()
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(organizations.NewFromConfig(o.AWS(o.admin)).
		RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: &o.lead.ID,
				ServicePrincipal: aws.String("sso.amazonaws.com")}))
	theirs := o.sso(o.other.Key)
	app := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: aws.String("theirs"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider), Tags: tagged("a", "b")})).ApplicationArn
	trust := func(sso *ssoadmin.Client, name string, tags ...ssotypes.Tag) (*ssoadmin.CreateTrustedTokenIssuerOutput,
		error) {
		return sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &o.Instance,
			Name: &name, Tags: tags,
			TrustedTokenIssuerType: "OIDC_JWT", TrustedTokenIssuerConfiguration: issuing("https://"+name+".example", "email",
				"emails.value")})
	}
	tti := worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(trust(o.sso(o.lead.Key),
		"led")).TrustedTokenIssuerArn
	bearer := func(issuer *string) ssotypes.Grant {
		return &ssotypes.GrantMemberJwtBearer{
			Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
				{TrustedTokenIssuerArn: issuer, AuthorizedAudiences: []string{"a"}}}}}
	}
	// manage is everything that an application's own account does with it.
	manage := func(who string, sso *ssoadmin.Client, code, words string) {
		t.Helper()
		user := aws.String(o.Users[worldtest.Alice])
		worldtest.CheckOutcomes(t, []outcome{
			{who + " describes", worldtest.ErrorOf(sso.DescribeApplication(ctx,
				&ssoadmin.DescribeApplicationInput{ApplicationArn: app})),
				code, words},
			{who + " updates",
				worldtest.ErrorOf(sso.UpdateApplication(ctx,
					&ssoadmin.UpdateApplicationInput{ApplicationArn: app, Description: &who})), code,
				words},
			{who + " grants",
				worldtest.ErrorOf(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app,
					GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", Grant: bearer(tti)})), code, words},
			{who + " grants by the organization's issuer",
				worldtest.ErrorOf(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app,
					GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer", Grant: bearer(&o.Issuer)})), code, words},
			{who + " reads the grant",
				worldtest.ErrorOf(sso.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: app,
					GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer"})), code, words},
			{who + " sets a scope",
				worldtest.ErrorOf(sso.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app,
					Scope: aws.String("a:b")})), code, words},
			{who + " reads the scope",
				worldtest.ErrorOf(sso.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: app,
					Scope: aws.String("a:b")})), code, words},
			{who + " sets the method",
				worldtest.ErrorOf(sso.PutApplicationAuthenticationMethod(ctx,
					&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: "IAM",
						AuthenticationMethod: actors(anyActor())})), code, words},
			{who + " reads the method",
				worldtest.ErrorOf(sso.GetApplicationAuthenticationMethod(ctx,
					&ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: app, AuthenticationMethodType: "IAM"})), code,
				words},
			{who + " assigns",
				worldtest.ErrorOf(sso.CreateApplicationAssignment(ctx,
					&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app,
						PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " reads the assignment",
				worldtest.ErrorOf(sso.DescribeApplicationAssignment(ctx,
					&ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: app,
						PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " lists assignments",
				worldtest.ErrorOf(sso.ListApplicationAssignments(ctx,
					&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app})), code,
				words},
			{who + " takes it back",
				worldtest.ErrorOf(sso.DeleteApplicationAssignment(ctx,
					&ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: app,
						PrincipalId: user, PrincipalType: "USER"})), code, words},
			{who + " asks no assignment",
				worldtest.ErrorOf(sso.PutApplicationAssignmentConfiguration(ctx,
					&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(false)})),
				code, words},
			{who + " tags", worldtest.ErrorOf(sso.TagResource(ctx,
				&ssoadmin.TagResourceInput{ResourceArn: app, Tags: tagged("c", "d")})),
				code, words},
			{who + " reads tags", worldtest.ErrorOf(sso.ListTagsForResource(ctx,
				&ssoadmin.ListTagsForResourceInput{ResourceArn: app})), code,
				words},
		})
	}
	// vouch is everything that says who vouches for the directory's people, and what whoever uses an issuer reads of it.
	vouch := func(who string, sso *ssoadmin.Client, code, words string) {
		t.Helper()
		worldtest.CheckOutcomes(t, []outcome{
			{who + " lists issuers",
				worldtest.ErrorOf(sso.ListTrustedTokenIssuers(ctx,
					&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: &o.Instance})), "", ""},
			{who + " describes one",
				worldtest.ErrorOf(sso.DescribeTrustedTokenIssuer(ctx,
					&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
				"", ""},
			{who + " updates it",
				worldtest.ErrorOf(sso.UpdateTrustedTokenIssuer(ctx,
					&ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti,
						Name: aws.String("n")})), code, words},
			{who + " tags it", worldtest.ErrorOf(sso.TagResource(ctx,
				&ssoadmin.TagResourceInput{ResourceArn: tti, Tags: tagged("a", "b")})),
				code, words},
			{who + " reads its tags", worldtest.ErrorOf(sso.ListTagsForResource(ctx,
				&ssoadmin.ListTagsForResourceInput{ResourceArn: tti})),
				code, words},
			{who + " takes the tag",
				worldtest.ErrorOf(sso.UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: tti, TagKeys: []string{"a"}})),
				code, words},
		})
		made, err := trust(sso, "made")
		worldtest.CheckOutcomes(t,
			[]outcome{{who + " makes one", err, code, words},
				{who + " makes one with tags", worldtest.ErrorOf(trust(sso, "tagged", tagged("a", "b")...)), code, words}})
		if err == nil {
			worldtest.CheckOutcomes(t,
				[]outcome{{who + " deletes it",
					worldtest.ErrorOf(sso.DeleteTrustedTokenIssuer(ctx,
						&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: made.TrustedTokenIssuerArn})), "", ""}})
			for _, i := range worldtest.Must[*ssoadmin.ListTrustedTokenIssuersOutput](t)(sso.ListTrustedTokenIssuers(ctx,
				&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: &o.Instance})).TrustedTokenIssuers {
				if *i.Name == "tagged" {
					worldtest.Must[*ssoadmin.DeleteTrustedTokenIssuerOutput](t)(sso.DeleteTrustedTokenIssuer(ctx,
						&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: i.TrustedTokenIssuerArn}))
				}
			}
			return
		}
		worldtest.CheckOutcomes(t,
			[]outcome{{who + " deletes one",
				worldtest.ErrorOf(sso.DeleteTrustedTokenIssuer(ctx,
					&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})), code,
				words}})
	}
	vouch("the management account", o.sso(o.admin), "", "")
	vouch("the delegated administrator", o.sso(o.lead.Key), "", "")
	vouch("a member", theirs, denied, "is not authorized to perform: sso:")
	manage("its own account", theirs, "", "")
	manage("the management account", o.sso(o.admin), "", "")
	manage("the delegated administrator", o.sso(o.lead.Key), "", "")
	stranger := worldtest.JoinAccount(t, o.World, o.admin, "stranger")
	manage("a third account", o.sso(stranger.Key), denied, "is not authorized to perform: sso:")

	// What is not there is denied to a stranger in the same words as what is.
	_, err := o.sso(stranger.Key).DescribeApplication(ctx,
		&ssoadmin.DescribeApplicationInput{ApplicationArn: o.noApplication()})
	worldtest.Refused(t, err, denied, "sso:DescribeApplication")
	_, err = o.sso(stranger.Key).DeleteTrustedTokenIssuer(ctx,
		&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: o.noIssuer()})
	worldtest.Refused(t, err, denied, "sso:DeleteTrustedTokenIssuer")

	// Lists: a member says that it means its own.
	list := func(sso *ssoadmin.Client, f *ssotypes.ListApplicationsFilter) (int, error) {
		out, err := sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, Filter: f})
		if err != nil {
			return 0, err
		}
		return len(out.Applications), nil
	}
	mine, mineErr := list(theirs, &ssotypes.ListApplicationsFilter{ApplicationAccount: &o.other.ID})
	all, allErr := list(o.sso(o.lead.Key), nil)
	every, everyErr := list(o.sso(o.admin), nil)
	of := func(sso *ssoadmin.Client, app *string) error {
		in := &ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: &o.Instance,
			PrincipalId: aws.String(o.Users[worldtest.Alice]), PrincipalType: "USER"}
		if app != nil {
			in.Filter = &ssotypes.ListApplicationAssignmentsFilter{ApplicationArn: app}
		}
		return worldtest.ErrorOf(sso.ListApplicationAssignmentsForPrincipal(ctx, in))
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"a member's own applications", same(mineErr, mine, 2), "", ""}, // one from before
		{"all, to the delegated administrator", same(allErr, all, every), "", ""},
		{"all, to the management account", everyErr, "", ""},
		{"all, to a member", worldtest.ErrorOf(list(theirs, nil)), denied, "ApplicationAccount=" + o.other.ID},
		{"another's, to a member", worldtest.ErrorOf(list(theirs,
			&ssotypes.ListApplicationsFilter{ApplicationAccount: &o.Account})),
			denied, "ApplicationAccount=" + o.other.ID},
		{"a person's assignments, to a member", of(theirs, nil), denied, "Filter.ApplicationArn"},
		{"to its application", of(theirs, app), "", ""},
		{"to another account's", of(theirs, &o.Application), denied, "another account's"},
		{"to everything, for the delegated administrator", of(o.sso(o.lead.Key), nil), "", ""},

		{"the delegated administrator renames the instance",
			worldtest.ErrorOf(o.sso(o.lead.Key).UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: &o.Instance,
				Name: aws.String("led")})), "", ""},
		{"and tags it",
			worldtest.ErrorOf(o.sso(o.lead.Key).TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: &o.Instance,
				Tags: tagged("a", "b")})), "", ""},
		{"and takes the tag",
			worldtest.ErrorOf(o.sso(o.lead.Key).UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: &o.Instance,
				TagKeys: []string{"a"}})), "", ""},
		{"and does not delete it",
			worldtest.ErrorOf(o.sso(o.lead.Key).DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: &o.Instance})),
			denied,
			"sso:DeleteInstance"},
		{"a member tags the instance",
			worldtest.ErrorOf(theirs.TagResource(ctx,
				&ssoadmin.TagResourceInput{ResourceArn: &o.Instance, Tags: tagged("a", "b")})), denied,
			"sso:TagResource"},
		{"a member reads its tags",
			worldtest.ErrorOf(theirs.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: &o.Instance})),
			denied,
			"sso:ListTagsForResource"},
		{"a member gives it a Region",
			worldtest.ErrorOf(theirs.AddRegion(ctx,
				&ssoadmin.AddRegionInput{InstanceArn: &o.Instance, RegionName: aws.String("eu-west-1")})),
			denied, "sso:AddRegion"},
		{"its owner gives it a Region",
			worldtest.ErrorOf(o.sso(o.admin).AddRegion(ctx, &ssoadmin.AddRegionInput{InstanceArn: &o.Instance,
				RegionName: aws.String("eu-west-1")})), invalid, "Further Regions"},
		{"the delegated administrator hires",
			worldtest.ErrorOf(o.ids(o.lead.Key).CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &o.Store,
				DisplayName: aws.String("Led")})), "", ""},
		{"a member hires",
			worldtest.ErrorOf(o.ids(o.other.Key).CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &o.Store,
				DisplayName: aws.String("Theirs")})), denied, "identitystore:CreateGroup"},

		{"the management account deletes the delegated administrator's issuer",
			worldtest.ErrorOf(o.sso(o.admin).DeleteTrustedTokenIssuer(ctx,
				&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})), "", ""},
		{"the delegated administrator deletes the application",
			worldtest.ErrorOf(o.sso(o.lead.Key).DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: app})),
			"", ""},
	})
}
