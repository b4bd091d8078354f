package ssoadmin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/worldtest"
)

// open makes an application in the company's instance.
func (o *office) open(t *testing.T, name string) *string {
	t.Helper()
	return worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(o.sso(o.Root()).CreateApplication(t.Context(),
		&ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: &name,
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
}

func (o *office) testApplications(t *testing.T) {
	ctx, sso := t.Context(), o.sso(o.Root())
	create := func(change func(*ssoadmin.CreateApplicationInput)) (*ssoadmin.CreateApplicationOutput, error) {
		in := &ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: aws.String("portal"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider), ClientToken: aws.String("t-1"),
			PortalOptions: &ssotypes.PortalOptions{Visibility: "DISABLED",
				SignInOptions: &ssotypes.SignInOptions{Origin: "APPLICATION", ApplicationUrl: aws.String("https://a.example/")}},
			Description: aws.String("what it is"), Tags: tagged("a", "b")}
		if change != nil {
			change(in)
		}
		return sso.CreateApplication(ctx, in)
	}
	wrong := func(change func(*ssoadmin.CreateApplicationInput)) error {
		return worldtest.ErrorOf(create(func(in *ssoadmin.CreateApplicationInput) {
			in.ClientToken = nil
			change(in)
		}))
	}
	made := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(create(nil))
	app := made.ApplicationArn
	if *made.InstanceArn != o.Instance || *made.IdentityStoreArn != "arn:aws:identitystore::"+o.Account+":identitystore/"+
		o.Store {
		t.Errorf("made: %+v", made)
	}
	if again := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(create(nil)); *again.ApplicationArn != *app {
		t.Errorf("the same request made %s and then %s", *app, *again.ApplicationArn)
	}
	describe := func(arn *string) (*ssoadmin.DescribeApplicationOutput, error) {
		return sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: arn})
	}
	d := worldtest.Must[*ssoadmin.DescribeApplicationOutput](t)(describe(app))
	got := []any{*d.Name, *d.Description, d.Status, *d.ApplicationAccount, *d.ApplicationProviderArn, *d.InstanceArn,
		*d.CreatedFrom, d.PortalOptions.Visibility, d.PortalOptions.SignInOptions.Origin,
		*d.PortalOptions.SignInOptions.ApplicationUrl}
	if err := same(nil, got, []any{"portal", "what it is", "ENABLED", o.Account, worldtest.CustomProvider, o.Instance,
		o.Region,
		"DISABLED", "APPLICATION", "https://a.example/"}); err != nil || d.CreatedDate == nil {
		t.Error(err)
	}
	update := func(change func(*ssoadmin.UpdateApplicationInput)) error {
		in := &ssoadmin.UpdateApplicationInput{ApplicationArn: app}
		change(in)
		return worldtest.ErrorOf(sso.UpdateApplication(ctx, in))
	}
	elsewhere := aws.String("arn:aws:sso::000000000001:application/ssoins-1234567890abcdef/apl-abcd1234a1b2c3d")
	list := func(in *ssoadmin.ListApplicationsInput) error {
		return worldtest.ErrorOf(sso.ListApplications(ctx, in))
	}
	provider := func(arn string) error {
		return worldtest.ErrorOf(sso.DescribeApplicationProvider(ctx,
			&ssoadmin.DescribeApplicationProviderInput{ApplicationProviderArn: &arn}))
	}
	remove := func(arn *string) error {
		return worldtest.ErrorOf(sso.DeleteApplication(ctx, &ssoadmin.DeleteApplicationInput{ApplicationArn: arn}))
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"the token again for something else",
			worldtest.ErrorOf(create(func(in *ssoadmin.CreateApplicationInput) { in.Name = aws.String("other") })), conflict,
			"IdempotentParameterMismatch"},
		{"from a catalogue", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.ApplicationProviderArn = aws.String("arn:aws:sso::aws:applicationProvider/custom-saml")
		}), invalid, "provider"},
		{"from Access Grants' own", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.ApplicationProviderArn = aws.String("arn:aws:sso::aws:applicationProvider/s3-access-grants")
		}), invalid, "provider"},
		{"in no instance", wrong(func(in *ssoadmin.CreateApplicationInput) { in.InstanceArn = aws.String(noInstance) }),
			missing, "There is no Identity Center instance"},
		{"without a name", wrong(func(in *ssoadmin.CreateApplicationInput) { in.Name = aws.String("") }), invalid, "name"},
		{"a long name", wrong(func(in *ssoadmin.CreateApplicationInput) { in.Name = aws.String(strings.Repeat("n", 101)) }),
			invalid, "100"},
		{"an empty description", wrong(func(in *ssoadmin.CreateApplicationInput) { in.Description = aws.String("") }),
			invalid, "description"},
		{"a long description",
			wrong(func(in *ssoadmin.CreateApplicationInput) { in.Description = aws.String(strings.Repeat("d", 129)) }), invalid,
			"128"},
		{"no such status", wrong(func(in *ssoadmin.CreateApplicationInput) { in.Status = "PAUSED" }), invalid, "enum"},
		{"a reserved tag", wrong(func(in *ssoadmin.CreateApplicationInput) { in.Tags = tagged("aws:a", "b") }), invalid,
			"reserved"},
		{"sign-in without a URL", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.PortalOptions = &ssotypes.PortalOptions{SignInOptions: &ssotypes.SignInOptions{Origin: "APPLICATION"}}
		}), invalid, "ApplicationUrl"},
		{"sign-in from nowhere", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.PortalOptions = &ssotypes.PortalOptions{SignInOptions: &ssotypes.SignInOptions{Origin: "HOME"}}
		}), invalid, "origin"},
		{"no URL", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.PortalOptions = &ssotypes.PortalOptions{SignInOptions: &ssotypes.SignInOptions{Origin: "APPLICATION",
				ApplicationUrl: aws.String("ftp://x")}}
		}), invalid, "applicationUrl"},
		{"a long URL", wrong(func(in *ssoadmin.CreateApplicationInput) {
			in.PortalOptions = &ssotypes.PortalOptions{SignInOptions: &ssotypes.SignInOptions{Origin: "APPLICATION",
				ApplicationUrl: aws.String("https://" + strings.Repeat("x", 512))}}
		}), invalid, "512"},
		{"a long token",
			wrong(func(in *ssoadmin.CreateApplicationInput) { in.ClientToken = aws.String(strings.Repeat("t", 65)) }), invalid,
			"64"},

		{"an id of 15 characters, as the guide prints it", worldtest.ErrorOf(describe(elsewhere)), missing, "not found"},
		{"nothing", worldtest.ErrorOf(describe(o.noApplication())), missing, "not found"},
		{"no ARN", worldtest.ErrorOf(describe(aws.String("apl-1"))), invalid, "regular expression"},
		{"change nothing that is",
			worldtest.ErrorOf(sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: o.noApplication(),
				Name: aws.String("x")})), missing, "not found"},
		{"change to an empty description",
			update(func(in *ssoadmin.UpdateApplicationInput) { in.Description = aws.String("") }), invalid, "description"},
		{"change to no URL", update(func(in *ssoadmin.UpdateApplicationInput) {
			in.PortalOptions = &ssotypes.UpdateApplicationPortalOptions{
				SignInOptions: &ssotypes.SignInOptions{Origin: "APPLICATION"}}
		}), invalid, "ApplicationUrl"},
		{"change", update(func(in *ssoadmin.UpdateApplicationInput) {
			in.Name, in.Status = aws.String("door"), "DISABLED"
			in.PortalOptions = &ssotypes.UpdateApplicationPortalOptions{
				SignInOptions: &ssotypes.SignInOptions{Origin: "IDENTITY_CENTER"}}
		}), "", ""},

		{"list of nothing", list(&ssoadmin.ListApplicationsInput{InstanceArn: aws.String(noInstance)}), denied,
			"There is no Identity Center instance"},
		{"list by a wrong account",
			list(&ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance,
				Filter: &ssotypes.ListApplicationsFilter{ApplicationAccount: aws.String("12")}}), invalid, "applicationAccount"},
		{"list too many", list(&ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, MaxResults: aws.Int32(101)}),
			invalid, "maxResults"},
		{"list none", list(&ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, MaxResults: aws.Int32(0)}), invalid,
			"maxResults"},
		{"the custom provider", provider(worldtest.CustomProvider), "", ""},
		{"Access Grants' provider", provider("arn:aws:sso::aws:applicationProvider/s3-access-grants"), "", ""},
		{"an unknown provider", provider("arn:aws:sso::aws:applicationProvider/catalog/abc"), missing,
			"no application provider"},
		{"no provider", provider("custom"), invalid, "regular expression"},
		{"providers from a bad token",
			worldtest.ErrorOf(sso.ListApplicationProviders(ctx,
				&ssoadmin.ListApplicationProvidersInput{NextToken: aws.String("AAAA")})),
			invalid, "NextToken"},
	})
	d = worldtest.Must[*ssoadmin.DescribeApplicationOutput](t)(describe(app))
	if *d.Name != "door" || *d.Description != "what it is" || d.Status != "DISABLED" ||
		d.PortalOptions.Visibility != "DISABLED" || d.PortalOptions.SignInOptions.Origin != "IDENTITY_CENTER" ||
		d.PortalOptions.SignInOptions.ApplicationUrl != nil {
		t.Errorf("after the change: %+v %+v", d, d.PortalOptions.SignInOptions)
	}
	providers := worldtest.Must[*ssoadmin.ListApplicationProvidersOutput](t)(sso.ListApplicationProviders(ctx, nil)).
		ApplicationProviders
	if p := providers[0]; *p.ApplicationProviderArn != worldtest.CustomProvider || p.FederationProtocol != "OAUTH" ||
		*p.DisplayData.DisplayName != "Custom application" || len(p.ResourceServerConfig.Scopes) != 1 {
		t.Errorf("the first provider: %+v", p)
	}

	// What comes with an Access Grants instance goes only with it.
	managed := worldtest.Must[*ssoadmin.ListApplicationsOutput](t)(sso.ListApplications(ctx,
		&ssoadmin.ListApplicationsInput{InstanceArn: &o.Instance, Filter: &ssotypes.ListApplicationsFilter{
			ApplicationProvider: aws.String("arn:aws:sso::aws:applicationProvider/s3-access-grants"),
			ApplicationAccount:  &o.Account}})).Applications
	if len(managed) != 1 {
		t.Fatalf("applications of Access Grants: %+v", managed)
	}
	worldtest.CheckOutcomes(t, []outcome{
		{"delete Access Grants' application", remove(managed[0].ApplicationArn), conflict, "dissociate"},
		{"delete nothing", remove(o.noApplication()), missing, "not found"},
		{"delete no ARN", remove(aws.String("x")), invalid, "regular expression"},
		{"delete", remove(app), "", ""},
		{"delete again", remove(app), missing, "not found"},
	})
}

func (o *office) testApplicationParts(t *testing.T) {
	ctx, sso, app := t.Context(), o.sso(o.Root()), o.open(t, "parts")
	none, bad := o.noApplication(), aws.String("apl-1")
	bearer := ssotypes.GrantType("urn:ietf:params:oauth:grant-type:jwt-bearer")
	exchange := ssotypes.GrantType("urn:ietf:params:oauth:grant-type:token-exchange")
	put := func(arn *string, kind ssotypes.GrantType, g ssotypes.Grant) error {
		return worldtest.ErrorOf(sso.PutApplicationGrant(ctx,
			&ssoadmin.PutApplicationGrantInput{ApplicationArn: arn, GrantType: kind,
				Grant: g}))
	}
	get := func(arn *string, kind ssotypes.GrantType) (ssotypes.Grant, error) {
		out, err := sso.GetApplicationGrant(ctx, &ssoadmin.GetApplicationGrantInput{ApplicationArn: arn, GrantType: kind})
		if err != nil {
			return nil, err
		}
		return out.Grant, nil
	}
	drop := func(arn *string, kind ssotypes.GrantType) error {
		return worldtest.ErrorOf(sso.DeleteApplicationGrant(ctx, &ssoadmin.DeleteApplicationGrantInput{ApplicationArn: arn,
			GrantType: kind}))
	}
	code := func(uris ...string) ssotypes.Grant {
		return &ssotypes.GrantMemberAuthorizationCode{Value: ssotypes.AuthorizationCodeGrant{RedirectUris: uris}}
	}
	trust := func(issuers ...ssotypes.AuthorizedTokenIssuer) ssotypes.Grant {
		return &ssotypes.GrantMemberJwtBearer{Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: issuers}}
	}
	from := func(issuer *string, audiences ...string) ssotypes.AuthorizedTokenIssuer {
		return ssotypes.AuthorizedTokenIssuer{TrustedTokenIssuerArn: issuer, AuthorizedAudiences: audiences}
	}
	t.Run("grants", func(t *testing.T) {
		worldtest.CheckOutcomes(t, []outcome{
			{"refresh", put(app, "refresh_token", refreshGrant), "", ""},
			{"exchange", put(app, exchange, &ssotypes.GrantMemberTokenExchange{}), "", ""},
			{"code", put(app, "authorization_code", code("https://a.example/back", "http://127.0.0.1:8080/x")), "", ""},
			{"bearer", put(app, bearer, trust(from(&o.Issuer, "a", "b"))), "", ""},
			{"bearer, replaced, with one issuer twice", put(app, bearer, trust(from(&o.Issuer, "c"), from(&o.Issuer, "d"))), "",
				""},
			{"the member of another type", put(app, "refresh_token", &ssotypes.GrantMemberTokenExchange{}), invalid,
				"the one member"},
			{"no such type", put(app, "password", refreshGrant), invalid, "enum"},
			{"no redirect", put(app, "authorization_code", code()), invalid, "redirect URI"},
			{"11 redirects",
				put(app, "authorization_code", code(strings.Split(strings.Repeat("https://a.example ", 11), " ")[:11]...)), invalid,
				"10"},
			{"a plain redirect", put(app, "authorization_code", code("http://a.example")), invalid, "https"},
			{"a redirect with a fragment", put(app, "authorization_code", code("https://a.example/#x")), invalid, "fragment"},
			{"a script for a redirect", put(app, "authorization_code", code("javascript:alert(1)")), invalid, "https"},
			{"no issuer", put(app, bearer, trust()), invalid, "ssuer"},
			{"an unknown issuer", put(app, bearer, trust(from(o.noIssuer(), "a"))), invalid, "no trusted token issuer"},
			{"an issuer without audiences", put(app, bearer, trust(from(&o.Issuer))), invalid, "udiences"},
			{"an empty audience", put(app, bearer, trust(from(&o.Issuer, ""))), invalid, "authorizedAudiences"},
			{"a long audience", put(app, bearer, trust(from(&o.Issuer, strings.Repeat("a", 513)))), invalid, "512"},
			{"11 audiences", put(app, bearer, trust(from(&o.Issuer, strings.Split("a b c d e f g h i j k", " ")...))), invalid,
				"10"},
			{"on nothing", put(none, "refresh_token", refreshGrant), missing, "not found"},
			{"get of an unknown type", worldtest.ErrorOf(get(app, "password")), invalid, "enum"},
			{"get on nothing", worldtest.ErrorOf(get(none, "refresh_token")), missing, "not found"},
			{"list on nothing", worldtest.ErrorOf(sso.ListApplicationGrants(ctx,
				&ssoadmin.ListApplicationGrantsInput{ApplicationArn: none})),
				missing, "not found"},
			{"list from a token",
				worldtest.ErrorOf(sso.ListApplicationGrants(ctx, &ssoadmin.ListApplicationGrantsInput{ApplicationArn: app,
					NextToken: aws.String("AAAA")})), invalid, "NextToken"},
			{"drop of an unknown type", drop(app, "password"), invalid, "enum"},
			{"drop on nothing", drop(none, "refresh_token"), missing, "not found"},
		})
		if g, err := get(app, bearer); err != nil ||
			len(g.(*ssotypes.GrantMemberJwtBearer).Value.AuthorizedTokenIssuers) != 2 {
			t.Errorf("bearer: %+v, %v", g, err)
		}
		if g, err := get(app, "authorization_code"); same(err, g.(*ssotypes.GrantMemberAuthorizationCode).Value.RedirectUris,
			"[https://a.example/back http://127.0.0.1:8080/x]") != nil {
			t.Errorf("code: %+v, %v", g, err)
		}
		list := worldtest.Must[*ssoadmin.ListApplicationGrantsOutput](t)(sso.ListApplicationGrants(ctx,
			&ssoadmin.ListApplicationGrantsInput{ApplicationArn: app})).Grants
		if len(list) != 4 {
			t.Errorf("grants: %+v", list)
		}
		for _, g := range list {
			if g.Grant == nil { // empty unions too
				t.Errorf("the grant %s came without its member", g.GrantType)
			}
			worldtest.CheckOutcomes(t, []outcome{{"drop " + string(g.GrantType), drop(app, g.GrantType), "", ""},
				{"drop again " + string(g.GrantType), drop(app, g.GrantType), "", ""},
				{"get the dropped " + string(g.GrantType), worldtest.ErrorOf(get(app, g.GrantType)), missing, "no grant of type"}})
		}
	})
	t.Run("scopes", func(t *testing.T) {
		put := func(arn *string, scope string, targets ...string) error {
			return worldtest.ErrorOf(sso.PutApplicationAccessScope(ctx,
				&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: arn,
					Scope: &scope, AuthorizedTargets: targets}))
		}
		get := func(arn *string, scope string) (*ssoadmin.GetApplicationAccessScopeOutput, error) {
			return sso.GetApplicationAccessScope(ctx, &ssoadmin.GetApplicationAccessScopeInput{ApplicationArn: arn,
				Scope: &scope})
		}
		drop := func(arn *string, scope string) error {
			return worldtest.ErrorOf(sso.DeleteApplicationAccessScope(ctx,
				&ssoadmin.DeleteApplicationAccessScopeInput{ApplicationArn: arn,
					Scope: &scope}))
		}
		list := func(arn *string, max int32, token string) error {
			in := &ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: arn, MaxResults: &max}
			if token != "" {
				in.NextToken = &token
			}
			return worldtest.ErrorOf(sso.ListApplicationAccessScopes(ctx, in))
		}
		for i := range 24 {
			if err := put(app, fmt.Sprintf("s%02d:read", i)); err != nil {
				t.Fatal(err)
			}
		}
		worldtest.CheckOutcomes(t, []outcome{
			{"the 25th", put(app, "s3:access_grants:read_write", *app, o.Application), "", ""},
			{"the 26th", put(app, "one:more"), invalid, "at most 25"},
			{"one of them again", put(app, "s3:access_grants:read_write", o.Application, *app, o.Instance), "", ""},
			{"a bad name", put(app, "a:b:c:d"), invalid, "regular expression"},
			{"a name with a space", put(app, "a b"), invalid, "regular expression"},
			{"a long name", put(app, strings.Repeat("a", 51)), invalid, "regular expression"},
			{"an unknown target", put(app, "s00:read", *none), invalid, "authorized target"},
			{"another instance for a target", put(app, "s00:read", noInstance), invalid, "authorized target"},
			{"a target that is no ARN", put(app, "s00:read", "x"), invalid, "authorizedTargets"},
			{"11 targets", put(app, "s00:read", strings.Split(strings.Repeat(*app+" ", 11), " ")[:11]...), invalid, "10"},
			{"on nothing", put(none, "a"), missing, "not found"},
			{"get", worldtest.ErrorOf(get(app, "s01:read")), "", ""},
			{"get unknown", worldtest.ErrorOf(get(app, "nope")), missing, "no access scope"},
			{"get a bad name", worldtest.ErrorOf(get(app, "a b")), invalid, "regular expression"},
			{"get on nothing", worldtest.ErrorOf(get(none, "a")), missing, "not found"},
			{"list more than 10", list(app, 11, ""), invalid, "maxResults"},
			{"list from a bad token", list(app, 10, "AAAA"), invalid, "NextToken"},
			{"list on nothing", list(none, 10, ""), missing, "not found"},
			{"drop", drop(app, "s02:read"), "", ""},
			{"drop again", drop(app, "s02:read"), "", ""},
			{"drop a bad name", drop(app, "a b"), invalid, "regular expression"},
			{"drop on nothing", drop(none, "a"), missing, "not found"},
			{"after a drop there is room", put(app, "one:more"), "", ""},
		})
		got, err := get(app, "s3:access_grants:read_write")
		if err := same(err, got.AuthorizedTargets, []string{o.Application, *app, o.Instance}); err != nil {
			t.Errorf("targets, in their order: %v", err)
		}
		if out := worldtest.Must[*ssoadmin.ListApplicationAccessScopesOutput](t)(sso.ListApplicationAccessScopes(ctx,
			&ssoadmin.ListApplicationAccessScopesInput{ApplicationArn: app})); len(out.Scopes) != 10 || out.NextToken == nil {
			t.Errorf("a page of scopes: %d", len(out.Scopes))
		}
	})
	t.Run("authentication methods", func(t *testing.T) {
		iam := ssotypes.AuthenticationMethodTypeIam
		put := func(arn *string, m ssotypes.AuthenticationMethod) error {
			return worldtest.ErrorOf(sso.PutApplicationAuthenticationMethod(ctx,
				&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: arn, AuthenticationMethodType: iam,
					AuthenticationMethod: m}))
		}
		with := func(key string, value any) ssotypes.AuthenticationMethod {
			s := anyActor()
			if s[key] = value; value == nil {
				delete(s, key)
			}
			return actors(s)
		}
		get := func(arn *string, kind ssotypes.AuthenticationMethodType) (*ssoadmin.GetApplicationAuthenticationMethodOutput,
			error) {
			return sso.GetApplicationAuthenticationMethod(ctx,
				&ssoadmin.GetApplicationAuthenticationMethodInput{ApplicationArn: arn, AuthenticationMethodType: kind})
		}
		drop := func(arn *string, kind ssotypes.AuthenticationMethodType) error {
			return worldtest.ErrorOf(sso.DeleteApplicationAuthenticationMethod(ctx,
				&ssoadmin.DeleteApplicationAuthenticationMethodInput{ApplicationArn: arn, AuthenticationMethodType: kind}))
		}
		list := func(arn *string, token *string) error {
			return worldtest.ErrorOf(sso.ListApplicationAuthenticationMethods(ctx,
				&ssoadmin.ListApplicationAuthenticationMethodsInput{ApplicationArn: arn, NextToken: token}))
		}
		text := &ssotypes.AuthenticationMethodMemberIam{
			Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument("text")}}
		empty := &ssotypes.AuthenticationMethodMemberIam{
			Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(map[string]any{})}}
		worldtest.CheckOutcomes(t, []outcome{
			{"none yet", worldtest.ErrorOf(get(app, iam)), missing, "no authentication method"},
			{"put", put(app, actors(anyActor())), "", ""},
			{"for all it may do",
				put(app,
					with("Action", []string{"sso-oauth:IntrospectTokenWithIAM", "sso-oauth:RevokeTokenWithIAM", "sso-oauth:*"})), "",
				""},
			{"for the application by its ARN", put(app, with("Resource", []string{*app, *app})), "", ""},
			{"for a role under a condition",
				put(app, with("Condition", map[string]any{"StringEquals": map[string]any{"aws:PrincipalTag/team": "a"}})), "", ""},
			{"without an effect", put(app, with("Effect", nil)), invalid, "ActorPolicy is invalid"},
			{"without a principal", put(app, with("Principal", nil)), invalid, "ActorPolicy is invalid"},
			{"without an action", put(app, with("Action", nil)), invalid, "ActorPolicy is invalid"},
			{"without a resource", put(app, with("Resource", nil)), invalid, "ActorPolicy is invalid"},
			{"another service's action", put(app, with("Action", "s3:GetObject")), invalid, "none of sso-oauth"},
			{"another application", put(app, with("Resource", o.Application)), invalid, "ActorPolicy is invalid"},
			{"a principal that is none", put(app, with("Principal", map[string]any{"AWS": "me"})), invalid,
				"ActorPolicy is invalid"},
			{"a condition that is none", put(app, with("Condition", map[string]any{"Sounds": map[string]any{"a": "b"}})),
				invalid, "ActorPolicy is invalid"},
			{"a text", put(app, text), invalid, "ActorPolicy is invalid"},
			{"an empty object", put(app, empty), invalid, "ActorPolicy is invalid"},
			{"a very long one", put(app, with("Sid", strings.Repeat("s", 21<<10))), invalid, "longer than"},
			{"on nothing", put(none, actors(anyActor())), missing, "not found"},
			{"get on nothing", worldtest.ErrorOf(get(none, iam)), missing, "not found"},
			{"get what is none", worldtest.ErrorOf(get(app, "PASSWORD")), invalid, "enum"},
			{"list from a token", list(app, aws.String("AAAA")), invalid, "NextToken"},
			{"list on nothing", list(none, nil), missing, "not found"},
			{"drop what is none", drop(app, "PASSWORD"), invalid, "enum"},
			{"drop on nothing", drop(none, iam), missing, "not found"},
		})
		got := worldtest.Must[*ssoadmin.GetApplicationAuthenticationMethodOutput](t)(get(app, iam))
		var doc struct{ Statement []map[string]any }
		if err := got.AuthenticationMethod.(*ssotypes.AuthenticationMethodMemberIam).
			Value.ActorPolicy.UnmarshalSmithyDocument(&doc); err != nil || doc.Statement[0]["Condition"] == nil {
			t.Errorf("the actor policy: %+v, %v", doc, err)
		}
		if methods := worldtest.Must[*ssoadmin.ListApplicationAuthenticationMethodsOutput](t)(
			sso.ListApplicationAuthenticationMethods(ctx,
				&ssoadmin.ListApplicationAuthenticationMethodsInput{ApplicationArn: app})).
			AuthenticationMethods; len(methods) != 1 || methods[0].AuthenticationMethodType != "IAM" {
			t.Errorf("methods: %+v", methods)
		}
		worldtest.CheckOutcomes(t, []outcome{{"drop", drop(app, iam), "", ""},
			{"drop again", drop(app, iam), "", ""},
			{"list", list(app, nil), "", ""}})
	})
	t.Run("sessions and whom assignments are asked of", func(t *testing.T) {
		required := func(arn *string, yes *bool) error {
			return worldtest.ErrorOf(sso.PutApplicationAssignmentConfiguration(ctx,
				&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: arn, AssignmentRequired: yes}))
		}
		is := func(arn *string) (bool, error) {
			out, err := sso.GetApplicationAssignmentConfiguration(ctx,
				&ssoadmin.GetApplicationAssignmentConfigurationInput{ApplicationArn: arn})
			return err == nil && *out.AssignmentRequired, err
		}
		long := func(arn *string, s ssotypes.UserBackgroundSessionApplicationStatus) error {
			return worldtest.ErrorOf(sso.PutApplicationSessionConfiguration(ctx,
				&ssoadmin.PutApplicationSessionConfigurationInput{ApplicationArn: arn, UserBackgroundSessionApplicationStatus: s}))
		}
		status := func(arn *string) (ssotypes.UserBackgroundSessionApplicationStatus, error) {
			out, err := sso.GetApplicationSessionConfiguration(ctx,
				&ssoadmin.GetApplicationSessionConfigurationInput{ApplicationArn: arn})
			if err != nil {
				return "", err
			}
			return out.UserBackgroundSessionApplicationStatus, nil
		}
		yes, err1 := is(app)
		off, err2 := status(app)
		worldtest.CheckOutcomes(t, []outcome{
			{"required from birth", same(err1, yes, true), "", ""},
			{"not required", required(app, aws.Bool(false)), "", ""},
			{"required of nothing", required(none, aws.Bool(false)), missing, "not found"},
			{"required of no ARN", required(bad, aws.Bool(false)), invalid, "regular expression"},
			{"asked of nothing", worldtest.ErrorOf(is(none)), missing, "not found"},
			{"asked of no ARN", worldtest.ErrorOf(is(bad)), invalid, "regular expression"},
			{"off from birth", same(err2, off, "DISABLED"), "", ""},
			{"on", long(app, "ENABLED"), "", ""},
			{"left as it is", long(app, ""), "", ""},
			{"what is none", long(app, "SOMETIMES"), invalid, "enum"},
			{"on nothing", long(none, "ENABLED"), missing, "not found"},
			{"of nothing", worldtest.ErrorOf(status(none)), missing, "not found"},
			{"of no ARN", worldtest.ErrorOf(status(bad)), invalid, "regular expression"},
		})
		if yes, err := is(app); err != nil || yes {
			t.Errorf("assignment is still required: %v, %v", yes, err)
		}
		if on, err := status(app); err != nil || on != "ENABLED" {
			t.Errorf("background sessions: %v, %v", on, err)
		}
	})
}
