package organizations_test

import (
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/worldtest"
)

const (
	anyTrust = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
	everyone = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

// What a closed account owns is out of reach by the web door too: its directory, and sign-ins to its applications.
func TestAClosedAccountsWebDoorIsShut(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	m := worldtest.JoinAccount(t, x.World, x.admin, "gone")
	sso := ssoadmin.NewFromConfig(x.AWS(m.Key))
	instance := worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(sso.CreateInstance(ctx,
		&ssoadmin.CreateInstanceInput{})).
		InstanceArn
	about := worldtest.Must[*ssoadmin.DescribeInstanceOutput](t)(sso.DescribeInstance(ctx,
		&ssoadmin.DescribeInstanceInput{InstanceArn: instance}))
	app := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: instance, Name: aws.String("web"),
			ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")})).ApplicationArn
	worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: ssotypes.GrantTypeAuthorizationCode,
			Grant: &ssotypes.GrantMemberAuthorizationCode{
				Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{worldtest.BackTo}}}}))
	var token struct{ Endpoint, Token string }
	if err := client.Ask(ctx, worldtest.EnvOf(x.World, m.Key), "CreateScimToken",
		map[string]string{"IdentityStoreId": *about.IdentityStoreId}, &token); err != nil {
		t.Fatal(err)
	}
	provision := func() int {
		status, _ := client.SCIM{Endpoint: token.Endpoint, Token: token.Token}.Do(ctx, "GET", "/Users?count=1", nil, nil)
		return status
	}
	signIn := func() (int, string) {
		resp := worldtest.Must[*http.Response](t)(worldtest.NewBrowser().Get(x.Server.WebURL() + "/authorize?" +
			url.Values{"client_id": {*app},
				"redirect_uri": {worldtest.BackTo}}.Encode()))
		defer resp.Body.Close()
		return resp.StatusCode, string(worldtest.Must[[]byte](t)(io.ReadAll(resp.Body)))
	}
	if status, _ := signIn(); provision() != http.StatusOK || status != http.StatusSeeOther {
		t.Fatalf("before: %d, %d", provision(), status)
	}
	worldtest.Must[*organizations.CloseAccountOutput](t)(x.org.CloseAccount(ctx,
		&organizations.CloseAccountInput{AccountId: &m.ID}))
	if got := provision(); got != http.StatusForbidden {
		t.Errorf("provisioning: %d", got)
	}
	if status, text := signIn(); status != http.StatusBadRequest || !strings.Contains(text, "was closed") {
		t.Errorf("signing in: %d, %s", status, text)
	}
}

// A member that asks about people of the organization's directory is told of its own applications, and of no other
// account's.
func TestExplanationsTellOfOwnApplications(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	c, err := x.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	m := worldtest.JoinAccount(t, x.World, x.admin, "apps")
	worldtest.Must[*identitystore.CreateUserOutput](t)(identitystore.NewFromConfig(x.AWS(x.Root())).CreateUser(ctx,
		&identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: aws.String("una"),
			DisplayName: aws.String("Una"), Name: &idtypes.Name{GivenName: aws.String("U"), FamilyName: aws.String("Na")}}))
	make := func(k client.Key, name string) {
		t.Helper()
		worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(ssoadmin.NewFromConfig(x.AWS(k)).CreateApplication(ctx,
			&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: &name,
				ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")}))
	}
	ask := func(k client.Key, application string) (detail string) {
		t.Helper()
		var out worldtest.Explained
		in := map[string]string{"User": "una", "Target": "s3://b/*"}
		if application != "" {
			in["Application"] = application
		}
		if err := client.Ask(ctx, worldtest.EnvOf(x.World, k), "ExplainAccess", in, &out); err != nil {
			t.Fatal(err)
		}
		_, detail, _ = out.Broken()
		return detail
	}
	make(x.Root(), "payroll")
	for _, name := range []string{"", "payroll"} {
		if got := ask(m.Key, name); !strings.Contains(got, "has no application") {
			t.Errorf("the application %q of another account: %s", name, got)
		}
	}
	if got := ask(x.admin, ""); !strings.Contains(got, "payroll") {
		t.Errorf("its own account: %s", got)
	}
	make(m.Key, "wiki")
	if got := ask(m.Key, ""); !strings.Contains(got, "wiki") {
		t.Errorf("the member's own: %s", got)
	}
}

// Who holds a grant is listed alike whether or not another account still has the role that it names.
func TestHoldersOfOtherAccountsAreNotLookedUp(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	m, other := worldtest.JoinAccount(t, x.World, x.admin, "apps"), worldtest.JoinAccount(t, x.World, x.admin, "other")
	bare := func(k client.Key, name string) {
		t.Helper()
		worldtest.Must[*iam.CreateRoleOutput](t)(iam.NewFromConfig(x.AWS(k)).CreateRole(ctx,
			&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(worldtest.Policy(anyTrust))}))
	}
	bare(other.Key, "there")
	worldtest.MakeRole(t, x.World, m.Key, "location",
		`{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},`+
			`"Action":["sts:AssumeRole","sts:SetSourceIdentity"]}`, everyone)
	worldtest.Must[*s3.CreateBucketOutput](t)(x.S3(m.Key).CreateBucket(ctx,
		&s3.CreateBucketInput{Bucket: aws.String("held")}))
	control := s3control.NewFromConfig(x.AWS(m.Key))
	worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(control.CreateAccessGrantsInstance(ctx,
		&s3control.CreateAccessGrantsInstanceInput{AccountId: &m.ID}))
	location := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(control.CreateAccessGrantsLocation(ctx,
		&s3control.CreateAccessGrantsLocationInput{AccountId: &m.ID, LocationScope: aws.String("s3://"),
			IAMRoleArn: aws.String(m.Role("location"))}))
	bare(other.Key, "left")
	bare(m.Key, "left")
	for _, arn := range []string{other.Role("there"), other.Role("left"), m.Role("left")} {
		worldtest.Must[*s3control.CreateAccessGrantOutput](t)(control.CreateAccessGrant(ctx,
			&s3control.CreateAccessGrantInput{AccountId: &m.ID, AccessGrantsLocationId: location.AccessGrantsLocationId,
				AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String("held/*")},
				Permission:                        s3ctypes.PermissionRead,
				Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeIam,
					GranteeIdentifier: &arn}}))
	}
	for _, k := range []client.Key{other.Key, m.Key} {
		worldtest.Must[*iam.DeleteRoleOutput](t)(iam.NewFromConfig(x.AWS(k)).DeleteRole(ctx,
			&iam.DeleteRoleInput{RoleName: aws.String("left")}))
	}
	var out struct {
		Holdings []struct{ PrincipalArn, Note, Policy string }
	}
	if err := client.Ask(ctx, worldtest.EnvOf(x.World, m.Key), "ListWhoCanAccess",
		map[string]string{"Target": "s3://held/*"},
		&out); err != nil {
		t.Fatal(err)
	}
	notes := map[string]string{}
	for _, h := range out.Holdings {
		if h.Policy != "" {
			continue
		}
		notes[h.PrincipalArn] = h.Note
	}
	if len(notes) != 3 || notes[other.Role("there")] != "" || notes[other.Role("left")] != "" ||
		notes[m.Role("left")] != "there is no such role or IAM user" {
		t.Errorf("%q", notes)
	}
}

// The reasons of a refusal that an account may read tell nothing of another account's policies, nor whether it has a
// role.
func TestReasonsOfOtherAccountsStayTheirs(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	m, other := worldtest.JoinAccount(t, x.World, x.admin, "apps"), worldtest.JoinAccount(t, x.World, x.admin, "other")
	key, bucket := worker(t, x, m)
	stranger, _ := worker(t, x, other)
	message := func(err error) string {
		t.Helper()
		var re *smithyhttp.ResponseError
		if !errors.As(err, &re) || re.Response.StatusCode != http.StatusForbidden {
			t.Fatalf("got %v", err)
		}
		return re.Response.Header.Get("X-Granary-Authorization-Message")
	}
	worldtest.Must[*s3.PutBucketPolicyOutput](t)(x.S3(key).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &bucket,
		Policy: aws.String(worldtest.Policy(`{"Sid":"ours","Effect":"Deny","Principal":{"AWS":"` + other.ID +
			`"},"Action":"s3:GetObject","Resource":"arn:aws:s3:::` + bucket + `/*"}`))}))
	text := message(read(t, x.World, stranger, bucket))
	out := worldtest.Must[*sts.DecodeAuthorizationMessageOutput](t)(sts.NewFromConfig(x.AWS(other.Key)).
		DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &text}))
	if s := *out.DecodedMessage; strings.Contains(s, "ours") || strings.Contains(s, "bucket policy") ||
		!strings.Contains(s, `"explicitDeny":true`) {
		t.Errorf("the bucket's owner says why in its own words: %s", s)
	}
	worldtest.MakeRole(t, x.World, m.Key, "shut",
		`{"Sid":"ours","Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}`,
		`{"Effect":"Allow","Action":"*","Resource":"*"}`)
	for _, name := range []string{"shut", "missing"} {
		_, err := x.Assume(ctx, stranger, m.Role(name), "in", "")
		worldtest.Refused(t, err, "AccessDenied", "is not authorized to perform: sts:AssumeRole")
		if got := message(err); got != "" {
			t.Errorf("the role %s of another account: a message of %d characters", name, len(got))
		}
	}
}

// A simulation says what binds the account that asks, whomever it imagines to call.
func TestSimulationsTellNothingOfOtherAccounts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	x := grow(t, worldtest.Start(t))
	m, other := worldtest.JoinAccount(t, x.World, x.admin, "apps"), worldtest.JoinAccount(t, x.World, x.admin, "other")
	x.attach(t, x.policy(t, scp, "no buckets", `{"Effect":"Deny","Action":"s3:CreateBucket","Resource":"*"}`), m.ID)
	ask := func(k client.Key, source, caller string) bool {
		t.Helper()
		out := worldtest.Must[*iam.SimulatePrincipalPolicyOutput](t)(iam.NewFromConfig(x.AWS(k)).SimulatePrincipalPolicy(ctx,
			&iam.SimulatePrincipalPolicyInput{PolicySourceArn: &source, CallerArn: &caller,
				ActionNames: []string{"s3:CreateBucket"}}))
		return out.EvaluationResults[0].OrganizationsDecisionDetail.AllowedByOrganizations
	}
	const access = "OrganizationAccountAccessRole"
	if !ask(other.Key, other.Role(access), "arn:aws:iam::"+m.ID+":user/una") {
		t.Error("what binds another account is told")
	}
	if ask(m.Key, m.Role(access), "arn:aws:iam::"+other.ID+":user/una") {
		t.Error("what binds the account itself is not told")
	}
}
