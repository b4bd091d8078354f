package world_test

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// startOn starts a server with settings of its own, without a company.
func startOn(t *testing.T, c server.Config) *world.World {
	t.Helper()
	w := worldtest.Must[*world.World](t)(world.Start(context.Background(), c, "127.0.0.1:0",
		slog.New(slog.NewTextHandler(io.Discard, nil))))
	t.Cleanup(func() { w.Stop() })
	return w
}

// Whatever people, identity providers and links are told of the web door is web_url, wherever the door listens.
func TestWebURLIsWhatEverybodyIsTold(t *testing.T) {
	t.Parallel()
	const public = "https://people.corp.example"
	at := worldtest.FreeAddress(t)
	c := worldtest.Defaults(t)
	c.Web, c.WebURL, c.Identity.TokenIssuer = at, public+"/", "web"
	w := startOn(t, c)
	company, err := w.Directory(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if w.Env.Get("GRANARY_WEB_URL") != public || !strings.HasPrefix(company.SCIM.Endpoint, public+"/") ||
		w.Server.WebURL() != public {
		t.Errorf("%s, %s, %s", w.Env.Get("GRANARY_WEB_URL"), company.SCIM.Endpoint, w.Server.WebURL())
	}
	company.SCIM.Endpoint = "http://" + at + strings.TrimPrefix(company.SCIM.Endpoint, public)
	for _, step := range []error{w.Files(t.Context()), company.Provision(t.Context()), company.Roles(t.Context()),
		company.Connect(t.Context()), company.Grant(t.Context())} {
		if step != nil {
			t.Fatal(step)
		}
	}
	var user struct{ Meta struct{ Location string } }
	if _, err := company.SCIM.Do(t.Context(), "GET", "/Users/"+company.Users[worldtest.Alice], nil, &user); err != nil ||
		!strings.HasPrefix(user.Meta.Location, public+"/") {
		t.Errorf("meta.location: %v %s", err, user.Meta.Location)
	}
	browsers := worldtest.AddBrowserSignIn(t, company)
	var provider struct{ RedirectUri string }
	if err := client.Ask(t.Context(), w.Env, "DescribeSignInProvider", map[string]string{"InstanceArn": company.Instance},
		&provider); err != nil || provider.RedirectUri != public+"/authorize/callback" {
		t.Errorf("redirect URI: %v %s", err, provider.RedirectUri)
	}
	get := func(path string) *http.Response {
		stay := &http.Client{Transport: &http.Transport{DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp := worldtest.Must[*http.Response](t)(stay.Get("http://" + at + path))
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	var discovery map[string]any
	if err := json.Unmarshal(worldtest.Must[[]byte](t)(io.ReadAll(get("/.well-known/openid-configuration").Body)),
		&discovery); err != nil || discovery["issuer"] != public ||
		!strings.HasPrefix(discovery["jwks_uri"].(string), public+"/") {
		t.Errorf("discovery: %v %v", err, discovery)
	}
	resp := get(strings.TrimPrefix(browsers.AuthorizeURL(strings.Repeat("v", 43), nil), public))
	asked := worldtest.Must[*url.URL](t)(url.Parse(resp.Header.Get("Location")))
	if cookies := resp.Cookies(); asked.Query().Get("redirect_uri") != public+"/authorize/callback" || len(cookies) == 0 ||
		!cookies[0].Secure {
		t.Errorf("the browser is sent to %s with %v", asked, cookies)
	}
	tokens, err := company.Exchange(t.Context(), browsers.App,
		worldtest.Must[string](t)(company.Provider.SignIn(t.Context(), worldtest.Alice)))
	if err != nil {
		t.Fatal(err)
	}
	if iss := worldtest.PayloadOf(t, *tokens.IdToken)["iss"]; iss != public {
		t.Errorf("the issuer of identity tokens is %v", iss)
	}
}

// On all addresses, under a domain of one's own, people are told the domain: 127.0.0.1 leads nobody here.
func TestADoorOnAllAddressesIsToldByItsDomain(t *testing.T) {
	t.Parallel()
	c := worldtest.Defaults(t)
	c.Web, c.Domain, c.AllowPlainHTTP = "0.0.0.0:0", "granary.corp.example", true
	w := startOn(t, c)
	if at := w.Server.WebURL(); !strings.HasPrefix(at, "http://granary.corp.example:") {
		t.Errorf("people are told %s", at)
	}
	c = worldtest.Defaults(t)
	c.Domain, c.APIURL = "granary.corp.example", "https://granary.corp.example"
	w = startOn(t, c)
	if env := w.Env; env.Get("AWS_ENDPOINT_URL") != c.APIURL || env.Has("HTTP_PROXY") ||
		!strings.Contains(env.Get("NO_PROXY"), ".granary.corp.example") {
		t.Errorf("behind a load balancer clients are told %v", env)
	}
	// The tools on this machine ask the door itself, whose name and TLS are the load balancer's.
	near := worldtest.Must[client.Connection](t)(client.Local(filepath.Dir(w.Server.EnvPath())))
	if err := near.Ask(t.Context(), "RotateKey", map[string]string{"Purpose": "sign"}, nil); err != nil {
		t.Error(err)
	}
}

// From the directory to the object, everything goes over TLS with a certificate that only the company's authority
// vouches for.
func TestTheWholeWayGoesOverTLS(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	if err := corp.WriteCertificate(dir, time.Now().Add(time.Hour), "granary.localhost",
		"*.granary.localhost"); err != nil {
		t.Fatal(err)
	}
	company := worldtest.SettleWith(t, func(c *server.Config) {
		c.TLS.Certificate, c.TLS.Key, c.TLS.CA = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem"),
			filepath.Join(dir, "ca.pem")
	})
	if at := company.Env.Get("AWS_ENDPOINT_URL"); !strings.HasPrefix(at, "https://granary.localhost:") ||
		!strings.HasPrefix(company.SCIM.Endpoint, "https://granary.localhost:") {
		t.Errorf("clients are told %s, providers %s", at, company.SCIM.Endpoint)
	}
	key, _, err := company.Vend(ctx, worldtest.Must[client.Key](t)(company.As(ctx, worldtest.Alice)),
		"s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	if text, err := company.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil ||
		text != corp.Files["finance/2026-q3.csv"] {
		t.Errorf("%q %v", text, err)
	}
	if err := company.SetActive(ctx, worldtest.Alice, false); err != nil {
		t.Fatal(err)
	}
	_, err = company.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv")
	worldtest.Refused(t, err, "AccessDenied", "deactivated")
	// Nobody who does not know the authority is taken in.
	var stranger client.Env
	for _, kv := range company.Env {
		if kv[0] != "AWS_CA_BUNDLE" {
			stranger = append(stranger, kv)
		}
	}
	if err := client.Ask(ctx, stranger, "RotateKey", map[string]string{"Purpose": "sign"}, nil); err == nil ||
		!strings.Contains(err.Error(), `"CN=Larkspur Root", which this machine does not trust`) {
		t.Errorf("without the authority: %v", err)
	}
}
