package worldtest

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

// BackTo is the application's redirect URI. Nothing listens there: the browser stops before it.
const BackTo = "http://127.0.0.1:1/signed-in"

// BrowserApp is an application that people sign in to with a browser. App is its key.
type BrowserApp struct {
	*world.Company
	App client.Key
}

// AddBrowserSignIn lets people sign in to the company's application with a browser.
func AddBrowserSignIn(t *testing.T, c *world.Company) *BrowserApp {
	t.Helper()
	ctx := t.Context()
	sso := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantTypeAuthorizationCode,
			Grant: &ssotypes.GrantMemberAuthorizationCode{
				Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{BackTo, "https://app.example/cb?x=1"}}}}))
	Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantTypeRefreshToken,
			Grant: &ssotypes.GrantMemberRefreshToken{}}))
	if err := client.Ask(ctx, c.Env, "PutSignInProvider",
		map[string]any{"InstanceArn": c.Instance, "TrustedTokenIssuerArn": c.Issuer, "ClientId": corp.ClientID,
			"ClientSecret": "s3cret"}, nil); err != nil {
		t.Fatal(err)
	}
	return &BrowserApp{c, Must[client.Key](t)(c.Assume(ctx, c.Machine, c.WebApp, "app", ""))}
}

// AuthorizeURL returns the application's request at /authorize with changed parameters. The value "-" removes one.
func (w *BrowserApp) AuthorizeURL(verifier string, change map[string]string) string {
	sum := sha256.Sum256([]byte(verifier))
	q := url.Values{"client_id": {w.Application}, "redirect_uri": {BackTo}, "response_type": {"code"}, "state": {"st"},
		"code_challenge": {EncodeBase64(sum[:])}, "code_challenge_method": {"S256"}}
	for k, v := range change {
		if v == "-" {
			q.Del(k)
		} else {
			q.Set(k, v)
		}
	}
	return w.Server.WebURL() + "/authorize?" + q.Encode()
}

// NewBrowser returns a client that keeps cookies, and stops before BackTo.
func NewBrowser() *http.Client {
	jar, _ := cookiejar.New(nil)
	return &http.Client{Jar: jar, CheckRedirect: func(r *http.Request, _ []*http.Request) error {
		if strings.HasPrefix(r.URL.String(), BackTo) {
			return http.ErrUseLastResponse
		}
		return nil
	}}
}

// Visit opens a page. at is where the answer sends the browser, or else the page's own address.
func Visit(t *testing.T, b *http.Client, address string) (status int, body string, at *url.URL) {
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

// SignIn signs a person in on the provider's page, and returns the parameters that come back to the application.
func (w *BrowserApp) SignIn(t *testing.T, b *http.Client, request, login string) url.Values {
	t.Helper()
	status, body, at := Visit(t, b, request)
	if status != 200 || !strings.HasPrefix(at.String(), w.Provider.Issuer()) {
		t.Fatalf("%d at %s\n%s", status, at, body)
	}
	r, err := b.PostForm(at.String(), url.Values{"person": {login}})
	if err != nil {
		t.Fatal(err)
	}
	r.Body.Close()
	to := Must[*url.URL](t)(url.Parse(r.Header.Get("Location")))
	if !strings.HasPrefix(to.String(), BackTo) {
		t.Fatalf("the browser came back to %s (%d)", to, r.StatusCode)
	}
	return to.Query()
}

// Redeem exchanges an authorization code for tokens.
func (w *BrowserApp) Redeem(ctx context.Context, code, verifier string,
	change ...func(*ssooidc.CreateTokenWithIAMInput)) (
	*ssooidc.CreateTokenWithIAMOutput, error) {
	in := &ssooidc.CreateTokenWithIAMInput{ClientId: &w.Application, GrantType: aws.String("authorization_code"),
		Code: &code, RedirectUri: aws.String(BackTo), CodeVerifier: &verifier}
	for _, fn := range change {
		fn(in)
	}
	return ssooidc.NewFromConfig(w.AWS(w.App)).CreateTokenWithIAM(ctx, in)
}

// PayloadOf returns the claims of a token, and does not verify it.
func PayloadOf(t *testing.T, token string) (claims map[string]any) {
	t.Helper()
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		t.Fatalf("not a JWT: %q", token)
	}
	if err := json.Unmarshal(DecodeBase64(t, parts[1]), &claims); err != nil {
		t.Fatal(err)
	}
	return claims
}

// DecodeBase64 decodes base64url without padding.
func DecodeBase64(t *testing.T, s string) []byte {
	t.Helper()
	return Must[[]byte](t)(base64.RawURLEncoding.DecodeString(s))
}
