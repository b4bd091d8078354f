package s3control_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// What each operation needs, and that each of it is needed: a clerk who has all but one permission is refused by its
// name (Service Authorization Reference, "Actions, resources, and condition keys for Amazon S3").
func TestWhatAccessGrantsOperationsNeed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	users := iam.NewFromConfig(c.AWS(c.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(users.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("clerk")}))
	key := worldtest.Must[*iam.CreateAccessKeyOutput](t)(users.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: aws.String("clerk")})).AccessKey
	x := controlOf(c, client.Key{ID: *key.AccessKeyId, Secret: *key.SecretAccessKey})
	may := func(statements ...string) {
		t.Helper()
		worldtest.Must[*iam.PutUserPolicyOutput](t)(users.PutUserPolicy(ctx,
			&iam.PutUserPolicyInput{UserName: aws.String("clerk"),
				PolicyName: aws.String("work"), PolicyDocument: aws.String(worldtest.Policy(strings.Join(statements, ",")))}))
	}
	allows := func(action, resource string, condition ...string) string {
		s := `{"Effect":"Allow","Action":"` + action + `","Resource":"` + resource + `"`
		if len(condition) > 0 {
			s += `,"Condition":{` + condition[0] + `}`
		}
		return s + `}`
	}
	action := func(s string) string { _, s, _ = strings.Cut(s, `"Action":"`); s, _, _ = strings.Cut(s, `"`); return s }
	a, instance := &c.Account, root.instance()
	bucket := "s3://" + corp.Bucket
	application := *worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(root.GetAccessGrantsInstance(ctx,
		&s3control.GetAccessGrantsInstanceInput{AccountId: a})).IdentityCenterApplicationArn
	location := *worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(root.location(ctx, bucket+"/l/*",
		c.Location,
		tag("team", "a")...)).AccessGrantsLocationId
	granted := worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/g/*",
		func(in *s3control.CreateAccessGrantInput) { in.Tags = tag("Team", "a") }))
	worldtest.Must[*s3control.TagResourceOutput](t)(root.TagResource(ctx,
		&s3control.TagResourceInput{AccountId: a, ResourceArn: &instance, Tags: tag("team", "a")}))
	pass := allows("iam:PassRole", c.Location, `"StringEquals":{"iam:PassedToService":"access-grants.s3.amazonaws.com"}`)
	team := `"StringEquals":{"aws:ResourceTag/team":"a"}`
	grant := func(sub string, change ...func(*s3control.CreateAccessGrantInput)) func() error {
		return func() error {
			g, err := x.grant(ctx, sub, change...)
			if err == nil {
				worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(root.DeleteAccessGrant(ctx,
					&s3control.DeleteAccessGrantInput{AccountId: a, AccessGrantId: g.AccessGrantId}))
			}
			return err
		}
	}
	place := func(scope string, tags ...types.Tag) func() error {
		return func() error {
			l, err := x.location(ctx, scope, c.Location, tags...)
			if err == nil {
				worldtest.Must[*s3control.DeleteAccessGrantsLocationOutput](t)(root.DeleteAccessGrantsLocation(ctx,
					&s3control.DeleteAccessGrantsLocationInput{AccountId: a, AccessGrantsLocationId: l.AccessGrantsLocationId}))
			}
			return err
		}
	}
	document := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"444455556666"},"Action":"s3:GetDataAccess",` +
		`"Resource":"` +
		instance + `"}`)
	ways := 0
	for _, k := range []struct {
		name  string
		do    func() error
		needs []string
	}{
		{"read the instance", func() error {
			_, err := x.GetAccessGrantsInstance(ctx, &s3control.GetAccessGrantsInstanceInput{AccountId: a})
			return err
		}, []string{allows("s3:GetAccessGrantsInstance", instance, team)}},
		{"list instances", func() error {
			_, err := x.ListAccessGrantsInstances(ctx, &s3control.ListAccessGrantsInstancesInput{AccountId: a})
			return err
		}, []string{allows("s3:ListAccessGrantsInstances", "*")}},
		{"find an instance", func() error {
			_, err := x.GetAccessGrantsInstanceForPrefix(ctx, &s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: a,
				S3Prefix: aws.String(bucket + "/x")})
			return err
		}, []string{allows("s3:GetAccessGrantsInstanceForPrefix", instance, team)}},
		{"write, read and delete the policy", func() error {
			if _, err := x.PutAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: a, Policy: &document}); err != nil {
				return err
			}
			if _, err := x.GetAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: a}); err != nil {
				return err
			}
			_, err := x.DeleteAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: a})
			return err
		}, []string{allows("s3:PutAccessGrantsInstanceResourcePolicy", instance),
			allows("s3:GetAccessGrantsInstanceResourcePolicy", instance), allows("s3:DeleteAccessGrantsInstanceResourcePolicy",
				instance)}},
		{"list grants, locations, and one's own", func() error {
			if _, err := x.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: a}); err != nil {
				return err
			}
			if _, err := x.ListAccessGrantsLocations(ctx, &s3control.ListAccessGrantsLocationsInput{AccountId: a}); err != nil {
				return err
			}
			_, err := x.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: a})
			return err
		}, []string{allows("s3:ListAccessGrants", instance), allows("s3:ListAccessGrantsLocations", instance, team),
			allows("s3:ListCallerAccessGrants", instance)}},

		{"make a location, by the location", place(bucket+"/m/*", tag("team", "b")...), []string{
			allows("s3:CreateAccessGrantsLocation", instance+"/location/*", `"StringLike":{"s3:AccessGrantsLocationScope":"`+
				bucket+`/m*"},"StringEquals":{"aws:RequestTag/team":"b"},"ForAllValues:StringEquals":{"aws:TagKeys":["team"]}`),
			pass, allows("s3:TagResource", instance+"/location/*")}},
		{"make a location, by the instance", place(bucket + "/m/*"),
			[]string{allows("s3:CreateAccessGrantsLocation", instance, `"StringEquals":{"s3:accessgrantslocationscope":"`+bucket+
				`/m/*"}`), pass}},
		{"read a location", func() error {
			_, err := x.GetAccessGrantsLocation(ctx, &s3control.GetAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: &location})
			return err
		}, []string{allows("s3:GetAccessGrantsLocation", instance+"/location/"+location,
			`"StringEquals":{"s3:AccessGrantsLocationScope":"`+bucket+`/l/*","aws:ResourceTag/team":"a"}`)}},
		{"update a location", func() error {
			_, err := x.UpdateAccessGrantsLocation(ctx, &s3control.UpdateAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: &location, IAMRoleArn: &c.Location})
			return err
		}, []string{allows("s3:UpdateAccessGrantsLocation", instance+"/location/"+location, team), pass}},

		{"grant to a role, by the grant", grant(corp.Bucket + "/n/*"),
			[]string{allows("s3:CreateAccessGrant", instance+"/grant/*", `"StringLike":{"s3:accessGrantScope":"`+bucket+
				`/n/*"}`)}},
		{"grant to a role, by the location", grant(corp.Bucket + "/n/*"),
			[]string{allows("s3:CreateAccessGrant", instance+"/location/default")}},
		{"grant with tags",
			grant(corp.Bucket+"/n/*", func(in *s3control.CreateAccessGrantInput) { in.Tags = tag("team", "b") }), []string{
				allows("s3:CreateAccessGrant", instance+"/grant/*", `"StringEquals":{"aws:RequestTag/team":"b"}`),
				allows("s3:TagResource", instance+"/grant/*", `"StringEquals":{"aws:RequestTag/team":"b"}`)}},
		{"grant to a person", grant(corp.Bucket+"/n/*", grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Alice])),
			[]string{
				allows("s3:CreateAccessGrant", instance+"/grant/*"), allows("sso:DescribeInstance", c.Instance),
				allows("sso:DescribeApplication", application),
				allows("identitystore:DescribeUser", "arn:aws:identitystore:::user/"+c.Users[worldtest.Alice])}},
		{"grant to a group", grant(corp.Bucket+"/n/*", grantee(types.GranteeTypeDirectoryGroup, c.Groups["Finance"])),
			[]string{
				allows("s3:CreateAccessGrant", instance+"/location/*"), allows("sso:DescribeInstance", "*"),
				allows("sso:DescribeApplication", "*"), allows("identitystore:DescribeGroup", "*")}},
		{"read a grant", func() error {
			_, err := x.GetAccessGrant(ctx, &s3control.GetAccessGrantInput{AccountId: a, AccessGrantId: granted.AccessGrantId})
			return err
		}, []string{allows("s3:GetAccessGrant", *granted.AccessGrantArn, `"StringEquals":{"s3:AccessGrantScope":"`+bucket+
			`/g/*","aws:ResourceTag/team":"a"}`)}},
		{"tag and untag a grant", func() error {
			if _, err := x.TagResource(ctx, &s3control.TagResourceInput{AccountId: a, ResourceArn: granted.AccessGrantArn,
				Tags: tag("k", "v")}); err != nil {
				return err
			}
			if _, err := x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a, ResourceArn: granted.AccessGrantArn}); err != nil {
				return err
			}
			_, err := x.UntagResource(ctx, &s3control.UntagResourceInput{AccountId: a, ResourceArn: granted.AccessGrantArn,
				TagKeys: []string{"k"}})
			return err
		}, []string{allows("s3:TagResource", *granted.AccessGrantArn, `"StringEquals":{"aws:RequestTag/k":"v"}`),
			allows("s3:ListTagsForResource", *granted.AccessGrantArn),
			allows("s3:UntagResource", *granted.AccessGrantArn, `"ForAllValues:StringEquals":{"aws:TagKeys":["k"]}`)}},
		{"delete a grant", func() error {
			_, err := x.DeleteAccessGrant(ctx,
				&s3control.DeleteAccessGrantInput{AccountId: a, AccessGrantId: granted.AccessGrantId})
			return err
		}, []string{allows("s3:DeleteAccessGrant", instance+"/grant/*", `"StringEquals":{"s3:AccessGrantScope":"`+bucket+
			`/g/*"}`)}},
		{"delete a location", func() error {
			_, err := x.DeleteAccessGrantsLocation(ctx, &s3control.DeleteAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: &location})
			return err
		}, []string{allows("s3:DeleteAccessGrantsLocation", instance+"/location/*",
			`"StringEquals":{"s3:AccessGrantsLocationScope":"`+bucket+`/l/*"}`)}},

		{"dissociate", func() error {
			_, err := x.DissociateAccessGrantsIdentityCenter(ctx,
				&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: a})
			return err
		}, []string{allows("s3:DissociateAccessGrantsIdentityCenter", instance),
			allows("sso:DeleteApplication", application)}},
		{"associate", func() error {
			_, err := x.AssociateAccessGrantsIdentityCenter(ctx,
				&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: a, IdentityCenterArn: &c.Instance})
			return err
		}, []string{allows("s3:AssociateAccessGrantsIdentityCenter", instance), allows("sso:CreateApplication", c.Instance),
			allows("sso:PutApplicationGrant", c.Instance), allows("sso:PutApplicationAuthenticationMethod", c.Instance)}},
		{"delete the instance", func() error {
			emptied(t, root)
			worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(
				root.DissociateAccessGrantsIdentityCenter(ctx,
					&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: a}))
			_, err := x.DeleteAccessGrantsInstance(ctx, &s3control.DeleteAccessGrantsInstanceInput{AccountId: a})
			return err
		}, []string{allows("s3:DeleteAccessGrantsInstance", instance, team)}},
		{"make an instance", func() error {
			_, err := x.CreateAccessGrantsInstance(ctx, &s3control.CreateAccessGrantsInstanceInput{AccountId: a,
				IdentityCenterArn: &c.Instance, Tags: tag("team", "a")})
			return err
		}, []string{allows("s3:CreateAccessGrantsInstance", instance, `"StringEquals":{"aws:RequestTag/team":"a"}`),
			allows("sso:DescribeInstance", "*"), allows("sso:CreateApplication", "*"), allows("sso:PutApplicationGrant", "*"),
			allows("sso:PutApplicationAuthenticationMethod", "*"), allows("s3:TagResource", instance)}},
	} {
		t.Run(k.name, func(t *testing.T) {
			for i, missing := range k.needs {
				rest := slices.Delete(slices.Clone(k.needs), i, i+1)
				may(append(rest, allows("sts:GetCallerIdentity", "*"))...)
				err := k.do()
				code, status := errorOf(err)
				if code != "AccessDenied" || status != 403 || !strings.Contains(err.Error(), action(missing)) &&
					!strings.Contains(err.Error(), "or there is no such bucket") {
					t.Errorf("without %s: %v", action(missing), err)
				}
				if strings.Contains(missing, "Condition") { // the same with a condition that does not hold
					may(append(rest, strings.NewReplacer(`/m`, `/zz`, `/g/`, `/zz/`, `/l/`, `/zz/`, `/n/`, `/zz/`, `:"a"`, `:"zz"`,
						`:"b"`, `:"zz"`, `:"v"`, `:"zz"`, `["k"]`, `["zz"]`, `access-grants.s3`, `zz`).Replace(missing))...)
					if code, _ := errorOf(k.do()); code != "AccessDenied" && !strings.Contains(missing, "iam:PassRole") || code == "" {
						t.Errorf("with a condition that does not hold: %s", missing)
					}
				}
			}
			may(k.needs...)
			if err := k.do(); err != nil {
				t.Error(err)
			}
		})
		ways++
	}
	t.Run("a deny on either resource denies", func(t *testing.T) {
		worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(root.location(ctx, "s3://", c.Location))
		for _, resource := range []string{instance + "/location/default", instance + "/grant/*"} {
			may(allows("s3:*", "*"), strings.Replace(allows("s3:CreateAccessGrant", resource), "Allow", "Deny", 1))
			_, err := x.grant(ctx, corp.Bucket+"/d/*")
			worldtest.Refused(t, err, "AccessDenied", "explicit deny")
		}
		for _, resource := range []string{instance + "/location/*", instance} {
			may(allows("s3:*", "*"), allows("iam:*", "*"), strings.Replace(allows("s3:CreateAccessGrantsLocation", resource),
				"Allow", "Deny", 1))
			_, err := x.location(ctx, bucket+"/d/*", c.Location)
			worldtest.Refused(t, err, "AccessDenied", "explicit deny")
		}
	})
	t.Logf("%d operations and ways to them", ways)
}
