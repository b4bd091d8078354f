package ssoadmin_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

func (o *office) testAssignments(t *testing.T) {
	ctx, sso, ids := t.Context(), o.sso(o.Root()), o.ids(o.Root())
	app, none, bad := o.open(t, "assigned"), o.noApplication(), aws.String("apl-1")
	user, leaver, group := o.Users[worldtest.Alice], o.hire(t, o.Root(), o.Store, "leaver"), o.Groups["Finance"]
	assign := func(arn *string, id string, kind ssotypes.PrincipalType) error {
		return worldtest.ErrorOf(sso.CreateApplicationAssignment(ctx,
			&ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: arn,
				PrincipalId: &id, PrincipalType: kind}))
	}
	describe := func(arn *string, id string, kind ssotypes.PrincipalType) error {
		return worldtest.ErrorOf(sso.DescribeApplicationAssignment(ctx,
			&ssoadmin.DescribeApplicationAssignmentInput{ApplicationArn: arn,
				PrincipalId: &id, PrincipalType: kind}))
	}
	drop := func(arn *string, id string, kind ssotypes.PrincipalType) error {
		return worldtest.ErrorOf(sso.DeleteApplicationAssignment(ctx,
			&ssoadmin.DeleteApplicationAssignmentInput{ApplicationArn: arn,
				PrincipalId: &id, PrincipalType: kind}))
	}
	list := func(in *ssoadmin.ListApplicationAssignmentsInput) error {
		return worldtest.ErrorOf(sso.ListApplicationAssignments(ctx, in))
	}
	of := func(id string, kind ssotypes.PrincipalType,
		change func(*ssoadmin.ListApplicationAssignmentsForPrincipalInput)) ([]string, error) {
		in := &ssoadmin.ListApplicationAssignmentsForPrincipalInput{InstanceArn: &o.Instance, PrincipalId: &id,
			PrincipalType: kind}
		if change != nil {
			change(in)
		}
		out, err := sso.ListApplicationAssignmentsForPrincipal(ctx, in)
		var found []string
		if err == nil {
			for _, a := range out.ApplicationAssignments {
				found = append(found, string(a.PrincipalType)+" "+*a.PrincipalId)
			}
		}
		return found, err
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"a person", assign(app, user, "USER"), "", ""},
		{"a leaver", assign(app, leaver, "USER"), "", ""},
		{"a group", assign(app, group, "GROUP"), "", ""},
		{"a person again", assign(app, user, "USER"), conflict, "assigned to the application already"},
		{"a group again", assign(app, group, "GROUP"), conflict, "assigned to the application already"},
		{"a group as a person", assign(app, o.Groups["Legal"], "USER"), missing, "has no user"},
		{"a person as a group", assign(app, o.Users[worldtest.Bob], "GROUP"), missing, "has no group"},
		{"nobody", assign(app, noID, "USER"), missing, "has no user"},
		{"no id", assign(app, "alice", "USER"), invalid, "regular expression"},
		{"no kind", assign(app, user, "ROBOT"), invalid, "enum"},
		{"to nothing", assign(none, user, "USER"), missing, "not found"},
		{"describe", describe(app, user, "USER"), "", ""},
		{"describe what is inherited", describe(app, o.Users[worldtest.Grace], "USER"), missing, "not assigned"},
		{"describe a person as a group", describe(app, user, "GROUP"), missing, "not assigned"},
		{"describe of nothing", describe(none, user, "USER"), missing, "not found"},
		{"describe no id", describe(app, "alice", "USER"), invalid, "regular expression"},
		{"drop a person as a group", drop(app, user, "GROUP"), "", ""},
		{"which does nothing", describe(app, user, "USER"), "", ""},
		{"drop of nothing", drop(none, user, "USER"), missing, "not found"},
		{"drop no id", drop(app, "alice", "USER"), invalid, "regular expression"},
		{"list of nothing", list(&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: none}), missing, "not found"},
		{"list of no ARN", list(&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: bad}), invalid,
			"regular expression"},
		{"list too many", list(&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app, MaxResults: aws.Int32(101)}),
			invalid, "maxResults"},
	})

	// A person's assignments are its own and, under their names, those of its groups.
	found, err := of(user, "USER", nil)
	want := []string{"GROUP " + group, "USER " + user}
	slices.Sort(found)
	if err := same(err, found, want); err != nil {
		t.Errorf("alice's assignments: %v", err)
	}
	found, err = of(user, "GROUP", nil)
	if err := same(err, found, "[]"); err != nil {
		t.Errorf("assignments of a group that is a person: %v", err)
	}
	found, err = of(user, "USER", func(in *ssoadmin.ListApplicationAssignmentsForPrincipalInput) {
		in.Filter = &ssotypes.ListApplicationAssignmentsFilter{ApplicationArn: &o.Application}
	})
	if err := same(err, found, "[]"); err != nil {
		t.Errorf("alice's assignments to another application: %v", err)
	}
	_, err = of(user, "USER", func(in *ssoadmin.ListApplicationAssignmentsForPrincipalInput) {
		in.InstanceArn = aws.String(noInstance)
	})
	worldtest.Refused(t, err, denied, "There is no Identity Center instance")
	_, err = of("alice", "USER", nil)
	worldtest.Refused(t, err, invalid, "regular expression")
	_, err = of(user, "USER", func(in *ssoadmin.ListApplicationAssignmentsForPrincipalInput) {
		in.Filter = &ssotypes.ListApplicationAssignmentsFilter{ApplicationArn: none}
	})
	worldtest.Refused(t, err, missing, "not found")

	// Who is gone stays in the list and is not come back by a namesake.
	worldtest.Must[*identitystore.DeleteUserOutput](t)(ids.DeleteUser(ctx,
		&identitystore.DeleteUserInput{IdentityStoreId: &o.Store,
			UserId: &leaver}))
	namesake := o.hire(t, o.Root(), o.Store, "leaver")
	if n := len(worldtest.Must[*ssoadmin.ListApplicationAssignmentsOutput](t)(sso.ListApplicationAssignments(ctx,
		&ssoadmin.ListApplicationAssignmentsInput{ApplicationArn: app})).ApplicationAssignments); n != 3 {
		t.Errorf("%d assignments, with one of somebody who is gone", n)
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"the namesake", describe(app, namesake, "USER"), missing, "not assigned"},
		{"who is gone", describe(app, leaver, "USER"), "", ""},
		{"drop who is gone", drop(app, leaver, "USER"), "", ""},
		{"drop again", drop(app, leaver, "USER"), "", ""},
	})
	worldtest.Must[*ssoadmin.DeleteApplicationOutput](t)(sso.DeleteApplication(ctx,
		&ssoadmin.DeleteApplicationInput{ApplicationArn: app}))
	if found, err := of(user, "USER", nil); same(err, found, "[]") != nil {
		t.Errorf("assignments to an application that is gone: %v, %v", found, err)
	}
}

func (o *office) testIssuers(t *testing.T) {
	ctx, sso := t.Context(), o.sso(o.Root())
	number := 0
	create := func(url, claim, attribute string, change func(*ssoadmin.CreateTrustedTokenIssuerInput)) (
		*ssoadmin.CreateTrustedTokenIssuerOutput, error) {
		in := &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &o.Instance, Name: aws.String("idp"),
			TrustedTokenIssuerType:          "OIDC_JWT",
			TrustedTokenIssuerConfiguration: issuing(url, claim, attribute)}
		if change != nil {
			change(in)
		}
		return sso.CreateTrustedTokenIssuer(ctx, in)
	}
	wrong := func(url, claim, attribute string) error { return worldtest.ErrorOf(create(url, claim, attribute, nil)) }
	describe := func(arn *string) (ssotypes.OidcJwtConfiguration, error) {
		out, err := sso.DescribeTrustedTokenIssuer(ctx, &ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: arn})
		if err != nil {
			return ssotypes.OidcJwtConfiguration{}, err
		}
		return out.TrustedTokenIssuerConfiguration.(*ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration).
			Value, nil
	}
	update := func(arn *string, c ssotypes.OidcJwtUpdateConfiguration) error {
		return worldtest.ErrorOf(sso.UpdateTrustedTokenIssuer(ctx,
			&ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: arn,
				TrustedTokenIssuerConfiguration: &ssotypes.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration{
					Value: c}}))
	}
	drop := func(arn *string) error {
		return worldtest.ErrorOf(sso.DeleteTrustedTokenIssuer(ctx,
			&ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: arn}))
	}
	list := func(in *ssoadmin.ListTrustedTokenIssuersInput) ([]ssotypes.TrustedTokenIssuerMetadata, error) {
		out, err := sso.ListTrustedTokenIssuers(ctx, in)
		if err != nil {
			return nil, err
		}
		return out.TrustedTokenIssuers, nil
	}
	token := func(in *ssoadmin.CreateTrustedTokenIssuerInput) { in.ClientToken = aws.String("i-1") }
	made := worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(create("https://one.example/",
		"preferred_username",
		"userName", token)).TrustedTokenIssuerArn
	if again := worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(create("https://one.example/",
		"preferred_username",
		"userName", token)).TrustedTokenIssuerArn; *again != *made {
		t.Errorf("the same request made %s and then %s", *made, *again)
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"the token again for something else", worldtest.ErrorOf(create("https://two.example", "email", "userName", token)),
			conflict,
			"IdempotentParameterMismatch"},
		{"the same URL", wrong("https://one.example/", "email", "userName"), conflict, "already"},
		{"a URL with a query", wrong("https://x.example/?a=b", "email", "userName"), invalid, "issuerUrl"},
		{"a URL with a fragment", wrong("https://x.example/#a", "email", "userName"), invalid, "issuerUrl"},
		{"no URL", wrong("x.example", "email", "userName"), invalid, "issuerUrl"},
		{"a long URL", wrong("https://x.example/"+strings.Repeat("x", 512), "email", "userName"), invalid, "512"},
		{"a claim with a namespace", wrong("https://x.example", "https://x/claim", "userName"), invalid,
			"claimAttributePath"},
		{"a claim with a digit", wrong("https://x.example", "email2", "userName"), invalid, "claimAttributePath"},
		{"a claim too deep", wrong("https://x.example", "a.b.c.d", "userName"), invalid, "claimAttributePath"},
		{"a filter for an attribute", wrong("https://x.example", "email", "emails[primary eq true].value"), invalid,
			"identityStoreAttributePath"},
		{"an attribute that is many people's", wrong("https://x.example", "email", "displayName"), invalid,
			"does not identify one user"},
		{"in no instance",
			worldtest.ErrorOf(create("https://x.example", "email", "userName",
				func(in *ssoadmin.CreateTrustedTokenIssuerInput) { in.InstanceArn = aws.String(noInstance) })), denied,
			"There is no Identity Center instance"},
		{"a name with a space",
			worldtest.ErrorOf(create("https://x.example", "email", "userName",
				func(in *ssoadmin.CreateTrustedTokenIssuerInput) { in.Name = aws.String("a b") })), invalid, "name"},
		{"another type",
			worldtest.ErrorOf(create("https://x.example", "email", "userName",
				func(in *ssoadmin.CreateTrustedTokenIssuerInput) { in.TrustedTokenIssuerType = "SAML" })), invalid, "enum"},
		{"a reserved tag",
			worldtest.ErrorOf(create("https://x.example", "email", "userName",
				func(in *ssoadmin.CreateTrustedTokenIssuerInput) { in.Tags = tagged("aws:a", "b") })), invalid, "reserved"},
		{"describe nothing", worldtest.ErrorOf(describe(o.noIssuer())), missing, "no trusted token issuer"},
		{"describe no ARN", worldtest.ErrorOf(describe(aws.String("tti-1"))), invalid, "regular expression"},
		{"change",
			update(made, ssotypes.OidcJwtUpdateConfiguration{ClaimAttributePath: aws.String("a_b.c"),
				IdentityStoreAttributePath: aws.String("EMAILS.value"), JwksRetrievalOption: "OPEN_ID_DISCOVERY"}), "", ""},
		{"change to an alias of the provider's id",
			update(made, ssotypes.OidcJwtUpdateConfiguration{IdentityStoreAttributePath: aws.String("externalId")}), "", ""},
		{"change to the other",
			update(made, ssotypes.OidcJwtUpdateConfiguration{IdentityStoreAttributePath: aws.String("EMAILS.value")}), "", ""},
		{"change nothing of it", update(made, ssotypes.OidcJwtUpdateConfiguration{}), "", ""},
		{"change to an attribute of many",
			update(made, ssotypes.OidcJwtUpdateConfiguration{IdentityStoreAttributePath: aws.String("title")}), invalid,
			"does not identify one user"},
		{"change to a bad claim", update(made, ssotypes.OidcJwtUpdateConfiguration{ClaimAttributePath: aws.String("a-b")}),
			invalid, "claimAttributePath"},
		{"change to another retrieval", update(made, ssotypes.OidcJwtUpdateConfiguration{JwksRetrievalOption: "FILE"}),
			invalid, "enum"},
		{"change nothing that is", update(o.noIssuer(), ssotypes.OidcJwtUpdateConfiguration{}), missing,
			"no trusted token issuer"},
		{"list of nothing",
			worldtest.ErrorOf(list(&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: aws.String(noInstance)})), denied,
			"There is no Identity Center instance"},
		{"list too many",
			worldtest.ErrorOf(list(&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: &o.Instance,
				MaxResults: aws.Int32(101)})), invalid,
			"maxResults"},
		{"delete nothing", drop(o.noIssuer()), missing, "no trusted token issuer"},
		{"delete no ARN", drop(aws.String("tti-1")), invalid, "regular expression"},
	})
	c, err := describe(made)
	if err := same(err, []string{*c.IssuerUrl, *c.ClaimAttributePath, *c.IdentityStoreAttributePath,
		string(c.JwksRetrievalOption)}, []string{"https://one.example/", "a_b.c", "EMAILS.value",
		"OPEN_ID_DISCOVERY"}); err != nil {
		t.Error(err)
	}
	// There are ten at most.
	have := len(
		worldtest.Must[[]ssotypes.TrustedTokenIssuerMetadata](t)(
			list(&ssoadmin.ListTrustedTokenIssuersInput{InstanceArn: &o.Instance})))
	for ; have < 10; have++ {
		number++
		if err := wrong("https://more.example/"+strings.Repeat("x", number), "email", "externalIds.value"); err != nil {
			t.Fatal(err)
		}
	}
	worldtest.Refused(t, wrong("https://eleventh.example", "email", "userName"), quota, "10 trusted token issuers")
	// A grant that names a deleted issuer goes on naming it; its namesake is another.
	app := o.open(t, "dangling")
	worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
			Grant: &ssotypes.GrantMemberJwtBearer{
				Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
					{TrustedTokenIssuerArn: made, AuthorizedAudiences: []string{"a"}}}}}}))
	worldtest.CheckOutcomes(t, []outcome{{"delete", drop(made), "", ""},
		{"delete again", drop(made), missing, "no trusted token issuer"}})
	namesake := worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(create("https://one.example/", "email",
		"userName",
		nil)).TrustedTokenIssuerArn
	g := worldtest.Must[*ssoadmin.GetApplicationGrantOutput](t)(sso.GetApplicationGrant(ctx,
		&ssoadmin.GetApplicationGrantInput{ApplicationArn: app, GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer"}))
	if named := *g.Grant.(*ssotypes.GrantMemberJwtBearer).
		Value.AuthorizedTokenIssuers[0].TrustedTokenIssuerArn; named != *made || named == *namesake {
		t.Errorf("the grant names %s", named)
	}
}
