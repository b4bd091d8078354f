package idtoken

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"granary"
)

// provider is an identity provider whose keys a test can rotate, that it can make fail, and that counts requests.
type provider struct {
	*httptest.Server
	mu      sync.Mutex
	keys    []jose.JSONWebKey
	fetches atomic.Int32
	broken  atomic.Bool
	issuer  string // the issuer in its discovery document; its URL when empty
	raw     []byte // the key set as JSON; nil to publish keys
}

var rsaKeys = sync.OnceValue(func() (out [2]*rsa.PrivateKey) {
	for i := range out {
		out[i], _ = rsa.GenerateKey(rand.Reader, 2048)
	}
	return out
})

func newProvider(t testing.TB) *provider {
	p := &provider{}
	p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if p.broken.Load() {
			http.Error(w, "down", http.StatusBadGateway)
			return
		}
		switch r.URL.Path {
		case "/.well-known/openid-configuration":
			iss := p.issuer
			if iss == "" {
				iss = p.URL
			}
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, iss, p.URL+"/keys")
		case "/keys":
			p.fetches.Add(1)
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.raw != nil {
				w.Write(p.raw)
				return
			}
			json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: p.keys})
		case "/elsewhere":
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}
	}))
	t.Cleanup(p.Close)
	p.publish(0)
	return p
}

func (p *provider) publish(which ...int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys = nil
	for _, i := range which {
		p.keys = append(p.keys, jose.JSONWebKey{Key: &rsaKeys()[i].PublicKey, KeyID: fmt.Sprint("k", i), Use: "sig",
			Algorithm: "RS256"})
	}
}

var now = time.Unix(1_790_000_000, 0)

func (p *provider) claims() map[string]any {
	return map[string]any{"iss": p.URL, "sub": "1", "aud": "app", "exp": now.Unix() + 300, "iat": now.Unix(), "jti": "j",
		"preferred_username": "alice",
		"a":                  map[string]any{"b": []string{"deep"}}, "n": 7}
}

func sign(t testing.TB, alg jose.SignatureAlgorithm, key any, kid string, header map[jose.HeaderKey]any,
	claims any) string {
	o := &jose.SignerOptions{ExtraHeaders: header}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: jose.JSONWebKey{Key: key, KeyID: kid}}, o)
	if err != nil {
		t.Fatal(err)
	}
	payload, ok := claims.([]byte)
	if !ok {
		payload, _ = json.Marshal(claims)
	}
	jws, err := s.Sign(payload)
	if err != nil {
		t.Fatal(err)
	}
	text, _ := jws.CompactSerialize()
	return text
}

func (p *provider) expect() Expect {
	return Expect{Issuer: p.URL, Audiences: []string{"other", "app"}, Now: now, Skew: time.Minute}
}

func TestVerify(t *testing.T) {
	p := newProvider(t)
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	c := p.claims()
	c["aud"] = []string{"x", "app"}
	got, err := v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[0], "k0", nil, c), p.expect())
	if err != nil || got.ID != "j" || got.Subject != "1" || got.Expires.Unix() != now.Unix()+300 {
		t.Fatalf("%+v %v", got, err)
	}
	for path, want := range map[string]string{"preferred_username": "alice", "a.b": "deep", "n": "7"} {
		if s, err := got.Lookup(path); s != want || err != nil {
			t.Errorf("%s: %q %v", path, s, err)
		}
	}
	for _, path := range []string{"missing", "a", "a.c", "aud"} {
		if s, err := got.Lookup(path); err == nil {
			t.Errorf("%s gave %q", path, s)
		}
	}
	if _, err := v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[0], "", nil, p.claims()), p.expect()); err != nil {
		t.Errorf("a token without kid: %v", err)
	}
}

func TestVerifyRefuses(t *testing.T) {
	p := newProvider(t)
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	k := rsaKeys()[0]
	with := func(name string, value any) string {
		c := p.claims()
		if value == nil {
			delete(c, name)
		} else {
			c[name] = value
		}
		return sign(t, jose.RS256, k, "k0", nil, c)
	}
	raw := func(s string) string { return sign(t, jose.RS256, k, "k0", nil, []byte(s)) }
	good := with("x", 1)
	if _, err := v.Verify(t.Context(), good, p.expect()); err != nil {
		// fetch the keys first, since a token in doubt would be refused for the doubt
		t.Fatal(err)
	}
	parts := strings.Split(good, ".")
	header := func(h string) string {
		return base64.RawURLEncoding.EncodeToString([]byte(h)) + "." + parts[1] + "."
	}
	public, _ := json.Marshal(rsaKeys()[0].PublicKey)
	for name, x := range map[string]struct{ token, say string }{
		"two parts": {parts[0] + "." + parts[1], "parts"},
		"too long":  {strings.Repeat("a", MaxToken+1), "longer"},
		"none":      {header(`{"alg":"none"}`), ""},
		"HS256":     {sign(t, jose.HS256, public, "k0", nil, p.claims()), "only RS256"},
		"PS256":     {sign(t, jose.PS256, k, "k0", nil, p.claims()), "only RS256"},
		"crit": {sign(t, jose.RS256, k, "k0", map[jose.HeaderKey]any{"crit": []string{"exp"}, "exp": 1},
			p.claims()), ""},
		"logout token": {sign(t, jose.RS256, k, "k0", map[jose.HeaderKey]any{"typ": "logout+jwt"}, p.claims()),
			"no sign-in token"},
		"other key":   {sign(t, jose.RS256, rsaKeys()[1], "k0", nil, p.claims()), "signature"},
		"unknown kid": {sign(t, jose.RS256, rsaKeys()[1], "k9", nil, p.claims()), "no key"},
		"own jwk": {sign(t, jose.RS256, rsaKeys()[1], "k0",
			map[jose.HeaderKey]any{"jwk": jose.JSONWebKey{Key: &rsaKeys()[1].PublicKey}}, p.claims()), ""},
		"tampered": {parts[0] + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"iss":"`+p.URL+`"}`)) + "." +
			parts[2], "signature"},
		"wrong issuer":   {with("iss", "https://elsewhere"), "issuer"},
		"no subject":     {with("sub", nil), "subject"},
		"no audience":    {with("aud", nil), "audience"},
		"wrong audience": {with("aud", []string{"APP", "app "}), "audience"},
		"odd audience":   {with("aud", map[string]any{"a": "app"}), "audience"},
		"no expiry":      {with("exp", nil), "expiry"},
		"text expiry":    {with("exp", "tomorrow"), "seconds since 1970"},
		"expired":        {with("exp", now.Unix()-61), "expired"},
		"not yet":        {with("nbf", now.Unix()+61), "not valid yet"},
		"from tomorrow":  {with("iat", now.Unix()+86400), "not valid yet"},
		"number jti":     {with("jti", 5), "jti"},
		"claim twice": {raw(`{"iss":"` + p.URL + `","iss":"` + p.URL + `","sub":"1","aud":"app","exp":1890000000}`),
			"each claim once"},
		"not an object": {raw(`["iss"]`), "JSON object"},
		"trailing":      {raw(`{"iss":"` + p.URL + `"} {}`), "JSON object"},
	} {
		_, err := v.Verify(t.Context(), x.token, p.expect())
		if !granary.Is(err, granary.Invalid) || !strings.Contains(err.Error(), x.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, at := range []int64{-59, 59} { // within the allowed difference
		c := p.claims()
		c["exp"], c["nbf"] = now.Unix()+at+1, now.Unix()+min(at, 0)+59
		if at > 0 {
			c["exp"] = now.Unix() + 600
		}
		if _, err := v.Verify(t.Context(), sign(t, jose.RS256, k, "k0", nil, c), p.expect()); err != nil {
			t.Errorf("%d s of skew: %v", at, err)
		}
	}
}

func TestKeyRotationAndFailures(t *testing.T) {
	p := newProvider(t)
	clock := now
	v := &Verifier{Keys: NewKeyCache(true, nil, func() time.Time { return clock })}
	try := func(key int) error {
		_, err := v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[key], fmt.Sprint("k", key), nil, p.claims()),
			p.expect())
		return err
	}
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			if err := try(0); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := p.fetches.Load(); n != 1 {
		t.Errorf("32 requests fetched %d times", n)
	}
	p.publish(0, 1)
	if err := try(1); err != nil {
		t.Errorf("a new key was not found: %v", err)
	}
	for range 20 {
		v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[1], "bogus", nil, p.claims()), p.expect())
	}
	if n := p.fetches.Load(); n != 2 {
		t.Errorf("20 bogus kids fetched %d times in all", n)
	}
	p.broken.Store(true)
	clock = clock.Add(2 * time.Hour)
	if err := try(0); err != nil {
		t.Errorf("with the issuer down, known keys no longer serve: %v", err)
	}
	clock = clock.Add(26 * time.Hour)
	if err := try(0); !granary.Is(err, granary.Invalid) || !strings.Contains(err.Error(), "cannot be used") {
		t.Errorf("stale keys serve forever: %v", err)
	}
	p.broken.Store(false)
	clock = clock.Add(betweenFail)
	if err := try(0); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
}

func TestDiscoveryIssuerMismatch(t *testing.T) {
	p := newProvider(t)
	p.issuer = p.URL + "/"
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	_, err := v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[0], "k0", nil, p.claims()), p.expect())
	if err == nil || !strings.Contains(err.Error(), "last slash") {
		t.Error(err)
	}
}

func TestPrivateAddressesAreRefused(t *testing.T) {
	p := newProvider(t)
	v := &Verifier{Keys: NewKeyCache(false, nil, time.Now)}
	_, err := v.Verify(t.Context(), sign(t, jose.RS256, rsaKeys()[0], "k0", nil, p.claims()), p.expect())
	if err == nil || !strings.Contains(err.Error(), "https") || p.fetches.Load() != 0 {
		t.Errorf("plain http: %v", err)
	}
	g := newGuardedClient(false, nil)
	if _, _, err := g.get(t.Context(), strings.Replace(p.URL, "http://", "https://", 1)); err == nil ||
		!strings.Contains(err.Error(), "not a public one") {
		t.Errorf("loopback: %v", err)
	}
	if _, _, err := newGuardedClient(true, nil).get(t.Context(), p.URL+"/elsewhere"); err == nil ||
		!strings.Contains(err.Error(), "another origin") {
		t.Errorf("redirect: %v", err)
	}
}

func TestSignedTokensVerifyAgainstThePublishedKeys(t *testing.T) {
	pkcs8, err := NewSigningKey()
	if err != nil {
		t.Fatal(err)
	}
	s, err := NewSigner("kid1", pkcs8)
	if err != nil {
		t.Fatal(err)
	}
	token, err := s.Sign(IdentityClaims{Issuer: "https://x", Subject: "u", AuthTime: "2026-01-01T00:00:00Z"})
	if err != nil {
		t.Fatal(err)
	}
	doc, err := KeySet(s)
	if err != nil || strings.Contains(string(doc), `"d"`) {
		t.Fatalf("%s %v", doc, err)
	}
	var set jose.JSONWebKeySet
	json.Unmarshal(doc, &set)
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.ES256})
	if err != nil {
		t.Fatal(err)
	}
	payload, err := jws.Verify(set.Key("kid1")[0].Key)
	if err != nil || !strings.Contains(string(payload), `"aws:credential_id"`) {
		t.Errorf("%s %v", payload, err)
	}
}

func BenchmarkVerify(b *testing.B) {
	p := newProvider(b)
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	token := sign(b, jose.RS256, rsaKeys()[0], "k0", nil, p.claims())
	for b.Loop() {
		if _, err := v.Verify(b.Context(), token, p.expect()); err != nil {
			b.Fatal(err)
		}
	}
}
