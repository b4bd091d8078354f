package sts_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha512"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// workload is a cluster's issuer, registered as an OpenID Connect provider, with a role that trusts it.
type workload struct {
	*worldtest.Strangers
	w        *world.World
	issuer   string
	provider string
	role     string
	sign     func(header, claims string) string
}

func newWorkload(t *testing.T, w *world.World) *workload {
	t.Helper()
	ctx := t.Context()
	s := worldtest.NewStrangers(t)
	key := worldtest.NewRSAKey(t, 2048)
	s.Publish("/cluster", worldtest.RSAJWK(&key.PublicKey, map[string]any{"kid": "k1", "use": "sig"}))
	l := &workload{Strangers: s, w: w, issuer: s.URL + "/cluster",
		sign: func(header, claims string) string { return worldtest.ForgeToken(key, header, claims) }}
	x := iam.NewFromConfig(w.AWS(w.Root()))
	l.provider = *worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx,
		&iam.CreateOpenIDConnectProviderInput{Url: &l.issuer, ClientIDList: []string{"sts"}})).OpenIDConnectProviderArn
	name := strings.TrimPrefix(l.issuer, "http://")
	worldtest.MakeRole(t, w, w.Root(), "pod",
		`{"Effect":"Allow","Principal":{"Federated":"`+l.provider+
			`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
		"Condition":{"StringEquals":{"`+name+`:sub":"system:serviceaccount:grain:mill","`+name+`:aud":"sts"}}}`,
		`{"Effect":"Allow","Action":["s3:GetObject","sts:AssumeRole"],"Resource":"*"},{"Effect":"Deny","Action":"s3:*",`+
			`"Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"mill"}}}`)
	l.role = "arn:aws:iam::" + w.Account + ":role/pod"
	return l
}

func (l *workload) claims(change map[string]any) string {
	now := time.Now().Unix()
	c := map[string]any{"iss": l.issuer, "aud": "sts", "sub": "system:serviceaccount:grain:mill", "exp": now + 600,
		"iat": now,
		"https://aws.amazon.com/tags": map[string]any{"principal_tags": map[string]any{"team": []string{"mill"}},
			"transitive_tag_keys": []string{"team"}},
		"https://aws.amazon.com/source_identity": "mill"}
	maps.Copy(c, change)
	for k, v := range c {
		if v == nil {
			delete(c, k)
		}
	}
	b, _ := json.Marshal(c)
	return string(b)
}

func (l *workload) token(change map[string]any) string {
	return l.sign(`{"alg":"RS256","kid":"k1"}`, l.claims(change))
}

func (l *workload) assume(ctx context.Context, token string, change ...func(*sts.AssumeRoleWithWebIdentityInput)) (
	*sts.AssumeRoleWithWebIdentityOutput, error) {
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role, RoleSessionName: aws.String("pod-1"),
		WebIdentityToken: &token}
	for _, fn := range change {
		fn(in)
	}
	return sts.NewFromConfig(l.w.AWS(client.Key{})).AssumeRoleWithWebIdentity(ctx, in)
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	if err := w.Files(ctx); err != nil {
		t.Fatal(err)
	}
	l := newWorkload(t, w)
	honest := l.token(nil)

	t.Run("a workload without a stored key reads", func(t *testing.T) {
		for range 2 { // the same token, until it expires
			out := worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, honest))
			if *out.Provider != l.provider || *out.Audience != "sts" ||
				*out.SubjectFromWebIdentityToken != "system:serviceaccount:grain:mill" || *out.SourceIdentity != "mill" {
				t.Errorf("the answer: %+v", out)
			}
			if arn, _ := worldtest.CallerOf(t, w, worldtest.KeyOf(out.Credentials)); arn !=
				"arn:aws:sts::"+w.Account+":assumed-role/pod/pod-1" {
				t.Errorf("who: %s", arn)
			}
			if got := worldtest.Must[string](t)(w.Read(ctx, worldtest.KeyOf(out.Credentials), corp.Bucket,
				"shared/handbook.txt")); got != corp.Files["shared/handbook.txt"] {
				t.Errorf("read %q", got)
			}
		}
	})
	t.Run("the provider's own claims are condition keys", func(t *testing.T) {
		name := strings.TrimPrefix(l.issuer, "http://")
		x := iam.NewFromConfig(w.AWS(w.Root()))
		own := map[string]any{"repository_id": "74", "actor": "octocat", "environment": "prod", "ref": "refs/heads/main",
			"ref_protected": true, "project_id": 22,
			"oidc.circleci.com/project-id": "p1", "google": map[string]any{"organization_number": 12345}, "private": "x",
			"workflow": []string{"a"}, "user_email": ""}
		for condition, want := range map[string]bool{
			`"StringEquals":{"ISS:repository_id":"74","ISS:environment":"prod"}`: true,
			`"StringEquals":{"ISS:repository_id":"75"}`:                          false,
			`"StringLike":{"ISS:ref":"refs/heads/*"}`:                            true,
			`"StringLike":{"ISS:ref":"refs/tags/*"}`:                             false,
			`"StringEquals":{"ISS:Actor":"octocat"}`:                             true,
			`"StringNotEquals":{"ISS:actor":"octocat"}`:                          false,
			`"Bool":{"ISS:ref_protected":"true"}`:                                true,
			`"StringEquals":{"ISS:project_id":"22"}`:                             true,
			`"StringEquals":{"ISS:oidc.circleci.com/project-id":"p1"}`:           true,
			`"StringEquals":{"ISS:oidc.circleci.com/project-id":"p2"}`:           false,
			`"NumericEquals":{"ISS:google/organization_number":"12345"}`:         true,
			`"NumericEquals":{"ISS:google/organization_number":"1"}`:             false,
			`"Null":{"ISS:private":"false"}`:                                     false,
			`"Null":{"ISS:workflow":"false"}`:                                    false,
			`"Null":{"ISS:user_email":"false"}`:                                  false,
			`"Null":{"ISS:job_workflow_ref":"false"}`:                            false,
		} {
			trust := worldtest.Policy(`{"Effect":"Allow","Principal":{"Federated":"` + l.provider +
				`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],"Condition":{` +
				strings.ReplaceAll(condition, "ISS:", name+":") + `}}`)
			worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx,
				&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("pod"), PolicyDocument: &trust}))
			_, err := l.assume(ctx, l.token(own))
			if want && err != nil {
				t.Errorf("%s: %v", condition, err)
			}
			if !want {
				worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRoleWithWebIdentity")
			}
		}
		usual := worldtest.Policy(`{"Effect":"Allow","Principal":{"Federated":"` + l.provider +
			`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],` +
			`"Condition":{"StringEquals":{"` + name + `:sub":"system:serviceaccount:grain:mill","` + name + `:aud":"sts"}}}`)
		worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx,
			&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("pod"), PolicyDocument: &usual}))
	})
	t.Run("elliptic keys and an authorized party", func(t *testing.T) {
		key := worldtest.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		size := 48
		l.Publish("/ec", map[string]any{"kty": "EC", "crv": "P-384", "kid": "e",
			"x": worldtest.EncodeBase64(key.X.FillBytes(make([]byte, size))),
			"y": worldtest.EncodeBase64(key.Y.FillBytes(make([]byte, size)))})
		issuer := l.URL + "/ec"
		x := iam.NewFromConfig(w.AWS(w.Root()))
		p := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"app"}})).OpenIDConnectProviderArn
		name := strings.TrimPrefix(issuer, "http://")
		worldtest.MakeRole(t, w, w.Root(), "elliptic", `{"Effect":"Allow","Principal":{"Federated":"`+*p+
			`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+name+`:aud":"app","`+name+
			`:oaud":"api"}}}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		input := worldtest.EncodeBase64([]byte(`{"alg":"ES384","kid":"e"}`)) + "." +
			worldtest.EncodeBase64([]byte(l.claims(map[string]any{"iss": issuer, "aud": "api", "azp": "app",
				"https://aws.amazon.com/tags":            nil,
				"https://aws.amazon.com/source_identity": nil})))
		sum := sha512.Sum384([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		token := input + "." + worldtest.EncodeBase64(append(r.FillBytes(make([]byte, size)),
			s.FillBytes(make([]byte, size))...))
		out := worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, token,
			func(in *sts.AssumeRoleWithWebIdentityInput) {
				in.RoleArn = aws.String("arn:aws:iam::" + w.Account + ":role/elliptic")
			}))
		if *out.Audience != "app" {
			t.Errorf("audience %s", *out.Audience)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		other := worldtest.NewRSAKey(t, 2048)
		tags := func(v any) map[string]any { return map[string]any{"https://aws.amazon.com/tags": v} }
		for name, x := range map[string]struct{ token, code, words string }{
			"not a token": {"nonsense", "InvalidIdentityToken", "not a signed JWT"},
			"unknown issuer": {l.token(map[string]any{"iss": "https://other.example"}), "InvalidIdentityToken",
				"No OpenIDConnect provider found in your account for https://other.example"},
			"another scheme": {l.token(map[string]any{"iss": "https" + strings.TrimPrefix(l.issuer, "http")}),
				"InvalidIdentityToken", "No OpenIDConnect provider"},
			"audience": {l.token(map[string]any{"aud": "someone"}), "InvalidIdentityToken",
				"Incorrect token audience"},
			"expired": {l.token(map[string]any{"exp": time.Now().Unix() - 100}), "ExpiredTokenException", "expired"},
			"another key": {worldtest.ForgeToken(other, `{"alg":"RS256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken",
				"signature is wrong"},
			"unsigned": {worldtest.EncodeBase64([]byte(`{"alg":"none"}`)) + "." + worldtest.EncodeBase64([]byte(l.claims(nil))) +
				".",
				"InvalidIdentityToken", ""},
			"RSA key as EC": {l.sign(`{"alg":"ES256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken",
				"signature is wrong"},
			"PSS": {l.sign(`{"alg":"PS256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken",
				"only RS256, RS384"},
			"another subject": {l.token(map[string]any{"sub": "system:serviceaccount:grain:thief"}), "AccessDenied",
				"Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"other roles": {
				l.token(map[string]any{"https://aws.amazon.com/roles": []string{"arn:aws:iam::111122223333:role/x"}}),
				"InvalidIdentityToken", "does not name the role"},
			"other roles, text": {l.token(map[string]any{"https://aws.amazon.com/roles": "a;b"}), "InvalidIdentityToken",
				"does not name the role"},
			"tags of a kind": {l.token(tags("team=mill")), "InvalidIdentityToken", "is not an object"},
			"two values": {l.token(tags(map[string]any{"principal_tags": map[string]any{"a": []string{"1", "2"}}})),
				"InvalidIdentityToken", "one value"},
			"tags twice": {
				l.token(tags(map[string]any{"principal_tags": map[string]any{"a": []string{"1"}, "A": []string{"2"}}})),
				"InvalidParameterValue", "Duplicate tag keys"},
			"reserved source": {l.token(map[string]any{"https://aws.amazon.com/source_identity": "aws:x"}), "ValidationError",
				"aws:"},
			"source of a number": {l.token(map[string]any{"https://aws.amazon.com/source_identity": 7}), "InvalidIdentityToken",
				"must be a text"},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := l.assume(ctx, x.token)
				worldtest.Refused(t, err, x.code, x.words)
			})
		}
		_, err := l.assume(ctx, honest,
			func(in *sts.AssumeRoleWithWebIdentityInput) { in.ProviderId = aws.String("www.amazon.com") })
		worldtest.Refused(t, err, "ValidationError", "leave it out")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(7200) })
		worldtest.Refused(t, err, "ValidationError", "MaxSessionDuration")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::" + w.Account + ":role/no-such")
		})
		worldtest.Refused(t, err, "AccessDenied", "Not authorized")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String("{") })
		worldtest.Refused(t, err, "MalformedPolicyDocument", "")
	})
	t.Run("roles that the token names", func(t *testing.T) {
		worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx,
			l.token(map[string]any{"https://aws.amazon.com/roles": "x; " + l.role})))
	})
	t.Run("without the tag the policy denies", func(t *testing.T) {
		out := worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx,
			l.token(map[string]any{"https://aws.amazon.com/tags": nil})))
		_, err := w.Read(ctx, worldtest.KeyOf(out.Credentials), corp.Bucket, "shared/handbook.txt")
		worldtest.Refused(t, err, "AccessDenied", "explicit deny")
	})
	t.Run("it chains for an hour, with the tag", func(t *testing.T) {
		pod := worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, honest)).Credentials)
		worldtest.MakeRole(t, w, w.Root(), "next",
			`{"Effect":"Allow","Principal":{"AWS":"`+l.role+`"},"Action":["sts:AssumeRole",`+
				`"sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:RequestTag/team":"mill",`+
				`"sts:SourceIdentity":"mill","aws:FederatedProvider":"`+l.provider+`"}}}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		worldtest.MakeRole(t, w, w.Root(), "unfriendly", `{"Effect":"Allow","Principal":{"AWS":"`+l.role+
			`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		next := "arn:aws:iam::" + w.Account + ":role/next"
		_, err := sts.NewFromConfig(w.AWS(pod)).AssumeRole(ctx,
			&sts.AssumeRoleInput{RoleArn: &next, RoleSessionName: aws.String("nn"), DurationSeconds: aws.Int32(3601)})
		worldtest.Refused(t, err, "ValidationError", "role chaining")
		worldtest.Must[client.Key](t)(w.Assume(ctx, pod, next, "nn", ""))
		_, err = w.Assume(ctx, pod, "arn:aws:iam::"+w.Account+":role/unfriendly", "nn", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:TagSession")
	})
	t.Run("outage", func(t *testing.T) {
		issuer := l.URL + "/absent"
		worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(iam.NewFromConfig(w.AWS(w.Root())).
			CreateOpenIDConnectProvider(ctx,
				&iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"sts"}}))
		quick := sts.NewFromConfig(w.AWS(client.Key{}), func(o *sts.Options) { o.RetryMaxAttempts = 1 })
		_, err := quick.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role,
			RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String(l.token(map[string]any{"iss": issuer}))})
		worldtest.Refused(t, err, "IDPCommunicationError", "discovery document")
	})
	t.Run("too many from one address", func(t *testing.T) {
		quick := sts.NewFromConfig(w.AWS(client.Key{}), func(o *sts.Options) { o.RetryMaxAttempts = 1 })
		for range 2000 {
			_, err := quick.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role,
				RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String("nonsense")})
			if strings.Contains(fmt.Sprint(err), "Throttling") {
				return
			}
		}
		t.Error("2000 requests were answered")
	})
}

func TestOpenIDConnectProviders(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	x := iam.NewFromConfig(w.AWS(w.Root()))
	create := func(url string, clients ...string) (*iam.CreateOpenIDConnectProviderOutput, error) {
		return x.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url, ClientIDList: clients,
			ThumbprintList: []string{strings.Repeat("a1", 20)}})
	}
	arn := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(create("https://idp.example/tenant", "b", "a")).
		OpenIDConnectProviderArn
	if *arn != "arn:aws:iam::"+w.Account+":oidc-provider/idp.example/tenant" {
		t.Errorf("the ARN: %s", *arn)
	}
	for _, r := range []struct{ url, code, words string }{
		{"https://idp.example/tenant", "EntityAlreadyExists", "already exists"},
		{"ftp://idp.example", "InvalidInput", "https://"},
		{"https://", "InvalidInput", "https://"},
		{"https://idp.example/?x=1", "InvalidInput", "query"},
		{"https://me:secret@idp.example/", "InvalidInput", "credentials"},
	} {
		_, err := create(r.url)
		worldtest.Refused(t, err, r.code, r.words)
	}
	worldtest.Must[*iam.AddClientIDToOpenIDConnectProviderOutput](t)(x.AddClientIDToOpenIDConnectProvider(ctx,
		&iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("c")}))
	worldtest.Must[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](t)(x.RemoveClientIDFromOpenIDConnectProvider(ctx,
		&iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("a")}))
	worldtest.Must[*iam.UpdateOpenIDConnectProviderThumbprintOutput](t)(x.UpdateOpenIDConnectProviderThumbprint(ctx,
		&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn,
			ThumbprintList: []string{strings.Repeat("b2", 20)}}))
	_, err := x.UpdateOpenIDConnectProviderThumbprint(ctx,
		&iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn,
			ThumbprintList: []string{strings.Repeat("zz", 20)}})
	worldtest.Refused(t, err, "InvalidInput", "hexadecimal")
	got := worldtest.Must[*iam.GetOpenIDConnectProviderOutput](t)(x.GetOpenIDConnectProvider(ctx,
		&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if *got.Url != "idp.example/tenant" || strings.Join(got.ClientIDList, ",") != "b,c" ||
		got.ThumbprintList[0] != strings.Repeat("b2", 20) {
		t.Errorf("the provider: %+v", got)
	}
	if list := worldtest.Must[*iam.ListOpenIDConnectProvidersOutput](t)(x.ListOpenIDConnectProviders(ctx, nil)).
		OpenIDConnectProviderList; len(list) != 1 || *list[0].Arn != *arn {
		t.Errorf("the list: %+v", list)
	}
	worldtest.Must[*iam.DeleteOpenIDConnectProviderOutput](t)(x.DeleteOpenIDConnectProvider(ctx,
		&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	_, err = x.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	worldtest.Refused(t, err, "NoSuchEntity", "not found for arn")
}

func TestSessionsOfUsers(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	if err := w.Files(ctx); err != nil {
		t.Fatal(err)
	}
	admin := worldtest.MakeAdministrator(t, w)
	user := "arn:aws:iam::" + w.Account + ":user/admin"
	object := "arn:aws:s3:::" + corp.Bucket + "/shared/*"
	session := func(k client.Key) client.Key {
		return worldtest.KeyOf(worldtest.Must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(k)).GetSessionToken(ctx,
			nil)).Credentials)
	}
	federate := func(policy string, tags ...ststypes.Tag) (*sts.GetFederationTokenOutput, error) {
		in := &sts.GetFederationTokenInput{Name: aws.String("visitor"), Tags: tags}
		if policy != "" {
			in.Policy = aws.String(worldtest.Policy(policy))
		}
		return sts.NewFromConfig(w.AWS(admin)).GetFederationToken(ctx, in)
	}
	read := func(k client.Key, key string) error {
		_, err := w.Read(ctx, k, corp.Bucket, key)
		return err
	}

	t.Run("GetSessionToken", func(t *testing.T) {
		k := session(admin)
		if arn, _ := worldtest.CallerOf(t, w, k); arn != user {
			t.Errorf("who: %s", arn)
		}
		if err := read(k, "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		_, err := iam.NewFromConfig(w.AWS(k)).ListUsers(ctx, nil)
		worldtest.Refused(t, err, "AccessDenied", "iam:ListUsers")
		_, err = sts.NewFromConfig(w.AWS(k)).GetSessionToken(ctx, nil)
		worldtest.Refused(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
		_, err = sts.NewFromConfig(w.AWS(k)).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("x1")})
		worldtest.Refused(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
		_, err = sts.NewFromConfig(w.AWS(admin)).GetSessionToken(ctx,
			&sts.GetSessionTokenInput{SerialNumber: aws.String("GAHT12345678"), TokenCode: aws.String("123456")})
		worldtest.Refused(t, err, "AccessDenied", "MultiFactorAuthentication")
		worldtest.MakeRole(t, w, w.Root(), "onward",
			`{"Effect":"Allow","Principal":{"AWS":"`+user+`"},"Action":"sts:AssumeRole"}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		role := "arn:aws:iam::" + w.Account + ":role/onward"
		worldtest.Must[client.Key](t)(w.Assume(ctx, k, role, "rr", ""))
		long := worldtest.Must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(w.Root())).GetSessionToken(ctx,
			&sts.GetSessionTokenInput{DurationSeconds: aws.Int32(7200)}))
		if left := time.Until(*long.Credentials.Expiration); left > time.Hour {
			t.Errorf("the root user's session lasts %s", left)
		}
		if arn, _ := worldtest.CallerOf(t, w, worldtest.KeyOf(long.Credentials)); arn != "arn:aws:iam::"+w.Account+":root" {
			t.Errorf("who: %s", arn)
		}
		_, err = w.Assume(ctx, worldtest.KeyOf(long.Credentials), role, "rr", "")
		worldtest.Refused(t, err, "AccessDenied", "root accounts")
	})
	t.Run("GetFederationToken", func(t *testing.T) {
		bare := worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(""))
		who := "arn:aws:sts::" + w.Account + ":federated-user/visitor"
		if *bare.FederatedUser.Arn != who || *bare.FederatedUser.FederatedUserId != w.Account+":visitor" {
			t.Errorf("the answer: %+v", bare)
		}
		if arn, id := worldtest.CallerOf(t, w, worldtest.KeyOf(bare.Credentials)); arn != who || id != w.Account+":visitor" {
			t.Errorf("who: %s %s", arn, id)
		}
		worldtest.Refused(t, read(worldtest.KeyOf(bare.Credentials), "shared/handbook.txt"), "AccessDenied",
			"no session policy allows")
		narrow := worldtest.KeyOf(
			worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(`{"Effect":"Allow","Action":["s3:GetObject","iam:*",` +
				`"sts:*"],` +
				`"Resource":["` + object + `","arn:aws:iam::*:*"]}`)).Credentials)
		if err := read(narrow, "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		worldtest.Refused(t, read(narrow, "finance/2026-q3.csv"), "AccessDenied", "no session policy allows")
		_, err := iam.NewFromConfig(w.AWS(narrow)).ListUsers(ctx, nil)
		worldtest.Refused(t, err, "AccessDenied", "iam:ListUsers")
		_, err = w.Assume(ctx, narrow, "arn:aws:iam::"+w.Account+":role/onward", "rr", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
		_, err = federate(`{"Effect":"Allow"}`)
		worldtest.Refused(t, err, "MalformedPolicyDocument", "")
		_, err = sts.NewFromConfig(w.AWS(w.Root())).GetFederationToken(ctx,
			&sts.GetFederationTokenInput{Name: aws.String("a b")})
		worldtest.Refused(t, err, "ValidationError", "name")
		root := worldtest.Must[*sts.GetFederationTokenOutput](t)(sts.NewFromConfig(w.AWS(w.Root())).GetFederationToken(ctx,
			&sts.GetFederationTokenInput{Name: aws.String("visitor"),
				PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}}}))
		if err := read(worldtest.KeyOf(root.Credentials), "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}

		// A bucket policy that names the federated user needs no session policy; one that names the user behind it does.
		allow := func(principal string) {
			worldtest.Must[*s3.PutBucketPolicyOutput](t)(w.S3(w.Root()).PutBucketPolicy(ctx,
				&s3.PutBucketPolicyInput{Bucket: aws.String(corp.Bucket),
					Policy: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` + principal +
						`"},"Action":"s3:GetObject",` +
						`"Resource":"` + object + `"}`))}))
		}
		allow(user)
		worldtest.Refused(t, read(worldtest.KeyOf(bare.Credentials), "shared/handbook.txt"), "AccessDenied",
			"no session policy allows")
		allow(who)
		if err := read(worldtest.KeyOf(bare.Credentials), "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		tagged := worldtest.Must[*sts.GetFederationTokenOutput](t)(
			federate(`{"Effect":"Allow","Action":"s3:*","Resource":"*",`+
				`"Condition":{"StringEquals":{"aws:PrincipalTag/team":"mill"}}}`,
				ststypes.Tag{Key: aws.String("team"), Value: aws.String("mill")}))
		if err := read(worldtest.KeyOf(tagged.Credentials), "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}
	})
	t.Run("they end with the user", func(t *testing.T) {
		k, f := session(admin),
			worldtest.KeyOf(worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(`{"Effect":"Allow","Action":"s3:*",`+
				`"Resource":"*"}`)).
				Credentials)
		x := iam.NewFromConfig(w.AWS(w.Root()))
		worldtest.Must[*iam.DeleteAccessKeyOutput](t)(x.DeleteAccessKey(ctx,
			&iam.DeleteAccessKeyInput{UserName: aws.String("admin"),
				AccessKeyId: &admin.ID}))
		worldtest.Must[*iam.DetachUserPolicyOutput](t)(x.DetachUserPolicy(ctx,
			&iam.DetachUserPolicyInput{UserName: aws.String("admin"),
				PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
		worldtest.Refused(t, read(k, "finance/2026-q3.csv"), "AccessDenied", "no identity-based policy allows")
		worldtest.Refused(t, read(f, "finance/2026-q3.csv"), "AccessDenied", "no identity-based policy allows")
		worldtest.Must[*iam.DeleteUserOutput](t)(x.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("admin")}))
		worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("admin")}))
		worldtest.Refused(t, read(k, "shared/handbook.txt"), "AccessDenied", "deleted")
		worldtest.Refused(t, read(f, "shared/handbook.txt"), "AccessDenied", "deleted")
	})
}

func TestAuthorizationMessages(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	message := func(err error) string {
		t.Helper()
		var re *smithyhttp.ResponseError
		if !errors.As(err, &re) {
			t.Fatalf("got %v", err)
		}
		return re.Response.Header.Get("X-Granary-Authorization-Message")
	}
	_, err := c.Read(ctx, c.Machine, corp.Bucket, "shared/handbook.txt")
	text := message(err)
	_, err = iam.NewFromConfig(c.AWS(c.Machine)).CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("x")})
	api := message(err)
	for _, x := range []struct{ text, action string }{{text, "s3:GetObject"}, {api, "iam:CreateUser"}} {
		out := worldtest.Must[*sts.DecodeAuthorizationMessageOutput](t)(sts.NewFromConfig(c.AWS(c.Root())).
			DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &x.text}))
		var m struct {
			Allowed, ExplicitDeny bool
			Context               struct {
				Action, Resource string
				Principal        map[string]string
			}
		}
		if err := json.Unmarshal([]byte(*out.DecodedMessage), &m); err != nil || m.Allowed || m.Context.Action != x.action ||
			m.Context.Principal["arn"] != "arn:aws:iam::"+c.Account+":user/machine" {
			t.Errorf("%s, %v", *out.DecodedMessage, err)
		}
	}
	decode := func(k client.Key, text string) error {
		_, err := sts.NewFromConfig(c.AWS(k)).DecodeAuthorizationMessage(ctx,
			&sts.DecodeAuthorizationMessageInput{EncodedMessage: &text})
		return err
	}
	worldtest.Refused(t, decode(c.Machine, text), "AccessDenied", "sts:DecodeAuthorizationMessage")
	worldtest.Refused(t, decode(c.Root(), text[:20]+map[bool]string{true: "B", false: "A"}[text[20] == 'A']+text[21:]),
		"InvalidAuthorizationMessageException", "not one that was made here")
	worldtest.Refused(t, decode(worldtest.JoinAccount(t, c.World, worldtest.MakeAdministrator(t, c.World),
		"elsewhere").Key, text),
		"InvalidAuthorizationMessageException", "of this account")
}
