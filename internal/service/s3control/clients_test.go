package s3control_test

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// plugin does what AWS's plugins for boto3 and the SDK for Java do before each S3 request
// (boto3-s3-access-grants-plugin 1.3.0): it finds out who calls, where the bucket is and whose, and asks for a key.
func plugin(t *testing.T, c *world.Company, k client.Key, bucket, target, permission string) (key client.Key,
	matched string, err error) {
	t.Helper()
	ctx := t.Context()
	me := worldtest.Must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(c.AWS(k)).GetCallerIdentity(ctx,
		&sts.GetCallerIdentityInput{}))
	region := ""
	head, err := c.S3(k).HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &bucket})
	var refusal *awshttp.ResponseError
	switch {
	case err == nil:
		region = *head.BucketRegion
	case errors.As(err, &refusal) && (refusal.HTTPStatusCode() == 403 || refusal.HTTPStatusCode() == 404):
		region = refusal.Response.Header.Get("x-amz-bucket-region")
	}
	if region == "" {
		t.Fatalf("HeadBucket tells no Region: %v", err)
	}
	config := c.AWS(k)
	config.Region = region
	x := s3control.NewFromConfig(config)
	found, err := x.GetAccessGrantsInstanceForPrefix(ctx,
		&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: me.Account, S3Prefix: &target})
	if err != nil {
		return key, "", err
	}
	owner := strings.Split(*found.AccessGrantsInstanceArn, ":")[4]
	out, err := x.GetDataAccess(ctx, &s3control.GetDataAccessInput{AccountId: &owner, Target: &target,
		Permission: types.Permission(permission), Privilege: types.PrivilegeDefault})
	if err != nil {
		return key, "", err
	}
	return client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}, *out.MatchedGrantTarget, nil
}

func TestPluginsWorkUnmodified(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	whole := "larkspur-whole"
	worldtest.Must[*s3.CreateBucketOutput](t)(c.S3(c.Root()).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &whole}))
	worldtest.AllowRole(t, c, "webapp",
		`{"Effect":"Allow","Action":["s3:GetDataAccess","s3:GetAccessGrantsInstanceForPrefix"],`+
			`"Resource":"*"}`)
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	for sub, p := range map[string]types.Permission{corp.Bucket + "/finance/*": "READ",
		corp.Bucket + "/jobs/*": "READWRITE", whole + "/*": "READWRITE", corp.Bucket + "/one.txt": "READ"} {
		worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, sub,
			func(in *s3control.CreateAccessGrantInput) { in.Permission = p }))
	}
	worldtest.Must[*s3.PutObjectOutput](t)(c.S3(c.Root()).PutObject(ctx,
		&s3.PutObjectInput{Bucket: aws.String(corp.Bucket),
			Key: aws.String("one.txt"), Body: strings.NewReader("1")}))
	reports, at := aws.String(corp.Bucket), "s3://"+corp.Bucket
	read := func(key string) func(*s3.Client) error {
		return func(x *s3.Client) error {
			out, err := x.GetObject(ctx, &s3.GetObjectInput{Bucket: reports, Key: &key})
			if err == nil {
				_, err = io.Copy(io.Discard, out.Body)
			}
			return err
		}
	}
	put := func(bucket, key string) func(*s3.Client) error {
		return func(x *s3.Client) error {
			_, err := x.PutObject(ctx, &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("x")})
			return err
		}
	}
	remove := func(bucket string, keys ...string) func(*s3.Client) error {
		return func(x *s3.Client) error {
			d := &s3types.Delete{}
			for _, k := range keys {
				d.Objects = append(d.Objects, s3types.ObjectIdentifier{Key: &k})
			}
			out, err := x.DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: &bucket, Delete: d})
			if err == nil && len(out.Errors) > 0 {
				err = errors.New(*out.Errors[0].Message)
			}
			return err
		}
	}
	for _, k := range []struct {
		request, bucket, target, permission, matched string
		do                                           func(*s3.Client) error
	}{
		{"GetObject", corp.Bucket, at + "/finance/2026-q3.csv", "READ", at + "/finance/*", read("finance/2026-q3.csv")},
		{"GetObject of a grant of one object", corp.Bucket, at + "/one.txt", "READ", at + "/one.txt", read("one.txt")},
		{"ListObjectsV2, without a star", corp.Bucket, at + "/finance/", "READ", at + "/finance/*", func(x *s3.Client) error {
			_, err := x.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: reports, Prefix: aws.String("finance/")})
			return err
		}},
		{"ListObjectsV2 of everything", whole, "s3://" + whole, "READ", "s3://" + whole + "/*", func(x *s3.Client) error {
			_, err := x.ListObjectsV2(ctx, &s3.ListObjectsV2Input{Bucket: &whole})
			return err
		}},
		{"HeadBucket", whole, "s3://" + whole, "READ", "s3://" + whole + "/*", func(x *s3.Client) error {
			_, err := x.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &whole})
			return err
		}},
		{"HeadBucket of the plugin for Java", whole, "s3://" + whole + "/*", "READ", "s3://" + whole + "/*",
			func(x *s3.Client) error {
				_, err := x.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &whole})
				return err
			}},
		{"PutObject", corp.Bucket, at + "/jobs/a", "WRITE", at + "/jobs/*", put(corp.Bucket, "jobs/a")},
		{"CopyObject", corp.Bucket, at + "/jobs/", "READWRITE", at + "/jobs/*", func(x *s3.Client) error {
			_, err := x.CopyObject(ctx, &s3.CopyObjectInput{Bucket: reports, Key: aws.String("jobs/b"),
				CopySource: aws.String(corp.Bucket + "/jobs/a")})
			return err
		}},
		{"DeleteObjects, by what keys have in common", corp.Bucket, at + "/jobs/", "WRITE", at + "/jobs/*",
			remove(corp.Bucket, "jobs/a", "jobs/b")},
		{"DeleteObjects with nothing in common", whole, "s3://" + whole + "/", "WRITE", "s3://" + whole + "/*",
			remove(whole, "a", "b")},
	} {
		t.Run(k.request, func(t *testing.T) {
			key, matched, err := plugin(t, c, app, k.bucket, k.target, k.permission)
			if err != nil || matched != k.matched {
				t.Fatalf("%s %v", matched, err)
			}
			if err := k.do(c.S3(key)); err != nil {
				t.Error(err)
			}
		})
	}
	for _, k := range []struct{ name, bucket, target, permission, words string }{
		{"no grant", corp.Bucket, at + "/payroll/", "READ", "You do not have READ permissions to the requested S3 Prefix: " +
			at + "/payroll/"},
		{"a whole bucket of which a part is granted", corp.Bucket, at, "READ", "You do not have READ permissions"},
		{"not that permission", corp.Bucket, at + "/finance/x", "READWRITE", "You do not have READWRITE permissions"},
		{"no bucket", "larkspur-none", "s3://larkspur-none/x", "READ", "there is no such bucket"},
	} {
		t.Run(k.name, func(t *testing.T) {
			_, _, err := plugin(t, c, app, k.bucket, k.target, k.permission)
			worldtest.Refused(t, err, "AccessDenied", k.words) // the code that plugins remember
		})
	}
	t.Run("what matched is what the key opens", func(t *testing.T) {
		key, _, err := plugin(t, c, app, corp.Bucket, at+"/one.txt", "READ")
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
		worldtest.Refused(t, err, "AccessDenied", "no session policy allows")
	})
}

// Storage Browser lists a person's grants and asks for a key to each scope as it is listed; others strip the star
// first.
func TestClientsThatListFirst(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	root := controlOf(c, c.Root())
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/finance/one.txt",
		grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Grace]),
		func(in *s3control.CreateAccessGrantInput) { in.S3PrefixType = types.S3PrefixTypeObject }))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/bound/*",
		grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Grace]),
		func(in *s3control.CreateAccessGrantInput) { in.ApplicationArn = &c.Application }))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/role/*",
		grantee(types.GranteeTypeIam, c.Bearer),
		func(in *s3control.CreateAccessGrantInput) { in.Permission = types.PermissionReadwrite }))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(root.grant(ctx, corp.Bucket+"/elsewhere/*",
		grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Grace]), func(in *s3control.CreateAccessGrantInput) {
			in.ApplicationArn = worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(root.GetAccessGrantsInstance(ctx,
				&s3control.GetAccessGrantsInstanceInput{AccountId: &c.Account})).IdentityCenterApplicationArn
		}))
	x := s3control.NewFromConfig(c.AWS(worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Grace))))
	list := func(size int32, allowed bool, begin string) (all []types.ListCallerAccessGrantsEntry) {
		t.Helper()
		in := &s3control.ListCallerAccessGrantsInput{AccountId: &c.Account, MaxResults: size, AllowedByApplication: allowed}
		if begin != "" {
			in.GrantScope = &begin
		}
		for p := s3control.NewListCallerAccessGrantsPaginator(x, in); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if len(page.CallerAccessGrantsList) > int(size) && size > 0 {
				t.Errorf("a page of %d, asked for %d", len(page.CallerAccessGrantsList), size)
			}
			all = append(all, page.CallerAccessGrantsList...)
		}
		return all
	}
	text := func(list []types.ListCallerAccessGrantsEntry) string {
		var out []string
		for _, g := range list {
			out = append(out, strings.TrimPrefix(*g.GrantScope, "s3://"+corp.Bucket+"/")+" "+string(g.Permission)+" "+
				*g.ApplicationArn)
		}
		return strings.Join(out, ", ")
	}
	all := text(list(0, false, ""))
	if strings.Count(all, ",") != 6 || !strings.Contains(all, "role/* READWRITE NA") ||
		!strings.Contains(all, "bound/* READ "+c.Application) || !strings.Contains(all, "finance/one.txt READ ALL") ||
		!strings.Contains(all, "elsewhere/*") {
		t.Error(all)
	}
	for size := range int32(4) {
		if got := text(list(size, false, "s3://")); got != all {
			t.Errorf("pages of %d: %s\nall at once: %s", size, got, all)
		}
	}
	allowed := list(2, true, "")
	if got := text(allowed); strings.Count(got, ",") != 5 || strings.Contains(got, "elsewhere") ||
		!strings.Contains(got, " NA") {
		t.Error(got)
	}
	for begin, n := range map[string]int{"s3://" + corp.Bucket + "/finance/": 3, "s3://" + corp.Bucket + "/finance/*": 3,
		"s3://" + corp.Bucket[:3]: 6, "s3://" + corp.Bucket + "/ro": 1, "s3://none": 0} {
		if got := list(1, true, begin); len(got) != n {
			t.Errorf("%s: %s", begin, text(got))
		}
	}
	for _, g := range allowed {
		browser := &s3control.GetDataAccessInput{AccountId: &c.Account, Target: g.GrantScope, Permission: g.Permission,
			DurationSeconds: aws.Int32(900)}
		if !strings.HasSuffix(*g.GrantScope, "*") {
			browser.TargetType = types.S3PrefixTypeObject
		}
		stripped := &s3control.GetDataAccessInput{AccountId: &c.Account,
			Target: aws.String(strings.TrimSuffix(*g.GrantScope, "*")), Permission: g.Permission,
			Privilege: types.PrivilegeDefault}
		for _, in := range []*s3control.GetDataAccessInput{browser, stripped} {
			out, err := x.GetDataAccess(ctx, in)
			if err != nil {
				t.Errorf("%s: %v", *in.Target, err)
				continue
			}
			if *out.MatchedGrantTarget != *g.GrantScope {
				t.Errorf("%s: %s, listed as %s", *in.Target, *out.MatchedGrantTarget, *g.GrantScope)
			}
		}
	}
	page := worldtest.Must[*s3control.ListCallerAccessGrantsOutput](t)(x.ListCallerAccessGrants(ctx,
		&s3control.ListCallerAccessGrantsInput{AccountId: &c.Account, MaxResults: 1}))
	_, err := x.ListCallerAccessGrants(ctx, &s3control.ListCallerAccessGrantsInput{AccountId: &c.Account,
		NextToken: page.NextToken, AllowedByApplication: true})
	worldtest.Refused(t, err, "InvalidRequest", "nextToken")
}
