package ssooidc

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/seal"
)

const (
	signInLife   = 10 * time.Minute
	codeLife     = 5 * time.Minute
	maxState     = 1024 // characters of the application's state, which travels in a cookie
	signInCookie = "granary_signin_"
	callbackPath = "/authorize/callback"
)

// SignInHandler answers /authorize and its callback: it sends browsers to the company's provider and back to the application
// with a code (RFC 6749 §4.1, with PKCE S256 demanded).
//
//	application ─▶ /authorize ─▶ company's provider ─▶ /authorize/callback ─▶ application (code) ─▶ CreateTokenWithIAM
func SignInHandler(c SignInConfig) http.Handler {
	w := &signIns{c}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /authorize", w.authorize)
	mux.HandleFunc("GET "+callbackPath, w.callback)
	return http.HandlerFunc(func(out http.ResponseWriter, r *http.Request) {
		if err := c.Index.Fresh(); err != nil {
			w.page(out, r, http.StatusServiceUnavailable, "", err)
			return
		}
		mux.ServeHTTP(out, r)
	})
}

type signIns struct{ SignInConfig }

// asked is an application's request at /authorize.
type asked struct {
	app      *index.Application
	center   *granary.IdentityCenter
	redirect *url.URL
	state    string
	scopes   []string
}

// authorize checks who asks, before anything else where the answer goes to: a redirect to an address that the application did
// not register would hand codes to strangers. Such requests end on a page; others go back to the application.
func (s *signIns) authorize(w http.ResponseWriter, r *http.Request) {
	if !s.Limit.Allow(s.source(r)) {
		s.page(w, r, http.StatusTooManyRequests, "", errTooMany)
		return
	}
	q := r.URL.Query()
	a, app, err := s.application(q)
	if err != nil {
		s.page(w, r, http.StatusBadRequest, app, err)
		return
	}
	back := func(oauth string, err error) {
		s.refused(w, r, app, err)
		a.back(w, r, oauth, granary.AsError(err).Message)
	}
	if oauth, err := a.check(q); oauth != "" {
		back(oauth, err)
		return
	}
	rp, issuer, err := s.relyingParty(a.center)
	if err != nil {
		back("server_error", err)
		return
	}
	now := s.Now()
	v := &granary.SignIn{Application: a.app.ARN, RedirectURI: q.Get("redirect_uri"), State: a.state, Scopes: a.scopes, Challenge: q.Get("code_challenge"),
		ID: granary.Hex(32), Nonce: granary.Hex(32), Verifier: granary.Hex(64), Expires: now.Add(signInLife)}
	to, err := s.Issuers.AuthorizationURL(r.Context(), rp, v.ID, v.Nonce, v.Verifier)
	if err != nil {
		back("temporarily_unavailable", signInWhy(err, issuer))
		return
	}
	s.setCookie(w, signInCookie+v.ID, seal.SealSignIn(s.Index.Ring(), v), signInLife)
	noStore(w)
	http.Redirect(w, r, to, http.StatusSeeOther)
}

var errTooMany = granary.Errorf(granary.Throttled, "Too many sign-ins come from this address. Try again in a minute.").At("browser", "too-many")

// application finds the client and sees that the redirect URI is one that it registered, to the letter. It tells the client when that is
// known, whatever is wrong.
func (s *signIns) application(q url.Values) (*asked, granary.ARN, error) {
	arn := granary.ARN(granary.CollapseSSO(q.Get("client_id")))
	app, ok := s.Index.Application(arn)
	if !ok {
		return nil, "", granary.Errorf(granary.Invalid, "This sign-in was begun by an application that is not known here. Its client_id must be the ARN of an Identity Center application.").At("application", "missing")
	}
	wrong := func(cause, format string, args ...any) (*asked, granary.ARN, error) {
		return nil, arn, granary.Errorf(granary.Invalid, "This sign-in was begun by the application "+format, args...).At("application", cause)
	}
	center, ok := s.Index.IdentityCenterByID(app.Instance)
	if !ok || app.Disabled {
		return wrong("disabled", "%s, which is disabled.", app.Name)
	}
	for _, account := range []granary.AccountID{app.Account, center.Account} {
		if s.Index.Closed(account) {
			return wrong("closed", "%s, and the account %s, which it belongs to, was closed.", app.Name, account)
		}
	}
	if !slices.Contains(app.Grants.RedirectURIs, q.Get("redirect_uri")) {
		return wrong("redirect", "%s with a redirect_uri that its authorization_code grant does not have.", app.Name)
	}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		return wrong("redirect", "%s with a redirect_uri that is no URL.", app.Name)
	}
	return &asked{app: app, center: center, redirect: redirect, state: q.Get("state"), scopes: strings.Fields(q.Get("scope"))}, arn, nil
}

// check returns OAuth's word for what is wrong with the request, and the error; nothing when it is right.
func (a *asked) check(q url.Values) (oauth string, err error) {
	wrong := func(oauth, why string) (string, error) {
		return oauth, granary.Errorf(granary.Invalid, "%s", why).At("request", "sign-in")
	}
	for name, values := range q {
		if len(values) > 1 {
			return wrong("invalid_request", "The parameter "+name+" is given more than once.")
		}
	}
	switch {
	case q.Get("response_type") != "code":
		return wrong("unsupported_response_type", "The response_type must be code.")
	case len(a.state) > maxState:
		a.state = ""
		return wrong("invalid_request", "The state is longer than 1024 characters.")
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return wrong("invalid_request", "PKCE is required: give code_challenge, and code_challenge_method=S256.")
	case len(q.Get("code_challenge")) != 43 || strings.ContainsFunc(q.Get("code_challenge"), notBase64URL):
		return wrong("invalid_request", "The code_challenge must be 43 characters: base64url of a SHA-256.")
	case q.Get("request") != "" || q.Get("request_uri") != "":
		return wrong("request_not_supported", "Request objects are not supported.")
	case q.Get("prompt") == "none":
		return wrong("login_required", "Whether the person is signed in can only be seen by asking: leave prompt=none out.")
	}
	if _, err := access.Scopes(a.app, a.scopes); err != nil {
		return "invalid_scope", err
	}
	return "", nil
}

func notBase64URL(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_')
}

// back sends the browser to the application with an error.
func (a *asked) back(w http.ResponseWriter, r *http.Request, oauth, why string) {
	a.answer(w, r, url.Values{"error": {oauth}, "error_description": {why}})
}

func (a *asked) answer(w http.ResponseWriter, r *http.Request, add url.Values) {
	q := a.redirect.Query()
	for name, values := range add {
		q[name] = values
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	to := *a.redirect
	to.RawQuery = q.Encode()
	noStore(w)
	http.Redirect(w, r, to.String(), http.StatusSeeOther)
}

// relyingParty is the instance's registration with the company's provider, and the trusted token issuer that says who people are.
func (s *signIns) relyingParty(center *granary.IdentityCenter) (idtoken.RelyingParty, *granary.Issuer, error) {
	p, ok := s.Index.SignInProvider(center.ID)
	if !ok {
		return idtoken.RelyingParty{}, nil, granary.Errorf(granary.Invalid, "The Identity Center instance has no sign-in provider: set one with granary signin set.").At("issuer", "no-sign-in", "instance", string(center.ARN()))
	}
	issuer, err := access.Issuer(s.Index, p.Issuer)
	if err != nil {
		return idtoken.RelyingParty{}, nil, granary.Errorf(granary.Invalid, "%s It is the instance's sign-in provider: set another with granary signin set.", granary.AsError(err).Message).At("issuer", "no-sign-in", "instance", string(center.ARN()))
	}
	return idtoken.RelyingParty{Issuer: issuer.URL, ClientID: p.ClientID, ClientSecret: p.ClientSecret, Redirect: s.WebURL() + callbackPath, Scopes: p.Scopes}, issuer, nil
}

func (s *signIns) setCookie(w http.ResponseWriter, name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/authorize", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(s.WebURL(), "https:"), MaxAge: int(life / time.Second)}
	if life == 0 {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}
