package signin

import (
	"net/url"
	"regexp"
	"strings"
	"testing"

	"granary"
	"granary/internal/access"
	"granary/internal/index"
)

var challenge = regexp.MustCompile(`^[A-Za-z0-9_-]{43}$`)

// Whatever an application asks at /authorize: what passes asks for a code with PKCE S256 and scopes that the
// application has, each parameter once, and every answer goes to the redirect URI that was registered, with the state
// that was given.
func FuzzAuthorize(f *testing.F) {
	good :=
		"response_type=code&state=st&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM" +
			"&code_challenge_method=S256&scope=openid"
	for _, q := range []string{good, good + "&state=2", good + "&prompt=none", good + "&request=x", "response_type=token",
		"%zz", "a;b", good + "&scope=root", "code_challenge=%00&code_challenge_method=plain&response_type=code"} {
		f.Add(q)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, _ := url.ParseQuery(query) // as r.URL.Query does
		redirect, _ := url.Parse("https://app.example/cb?x=1&state=theirs")
		a := &asked{app: &index.Application{Application: &granary.Application{Scopes: []granary.AppScope{{Name: "a:b"}}}},
			redirect: redirect, state: q.Get("state"), scopes: strings.Fields(q.Get("scope"))}
		oauth, err := a.check(q)
		if (oauth == "") != (err == nil) {
			t.Errorf("%q without %v", oauth, err)
		}
		if oauth == "" {
			if q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
				!challenge.MatchString(q.Get("code_challenge")) || len(a.state) > maxState {
				t.Errorf("%q passes", query)
			}
			for name, values := range q {
				if len(values) != 1 {
					t.Errorf("%s passes %d times", name, len(values))
				}
			}
			for _, s := range a.scopes {
				if s != "a:b" && s != access.ScopeAWS && s != access.ScopeOpenID && s != access.ScopeContext {
					t.Errorf("the scope %q passes", s)
				}
			}
		}
		to, err := url.Parse(a.address(url.Values{"error": {oauth}, "error_description": {granary.AsError(err).Message}}))
		if err != nil || to.Scheme != "https" || to.Host != "app.example" || to.Path != "/cb" || to.Fragment != "" ||
			to.User != nil || to.Query().Get("x") != "1" || to.Query().Get("error") != oauth {
			t.Errorf("%q is answered to %s, %v", query, to, err)
		}
		if a.state != "" && to.Query().Get("state") != a.state {
			t.Errorf("the state %q came back as %q", a.state, to.Query().Get("state"))
		}
	})
}
