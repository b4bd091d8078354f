package ssoadmin_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
	"granary/internal/worldtest"
)

// What policies can ask of a request and which resources it is about (Service Authorization Reference, "AWS IAM
// Identity Center").
func (o *office) testPolicies(t *testing.T) {
	ctx := t.Context()
	theirs := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(o.sso(o.other.Key).CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: aws.String("theirs"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	describe := func(k client.Key, app *string) error {
		return worldtest.ErrorOf(o.sso(k).DescribeApplication(ctx, &ssoadmin.DescribeApplicationInput{ApplicationArn: app}))
	}
	scope := func(k client.Key, app *string) error {
		return worldtest.ErrorOf(o.sso(k).PutApplicationAccessScope(ctx,
			&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app,
				Scope: aws.String("a:b")}))
	}
	instance := func(k client.Key) error {
		return worldtest.ErrorOf(o.sso(k).DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: &o.Instance}))
	}
	issuer := func(k client.Key) error {
		return worldtest.ErrorOf(o.sso(k).DescribeTrustedTokenIssuer(ctx,
			&ssoadmin.DescribeTrustedTokenIssuerInput{TrustedTokenIssuerArn: &o.Issuer}))
	}
	create := func(k client.Key, name string, withTags bool) error {
		in := &ssoadmin.CreateApplicationInput{InstanceArn: &o.Instance, Name: &name,
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)}
		if withTags {
			in.Tags = tagged("a", "b")
		}
		return worldtest.ErrorOf(o.sso(k).CreateApplication(ctx, in))
	}
	trust := func(k client.Key, name string) error {
		return worldtest.ErrorOf(o.sso(k).CreateTrustedTokenIssuer(ctx,
			&ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &o.Instance,
				Name: &name, TrustedTokenIssuerType: "OIDC_JWT",
				TrustedTokenIssuerConfiguration: issuing("https://"+name+".example", "email", "emails.value")}))
	}
	id := o.Instance[strings.LastIndex(o.Instance, "/")+1:]
	apps, issuers := "arn:aws:sso::"+o.Account+":application/"+id+"/*", "arn:aws:sso::"+o.Account+":trustedTokenIssuer/"+
		id+"/*"
	allow := func(resources ...string) string {
		return `{"Effect":"Allow","Action":["sso:Create*","sso:TagResource"],"Resource":["` + strings.Join(resources, `","`) +
			`"]}`
	}
	ours := o.employ(t, "ours",
		`{"Effect":"Allow","Action":"sso:*","Resource":"*","Condition":{"StringEquals":{"sso:ApplicationAccount":"`+o.Account+
			`"}}}`)
	notTheirs := o.employ(t, "not-theirs", `{"Effect":"Allow","Action":"sso:*","Resource":"*"},{"Effect":"Deny",`+
		`"Action":"sso:PutApplication*","Resource":"*","Condition":{"StringEquals":{"sso:ApplicationAccount":"`+o.other.ID+
		`"}}}`)
	here := o.employ(t, "here",
		`{"Effect":"Allow","Action":"sso:*","Resource":"*","Condition":{"StringEquals":{"sso:PrimaryRegion":"`+o.Region+
			`"}}}`)
	elsewhere := o.employ(t, "elsewhere",
		`{"Effect":"Allow","Action":"sso:*","Resource":"*","Condition":{"StringEquals":{"sso:PrimaryRegion":"eu-north-1"}}}`)
	inside := o.employ(t, "inside", allow(o.Instance))
	maker := o.employ(t, "maker", allow(o.Instance, worldtest.CustomProvider, apps))
	noCustom := o.employ(t, "no-custom", allow("*")+`,{"Effect":"Deny","Action":"sso:CreateApplication","Resource":"`+
		worldtest.CustomProvider+`"}`)
	truster := o.employ(t, "truster", allow(o.Instance, issuers))
	worldtest.CheckOutcomes(t, []outcome{
		{"an application of the account", describe(ours, &o.Application), "", ""},
		{"another account's", describe(ours, theirs), denied, "sso:DescribeApplication"},
		{"what is no application", instance(ours), denied, "sso:DescribeInstance"},
		{"denied for one account", scope(notTheirs, theirs), denied, "explicit deny"},
		{"and not for the other", scope(notTheirs, &o.Application), "", ""},
		{"the instance, by its Region", instance(here), "", ""},
		{"an application, by its Region", describe(here, theirs), "", ""},
		{"an issuer, by its Region", issuer(here), "", ""},
		{"the instance, by another Region", instance(elsewhere), denied, "sso:DescribeInstance"},
		{"an application, by another Region", describe(elsewhere, theirs), denied, "sso:DescribeApplication"},
		{"an issuer, by another Region", issuer(elsewhere), denied, "sso:DescribeTrustedTokenIssuer"},
		{"make an application with a part of the resources", create(inside, "inside", false), denied,
			worldtest.CustomProvider},
		{"make an application", create(maker, "made", true), "", ""},
		{"make one of a provider that is denied", create(noCustom, "no", false), denied, "explicit deny"},
		{"make an issuer with a part of the resources", trust(inside, "inside"), denied, "trustedTokenIssuer/" + id},
		{"make an issuer as one who makes applications", trust(maker, "maker"), denied, "trustedTokenIssuer/" + id},
		{"make an issuer, were there not enough", trust(truster, "truster"), quota, "10 trusted token issuers"},
	})
}
