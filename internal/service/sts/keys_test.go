package sts_test

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"granary/internal/corp"
	"granary/internal/worldtest"
)

// The condition keys that trust policies see (sts.md §3.4), each where it holds and where it does not.
func TestWhatTrustPoliciesSee(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	all := []string{"sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"}
	full := func(in *sts.AssumeRoleInput) {
		in.ExternalId, in.SourceIdentity = aws.String("partner"), aws.String("alice")
		in.Tags = []ststypes.Tag{{Key: aws.String("Dept"), Value: aws.String("mill")},
			{Key: aws.String("Team"), Value: aws.String("a")}}
		in.TransitiveTagKeys = []string{"Dept"}
	}
	for i, x := range []struct {
		condition string
		allowed   bool
	}{
		{`"StringEquals":{"sts:ExternalId":"partner"}`, true}, {`"StringEquals":{"sts:ExternalId":"other"}`, false},
		{`"StringLike":{"sts:RoleSessionName":"rul*"}`, true}, {`"StringEquals":{"sts:RoleSessionName":"${aws:username}"}`,
			false},
		{`"StringEquals":{"sts:SourceIdentity":"alice"}`, true}, {`"StringEquals":{"sts:SourceIdentity":"bob"}`, false},
		{`"StringEquals":{"aws:RequestTag/dept":"mill"}`, true}, {`"StringEquals":{"aws:RequestTag/Dept":"barn"}`, false},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["Dept","Team"]}`, true},
		{`"ForAllValues:StringEquals":{"aws:TagKeys":["Dept"]}`, false},
		{`"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Dept"]}`, true},
		{`"ForAllValues:StringEquals":{"sts:TransitiveTagKeys":["Team"]}`, false},
		{`"ArnEquals":{"aws:PrincipalArn":"` + r.WebApp + `"}`, true}, {`"ArnEquals":{"aws:PrincipalArn":"` + r.Bearer + `"}`,
			false},
		{`"StringEquals":{"aws:PrincipalAccount":"` + r.Account + `"}`, true},
		{`"StringNotEquals":{"aws:PrincipalAccount":"` + r.Account + `"}`, false},
		{`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`, true}, {`"IpAddress":{"aws:SourceIp":"192.0.2.0/24"}`, false},
		{`"Bool":{"aws:SecureTransport":"false"}`, true}, {`"Bool":{"aws:SecureTransport":"true"}`, false},
		{`"Bool":{"aws:MultiFactorAuthPresent":"true"}`, false}, {`"BoolIfExists":{"aws:MultiFactorAuthPresent":"false"}`,
			true}, {`"Null":{"aws:MultiFactorAuthAge":"false"}`, false},
		{`"DateGreaterThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}`, true},
		{`"DateLessThan":{"aws:CurrentTime":"2020-01-01T00:00:00Z"}`, false},
		{`"Null":{"sts:RequestContextProviders":"true"}`, true},
		{`"Null":{"sts:RequestContext/identitystore:UserId":"false"}`, false},
		{`"Null":{"aws:SourceAccount":"false"}`, false},
	} {
		role := r.role(t, fmt.Sprint("key-", i), trusts(r.WebApp, `,"Condition":{`+x.condition+`}`, all...))
		_, err := r.assume(t, r.App, role, full)
		if x.allowed && err != nil {
			t.Errorf("%s: %v", x.condition, err)
		}
		if !x.allowed {
			worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
		}
	}
}

// What a session in a person's name brings to the policies of its role (sts.md §4.2), and one for the log only does
// not.
func TestWhatPoliciesSeeOfAPerson(t *testing.T) {
	t.Parallel()
	r := newRules(t)
	claims := map[string]map[string]any{}
	for _, who := range []string{worldtest.Alice, worldtest.Bob} {
		claims[who] = worldtest.PayloadOf(t, *r.SignIn(t, who).IdToken)
	}
	mine := claims[worldtest.Alice]
	for i, x := range []struct {
		condition  string
		alice, bob bool
	}{
		{`"StringEquals":{"identitystore:UserId":"` + r.Users[worldtest.Alice] + `"}`, true, false},
		{`"StringEquals":{"identitystore:IdentityStoreArn":"` + fmt.Sprint(mine["aws:identity_store_arn"]) + `"}`, true,
			true},
		{`"ArnEquals":{"identitycenter:InstanceArn":"` + r.Instance + `"}`, true, true},
		{`"ArnEquals":{"identitycenter:ApplicationArn":"` + r.Application + `"}`, true, true},
		{`"ArnEquals":{"identitycenter:ApplicationArn":"` + r.Application + `x"}`, false, false},
		{`"StringEquals":{"identitycenter:CredentialId":"` + fmt.Sprint(mine["aws:credential_id"]) + `"}`, true, false},
		{`"Null":{"identitystore:UserId":"false"}`, true, true},
		{`"Null":{"identitystore:GroupIds":"false"}`, false, false},
	} {
		name := fmt.Sprint("person-", i)
		worldtest.MakeRole(t, r.World, r.Root(), name, trusts(r.WebApp, "", "sts:AssumeRole", "sts:SetContext"),
			`{"Effect":"Allow","Action":"s3:GetAccessGrantsInstanceForPrefix","Resource":"*","Condition":{`+x.condition+`}}`)
		role := "arn:aws:iam::" + r.Account + ":role/" + name
		for who, allowed := range map[string]bool{worldtest.Alice: x.alice, worldtest.Bob: x.bob} {
			for kind, counts := range map[string]bool{"sts:identity_context": true, "sts:audit_context": false} {
				key := worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleOutput](t)(r.assume(t, r.App, role,
					contexts(claims[who][kind].(string)))).
					Credentials)
				a := worldtest.Send(t, r.World, worldtest.Request{Method: "GET",
					Path: "/v20180820/accessgrantsinstance/prefix?s3prefix=s3%3A%2F%2F" +
						corp.Bucket + "%2F*", Service: "s3", Key: &key, Header: map[string]string{"X-Amz-Account-Id": r.Account}})
				if (a.Status == 200) != (allowed && counts) || a.Status != 200 && a.Code != "AccessDenied" {
					t.Errorf("%s, %s with %s: %d %s", x.condition, who, kind, a.Status, a.Body)
				}
			}
		}
	}
}
