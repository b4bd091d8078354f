package ssooidc_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// What an exchange answers, member by member and claim by claim, and no more (identity-center §10).
func TestWhatAnExchangeAnswers(t *testing.T) {
	t.Parallel()
	c := worldtest.SettleTokens(t)
	out := c.SignIn(t, worldtest.Alice)
	if !strings.HasPrefix(*out.AccessToken, "aoa") || !strings.HasPrefix(*out.RefreshToken, "aor") ||
		*out.TokenType != "Bearer" || out.ExpiresIn != 3600 ||
		*out.IssuedTokenType != "urn:ietf:params:oauth:token-type:refresh_token" ||
		strings.Join(out.Scope, " ") != "sts:identity_context s3:access_grants:read_write openid aws" {
		t.Errorf("the answer: %s %s %d %s %v", *out.AccessToken, *out.TokenType, out.ExpiresIn, *out.IssuedTokenType,
			out.Scope)
	}
	claims := worldtest.PayloadOf(t, *out.IdToken)
	want := []string{"act", "aud", "auth_time", "aws:credential_id", "aws:identity_store_arn", "aws:identity_store_id",
		"aws:instance_account", "aws:instance_arn", "exp", "iat", "iss", "sts:audit_context", "sts:identity_context", "sub"}
	if got := slices.Sorted(maps.Keys(claims)); !slices.Equal(got, want) {
		t.Errorf("the claims: %v", got)
	}
	issued := time.Unix(int64(claims["iat"].(float64)), 0).UTC()
	for name, value := range map[string]any{
		"iss": "https://identitycenter.amazonaws.com/" + worldtest.InstanceID(c.Instance), "sub": c.Users[worldtest.Alice],
		"aws:identity_store_id": c.Store, "aws:instance_arn": c.Instance, "aws:instance_account": c.Account,
		"aws:identity_store_arn": "arn:aws:identitystore::" + c.Account + ":identitystore/" + c.Store,
		"sts:identity_context":   *out.AwsAdditionalDetails.IdentityContext,
		"auth_time":              issued.Format("2006-01-02T15:04:05Z"), "exp": claims["iat"].(float64) + 3600,
	} {
		if claims[name] != value {
			t.Errorf("%s is %v, and should be %v", name, claims[name], value)
		}
	}
	if act := claims["act"].(map[string]any); len(act) != 1 || act["sub"] != strings.Replace(c.Issuer, "/tti-", "/", 1) {
		t.Errorf("act is %v", act)
	}
	if aud := worldtest.DecodeBase64(t, claims["aud"].(string)); len(aud) < 16+len(c.Region) ||
		string(aud[len(aud)-len(c.Region):]) != c.Region {
		t.Errorf("aud is %v", claims["aud"])
	}
	if again := worldtest.PayloadOf(t, *c.SignIn(t, worldtest.Bob).IdToken); again["aud"] != claims["aud"] ||
		again["aws:credential_id"] == claims["aws:credential_id"] {
		t.Errorf("another's: %v", again)
	}
	for _, x := range []struct {
		asked             []string
		granted           string
		idToken, identity bool
	}{
		{[]string{"aws"}, "aws", false, false}, {[]string{"openid"}, "openid", true, false},
		{[]string{"sts:identity_context"}, "sts:identity_context", false, true},
		{[]string{"aws", "openid", "aws", "sts:identity_context"}, "sts:identity_context openid aws", true, true},
		{[]string{"s3:access_grants:read_write"}, "s3:access_grants:read_write", false, false},
	} {
		out := c.SignIn(t, worldtest.Alice, x.asked...)
		if strings.Join(out.Scope, " ") != x.granted || (out.IdToken != nil) != x.idToken ||
			(out.AwsAdditionalDetails != nil) != x.identity || out.AccessToken == nil || out.RefreshToken == nil {
			t.Errorf("asked for %v: %v, identity token %v, context %v", x.asked, out.Scope, out.IdToken != nil,
				out.AwsAdditionalDetails != nil)
		}
		if out.IdToken != nil {
			if _, has := worldtest.PayloadOf(t, *out.IdToken)["sts:identity_context"]; has != x.identity {
				t.Errorf("asked for %v: the identity token has a context: %v", x.asked, has)
			}
		}
	}
	// A context without the scope of Access Grants opens nothing that was granted to the person.
	bare := c.SignIn(t, worldtest.Alice, "sts:identity_context")
	key := worldtest.Must[client.Key](t)(c.Assume(t.Context(), c.App, c.Bearer, "bare",
		*bare.AwsAdditionalDetails.IdentityContext))
	_, _, err := c.Vend(t.Context(), key, "s3://"+corp.Bucket+"/finance/*", "READ")
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
}

// A session can be refreshed for as long as the application has the grant that it began with.
func TestGrantsThatAreTakenAway(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleTokens(t)
	w := worldtest.AddBrowserSignIn(t, c.Company)
	w.App = c.App
	verifier := strings.Repeat("v", 43)
	byBrowser := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(w.Redeem(ctx,
		w.SignIn(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code"), verifier))
	byToken := c.SignIn(t, worldtest.Alice)
	take := func(kind string) {
		worldtest.Must[*ssoadmin.DeleteApplicationGrantOutput](t)(c.SSO.DeleteApplicationGrant(ctx,
			&ssoadmin.DeleteApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantType(kind)}))
	}
	take(world.JWTBearer)
	_, err := c.Refresh(ctx, byToken.RefreshToken)
	worldtest.Refused(t, err, "InvalidGrantException", "grant that this session began with")
	byBrowser = worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Refresh(ctx, byBrowser.RefreshToken))
	take("authorization_code")
	_, err = c.Refresh(ctx, byBrowser.RefreshToken)
	worldtest.Refused(t, err, "InvalidGrantException", "grant that this session began with")
	if status, body, _ := worldtest.Visit(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil)); status != 400 ||
		!strings.Contains(body, "does not have") {
		t.Errorf("%d %s", status, body)
	}
}

// No token, code, assertion, context or secret is written down: neither in the audit log nor in the server's own,
// whatever fails.
func TestTokensAreNotWrittenDown(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	var log lockedBuffer
	config := worldtest.Defaults(t)
	w := worldtest.Must[*world.World](t)(world.Start(ctx, config, "127.0.0.1:0",
		slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
	t.Cleanup(func() { w.Stop() })
	c := &worldtest.Tokens{Company: worldtest.Must[*world.Company](t)(w.Settle(ctx))}
	c.App = worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	c.SSO = ssoadmin.NewFromConfig(c.AWS(c.Root()))
	c.PutGrant(t, c.Application, "refresh_token", &ssotypes.GrantMemberRefreshToken{})
	browsers := worldtest.AddBrowserSignIn(t, c.Company)
	browsers.App = c.App
	secrets := map[string]string{"the client secret": "s3cret", "the machine's key": c.Machine.Secret,
		"the session's secret": c.App.Secret, "the session's token": c.App.Token, "the SCIM token": c.SCIM.Token}

	assertion := worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))
	expired := worldtest.Must[string](t)(c.Provider.Issue(worldtest.Alice, corp.ClientID,
		func(m map[string]any) { m["exp"] = time.Now().Unix() - 600 }))
	secrets["the assertion"], secrets["the expired one"] = assertion, expired
	ask := func(in *ssooidc.CreateTokenWithIAMInput) *ssooidc.CreateTokenWithIAMOutput {
		out, _ := c.CreateToken(ctx, in) // some fail, and that is as good
		return out
	}
	out := ask(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &assertion})
	ask(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &assertion})
	ask(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &expired})
	next := ask(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("refresh_token"), RefreshToken: out.RefreshToken})
	ask(&ssooidc.CreateTokenWithIAMInput{GrantType: aws.String("urn:ietf:params:oauth:grant-type:token-exchange"),
		SubjectToken: out.AccessToken, SubjectTokenType: aws.String("urn:ietf:params:oauth:token-type:access_token")})
	for name, o := range map[string]*ssooidc.CreateTokenWithIAMOutput{"first": out, "next": next} {
		secrets[name+" access token"], secrets[name+" refresh token"], secrets[name+" identity token"], secrets[name+
			" context"] = *o.AccessToken, *o.RefreshToken, *o.IdToken, *o.AwsAdditionalDetails.IdentityContext
		secrets[name+" audit context"] = worldtest.PayloadOf(t, *o.IdToken)["sts:audit_context"].(string)
	}
	verifier := "verifier-" + strings.Repeat("w", 43)
	code := browsers.SignIn(t, worldtest.NewBrowser(), browsers.AuthorizeURL(verifier, nil), worldtest.Alice).Get("code")
	_, _ = browsers.Redeem(ctx, code, verifier+"x")
	_, _ = browsers.Redeem(ctx, code, verifier)
	_, _ = browsers.Redeem(ctx, code, verifier)
	secrets["the code"], secrets["the verifier"] = code, verifier
	person := worldtest.Must[client.Key](t)(c.Assume(ctx, c.App, c.Bearer, "alice",
		*out.AwsAdditionalDetails.IdentityContext))
	_, _ = c.Assume(ctx, c.App, c.Location, "alice", *out.AwsAdditionalDetails.IdentityContext)
	vended, _, err := c.Vend(ctx, person, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = c.Read(ctx, vended, corp.Bucket, "payroll/none")
	for name, k := range map[string]client.Key{"the person's": person, "the vended": vended} {
		secrets[name+" secret"], secrets[name+" token"] = k.Secret, k.Token
	}
	issuer := c.Provider.Issuer()
	worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).
		CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{corp.ClientID}}))
	_, _ = sts.NewFromConfig(c.AWS(client.Key{})).AssumeRoleWithWebIdentity(ctx,
		&sts.AssumeRoleWithWebIdentityInput{RoleArn: &c.WebApp, RoleSessionName: aws.String("web"),
			WebIdentityToken: &assertion})

	places := map[string]string{"the server's log": log.String()}
	for _, file := range worldtest.Must[[]string](t)(filepath.Glob(filepath.Join(filepath.Dir(c.Server.EnvPath()), "audit",
		"*"))) {
		places[filepath.Base(file)] = string(worldtest.Must[[]byte](t)(os.ReadFile(file)))
	}
	if len(places) < 2 || !strings.Contains(places["changes.jsonl"], "CreateTokenWithIAM") ||
		!strings.Contains(places["the server's log"], "CreateTokenWithIAM") {
		t.Fatalf("there is nothing to look at: %v", slices.Sorted(maps.Keys(places)))
	}
	for place, text := range places {
		for name, secret := range secrets {
			tail := secret // heads are the same for many
			if len(tail) > 40 {
				tail = tail[len(tail)-40:]
			}
			if escaped, _ := json.Marshal(tail); strings.Contains(text, tail) ||
				strings.Contains(text, string(escaped[1:len(escaped)-1])) {
				t.Errorf("%s stands in %s", name, place)
			}
		}
	}
}

// lockedBuffer is a buffer for several writers.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
