package s3control_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/worldtest"
)

// catalogue is every code that S3 Access Grants answers with, and its status (S3 API, "List of S3 Access Grants error
// codes"). SlowDown and InternalError are not here: nothing is throttled on this door, and a 500 would be a bug.
var catalogue = map[string]int{
	"AccessDenied": 403, "AccessGrantAlreadyExists": 409, "AccessGrantsInstanceAlreadyExists": 409,
	"AccessGrantsInstanceNotEmptyError":  400,
	"AccessGrantsInstanceNotExistsError": 404, "AccessGrantsInstanceResourcePolicyNotExists": 404,
	"AccessGrantsLocationAlreadyExistsError": 409,
	"AccessGrantsLocationNotEmptyError":      400, "AccessGrantsLocationsQuotaExceededError": 409,
	"AccessGrantsQuotaExceededError": 409,
	"NoSuchAccessGrantError":         404, "NoSuchAccessGrantsLocationError": 404, "InvalidAccessGrant": 400,
	"InvalidAccessGrantsLocation": 400,
	"InvalidIamRole":              400, "InvalidIdentityCenterInstance": 400, "InvalidResourcePolicy": 400,
	"InvalidTag":  400,
	"InvalidTags": 400, "TooManyTags": 400,
	"StsNotAuthorizedError": 403, "StsPackedPolicyTooLargeError": 400, "StsValidationError": 400, "InvalidRequest": 400,
	"BadDigest": 400, "SignatureDoesNotMatch": 403, "InvalidAccessKeyId": 403, "ExpiredToken": 400,
	"RequestTimeTooSkewed": 403, "MethodNotAllowed": 405, "MalformedXML": 400,
}

func TestTheErrorCatalogue(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var ahead time.Duration
	c := worldtest.SettleWith(t, func(c *server.Config) {
		c.Quotas.AccessGrants, c.Quotas.Locations = len(corp.Grants)+4, 3
		c.Now = func() time.Time { return time.Now().Add(ahead) }
	})
	x, a, root := controlOf(c, c.Root()), &c.Account, c.Root()
	roles := iam.NewFromConfig(c.AWS(root))
	worldtest.AllowRole(t, c, "webapp",
		`{"Effect":"Allow","Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}`)
	app := controlOf(c, worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", "")))
	nobody := controlOf(c, c.Machine)
	bucket := "s3://" + corp.Bucket
	if _, err := c.S3(root).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String("second")}); err != nil {
		t.Fatal(err)
	}
	grants := worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.grant(ctx, corp.Bucket+"/app/*"))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.grant(ctx, corp.Bucket+"/"+strings.Repeat("é", 1900)+"*"))
	deaf := worldtest.Must[*iam.CreateRoleOutput](t)(roles.CreateRole(ctx,
		&iam.CreateRoleInput{RoleName: aws.String("deaf"),
			AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"` +
				c.Account + `"},"Action":"sts:AssumeRole"}]}`)}))
	unheard := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.location(ctx, "s3://second",
		*deaf.Role.Arn))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.grant(ctx, "",
		func(in *s3control.CreateAccessGrantInput) { in.AccessGrantsLocationId = unheard.AccessGrantsLocationId }))
	full := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.location(ctx, bucket+"/full/*", c.Location))

	vend := func(x *control, change func(*s3control.GetDataAccessInput)) error {
		in := &s3control.GetDataAccessInput{AccountId: a, Target: aws.String(bucket + "/app/x"), Permission: "READ"}
		change(in)
		_, err := x.GetDataAccess(ctx, in)
		return err
	}
	target := func(s string) func(*s3control.GetDataAccessInput) {
		return func(in *s3control.GetDataAccessInput) { in.Target = aws.String(s) }
	}
	grant := func(sub string, change ...func(*s3control.CreateAccessGrantInput)) error {
		_, err := x.grant(ctx, sub, change...)
		return err
	}
	principal := func(arn string) func(*s3control.CreateAccessGrantInput) { return grantee(types.GranteeTypeIam, arn) }
	location := func(scope, role string) error { _, err := x.location(ctx, scope, role); return err }
	policy := func(document string) error {
		_, err := x.PutAccessGrantsInstanceResourcePolicy(ctx,
			&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: a, Policy: &document})
		return err
	}
	statement := func(principal, action, resource string) error {
		return policy(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + principal + `"Action":"` + action +
			`","Resource":"` + resource + `"}]}`)
	}
	labelled := func(tags []types.Tag) error {
		_, err := x.TagResource(ctx, &s3control.TagResourceInput{AccountId: a, ResourceArn: aws.String(x.instance()),
			Tags: tags})
		return err
	}
	associate := func(arn string) error {
		_, err := x.AssociateAccessGrantsIdentityCenter(ctx, &s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: a,
			IdentityCenterArn: &arn})
		return err
	}
	listed := func(change func(*s3control.ListAccessGrantsInput)) error {
		in := &s3control.ListAccessGrantsInput{AccountId: a}
		change(in)
		_, err := x.ListAccessGrants(ctx, in)
		return err
	}
	account := c.Account
	met := map[string]bool{}
	for _, k := range []struct {
		name        string
		err         func() error
		code, words string
	}{
		{"no policy", func() error { return vend(nobody, target(bucket+"/app/x")) }, "AccessDenied",
			"is not authorized to perform: s3:GetDataAccess on resource: \"" + x.instance() + "\" because no identity-based " +
				"policy allows the s3:GetDataAccess action"},
		{"no grant", func() error { return vend(app, target(bucket+"/other/x")) }, "AccessDenied",
			"You do not have READ permissions to the requested S3 Prefix: " + bucket + "/other/x"},
		{"the account's root", func() error { return vend(x, target(bucket+"/app/x")) }, "AccessDenied",
			"You do not have READ permissions"},
		{"a role that may not be passed", func() error {
			worldtest.AllowRole(t, c, "webapp", `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
			_, err := app.location(ctx, bucket+"/mine/*", c.Location)
			return err
		}, "AccessDenied", "iam:PassRole"},

		{"the same grant again", func() error { return grant(corp.Bucket + "/app/*") }, "AccessGrantAlreadyExists",
			"The specified access grant already exists"},
		{"a second instance", func() error {
			_, err := x.CreateAccessGrantsInstance(ctx, &s3control.CreateAccessGrantsInstanceInput{AccountId: a})
			return err
		}, "AccessGrantsInstanceAlreadyExists", "Access Grants Instance already exists"},
		{"an instance with locations", func() error {
			_, err := x.DeleteAccessGrantsInstance(ctx, &s3control.DeleteAccessGrantsInstanceInput{AccountId: a})
			return err
		}, "AccessGrantsInstanceNotEmptyError", "Please clean up locations before deleting the access grants instance"},
		{"no resource policy", func() error {
			_, err := x.GetAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: a})
			return err
		}, "AccessGrantsInstanceResourcePolicyNotExists", "Access Grants Instance Resource Policy does not exist"},
		{"no resource policy to delete", func() error {
			_, err := x.DeleteAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: a})
			return err
		}, "AccessGrantsInstanceResourcePolicyNotExists", ""},
		{"the default location twice", func() error { return location("s3://", c.Location) },
			"AccessGrantsLocationsQuotaExceededError", "Locations Quota: 3"},
		{"a location with grants", func() error {
			_, err := x.DeleteAccessGrantsLocation(ctx, &s3control.DeleteAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: unheard.AccessGrantsLocationId})
			return err
		}, "AccessGrantsLocationNotEmptyError", "Please clean up access grants before deleting access grants location"},
		{"a location too many", func() error { return location(bucket+"/more/*", c.Location) },
			"AccessGrantsLocationsQuotaExceededError", "3"},
		{"a free place", func() error {
			_, err := x.DeleteAccessGrantsLocation(ctx, &s3control.DeleteAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: full.AccessGrantsLocationId})
			return err
		}, "", ""},
		{"the scope of a location again", func() error { return location("s3://second/*", c.Location) },
			"AccessGrantsLocationAlreadyExistsError", "The specified access grants location already exists"},
		{"and again", func() error { return location("s3://second/", c.Location) }, "AccessGrantsLocationAlreadyExistsError",
			""},
		{"the fourth grant", func() error { return grant(corp.Bucket + "/fourth/*") }, "", ""},
		{"a grant too many", func() error { return grant(corp.Bucket + "/fifth/*") }, "AccessGrantsQuotaExceededError",
			fmt.Sprint("Access Grants Quota: ", len(corp.Grants)+4)},
		{"no such grant", func() error {
			_, err := x.GetAccessGrant(ctx,
				&s3control.GetAccessGrantInput{AccountId: a, AccessGrantId: aws.String("a1b2c3d4-5678-90ab-cdef-EXAMPLE11111")})
			return err
		}, "NoSuchAccessGrantError", "The specified access grant does not exist"},
		{"a grant deleted twice", func() error {
			in := &s3control.DeleteAccessGrantInput{AccountId: a, AccessGrantId: grants.AccessGrantId}
			worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx, in))
			_, err := x.DeleteAccessGrant(ctx, in)
			return err
		}, "NoSuchAccessGrantError", ""},
		{"and made again", func() error { return grant(corp.Bucket + "/app/*") }, "", ""},
		{"no such location", func() error {
			_, err := x.GetAccessGrantsLocation(ctx, &s3control.GetAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: aws.String("none")})
			return err
		}, "NoSuchAccessGrantsLocationError", "The specified access grants location does not exist"},
		{"no such location to update, and no such role", func() error {
			_, err := x.UpdateAccessGrantsLocation(ctx, &s3control.UpdateAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: aws.String("none"), IAMRoleArn: aws.String("arn:aws:iam::" + account + ":role/none")})
			return err
		}, "NoSuchAccessGrantsLocationError", ""},
		{"a location deleted twice", func() error {
			_, err := x.DeleteAccessGrantsLocation(ctx, &s3control.DeleteAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: full.AccessGrantsLocationId})
			return err
		}, "NoSuchAccessGrantsLocationError", ""},
		{"a grant in no location", func() error {
			return grant(corp.Bucket+"/x/*",
				func(in *s3control.CreateAccessGrantInput) { in.AccessGrantsLocationId = aws.String("none") })
		}, "NoSuchAccessGrantsLocationError", ""},
		{"a grant on no bucket", func() error { return grant("no-such-bucket/x/*") }, "InvalidAccessGrant",
			"The specified Access Grant is invalid"},
		{"a grant over buckets", func() error { return grant("b*") }, "InvalidAccessGrant", "span buckets"},
		{"a location of no bucket", func() error { return location("s3://no-such-bucket/", c.Location) },
			"InvalidAccessGrantsLocation", "The specified Access Grants Location is invalid"},
		{"a location over buckets", func() error { return location("s3://buc*", c.Location) }, "InvalidAccessGrantsLocation",
			"buc*"},
		{"a location's star inside", func() error { return location(bucket+"/a*b", c.Location) },
			"InvalidAccessGrantsLocation", "last character"},
		{"a location elsewhere", func() error { return location("S3://"+corp.Bucket, c.Location) },
			"InvalidAccessGrantsLocation", "s3://"},
		{"no such role", func() error { return location(bucket+"/n/*", "arn:aws:iam::"+account+":role/none") },
			"InvalidIamRole", "The specified IAM Role is invalid"},
		{"another account's role", func() error { return location(bucket+"/n/*", "arn:aws:iam::111122223333:role/r") },
			"InvalidIamRole", ""},
		{"no such role to update", func() error {
			_, err := x.UpdateAccessGrantsLocation(ctx, &s3control.UpdateAccessGrantsLocationInput{AccountId: a,
				AccessGrantsLocationId: aws.String("default"), IAMRoleArn: aws.String("arn:aws:iam::" + account + ":role/none")})
			return err
		}, "InvalidIamRole", ""},
		{"a policy of no JSON", func() error { return policy("{") }, "InvalidResourcePolicy",
			"The specified Resource Policy is invalid"},
		{"a policy for nobody", func() error { return statement("", "s3:GetDataAccess", x.instance()) },
			"InvalidResourcePolicy", "rincipal"},
		{"a policy of other actions", func() error {
			return statement(`"Principal":{"AWS":"444455556666"},`, "s3:DeleteAccessGrant", x.instance())
		}, "InvalidResourcePolicy", "s3:DeleteAccessGrant"},
		{"a policy of all actions",
			func() error { return statement(`"Principal":{"AWS":"444455556666"},`, "s3:*", x.instance()) },
			"InvalidResourcePolicy", "s3:*"},
		{"a policy of another's", func() error {
			return statement(`"Principal":{"AWS":"444455556666"},`, "s3:GetDataAccess",
				"arn:aws:s3:us-east-1:444455556666:access-grants/default")
		}, "InvalidResourcePolicy", "is not this instance"},

		{"a tag twice", func() error { return labelled(tag("k", "1", "k", "2")) }, "InvalidTag", "twice"},
		{"a tag's characters", func() error { return labelled(tag("k<", "1")) }, "InvalidTag", ""},
		{"a tag's value's characters", func() error { return labelled(tag("k", "1\n")) }, "InvalidTag", ""},
		{"a tag's length", func() error { return labelled(tag(strings.Repeat("k", 129), "1")) }, "InvalidTag", ""},
		{"a tag's value's length", func() error { return labelled(tag("k", strings.Repeat("k", 257))) }, "InvalidTag", ""},
		{"a reserved tag", func() error { return labelled(tag("AWS:x", "1")) }, "InvalidTags", "reserved"},
		{"51 tags", func() error {
			var pairs []string
			for i := range 51 {
				pairs = append(pairs, fmt.Sprint("k", i), "")
			}
			return labelled(tag(pairs...))
		}, "TooManyTags", ""},
		{"a 51st tag", func() error {
			var pairs []string
			for i := range 50 {
				pairs = append(pairs, fmt.Sprint("k", i), "")
			}
			if err := labelled(tag(pairs...)); err != nil {
				return err
			}
			return labelled(tag("one", "more"))
		}, "TooManyTags", "50"},
		{"tags of a grant to be", func() error {
			return grant(corp.Bucket+"/x/*", func(in *s3control.CreateAccessGrantInput) { in.Tags = tag("aws:x", "") })
		}, "InvalidTags", ""},
		{"tags of no grant", func() error {
			_, err := x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a, ResourceArn: aws.String(x.instance() + "/grant/none")})
			return err
		}, "NoSuchAccessGrantError", ""},
		{"tags of no location", func() error {
			_, err := x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a, ResourceArn: aws.String(x.instance() + "/location/none")})
			return err
		}, "NoSuchAccessGrantsLocationError", ""},
		{"tags of another account's", func() error {
			_, err := x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a,
					ResourceArn: aws.String("arn:aws:s3:" + c.Region + ":444455556666:access-grants/default")})
			return err
		}, "InvalidRequest", "444455556666"},
		{"tags of another Region's", func() error {
			_, err := x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a,
					ResourceArn: aws.String("arn:aws:s3:eu-west-9:" + account + ":access-grants/default")})
			return err
		}, "InvalidRequest", "eu-west-9"},

		{"a role that does not trust", func() error { return vend(app, target("s3://second/x")) }, "StsNotAuthorizedError",
			"User: access-grants.s3.amazonaws.com is not authorized to perform: sts:AssumeRole on resource: " + *deaf.Role.Arn},
		{"longer than the role allows", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.DurationSeconds = aws.Int32(7200) })
		}, "StsValidationError", "The requested DurationSeconds exceeds the MaxSessionDuration set for this role."},
		{"a session too large", func() error { return vend(app, target(bucket+"/"+strings.Repeat("é", 1900))) },
			"StsPackedPolicyTooLargeError", "Serialized token too large for session"},
		{"the longest duration", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.DurationSeconds = aws.Int32(43200) })
		}, "StsValidationError", ""},
		{"too long", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.DurationSeconds = aws.Int32(43201) })
		}, "InvalidRequest", "43201"},
		{"too short", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.DurationSeconds = aws.Int32(899) })
		}, "InvalidRequest", "899"},
		{"a control character to be audited", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.AuditContext = aws.String("a\x01b") })
		}, "InvalidRequest", "control character"},
		{"too much to be audited", func() error {
			return vend(app, func(in *s3control.GetDataAccessInput) { in.AuditContext = aws.String(strings.Repeat("a", 2049)) })
		}, "InvalidRequest", "auditContext"},
		{"no permission", func() error { return vend(app, func(in *s3control.GetDataAccessInput) { in.Permission = "ALL" }) },
			"InvalidRequest", "permission"},
		{"no privilege",
			func() error { return vend(app, func(in *s3control.GetDataAccessInput) { in.Privilege = "default" }) },
			"InvalidRequest", "privilege"},
		{"no target type",
			func() error { return vend(app, func(in *s3control.GetDataAccessInput) { in.TargetType = "Prefix" }) },
			"InvalidRequest", "targetType"},
		{"all buckets", func() error { return vend(app, target("s3://*")) }, "InvalidRequest", "s3://*"},
		{"no bucket", func() error { return vend(app, target("s3://")) }, "InvalidRequest", "names no bucket"},
		{"some buckets", func() error { return vend(app, target("s3://buc*")) }, "InvalidRequest", "span buckets"},
		{"no S3", func() error { return vend(app, target("http://b/x")) }, "InvalidRequest", "s3://"},
		{"a star inside", func() error { return vend(app, target(bucket+"/a*b")) }, "InvalidRequest", "last character"},
		{"a traversal", func() error { return vend(app, target(bucket+"/app/../*")) }, "InvalidRequest", ".."},
		{"a long target", func() error { return vend(app, target(bucket+"/"+strings.Repeat("a", 2000))) }, "InvalidRequest",
			"2000"},

		{"all of the default location", func() error { return grant("") }, "InvalidRequest", "whole default location"},
		{"a grant's star inside", func() error { return grant(corp.Bucket + "/a*b/*") }, "InvalidRequest", "last character"},
		{"a control character", func() error { return grant(corp.Bucket + "/a\tb/*") }, "InvalidRequest",
			"control character"},
		{"a grant too long", func() error { return grant(corp.Bucket + "/" + strings.Repeat("a", 1990)) }, "InvalidRequest",
			"2000"},
		{"an object without a name", func() error {
			return grant("", func(in *s3control.CreateAccessGrantInput) {
				in.AccessGrantsLocationId, in.S3PrefixType = unheard.AccessGrantsLocationId, types.S3PrefixTypeObject
			})
		}, "InvalidRequest", "names the object"},
		{"no such role to grant to",
			func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::"+account+":role/none")) }, "InvalidRequest",
			"Invalid Grantee in the request"},
		{"a role without its path",
			func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::"+account+":role/p/webapp")) },
			"InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to root", func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::"+account+":root")) },
			"InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to an account", func() error { return grant(corp.Bucket+"/x/*", principal("444455556666")) },
			"InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to a session", func() error {
			return grant(corp.Bucket+"/x/*", principal("arn:aws:sts::"+account+":assumed-role/webapp/app"))
		}, "InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to many", func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::444455556666:role/*")) },
			"InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to no name",
			func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::444455556666:role/")) }, "InvalidRequest",
			"Invalid Grantee in the request"},
		{"a grant to a group of IAM",
			func() error { return grant(corp.Bucket+"/x/*", principal("arn:aws:iam::444455556666:group/g")) }, "InvalidRequest",
			"Invalid Grantee in the request"},
		{"a grant to no user", func() error {
			return grant(corp.Bucket+"/x/*", grantee(types.GranteeTypeDirectoryUser, c.Groups["Finance"]))
		}, "InvalidRequest", "Invalid Grantee in the request"},
		{"a grant to no group", func() error {
			return grant(corp.Bucket+"/x/*", grantee(types.GranteeTypeDirectoryGroup, c.Users[worldtest.Alice]))
		}, "InvalidRequest", "Invalid Grantee in the request"},
		{"an application for a role", func() error {
			return grant(corp.Bucket+"/x/*", func(in *s3control.CreateAccessGrantInput) { in.ApplicationArn = &c.Application })
		}, "InvalidRequest", "directory grantees only"},
		{"another instance's application", func() error {
			return grant(corp.Bucket+"/x/*", grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Alice]),
				func(in *s3control.CreateAccessGrantInput) {
					in.ApplicationArn = aws.String("arn:aws:sso::" + account +
						":application/ssoins-1234567890abcdef/apl-1234567890abcdef")
				})
		}, "InvalidRequest", "has no application"},
		{"an instance in use", func() error { return associate("arn:aws:sso:::instance/ssoins-1234567890abcdef") },
			"InvalidRequest", "dissociate it first"},
		{"a page too large",
			func() error { return listed(func(in *s3control.ListAccessGrantsInput) { in.MaxResults = 1001 }) }, "InvalidRequest",
			"maxResults"},
		{"a page of less than nothing",
			func() error { return listed(func(in *s3control.ListAccessGrantsInput) { in.MaxResults = -1 }) }, "InvalidRequest",
			"maxResults"},
		{"a bad token", func() error {
			return listed(func(in *s3control.ListAccessGrantsInput) { in.NextToken = aws.String("bm9uZQ") })
		}, "InvalidRequest", "nextToken"},
		{"another list's token", func() error {
			out := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(x.ListAccessGrants(ctx,
				&s3control.ListAccessGrantsInput{AccountId: a, MaxResults: 1}))
			return listed(func(in *s3control.ListAccessGrantsInput) { in.NextToken, in.Permission = out.NextToken, "READ" })
		}, "InvalidRequest", "nextToken"},
		{"no grantee type",
			func() error { return listed(func(in *s3control.ListAccessGrantsInput) { in.GranteeType = "ROLE" }) },
			"InvalidRequest", "granteeType"},
		{"a scope of no S3", func() error {
			_, err := app.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: a,
				GrantScope: aws.String("b/x")})
			return err
		}, "InvalidRequest", "s3://"},
		{"a prefix of no S3", func() error {
			_, err := x.GetAccessGrantsInstanceForPrefix(ctx, &s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: a,
				S3Prefix: aws.String("bucket")})
			return err
		}, "InvalidRequest", "s3://"},
		{"no account", func() error {
			_, err := x.GetAccessGrantsInstance(ctx,
				&s3control.GetAccessGrantsInstanceInput{AccountId: aws.String("1234567890123")})
			return err
		}, "InvalidRequest", "12 digits"},
		{"another account", func() error {
			_, err := x.GetAccessGrantsInstance(ctx,
				&s3control.GetAccessGrantsInstanceInput{AccountId: aws.String("444455556666")})
			return err
		}, "AccessDenied", "only callers of account 444455556666"},
		{"an associated instance", func() error {
			emptied(t, x)
			_, err := x.DeleteAccessGrantsInstance(ctx, &s3control.DeleteAccessGrantsInstanceInput{AccountId: a})
			return err
		}, "InvalidRequest", "dissociate"},
		{"a directory grant without a directory", func() error {
			worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(x.DissociateAccessGrantsIdentityCenter(ctx,
				&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: a}))
			worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.location(ctx, "s3://", c.Location))
			return grant(corp.Bucket+"/x/*", grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Alice]))
		}, "InvalidIdentityCenterInstance", "The specified identity center instance is invalid"},
		{"no such Identity Center", func() error { return associate("arn:aws:sso:::instance/ssoins-1234567890abcdef") },
			"InvalidIdentityCenterInstance", "ssoins-1234567890abcdef"},
		{"no ARN of an Identity Center", func() error { return associate("ssoins-1234567890abcdef") },
			"InvalidIdentityCenterInstance", ""},
		{"an application for an Identity Center", func() error { return associate(c.Application) },
			"InvalidIdentityCenterInstance", ""},
		{"no instance", func() error {
			emptied(t, x)
			worldtest.Must[*s3control.DeleteAccessGrantsInstanceOutput](t)(x.DeleteAccessGrantsInstance(ctx,
				&s3control.DeleteAccessGrantsInstanceInput{AccountId: a}))
			return vend(app, target(bucket+"/app/x"))
		}, "AccessGrantsInstanceNotExistsError", "Access Grants Instance does not exist"},
		{"an instance made with no Identity Center", func() error {
			_, err := x.CreateAccessGrantsInstance(ctx, &s3control.CreateAccessGrantsInstanceInput{AccountId: a,
				IdentityCenterArn: aws.String("arn:aws:sso:::instance/ssoins-1234567890abcdef")})
			return err
		}, "InvalidIdentityCenterInstance", ""},
	} {
		t.Run(k.name, func(t *testing.T) {
			err := k.err()
			if k.code == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			code, status := errorOf(err)
			if code != k.code || status != catalogue[k.code] || !strings.Contains(err.Error(), k.words) {
				t.Errorf("got %d %v\nwant %d %s with %q", status, err, catalogue[k.code], k.code, k.words)
			}
			met[k.code] = true
		})
	}
	t.Run("every operation needs the instance", func(t *testing.T) {
		for _, s := range c.Server.Rows() {
			for _, r := range s.Rows {
				if s.Wire.Name != "s3control" ||
					slices.Contains([]string{"CreateAccessGrantsInstance", "ListAccessGrantsInstances"}, r.Meta.Name) {
					continue
				}
				q := worldtest.SampleRequest(c, s, &r)
				q.Key, q.Body = &root,
					strings.Replace(q.Body, "<Policy>{}", `<Policy>{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
						`"Principal":{"AWS":"444455556666"},"Action":"s3:GetDataAccess","Resource":"*"}]}`, 1)
				if p := worldtest.Send(t, c.World, q); p.Status != 404 || p.Code != "AccessGrantsInstanceNotExistsError" {
					t.Errorf("%s: %d %s", r.Meta.Name, p.Status, p.Body)
				}
			}
		}
	})
	t.Run("at the door", func(t *testing.T) {
		to := func(method, path string) worldtest.Request {
			return worldtest.Request{Method: method, Path: "/v20180820/" + path, Service: "s3", Key: &root,
				Header: map[string]string{"X-Amz-Account-Id": c.Account}}
		}
		session := worldtest.Must[client.Key](t)(c.Assume(context.WithoutCancel(ctx), c.Machine, c.WebApp, "app", ""))
		with := func(q worldtest.Request, change func(*worldtest.Request)) worldtest.Request { change(&q); return q }
		ahead = 2 * time.Hour
		for code, q := range map[string]worldtest.Request{
			"BadDigest": with(to("GET", "accessgrantsinstance"),
				func(q *worldtest.Request) { q.Header["Content-Md5"] = "1B2M2Y8AsgTpgAmY7PhCfw==" }),
			"SignatureDoesNotMatch": with(to("GET", "accessgrantsinstance"),
				func(q *worldtest.Request) { q.Key = &client.Key{ID: root.ID, Secret: "x"} }),
			"InvalidAccessKeyId": with(to("GET", "accessgrantsinstance"),
				func(q *worldtest.Request) { q.Key = &client.Key{ID: "AKIAAAAAAAAAAAAAAAAA", Secret: "x"} }),
			"ExpiredToken":         with(to("GET", "accessgrantsinstance"), func(q *worldtest.Request) { q.Key = &session }),
			"RequestTimeTooSkewed": with(to("GET", "accessgrantsinstance"), func(q *worldtest.Request) { q.At = time.Now() }),
			"MethodNotAllowed":     to("PATCH", "accessgrantsinstance"),
			"MalformedXML": with(to("POST", "accessgrantsinstance"),
				func(q *worldtest.Request) { q.Body = "<a><b></a>" }),
		} {
			if q.At.IsZero() {
				q.At = time.Now().Add(ahead)
			}
			p := worldtest.Send(t, c.World, q)
			if p.Status != catalogue[code] || p.Code != code ||
				!strings.Contains(p.Body, "<ErrorResponse><Error><Code>"+code+"</Code><Message>") ||
				!strings.Contains(p.Body, "<RequestId>"+p.Header.Get("X-Amz-Request-Id")+"</RequestId><HostId>"+
					p.Header.Get("X-Amz-Id-2")+"</HostId></ErrorResponse>") {
				t.Errorf("%s: %d %s", code, p.Status, p.Body)
			}
			met[code] = true
		}
	})
	for _, code := range slices.Sorted(maps.Keys(catalogue)) {
		if !met[code] {
			t.Errorf("%s has no case", code)
		}
	}
}
