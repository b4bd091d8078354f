package world_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	oidctypes "github.com/aws/aws-sdk-go-v2/service/ssooidc/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
)

// What AWS's trusted-identity-propagation plugins do (sts.md §5): one token of the person makes the application's key, then the
// person's tokens, then the key in the person's name; later refreshes do without it.
func TestTheFlowOfAWSsPlugins(t *testing.T) {
	ctx := t.Context()
	c := withTokens(t)
	issuer := c.Provider.Issuer()
	x := iam.NewFromConfig(c.AWS(c.Root()))
	provider := must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{corp.ClientID}})).OpenIDConnectProviderArn
	must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("webapp"),
		PolicyDocument: aws.String(statement(`{"Effect":"Allow","Principal":{"Federated":"` + *provider + `"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + strings.TrimPrefix(issuer, "http://") + `:aud":"` + corp.ClientID + `"}}}`))}))
	id := c.Application[strings.LastIndex(c.Application, "/")+1:]
	token := must[string](t)(c.Provider.SignIn(ctx, alice))
	web := func() client.Key {
		t.Helper()
		return keyOf(must[*sts.AssumeRoleWithWebIdentityOutput](t)(sts.NewFromConfig(c.AWS(client.Key{})).AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: &c.WebApp, RoleSessionName: aws.String("TrustedIdentityPropagationSDKPlugin-" + id), WebIdentityToken: &token})).Credentials)
	}
	exchange := func(in *ssooidc.CreateTokenWithIAMInput) (*ssooidc.CreateTokenWithIAMOutput, error) {
		in.ClientId = &c.Application
		return ssooidc.NewFromConfig(c.AWS(c.app)).CreateTokenWithIAM(ctx, in)
	}
	c.app = web()
	bearer := &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token}
	tokens := must[*ssooidc.CreateTokenWithIAMOutput](t)(exchange(bearer)) // the same token
	enhanced := func(context string) client.Key {
		t.Helper()
		name := "TrustedIdentityPropagationSDKPluginEnhanced-" + id
		if len(name) != 64 {
			t.Errorf("the session's name has %d characters", len(name))
		}
		out := must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(c.AWS(c.app)).AssumeRole(ctx, &sts.AssumeRoleInput{RoleArn: &c.Bearer, RoleSessionName: &name, DurationSeconds: aws.Int32(900),
			ProvidedContexts: []ststypes.ProvidedContext{{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: &context}}}))
		if left := time.Until(*out.Credentials.Expiration); left > 15*time.Minute || left < 14*time.Minute {
			t.Errorf("it lasts %s", left)
		}
		return keyOf(out.Credentials)
	}
	key, _, err := c.Vend(ctx, enhanced(*tokens.AwsAdditionalDetails.IdentityContext), "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	must[string](t)(c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"))
	c.app = web() // as often as it is asked
	_, err = exchange(bearer)
	refused(t, err, "InvalidGrantException", "already been exchanged")
	next := must[*ssooidc.CreateTokenWithIAMOutput](t)(exchange(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"), RefreshToken: tokens.RefreshToken}))
	enhanced(*next.AwsAdditionalDetails.IdentityContext)
	c.ahead.Store(int64(11 * time.Minute)) // the session has ended
	_, err = exchange(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"), RefreshToken: next.RefreshToken})
	var expired *oidctypes.ExpiredTokenException // what the plugins look for, before they exchange a fresh token
	if !errors.As(err, &expired) || aws.ToString(expired.Error_) != "expired_token" {
		t.Errorf("got %v", err)
	}
}

// The other ends of time: access tokens and codes that are too old.
func TestTokensGrowOld(t *testing.T) {
	ctx := t.Context()
	c := withTokens(t, func(s *server.Config) { s.Identity.SessionLifetime = 2 * time.Hour })
	second := c.another(t)
	const kind = "urn:ietf:params:oauth:grant-type:token-exchange"
	c.grant(t, second, kind, &ssotypes.GrantMemberTokenExchange{})
	putActors(t, c.sso, second, `{"Effect":"Allow","Principal":{"AWS":"`+c.Account+`"},"Action":"sso-oauth:*","Resource":"*"}`)
	tokens := c.signIn(t, alice)
	root := c.Root()
	ask := func(ahead time.Duration) rawAnswer {
		c.ahead.Store(int64(ahead))
		defer c.ahead.Store(0)
		return send(t, c.World, raw{method: "POST", path: "/token?aws_iam=t", service: "sso-oauth", key: &root, at: time.Now().Add(ahead), header: map[string]string{"Content-Type": "application/json"},
			body: `{"clientId":"` + second + `","grantType":"` + kind + `","subjectToken":"` + *tokens.AccessToken + `","subjectTokenType":"urn:ietf:params:oauth:token-type:access_token"}`})
	}
	if a := ask(59 * time.Minute); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := ask(61 * time.Minute); a.status != 400 || a.code != "ExpiredTokenException" || !strings.Contains(a.body, `"error":"expired_token"`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	w := signInWith(t, c.Company)
	w.app = c.app
	verifier := strings.Repeat("v", 43)
	code := w.signIn(t, browser(), w.request(verifier, nil), alice).Get("code")
	c.ahead.Store(int64(6 * time.Minute))
	defer c.ahead.Store(0)
	_, err := w.redeem(ctx, code, verifier)
	refused(t, err, "InvalidGrantException", "expired")
	_, err = w.redeem(ctx, code, verifier, func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = aws.String(*tokens.RefreshToken) })
	refused(t, err, "InvalidGrantException", "none that was issued")
}

// Who asks in another Region is told where to go, in members that the SDK knows.
func TestAnExchangeInAnotherRegion(t *testing.T) {
	c := withTokens(t)
	token := must[string](t)(c.Provider.SignIn(t.Context(), alice))
	_, err := ssooidc.NewFromConfig(c.AWS(c.app), func(o *ssooidc.Options) { o.Region = "eu-west-1" }).CreateTokenWithIAM(t.Context(),
		&ssooidc.CreateTokenWithIAMInput{ClientId: &c.Application, GrantType: aws.String(world.JWTBearer), Assertion: &token})
	var elsewhere *oidctypes.InvalidRequestRegionException
	if !errors.As(err, &elsewhere) || aws.ToString(elsewhere.Region) != "us-east-1" || aws.ToString(elsewhere.Endpoint) != c.Env.Get("AWS_ENDPOINT_URL") || aws.ToString(elsewhere.Error_) != "invalid_request" {
		t.Errorf("got %v", err)
	}
}

// The parameters of GetSessionToken and GetFederationToken (sts.md §8).
func TestUserSessionParameters(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	admin := administrator(t, w)
	x := iam.NewFromConfig(w.AWS(w.Root()))
	must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("poor")}))
	k := must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("poor")})).AccessKey
	poor := client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
	session := func(k client.Key, seconds int32) (*sts.GetSessionTokenOutput, error) {
		return sts.NewFromConfig(w.AWS(k)).GetSessionToken(ctx, &sts.GetSessionTokenInput{DurationSeconds: &seconds})
	}
	lasts := func(c *ststypes.Credentials, want time.Duration) {
		t.Helper()
		if left := time.Until(*c.Expiration); left > want || left < want-time.Minute {
			t.Errorf("it lasts %s, and should %s", left, want)
		}
	}
	for _, n := range []int32{899, 129601} {
		_, err := session(admin, n)
		refused(t, err, "ValidationError", "durationSeconds")
	}
	lasts(must[*sts.GetSessionTokenOutput](t)(session(poor, 129600)).Credentials, 36*time.Hour) // needs no permission
	lasts(must[*sts.GetSessionTokenOutput](t)(session(admin, 900)).Credentials, 15*time.Minute)
	lasts(must[*sts.GetSessionTokenOutput](t)(session(w.Root(), 900)).Credentials, 15*time.Minute)
	lasts(must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(admin)).GetSessionToken(ctx, nil)).Credentials, 12*time.Hour)

	federate := func(k client.Key, change func(*sts.GetFederationTokenInput)) (*sts.GetFederationTokenOutput, error) {
		in := &sts.GetFederationTokenInput{Name: aws.String("visitor")}
		change(in)
		return sts.NewFromConfig(w.AWS(k)).GetFederationToken(ctx, in)
	}
	name := func(s string) func(*sts.GetFederationTokenInput) {
		return func(in *sts.GetFederationTokenInput) { in.Name = &s }
	}
	tags := func(pairs ...string) func(*sts.GetFederationTokenInput) {
		return func(in *sts.GetFederationTokenInput) {
			for i := 0; i < len(pairs); i += 2 {
				in.Tags = append(in.Tags, ststypes.Tag{Key: &pairs[i], Value: &pairs[i+1]})
			}
		}
	}
	var eleven []ststypes.PolicyDescriptorType
	for range 11 {
		eleven = append(eleven, ststypes.PolicyDescriptorType{Arn: aws.String("arn:aws:iam::aws:policy/ReadOnlyAccess")})
	}
	for what, r := range map[string]struct {
		key         client.Key
		change      func(*sts.GetFederationTokenInput)
		code, words string
	}{
		"name of 1":       {admin, name("x"), "ValidationError", "name"},
		"name of 33":      {admin, name(strings.Repeat("x", 33)), "ValidationError", "name"},
		"no permission":   {poor, name("xx"), "AccessDenied", "sts:GetFederationToken"},
		"899 seconds":     {admin, func(in *sts.GetFederationTokenInput) { in.DurationSeconds = aws.Int32(899) }, "ValidationError", "durationSeconds"},
		"keys twice":      {admin, tags("a", "1", "A", "2"), "InvalidParameterValue", "Duplicate tag keys"},
		"reserved":        {admin, tags("aws:a", "1"), "InvalidParameterValue", "aws:"},
		"eleven policies": {admin, func(in *sts.GetFederationTokenInput) { in.PolicyArns = eleven }, "ValidationError", ""},
		"too much":        {admin, tags(long50()...), "PackedPolicyTooLarge", "Packed size of session tags consumes"},
		"no JSON":         {admin, func(in *sts.GetFederationTokenInput) { in.Policy = aws.String("x") }, "MalformedPolicyDocument", ""},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := federate(r.key, r.change)
			refused(t, err, r.code, r.words)
		})
	}
	out := must[*sts.GetFederationTokenOutput](t)(federate(admin, name(strings.Repeat("x", 32))))
	if out.PackedPolicySize == nil || *out.PackedPolicySize != 0 { //nolint:staticcheck // SDKs of before read the deprecated member
		t.Errorf("the packed size is %v", out.PackedPolicySize) //nolint:staticcheck // SDKs of before read the deprecated member
	}
	lasts(out.Credentials, 12*time.Hour)
	lasts(must[*sts.GetFederationTokenOutput](t)(federate(w.Root(), func(in *sts.GetFederationTokenInput) { in.DurationSeconds = aws.Int32(7200) })).Credentials, time.Hour)
	must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("poor"), PolicyName: aws.String("p"), PolicyDocument: aws.String(statement(`{"Effect":"Allow","Action":"sts:GetFederationToken","Resource":"*"}`))}))
	must[*sts.GetFederationTokenOutput](t)(federate(poor, name("xx")))
	_, err := federate(poor, tags("a", "1"))
	refused(t, err, "AccessDenied", "sts:TagSession")
}
