package organizations_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// worker is a role of a member that may do everything, with a bucket and an object of the member.
func worker(t *testing.T, x *tree, m worldtest.Member) (key client.Key, bucket string) {
	t.Helper()
	worldtest.MakeRole(t, x.World, m.Key, "worker", `{"Effect":"Allow","Principal":{"AWS":"`+x.Account+
		`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"*","Resource":"*"}`)
	key = worldtest.Must[client.Key](t)(x.Assume(t.Context(), x.admin, m.Role("worker"), "work", ""))
	bucket = "data-of-" + m.ID
	worldtest.Must[*s3.CreateBucketOutput](t)(x.S3(key).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}))
	worldtest.Must[*s3.PutObjectOutput](t)(x.S3(key).PutObject(t.Context(),
		&s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a/k"), Body: strings.NewReader("grain")}))
	return key, bucket
}

func listRoles(t *testing.T, w *world.World, k client.Key) error {
	_, err := iam.NewFromConfig(w.AWS(k)).ListRoles(t.Context(), nil)
	return err
}

func read(t *testing.T, w *world.World, k client.Key, bucket string) error {
	_, err := w.Read(t.Context(), k, bucket, "a/k")
	return err
}

// Service control policies bind the principals of members, at the level they are attached to, from the next request on.
func TestServiceControlPolicies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	team := x.unit(t, x.root, "team")
	m, other := worldtest.JoinAccount(t, x.World, x.admin, "apps"), worldtest.JoinAccount(t, x.World, x.admin, "other")
	key, bucket := worker(t, x, m)
	stranger, _ := worker(t, x, other)
	noRoles := x.policy(t, scp, "no roles", `{"Sid":"shut","Effect":"Deny","Action":"iam:ListRoles","Resource":"*"}`)
	const explicit, silent = "with an explicit deny in a service control policy",
		"because no service control policy allows the iam:ListRoles action"

	t.Run("on the root", func(t *testing.T) {
		worldtest.Allowed(t, "before", listRoles(t, x.World, key))
		x.attach(t, noRoles, x.root)
		worldtest.Refused(t, listRoles(t, x.World, key), "AccessDenied", explicit)
		worldtest.Refused(t, listRoles(t, x.World, m.Key), "AccessDenied", explicit)
		worldtest.Refused(t, listRoles(t, x.World, stranger), "AccessDenied", explicit)
		worldtest.Allowed(t, "the management account", listRoles(t, x.World, x.admin))
		worldtest.Allowed(t, "its root user", listRoles(t, x.World, x.Root()))
		x.detach(t, noRoles, x.root)
		worldtest.Allowed(t, "after", listRoles(t, x.World, key))
	})
	t.Run("on a unit", func(t *testing.T) {
		x.attach(t, noRoles, team)
		worldtest.Allowed(t, "outside of it", listRoles(t, x.World, key))
		x.move(t, m.ID, x.root, team)
		worldtest.Refused(t, listRoles(t, x.World, key), "AccessDenied", explicit)
		worldtest.Allowed(t, "another account", listRoles(t, x.World, stranger))
		x.move(t, m.ID, team, x.root)
		worldtest.Allowed(t, "moved out", listRoles(t, x.World, key))
		x.detach(t, noRoles, team)
	})
	t.Run("on the account", func(t *testing.T) {
		x.attach(t, noRoles, m.ID)
		worldtest.Refused(t, listRoles(t, x.World, key), "AccessDenied", explicit)
		worldtest.Allowed(t, "another account", listRoles(t, x.World, stranger))
		_, err := x.org.UpdatePolicy(ctx, &organizations.UpdatePolicyInput{PolicyId: &noRoles,
			Content: aws.String(worldtest.Policy(`{"Sid":"shut","Effect":"Deny","Action":"iam:ListUsers","Resource":"*"}`))})
		worldtest.Allowed(t, "the change", err)
		worldtest.Allowed(t, "the changed policy", listRoles(t, x.World, key))
		_, err = iam.NewFromConfig(x.AWS(key)).ListUsers(ctx, nil)
		worldtest.Refused(t, err, "AccessDenied", explicit)

		// The statement is among the reasons that the account's administrators may read.
		var re *smithyhttp.ResponseError
		if !errors.As(err, &re) {
			t.Fatal(err)
		}
		text := re.Response.Header.Get("X-Granary-Authorization-Message")
		out := worldtest.Must[*sts.DecodeAuthorizationMessageOutput](t)(sts.NewFromConfig(x.AWS(m.Key)).
			DecodeAuthorizationMessage(ctx,
				&sts.DecodeAuthorizationMessageInput{EncodedMessage: &text}))
		var decoded struct {
			ExplicitDeny      bool
			MatchedStatements struct {
				Items []struct{ StatementID, SourcePolicyID string }
			}
		}
		if err := json.Unmarshal([]byte(*out.DecodedMessage), &decoded); err != nil || !decoded.ExplicitDeny ||
			len(decoded.MatchedStatements.Items) != 1 ||
			decoded.MatchedStatements.Items[0].StatementID != "shut" ||
			!strings.Contains(decoded.MatchedStatements.Items[0].SourcePolicyID, noRoles) {
			t.Errorf("the decoded refusal: %s, %v", *out.DecodedMessage, err)
		}
		x.detach(t, noRoles, m.ID)
	})
	t.Run("what no level allows", func(t *testing.T) {
		only := x.policy(t, scp, "only S3", `{"Effect":"Allow","Action":["s3:*","organizations:*"],"Resource":"*"}`)
		x.move(t, m.ID, x.root, team)
		x.attach(t, only, team)
		worldtest.Allowed(t, "beside FullAWSAccess", listRoles(t, x.World, key))
		x.detach(t, "p-FullAWSAccess", team)
		worldtest.Refused(t, listRoles(t, x.World, key), "AccessDenied", silent)
		worldtest.Allowed(t, "S3", read(t, x.World, key, bucket))
		_, err := sts.NewFromConfig(x.AWS(key)).GetCallerIdentity(ctx, nil)
		worldtest.Allowed(t, "who am I", err)
		x.attach(t, "p-FullAWSAccess", team)
		worldtest.Allowed(t, "attached again", listRoles(t, x.World, key))
		x.detach(t, only, team)
		x.move(t, m.ID, team, x.root)
	})
	t.Run("data", func(t *testing.T) {
		noReads := x.policy(t, scp, "no reads", `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`)
		own := "larkspur-shared"
		worldtest.Must[*s3.CreateBucketOutput](t)(x.S3(x.admin).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &own}))
		worldtest.Must[*s3.PutObjectOutput](t)(x.S3(x.admin).PutObject(ctx,
			&s3.PutObjectInput{Bucket: &own, Key: aws.String("a/k"),
				Body: strings.NewReader("grain")}))
		open := func(b string, k client.Key, to string) {
			worldtest.Must[*s3.PutBucketPolicyOutput](t)(x.S3(k).PutBucketPolicy(ctx,
				&s3.PutBucketPolicyInput{Bucket: &b,
					Policy: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + to + `"},"Action":"s3:GetObject",` +
						`"Resource":"arn:aws:s3:::` + b + `/*"}`))}))
		}
		open(own, x.admin, m.ID)
		open(bucket, key, x.Account)
		worldtest.Allowed(t, "another account's object", read(t, x.World, key, own))
		x.attach(t, noReads, m.ID)
		worldtest.Refused(t, read(t, x.World, key, bucket), "AccessDenied", explicit)
		worldtest.Refused(t, read(t, x.World, key, own), "AccessDenied", explicit)
		worldtest.Allowed(t, "the member's object, by who is not the member's", read(t, x.World, x.admin, bucket))
		x.detach(t, noReads, m.ID)
		worldtest.Allowed(t, "after", read(t, x.World, key, own))
	})
	t.Run("users and sessions", func(t *testing.T) {
		u := iam.NewFromConfig(x.AWS(m.Key))
		worldtest.Must[*iam.CreateUserOutput](t)(u.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("u")}))
		worldtest.Must[*iam.AttachUserPolicyOutput](t)(u.AttachUserPolicy(ctx,
			&iam.AttachUserPolicyInput{UserName: aws.String("u"),
				PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
		k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(u.CreateAccessKey(ctx,
			&iam.CreateAccessKeyInput{UserName: aws.String("u")})).AccessKey
		user := client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
		worldtest.Allowed(t, "the user", read(t, x.World, user, bucket))
		shut := x.policy(t, scp, "shut", `{"Effect":"Deny","Action":["s3:*","sts:AssumeRole"],"Resource":"*"}`)
		x.attach(t, shut, m.ID)
		worldtest.Refused(t, read(t, x.World, user, bucket), "AccessDenied", explicit)
		_, err := x.Assume(ctx, key, other.Role("worker"), "on", "")
		worldtest.Refused(t, err, "AccessDenied", explicit)
		_, err = x.Assume(ctx, key, other.Role("nobody"), "on", "") // the same for a role that is not there
		worldtest.Refused(t, err, "AccessDenied", explicit)
		_, err = x.Assume(ctx, x.admin, m.Role("worker"), "in", "")
		worldtest.Allowed(t, "into the member, by who is not the member's", err)
		x.detach(t, shut, m.ID)
	})
	t.Run("switched off", func(t *testing.T) {
		x.attach(t, noRoles, x.root)
		worldtest.Must[*organizations.DisablePolicyTypeOutput](t)(x.org.DisablePolicyType(ctx,
			&organizations.DisablePolicyTypeInput{RootId: &x.root, PolicyType: scp}))
		_, err := iam.NewFromConfig(x.AWS(key)).ListUsers(ctx, nil)
		worldtest.Allowed(t, "without service control policies", err)
	})
}

// Resource control policies bind everyone who reaches for what a member owns.
func TestResourceControlPolicies(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	team := x.unit(t, x.root, "team")
	m, other := worldtest.JoinAccount(t, x.World, x.admin, "apps"), worldtest.JoinAccount(t, x.World, x.admin, "other")
	key, bucket := worker(t, x, m)
	stranger, theirs := worker(t, x, other)
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(x.S3(key).PutBucketPolicy(ctx,
		&s3.PutBucketPolicyInput{Bucket: &bucket, Policy: aws.String(worldtest.Policy(
			`{"Effect":"Allow","Principal":{"AWS":["` + other.ID + `","` + x.Account + `"]},"Action":"s3:GetObject",` +
				`"Resource":"arn:aws:s3:::` + bucket + `/*"}`))}))
	x.move(t, m.ID, x.root, team)
	about := worldtest.Must[*organizations.DescribeOrganizationOutput](t)(x.org.DescribeOrganization(ctx,
		nil)).Organization
	inside := *about.Id + "/" + x.root + "/" + team + "/*"
	perimeter := x.policy(t, rcp, "the team's own",
		`{"Effect":"Deny","Principal":"*","Action":["s3:*","sts:AssumeRole"],"Resource":"*",`+
			`"Condition":{"ForAllValues:StringNotLike":{"aws:PrincipalOrgPaths":"`+inside+`"}}}`)
	const explicit = "with an explicit deny in a resource control policy"

	worldtest.Allowed(t, "another account, before", read(t, x.World, stranger, bucket))
	x.attach(t, perimeter, team)
	worldtest.Allowed(t, "the team's own account", read(t, x.World, key, bucket))
	worldtest.Refused(t, read(t, x.World, stranger, bucket), "AccessDenied", explicit)
	worldtest.Refused(t, read(t, x.World, x.admin, bucket), "AccessDenied",
		explicit) // the management account is outside too
	worldtest.Allowed(t, "another account's own bucket", read(t, x.World, stranger, theirs))
	_, err := x.Assume(ctx, x.admin, m.Role("worker"), "in", "")
	worldtest.Refused(t, err, "AccessDenied", explicit)
	_, err = x.Assume(ctx, x.admin, m.Role("nobody"), "in", "")
	worldtest.Refused(t, err, "AccessDenied", explicit)
	worldtest.Allowed(t, "IAM, which heeds none", listRoles(t, x.World, key))

	x.move(t, other.ID, x.root, team)
	worldtest.Allowed(t, "moved into the team", read(t, x.World, stranger, bucket))
	x.move(t, other.ID, team, x.root)
	worldtest.Refused(t, read(t, x.World, stranger, bucket), "AccessDenied", explicit)
	x.detach(t, perimeter, team)
	worldtest.Allowed(t, "after", read(t, x.World, stranger, bucket))

	// The management account's own resources are bound by nothing.
	shut := x.policy(t, rcp, "shut", `{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)
	x.attach(t, shut, x.root)
	worldtest.Must[*s3.CreateBucketOutput](t)(x.S3(x.admin).CreateBucket(ctx,
		&s3.CreateBucketInput{Bucket: aws.String("larkspur-free")}))
	worldtest.Refused(t, read(t, x.World, key, bucket), "AccessDenied", explicit)
	x.detach(t, shut, x.root)

	// Policies see where a resource stands.
	out := x.policy(t, scp, "stay in",
		`{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"ForAllValues:StringNotLike":{"aws:ResourceOrgPaths":"`+
			inside+`"}}}`)
	x.attach(t, out, other.ID)
	worldtest.Allowed(t, "a resource in the team", read(t, x.World, stranger, bucket))
	worldtest.Refused(t, read(t, x.World, stranger, theirs), "AccessDenied", "service control policy")
}

// A location's role in a member account: the organization binds what is done with its keys, and the trust in Access
// Grants.
func TestControlsOfVendedKeys(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	m := worldtest.JoinAccount(t, x.World, x.admin, "data")
	key, bucket := worker(t, x, m)
	worldtest.MakeRole(t, x.World, m.Key, "location",
		`{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},`+
			`"Action":["sts:AssumeRole","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:SourceOrgID":"`+
			*worldtest.Must[*organizations.DescribeOrganizationOutput](t)(x.org.DescribeOrganization(ctx, nil)).Organization.Id+
			`"}}}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	g := s3control.NewFromConfig(x.AWS(m.Key))
	worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(g.CreateAccessGrantsInstance(ctx,
		&s3control.CreateAccessGrantsInstanceInput{AccountId: &m.ID}))
	location := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(g.CreateAccessGrantsLocation(ctx,
		&s3control.CreateAccessGrantsLocationInput{AccountId: &m.ID,
			LocationScope: aws.String("s3://" + bucket), IAMRoleArn: aws.String(m.Role("location"))}))
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(g.CreateAccessGrant(ctx,
		&s3control.CreateAccessGrantInput{AccountId: &m.ID, AccessGrantsLocationId: location.AccessGrantsLocationId,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String("a/*")},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeIam,
				GranteeIdentifier: aws.String(m.Role("worker"))}, Permission: s3ctypes.PermissionRead}))
	vend := func() (client.Key, error) {
		out, err := s3control.NewFromConfig(x.AWS(key)).GetDataAccess(ctx,
			&s3control.GetDataAccessInput{AccountId: &m.ID, Target: aws.String("s3://" + bucket + "/a/*"),
				Permission: s3ctypes.PermissionRead})
		if err != nil {
			return client.Key{}, err
		}
		return client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
			Token: *out.Credentials.SessionToken}, nil
	}
	vended := worldtest.Must[client.Key](t)(vend())
	worldtest.Allowed(t, "the vended key", read(t, x.World, vended, bucket))

	noReads := x.policy(t, scp, "no reads by location roles", `{"Effect":"Deny","Action":"s3:GetObject","Resource":"*",`+
		`"Condition":{"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/location"}}}`)
	x.attach(t, noReads, m.ID)
	worldtest.Refused(t, read(t, x.World, vended, bucket), "AccessDenied",
		"with an explicit deny in a service control policy")
	worldtest.Allowed(t, "the worker", read(t, x.World, key, bucket))
	x.detach(t, noReads, m.ID)
	worldtest.Allowed(t, "after", read(t, x.World, vended, bucket))

	noSessions := x.policy(t, scp, "no sessions", `{"Effect":"Deny","Action":"sts:AssumeRole","Resource":"*"}`)
	x.attach(t, noSessions, m.ID)
	_, err := vend()
	worldtest.Allowed(t, "Access Grants, which is no principal of the account", err)
	x.detach(t, noSessions, m.ID)
	noVending := x.policy(t, scp, "no vending", `{"Effect":"Deny","Action":"s3:GetDataAccess","Resource":"*"}`)
	x.attach(t, noVending, m.ID)
	_, err = vend()
	worldtest.Refused(t, err, "AccessDenied", "with an explicit deny in a service control policy")
	x.detach(t, noVending, m.ID)

	noServices := x.policy(t, rcp, "no services", `{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole",`+
		`"Resource":"*","Condition":{"StringEquals":{"aws:PrincipalServiceName":"access-grants.s3.amazonaws.com"}}}`)
	x.attach(t, noServices, m.ID)
	_, err = vend()
	worldtest.Refused(t, err, "StsNotAuthorizedError", "sts:AssumeRole")
	x.detach(t, noServices, m.ID)
	_, err = vend()
	worldtest.Allowed(t, "vending after all", err)
}
