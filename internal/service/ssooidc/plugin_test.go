package ssooidc_test

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
	"granary/internal/worldtest"
)

// What AWS's trusted-identity-propagation plugins do (sts.md §5): one token of the person makes the application's key,
// then the person's tokens, then the key in the person's name; later refreshes do without it.
func TestTheFlowOfAWSsPlugins(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	issuer := c.Provider.Issuer()
	x := iam.NewFromConfig(c.AWS(c.Root()))
	provider := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(x.CreateOpenIDConnectProvider(ctx,
		&iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{corp.ClientID}})).OpenIDConnectProviderArn
	worldtest.Must[*iam.UpdateAssumeRolePolicyOutput](t)(x.UpdateAssumeRolePolicy(ctx,
		&iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("webapp"),
			PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"Federated":"` + *provider +
				`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"` + strings.TrimPrefix(issuer,
				"http://") + `:aud":"` + corp.ClientID + `"}}}`))}))
	id := c.Application[strings.LastIndex(c.Application, "/")+1:]
	token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	web := func() client.Key {
		t.Helper()
		return worldtest.KeyOf(worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(sts.NewFromConfig(c.AWS(client.Key{})).
			AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
				RoleArn: &c.WebApp, RoleSessionName: aws.String("TrustedIdentityPropagationSDKPlugin-" + id),
				WebIdentityToken: &token})).Credentials)
	}
	exchange := func(in *ssooidc.CreateTokenWithIAMInput) (*ssooidc.CreateTokenWithIAMOutput, error) {
		in.ClientId = &c.Application
		return ssooidc.NewFromConfig(c.AWS(c.App)).CreateTokenWithIAM(ctx, in)
	}
	c.App = web()
	bearer := &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token}
	tokens := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(exchange(bearer)) // the same token
	enhanced := func(context string) client.Key {
		t.Helper()
		name := "TrustedIdentityPropagationSDKPluginEnhanced-" + id
		if len(name) != 64 {
			t.Errorf("the session's name has %d characters", len(name))
		}
		out := worldtest.Must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(c.AWS(c.App)).AssumeRole(ctx,
			&sts.AssumeRoleInput{RoleArn: &c.Bearer, RoleSessionName: &name, DurationSeconds: aws.Int32(900),
				ProvidedContexts: []ststypes.ProvidedContext{
					{ProviderArn: aws.String("arn:aws:iam::aws:contextProvider/IdentityCenter"), ContextAssertion: &context}}}))
		if left := time.Until(*out.Credentials.Expiration); left > 15*time.Minute || left < 14*time.Minute {
			t.Errorf("it lasts %s", left)
		}
		return worldtest.KeyOf(out.Credentials)
	}
	key, _, err := c.Vend(ctx, enhanced(*tokens.AwsAdditionalDetails.IdentityContext), "s3://"+corp.Bucket+"/finance/*",
		"READ")
	if err != nil {
		t.Fatal(err)
	}
	worldtest.Must[string](t)(c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"))
	c.App = web() // as often as it is asked
	_, err = exchange(bearer)
	worldtest.Refused(t, err, "InvalidGrantException", "already been exchanged")
	next := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
		exchange(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"), RefreshToken: tokens.RefreshToken}))
	enhanced(*next.AwsAdditionalDetails.IdentityContext)
	c.Ahead.Store(int64(11 * time.Minute)) // the session has ended
	_, err = exchange(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"),
		RefreshToken: next.RefreshToken})
	var expired *oidctypes.ExpiredTokenException // what the plugins look for, before they exchange a fresh token
	if !errors.As(err, &expired) || aws.ToString(expired.Error_) != "expired_token" {
		t.Errorf("got %v", err)
	}
}

// The other ends of time: access tokens and codes that are too old.
func TestTokensGrowOld(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t, func(s *server.Config) { s.Identity.SessionLifetime = 2 * time.Hour })
	second := c.AnotherApplication(t)
	const kind = "urn:ietf:params:oauth:grant-type:token-exchange"
	c.PutGrant(t, second, kind, &ssotypes.GrantMemberTokenExchange{})
	putActors(t, c.SSO, second, `{"Effect":"Allow","Principal":{"AWS":"`+c.Account+`"},"Action":"sso-oauth:*",`+
		`"Resource":"*"}`)
	tokens := c.SignIn(t, worldtest.Alice)
	root := c.Root()
	ask := func(ahead time.Duration) worldtest.Answer {
		c.Ahead.Store(int64(ahead))
		defer c.Ahead.Store(0)
		return worldtest.Send(t, c.World, worldtest.Request{Method: "POST", Path: "/token?aws_iam=t", Service: "sso-oauth",
			Key: &root,
			At:  time.Now().Add(ahead), Header: map[string]string{"Content-Type": "application/json"},
			Body: `{"clientId":"` + second + `","grantType":"` + kind + `","subjectToken":"` + *tokens.AccessToken +
				`","subjectTokenType":"urn:ietf:params:oauth:token-type:access_token"}`})
	}
	if a := ask(59 * time.Minute); a.Status != 200 {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	if a := ask(61 * time.Minute); a.Status != 400 || a.Code != "ExpiredTokenException" ||
		!strings.Contains(a.Body, `"error":"expired_token"`) {
		t.Errorf("%d %s", a.Status, a.Body)
	}
	w := worldtest.AddBrowserSignIn(t, c.Company)
	w.App = c.App
	verifier := strings.Repeat("v", 43)
	code := w.SignIn(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code")
	c.Ahead.Store(int64(6 * time.Minute))
	defer c.Ahead.Store(0)
	_, err := w.Redeem(ctx, code, verifier)
	worldtest.Refused(t, err, "InvalidGrantException", "expired")
	_, err = w.Redeem(ctx, code, verifier,
		func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = aws.String(*tokens.RefreshToken) })
	worldtest.Refused(t, err, "InvalidGrantException", "none that was issued")
}

// Who asks in another Region is told where to go, in members that the SDK knows.
func TestAnExchangeInAnotherRegion(t *testing.T) {
	t.Parallel()
	c := worldtest.SettleTokens(t)
	token := worldtest.Must[string](t)(c.Provider.SignIn(t.Context(), worldtest.Alice))
	_, err := ssooidc.NewFromConfig(c.AWS(c.App), func(o *ssooidc.Options) { o.Region = "eu-west-1" }).
		CreateTokenWithIAM(t.Context(),
			&ssooidc.CreateTokenWithIAMInput{ClientId: &c.Application, GrantType: aws.String(world.JWTBearer),
				Assertion: &token})
	var elsewhere *oidctypes.InvalidRequestRegionException
	if !errors.As(err, &elsewhere) || aws.ToString(elsewhere.Region) != "us-east-1" ||
		aws.ToString(elsewhere.Endpoint) != c.Env.Get("AWS_ENDPOINT_URL") ||
		aws.ToString(elsewhere.Error_) != "invalid_request" {
		t.Errorf("got %v", err)
	}
}

// The parameters of GetSessionToken and GetFederationToken (sts.md §8).
func TestUserSessionParameters(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	admin := worldtest.MakeAdministrator(t, w)
	x := iam.NewFromConfig(w.AWS(w.Root()))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("poor")}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(ctx,
		&iam.CreateAccessKeyInput{UserName: aws.String("poor")})).AccessKey
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
		worldtest.Refused(t, err, "ValidationError", "durationSeconds")
	}
	lasts(worldtest.Must[*sts.GetSessionTokenOutput](t)(session(poor, 129600)).Credentials,
		36*time.Hour) // needs no permission
	lasts(worldtest.Must[*sts.GetSessionTokenOutput](t)(session(admin, 900)).Credentials, 15*time.Minute)
	lasts(worldtest.Must[*sts.GetSessionTokenOutput](t)(session(w.Root(), 900)).Credentials, 15*time.Minute)
	lasts(worldtest.Must[*sts.GetSessionTokenOutput](t)(sts.NewFromConfig(w.AWS(admin)).GetSessionToken(ctx,
		nil)).Credentials,
		12*time.Hour)

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
		"name of 1":     {admin, name("x"), "ValidationError", "name"},
		"name of 33":    {admin, name(strings.Repeat("x", 33)), "ValidationError", "name"},
		"no permission": {poor, name("xx"), "AccessDenied", "sts:GetFederationToken"},
		"899 seconds": {admin, func(in *sts.GetFederationTokenInput) { in.DurationSeconds = aws.Int32(899) },
			"ValidationError", "durationSeconds"},
		"keys twice":      {admin, tags("a", "1", "A", "2"), "InvalidParameterValue", "Duplicate tag keys"},
		"reserved":        {admin, tags("aws:a", "1"), "InvalidParameterValue", "aws:"},
		"eleven policies": {admin, func(in *sts.GetFederationTokenInput) { in.PolicyArns = eleven }, "ValidationError", ""},
		"too much": {admin, tags(worldtest.LongTags()...), "PackedPolicyTooLarge",
			"Packed size of session tags consumes"},
		"no JSON": {admin, func(in *sts.GetFederationTokenInput) { in.Policy = aws.String("x") },
			"MalformedPolicyDocument", ""},
	} {
		t.Run(what, func(t *testing.T) {
			_, err := federate(r.key, r.change)
			worldtest.Refused(t, err, r.code, r.words)
		})
	}
	out := worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(admin, name(strings.Repeat("x", 32))))
	if out.PackedPolicySize == nil || *out.PackedPolicySize !=
		0 { //nolint:staticcheck // SDKs of before read the deprecated member
		t.Errorf("the packed size is %v",
			out.PackedPolicySize) //nolint:staticcheck // SDKs of before read the deprecated member
	}
	lasts(out.Credentials, 12*time.Hour)
	lasts(
		worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(w.Root(),
			func(in *sts.GetFederationTokenInput) { in.DurationSeconds = aws.Int32(7200) })).Credentials, time.Hour)
	worldtest.Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(ctx, &iam.PutUserPolicyInput{UserName: aws.String("poor"),
		PolicyName:     aws.String("p"),
		PolicyDocument: aws.String(worldtest.Policy(`{"Effect":"Allow","Action":"sts:GetFederationToken","Resource":"*"}`))}))
	worldtest.Must[*sts.GetFederationTokenOutput](t)(federate(poor, name("xx")))
	_, err := federate(poor, tags("a", "1"))
	worldtest.Refused(t, err, "AccessDenied", "sts:TagSession")
}
