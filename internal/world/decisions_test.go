package world_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/worldtest"
)

// A Deny with NotPrincipal spares who is listed itself and nobody else of the account.
func TestNotPrincipalDeniesTheRestOfTheAccount(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	bucket, s := aws.String("larkspur-notprincipal"), w.S3(w.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	worldtest.Must[*s3.PutObjectOutput](t)(s.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"),
		Body: strings.NewReader("x")}))
	all := `{"Effect":"Allow","Action":"*","Resource":"*"}`
	anna, ben := worldtest.MakeUser(t, w, "anna", all), worldtest.MakeUser(t, w, "ben", all)
	arn := func(resource string) string { return `"arn:aws:iam::` + w.Account + `:` + resource + `"` }
	worldtest.MakeRole(t, w, w.Root(), "reader",
		`{"Effect":"Allow","Principal":{"AWS":"`+w.Account+`"},"Action":"sts:AssumeRole"}`,
		all)
	session := func(name string) client.Key {
		out := worldtest.Must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(w.AWS(anna)).AssumeRole(ctx,
			&sts.AssumeRoleInput{RoleArn: aws.String(strings.Trim(arn("role/reader"), `"`)), RoleSessionName: &name}))
		return worldtest.KeyOf(out.Credentials)
	}
	s1, s2 := session("s1"), session("s2")
	s1ARN := `"arn:aws:sts::` + w.Account + `:assumed-role/reader/s1"`
	callers := map[string]client.Key{"anna": anna, "ben": ben, "s1": s1, "s2": s2, "root": w.Root()}
	check := func(principals, spared string) {
		t.Helper()
		text := worldtest.Policy(`{"Effect":"Deny","NotPrincipal":{"AWS":[` + principals + `]},"Action":"s3:GetObject",` +
			`"Resource":"arn:aws:s3:::larkspur-notprincipal/*"}`)
		worldtest.Must[*s3.PutBucketPolicyOutput](t)(s.PutBucketPolicy(ctx,
			&s3.PutBucketPolicyInput{Bucket: bucket, Policy: &text}))
		for name, k := range callers {
			_, err := w.S3(k).GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
			if strings.Contains(" "+spared+" ", " "+name+" ") {
				worldtest.Allowed(t, name+" with "+principals, err)
			} else {
				worldtest.Refused(t, err, "AccessDenied", "with an explicit deny in a resource-based policy")
			}
		}
	}
	check(arn("user/ben")+","+arn("root"), "ben root")
	check(arn("user/ben")+`,"`+w.Account+`"`, "ben root")
	check(arn("user/ben"), "ben")
	check(s1ARN+","+arn("role/reader")+","+arn("root"), "s1 root")
	check(arn("role/reader")+","+arn("root"), "root")
	check(s1ARN+","+arn("root"), "root")
	x := iam.NewFromConfig(w.AWS(w.Root()))
	worldtest.Must[*iam.PutUserPermissionsBoundaryOutput](t)(x.PutUserPermissionsBoundary(ctx,
		&iam.PutUserPermissionsBoundaryInput{UserName: aws.String("ben"),
			PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	check(arn("user/ben")+","+arn("root"), "root")
}

// Where public access is blocked no condition that an unsigned request meets lets it in.
func TestUnsignedRequestsStayOutOfBlockedBuckets(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	bucket, s := aws.String("larkspur-public"), w.S3(w.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	worldtest.Must[*s3.PutObjectOutput](t)(s.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"),
		Body: strings.NewReader("x")}))
	var all []string
	for i := range 256 {
		all = append(all, fmt.Sprintf(`"%d.0.0.0/8"`, i))
	}
	for _, condition := range []string{
		`"StringEquals":{"aws:userid":"anonymous"}`,
		`"StringLike":{"aws:userid":"a*"}`,
		`"StringEquals":{"aws:PrincipalAccount":"anonymous"}`,
		`"StringEquals":{"aws:PrincipalType":"Anonymous"}`,
		`"IpAddress":{"aws:SourceIp":[` + strings.Join(all, ",") + `]}`,
		`"IpAddress":{"aws:SourceIp":"127.0.0.0/8"}`,
		`"Bool":{"aws:SecureTransport":"false"}`,
		`"StringLike":{"aws:UserAgent":"*"}`,
	} {
		text := worldtest.Policy(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
			`"Resource":"arn:aws:s3:::larkspur-public/*","Condition":{` + condition + `}}`)
		worldtest.Must[*s3.PutBucketPolicyOutput](t)(s.PutBucketPolicy(ctx,
			&s3.PutBucketPolicyInput{Bucket: bucket, Policy: &text}))
		if a := worldtest.Send(t, w, worldtest.Request{Method: "GET", Path: "/larkspur-public/k"}); a.Status !=
			http.StatusForbidden ||
			a.Code != "AccessDenied" {
			t.Errorf("%.100s: %d %s", condition, a.Status, a.Body)
		}
	}
}

// However a session's policy and its requests are made, a request is decided in bounded time, and refused beyond it.
func TestSlowPatternsCostAStrangerLittle(t *testing.T) {
	ctx := t.Context()
	w := worldtest.Start(t)
	bucket, s := aws.String("larkspur-slow"), w.S3(w.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	anna := worldtest.MakeUser(t, w, "anna", `{"Effect":"Allow","Action":"sts:*","Resource":"*"}`)
	worldtest.MakeRole(t, w, w.Root(), "slow",
		`{"Effect":"Allow","Principal":{"AWS":"`+w.Account+`"},"Action":"sts:AssumeRole"}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	session := func(pattern string) client.Key {
		policy := worldtest.Policy(`{"Effect":"Allow","Action":"s3:*","Resource":"*",` +
			`"Condition":{"StringLike":{"aws:UserAgent":"` +
			pattern + `"}}}`)
		out := worldtest.Must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(w.AWS(anna)).AssumeRole(ctx,
			&sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::" + w.Account + ":role/slow"),
				RoleSessionName: aws.String("s1"), Policy: &policy}))
		return worldtest.KeyOf(out.Credentials)
	}
	var keys []s3types.ObjectIdentifier
	for i := range 1000 {
		keys = append(keys, s3types.ObjectIdentifier{Key: aws.String(fmt.Sprint("k", i))})
	}
	agent := func(o *s3.Options) {
		o.HTTPClient = withAgent{o.HTTPClient, strings.Repeat("a", 8000)}
	}
	const words = "because no session policy allows"
	for _, pattern := range []string{"*" + strings.Repeat("a", 1800) + "b", strings.Repeat("a*", 900) + "b",
		"*" + strings.Repeat("a?", 900) + "b*"} {
		began := time.Now()
		out, err := s3.NewFromConfig(w.AWS(session(pattern)), func(o *s3.Options) { o.UsePathStyle = true },
			agent).DeleteObjects(ctx, &s3.DeleteObjectsInput{Bucket: bucket, Delete: &s3types.Delete{Objects: keys}})
		if err != nil {
			t.Fatal(err)
		}
		if len(out.Errors) != 1000 || *out.Errors[0].Code != "AccessDenied" || !strings.Contains(*out.Errors[999].Message,
			words) {
			t.Errorf("%.10s…: %d errors, the last %q", pattern, len(out.Errors), *out.Errors[len(out.Errors)-1].Message)
		}
		t.Logf("%.10s…: %v", pattern, time.Since(began))
	}
	var patterns []string
	for i := range 9 {
		patterns = append(patterns, fmt.Sprintf(`"*%s%db*"`, strings.Repeat("?a", 950), i))
	}
	text := worldtest.Policy(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",` +
		`"Resource":"arn:aws:s3:::larkspur-slow/*","Condition":{"StringLike":{"aws:UserAgent":[` + strings.Join(patterns,
		",") + `]}}}`)
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(s.PutBucketPolicy(ctx,
		&s3.PutBucketPolicyInput{Bucket: bucket, Policy: &text}))
	worldtest.Must[*s3.PutObjectOutput](t)(s.PutObject(ctx, &s3.PutObjectInput{Bucket: bucket, Key: aws.String("k"),
		Body: strings.NewReader("x")}))
	k := session("*")
	_, err := w.S3(k).GetObject(ctx, &s3.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	worldtest.Allowed(t, "with a short user agent", err)
	_, err = s3.NewFromConfig(w.AWS(k), func(o *s3.Options) { o.UsePathStyle = true }, agent).GetObject(ctx,
		&s3.GetObjectInput{Bucket: bucket, Key: aws.String("k")})
	worldtest.Refused(t, err, "AccessDenied", "more work to compare with this request than one request may cost")
	worldtest.BrokenAt(t, w, worldtest.DecisionID(t, err), "policy", "fewer patterns",
		"UNKNOWN") // the log keeps less of a user agent
}

// withAgent sends requests with a user agent, which is not signed.
type withAgent struct {
	next  s3.HTTPClient
	agent string
}

func (a withAgent) Do(r *http.Request) (*http.Response, error) {
	r.Header.Set("User-Agent", a.agent)
	return a.next.Do(r)
}

// A role that trusts an issuer which everybody shares names whose tokens it means, whenever its trust is set.
func TestRolesTrustSharedIssuersForSomebody(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	x := iam.NewFromConfig(w.AWS(w.Root()))
	const issuer = "token.actions.githubusercontent.com"
	provider := *worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx,
		&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + issuer),
			ClientIDList: []string{"sts.amazonaws.com"}})).OpenIDConnectProviderArn
	trust := func(condition string) *string {
		return aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"Federated":"` + provider +
			`"},"Action":"sts:AssumeRoleWithWebIdentity"` + condition + `}`))
	}
	good := trust(`,"Condition":{"StringEquals":{"` + issuer + `:aud":"sts.amazonaws.com"},"StringLike":{"` + issuer +
		`:sub":"repo:octo-org/octo-repo:*"}}`)
	worldtest.Must[*iam.CreateRoleOutput](t)(x.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("deploy"),
		AssumeRolePolicyDocument: good}))
	for _, condition := range []string{"", `,"Condition":{"StringEquals":{"` + issuer + `:aud":"sts.amazonaws.com"}}`,
		`,"Condition":{"StringLike":{"` + issuer + `:sub":"*"}}`,
		`,"Condition":{"StringLike":{"` + issuer + `:sub":"repo:*"}}`} {
		_, err := x.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("open"),
			AssumeRolePolicyDocument: trust(condition)})
		worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, issuer+":sub")
		_, err = x.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("deploy"),
			PolicyDocument: trust(condition)})
		worldtest.RefusedAs[*iamtypes.MalformedPolicyDocumentException](t, err, issuer+":sub")
	}
	worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx,
		&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("deploy"), PolicyDocument: good}))
}

// An account stands in every policy as its root user's ARN when it is read, however it was written.
func TestAccountsAreShownAsTheirRoot(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	root := `"arn:aws:iam::` + w.Account + `:root"`
	bare := `"` + w.Account + `"`
	shown := func(what, got string) {
		t.Helper()
		if strings.Contains(got, `"AWS":`+bare) || !strings.Contains(got, root) ||
			!strings.Contains(got, `"aws:PrincipalAccount":`+bare) {
			t.Errorf("%s: %s", what, got)
		}
	}
	tied := `"Condition":{"StringEquals":{"aws:PrincipalAccount":` + bare + `}}`
	x := iam.NewFromConfig(w.AWS(w.Root()))
	made := worldtest.Must[*iam.CreateRoleOutput](t)(x.CreateRole(ctx,
		&iam.CreateRoleInput{RoleName: aws.String("r"),
			AssumeRolePolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":` + bare +
				`},"Action":"sts:AssumeRole",` + tied + `}`))}))
	shown("the role made", worldtest.UnescapePolicy(t, made.Role.AssumeRolePolicyDocument))
	shown("the role",
		worldtest.UnescapePolicy(t, worldtest.Must[*iam.GetRoleOutput](t)(x.GetRole(ctx,
			&iam.GetRoleInput{RoleName: aws.String("r")})).
			Role.AssumeRolePolicyDocument))
	for _, r := range worldtest.Must[*iam.ListRolesOutput](t)(x.ListRoles(ctx, nil)).Roles {
		if *r.RoleName == "r" {
			shown("the role listed", worldtest.UnescapePolicy(t, r.AssumeRolePolicyDocument))
		}
	}
	bucket, s := aws.String("larkspur-shown"), w.S3(w.Root())
	worldtest.Must[*s3.CreateBucketOutput](t)(s.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: bucket}))
	text := "{ \"Version\": \"2012-10-17\",\n \"Statement\": [{\"Effect\":\"Allow\",\"Principal\":{\"AWS\":" + bare +
		"},\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws:s3:::larkspur-shown/*\"," + tied + "}]}"
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(s.PutBucketPolicy(ctx,
		&s3.PutBucketPolicyInput{Bucket: bucket, Policy: &text}))
	got := *worldtest.Must[*s3.GetBucketPolicyOutput](t)(s.GetBucketPolicy(ctx,
		&s3.GetBucketPolicyInput{Bucket: bucket})).Policy
	shown("the bucket policy", got)
	if want := strings.Replace(text, `"AWS":`+bare, `"AWS":`+root, 1); got != want {
		t.Errorf("more than the principal has changed: %s", got)
	}
	org := organizations.NewFromConfig(w.AWS(w.Root()))
	content := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":` + bare +
		`},"Action":"organizations:ListPolicies",` +
		`"Resource":"*",` + tied + `}`)
	worldtest.Must[*organizations.PutResourcePolicyOutput](t)(org.PutResourcePolicy(ctx,
		&organizations.PutResourcePolicyInput{Content: &content}))
	shown("the organization's policy",
		*worldtest.Must[*organizations.DescribeResourcePolicyOutput](t)(org.DescribeResourcePolicy(ctx,
			nil)).ResourcePolicy.Content)
}
