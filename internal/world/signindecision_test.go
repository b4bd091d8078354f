package world_test

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

	"granary/internal/awsapi"
	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
)

// Each way in which a sign-in with the browser is refused is answered with a decision id, which stands on the page that the person sees
// or, when it was about a person, in what the application is told; and it explains the link that broke.
func TestRefusedSignInsAreExplained(t *testing.T) {
	ctx := t.Context()
	w := newWeb(t)
	sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
	verifier := strings.Repeat("v", 43)
	get := func(b *http.Client, address string) (*http.Response, string) {
		t.Helper()
		stop := &http.Client{Jar: b.Jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r := must[*http.Response](t)(stop.Get(address))
		defer r.Body.Close()
		return r, html.UnescapeString(string(must[[]byte](t)(io.ReadAll(r.Body))))
	}
	// refused demands that the browser ended where it ended with an id that explains why.
	refused := func(name string, r *http.Response, body, link, detail, fix, now string) {
		t.Helper()
		id := r.Header.Get(awsapi.DecisionHeader)
		to := must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query()
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
		e := brokenAt(t, w.World, id, link, fix, now)
		if _, d, _ := e.broken(); !strings.Contains(d, detail) {
			t.Errorf("%s: %q\nwant %q", name, d, detail)
		}
	}
	// under sets a browser out, and returns it with the callback that the provider would send it to.
	under := func(with url.Values) (*http.Client, string) {
		t.Helper()
		b := browser()
		r, _ := get(b, w.request(verifier, nil))
		with.Set("state", must[*url.URL](t)(url.Parse(r.Header.Get("Location"))).Query().Get("state"))
		return b, w.Server.WebURL() + "/authorize/callback?" + with.Encode()
	}
	// sign lets a person sign in at the provider, and stops before the provider sends the browser back.
	sign := func(login string) (*http.Client, string) {
		t.Helper()
		b := browser()
		_, _, at := visit(t, b, w.request(verifier, nil))
		stop := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		r := must[*http.Response](t)(stop.PostForm(at.String(), url.Values{"person": {login}}))
		r.Body.Close()
		return b, r.Header.Get("Location")
	}

	for _, x := range []struct {
		name, address, link, detail, fix string
	}{
		{"unknown client", w.request(verifier, map[string]string{"client_id": w.Application + "0"}), "application", "not known here", "list-applications"},
		{"no client", w.request(verifier, map[string]string{"client_id": "-"}), "application", "not known here", "list-applications"},
		{"another redirect", w.request(verifier, map[string]string{"redirect_uri": "https://thief.example/"}), "application", "redirect_uri", "put-application-grant --application-arn " + w.Application},
		{"a forged state", w.Server.WebURL() + "/authorize/callback?code=x&state=" + strings.Repeat("0", 32), "browser", "under way", "sign in again"},
		{"no state", w.Server.WebURL() + "/authorize/callback?code=x", "browser", "under way", "sign in again"},
		{"response type", w.request(verifier, map[string]string{"response_type": "token"}), "request", "response_type", "/authorize"},
		{"no PKCE", w.request(verifier, map[string]string{"code_challenge": "-"}), "request", "PKCE", "/authorize"},
		{"prompt none", w.request(verifier, map[string]string{"prompt": "none"}), "request", "prompt", "/authorize"},
		{"scope", w.request(verifier, map[string]string{"scope": "root"}), "scope", "root", "put-application-access-scope --application-arn " + w.Application},
	} {
		r, body := get(browser(), x.address)
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
	b, back = sign(alice)
	w.Provider.SetDown(true)
	r, body = get(b, back)
	refused("the provider is gone", r, body, "issuer", "cannot be used", w.Provider.Issuer(), "UNKNOWN")
	w.Provider.SetDown(false)

	b, back = sign(erin)
	r, body = get(b, back)
	refused("deactivated", r, body, "user", "deactivated", "active to true", "REFUSED")
	id := r.Header.Get(awsapi.DecisionHeader)
	if err := w.SetActive(ctx, erin, true); err != nil {
		t.Fatal(err)
	}
	brokenAt(t, w.World, id, "user", "", "ALLOWED")
	require := func(yes bool) {
		must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &w.Application, AssignmentRequired: &yes}))
	}
	require(true)
	b, back = sign(hugo)
	r, body = get(b, back)
	refused("not assigned", r, body, "assignment", "not assigned", "create-application-assignment --application-arn "+w.Application+" --principal-type USER --principal-id "+w.Users[hugo], "REFUSED")
	require(false)
	brokenAt(t, w.World, r.Header.Get(awsapi.DecisionHeader), "assignment", "", "ALLOWED")
	if _, err := w.SCIM.Do(ctx, "DELETE", "/Users/"+w.Users[bob], nil, nil); err != nil {
		t.Fatal(err)
	}
	b, back = sign(bob)
	r, body = get(b, back)
	refused("in no directory", r, body, "user", "no user", "Provision a user whose userName is \""+bob, "REFUSED")

	// The application is taken away while the person is at the provider.
	b, back = sign(alice)
	disable := func(status ssotypes.ApplicationStatus) {
		must[*ssoadmin.UpdateApplicationOutput](t)(sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &w.Application, Status: status}))
	}
	disable(ssotypes.ApplicationStatusDisabled)
	r, body = get(b, back)
	refused("disabled meanwhile", r, body, "application", "disabled", "--status ENABLED", "REFUSED")
	disable(ssotypes.ApplicationStatusEnabled)
	brokenAt(t, w.World, r.Header.Get(awsapi.DecisionHeader), "application", "", "ALLOWED")

	put := func(clientID string) {
		if err := client.Ask(ctx, w.Env, "PutSignInProvider", map[string]any{"InstanceArn": w.Instance, "TrustedTokenIssuerArn": w.Issuer, "ClientId": clientID, "ClientSecret": "s3cret"}, nil); err != nil {
			t.Fatal(err)
		}
	}
	b, back = sign(alice)
	put("another-client")
	r, body = get(b, back)
	refused("another client's code", r, body, "audience", "audience", "granary signin set --client-id", "UNKNOWN")
	put(corp.ClientID)
	if err := client.Ask(ctx, w.Env, "DeleteSignInProvider", map[string]string{"InstanceArn": w.Instance}, nil); err != nil {
		t.Fatal(err)
	}
	r, body = get(browser(), w.request(verifier, nil))
	refused("no provider", r, body, "issuer", "no sign-in provider", "granary signin set --instance-arn "+w.Instance, "UNKNOWN")

	// The application of another account: whose it is may know, whoever else may not.
	put(corp.ClientID)
	admin := administrator(t, w.World)
	m, third := join(t, w.World, admin, "theirs"), join(t, w.World, admin, "third")
	theirs := ssoadmin.NewFromConfig(w.AWS(m.key))
	own := *w
	own.Company = &world.Company{World: w.World, Application: *must[*ssoadmin.CreateApplicationOutput](t)(theirs.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &w.Instance, Name: aws.String("Theirs"), ApplicationProviderArn: aws.String(customProvider)})).ApplicationArn}
	must[*ssoadmin.PutApplicationGrantOutput](t)(theirs.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: &own.Application, GrantType: ssotypes.GrantTypeAuthorizationCode,
		Grant: &ssotypes.GrantMemberAuthorizationCode{Value: ssotypes.AuthorizationCodeGrant{RedirectUris: []string{backTo}}}}))
	w = &own
	b, back = sign(alice)
	r, body = get(b, back)
	refused("not assigned to another account's", r, body, "assignment", "not assigned", own.Application, "REFUSED")
	sealed, _ := get(browser(), own.request(verifier, map[string]string{"response_type": "token"}))
	for _, id := range []string{r.Header.Get(awsapi.DecisionHeader), sealed.Header.Get(awsapi.DecisionHeader)} {
		for key, may := range map[client.Key]bool{m.key: true, third.key: false} {
			if err := client.Ask(ctx, as(w.World, key), "ExplainDecision", map[string]string{"DecisionId": id}, nil); (err == nil) != may {
				t.Errorf("told: %v, %v", err == nil, err)
			}
		}
	}

	for range 2000 {
		if r, body = get(browser(), w.Server.WebURL()+"/authorize"); r.StatusCode == http.StatusTooManyRequests {
			refused("too many", r, body, "browser", "Too many", "Wait", "UNKNOWN")
			return
		}
	}
	t.Error("2000 requests were answered")
}
