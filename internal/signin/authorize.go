package signin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/cause"
	"granary/internal/front"
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

// Serve answers a browser.
func (s *Handler) Serve(r *front.Request) front.Outcome {
	b := s.browser(r)
	if !s.Limit.Allow(r.Source) {
		return b.page(http.StatusTooManyRequests, "", errTooMany)
	}
	if r.HTTP.URL.Path == callbackPath {
		return b.callback()
	}
	return b.authorize()
}

// Refuse words a refusal that is none of this package's own.
func (s *Handler) Refuse(r *front.Request, err error) front.Outcome {
	status := http.StatusServiceUnavailable
	if granary.Is(err, granary.Invalid) {
		status = http.StatusBadRequest
	}
	return s.browser(r).page(status, "", err)
}

// browser is one request of a browser under way.
type browser struct {
	*Handler
	request *front.Request
	header  http.Header // of the answer
	proved  bool        // the provider vouched for a person
}

func (s *Handler) browser(r *front.Request) *browser {
	// Codes are kept out of caches and out of the next page's Referer.
	return &browser{Handler: s, request: r, header: http.Header{"Cache-Control": {"no-store"},
		"Referrer-Policy": {"no-referrer"}, "X-Content-Type-Options": {"nosniff"}}}
}

// asked is an application's request at /authorize.
type asked struct {
	app      *index.Application
	center   *granary.IdentityCenter
	redirect *url.URL
	state    string
	scopes   []string
}

// authorize checks who asks, before anything else where the answer goes to: a redirect to an address that the
// application did not register would hand codes to strangers. Such requests end on a page; others go back to the
// application.
func (b *browser) authorize() front.Outcome {
	q := b.request.HTTP.URL.Query()
	a, app, err := b.application(q)
	if err != nil {
		return b.page(http.StatusBadRequest, app, err)
	}
	if oauth, err := a.check(q); oauth != "" {
		return b.back(a, oauth, err)
	}
	rp, issuer, err := b.relyingParty(a.center)
	if err != nil {
		return b.back(a, "server_error", err)
	}
	v := &granary.SignIn{Application: a.app.ARN, RedirectURI: q.Get("redirect_uri"), State: a.state, Scopes: a.scopes,
		Challenge: q.Get("code_challenge"),
		ID:        granary.Hex(32), Nonce: granary.Hex(32), Verifier: granary.Hex(64), Expires: b.Now().Add(signInLife)}
	ctx, cancel := b.request.Context()
	defer cancel()
	to, err := b.Issuers.AuthorizationURL(ctx, rp, v.ID, v.Nonce, v.Verifier)
	if err != nil {
		return b.back(a, "temporarily_unavailable", providerError(err, issuer))
	}
	b.setCookie(signInCookie+v.ID, seal.SealSignIn(b.Index.Keys.Ring(), v), signInLife)
	o := b.outcome("Authorize")
	o.Answer = b.redirect(to)
	return o
}

var errTooMany = granary.Errorf(granary.Throttled, "Too many sign-ins come from this address. Try again in a minute.").
	At(cause.BrowserTooMany)

// application finds the client and sees that the redirect URI is one that it registered, to the letter. It tells the
// client when that is known, whatever is wrong.
func (s *Handler) application(q url.Values) (*asked, granary.ARN, error) {
	arn := granary.ARN(granary.CollapseSSO(q.Get("client_id")))
	app, ok := s.Index.Center.Application(arn)
	if !ok {
		return nil, "",
			granary.Errorf(granary.Invalid, "This sign-in was begun by an application that is not known here. Its client_id "+
				"must be the ARN of an Identity Center application.").At(cause.ApplicationMissing)
	}
	wrong := func(c granary.Cause, format string, args ...any) (*asked, granary.ARN, error) {
		return nil, arn, granary.Errorf(granary.Invalid, "This sign-in was begun by the application "+format,
			args...).At(c)
	}
	center, ok := s.Index.Center.InstanceByID(app.Instance)
	if !ok || app.Disabled {
		return wrong(cause.ApplicationDisabled, "%s, which is disabled.", app.Name)
	}
	for _, account := range []granary.AccountID{app.Account, center.Account} {
		if s.Index.Org.Closed(account) {
			return wrong(cause.ApplicationClosed, "%s, and the account %s, which it belongs to, was closed.", app.Name, account)
		}
	}
	if !slices.Contains(app.Grants.RedirectURIs, q.Get("redirect_uri")) {
		return wrong(cause.ApplicationRedirect,
			"%s with a redirect_uri that its authorization_code grant does not have.", app.Name)
	}
	redirect, err := url.Parse(q.Get("redirect_uri"))
	if err != nil {
		return wrong(cause.ApplicationRedirect, "%s with a redirect_uri that is no URL.", app.Name)
	}
	return &asked{app: app, center: center, redirect: redirect, state: q.Get("state"),
		scopes: strings.Fields(q.Get("scope"))}, arn, nil
}

// check returns OAuth's error code for a bad request, and the error. It returns "" and nil for a good one.
func (a *asked) check(q url.Values) (oauth string, err error) {
	wrong := func(oauth, why string) (string, error) {
		return oauth, granary.Errorf(granary.Invalid, "%s", why).At(cause.RequestSignIn)
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

// address returns the URL of the application to which the browser goes back, with the answer in its query.
func (a *asked) address(add url.Values) string {
	q := a.redirect.Query()
	for name, values := range add {
		q[name] = values
	}
	if a.state != "" {
		q.Set("state", a.state)
	}
	to := *a.redirect
	to.RawQuery = q.Encode()
	return to.String()
}

// relyingParty is the instance's registration with the company's provider, and the trusted token issuer that says who
// people are.
func (s *Handler) relyingParty(center *granary.IdentityCenter) (idtoken.RelyingParty, *granary.Issuer, error) {
	p, ok := s.Index.Center.SignInProvider(center.ID)
	if !ok {
		return idtoken.RelyingParty{}, nil,
			granary.Errorf(granary.Invalid, "The Identity Center instance has no sign-in provider: set one with granary "+
				"signin set.").At(cause.IssuerNoSignIn, "instance", string(center.ARN()))
	}
	issuer, err := s.Rule.Issuer(p.Issuer)
	if err != nil {
		return idtoken.RelyingParty{}, nil,
			granary.Errorf(granary.Invalid, "%s It is the instance's sign-in provider: set another with granary signin set.",
				granary.AsError(err).Message).At(cause.IssuerNoSignIn, "instance", string(center.ARN()))
	}
	return idtoken.RelyingParty{Issuer: issuer.URL, ClientID: p.ClientID, ClientSecret: p.ClientSecret,
		Redirect: s.WebURL() + callbackPath, Scopes: p.Scopes}, issuer, nil
}

func (b *browser) setCookie(name, value string, life time.Duration) {
	c := &http.Cookie{Name: name, Value: value, Path: "/authorize", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: b.request.Secure || strings.HasPrefix(b.WebURL(), "https:"), MaxAge: int(life / time.Second)}
	if life == 0 {
		c.MaxAge = -1
	}
	b.header.Add("Set-Cookie", c.String())
}
