package signin_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// nothing listens there: the browser stops before it

func newWeb(t *testing.T) *worldtest.BrowserApp {
	t.Helper()
	return worldtest.AddBrowserSignIn(t, worldtest.Settle(t))
}

func TestBrowserSignIn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWeb(t)
	verifier := strings.Repeat("v", 43)
	code := func(login string, change map[string]string) string {
		t.Helper()
		back := w.SignIn(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, change), login)
		if back.Get("code") == "" || back.Get("state") != "st" {
			t.Fatalf("came back with %v", back)
		}
		return back.Get("code")
	}

	t.Run("from the browser to the data", func(t *testing.T) {
		out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(w.Redeem(ctx, code(worldtest.Alice, nil), verifier))
		claims := worldtest.PayloadOf(t, *out.IdToken)
		if claims["sub"] != w.Users[worldtest.Alice] || claims["act"] != nil {
			t.Errorf("the identity token: %v", claims)
		}
		person := worldtest.Must[client.Key](t)(w.Assume(ctx, w.App, w.Bearer, "alice",
			*out.AwsAdditionalDetails.IdentityContext))
		key, _, err := w.Vend(ctx, person, "s3://"+corp.Bucket+"/finance/*", "READ")
		if err != nil {
			t.Fatal(err)
		}
		worldtest.Must[string](t)(w.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"))
		worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(ssooidc.NewFromConfig(w.AWS(w.App)).CreateTokenWithIAM(ctx,
			&ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application,
				GrantType: aws.String("refresh_token"), RefreshToken: out.RefreshToken}))
	})
	t.Run("scopes are kept", func(t *testing.T) {
		out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(w.Redeem(ctx,
			code(worldtest.Alice, map[string]string{"scope": "openid sts:identity_context"}), verifier))
		if strings.Join(out.Scope, " ") != "sts:identity_context openid" {
			t.Errorf("scopes %v", out.Scope)
		}
	})
	t.Run("redeeming", func(t *testing.T) {
		once := code(worldtest.Alice, nil)
		for _, r := range []struct {
			change      func(*ssooidc.CreateTokenWithIAMInput)
			code, words string
		}{
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.CodeVerifier = aws.String(strings.Repeat("w", 43)) },
				"InvalidGrantException", "codeVerifier"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.CodeVerifier = nil }, "InvalidRequestException", "codeVerifier"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.RedirectUri = aws.String(worldtest.BackTo + "/") },
				"InvalidGrantException",
				"redirectUri"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.RedirectUri = nil }, "InvalidRequestException", "redirectUri"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = nil }, "InvalidRequestException", "code"},
			{func(in *ssooidc.CreateTokenWithIAMInput) { in.Code = aws.String("aoc" + once[3:40]) }, "InvalidGrantException",
				"none that was issued"},
		} {
			_, err := w.Redeem(ctx, once, verifier, r.change)
			worldtest.Refused(t, err, r.code, r.words)
		}
		out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(w.Redeem(ctx, once, verifier))
		_, err := w.Redeem(ctx, once, verifier)
		worldtest.Refused(t, err, "InvalidGrantException", "redeemed before")
		_, err = ssooidc.NewFromConfig(w.AWS(w.App)).CreateTokenWithIAM(ctx,
			&ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application, GrantType: aws.String("refresh_token"),
				RefreshToken: out.RefreshToken})
		worldtest.Refused(t, err, "InvalidGrantException", "revoked")
	})
	t.Run("who may not come in", func(t *testing.T) {
		sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
		require := func(yes bool) {
			worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
				sso.PutApplicationAssignmentConfiguration(ctx,
					&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &w.Application, AssignmentRequired: &yes}))
		}
		require(true)
		back := w.SignIn(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil), worldtest.Alice)
		if back.Get("error") != "access_denied" || !strings.Contains(back.Get("error_description"), "not assigned") ||
			back.Get("state") != "st" {
			t.Errorf("not assigned: %v", back)
		}
		require(false)
		for _, p := range corp.People {
			if p.Deactivated {
				back := w.SignIn(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil), p.Login)
				if back.Get("error") != "access_denied" || !strings.Contains(back.Get("error_description"), "deactivated") {
					t.Errorf("deactivated: %v", back)
				}
			}
		}
		gone := code(worldtest.Bob, nil)
		if err := w.SetActive(ctx, worldtest.Bob, false); err != nil {
			t.Fatal(err)
		}
		_, err := w.Redeem(ctx, gone, verifier)
		worldtest.Refused(t, err, "AccessDeniedException", "deactivated")
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
			status, body, at := worldtest.Visit(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, x.change))
			if status != 303 || at.Query().Get("error") != x.oauth || !strings.Contains(at.Query().Get("error_description"),
				x.says) {
				t.Errorf("%s: %d %s %s", name, status, at, body)
			}
		}
		_, _, at := worldtest.Visit(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil)+"&state=again")
		if at.Query().Get("error") != "invalid_request" {
			t.Errorf("two states: %s", at)
		}
	})
	t.Run("requests that end on a page", func(t *testing.T) {
		for name, x := range map[string]struct {
			address, says string
		}{
			"unknown client": {w.AuthorizeURL(verifier, map[string]string{"client_id": "<script>"}), "not known here"},
			"other redirect": {w.AuthorizeURL(verifier, map[string]string{"redirect_uri": "https://thief.example/"}),
				"does not have"},
			"a longer one": {w.AuthorizeURL(verifier, map[string]string{"redirect_uri": worldtest.BackTo + "/../x"}),
				"does not have"},
			"no redirect": {w.AuthorizeURL(verifier, map[string]string{"redirect_uri": "-"}), "does not have"},
			"no sign-in":  {w.Server.WebURL() + "/authorize/callback?code=x&state=" + strings.Repeat("0", 32), "under way"},
			"odd state":   {w.Server.WebURL() + "/authorize/callback?code=x&state=..%2F", "under way"},
		} {
			status, body, _ := worldtest.Visit(t, worldtest.NewBrowser(), x.address)
			if status != 400 || !strings.Contains(body, x.says) || strings.Contains(body, "<script>") {
				t.Errorf("%s: %d %s", name, status, body)
			}
		}
	})
	t.Run("another browser cannot come back", func(t *testing.T) {
		b := worldtest.NewBrowser()
		_, _, at := worldtest.Visit(t, b, w.AuthorizeURL(verifier, nil))
		stop := worldtest.NewBrowser()
		stop.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r, err := stop.PostForm(at.String(), url.Values{"person": {worldtest.Alice}})
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		status, body, _ := worldtest.Visit(t, worldtest.NewBrowser(),
			r.Header.Get("Location")) // the victim, sent there by a thief
		if status != 400 || !strings.Contains(body, "under way") {
			t.Errorf("%d %s", status, body)
		}
		// The one that set out can, once.
		if _, _, back := worldtest.Visit(t, b, r.Header.Get("Location")); back.Query().Get("code") == "" {
			t.Errorf("came back with %s", back)
		}
		if status, _, _ := worldtest.Visit(t, b, r.Header.Get("Location")); status != 400 {
			t.Errorf("came back twice: %d", status)
		}
	})
	t.Run("the provider's refusals are told", func(t *testing.T) {
		b := worldtest.NewBrowser()
		_, _, at := worldtest.Visit(t, b, w.AuthorizeURL(verifier, nil))
		state := at.Query().Get("state")
		_, _, back := worldtest.Visit(t, b, w.Server.WebURL()+"/authorize/callback?"+url.Values{"state": {state},
			"error": {"login_required"}, "error_description": {"no <b>way"}}.Encode())
		if back.Query().Get("error") != "access_denied" || !strings.Contains(back.Query().Get("error_description"),
			"login_required") {
			t.Errorf("came back with %s", back)
		}
		_, _, at = worldtest.Visit(t, b, w.AuthorizeURL(verifier, nil))
		_, _, back = worldtest.Visit(t, b, w.Server.WebURL()+"/authorize/callback?"+
			url.Values{"state": {at.Query().Get("state")},
				"code": {"made-up"}}.Encode())
		if !strings.Contains(back.Query().Get("error_description"), "did not accept the sign-in's code (invalid_grant") {
			t.Errorf("came back with %s", back)
		}
		_, _, at = worldtest.Visit(t, b, w.AuthorizeURL(verifier, nil))
		_, _, back = worldtest.Visit(t, b, w.Server.WebURL()+"/authorize/callback?"+
			url.Values{"state": {at.Query().Get("state")},
				"code": {"x"}, "iss": {"https://other.example"}}.Encode())
		if !strings.Contains(back.Query().Get("error_description"), "another identity provider") {
			t.Errorf("came back with %s", back)
		}
	})
	t.Run("cookies and headers", func(t *testing.T) {
		b := worldtest.NewBrowser()
		b.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		r := worldtest.Must[*http.Response](t)(b.Get(w.AuthorizeURL(verifier, nil)))
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
		asked := worldtest.Must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query()
		if asked.Get("scope") != "openid profile email" || asked.Get("nonce") == "" ||
			asked.Get("code_challenge_method") != "S256" || asked.Get("redirect_uri") != w.Server.WebURL()+
			"/authorize/callback" {
			t.Errorf("what the provider is asked: %v", asked)
		}
	})
	t.Run("the setting", func(t *testing.T) {
		var p struct{ IssuerUrl, ClientId, RedirectUri, ClientSecret string }
		if err := client.Ask(ctx, w.Env, "DescribeSignInProvider", map[string]string{"InstanceArn": w.Instance},
			&p); err != nil || p.IssuerUrl != w.Provider.Issuer() || p.ClientSecret != "" || p.RedirectUri == "" {
			t.Errorf("%+v, %v", p, err)
		}
		err := client.Ask(ctx, w.Env, "PutSignInProvider",
			map[string]any{"InstanceArn": w.Instance, "TrustedTokenIssuerArn": w.Application, "ClientId": "x"}, nil)
		if err == nil || !strings.Contains(err.Error(), "is no trusted token issuer of this instance") {
			t.Errorf("got %v", err)
		}
		if err := client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance},
			nil); err != nil {
			t.Error(err)
		}
		if _, _, at := worldtest.Visit(t, worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil)); at.Query().Get("error") !=
			"server_error" {
			t.Errorf("without a provider: %s", at)
		}
		err = client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance}, nil)
		if err == nil || !strings.Contains(err.Error(), "has no sign-in provider") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("too many from one address", func(t *testing.T) {
		for range 2000 {
			if status, _, _ := worldtest.Visit(t, worldtest.NewBrowser(), w.Server.WebURL()+"/authorize"); status ==
				http.StatusTooManyRequests {
				return
			}
		}
		t.Error("2000 requests were answered")
	})
}

// New keys take over at once, and what the old ones made stays good.
func TestKeysRotate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	app := worldtest.Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))
	exchange := func() *ssooidc.CreateTokenWithIAMOutput {
		t.Helper()
		return worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(c.Exchange(ctx, app,
			worldtest.Must[string](t)(c.Provider.SignIn(ctx, worldtest.Alice))))
	}
	published := func() (ids []string) {
		t.Helper()
		r := worldtest.Must[*http.Response](t)(http.Get(c.Server.WebURL() + "/.well-known/jwks.json"))
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
		if err := json.Unmarshal(worldtest.DecodeBase64(t, strings.Split(token, ".")[0]), &h); err != nil {
			t.Fatal(err)
		}
		return h
	}
	ids := published()
	if len(old) != 1 || len(ids) != 2 || header(*before.IdToken).Kid != old[0] || header(*after.IdToken).Kid == old[0] ||
		!strings.Contains(strings.Join(ids, " "), header(*after.IdToken).Kid) {
		t.Errorf("published before %v, after %v; signed with %s, then %s", old, ids, header(*before.IdToken).Kid,
			header(*after.IdToken).Kid)
	}
	// The session and the identity context of before still serve.
	worldtest.Must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "alice", *before.AwsAdditionalDetails.IdentityContext))
	worldtest.Must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "alice", *after.AwsAdditionalDetails.IdentityContext))
	err := client.Ask(ctx, c.Env, "RotateKey", map[string]string{"Purpose": "kek"}, nil)
	if err == nil || !strings.Contains(err.Error(), "enum value set") {
		t.Errorf("got %v", err)
	}
}
