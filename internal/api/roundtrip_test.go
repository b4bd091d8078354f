// Package api_test speaks to the generated shapes with the real AWS SDK.
package api_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	s3c "github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	sso "github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssodoc "github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	oidc "github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	awssts "github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"granary"
	"granary/internal/api/s3control"
	"granary/internal/api/ssoadmin"
	"granary/internal/api/ssooidc"
	"granary/internal/api/sts"
	"granary/internal/wire"
)

// doer answers an SDK's requests with a function instead of a network.
type doer func(*wire.Request) wire.Response

func (d doer) Do(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		body, _ = io.ReadAll(r.Body)
	}
	req := &wire.Request{Method: r.Method, RawPath: r.URL.EscapedPath(), Header: r.Header, Body: body}
	for pair := range strings.SplitSeq(r.URL.RawQuery, "&") {
		k, v, _ := strings.Cut(pair, "=")
		if k == "" {
			continue
		}
		name, _ := url.QueryUnescape(k)
		value, _ := url.QueryUnescape(v)
		req.Query = append(req.Query, wire.Pair{Name: name, Value: value})
	}
	resp := d(req)
	return &http.Response{StatusCode: resp.Status, Header: resp.Header, Body: io.NopCloser(bytes.NewReader(resp.Body)),
		Request: r}, nil
}

// decodeInput decodes an operation's input, for its error.
func decodeInput[In, Out any](op wire.Operation[In, Out], r *wire.Request) error {
	return wire.Decode(op.Meta, r, new(In))
}

// answer decodes one operation and encodes what run returns, or its error.
func answer[In, Out any](t *testing.T, op wire.Operation[In, Out], run func(*In) (*Out, error)) doer {
	return func(r *wire.Request) wire.Response {
		m, labels, err := wire.NewRouter(op.Meta).Match(op.Service, r)
		if err != nil {
			t.Errorf("routing %s %s: %v", r.Method, r.RawPath, err)
			return wire.Response{Status: 500}
		}
		r.Labels = labels
		in := new(In)
		err = wire.Decode(op.Meta, r, in)
		var out *Out
		if err == nil {
			out, err = run(in)
		}
		if err != nil {
			e := granary.AsError(err)
			status := m.Service.Errors[e.Code]
			if status == 0 {
				status = 400
			}
			return wire.EncodeError(m.Service, wire.Error{Status: status, Code: e.Code, Message: e.Message, Detail: e.Detail},
				"req-1", "host-1")
		}
		return wire.Encode(op.Meta, out, "req-1")
	}
}

var keys = credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", "")

func TestRestXMLCarriesAGrantBothWays(t *testing.T) {
	at := time.Date(2026, 11, 1, 2, 3, 4, 567e6, time.UTC)
	c := s3c.New(s3c.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, s3control.CreateAccessGrant,
			func(in *s3control.CreateAccessGrantInput) (*s3control.CreateAccessGrantOutput, error) {
				if in.AccountId != "111122223333" || in.Grantee.GranteeIdentifier != "u-<&>" || len(in.Tags) != 1 ||
					in.Tags[0].Key != "k" ||
					in.AccessGrantsLocationConfiguration.S3SubPrefix != "a b/*" {
					t.Errorf("decoded %+v", in)
				}
				return &s3control.CreateAccessGrantOutput{AccessGrantId: "g", GrantScope: "s3://b/a b/*\u0001", CreatedAt: at,
					Grantee: in.Grantee, Permission: "READ"}, nil
			})})
	out, err := c.CreateAccessGrant(context.Background(),
		&s3c.CreateAccessGrantInput{AccountId: aws.String("111122223333"),
			AccessGrantsLocationId: aws.String("default"), Permission: s3ctypes.PermissionRead,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String("a b/*")},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeIam,
				GranteeIdentifier: aws.String("u-<&>")},
			Tags: []s3ctypes.Tag{{Key: aws.String("k"), Value: aws.String("v")}}})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Grantee.GranteeIdentifier != "u-<&>" || !out.CreatedAt.Equal(at) || *out.GrantScope != "s3://b/a b/*\uFFFD" ||
		out.AccessGrantsLocationConfiguration != nil {
		t.Errorf("the SDK read %+v", out)
	}
}

func TestTagPathsKeepTheirSlashes(t *testing.T) {
	arn := "arn:aws:s3:us-east-2:111122223333:access-grants/default/grant/a1b2"
	c := s3c.New(s3c.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, s3control.UntagResource, func(in *s3control.UntagResourceInput) (*s3control.UntagResourceOutput,
			error) {
			if in.ResourceArn != arn || len(in.TagKeys) != 2 || in.TagKeys[1] != "k 2" {
				t.Errorf("decoded %+v", in)
			}
			return &s3control.UntagResourceOutput{}, nil
		})})
	if _, err := c.UntagResource(context.Background(), &s3c.UntagResourceInput{AccountId: aws.String("111122223333"),
		ResourceArn: &arn, TagKeys: []string{"k", "k 2"}}); err != nil {
		t.Fatal(err)
	}
}

func TestErrorsAreTypedForTheSDK(t *testing.T) {
	refuse := granary.Errorf(granary.Denied, "no & never").WithCode("AccessDenied")
	c := s3c.New(s3c.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, s3control.GetDataAccess, func(*s3control.GetDataAccessInput) (*s3control.GetDataAccessOutput,
			error) {
			return nil, refuse
		})})
	_, err := c.GetDataAccess(context.Background(), &s3c.GetDataAccessInput{AccountId: aws.String("111122223333"),
		Target: aws.String("s3://b/*"), Permission: "READ"})
	var api smithy.APIError
	if !errors.As(err, &api) || api.ErrorCode() != "AccessDenied" || api.ErrorMessage() != "no & never" {
		t.Errorf("s3control: %v", err)
	}

	o := oidc.New(oidc.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, ssooidc.CreateTokenWithIAM,
			func(*ssooidc.CreateTokenWithIAMInput) (*ssooidc.CreateTokenWithIAMOutput, error) {
				return nil, granary.Errorf(granary.Invalid, "wrong audience").WithCode("InvalidGrantException")
			})})
	_, err = o.CreateTokenWithIAM(context.Background(), &oidc.CreateTokenWithIAMInput{ClientId: aws.String("c"),
		GrantType: aws.String("g"), Assertion: aws.String("a")})
	var grant *oidctypes.InvalidGrantException
	if !errors.As(err, &grant) || aws.ToString(grant.Error_) != "invalid_grant" ||
		aws.ToString(grant.Error_description) != "wrong audience" {
		t.Errorf("ssooidc: %v", err)
	}

	a := sso.New(sso.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, ssoadmin.DescribeApplication,
			func(*ssoadmin.DescribeApplicationInput) (*ssoadmin.DescribeApplicationOutput, error) {
				return nil, granary.Errorf(granary.NotFound, "gone").WithCode("ResourceNotFoundException")
			})})
	_, err = a.DescribeApplication(context.Background(),
		&sso.DescribeApplicationInput{
			ApplicationArn: aws.String("arn:aws:sso::111122223333:application/ssoins-1234567890abcdef/apl-1234567890abcdef")})
	var missing *ssotypes.ResourceNotFoundException
	if !errors.As(err, &missing) {
		t.Errorf("ssoadmin: %v", err)
	}
}

func TestQueryCarriesContextsAndCredentials(t *testing.T) {
	c := awssts.New(awssts.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, sts.AssumeRole, func(in *sts.AssumeRoleInput) (*sts.AssumeRoleOutput, error) {
			if len(in.ProvidedContexts) != 1 || in.ProvidedContexts[0].ContextAssertion != "AQo+/=" ||
				*in.DurationSeconds != 900 || in.Tags[1].Key != "b" {
				t.Errorf("decoded %+v", in)
			}
			return &sts.AssumeRoleOutput{Credentials: &sts.Credentials{AccessKeyId: "ASIA", SecretAccessKey: "s",
				SessionToken: "t", Expiration: time.Unix(1800000000, 0)}}, nil
		})})
	out, err := c.AssumeRole(context.Background(),
		&awssts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::111122223333:role/r"), RoleSessionName: aws.String("s1"),
			DurationSeconds: aws.Int32(900),
			Tags: []ststypes.Tag{{Key: aws.String("a"), Value: aws.String("1")},
				{Key: aws.String("b"), Value: aws.String("2")}},
			ProvidedContexts: []ststypes.ProvidedContext{
				{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"),
					ContextAssertion: aws.String("AQo+/=")}}})
	if err != nil {
		t.Fatal(err)
	}
	if *out.Credentials.SessionToken != "t" || out.Credentials.Expiration.Unix() != 1800000000 {
		t.Errorf("the SDK read %+v", out.Credentials)
	}
}

func TestJSONCarriesPolicyDocumentsAsObjects(t *testing.T) {
	c := sso.New(sso.Options{Region: "us-east-1", Credentials: keys,
		BaseEndpoint: aws.String("http://granary.localhost:9600"),
		HTTPClient: answer(t, ssoadmin.PutApplicationAuthenticationMethod,
			func(in *ssoadmin.PutApplicationAuthenticationMethodInput) (*ssoadmin.PutApplicationAuthenticationMethodOutput,
				error) {
				if string(in.AuthenticationMethod.Iam.ActorPolicy) != `{"Version":"2012-10-17"}` {
					t.Errorf("decoded %s", in.AuthenticationMethod.Iam.ActorPolicy)
				}
				return &ssoadmin.PutApplicationAuthenticationMethodOutput{}, nil
			})})
	_, err := c.PutApplicationAuthenticationMethod(context.Background(), &sso.PutApplicationAuthenticationMethodInput{
		ApplicationArn: aws.String(
			"arn:aws:sso::111122223333:application/ssoins-1234567890abcdef/apl-1234567890abcdef"),
		AuthenticationMethodType: ssotypes.AuthenticationMethodTypeIam,
		AuthenticationMethod: &ssotypes.AuthenticationMethodMemberIam{Value: ssotypes.IamAuthenticationMethod{
			ActorPolicy: ssodoc.NewLazyDocument(map[string]any{"Version": "2012-10-17"})}}})
	if err != nil {
		t.Fatal(err)
	}
}

func TestBrokenInputIsRefusedInWords(t *testing.T) {
	for _, tt := range []struct {
		name, body, code, says string
	}{
		{"no json", "{", "SerializationException", "not valid JSON"},
		{"wrong type", `{"ApplicationArn":7}`, "SerializationException", "a string is expected"},
		{"missing", `{}`, "", "1 validation error detected: Value at 'applicationArn' failed to satisfy constraint: Member " +
			"must not be null"},
		{"another case of the name", `{"applicationArn":"x"}`, "", "parameter applicationArn is not recognized"},
		{"pattern", `{"ApplicationArn":"arn:aws:nonsense:::x"}`, "", "regular expression pattern"},
		{"deep", `{"x":` + strings.Repeat("[", 40) + strings.Repeat("]", 40) + `}`, "SerializationException",
			"nested more than"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := decodeInput(ssoadmin.DescribeApplication, &wire.Request{Method: "POST", Body: []byte(tt.body)})
			if e := granary.AsError(err); err == nil || e.Kind != granary.Invalid || e.Code != tt.code ||
				!strings.Contains(e.Message, tt.says) {
				t.Errorf("got %v", err)
			}
		})
	}
	for _, body := range []string{"<a><b></a>", "<!DOCTYPE a><a/>", "<a/><b/>",
		strings.Repeat("<a>", 40) + strings.Repeat("</a>", 40)} {
		err := decodeInput(s3control.CreateAccessGrant, &wire.Request{Body: []byte(body)})
		if granary.AsError(err).Code != "MalformedXML" {
			t.Errorf("%.20q: %v", body, err)
		}
	}
	err := decodeInput(sts.AssumeRole,
		&wire.Request{Body: []byte("RoleArn=arn:aws:iam::111122223333:role/r&RoleSessionName=Session1:2&DurationSeconds=10")})
	if e := granary.AsError(err); e.Kind != granary.Invalid ||
		!strings.HasPrefix(e.Message, "2 validation errors detected: ") ||
		!strings.Contains(e.Message, "Value 'Session1:2' at 'roleSessionName' failed to satisfy constraint: Member must "+
			"satisfy regular expression pattern: [\\w+=,.@-]*") ||
		!strings.Contains(e.Message, "Member must have value greater than or equal to 900") {
		t.Errorf("sts: %v", err)
	}
}

func TestSecretsStayOutOfTheAuditLog(t *testing.T) {
	in := &ssooidc.CreateTokenWithIAMInput{ClientId: "c", GrantType: "g", Assertion: "secret-assertion",
		RefreshToken: "secret-refresh"}
	if got := string(wire.Redacted(in)); strings.Contains(got, "secret") || !strings.Contains(got, `"clientId":"c"`) {
		t.Errorf("recorded %s", got)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"ApplicationArn":"a"}`), []byte(`<a><Grantee><GranteeType>IAM</GranteeType></Grantee></a>`),
		[]byte("RoleArn=a&Tags.member.1.Key=k"))
	f.Fuzz(func(t *testing.T, j, x, q []byte) {
		_ = decodeInput(ssoadmin.CreateTrustedTokenIssuer, &wire.Request{Body: j})
		_ = decodeInput(s3control.CreateAccessGrant, &wire.Request{Body: x})
		_ = decodeInput(sts.AssumeRole, &wire.Request{Body: q})
	})
}

func BenchmarkGetDataAccess(b *testing.B) {
	r := &wire.Request{Method: "GET", Header: http.Header{"X-Amz-Account-Id": {"111122223333"}},
		Query: []wire.Pair{{Name: "target", Value: "s3://bucket/prefix/*"}, {Name: "permission", Value: "READ"}}}
	for b.Loop() {
		if err := decodeInput(s3control.GetDataAccess, r); err != nil {
			b.Fatal(err)
		}
		wire.Encode(s3control.GetDataAccess.Meta,
			&s3control.GetDataAccessOutput{Credentials: &s3control.Credentials{AccessKeyId: "ASIA",
				SecretAccessKey: "s",
				SessionToken:    "t", Expiration: time.Now()}, MatchedGrantTarget: "s3://bucket/prefix/*"}, "r")
	}
}
