package world_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
)

const backTo = "http://127.0.0.1:1/signed-in" // nothing listens there: the browser stops before it

// web is an application with browser sign-in.
type web struct {
	*world.Company
	app client.Key
}

func newWeb(t *testing.T) *web {
	t.Helper()
	return signInWith(t, settle(t))
}

// signInWith lets people sign in to the company's application with a browser.
func signInWith(t *testing.T, c *world.Company) *web {
	t.Helper()
	ctx := t.Context()
	sso := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantTypeAuthorizationCode,
		Grant: &ssotypes.GrantMemberAuthorizationCode{Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{backTo, "https://app.example/cb?x=1"}}}}))
	must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantTypeRefreshToken,
		Grant: &ssotypes.GrantMemberRefreshToken{}}))
	if err := client.Ask(ctx, c.Env, "PutSignInProvider", map[string]any{"InstanceArn": c.Instance, "TrustedTokenIssuerArn": c.Issuer, "ClientId": corp.ClientID, "ClientSecret": "s3cret"}, nil); err != nil {
		t.Fatal(err)
	}
	return &web{c, must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))}
}

// request is the application's request at /authorize, with changes; "-" takes a parameter away.
func (w *web) request(verifier string, change map[string]string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {w.Application}, "redirect_uri": {backTo}, "response_type": {"code"}, "state": {"st"}, "code_challenge": {b64(sum[:])}, "code_challenge_method": {"S256"}}
	for k, v := range change {
		if v == "-" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
	}
	return w.Server.WebURL() + "/authorize?" + q.Encode()
}

// browser keeps cookies and stops where the application would be.
func browser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), backTo) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// visit opens a page.
func visit(t *testing.T, b *http.Client, address string) (status int, body string, at *url.URL) {
	t.Helper()
	r, err := b.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if to := r.Header.Get("Location"); to != "" {
		at, err = url.Parse(to)
		if err != nil {
			t.Fatal(err)
		}
		return r.StatusCode, string(text), at
	}
	return r.StatusCode, string(text), r.Request.URL
}

// signIn goes through the provider's page as a person and returns what comes back to the application.
func (w *web) signIn(t *testing.T, b *http.Client, request, login string) url.Values {
	t.Helper()
	status, body, at := visit(t, b, request)
	if status != 200 || !strings.HasPrefix(at.String(), w.Provider.Issuer()) {
		t.Fatalf("%d at %s\n%s", status, at, body)
	}
	r, err := b.PostForm(at.String(), url.Values{"person": {login}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	to := must[*url.URL](t)(url.Parse(r.Header.Get("Location")))
	if !strings.HasPrefix(to.String(), backTo) {
		t.Fatalf("the browser came back to %s (%d)", to, r.StatusCode)
	}
	return to.Query()
}

func (w *web) redeem(ctx context.Context, code, verifier string, change ...func(*ssooidc.CreateTokenWithIAMInput)) (*ssooidc.CreateTokenWithIAMOutput, error) {
	in := &ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application, GrantType: aws.String("authorization_code"), Code: &code, RedirectUri: aws.String(backTo), CodeVerifier: &verifier}
	for _, fn := range change {
		fn(in)
	}
	return ssooidc.NewFromConfig(w.AWS(w.app)).CreateTokenWithIAM(ctx, in)
}

func TestBrowserSignIn(t *testing.T) {
	ctx := t.Context()
	w := newWeb(t)
	verifier := strings.Repeat("v", 43)
	code := func(login string, change map[string]string) string {
		t.Helper()
		back := w.signIn(t, browser(), w.request(verifier, change), login)
		if back.Get("code") == "" || back.Get("state") != "st" {
			t.Fatalf("came back with %v", back)
		}
		return back.Get("code")
	}

	t.Run("from the browser to the data", func(t *testing.T) {
		out := must[*ssooidc.CreateTokenWithIAMOutput](t)(w.redeem(ctx, code(alice, nil), verifier))
		claims := payloadOf(t, *out.IdToken)
		if claims["sub"] != w.Users[alice] || claims["act"] != nil {
			t.Errorf("the identity token: %v", claims)
		}
		person := must[client.Key](t)(w.Assume(ctx, w.app, w.Bearer, "alice", *out.AwsAdditionalDetails.IdentityContext))
		key, _, err := w.Vend(ctx, person, "s3://"+corp.Bucket+"/finance/*", "READ")
		if err != nil {
			t.Fatal(err)
		}
		must[string](t)(w.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"))
		must[*ssooidc.CreateTokenWithIAMOutput](t)(ssooidc.NewFromConfig(w.AWS(w.app)).CreateTokenWithIAM(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application,
			GrantType: aws.String("refresh_token"), RefreshToken: out.RefreshToken}))
	})
	t.Run("scopes are kept", func(t *testing.T) {
		out := must[*ssooidc.CreateTokenWithIAMOutput](t)(w.redeem(ctx, code(alice, map[string]string{"scope": "openid sts:identity_context"}), verifier))
		if strings.Join(out.Scope, " ") != "sts:identity_context openid" {
			t.Errorf("scopes %v", out.Scope)
		}
	})
	t.Run("redeeming", func(t *testing.T) {
		once := code(alice, nil)
		for _, r := range []struct {
			change      func(*ssooidc.CreateTokenWithIAMInput)
			code, words string
		}{
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.CodeVerifier = aws.String(strings.Repeat("w", 43)) }, "InvalidGrantException", "codeVerifier"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.CodeVerifier = nil }, "InvalidRequestException", "codeVerifier"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.RedirectUri = aws.String(backTo + "/") }, "InvalidGrantException", "redirectUri"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.RedirectUri = nil }, "InvalidRequestException", "redirectUri"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = nil }, "InvalidRequestException", "code"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = aws.String("aoc" + once[3:40]) }, "InvalidGrantException", "none that was issued"},
		} {
			_, err := w.redeem(ctx, once, verifier, r.change)
			refused(t, err, r.code, r.words)
		}
		out := must[*ssooidc.CreateTokenWithIAMOutput](t)(w.redeem(ctx, once, verifier))
		_, err := w.redeem(ctx, once, verifier)
		refused(t, err, "InvalidGrantException", "redeemed before")
		_, err = ssooidc.NewFromConfig(w.AWS(w.app)).CreateTokenWithIAM(ctx, &ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application, GrantType: aws.String("refresh_token"), RefreshToken: out.RefreshToken})
		refused(t, err, "InvalidGrantException", "revoked")
	})
	t.Run("who may not come in", func(t *testing.T) {
		sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
		require := func(yes bool) {
			must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &w.Application, AssignmentRequired: &yes}))
		}
		require(true)
		back := w.signIn(t, browser(), w.request(verifier, nil), alice)
		if back.Get("error") != "access_denied" || !strings.Contains(back.Get("error_description"), "not assigned") || back.Get("state") != "st" {
			t.Errorf("not assigned: %v", back)
		}
		require(false)
		for _, p := range corp.People {
			if p.Deactivated {
				back := w.signIn(t, browser(), w.request(verifier, nil), p.Login)
				if back.Get("error") != "access_denied" || !strings.Contains(back.Get("error_description"), "deactivated") {
					t.Errorf("deactivated: %v", back)
				}
			}
		}
		gone := code(bob, nil)
		if err := w.SetActive(ctx, bob, false); err != nil {
			t.Fatal(err)
		}
		_, err := w.redeem(ctx, gone, verifier)
		refused(t, err, "AccessDeniedException", "deactivated")
	})
	t.Run("requests that go back", func(t *testing.T) {
		for name, x := range map[string]struct {
			change      map[string]string
			oauth, says string
		}{
			"token":       {map[string]string{"response_type": "token"}, "unsupported_response_type", "code"},
			"no PKCE":     {map[string]string{"code_challenge": "-"}, "invalid_request", "PKCE"},
			"plain PKCE":  {map[string]string{"code_challenge_method": "plain"}, "invalid_request", "S256"},
			"short":       {map[string]string{"code_challenge": "abc"}, "invalid_request", "43"},
			"scope":       {map[string]string{"scope": "openid root"}, "invalid_scope", "root"},
			"prompt none": {map[string]string{"prompt": "none"}, "login_required", "prompt"},
			"long state":  {map[string]string{"state": strings.Repeat("s", 2000)}, "invalid_request", "1024"},
			"request":     {map[string]string{"request": "x"}, "request_not_supported", ""},
		} {
			status, body, at := visit(t, browser(), w.request(verifier, x.change))
			if status != 303 || at.Query().Get("error") != x.oauth || !strings.Contains(at.Query().Get("error_description"), x.says) {
				t.Errorf("%s: %d %s %s", name, status, at, body)
			}
		}
		_, _, at := visit(t, browser(), w.request(verifier, nil)+"&state=again")
		if at.Query().Get("error") != "invalid_request" {
			t.Errorf("two states: %s", at)
		}
	})
	t.Run("requests that end on a page", func(t *testing.T) {
		for name, x := range map[string]struct {
			address, says string
		}{
			"unknown client": {w.request(verifier, map[string]string{"client_id": "<script>"}), "not known here"},
			"other redirect": {w.request(verifier, map[string]string{"redirect_uri": "https://thief.example/"}), "does not have"},
			"a longer one":   {w.request(verifier, map[string]string{"redirect_uri": backTo + "/../x"}), "does not have"},
			"no redirect":    {w.request(verifier, map[string]string{"redirect_uri": "-"}), "does not have"},
			"no sign-in":     {w.Server.WebURL() + "/authorize/callback?code=x&state=" + strings.Repeat("0", 32), "under way"},
			"odd state":      {w.Server.WebURL() + "/authorize/callback?code=x&state=..%2F", "under way"},
		} {
			status, body, _ := visit(t, browser(), x.address)
			if status != 400 || !strings.Contains(body, x.says) || strings.Contains(body, "<script>") {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
	})
	t.Run("another browser cannot come back", func(t *testing.T) {
		b := browser()
		_, _, at := visit(t, b, w.request(verifier, nil))
		stop := browser()
		stop.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r, err := stop.PostForm(at.String(), url.Values{"person": {alice}})
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		status, body, _ := visit(t, browser(), r.Header.Get("Location")) // the victim, sent there by a thief
		if status != 400 || !strings.Contains(body, "under way") {
			t.Errorf("%d %s", status, body)
		}
		// The one that set out can, once.
		if _, _, back := visit(t, b, r.Header.Get("Location")); back.Query().Get("code") == "" {
			t.Errorf("came back with %s", back)
		}
		if status, _, _ := visit(t, b, r.Header.Get("Location")); status != 400 {
			t.Errorf("came back twice: %d", status)
		}
	})
	t.Run("the provider's refusals are told", func(t *testing.T) {
		b := browser()
		_, _, at := visit(t, b, w.request(verifier, nil))
		state := at.Query().Get("state")
		_, _, back := visit(t, b, w.Server.WebURL()+"/authorize/callback?"+url.Values{"state": {state}, "error": {"login_required"}, "error_description": {"no <b>way"}}.Encode())
		if back.Query().Get("error") != "access_denied" || !strings.Contains(back.Query().Get("error_description"), "login_required") {
			t.Errorf("came back with %s", back)
		}
		_, _, at = visit(t, b, w.request(verifier, nil))
		_, _, back = visit(t, b, w.Server.WebURL()+"/authorize/callback?"+url.Values{"state": {at.Query().Get("state")}, "code": {"made-up"}}.Encode())
		if !strings.Contains(back.Query().Get("error_description"), "did not accept the sign-in's code (invalid_grant") {
			t.Errorf("came back with %s", back)
		}
		_, _, at = visit(t, b, w.request(verifier, nil))
		_, _, back = visit(t, b, w.Server.WebURL()+"/authorize/callback?"+url.Values{"state": {at.Query().Get("state")}, "code": {"x"}, "iss": {"https://other.example"}}.Encode())
		if !strings.Contains(back.Query().Get("error_description"), "another identity provider") {
			t.Errorf("came back with %s", back)
		}
	})
	t.Run("cookies and headers", func(t *testing.T) {
		b := browser()
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r := must[*http.Response](t)(b.Get(w.request(verifier, nil)))
		r.Body.Close()
		cookie := r.Header.Get("Set-Cookie")
		for _, want := range []string{"HttpOnly", "SameSite=Lax", "Path=/authorize", "Max-Age=600"} {
			if !strings.Contains(cookie, want) {
				t.Errorf("the cookie %q lacks %s", cookie, want)
			}
		}
		if r.Header.Get("Cache-Control") != "no-store" || r.Header.Get("Referrer-Policy") != "no-referrer" {
			t.Errorf("headers: %v", r.Header)
		}
		asked := must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query()
		if asked.Get("scope") != "openid profile email" || asked.Get("nonce") == "" || asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != w.Server.WebURL()+"/authorize/callback" {
			t.Errorf("what the provider is asked: %v", asked)
		}
	})
	t.Run("the setting", func(t *testing.T) {
		var p struct{ IssuerUrl, ClientId, RedirectUri, ClientSecret string }
		if err := client.Ask(ctx, w.Env, "DescribeSignInProvider", map[string]string{"InstanceArn": w.Instance}, &p); err != nil || p.IssuerUrl != w.Provider.Issuer() || p.ClientSecret != "" || p.RedirectUri == "" {
			t.Errorf("%+v, %v", p, err)
		}
		err := client.Ask(ctx, w.Env, "PutSignInProvider", map[string]any{"InstanceArn": w.Instance, "TrustedTokenIssuerArn": w.Application, "ClientId": "x"}, nil)
		if err == nil || !strings.Contains(err.Error(), "is no trusted token issuer of this instance") {
			t.Errorf("got %v", err)
		}
		if err := client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance}, nil); err != nil {
			t.Error(err)
		}
		if _, _, at := visit(t, browser(), w.request(verifier, nil)); at.Query().Get("error") != "server_error" {
			t.Errorf("without a provider: %s", at)
		}
		err = client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance}, nil)
		if err == nil || !strings.Contains(err.Error(), "has no sign-in provider") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too many from one address", func(t *testing.T) {
		for range 2000 {
			if status, _, _ := visit(t, browser(), w.Server.WebURL()+"/authorize"); status == http.StatusTooManyRequests {
				return
			}
		}
		t.Error("2000 requests were answered")
	})
}

// payloadOf reads a token's claims without believing them.
func payloadOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	if err := json.Unmarshal(unb64(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// New keys take over at once, and what the old ones made stays good.
func TestKeysRotate(t *testing.T) {
	ctx := t.Context()
	c := settle(t)
	app := must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	exchange := func() *ssooidc.CreateTokenWithIAMOutput {
		t.Helper()
		return must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Exchange(ctx, app, must[string](t)(c.Provider.SignIn(ctx, alice))))
	}
	published := func() (ids []string) {
		t.Helper()
		r := must[*http.Response](t)(http.Get(c.Server.WebURL() + "/.well-known/jwks.json"))
		defer r.Body.Close()
		var set struct{ Keys []struct{ Kid string } }
		if err := json.NewDecoder(r.Body).Decode(&set); err != nil {
			t.Fatal(err)
		}
		for _, k := range set.Keys {
			ids = append(ids, k.Kid)
		}
		return ids
	}
	before, old := exchange(), published()
	for _, purpose := range []string{"sign", "seal"} {
		if err := client.Ask(ctx, c.Env, "RotateKey", map[string]string{"Purpose": purpose}, nil); err != nil {
			t.Fatal(err)
		}
	}
	after := exchange()
	header := func(token string) (h struct{ Kid string }) {
		if err := json.Unmarshal(unb64(t, strings.Split(token, ".")[0]), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	ids := published()
	if len(old) != 1 || len(ids) != 2 || header(*before.IdToken).Kid != old[0] || header(*after.IdToken).Kid == old[0] || !strings.Contains(strings.Join(ids, " "), header(*after.IdToken).Kid) {
		t.Errorf("published before %v, after %v; signed with %s, then %s", old, ids, header(*before.IdToken).Kid, header(*after.IdToken).Kid)
	}
	// The session and the identity context of before still serve.
	must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "alice", *before.AwsAdditionalDetails.IdentityContext))
	must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "alice", *after.AwsAdditionalDetails.IdentityContext))
	err := client.Ask(ctx, c.Env, "RotateKey", map[string]string{"Purpose": "kek"}, nil)
	if err == nil || !strings.Contains(err.Error(), "enum value set") {
		t.Errorf("got %v", err)
	}
}

func unb64(t *testing.T, s string) []byte {
	t.Helper()
	return must[[]byte](t)(base64.RawURLEncoding.DecodeString(s))
}
