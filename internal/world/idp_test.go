package world_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"golang.org/x/oauth2"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// step is one thing a person does in a browser (tools/signin/browser).
type step struct {
	Open  string            `json:",omitempty"`
	Await string            `json:",omitempty"`
	Fill  map[string]string `json:",omitempty"`
	Shot  string            `json:",omitempty"`
	Click string            `json:",omitempty"`
}

type idpClient struct{ ID, Secret, Redirect string }

// idp is somebody else's OpenID provider, in a process of its own, and what a person does on its pages.
type idp struct {
	tool   string
	issuer string
	pages  func(login string) []step // sign in, and consent
	cancel []step                    // consent to nothing; nil where the provider asks for none
}

const password = "correct horse battery staple"

// run starts the provider: it takes its settings on a line, tells its issuer on a line, and ends with this test.
func (p *idp) run(t *testing.T, c *exec.Cmd, clients ...idpClient) {
	t.Helper()
	people := []string{"mallory@larkspur.example"} // whom the directory does not know
	for _, who := range corp.People {
		people = append(people, who.Login)
	}
	settings, _ := json.Marshal(map[string]any{"People": people, "Password": password, "Clients": clients}) // texts only
	in := worldtest.Must[io.WriteCloser](t)(c.StdinPipe())
	out := worldtest.Must[io.ReadCloser](t)(c.StdoutPipe())
	var log bytes.Buffer
	c.Stderr = &log
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close(); c.Wait() })
	if _, err := in.Write(append(settings, '\n')); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		c.Process.Kill()
		t.Fatalf("%s does not start: %v\n%s", p.tool, err, &log)
	}
	go io.Copy(io.Discard, out)
	p.issuer = strings.TrimSpace(line)
}

func zitadel(t *testing.T) (*idp, func(...idpClient)) {
	p := &idp{tool: "zitadel", pages: func(login string) []step {
		return []step{{Await: "#username", Fill: map[string]string{"#username": login, "#password": password},
			Click: "button[type=submit]"}}
	}}
	program := worldtest.BuildTool(t, p.tool, "provider")
	return p, func(clients ...idpClient) { p.run(t, exec.Command(program), clients...) }
}

func oidcProvider(t *testing.T) (*idp, func(...idpClient)) {
	signIn := func(login string) step {
		return step{Await: "[name=login]", Fill: map[string]string{"[name=login]": login, "[name=password]": password},
			Click: "button.login"}
	}
	p := &idp{tool: "oidc-provider",
		cancel: []step{signIn(worldtest.Alice), {Await: "[name=prompt][value=consent] ~ button", Click: "a[href$=abort]"}}}
	p.pages = func(login string) []step {
		return []step{signIn(login), {Await: "[name=prompt][value=consent] ~ button", Click: "button.login"}}
	}
	node, err := exec.LookPath("node")
	if err != nil {
		worldtest.Absent(t, p.tool, "Node.js is not installed")
	}
	modules := os.Getenv("GRANARY_TEST_NODE_MODULES")
	if _, err := os.Stat(filepath.Join(modules, "oidc-provider")); modules == "" || err != nil {
		worldtest.Absent(t, p.tool, "GRANARY_TEST_NODE_MODULES must name the folder node_modules that npm ci makes beside "+
			"tools/signin/oidc-provider/package.json")
	}
	dir := t.TempDir() // modules are found beside the script
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	script := worldtest.Must[[]byte](t)(os.ReadFile("../../tools/signin/oidc-provider/serve.mjs"))
	if err := os.WriteFile(filepath.Join(dir, "serve.mjs"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	return p, func(clients ...idpClient) { p.run(t, exec.Command(node, filepath.Join(dir, "serve.mjs")), clients...) }
}

// chromium walks through pages and returns where it ended.
func chromium(t *testing.T) func(steps ...step) (at *url.URL, text string) {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		worldtest.Absent(t, "chromium", "no chromium is installed")
	}
	program := worldtest.BuildTool(t, "chromium", "browser")
	dir := worldtest.Must[string](t)(os.MkdirTemp("", "web")) // not the test's own: a socket's path may have 107 bytes
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return func(steps ...step) (*url.URL, string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		c := exec.CommandContext(ctx, program)
		c.Env = append(os.Environ(), "CHROMIUM="+path, "TMPDIR="+dir)
		in, _ := json.Marshal(steps) // texts only
		c.Stdin = bytes.NewReader(in)
		var said bytes.Buffer
		c.Stderr = &said
		out, err := c.Output()
		if err != nil {
			t.Fatalf("the browser: %v\n%s", err, &said)
		}
		var page struct{ At, Text string }
		if err := json.Unmarshal(out, &page); err != nil {
			t.Fatal(err)
		}
		return worldtest.Must[*url.URL](t)(url.Parse(page.At)), page.Text
	}
}

// application is a web application that people come back to.
func application(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `<!doctype html><title>Application</title><h1 id="back">Back at the application</h1>`)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// Other people's identity providers, each a process of its own: tokens that they signed are exchanged, and people sign
// in on their pages in a real browser, up to the object.
func TestRealIdentityProviders(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*testing.T) (*idp, func(...idpClient)){"zitadel": zitadel,
		"oidc-provider": oidcProvider} {
		t.Run(name, func(t *testing.T) {
			p, run := make(t)
			walk := chromium(t)
			at := application(t)
			w := &worldtest.BrowserApp{Company: worldtest.Settle(t)}
			run(idpClient{"granary", "granary-secret", w.Server.WebURL() + "/authorize/callback"},
				idpClient{"app", "app-secret", at + "/own"})
			w.App = worldtest.Must[client.Key](t)(w.Assume(t.Context(), w.Machine, w.WebApp, "app", ""))
			c := &worldtest.Tokens{Company: w.Company, App: w.App, SSO: ssoadmin.NewFromConfig(w.AWS(w.Root()))}
			issuer := c.AddIssuer(t, p.issuer, "sub", "userName")
			t.Run("tokens that it signed are exchanged", func(t *testing.T) { exchangeOwn(t, c, p, walk, issuer, at+"/own") })
			t.Run("people sign in with a browser",
				func(t *testing.T) { signInWithBrowser(t, w, c, p, walk, issuer, at+"/signed-in") })
		})
	}
}

// exchangeOwn lets the application sign somebody in at the provider as its own client, and exchange the token.
func exchangeOwn(t *testing.T, c *worldtest.Tokens, p *idp, walk func(...step) (*url.URL, string),
	issuer, back string) {
	ctx := t.Context()
	c.PutGrant(t, c.Application, world.JWTBearer,
		&ssotypes.GrantMemberJwtBearer{
			Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
				{TrustedTokenIssuerArn: &issuer, AuthorizedAudiences: []string{"app"}}}}})
	var at struct{ Authorization_endpoint, Token_endpoint string }
	r := worldtest.Must[*http.Response](t)(http.Get(strings.TrimSuffix(p.issuer, "/") +
		"/.well-known/openid-configuration"))
	defer r.Body.Close()
	if err := json.NewDecoder(r.Body).Decode(&at); err != nil {
		t.Fatal(err)
	}
	own := oauth2.Config{ClientID: "app", ClientSecret: "app-secret", RedirectURL: back, Scopes: []string{"openid"},
		Endpoint: oauth2.Endpoint{AuthURL: at.Authorization_endpoint, TokenURL: at.Token_endpoint,
			AuthStyle: oauth2.AuthStyleInHeader}}
	verifier := oauth2.GenerateVerifier()
	end, text := walk(append(append([]step{{Open: own.AuthCodeURL("st", oauth2.S256ChallengeOption(verifier))}},
		p.pages(worldtest.Alice)...), step{Await: "#back"})...)
	if end.Query().Get("code") == "" {
		t.Fatalf("the browser ended at %s\n%s", end, text)
	}
	got := worldtest.Must[*oauth2.Token](t)(own.Exchange(ctx, end.Query().Get("code"), oauth2.VerifierOption(verifier)))
	token, _ := got.Extra("id_token").(string)
	var header struct{ Alg string }
	if err := json.Unmarshal(worldtest.DecodeBase64(t, strings.Split(token, ".")[0]), &header); err != nil ||
		header.Alg != "RS256" {
		t.Fatalf("the provider signs with %q, %v", header.Alg, err)
	}
	out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(
		c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer), Assertion: &token}))
	if claims := worldtest.PayloadOf(t, *out.IdToken); claims["sub"] != c.Users[worldtest.Alice] {
		t.Errorf("exchanged for %v", claims["sub"])
	}
	reads(t, c.Company, c.App, out)
	t.Run("and make a workload a role", func(t *testing.T) { beWorkload(t, c, p.issuer, token) })
	parts := strings.Split(token, ".")
	for name, bad := range map[string]string{
		"another's claims": parts[0] + "." +
			worldtest.EncodeBase64([]byte(`{"iss":"`+p.issuer+`","sub":"`+worldtest.Bob+`","aud":"app","exp":4102444800}`)) +
			"." + parts[2],
		"no signature": worldtest.EncodeBase64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.CreateToken(ctx, &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
				Assertion: &bad})
			worldtest.Refused(t, err, "InvalidGrantException", "")
		})
	}
}

// beWorkload assumes a role with the provider's token.
func beWorkload(t *testing.T, c *worldtest.Tokens, issuer, token string) {
	ctx := t.Context()
	made := worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(iam.NewFromConfig(c.AWS(c.Root())).
		CreateOpenIDConnectProvider(ctx, &iam.CreateOpenIDConnectProviderInput{Url: &issuer, ClientIDList: []string{"app"}}))
	name := strings.SplitN(*made.OpenIDConnectProviderArn, "/", 2)[1]
	worldtest.MakeRole(t, c.World, c.Root(), "workload", `{"Effect":"Allow","Principal":{"Federated":"`+
		*made.OpenIDConnectProviderArn+`"},"Action":"sts:AssumeRoleWithWebIdentity","Condition":{"StringEquals":{"`+name+
		`:sub":"`+worldtest.Alice+`","`+name+`:aud":"app"}}}`,
		`{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`)
	out := worldtest.Must[*sts.AssumeRoleWithWebIdentityOutput](t)(sts.NewFromConfig(c.AWS(client.Key{})).
		AssumeRoleWithWebIdentity(ctx, &sts.AssumeRoleWithWebIdentityInput{
			RoleArn: aws.String("arn:aws:iam::" + c.Account + ":role/workload"), RoleSessionName: aws.String("workload"),
			WebIdentityToken: &token}))
	worldtest.Must[string](t)(c.Read(ctx, worldtest.KeyOf(out.Credentials), corp.Bucket, "shared/handbook.txt"))
}

// reads goes on from tokens to the object.
func reads(t *testing.T, c *world.Company, app client.Key, tokens *ssooidc.CreateTokenWithIAMOutput) {
	t.Helper()
	ctx := t.Context()
	person := worldtest.Must[client.Key](t)(c.Assume(ctx, app, c.Bearer, "alice",
		*tokens.AwsAdditionalDetails.IdentityContext))
	key, _, err := c.Vend(ctx, person, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	if got := worldtest.Must[string](t)(c.Read(ctx, key, corp.Bucket,
		"finance/2026-q3.csv")); got != corp.Files["finance/2026-q3.csv"] {
		t.Errorf("read %q", got)
	}
}

// signInWithBrowser sends a browser from the application to Granary, to the provider's pages, and back. The provider
// keeps the claim out of its identity token, and so is asked for it.
func signInWithBrowser(t *testing.T, w *worldtest.BrowserApp, c *worldtest.Tokens, p *idp,
	walk func(...step) (*url.URL, string), issuer,
	back string) {
	ctx := t.Context()
	worldtest.Must[*ssoadmin.UpdateTrustedTokenIssuerOutput](t)(c.SSO.UpdateTrustedTokenIssuer(ctx,
		&ssoadmin.UpdateTrustedTokenIssuerInput{TrustedTokenIssuerArn: &issuer,
			TrustedTokenIssuerConfiguration: &ssotypes.TrustedTokenIssuerUpdateConfigurationMemberOidcJwtConfiguration{
				Value: ssotypes.OidcJwtUpdateConfiguration{
					ClaimAttributePath: aws.String("preferred_username")}}}))
	c.PutGrant(t, c.Application, "authorization_code",
		&ssotypes.GrantMemberAuthorizationCode{Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{back}}})
	if err := client.Ask(ctx, w.Env, "PutSignInProvider",
		map[string]any{"InstanceArn": w.Instance, "TrustedTokenIssuerArn": issuer, "ClientId": "granary",
			"ClientSecret": "granary-secret"}, nil); err != nil {
		t.Fatal(err)
	}
	verifier := oauth2.GenerateVerifier()
	request := step{Open: w.AuthorizeURL(verifier, map[string]string{"redirect_uri": back})}
	signIn := func(pages []step) url.Values {
		t.Helper()
		end, text := walk(append(append([]step{request}, pages...), step{Await: "#back"})...)
		if !strings.HasPrefix(end.String(), back+"?") || end.Query().Get("state") != "st" {
			t.Fatalf("the browser ended at %s\n%s", end, text)
		}
		return end.Query()
	}
	redirect := func(in *ssooidc.CreateTokenWithIAMInput) { in.RedirectUri = &back }

	code := signIn(p.pages(worldtest.Alice)).Get("code")
	_, err := w.Redeem(ctx, code, oauth2.GenerateVerifier(), redirect)
	worldtest.Refused(t, err, "InvalidGrantException", "codeVerifier")
	out := worldtest.Must[*ssooidc.CreateTokenWithIAMOutput](t)(w.Redeem(ctx, code, verifier, redirect))
	if claims := worldtest.PayloadOf(t, *out.IdToken); claims["sub"] != w.Users[worldtest.Alice] {
		t.Errorf("signed in as %v", claims["sub"])
	}
	reads(t, w.Company, w.App, out)
	_, err = w.Redeem(ctx, code, verifier, redirect)
	worldtest.Refused(t, err, "InvalidGrantException", "redeemed before")

	for who, says := range map[string]string{worldtest.Erin: "deactivated", "mallory@larkspur.example": "no user"} {
		if q := signIn(p.pages(who)); q.Get("error") != "access_denied" || !strings.Contains(q.Get("error_description"),
			says) {
			t.Errorf("%s came back with %v", who, q)
		}
	}
	if p.cancel != nil {
		if q := signIn(p.cancel); q.Get("error") != "access_denied" || !strings.Contains(q.Get("error_description"),
			"refused the sign-in") {
			t.Errorf("who consents to nothing came back with %v", q)
		}
	}
	// What cannot go back to an application ends on a page that people can read.
	_, text := walk(step{Open: w.AuthorizeURL(verifier, map[string]string{"redirect_uri": "https://thief.example/"}),
		Shot: os.Getenv("GRANARY_TEST_SHOT")})
	if !strings.Contains(text, "You could not be signed in") || !strings.Contains(text, "redirect_uri") {
		t.Errorf("the page says %q", text)
	}
}
