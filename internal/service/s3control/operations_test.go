package s3control_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// control is an s3control client that remembers which operations it saw succeed.
type control struct {
	*s3control.Client
	c    *world.Company
	mu   sync.Mutex
	done map[string]bool
}

func controlOf(c *world.Company, k client.Key) *control {
	x := &control{c: c, done: map[string]bool{}}
	x.Client = s3control.NewFromConfig(c.AWS(k), func(o *s3control.Options) {
		o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error {
			return s.Initialize.Add(middleware.InitializeMiddlewareFunc("remember",
				func(ctx context.Context, in middleware.InitializeInput,
					next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
					out, meta, err := next.HandleInitialize(ctx, in)
					if err == nil {
						x.mu.Lock()
						defer x.mu.Unlock()
						x.done[middleware.GetOperationName(ctx)] = true
					}
					return out, meta, err
				}), middleware.Before)
		})
	})
	return x
}

func (x *control) instance() string {
	return "arn:aws:s3:" + x.c.Region + ":" + x.c.Account + ":access-grants/default"
}

// grant asks for a grant; change fits it to a case.
func (x *control) grant(ctx context.Context, subPrefix string, change ...func(*s3control.CreateAccessGrantInput)) (
	*s3control.CreateAccessGrantOutput, error) {
	in := &s3control.CreateAccessGrantInput{AccountId: &x.c.Account, AccessGrantsLocationId: aws.String("default"),
		Permission: types.PermissionRead,
		Grantee:    &types.Grantee{GranteeType: types.GranteeTypeIam, GranteeIdentifier: &x.c.WebApp}}
	if subPrefix != "" {
		in.AccessGrantsLocationConfiguration = &types.AccessGrantsLocationConfiguration{S3SubPrefix: &subPrefix}
	}
	for _, f := range change {
		f(in)
	}
	return x.CreateAccessGrant(ctx, in)
}

func (x *control) location(ctx context.Context, scope, role string,
	tags ...types.Tag) (*s3control.CreateAccessGrantsLocationOutput, error) {
	return x.CreateAccessGrantsLocation(ctx, &s3control.CreateAccessGrantsLocationInput{AccountId: &x.c.Account,
		LocationScope: &scope, IAMRoleArn: &role, Tags: tags})
}

func grantee(kind types.GranteeType, id string) func(*s3control.CreateAccessGrantInput) {
	return func(in *s3control.CreateAccessGrantInput) {
		in.Grantee = &types.Grantee{GranteeType: kind, GranteeIdentifier: &id}
	}
}

func tag(pairs ...string) (out []types.Tag) {
	for i := 0; i < len(pairs); i += 2 {
		out = append(out, types.Tag{Key: &pairs[i], Value: &pairs[i+1]})
	}
	return out
}

// Every operation of S3 Access Grants through the SDK, with each field that its answer has. The table of rows says
// whether one is missing here.
func TestEveryAccessGrantsOperation(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	x := controlOf(c, c.Root())
	a := &c.Account
	application := func(arn string) bool {
		return strings.HasPrefix(arn, "arn:aws:sso::"+c.Account+":application/"+strings.TrimPrefix(c.Instance,
			"arn:aws:sso:::instance/")+"/apl-")
	}

	t.Run("the instance", func(t *testing.T) {
		i := worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(x.GetAccessGrantsInstance(ctx,
			&s3control.GetAccessGrantsInstanceInput{AccountId: a}))
		if *i.AccessGrantsInstanceArn != x.instance() || *i.AccessGrantsInstanceId != "default" || i.CreatedAt.IsZero() ||
			*i.IdentityCenterInstanceArn != c.Instance ||
			!application(*i.IdentityCenterApplicationArn) ||
			*i.IdentityCenterArn !=
				*i.IdentityCenterApplicationArn { //nolint:staticcheck // Terraform reads the deprecated member
			t.Errorf("%+v", i)
		}
		list := worldtest.Must[*s3control.ListAccessGrantsInstancesOutput](t)(x.ListAccessGrantsInstances(ctx,
			&s3control.ListAccessGrantsInstancesInput{AccountId: a, MaxResults: 0}))
		if len(list.AccessGrantsInstancesList) != 1 ||
			*list.AccessGrantsInstancesList[0].AccessGrantsInstanceArn != x.instance() || list.NextToken != nil {
			t.Errorf("%+v", list)
		}
		p := worldtest.Must[*s3control.GetAccessGrantsInstanceForPrefixOutput](t)(x.GetAccessGrantsInstanceForPrefix(ctx,
			&s3control.GetAccessGrantsInstanceForPrefixInput{AccountId: a,
				S3Prefix: aws.String("s3://" + corp.Bucket + "/a b/é+x*")}))
		if *p.AccessGrantsInstanceArn != x.instance() || *p.AccessGrantsInstanceId != "default" {
			t.Errorf("%+v", p)
		}
	})
	t.Run("locations", func(t *testing.T) {
		var made []string
		for _, scope := range []string{"s3://" + corp.Bucket, "s3://" + corp.Bucket + "/p*", "s3://" + corp.Bucket + "/q/*",
			"s3://" + corp.Bucket + "/r"} {
			l, err := x.location(ctx, scope, c.Location, tag("k1", "v1", "empty", "")...)
			if err != nil {
				t.Fatal(err)
			}
			got := worldtest.Must[*s3control.GetAccessGrantsLocationOutput](t)(x.GetAccessGrantsLocation(ctx,
				&s3control.GetAccessGrantsLocationInput{AccountId: a, AccessGrantsLocationId: l.AccessGrantsLocationId}))
			if *l.LocationScope != scope || *got.LocationScope != scope || *got.IAMRoleArn != c.Location ||
				*got.AccessGrantsLocationArn != x.instance()+"/location/"+*l.AccessGrantsLocationId ||
				!got.CreatedAt.Equal(*l.CreatedAt) {
				t.Errorf("%+v %+v", l, got)
			}
			made = append(made, *l.AccessGrantsLocationId)
		}
		up := worldtest.Must[*s3control.UpdateAccessGrantsLocationOutput](t)(x.UpdateAccessGrantsLocation(ctx,
			&s3control.UpdateAccessGrantsLocationInput{AccountId: a, AccessGrantsLocationId: &made[0], IAMRoleArn: &c.WebApp}))
		if *up.IAMRoleArn != c.WebApp || *up.LocationScope != "s3://"+corp.Bucket || up.CreatedAt.IsZero() {
			t.Errorf("%+v", up)
		}
		seen := 0
		for p := s3control.NewListAccessGrantsLocationsPaginator(x, &s3control.ListAccessGrantsLocationsInput{AccountId: a,
			MaxResults: 2}); p.HasMorePages(); {
			page, err := p.NextPage(ctx)
			if err != nil {
				t.Fatal(err)
			}
			if seen += len(page.AccessGrantsLocationsList); len(page.AccessGrantsLocationsList) > 2 {
				t.Error("a page of more than was asked for")
			}
		}
		if seen != 5 {
			t.Errorf("%d locations listed", seen)
		}
		for scope, want := range map[string]string{"s3://": "default", "s3://" + corp.Bucket + "/": made[0],
			"s3://" + corp.Bucket + "/*": made[0], "s3://" + corp.Bucket + "/p": made[1], "s3://" + corp.Bucket + "/none": ""} {
			list := worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(x.ListAccessGrantsLocations(ctx,
				&s3control.ListAccessGrantsLocationsInput{AccountId: a, LocationScope: &scope}))
			if len(list.AccessGrantsLocationsList) != len(strings.Fields(want)) || want != "" &&
				*list.AccessGrantsLocationsList[0].AccessGrantsLocationId != want {
				t.Errorf("%s: %+v", scope, list.AccessGrantsLocationsList)
			}
		}
		for _, id := range made[1:] {
			worldtest.Must[*s3control.DeleteAccessGrantsLocationOutput](t)(x.DeleteAccessGrantsLocation(ctx,
				&s3control.DeleteAccessGrantsLocationInput{AccountId: a, AccessGrantsLocationId: &id}))
		}
	})
	t.Run("grants and their scopes", func(t *testing.T) {
		in := func(location string) func(*s3control.CreateAccessGrantInput) {
			return func(in *s3control.CreateAccessGrantInput) { in.AccessGrantsLocationId = &location }
		}
		ids := map[string]string{}
		for _, scope := range []string{"s3://" + corp.Bucket + "/", "s3://" + corp.Bucket + "/p/*",
			"s3://" + corp.Bucket + "/prefixA*", "s3://" + corp.Bucket + "/x"} {
			if l, err := x.location(ctx, scope, c.Location); err == nil {
				ids[scope] = *l.AccessGrantsLocationId
			} else if list := worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(x.ListAccessGrantsLocations(ctx,
				&s3control.ListAccessGrantsLocationsInput{AccountId: a, LocationScope: &scope})); len(
				list.AccessGrantsLocationsList) == 1 {
				ids[scope] = *list.AccessGrantsLocationsList[0].AccessGrantsLocationId
			} else {
				t.Fatal(err)
			}
		}
		bucket := "s3://" + corp.Bucket
		for _, g := range []struct {
			location, sub string
			object        bool
			want          string
		}{
			{"", corp.Bucket + "/bob/*", false, bucket + "/bob/*"},
			{bucket + "/", "users*", false, bucket + "/users*"}, // the location was written without its slash
			{bucket + "/", "/grp/*", false, bucket + "/grp/*"},
			{bucket + "/", "", false, bucket + "/*"},
			{bucket + "/p/*", "", false, bucket + "/p/*"},
			{bucket + "/p/*", "users/1/*", false, bucket + "/p/users/1/*"},
			{bucket + "/prefixA*", "prefix1/prefix2/data.txt", true, bucket + "/prefixAprefix1/prefix2/data.txt"},
			{bucket + "/x", "", false, bucket + "/x*"},
			{bucket + "/x", "y", false, bucket + "/xy"},
			{"", corp.Bucket + "/../%2e//a", true, bucket + "/../%2e//a"},
			{"", corp.Bucket + "/st*r", true, bucket + "/st*r"},
		} {
			location := "default"
			if g.location != "" {
				location = ids[g.location]
			}
			made, err := x.grant(ctx, g.sub, in(location), func(in *s3control.CreateAccessGrantInput) {
				if g.object {
					in.S3PrefixType = types.S3PrefixTypeObject
				}
			})
			if err != nil {
				t.Errorf("%+v: %v", g, err)
				continue
			}
			got := worldtest.Must[*s3control.GetAccessGrantOutput](t)(x.GetAccessGrant(ctx,
				&s3control.GetAccessGrantInput{AccountId: a, AccessGrantId: made.AccessGrantId}))
			if *made.GrantScope != g.want || *got.GrantScope != g.want || *got.AccessGrantArn != x.instance()+"/grant/"+
				*made.AccessGrantId || *got.AccessGrantsLocationId != location ||
				got.Permission != types.PermissionRead || *got.Grantee.GranteeIdentifier != c.WebApp || got.ApplicationArn != nil ||
				!got.CreatedAt.Equal(*made.CreatedAt) {
				t.Errorf("%+v: %s %+v", g, *made.GrantScope, got)
			}
			for _, conf := range []*types.AccessGrantsLocationConfiguration{made.AccessGrantsLocationConfiguration,
				got.AccessGrantsLocationConfiguration} {
				if (conf == nil) != (g.sub == "") || conf != nil && *conf.S3SubPrefix != g.sub {
					t.Errorf("%+v: a sub-prefix that was not given, or not the given one: %+v", g, conf)
				}
			}
		}
		listed := func(change func(*s3control.ListAccessGrantsInput)) (scopes []string) {
			in := &s3control.ListAccessGrantsInput{AccountId: a, MaxResults: 3}
			change(in)
			for p := s3control.NewListAccessGrantsPaginator(x, in); p.HasMorePages(); {
				page, err := p.NextPage(ctx)
				if err != nil {
					t.Fatal(err)
				}
				for _, g := range page.AccessGrantsList {
					scopes = append(scopes, strings.TrimPrefix(*g.GrantScope, bucket+"/"))
				}
			}
			return scopes
		}
		for name, x := range map[string]struct {
			change func(*s3control.ListAccessGrantsInput)
			want   int
		}{
			"all":            {func(*s3control.ListAccessGrantsInput) {}, 11 + len(corp.Grants)},
			"a prefix":       {func(in *s3control.ListAccessGrantsInput) { in.GrantScope = aws.String(bucket + "/p/*") }, 2},
			"one scope":      {func(in *s3control.ListAccessGrantsInput) { in.GrantScope = aws.String(bucket + "/xy") }, 1},
			"no such scope":  {func(in *s3control.ListAccessGrantsInput) { in.GrantScope = aws.String(bucket + "/p/") }, 0},
			"a grantee":      {func(in *s3control.ListAccessGrantsInput) { in.GranteeIdentifier = &c.WebApp }, 11},
			"a type":         {func(in *s3control.ListAccessGrantsInput) { in.GranteeType = types.GranteeTypeIam }, 11},
			"a permission":   {func(in *s3control.ListAccessGrantsInput) { in.Permission = types.PermissionWrite }, 0},
			"an application": {func(in *s3control.ListAccessGrantsInput) { in.ApplicationArn = &c.Application }, 0},
			"type and grantee": {func(in *s3control.ListAccessGrantsInput) {
				in.GranteeIdentifier, in.GranteeType = &c.WebApp, "DIRECTORY_USER"
			}, 0},
		} {
			if got := listed(x.change); len(got) != x.want {
				t.Errorf("%s: %q", name, got)
			}
		}
		bound, err := x.grant(ctx, corp.Bucket+"/bound/*", grantee(types.GranteeTypeDirectoryUser, c.Users[worldtest.Alice]),
			func(in *s3control.CreateAccessGrantInput) { in.ApplicationArn = &c.Application })
		if err != nil || *bound.ApplicationArn != c.Application {
			t.Errorf("%+v %v", bound, err)
		}
		worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx,
			&s3control.DeleteAccessGrantInput{AccountId: a, AccessGrantId: bound.AccessGrantId}))
		// READ and WRITE for one pair stand beside each other.
		if _, err := x.grant(ctx, corp.Bucket+"/bob/*",
			func(in *s3control.CreateAccessGrantInput) { in.Permission = types.PermissionWrite }); err != nil {
			t.Error(err)
		}
	})
	t.Run("tags", func(t *testing.T) {
		grant := x.instance() + "/grant/" + c.Grants["Finance"]
		for _, arn := range []string{x.instance(), x.instance() + "/location/default", grant} {
			worldtest.Must[*s3control.TagResourceOutput](t)(x.TagResource(ctx,
				&s3control.TagResourceInput{AccountId: a, ResourceArn: &arn,
					Tags: tag("k", "1", "K", "2", "k 3", "")}))
			worldtest.Must[*s3control.TagResourceOutput](t)(x.TagResource(ctx,
				&s3control.TagResourceInput{AccountId: a, ResourceArn: &arn,
					Tags: tag("k", "über")}))
			worldtest.Must[*s3control.UntagResourceOutput](t)(x.UntagResource(ctx,
				&s3control.UntagResourceInput{AccountId: a, ResourceArn: &arn, TagKeys: []string{"k 3", "none"}}))
			got := worldtest.Must[*s3control.ListTagsForResourceOutput](t)(x.ListTagsForResource(ctx,
				&s3control.ListTagsForResourceInput{AccountId: a, ResourceArn: &arn}))
			if len(got.Tags) != 2 || *got.Tags[0].Key+*got.Tags[0].Value+*got.Tags[1].Key+*got.Tags[1].Value != "K2küber" {
				t.Errorf("%s: %+v", arn, got.Tags)
			}
		}
	})
	t.Run("the resource policy", func(t *testing.T) {
		document := `{ "Version": "2012-10-17", "Statement": [ {"Sid":"<é>", "Effect":"Allow", "Principal": {"AWS": ` +
			`["444455556666", "arn:aws:iam::444455556666:role/r"]}, "Action":["s3:GetDataAccess"], "Resource":"` + x.instance() +
			`" } ] }`
		put := worldtest.Must[*s3control.PutAccessGrantsInstanceResourcePolicyOutput](t)(
			x.PutAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: a, Policy: &document,
					Organization: aws.String("o-abcdefghij")}))
		got := worldtest.Must[*s3control.GetAccessGrantsInstanceResourcePolicyOutput](t)(
			x.GetAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: a}))
		want := `{"Version":"2012-10-17","Statement":[{"Sid":"<é>","Effect":"Allow",` +
			`"Principal":{"AWS":["arn:aws:iam::444455556666:root","arn:aws:iam::444455556666:role/r"]},` +
			`"Action":["s3:GetDataAccess"],"Resource":"` + x.instance() + `"}]}`
		if *put.Policy != document || *put.Organization != "o-abcdefghij" || *got.Policy != want ||
			*got.Organization != "o-abcdefghij" || !got.CreatedAt.Equal(*put.CreatedAt) {
			t.Errorf("%+v\n%s", put, *got.Policy)
		}
		worldtest.Must[*s3control.DeleteAccessGrantsInstanceResourcePolicyOutput](t)(
			x.DeleteAccessGrantsInstanceResourcePolicy(ctx,
				&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: a}))
	})
	t.Run("a caller's data and grants", func(t *testing.T) {
		app := controlOf(c, worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", "")))
		worldtest.AllowRole(t, c, "webapp",
			`{"Effect":"Allow","Action":["s3:GetDataAccess","s3:ListCallerAccessGrants"],"Resource":"*"}`)
		data := worldtest.Must[*s3control.GetDataAccessOutput](t)(app.GetDataAccess(ctx,
			&s3control.GetDataAccessInput{AccountId: a, Target: aws.String("s3://" + corp.Bucket + "/bob/x"), Permission: "READ",
				Privilege: "Minimal", TargetType: "Object",
				DurationSeconds: aws.Int32(900), AuditContext: aws.String("job 42/α\t")}))
		if k := data.Credentials; !strings.HasPrefix(*k.AccessKeyId, "ASIA") || *k.SecretAccessKey == "" ||
			*k.SessionToken == "" || time.Until(*k.Expiration) > 15*time.Minute || time.Until(*k.Expiration) < 14*time.Minute {
			t.Errorf("%+v", k.Expiration)
		}
		if *data.MatchedGrantTarget != "s3://"+corp.Bucket+"/bob/x" || data.Grantee.GranteeType != types.GranteeTypeIam ||
			*data.Grantee.GranteeIdentifier != c.WebApp {
			t.Errorf("%+v", data)
		}
		list := worldtest.Must[*s3control.ListCallerAccessGrantsOutput](t)(app.ListCallerAccessGrants(ctx,
			&s3control.ListCallerAccessGrantsInput{AccountId: a, GrantScope: aws.String("s3://" + corp.Bucket + "/b"),
				AllowedByApplication: true}))
		if len(list.CallerAccessGrantsList) != 2 || *list.CallerAccessGrantsList[0].ApplicationArn != "NA" ||
			list.CallerAccessGrantsList[0].Permission != "READ" || list.CallerAccessGrantsList[1].Permission != "WRITE" {
			t.Errorf("%+v", list.CallerAccessGrantsList)
		}
		for name := range app.done {
			x.done[name] = true
		}
	})
	t.Run("dissociated, associated, deleted, made again", func(t *testing.T) {
		for range 2 {
			worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(x.DissociateAccessGrantsIdentityCenter(ctx,
				&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: a}))
		}
		i := worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(x.GetAccessGrantsInstance(ctx,
			&s3control.GetAccessGrantsInstanceInput{AccountId: a}))
		if i.IdentityCenterApplicationArn != nil || i.IdentityCenterArn != nil ||
			i.IdentityCenterInstanceArn != nil { //nolint:staticcheck // Terraform reads the deprecated member
			t.Errorf("%+v", i)
		}
		for range 2 {
			worldtest.Must[*s3control.AssociateAccessGrantsIdentityCenterOutput](t)(x.AssociateAccessGrantsIdentityCenter(ctx,
				&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: a, IdentityCenterArn: &c.Instance}))
		}
		worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(x.DissociateAccessGrantsIdentityCenter(ctx,
			&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: a}))
		emptied(t, x)
		worldtest.Must[*s3control.DeleteAccessGrantsInstanceOutput](t)(x.DeleteAccessGrantsInstance(ctx,
			&s3control.DeleteAccessGrantsInstanceInput{AccountId: a}))
		list := worldtest.Must[*s3control.ListAccessGrantsInstancesOutput](t)(x.ListAccessGrantsInstances(ctx,
			&s3control.ListAccessGrantsInstancesInput{AccountId: a}))
		if len(list.AccessGrantsInstancesList) != 0 {
			t.Errorf("%+v", list)
		}
		made := worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(x.CreateAccessGrantsInstance(ctx,
			&s3control.CreateAccessGrantsInstanceInput{AccountId: a, IdentityCenterArn: &c.Instance, Tags: tag("k", "v")}))
		if *made.AccessGrantsInstanceArn != x.instance() || !application(*made.IdentityCenterArn) ||
			*made.IdentityCenterInstanceArn != c.Instance { //nolint:staticcheck // Terraform reads the deprecated member
			t.Errorf("%+v", made)
		}
		locations := worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(x.ListAccessGrantsLocations(ctx,
			&s3control.ListAccessGrantsLocationsInput{AccountId: a}))
		_, err := x.GetAccessGrantsInstanceResourcePolicy(ctx,
			&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: a})
		worldtest.Refused(t, err, "AccessGrantsInstanceResourcePolicyNotExists", "")
		if len(locations.AccessGrantsLocationsList) != 0 {
			t.Error("a new instance has locations")
		}
	})
	for _, s := range c.Server.Rows() {
		for _, r := range s.Rows {
			if s.Wire.Name == "s3control" && !x.done[r.Meta.Name] {
				t.Errorf("%s has no case here", r.Meta.Name)
			}
		}
	}
}

// emptied deletes all grants and locations.
func emptied(t *testing.T, x *control) {
	t.Helper()
	ctx, a := t.Context(), &x.c.Account
	for {
		grants := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(x.ListAccessGrants(ctx,
			&s3control.ListAccessGrantsInput{AccountId: a}))
		for _, g := range grants.AccessGrantsList {
			worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx,
				&s3control.DeleteAccessGrantInput{AccountId: a, AccessGrantId: g.AccessGrantId}))
		}
		if grants.NextToken == nil {
			break
		}
	}
	for _, l := range worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(x.ListAccessGrantsLocations(ctx,
		&s3control.ListAccessGrantsLocationsInput{AccountId: a})).AccessGrantsLocationsList {
		worldtest.Must[*s3control.DeleteAccessGrantsLocationOutput](t)(x.DeleteAccessGrantsLocation(ctx,
			&s3control.DeleteAccessGrantsLocationInput{AccountId: a, AccessGrantsLocationId: l.AccessGrantsLocationId}))
	}
}

// errorOf is the code and the HTTP status of an SDK's error.
func errorOf(err error) (code string, status int) {
	var e smithy.APIError
	if errors.As(err, &e) {
		code = e.ErrorCode()
	}
	var r *smithyhttp.ResponseError
	if errors.As(err, &r) {
		status = r.HTTPStatusCode()
	}
	return code, status
}
