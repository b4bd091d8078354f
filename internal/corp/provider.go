package corp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"granary"
)

// ClientID is the id of the provider's only client, a data application.
const ClientID = "larkspur-data-app"

// Provider is the company's OpenID provider. It is safe for concurrent use.
type Provider struct {
	listener net.Listener
	server   *http.Server

	mu    sync.Mutex
	keys  []signingKey // the newest last
	codes map[string]pendingCode
	down  bool
}

// signingKey is a key with the id under which it is published.
type signingKey struct {
	id  string
	key *rsa.PrivateKey
}

// pendingCode is an authorization code that was issued and not yet redeemed.
type pendingCode struct {
	person                     string
	redirect, challenge, nonce string
	expires                    time.Time
}

const (
	tokenLife = 5 * time.Minute
	codeLife  = time.Minute
)

// Start serves a provider on an address; "127.0.0.1:0" means any free port. The caller must Stop it.
func Start(address string) (*Provider, error) {
	p := &Provider{codes: map[string]pendingCode{}}
	if err := p.Rotate(); err != nil {
		return nil, err
	}
	var err error
	if p.listener, err = net.Listen("tcp", address); err != nil {
		return nil, fmt.Errorf("the company's identity provider cannot listen on %s: %w", address, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.serveDiscovery)
	mux.HandleFunc("GET /keys", p.serveKeys)
	mux.HandleFunc("GET /authorize", p.showLogin)
	mux.HandleFunc("POST /authorize", p.finishLogin)
	mux.HandleFunc("POST /token", p.serveToken)
	p.server = &http.Server{ReadHeaderTimeout: 5 * time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			p.mu.Lock()
			down := p.down
			p.mu.Unlock()
			if down {
				http.Error(w, "The identity provider is down.", http.StatusServiceUnavailable)
				return
			}
			mux.ServeHTTP(w, r)
		})}
	go func() { _ = p.server.Serve(p.listener) }() // ends with Stop
	return p, nil
}

// Issuer returns the provider's URL.
func (p *Provider) Issuer() string { return "http://" + p.listener.Addr().String() }

// Stop stops the provider after the requests in progress.
func (p *Provider) Stop(ctx context.Context) error { return p.server.Shutdown(ctx) }

// SetDown makes every request fail with status 503, or work again.
func (p *Provider) SetDown(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Rotate signs with a new key from now on. The previous key stays published; older ones do not.
func (p *Provider) Rotate() error {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = append(p.keys[max(0, len(p.keys)-1):], signingKey{granary.Hex(16), k})
	return nil
}

// Issue returns a signed ID token for a person. change, which may be nil, edits the claims first.
func (p *Provider) Issue(person, audience string, change func(claims map[string]any)) (string, error) {
	now := time.Now().Unix()
	claims := map[string]any{"iss": p.Issuer(), "sub": "idp|" + person, "aud": audience, "iat": now, "nbf": now,
		"exp": now + int64(tokenLife/time.Second),
		"jti": granary.UUID(), "preferred_username": person, "email": person, "email_verified": true}
	if who, ok := Find(person); ok {
		claims["name"], claims["given_name"], claims["family_name"] = who.Name(), who.Given, who.Family
	}
	if change != nil {
		change(claims)
	}
	p.mu.Lock()
	k := p.keys[len(p.keys)-1]
	p.mu.Unlock()
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: k.key, KeyID: k.id}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return "", err
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		return "", err
	}
	jws, err := signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

// serveDiscovery answers with the discovery document.
func (p *Provider) serveDiscovery(w http.ResponseWriter, _ *http.Request) {
	at := p.Issuer()
	writeJSON(w, http.StatusOK, map[string]any{"issuer": at, "authorization_endpoint": at + "/authorize",
		"token_endpoint": at + "/token", "jwks_uri": at + "/keys",
		"response_types_supported": []string{"code"}, "subject_types_supported": []string{"public"},
		"id_token_signing_alg_values_supported": []string{"RS256"},
		"code_challenge_methods_supported":      []string{"S256"},
		"scopes_supported":                      []string{"openid", "profile", "email"}})
}

// serveKeys answers with the key set.
func (p *Provider) serveKeys(w http.ResponseWriter, _ *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	var set jose.JSONWebKeySet
	for _, k := range p.keys {
		set.Keys = append(set.Keys, jose.JSONWebKey{Key: &k.key.PublicKey, KeyID: k.id, Algorithm: "RS256", Use: "sig"})
	}
	writeJSON(w, http.StatusOK, set)
}

// checkAuthorization checks an authorization request: the client, PKCE, and that the redirect stays on this machine.
func checkAuthorization(q url.Values) (redirect *url.URL, err error) {
	redirect, err = url.Parse(q.Get("redirect_uri"))
	switch {
	case q.Get("client_id") != ClientID:
		return nil, fmt.Errorf("the client %q is unknown; it must be %s", q.Get("client_id"), ClientID)
	case q.Get("response_type") != "code":
		return nil, fmt.Errorf("the response type must be code")
	case q.Get("code_challenge") == "" || q.Get("code_challenge_method") != "S256":
		return nil, fmt.Errorf("PKCE with S256 is required")
	case err != nil || redirect.Scheme != "http" || redirect.Hostname() != "127.0.0.1" &&
		redirect.Hostname() != "localhost":
		return nil, fmt.Errorf("the redirect URI must be http on this machine")
	}
	return redirect, nil
}

var loginPage = template.Must(template.New("login").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
	<title>Sign in · Larkspur Mills</title>
<style>
 body{font:16px/1.5 system-ui,sans-serif;margin:0;background:#f4f1ea;color:#2b2a27;display:grid;place-items:center;
 	min-height:100vh}
 main{background:#fff;padding:2rem 2.5rem;border-radius:12px;box-shadow:0 2px 24px #0001;max-width:26rem;
 	width:calc(100% - 3rem)}
 h1{font-size:1.25rem;margin:0} p{color:#6b675f;margin:.25rem 0 1.25rem}
 button{display:flex;justify-content:space-between;align-items:baseline;gap:1rem;width:100%;font:inherit;
 	text-align:left;padding:.6rem .8rem;margin:.35rem 0;border:1px solid #ddd6c8;border-radius:8px;background:#fff;
 	cursor:pointer}
 button:hover,button:focus{border-color:#7a8f5a;background:#f8faf4;outline:none} small{color:#6b675f}
</style></head><body><main><h1>Larkspur Mills</h1><p>A demo company: who are you today?</p>
<form method="post">{{range .}}<button name="person" value="{{.Login}}"><span>{{.Name}}</span><small>{{.Title}}{{if
	.Deactivated}} · has left{{end}}</small></button>{{end}}</form>
</main></body></html>`))

// showLogin answers with the page on which a person is chosen.
func (p *Provider) showLogin(w http.ResponseWriter, r *http.Request) {
	if _, err := checkAuthorization(r.URL.Query()); err != nil {
		http.Error(w, "This sign-in request is wrong: "+err.Error()+".", http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'")
	_ = loginPage.Execute(w, People) // the browser may be gone
}

// finishLogin takes the chosen person and sends the browser back with a code.
func (p *Provider) finishLogin(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	redirect, err := checkAuthorization(q)
	who, known := Find(r.PostFormValue("person"))
	if err != nil || !known {
		http.Error(w, "This sign-in request is wrong.", http.StatusBadRequest)
		return
	}
	code := granary.Hex(32)
	p.mu.Lock()
	p.codes[code] = pendingCode{who.Login, q.Get("redirect_uri"), q.Get("code_challenge"), q.Get("nonce"),
		time.Now().Add(codeLife)}
	p.mu.Unlock()
	back := redirect.Query()
	back.Set("code", code)
	back.Set("state", q.Get("state"))
	redirect.RawQuery = back.Encode()
	http.Redirect(w, r, redirect.String(), http.StatusSeeOther)
}

// serveToken exchanges a code for tokens. A code works once, and only with the verifier of its challenge (RFC 7636
// §4.6).
func (p *Provider) serveToken(w http.ResponseWriter, r *http.Request) {
	refuse := func(code, why string) {
		writeJSON(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": why})
	}
	p.mu.Lock()
	l, ok := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	p.mu.Unlock()
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	challenge := base64.RawURLEncoding.EncodeToString(sum[:])
	switch {
	case r.PostFormValue("grant_type") != "authorization_code":
		refuse("unsupported_grant_type", "The grant type must be authorization_code.")
		return
	case !ok || time.Now().After(l.expires) || l.redirect != r.PostFormValue("redirect_uri"):
		refuse("invalid_grant", "The code is unknown, used, expired, or of another redirect URI.")
		return
	case subtle.ConstantTimeCompare([]byte(challenge), []byte(l.challenge)) != 1:
		refuse("invalid_grant", "The code verifier does not belong to the challenge.")
		return
	}
	token, err := p.Issue(l.person, ClientID, func(c map[string]any) {
		if l.nonce != "" {
			c["nonce"] = l.nonce
		}
	})
	if err != nil {
		refuse("server_error", "The token cannot be signed.")
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"access_token": granary.Hex(32), "token_type": "Bearer",
		"expires_in": int(tokenLife / time.Second), "id_token": token})
}
