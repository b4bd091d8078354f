package signin_test

import (
	"html"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/front"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// Each way in which a sign-in with the browser is refused is answered with a decision id, which stands on the page that
// the person sees or, when it was about a person, in what the application is told; and it explains the link that broke.
func TestRefusedSignInsAreExplained(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := newWeb(t)
	sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
	verifier := strings.Repeat("v", 43)
	get := func(b *http.Client, address string) (*http.Response, string) {
		t.Helper()
		stop := &http.Client{Jar: b.Jar,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r := worldtest.Must[*http.Response](t)(stop.Get(address))
		defer r.Body.Close()
		return r, html.UnescapeString(string(worldtest.Must[[]byte](t)(io.ReadAll(r.Body))))
	}
	// refused demands that the browser ended where it ended with an id that explains why.
	refused := func(name string, r *http.Response, body, link, detail, fix, now string) {
		t.Helper()
		id := r.Header.Get(front.DecisionHeader)
		to := worldtest.Must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query()
		switch {
		case id == "":
			t.Errorf("%s: %d without a decision id", name, r.StatusCode)
			return
		case r.StatusCode >= 400 && !strings.Contains(body, id):
			t.Errorf("%s: the page does not show the decision id\n%s", name, body)
		case r.StatusCode < 400 && (to.Get("error") == "" || to.Get("state") != "st"):
			t.Errorf("%s: %d to %s", name, r.StatusCode, r.Header.Get("Location"))
		case to.Get("error") == "access_denied" && !strings.HasSuffix(to.Get("error_description"), "(decision "+id+")"):
			t.Errorf("%s: the application is told %v", name, to)
		}
		e := worldtest.BrokenAt(t, w.World, id, link, fix, now)
		if _, d, _ := e.Broken(); !strings.Contains(d, detail) {
			t.Errorf("%s: %q\nwant %q", name, d, detail)
		}
	}
	// under sets a browser out, and returns it with the callback that the provider would send it to.
	under := func(with url.Values) (*http.Client, string) {
		t.Helper()
		b := worldtest.NewBrowser()
		r, _ := get(b, w.AuthorizeURL(verifier, nil))
		with.Set("state", worldtest.Must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query().Get("state"))
		return b, w.Server.WebURL() + "/authorize/callback?" + with.Encode()
	}
	// sign lets a person sign in at the provider, and stops before the provider sends the browser back.
	sign := func(login string) (*http.Client, string) {
		t.Helper()
		b := worldtest.NewBrowser()
		_, _, at := worldtest.Visit(t, b, w.AuthorizeURL(verifier, nil))
		stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r := worldtest.Must[*http.Response](t)(stop.PostForm(at.String(), url.Values{"person": {login}}))
		r.Body.Close()
		return b, r.Header.Get("Location")
	}

	for _, x := range []struct {
		name, address, link, detail, fix string
	}{
		{"unknown client", w.AuthorizeURL(verifier, map[string]string{"client_id": w.Application + "0"}), "application",
			"not known here", "list-applications"},
		{"no client", w.AuthorizeURL(verifier, map[string]string{"client_id": "-"}), "application", "not known here",
			"list-applications"},
		{"another redirect", w.AuthorizeURL(verifier, map[string]string{"redirect_uri": "https://thief.example/"}),
			"application",
			"redirect_uri", "put-application-grant --application-arn " + w.Application},
		{"a forged state", w.Server.WebURL() + "/authorize/callback?code=x&state=" + strings.Repeat("0", 32), "browser",
			"under way", "sign in again"},
		{"no state", w.Server.WebURL() + "/authorize/callback?code=x", "browser", "under way", "sign in again"},
		{"response type", w.AuthorizeURL(verifier, map[string]string{"response_type": "token"}), "request", "response_type",
			"/authorize"},
		{"no PKCE", w.AuthorizeURL(verifier, map[string]string{"code_challenge": "-"}), "request", "PKCE", "/authorize"},
		{"prompt none", w.AuthorizeURL(verifier, map[string]string{"prompt": "none"}), "request", "prompt", "/authorize"},
		{"scope", w.AuthorizeURL(verifier, map[string]string{"scope": "root"}), "scope", "root",
			"put-application-access-scope --application-arn " + w.Application},
	} {
		r, body := get(worldtest.NewBrowser(), x.address)
		refused(x.name, r, body, x.link, x.detail, x.fix, "UNKNOWN")
	}

	b, back := under(url.Values{"error": {"access_denied"}, "error_description": {"no"}})
	r, body := get(b, back)
	refused("the provider's error", r, body, "issuer", "no", "its own log", "UNKNOWN")
	b, back = under(url.Values{})
	r, body = get(b, back)
	refused("no code", r, body, "issuer", "without a code", "its own log", "UNKNOWN")
	b, back = under(url.Values{"code": {"x"}, "iss": {"https://other.example"}})
	r, body = get(b, back)
	refused("another provider", r, body, "issuer", "another identity provider", w.Provider.Issuer(), "UNKNOWN")
	b, back = under(url.Values{"code": {"made-up"}})
	r, body = get(b, back)
	refused("a code that the provider does not know", r, body, "token", "did not accept", "granary signin show", "UNKNOWN")
	r, body = get(b, back)
	refused("coming back twice", r, body, "browser", "under way", "sign in again", "UNKNOWN")
	b, back = sign(worldtest.Alice)
	w.Provider.SetDown(true)
	r, body = get(b, back)
	refused("the provider is gone", r, body, "issuer", "cannot be used", w.Provider.Issuer(), "UNKNOWN")
	w.Provider.SetDown(false)

	b, back = sign(worldtest.Erin)
	r, body = get(b, back)
	refused("deactivated", r, body, "user", "deactivated", "active to true", "REFUSED")
	id := r.Header.Get(front.DecisionHeader)
	if err := w.SetActive(ctx, worldtest.Erin, true); err != nil {
		t.Fatal(err)
	}
	worldtest.BrokenAt(t, w.World, id, "user", "", "ALLOWED")
	require := func(yes bool) {
		worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(
			sso.PutApplicationAssignmentConfiguration(ctx,
				&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &w.Application, AssignmentRequired: &yes}))
	}
	require(true)
	b, back = sign(worldtest.Hugo)
	r, body = get(b, back)
	refused("not assigned", r, body, "assignment", "not assigned", "create-application-assignment --application-arn "+
		w.Application+" --principal-type USER --principal-id "+w.Users[worldtest.Hugo], "REFUSED")
	require(false)
	worldtest.BrokenAt(t, w.World, r.Header.Get(front.DecisionHeader), "assignment", "", "ALLOWED")
	if _, err := w.SCIM.Do(ctx, "DELETE", "/Users/"+w.Users[worldtest.Bob], nil, nil); err != nil {
		t.Fatal(err)
	}
	b, back = sign(worldtest.Bob)
	r, body = get(b, back)
	refused("in no directory", r, body, "user", "no user", "Provision a user whose userName is \""+worldtest.Bob,
		"REFUSED")

	// The application is taken away while the person is at the provider.
	b, back = sign(worldtest.Alice)
	disable := func(status ssotypes.ApplicationStatus) {
		worldtest.Must[*ssoadmin.UpdateApplicationOutput](t)(sso.UpdateApplication(ctx,
			&ssoadmin.UpdateApplicationInput{ApplicationArn: &w.Application, Status: status}))
	}
	disable(ssotypes.ApplicationStatusDisabled)
	r, body = get(b, back)
	refused("disabled meanwhile", r, body, "application", "disabled", "--status ENABLED", "REFUSED")
	disable(ssotypes.ApplicationStatusEnabled)
	worldtest.BrokenAt(t, w.World, r.Header.Get(front.DecisionHeader), "application", "", "ALLOWED")

	put := func(clientID string) {
		if err := client.Ask(ctx, w.Env, "PutSignInProvider",
			map[string]any{"InstanceArn": w.Instance, "TrustedTokenIssuerArn": w.Issuer, "ClientId": clientID,
				"ClientSecret": "s3cret"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	b, back = sign(worldtest.Alice)
	put("another-client")
	r, body = get(b, back)
	refused("another client's code", r, body, "audience", "audience", "granary signin set --client-id", "UNKNOWN")
	put(corp.ClientID)
	if err := client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance},
		nil); err != nil {
		t.Fatal(err)
	}
	r, body = get(worldtest.NewBrowser(), w.AuthorizeURL(verifier, nil))
	refused("no provider", r, body, "issuer", "no sign-in provider", "granary signin set --instance-arn "+w.Instance,
		"UNKNOWN")

	// The application of another account: whose it is may know, whoever else may not.
	put(corp.ClientID)
	admin := worldtest.MakeAdministrator(t, w.World)
	m, third := worldtest.JoinAccount(t, w.World, admin, "theirs"), worldtest.JoinAccount(t, w.World, admin, "third")
	theirs := ssoadmin.NewFromConfig(w.AWS(m.Key))
	own := *w
	own.Company = &world.Company{World: w.World}
	own.Application = *worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &w.Instance, Name: aws.String("Theirs"),
			ApplicationProviderArn: aws.String(worldtest.CustomProvider)})).ApplicationArn
	worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(theirs.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: &own.Application, GrantType: ssotypes.GrantTypeAuthorizationCode,
			Grant: &ssotypes.GrantMemberAuthorizationCode{
				Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{worldtest.BackTo}}}}))
	w = &own
	b, back = sign(worldtest.Alice)
	r, body = get(b, back)
	refused("not assigned to another account's", r, body, "assignment", "not assigned", own.Application, "REFUSED")
	sealed, _ := get(worldtest.NewBrowser(), own.AuthorizeURL(verifier, map[string]string{"response_type": "token"}))
	for _, id := range []string{r.Header.Get(front.DecisionHeader), sealed.Header.Get(front.DecisionHeader)} {
		for key, may := range map[client.Key]bool{m.Key: true, third.Key: false} {
			if err := client.Ask(ctx, worldtest.EnvOf(w.World, key), "ExplainDecision", map[string]string{"DecisionId": id},
				nil); (err == nil) != may {
				t.Errorf("told: %v, %v", err == nil, err)
			}
		}
	}

	for range 2000 {
		if r, body = get(worldtest.NewBrowser(), w.Server.WebURL()+"/authorize"); r.StatusCode == http.StatusTooManyRequests {
			refused("too many", r, body, "browser", "Too many", "Wait", "UNKNOWN")
			return
		}
	}
	t.Error("2000 requests were answered")
}
