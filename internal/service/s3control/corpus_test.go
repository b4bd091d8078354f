package s3control_test

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/smithy-go"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// stage is a settled company with the cast of the corpus of worked examples, which explains its own form.
type stage struct {
	*worldtest.Tokens
	second string           // application X2
	other  worldtest.Member // R9's account
}

func newStage(t *testing.T, change func(*server.Config)) *stage {
	t.Helper()
	x := &stage{Tokens: &worldtest.Tokens{}}
	x.Company = worldtest.SettleWith(t, func(c *server.Config) {
		change(c)
		c.Now = func() time.Time { return time.Now().Add(time.Duration(x.Ahead.Load())) }
	})
	x.App = worldtest.Must[client.Key](t)(x.Assume(t.Context(), x.Machine, x.WebApp, "app", ""))
	x.SSO = ssoadmin.NewFromConfig(x.AWS(x.Root()))
	x.second = x.AnotherApplication(t)
	x.PutGrant(t, x.second, world.JWTBearer,
		&ssotypes.GrantMemberJwtBearer{
			Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
				{TrustedTokenIssuerArn: &x.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}})
	worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(x.SSO.PutApplicationAccessScope(t.Context(),
		&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &x.second,
			Scope: aws.String("s3:access_grants:read_write")}))
	for _, name := range []string{"R1", "R2"} {
		x.asker(t, name, "/")
	}
	x.asker(t, "R3", "/team/")
	for name, trust := range map[string]string{
		"roleA": `"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"],` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"}`,
		"roleB": `"Action":["sts:AssumeRole","sts:SetSourceIdentity","sts:SetContext"],` +
			`"Principal":{"Service":"access-grants.s3.amazonaws.com"}`,
		"assumable": `"Action":"sts:AssumeRole","Principal":{"Service":"access-grants.s3.amazonaws.com"}`,
		"distrusts": `"Action":"sts:AssumeRole","Principal":{"AWS":"` + x.Account + `"}`,
	} {
		worldtest.MakeRole(t, x.World, x.Root(), name, `{"Effect":"Allow",`+trust+`}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	}
	x.other = worldtest.JoinAccount(t, x.World, worldtest.MakeAdministrator(t, x.World), "other")
	worldtest.MakeRole(t, x.World, x.other.Key, "R9",
		`{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"AWS":"`+x.other.ID+
			`"}}`, `{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`)
	return x
}

// asker makes a role that may ask for data.
func (x *stage) asker(t *testing.T, name, path string) {
	t.Helper()
	i := iam.NewFromConfig(x.AWS(x.Root()))
	trust := worldtest.Policy(`{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetContext"],` +
		`"Principal":{"AWS":["arn:aws:iam::` + x.Account + `:user/machine","` + x.WebApp + `"]}}`)
	worldtest.Must[*iam.CreateRoleOutput](t)(i.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, Path: &path,
		AssumeRolePolicyDocument: &trust}))
	policy := worldtest.Policy(`{"Effect":"Allow","Action":"s3:GetDataAccess","Resource":"*"}`)
	worldtest.Must[*iam.PutRolePolicyOutput](t)(i.PutRolePolicy(t.Context(),
		&iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("ask"), PolicyDocument: &policy}))
}

func (x *stage) unask(t *testing.T, name string) {
	t.Helper()
	i := iam.NewFromConfig(x.AWS(x.Root()))
	worldtest.Must[*iam.DeleteRolePolicyOutput](t)(i.DeleteRolePolicy(t.Context(),
		&iam.DeleteRolePolicyInput{RoleName: &name, PolicyName: aws.String("ask")}))
	worldtest.Must[*iam.DeleteRoleOutput](t)(i.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: &name}))
}

// grantee is who a name of the corpus stands for.
func (x *stage) grantee(name string) *s3ctypes.Grantee {
	g := &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeIam}
	switch name {
	case "U1":
		g.GranteeType, g.GranteeIdentifier = s3ctypes.GranteeTypeDirectoryUser, aws.String(x.Users[worldtest.Alice])
	case "G1":
		g.GranteeType, g.GranteeIdentifier = s3ctypes.GranteeTypeDirectoryGroup, aws.String(x.Groups["Finance"])
	case "R3":
		g.GranteeIdentifier = aws.String("arn:aws:iam::" + x.Account + ":role/team/R3")
	case "R3nopath":
		g.GranteeIdentifier = aws.String("arn:aws:iam::" + x.Account + ":role/R3")
	case "R9":
		g.GranteeIdentifier = aws.String(x.other.Role("R9"))
	default:
		g.GranteeIdentifier = aws.String("arn:aws:iam::" + x.Account + ":role/" + name)
	}
	return g
}

// session signs in as a name of the corpus.
func (x *stage) session(t *testing.T, name string) client.Key {
	t.Helper()
	as := worldtest.Must[client.Key](t)
	switch name {
	case "R9":
		return as(x.Assume(t.Context(), x.other.Key, x.other.Role("R9"), "asking", ""))
	case "R3":
		return as(x.Assume(t.Context(), x.Machine, "arn:aws:iam::"+x.Account+":role/team/R3", "asking", ""))
	case "U1 as R1", "U1 as R1 through X2":
		token := worldtest.Must[string](t)(x.Provider.SignIn(t.Context(), worldtest.Alice))
		in := &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token}
		if strings.HasSuffix(name, "X2") {
			in.ClientId = &x.second
		}
		out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(x.CreateToken(t.Context(), in))
		return as(x.Assume(t.Context(), x.App, "arn:aws:iam::"+x.Account+":role/R1", "asking",
			*out.AwsAdditionalDetails.IdentityContext))
	}
	return as(x.Assume(t.Context(), x.Machine, "arn:aws:iam::"+x.Account+":role/"+name, "asking", ""))
}

// performance is one example on the stage.
type performance struct {
	*stage
	suffix    string // of bucket names, so that examples do not meet
	account   string // that is asked
	locations map[string]string
	last      string // grant
	vended    client.Key
}

var buckets = regexp.MustCompile(`s3://(b2?)(/|$)`)

// real puts the example's bucket in place of its name.
func (p *performance) real(uri string) string {
	return buckets.ReplaceAllString(uri, "s3://$1-"+p.suffix+"$2")
}

func (p *performance) control(k client.Key) *s3control.Client {
	return s3control.NewFromConfig(p.AWS(k))
}

var (
	locationForm = regexp.MustCompile(`^location (\S+) (\S+) through (\S+)$`)
	grantForm    = regexp.MustCompile(`^(?:grant|create) (\S+) (READ|WRITE|READWRITE) to (\S+)( object)?(?: app ` +
		`(X1))?(?: at (\S+?))?(?:: (.*))?$`)
	askForm     = regexp.MustCompile(`^(.+) asks (\S+) (READ|WRITE|READWRITE)( minimal)?( object)?(?: for (\d+))?: (.*)$`)
	useForm     = regexp.MustCompile(`^(opens|shut) +(\S+) (.*)$`)
	refusalForm = regexp.MustCompile(`^(\d{3}) (\w+) "(.*)"$`)
)

func (p *performance) play(t *testing.T, line string) {
	t.Helper()
	switch {
	case strings.HasPrefix(line, "location "):
		m := locationForm.FindStringSubmatch(line)
		out := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(
			p.control(p.Root()).CreateAccessGrantsLocation(t.Context(), &s3control.CreateAccessGrantsLocationInput{
				AccountId: &p.Account, LocationScope: aws.String(p.real(m[2])), IAMRoleArn: p.grantee(m[3]).GranteeIdentifier}))
		p.locations[m[1]] = *out.AccessGrantsLocationId
	case strings.HasPrefix(line, "grant "), strings.HasPrefix(line, "create "):
		p.create(t, line)
	case strings.HasPrefix(line, "fact "):
		p.fact(t, strings.TrimPrefix(line, "fact "))
	case useForm.MatchString(line):
		p.use(t, line)
	case askForm.MatchString(line):
		p.asks(t, line)
	default:
		t.Fatalf("corpus: what is %q?", line)
	}
}

func (p *performance) create(t *testing.T, line string) {
	t.Helper()
	m := grantForm.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("corpus: what is %q?", line)
	}
	in := &s3control.CreateAccessGrantInput{AccountId: &p.Account, AccessGrantsLocationId: aws.String("default"),
		Permission: s3ctypes.Permission(m[2]), Grantee: p.grantee(m[3])}
	sub := strings.TrimPrefix(p.real(m[1]), "s3://")
	if m[6] != "" && m[6] != "default" {
		sub, in.AccessGrantsLocationId = m[1], aws.String(p.locations[m[6]])
	}
	if sub != "-" {
		in.AccessGrantsLocationConfiguration = &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: &sub}
	}
	if m[4] != "" {
		in.S3PrefixType = s3ctypes.S3PrefixTypeObject
	}
	if m[5] != "" {
		in.ApplicationArn = &p.Application
	}
	if m[3] == "R3nopath" { // a grantee must be there when the grant is made
		p.unask(t, "R3")
		p.asker(t, "R3", "/")
		defer func() { p.unask(t, "R3"); p.asker(t, "R3", "/team/") }()
	}
	out, err := p.control(p.Root()).CreateAccessGrant(t.Context(), in)
	if want := refusalForm.FindStringSubmatch(m[7]); want != nil {
		refusedAs(t, line, err, want)
		return
	}
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	p.last = *out.AccessGrantId
	if m[7] != "" && *out.GrantScope != p.real(m[7]) {
		t.Errorf("%s\ngot %s", line, *out.GrantScope)
	}
}

func (p *performance) asks(t *testing.T, line string) {
	t.Helper()
	m := askForm.FindStringSubmatch(line)
	in := &s3control.GetDataAccessInput{AccountId: &p.account, Target: aws.String(p.real(m[2])),
		Permission: s3ctypes.Permission(m[3])}
	if m[4] != "" {
		in.Privilege = s3ctypes.PrivilegeMinimal
	}
	if m[5] != "" {
		in.TargetType = s3ctypes.S3PrefixTypeObject
	}
	if m[6] != "" {
		n, _ := strconv.Atoi(m[6])
		in.DurationSeconds = aws.Int32(int32(n))
	}
	key := p.vended
	if m[1] != "vended" {
		key = p.session(t, m[1])
	}
	out, err := p.control(key).GetDataAccess(t.Context(), in, func(o *s3control.Options) { o.Retryer = aws.NopRetryer{} })
	if want := refusalForm.FindStringSubmatch(m[7]); want != nil {
		want[3] = p.real(want[3])
		refusedAs(t, line, err, want)
		return
	}
	if err != nil {
		t.Errorf("%s\ngot %v", line, err)
		return
	}
	p.vended = client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
		Token: *out.Credentials.SessionToken}
	words := strings.Fields(m[7])
	if *out.MatchedGrantTarget != p.real(words[0]) {
		t.Errorf("%s\ngot %s", line, *out.MatchedGrantTarget)
	}
	for i := 1; i+1 < len(words); i += 2 {
		switch words[i] {
		case "by":
			if want := p.grantee(words[i+1]); *out.Grantee.GranteeIdentifier != *want.GranteeIdentifier ||
				out.Grantee.GranteeType != want.GranteeType {
				t.Errorf("%s\ngot the grant of %s", line, *out.Grantee.GranteeIdentifier)
			}
		case "role":
			if arn, _ := worldtest.CallerOf(t, p.World, p.vended); !strings.Contains(arn,
				":"+p.Account+":assumed-role/"+words[i+1]+
					"/access-grants-") {
				t.Errorf("%s\ngot a session %s", line, arn)
			}
		}
	}
}

func refusedAs(t *testing.T, line string, err error, want []string) {
	t.Helper()
	var e smithy.APIError
	var h *awshttp.ResponseError
	if !errors.As(err, &e) || !errors.As(err, &h) {
		t.Errorf("%s\ngot %v", line, err)
		return
	}
	if fmt.Sprint(h.HTTPStatusCode()) != want[1] || e.ErrorCode() != want[2] ||
		!strings.Contains(e.ErrorMessage(), want[3]) {
		t.Errorf("%s\ngot %d %s %q", line, h.HTTPStatusCode(), e.ErrorCode(), e.ErrorMessage())
	}
}

// use tries the key that was vended last. An object that is not there was found out by one who may.
func (p *performance) use(t *testing.T, line string) {
	t.Helper()
	m := useForm.FindStringSubmatch(line)
	if p.Ahead.Load() > 0 { // the SDK's clock would have to be late too
		got := worldtest.Send(t, p.World, worldtest.Request{Method: "GET", Path: "/b-" + p.suffix + "/" + m[3], Service: "s3",
			Key: &p.vended,
			At:  time.Now().Add(time.Duration(p.Ahead.Load()))})
		if m[1] != "shut" || m[2] != "GetObject" || got.Status != 400 || got.Code != "ExpiredToken" {
			t.Errorf("%s\ngot %d %s", line, got.Status, got.Code)
		}
		return
	}
	c, bucket := p.S3(p.vended), aws.String("b-"+p.suffix)
	var err error
	switch m[2] {
	case "GetObject":
		_, err = c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: &m[3]})
	case "PutObject":
		_, err = c.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: &m[3], Body: strings.NewReader("x")})
	case "DeleteObject":
		_, err = c.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: bucket, Key: &m[3]})
	case "List":
		in := &s3.ListObjectsV2Input{Bucket: bucket, Prefix: &m[3]}
		if m[3] == "-" {
			in.Prefix = nil
		}
		_, err = c.ListObjectsV2(t.Context(), in)
	default:
		t.Fatalf("corpus: what is %q?", line)
	}
	var e smithy.APIError
	code := ""
	if errors.As(err, &e) {
		code = e.ErrorCode()
	}
	if open := err == nil || code == "NoSuchKey"; m[1] == "opens" && !open || m[1] == "shut" && code != "AccessDenied" {
		t.Errorf("%s\ngot %v", line, err)
	}
}

func (p *performance) fact(t *testing.T, what string) {
	t.Helper()
	x := p.control(p.Root())
	member := func(op map[string]any) {
		op["path"] = "members"
		if op["op"] == "remove" {
			op["path"] = `members[value eq "` + p.Users[worldtest.Alice] + `"]`
		}
		if _, err := p.SCIM.Do(t.Context(), "PATCH", "/Groups/"+p.Groups["Finance"], map[string]any{"Operations": []any{op}},
			nil); err != nil {
			t.Fatal(err)
		}
	}
	var err error
	switch what {
	case "U1 leaves G1":
		member(map[string]any{"op": "remove"})
	case "U1 joins G1":
		member(map[string]any{"op": "add", "value": []any{map[string]string{"value": p.Users[worldtest.Alice]}}})
	case "the instance's policy lets R9's account in":
		document := worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + p.other.ID +
			`"},"Action":"s3:GetDataAccess",` +
			`"Resource":"arn:aws:s3:` + p.Region + `:` + p.Account + `:access-grants/default"}`)
		_, err = x.PutAccessGrantsInstanceResourcePolicy(t.Context(),
			&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &p.Account, Policy: &document})
	case "the instance has no policy":
		_, err = x.DeleteAccessGrantsInstanceResourcePolicy(t.Context(),
			&s3control.DeleteAccessGrantsInstanceResourcePolicyInput{AccountId: &p.Account})
	case "R9's account has no instance, and R9 asks it":
		p.account = p.other.ID
	case "the grant is deleted":
		_, err = x.DeleteAccessGrant(t.Context(), &s3control.DeleteAccessGrantInput{AccountId: &p.Account,
			AccessGrantId: &p.last})
	case "an hour passes":
		p.Ahead.Add(int64(time.Hour + time.Minute))
	case "Identity Center is dissociated":
		_, err = x.DissociateAccessGrantsIdentityCenter(t.Context(),
			&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &p.Account})
	case "Identity Center is associated":
		_, err = x.AssociateAccessGrantsIdentityCenter(t.Context(),
			&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: &p.Account, IdentityCenterArn: &p.Instance})
	default:
		t.Fatalf("corpus: what is the fact %q?", what)
	}
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

type workedExample struct {
	name  string
	lines []string
}

func grantsCorpus(t *testing.T) (out []workedExample) {
	t.Helper()
	f := worldtest.Must[*os.File](t)(os.Open("../../grants/testdata/corpus/access-grants.txt"))
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		name, title := strings.CutPrefix(line, "-- ")
		switch {
		case title:
			out = append(out, workedExample{name: strings.TrimSuffix(name, " --")})
		case line != "" && !strings.HasPrefix(line, "#"):
			out[len(out)-1].lines = append(out[len(out)-1].lines, line)
		}
	}
	return out
}

// The worked examples of S3 Access Grants, each in buckets of its own, through the API.
func TestWorkedExamplesOfAccessGrants(t *testing.T) {
	t.Parallel()
	x := newStage(t, func(*server.Config) {})
	var timed *stage // for the one example that waits
	var lines atomic.Int64
	examples := grantsCorpus(t)
	for _, e := range examples {
		t.Run(e.name, func(t *testing.T) {
			on := x
			if text := strings.Join(e.lines, "\n"); strings.Contains(text, "an hour passes") {
				if timed == nil {
					timed = newStage(t, func(c *server.Config) { c.Revocation = "aws" })
				}
				on = timed
			}
			number, _, _ := strings.Cut(e.name, " ")
			p := &performance{stage: on, suffix: number, account: on.Account, locations: map[string]string{}}
			for _, b := range []string{"b-", "b2-"} {
				worldtest.Must[*s3.CreateBucketOutput](t)(on.S3(on.Root()).CreateBucket(t.Context(),
					&s3.CreateBucketInput{Bucket: aws.String(b + number)}))
			}
			for _, line := range e.lines {
				lines.Add(1)
				p.play(t, line)
			}
		})
	}
	if len(examples) < 56 {
		t.Errorf("%d of the 56 examples are there", len(examples))
	}
	t.Logf("%d examples, %d lines", len(examples), lines.Load())
}
