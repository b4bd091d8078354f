package ssoadmin_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

const (
	noInstance = "arn:aws:sso:::instance/ssoins-0000000000000000"
	noID       = "00000000-0000-0000-0000-000000000000"
)

func (o *office) noApplication() *string {
	return aws.String("arn:aws:sso::" + o.Account + ":application/" + o.Instance[strings.LastIndex(o.Instance, "/")+1:] +
		"/apl-0000000000000000")
}

func (o *office) noIssuer() *string {
	return aws.String("arn:aws:sso::" + o.Account + ":trustedTokenIssuer/" +
		o.Instance[strings.LastIndex(o.Instance, "/")+1:] + "/tti-" + noID)
}

func (o *office) testInstances(t *testing.T) {
	ctx, sso := t.Context(), o.sso(o.Root())
	describe := func(k client.Key, arn string) error {
		return worldtest.ErrorOf(o.sso(k).DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: &arn}))
	}
	update := func(arn, name string) error {
		return worldtest.ErrorOf(sso.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: &arn, Name: &name}))
	}
	region := func(arn, name string) error {
		return worldtest.ErrorOf(sso.DescribeRegion(ctx, &ssoadmin.DescribeRegionInput{InstanceArn: &arn, RegionName: &name}))
	}
	list := func(in *ssoadmin.ListInstancesInput) error { return worldtest.ErrorOf(sso.ListInstances(ctx, in)) }
	encrypt := func(kind ssotypes.KmsKeyType) error {
		return worldtest.ErrorOf(sso.UpdateInstance(ctx, &ssoadmin.UpdateInstanceInput{InstanceArn: &o.Instance,
			EncryptionConfiguration: &ssotypes.EncryptionConfiguration{KeyType: kind}}))
	}
	doubled := strings.Replace(o.Instance, "ssoins-", "ssoins-ssoins-", 1)
	worldtest.CheckOutcomes(t, []outcome{
		{"rename", update(o.Instance, "corp+1"), "", ""},
		{"the key that everybody has", encrypt("AWS_OWNED_KMS_KEY"), "", ""},
		{"a customer's key", encrypt("CUSTOMER_MANAGED_KEY"), invalid, "Customer managed keys"},
		{"a bad name", update(o.Instance, "with space"), invalid, "regular expression"},
		{"a long name", update(o.Instance, strings.Repeat("n", 256)), invalid, "less than or equal to 255"},
		{"rename nothing", update(noInstance, "x"), missing, "There is no Identity Center instance"},
		{"describe nothing", describe(o.Root(), noInstance), missing, "There is no Identity Center instance"},
		{"describe no ARN", describe(o.Root(), "ssoins-1"), invalid, "regular expression"},
		{"the prefix that the guide doubles", describe(o.Root(), doubled), "", ""},
		{"Region", region(o.Instance, o.Region), "", ""},
		{"another Region", region(o.Instance, "eu-west-1"), missing, "alone"},
		{"no Region", region(o.Instance, "nowhere"), invalid, "regular expression"},
		{"Region of nothing", region(noInstance, o.Region), denied, "There is no Identity Center instance"},
		{"Regions of nothing", worldtest.ErrorOf(sso.ListRegions(ctx,
			&ssoadmin.ListRegionsInput{InstanceArn: aws.String(noInstance)})),
			denied, "There is no Identity Center instance"},
		{"Regions from a token",
			worldtest.ErrorOf(sso.ListRegions(ctx,
				&ssoadmin.ListRegionsInput{InstanceArn: &o.Instance, NextToken: aws.String("AAAA")})),
			invalid, "NextToken"},
		{"list with a bad token", list(&ssoadmin.ListInstancesInput{NextToken: aws.String("!")}), invalid,
			"regular expression"},
		{"list too many", list(&ssoadmin.ListInstancesInput{MaxResults: aws.Int32(101)}), invalid, "maxResults"},
		{"a second instance", worldtest.ErrorOf(sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{})), conflict,
			"already"},
		{"a bad token", worldtest.ErrorOf(sso.CreateInstance(ctx,
			&ssoadmin.CreateInstanceInput{ClientToken: aws.String("with space")})),
			invalid, "clientToken"},
		{"a reserved tag",
			worldtest.ErrorOf(o.sso(o.lead.Key).CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Tags: tagged("aws:x", "y")})),
			invalid,
			"reserved"},
		{"delete what cannot be", worldtest.ErrorOf(sso.DeleteInstance(ctx,
			&ssoadmin.DeleteInstanceInput{InstanceArn: &o.Instance})),
			conflict, "dissociate it first"},
		{"delete no ARN", worldtest.ErrorOf(sso.DeleteInstance(ctx,
			&ssoadmin.DeleteInstanceInput{InstanceArn: aws.String("ssoins-1")})),
			invalid, "regular expression"},
	})
	d := worldtest.Must[*ssoadmin.DescribeInstanceOutput](t)(sso.DescribeInstance(ctx,
		&ssoadmin.DescribeInstanceInput{InstanceArn: &doubled}))
	if *d.InstanceArn != o.Instance || *d.IdentityStoreId != o.Store || *d.OwnerAccountId != o.Account ||
		*d.Name != "corp+1" || d.Status != "ACTIVE" || d.CreatedDate == nil ||
		d.EncryptionConfigurationDetails.KeyType != "AWS_OWNED_KMS_KEY" ||
		d.EncryptionConfigurationDetails.EncryptionStatus != "ENABLED" {
		t.Errorf("the instance: %+v", d)
	}
	r := worldtest.Must[*ssoadmin.ListRegionsOutput](t)(sso.ListRegions(ctx,
		&ssoadmin.ListRegionsInput{InstanceArn: &o.Instance})).
		Regions
	if len(r) != 1 || *r[0].RegionName != o.Region || r[0].Status != "ACTIVE" || !r[0].IsPrimaryRegion ||
		r[0].AddedDate == nil {
		t.Errorf("its Regions: %+v", r)
	}
}

// An account's instance is its own: nobody else sees it, and what is in it goes with it.
func (o *office) testDeleteInstance(t *testing.T) {
	ctx, sso := t.Context(), o.sso(o.lead.Key)
	token := aws.String("once")
	create := func() (*ssoadmin.CreateInstanceOutput, error) {
		return sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("own"), ClientToken: token,
			Tags: tagged("a", "b")})
	}
	own := worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(create()).InstanceArn
	again := worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(create()).InstanceArn
	if *again != *own {
		t.Errorf("the same request made %s and then %s", *own, *again)
	}
	_, err := sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("other"), ClientToken: token})
	worldtest.Refused(t, err, conflict, "IdempotentParameterMismatch")
	store := worldtest.Must[*ssoadmin.DescribeInstanceOutput](t)(sso.DescribeInstance(ctx,
		&ssoadmin.DescribeInstanceInput{InstanceArn: own})).IdentityStoreId
	app := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: own, Name: aws.String("a"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	tti := worldtest.Must[*ssoadmin.CreateTrustedTokenIssuerOutput](t)(sso.CreateTrustedTokenIssuer(ctx,
		&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: own, Name: aws.String("t"), TrustedTokenIssuerType: "OIDC_JWT",
			TrustedTokenIssuerConfiguration: issuing("https://own.example", "email", "emails.value")})).TrustedTokenIssuerArn
	user := o.hire(t, o.lead.Key, *store, "own")

	for name, k := range map[string]client.Key{"management": o.admin, "member": o.other.Key} {
		sso, ids := o.sso(k), o.ids(k)
		worldtest.CheckOutcomes(t, []outcome{
			{name + " describes it", worldtest.ErrorOf(sso.DescribeInstance(ctx,
				&ssoadmin.DescribeInstanceInput{InstanceArn: own})), denied,
				"sso:DescribeInstance"},
			{name + " deletes it", worldtest.ErrorOf(sso.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: own})),
				denied,
				"sso:DeleteInstance"},
			{name + " lists its applications",
				worldtest.ErrorOf(sso.ListApplications(ctx, &ssoadmin.ListApplicationsInput{InstanceArn: own})), denied,
				"sso:ListApplications"},
			{name + " describes its application",
				worldtest.ErrorOf(sso.DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})), denied,
				"sso:DescribeApplication"},
			{name + " describes its issuer",
				worldtest.ErrorOf(sso.DescribeTrustedTokenIssuer(ctx,
					&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
				denied, "sso:DescribeTrustedTokenIssuer"},
			{name + " makes an issuer in it",
				worldtest.ErrorOf(sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: own,
					Name: aws.String("t"), TrustedTokenIssuerType: "OIDC_JWT",
					TrustedTokenIssuerConfiguration: issuing("https://x.example", "email", "emails.value")})), denied,
				"sso:CreateTrustedTokenIssuer"},
			{name + " reads its directory",
				worldtest.ErrorOf(ids.DescribeUser(ctx, &identitystore.DescribeUserInput{IdentityStoreId: store, UserId: &user})),
				denied,
				"identitystore:DescribeUser"},
			{name + " lists its directory", worldtest.ErrorOf(ids.ListUsers(ctx,
				&identitystore.ListUsersInput{IdentityStoreId: store})),
				denied, "identitystore:ListUsers"},
		})
	}

	// A principal of this directory is unknown to the organization's, and the other way round.
	_, err = sso.CreateApplicationAssignment(ctx, &ssoadmin.CreateApplicationAssignmentInput{ApplicationArn: app,
		PrincipalId: aws.String(o.Users[worldtest.Alice]), PrincipalType: "USER"})
	worldtest.Refused(t, err, missing, "has no user")
	_, err = sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: app,
		GrantType: "urn:ietf:params:oauth:grant-type:jwt-bearer",
		Grant: &ssotypes.GrantMemberJwtBearer{
			Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
				{TrustedTokenIssuerArn: &o.Issuer, AuthorizedAudiences: []string{"a"}}}}}})
	worldtest.Refused(t, err, invalid, "has no trusted token issuer")

	x := s3control.NewFromConfig(o.AWS(o.lead.Key))
	worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(x.CreateAccessGrantsInstance(ctx,
		&s3control.CreateAccessGrantsInstanceInput{AccountId: &o.lead.ID, IdentityCenterArn: own}))
	gone := func() error {
		return worldtest.ErrorOf(sso.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: own}))
	}
	worldtest.Refused(t, gone(), conflict, "dissociate it first")
	worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(x.DissociateAccessGrantsIdentityCenter(ctx,
		&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &o.lead.ID}))
	worldtest.CheckOutcomes(t, []outcome{
		{"delete", gone(), "", ""},
		{"delete again", gone(), missing, "There is no Identity Center instance"},
		{"describe", worldtest.ErrorOf(sso.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: own})), missing,
			"There is no Identity Center instance"},
		{"its application", worldtest.ErrorOf(sso.DescribeApplication(ctx,
			&ssoadmin.DescribeApplicationInput{ApplicationArn: app})),
			missing, "not found"},
		{"its issuer",
			worldtest.ErrorOf(sso.DescribeTrustedTokenIssuer(ctx,
				&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: tti})),
			missing, "no trusted token issuer"},
		{"its directory",
			worldtest.ErrorOf(o.ids(o.lead.Key).DescribeUser(ctx,
				&identitystore.DescribeUserInput{IdentityStoreId: store, UserId: &user})),
			missing, "IDENTITY_STORE not found"},
		{"another", worldtest.ErrorOf(sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("second")})), "",
			""},
	})
}

func (o *office) testTags(t *testing.T) {
	ctx, sso := t.Context(), o.sso(o.Root())
	list := func(arn string) (string, error) {
		out, err := sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: &arn})
		if err != nil {
			return "", err
		}
		text := ""
		for _, x := range out.Tags {
			text += *x.Key + "=" + *x.Value + " "
		}
		return strings.TrimSpace(text), nil
	}
	tag := func(arn string, tags ...ssotypes.Tag) error {
		return worldtest.ErrorOf(sso.TagResource(ctx, &ssoadmin.TagResourceInput{ResourceArn: &arn, Tags: tags}))
	}
	untag := func(arn string, keys ...string) error {
		return worldtest.ErrorOf(sso.UntagResource(ctx, &ssoadmin.UntagResourceInput{ResourceArn: &arn, TagKeys: keys}))
	}
	app := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: aws.String("tagged"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider), Tags: tagged("born", "yes")})).ApplicationArn
	for noun, arn := range map[string]string{"instance": o.Instance, "application": *app, "issuer": o.Issuer} {
		before := worldtest.Must[string](t)(list(arn))
		if err := tag(arn, append(tagged("Team", "a"), tagged("team", "b")...)...); err != nil {
			t.Errorf("%s: %v", noun, err)
		}
		got, err := list(arn)
		if want := strings.TrimSpace("Team=a " + before + " team=b"); got != strings.Join(strings.Fields(want), " ") ||
			err != nil {
			t.Errorf("tags of the %s, whose keys differ by case: %q, %v", noun, got, err)
		}
		if err := untag(arn, "Team", "never"); err != nil {
			t.Errorf("%s: %v", noun, err)
		}
		if got := worldtest.Must[string](t)(list(arn)); strings.Contains(got, "Team") || !strings.Contains(got, "team=b") {
			t.Errorf("tags of the %s after Team went: %q", noun, got)
		}
	}
	var many []ssotypes.Tag
	for i := range 74 {
		many = append(many, tagged(fmt.Sprintf("k%02d", i), "v")...)
	}
	set := strings.Replace(o.Instance, "instance/", "permissionSet/", 1) + "/ps-0123456789abcdef"
	worldtest.CheckOutcomes(t, []outcome{
		{"as many as there may be", untag(*app, "team"), "", ""},
		{"up to the limit", tag(*app, many...), "", ""},
		{"one more", tag(*app, tagged("more", "v")...), quota, "at most 75"},
		{"one of those there are", tag(*app, tagged("k00", "new")...), "", ""},
		{"too many at once", tag(*app, append(many, tagged("a", "b")[0], tagged("c", "d")[0])...), invalid,
			"less than or equal to 75"},
		{"a reserved key", tag(*app, tagged("AWS:x", "v")...), invalid, "reserved"},
		{"a long key", tag(*app, tagged(strings.Repeat("k", 129), "v")...), invalid, "128"},
		{"a long value", tag(*app, tagged("k", strings.Repeat("v", 257))...), invalid, "256"},
		{"an empty key", tag(*app, tagged("", "v")...), invalid, ""},
		{"an empty value", tag(*app, tagged("k01", "")...), "", ""},
		{"nothing", tag(*o.noApplication(), tagged("k", "v")...), missing, "There is no"},
		{"no permission set", tag(set, tagged("k", "v")...), missing, "There is no"},
		{"no ARN", tag("x", tagged("k", "v")...), invalid, "resourceArn"},
		{"untag nothing", untag(*o.noIssuer(), "k"), missing, "There is no"},
		{"untag no ARN", untag("x", "k"), invalid, "resourceArn"},
		{"tags of nothing", worldtest.ErrorOf(list(noInstance)), missing, "There is no"},
		{"tags of no ARN", worldtest.ErrorOf(list("x")), invalid, "resourceArn"},
		{"tags with the instance beside",
			worldtest.ErrorOf(sso.ListTagsForResource(ctx,
				&ssoadmin.ListTagsForResourceInput{ResourceArn: app, InstanceArn: &o.Instance})),
			"", ""},
		{"tags from another list's token",
			worldtest.ErrorOf(sso.ListTagsForResource(ctx, &ssoadmin.ListTagsForResourceInput{ResourceArn: app,
				NextToken: aws.String("azAw")})), invalid, "NextToken"},
	})
	// Tagged from birth needs the permission to tag.
	clerk := o.employ(t, "tagger", `{"Effect":"Allow","Action":["sso:CreateApplication","sso:CreateInstance"],`+
		`"Resource":"*"}`)
	_, err := o.sso(clerk).CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance,
		Name: aws.String("x"), ApplicationProviderArn: aws.String(worldtest.CustomProvider), Tags: tagged("a", "b")})
	worldtest.Refused(t, err, denied, "sso:TagResource")
	_, err = o.sso(clerk).CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Tags: tagged("a", "b")})
	worldtest.Refused(t, err, denied, "sso:TagResource")
	// Tags are what policies ask for.
	clerk = o.employ(t, "team-b", `{"Effect":"Allow","Action":"sso:DescribeApplication","Resource":"*",`+
		`"Condition":{"StringEquals":{"aws:ResourceTag/k00":"new"}}}`)
	worldtest.CheckOutcomes(t, []outcome{
		{"a tagged application",
			worldtest.ErrorOf(o.sso(clerk).DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app})),
			"", ""},
		{"one without the tag",
			worldtest.ErrorOf(o.sso(clerk).DescribeApplication(ctx,
				&ssoadmin.DescribeApplicationInput{ApplicationArn: &o.Application})),
			denied, "sso:DescribeApplication"},
		{"the tagged one goes", worldtest.ErrorOf(sso.DeleteApplication(ctx,
			&ssoadmin.DeleteApplicationInput{ApplicationArn: app})), "",
			""},
	})
}
