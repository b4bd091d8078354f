package world_test

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
)

func keyOf(c *ststypes.Credentials) client.Key {
	return client.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken}
}

func identity(t *testing.T, w *world.World, k client.Key) (arn, id string) {
	t.Helper()
	out := must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(w.AWS(k)).GetCallerIdentity(t.Context(), nil))
	return *out.Arn, *out.UserId
}

// workload is a cluster's issuer, registered as an OpenID Connect provider, with a role that trusts it.
type workload struct {
	*strangers
	w        *world.World
	issuer   string
	provider string
	role     string
	sign     func(header, claims string) string
}

func newWorkload(t *testing.T, w *world.World) *workload {
	t.Helper()
	ctx := t.Context()
	s := newStrangers(t)
	key := rsaKey(t, 2048)
	s.publish("/cluster", rsaJWK(&key.PublicKey, map[string]any{"kid": "k1", "use": "sig"}))
	l := &workload{strangers: s, w: w, issuer: s.URL + "/cluster", sign: func(header, claims string) string { return forge(key, header, claims) }}
	x := iam.NewFromConfig(w.AWS(w.Root()))
	l.provider = *must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &l.issuer, ClientIDList: []string{"sts"}})).OpenIDConnectProviderArn
	name := strings.TrimPrefix(l.issuer, "http://")
	makeRole(t, w, w.Root(), "pod", `{"Effect":"Allow","Principal":{"Federated":"`+l.provider+`"},"Action":["sts:AssumeRoleWithWebIdentity","sts:TagSession","sts:SetSourceIdentity"],
		"Condition":{"StringEquals":{"`+name+`:sub":"system:serviceaccount:grain:mill","`+name+`:aud":"sts"}}}`,
		`{"Effect":"Allow","Action":["s3:GetObject","sts:AssumeRole"],"Resource":"*"},{"Effect":"Deny","Action":"s3:*","Resource":"*","Condition":{"StringNotEquals":{"aws:PrincipalTag/team":"mill"}}}`)
	l.role = "arn:aws:iam::" + w.Account + ":role/pod"
	return l
}

func (l *workload) claims(change map[string]any) string {
	now := time.Now().Unix()
	c := map[string]any{"iss": l.issuer, "aud": "sts", "sub": "system:serviceaccount:grain:mill", "exp": now + 600, "iat": now,
		"https://aws.amazon.com/tags":            map[string]any{"principal_tags": map[string]any{"team": []string{"mill"}}, "transitive_tag_keys": []string{"team"}},
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

func (l *workload) assume(ctx context.Context, token string, change ...func(*sts.AssumeRoleWithWebIdentityInput)) (*sts.AssumeRoleWithWebIdentityOutput, error) {
	in := &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role, RoleSessionName: aws.String("pod-1"), WebIdentityToken: &token}
	for _, fn := range change {
		fn(in)
	}
	return sts.NewFromConfig(l.w.AWS(client.Key{})).AssumeRoleWithWebIdentity(ctx, in)
}

func TestAssumeRoleWithWebIdentity(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	if err := w.Files(ctx); err != nil {
		t.Fatal(err)
	}
	l := newWorkload(t, w)
	honest := l.token(nil)

	t.Run("a workload without a stored key reads", func(t *testing.T) {
		for range 2 { // the same token, until it expires
			out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, honest))
			if *out.Provider != l.provider || *out.Audience != "sts" || *out.SubjectFromWebIdentityToken != "system:serviceaccount:grain:mill" || *out.SourceIdentity != "mill" {
				t.Errorf("the answer: %+v", out)
			}
			if arn, _ := identity(t, w, keyOf(out.Credentials)); arn != "arn:aws:sts::"+w.Account+":assumed-role/pod/pod-1" {
				t.Errorf("who: %s", arn)
			}
			if got := must[string](t)(w.Read(ctx, keyOf(out.Credentials), corp.Bucket, "shared/handbook.txt")); got != corp.Files["shared/handbook.txt"] {
				t.Errorf("read %q", got)
			}
		}
	})
	t.Run("elliptic keys and an authorized party", func(t *testing.T) {
		key := must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))
		size := 48
		l.publish("/ec", map[string]any{"kty": "EC", "crv": "P-384", "kid": "e", "x": b64(key.X.FillBytes(make([]byte, size))), "y": b64(key.Y.FillBytes(make([]byte, size)))})
		issuer := l.URL + "/ec"
		x := iam.NewFromConfig(w.AWS(w.Root()))
		p := must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"app"}})).OpenIDConnectProviderArn
		name := strings.TrimPrefix(issuer, "http://")
		makeRole(t, w, w.Root(), "elliptic", `{"Effect":"Allow","Principal":{"Federated":"`+*p+`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+name+`:aud":"app","`+name+`:oaud":"api"}}}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		input := b64([]byte(`{"alg":"ES384","kid":"e"}`)) + "." + b64([]byte(l.claims(map[string]any{"iss": issuer, "aud": "api", "azp": "app", "https://aws.amazon.com/tags": nil, "https://aws.amazon.com/source_identity": nil})))
		sum := sha512.Sum384([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, key, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		token := input + "." + b64(append(r.FillBytes(make([]byte, size)), s.FillBytes(make([]byte, size))...))
		out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, token, func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::" + w.Account + ":role/elliptic")
		}))
		if *out.Audience != "app" {
			t.Errorf("audience %s", *out.Audience)
		}
	})
	t.Run("refusals", func(t *testing.T) {
		other := rsaKey(t, 2048)
		tags := func(v any) map[string]any { return map[string]any{"https://aws.amazon.com/tags": v} }
		for name, x := range map[string]struct{ token, code, words string }{
			"not a token":        {"nonsense", "InvalidIdentityToken", "not a signed JWT"},
			"unknown issuer":     {l.token(map[string]any{"iss": "https://other.example"}), "InvalidIdentityToken", "No OpenIDConnect provider found in your account for https://other.example"},
			"another scheme":     {l.token(map[string]any{"iss": "https" + strings.TrimPrefix(l.issuer, "http")}), "InvalidIdentityToken", "No OpenIDConnect provider"},
			"audience":           {l.token(map[string]any{"aud": "someone"}), "InvalidIdentityToken", "Incorrect token audience"},
			"expired":            {l.token(map[string]any{"exp": time.Now().Unix() - 100}), "ExpiredTokenException", "expired"},
			"another key":        {forge(other, `{"alg":"RS256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken", "signature is wrong"},
			"unsigned":           {b64([]byte(`{"alg":"none"}`)) + "." + b64([]byte(l.claims(nil))) + ".", "InvalidIdentityToken", ""},
			"RSA key as EC":      {l.sign(`{"alg":"ES256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken", "signature is wrong"},
			"PSS":                {l.sign(`{"alg":"PS256","kid":"k1"}`, l.claims(nil)), "InvalidIdentityToken", "only RS256, RS384"},
			"another subject":    {l.token(map[string]any{"sub": "system:serviceaccount:grain:thief"}), "AccessDenied", "Not authorized to perform sts:AssumeRoleWithWebIdentity"},
			"other roles":        {l.token(map[string]any{"https://aws.amazon.com/roles": []string{"arn:aws:iam::111122223333:role/x"}}), "InvalidIdentityToken", "does not name the role"},
			"other roles, text":  {l.token(map[string]any{"https://aws.amazon.com/roles": "a;b"}), "InvalidIdentityToken", "does not name the role"},
			"tags of a kind":     {l.token(tags("team=mill")), "InvalidIdentityToken", "is not an object"},
			"two values":         {l.token(tags(map[string]any{"principal_tags": map[string]any{"a": []string{"1", "2"}}})), "InvalidIdentityToken", "one value"},
			"tags twice":         {l.token(tags(map[string]any{"principal_tags": map[string]any{"a": []string{"1"}, "A": []string{"2"}}})), "InvalidParameterValue", "Duplicate tag keys"},
			"reserved source":    {l.token(map[string]any{"https://aws.amazon.com/source_identity": "aws:x"}), "ValidationError", "aws:"},
			"source of a number": {l.token(map[string]any{"https://aws.amazon.com/source_identity": 7}), "InvalidIdentityToken", "must be a text"},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := l.assume(ctx, x.token)
				refused(t, err, x.code, x.words)
			})
		}
		_, err := l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) { in.ProviderId = aws.String("www.amazon.com") })
		refused(t, err, "ValidationError", "leave it out")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) { in.DurationSeconds = aws.Int32(7200) })
		refused(t, err, "ValidationError", "MaxSessionDuration")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) {
			in.RoleArn = aws.String("arn:aws:iam::" + w.Account + ":role/no-such")
		})
		refused(t, err, "AccessDenied", "Not authorized")
		_, err = l.assume(ctx, honest, func(in *sts.AssumeRoleWithWebIdentityInput) { in.Policy = aws.String("{") })
		refused(t, err, "MalformedPolicyDocument", "")
	})
	t.Run("roles that the token names", func(t *testing.T) {
		must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, l.token(map[string]any{"https://aws.amazon.com/roles": "x; " + l.role})))
	})
	t.Run("without the tag the policy denies", func(t *testing.T) {
		out := must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, l.token(map[string]any{"https://aws.amazon.com/tags": nil})))
		_, err := w.Read(ctx, keyOf(out.Credentials), corp.Bucket, "shared/handbook.txt")
		refused(t, err, "AccessDenied", "explicit deny")
	})
	t.Run("it chains for an hour, with the tag", func(t *testing.T) {
		pod := keyOf(must[*sts.AssumeRoleWithWebIdentityOutput](t)(l.assume(ctx, honest)).Credentials)
		makeRole(t, w, w.Root(), "next", `{"Effect":"Allow","Principal":{"AWS":"`+l.role+`"},"Action":["sts:AssumeRole","sts:TagSession","sts:SetSourceIdentity"],"Condition":{"StringEquals":{"aws:RequestTag/team":"mill","sts:SourceIdentity":"mill","aws:FederatedProvider":"`+l.provider+`"}}}`,
			`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		makeRole(t, w, w.Root(), "unfriendly", `{"Effect":"Allow","Principal":{"AWS":"`+l.role+`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		next := "arn:aws:iam::" + w.Account + ":role/next"
		_, err := sts.NewFromConfig(w.AWS(pod)).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &next, RoleSessionName: aws.String("nn"), DurationSeconds: aws.Int32(3601)})
		refused(t, err, "ValidationError", "role chaining")
		must[client.Key](t)(w.Assume(ctx, pod, next, "nn", ""))
		_, err = w.Assume(ctx, pod, "arn:aws:iam::"+w.Account+":role/unfriendly", "nn", "")
		refused(t, err, "AccessDenied", "sts:TagSession")
	})
	t.Run("outage", func(t *testing.T) {
		issuer := l.URL + "/absent"
		must[*iam.CreateOpenIDConnectProviderOutput](t)(iam.NewFromConfig(w.AWS(w.Root())).CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"sts"}}))
		quick := sts.NewFromConfig(w.AWS(client.Key{}), func(o *sts.Options) { o.RetryMaxAttempts = 1 })
		_, err := quick.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role, RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String(l.token(map[string]any{"iss": issuer}))})
		refused(t, err, "IDPCommunicationError", "discovery document")
	})
	t.Run("too many from one address", func(t *testing.T) {
		quick := sts.NewFromConfig(w.AWS(client.Key{}), func(o *sts.Options) { o.RetryMaxAttempts = 1 })
		for range 2000 {
			_, err := quick.AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{RoleArn: &l.role, RoleSessionName: aws.String("pod"), WebIdentityToken: aws.String("nonsense")})
			if strings.Contains(fmt.Sprint(err), "Throttling") {
				return
			}
		}
		t.Error("2000 requests were answered")
	})
}

func TestOpenIDConnectProviders(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	x := iam.NewFromConfig(w.AWS(w.Root()))
	create := func(url string, clients ...string) (*iam.CreateOpenIDConnectProviderOutput, error) {
		return x.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &url, ClientIDList: clients, ThumbprintList: []string{strings.Repeat("a1", 20)}})
	}
	arn := must[*iam.CreateOpenIDConnectProviderOutput](t)(create("https://idp.example/tenant", "b", "a")).OpenIDConnectProviderArn
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
		refused(t, err, r.code, r.words)
	}
	must[*iam.AddClientIDToOpenIDConnectProviderOutput](t)(x.AddClientIDToOpenIDConnectProvider(ctx, &iam.AddClientIDToOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("c")}))
	must[*iam.RemoveClientIDFromOpenIDConnectProviderOutput](t)(x.RemoveClientIDFromOpenIDConnectProvider(ctx, &iam.RemoveClientIDFromOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn, ClientID: aws.String("a")}))
	must[*iam.UpdateOpenIDConnectProviderThumbprintOutput](t)(x.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("b2", 20)}}))
	_, err := x.UpdateOpenIDConnectProviderThumbprint(ctx, &iam.UpdateOpenIDConnectProviderThumbprintInput{OpenIDConnectProviderArn: arn, ThumbprintList: []string{strings.Repeat("zz", 20)}})
	refused(t, err, "InvalidInput", "hexadecimal")
	got := must[*iam.GetOpenIDConnectProviderOutput](t)(x.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	if *got.Url != "idp.example/tenant" || strings.Join(got.ClientIDList, ",") != "b,c" || got.ThumbprintList[0] != strings.Repeat("b2", 20) {
		t.Errorf("the provider: %+v", got)
	}
	if list := must[*iam.ListOpenIDConnectProvidersOutput](t)(x.ListOpenIDConnectProviders(ctx, nil)).OpenIDConnectProviderList; len(list) != 1 || *list[0].Arn != *arn {
		t.Errorf("the list: %+v", list)
	}
	must[*iam.DeleteOpenIDConnectProviderOutput](t)(x.DeleteOpenIDConnectProvider(ctx, &iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn}))
	_, err = x.GetOpenIDConnectProvider(ctx, &iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: arn})
	refused(t, err, "NoSuchEntity", "not found for arn")
}

func TestSessionsOfUsers(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	if err := w.Files(ctx); err != nil {
		t.Fatal(err)
	}
	admin := administrator(t, w)
	user := "arn:aws:iam::" + w.Account + ":user/admin"
	object := "arn:aws:s3:::" + corp.Bucket + "/shared/*"
	session := func(k client.Key) client.Key {
		return keyOf(must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(k)).GetSessionToken(ctx, nil)).Credentials)
	}
	federate := func(policy string, tags ...ststypes.Tag) (*sts.GetFederationTokenOutput, error) {
		in := &sts.GetFederationTokenInput{Name: aws.String("visitor"), Tags: tags}
		if policy != "" {
			in.Policy = aws.String(statement(policy))
		}
		return sts.NewFromConfig(w.AWS(admin)).GetFederationToken(ctx, in)
	}
	read := func(k client.Key, key string) error {
		_, err := w.Read(ctx, k, corp.Bucket, key)
		return err
	}

	t.Run("GetSessionToken", func(t *testing.T) {
		k := session(admin)
		if arn, _ := identity(t, w, k); arn != user {
			t.Errorf("who: %s", arn)
		}
		if err := read(k, "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		_, err := iam.NewFromConfig(w.AWS(k)).ListUsers(ctx, nil)
		refused(t, err, "AccessDenied", "iam:ListUsers")
		_, err = sts.NewFromConfig(w.AWS(k)).GetSessionToken(ctx, nil)
		refused(t, err, "AccessDenied", "Cannot call GetSessionToken with session credentials")
		_, err = sts.NewFromConfig(w.AWS(k)).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("x1")})
		refused(t, err, "AccessDenied", "Cannot call GetFederationToken with session credentials")
		_, err = sts.NewFromConfig(w.AWS(admin)).GetSessionToken(ctx, &sts.GetSessionTokenInput{SerialNumber: aws.String("GAHT12345678"), TokenCode: aws.String("123456")})
		refused(t, err, "AccessDenied", "MultiFactorAuthentication")
		makeRole(t, w, w.Root(), "onward", `{"Effect":"Allow","Principal":{"AWS":"`+user+`"},"Action":"sts:AssumeRole"}`, `{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
		role := "arn:aws:iam::" + w.Account + ":role/onward"
		must[client.Key](t)(w.Assume(ctx, k, role, "rr", ""))
		long := must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(w.Root())).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: aws.Int32(7200)}))
		if left := time.Until(*long.Credentials.Expiration); left > time.Hour {
			t.Errorf("the root user's session lasts %s", left)
		}
		if arn, _ := identity(t, w, keyOf(long.Credentials)); arn != "arn:aws:iam::"+w.Account+":root" {
			t.Errorf("who: %s", arn)
		}
		_, err = w.Assume(ctx, keyOf(long.Credentials), role, "rr", "")
		refused(t, err, "AccessDenied", "root accounts")
	})
	t.Run("GetFederationToken", func(t *testing.T) {
		bare := must[*sts.GetFederationTokenOutput](t)(federate(""))
		who := "arn:aws:sts::" + w.Account + ":federated-user/visitor"
		if *bare.FederatedUser.Arn != who || *bare.FederatedUser.FederatedUserId != w.Account+":visitor" {
			t.Errorf("the answer: %+v", bare)
		}
		if arn, id := identity(t, w, keyOf(bare.Credentials)); arn != who || id != w.Account+":visitor" {
			t.Errorf("who: %s %s", arn, id)
		}
		refused(t, read(keyOf(bare.Credentials), "shared/handbook.txt"), "AccessDenied", "no session policy allows")
		narrow := keyOf(must[*sts.GetFederationTokenOutput](t)(federate(`{"Effect":"Allow","Action":["s3:GetObject","iam:*","sts:*"],"Resource":["` + object + `","arn:aws:iam::*:*"]}`)).Credentials)
		if err := read(narrow, "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		refused(t, read(narrow, "finance/2026-q3.csv"), "AccessDenied", "no session policy allows")
		_, err := iam.NewFromConfig(w.AWS(narrow)).ListUsers(ctx, nil)
		refused(t, err, "AccessDenied", "iam:ListUsers")
		_, err = w.Assume(ctx, narrow, "arn:aws:iam::"+w.Account+":role/onward", "rr", "")
		refused(t, err, "AccessDenied", "sts:AssumeRole")
		_, err = federate(`{"Effect":"Allow"}`)
		refused(t, err, "MalformedPolicyDocument", "")
		_, err = sts.NewFromConfig(w.AWS(w.Root())).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("a b")})
		refused(t, err, "ValidationError", "name")
		root := must[*sts.GetFederationTokenOutput](t)(sts.NewFromConfig(w.AWS(w.Root())).GetFederationToken(ctx, &sts.GetFederationTokenInput{Name: aws.String("visitor"),
			PolicyArns: []ststypes.PolicyDescriptorType{{Arn: aws.String("arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")}}}))
		if err := read(keyOf(root.Credentials), "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}

		// A bucket policy that names the federated user needs no session policy; one that names the user behind it does.
		allow := func(principal string) {
			must[*s3.PutBucketPolicyOutput](t)(w.S3(w.Root()).PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: aws.String(corp.Bucket),
				Policy: aws.String(statement(`{"Effect":"Allow","Principal":{"AWS":"` + principal + `"},"Action":"s3:GetObject","Resource":"` + object + `"}`))}))
		}
		allow(user)
		refused(t, read(keyOf(bare.Credentials), "shared/handbook.txt"), "AccessDenied", "no session policy allows")
		allow(who)
		if err := read(keyOf(bare.Credentials), "shared/handbook.txt"); err != nil {
			t.Error(err)
		}
		tagged := must[*sts.GetFederationTokenOutput](t)(federate(`{"Effect":"Allow","Action":"s3:*","Resource":"*","Condition":{"StringEquals":{"aws:PrincipalTag/team":"mill"}}}`, ststypes.Tag{Key: aws.String("team"), Value: aws.String("mill")}))
		if err := read(keyOf(tagged.Credentials), "finance/2026-q3.csv"); err != nil {
			t.Error(err)
		}
	})
	t.Run("they end with the user", func(t *testing.T) {
		k, f := session(admin), keyOf(must[*sts.GetFederationTokenOutput](t)(federate(`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)).Credentials)
		x := iam.NewFromConfig(w.AWS(w.Root()))
		must[*iam.DeleteAccessKeyOutput](t)(x.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("admin"), AccessKeyId: &admin.ID}))
		must[*iam.DetachUserPolicyOutput](t)(x.DetachUserPolicy(ctx, &iam.DetachUserPolicyInput{UserName: aws.String("admin"), PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
		refused(t, read(k, "finance/2026-q3.csv"), "AccessDenied", "no identity-based policy allows")
		refused(t, read(f, "finance/2026-q3.csv"), "AccessDenied", "no identity-based policy allows")
		must[*iam.DeleteUserOutput](t)(x.DeleteUser(ctx, &iam.DeleteUserInput{UserName: aws.String("admin")}))
		must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("admin")}))
		refused(t, read(k, "shared/handbook.txt"), "AccessDenied", "deleted")
		refused(t, read(f, "shared/handbook.txt"), "AccessDenied", "deleted")
	})
}

func TestAuthorizationMessages(t *testing.T) {
	ctx := t.Context()
	c := settle(t)
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
		out := must[*sts.DecodeAuthorizationMessageOutput](t)(sts.NewFromConfig(c.AWS(c.Root())).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &x.text}))
		var m struct {
			Allowed, ExplicitDeny bool
			Context               struct {
				Action, Resource string
				Principal        map[string]string
			}
		}
		if err := json.Unmarshal([]byte(*out.DecodedMessage), &m); err != nil || m.Allowed || m.Context.Action != x.action || m.Context.Principal["arn"] != "arn:aws:iam::"+c.Account+":user/machine" {
			t.Errorf("%s, %v", *out.DecodedMessage, err)
		}
	}
	decode := func(k client.Key, text string) error {
		_, err := sts.NewFromConfig(c.AWS(k)).DecodeAuthorizationMessage(ctx, &sts.DecodeAuthorizationMessageInput{EncodedMessage: &text})
		return err
	}
	refused(t, decode(c.Machine, text), "AccessDenied", "sts:DecodeAuthorizationMessage")
	refused(t, decode(c.Root(), text[:20]+map[bool]string{true: "B", false: "A"}[text[20] == 'A']+text[21:]), "InvalidAuthorizationMessageException", "not one that was made here")
	refused(t, decode(join(t, c.World, administrator(t, c.World), "elsewhere").key, text), "InvalidAuthorizationMessageException", "of this account")
}
