package idtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func (p *provider) publishRaw(keys ...json.RawMessage) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.raw, _ = json.Marshal(map[string]any{"keys": keys})
}

// TestKeyCacheRefetch checks that an issuer which changes its key, with no sign of it in its tokens, is queried again
// at most once a minute, and only because of tokens that are otherwise valid.
func TestKeyCacheRefetch(t *testing.T) {
	for name, kid := range map[string]string{"keys without ids": "", "a new key of an old id": "k"} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t)
			clock := now
			v := &Verifier{Keys: NewKeyCache(true, nil, func() time.Time { return clock })}
			publish := func(which int) {
				var change map[string]any
				if kid == "" {
					change = map[string]any{"kid": nil}
				}
				p.publishRaw(rsaJWK(rsaKeys()[which].N, int64(rsaKeys()[which].E), change))
			}
			token := func(which int, change func(map[string]any)) string {
				c := p.claims()
				if change != nil {
					change(c)
				}
				return sign(t, "RS256", rsaKeys()[which], kid, nil, c)
			}
			try := func(token string) error {
				_, err := v.Verify(t.Context(), token, p.expect())
				return err
			}
			fetched := func(want int32) {
				t.Helper()
				if n := p.fetches.Load(); n != want {
					t.Errorf("the issuer was asked %d times, not %d", n, want)
				}
			}
			// A token that would be refused anyway causes no query, not even the first.
			other := token(0, func(c map[string]any) { c["aud"] = "elsewhere" })
			if err := try(other); err == nil || !strings.Contains(err.Error(), "audience") {
				t.Error(err)
			}
			fetched(0)
			publish(0)
			if err := try(token(0, nil)); err != nil {
				t.Fatal(err)
			}
			fetched(1)
			publish(1)
			for why, change := range map[string]func(map[string]any){
				"another audience": func(c map[string]any) { c["aud"] = "elsewhere" },
				"expired":          func(c map[string]any) { c["exp"] = now.Unix() - 100 },
				"no subject":       func(c map[string]any) { delete(c, "sub") },
				"not yet":          func(c map[string]any) { c["nbf"] = now.Unix() + 100 },
			} {
				if err := try(token(1, change)); err == nil {
					t.Errorf("%s: accepted", why)
				}
				fetched(1)
			}
			var wg sync.WaitGroup
			for range 32 { // of many concurrent requests each is accepted, and the issuer is queried once
				wg.Go(func() {
					if err := try(token(1, nil)); err != nil {
						t.Error(err)
					}
				})
			}
			wg.Wait()
			fetched(2)
			if err := try(token(0, nil)); err == nil {
				t.Error("a key that is published no more verifies")
			}
			fetched(2) // not twice within a minute
			publish(0)
			if err := try(token(0, nil)); err == nil {
				t.Error("the issuer was asked twice in a minute")
			}
			fetched(2)
			if err := try(token(1, nil)); err != nil {
				t.Errorf("what is cached serves meanwhile: %v", err)
			}
			clock = clock.Add(betweenMiss)
			if err := try(token(0, nil)); err != nil {
				t.Error(err)
			}
			fetched(3)
			// While the issuer is down, a wrong signature gives the same error.
			p.broken.Store(true)
			clock = clock.Add(betweenMiss)
			if err := try(token(1, nil)); err == nil || !strings.Contains(err.Error(), "signature is wrong") {
				t.Error(err)
			}
			if err := try(token(0, nil)); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestSlowIssuerDoesNotBlock checks that a query to a slow issuer does not delay tokens whose keys are known.
func TestSlowIssuerDoesNotBlock(t *testing.T) {
	p := newProvider(t)
	var mu sync.Mutex
	clock := now
	v := &Verifier{Keys: NewKeyCache(true, nil, func() time.Time { mu.Lock(); defer mu.Unlock(); return clock })}
	good := sign(t, "RS256", rsaKeys()[0], "k0", nil, p.claims())
	if _, err := v.Verify(t.Context(), good, p.expect()); err != nil {
		t.Fatal(err)
	}
	asked, release := make(chan struct{}), make(chan struct{})
	handler := p.Config.Handler
	p.Config.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		select {
		case asked <- struct{}{}:
			<-release
		default:
		}
		handler.ServeHTTP(w, r)
	})
	for _, later := range []time.Duration{0, 2 * time.Hour} {
		// known keys are fresh; known keys are stale while a query is in progress
		mu.Lock()
		clock = clock.Add(later)
		mu.Unlock()
		done := make(chan struct{})
		go func() {
			v.Verify(t.Context(), sign(t, "RS256", rsaKeys()[1], "bogus", nil, p.claims()), p.expect())
			close(done)
		}()
		<-asked
		if _, err := v.Verify(t.Context(), good, p.expect()); err != nil {
			t.Errorf("while the issuer is asked: %v", err)
		}
		close(release)
		<-done
		release = make(chan struct{})
	}
}

// TestUnusedKeyMembersAreIgnored checks that only the members of a published key that are used can make it unusable.
func TestUnusedKeyMembersAreIgnored(t *testing.T) {
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "idp"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &ec.PublicKey, ec)
	if err != nil {
		t.Fatal(err)
	}
	// its serial number is -1, as those of some providers are
	negative := strings.Replace(string(der), "\x02\x01\x01", "\x02\x01\xff", 1)
	if negative == string(der) {
		t.Fatal("the serial number was not found")
	}
	odd := map[string]any{
		"x5c empty": []string{""}, "x5c nothing": []string{}, "x5c a text": "x", "x5c a number": 7, "x5c null": nil,
		"x5c not base64":      []string{"!!!"},
		"x5c negative serial": []string{base64.StdEncoding.EncodeToString([]byte(negative))},
		"x5c of another key":  []string{base64.StdEncoding.EncodeToString(der)},
		"x5c huge":            []string{strings.Repeat("A", 600_000)}, "x5t wrong": "AAAA", "x5t empty": "", "x5t number": 1,
		"x5t#S256 wrong": "AAAA", "x5u odd": "::not a url", "x5u object": map[string]any{},
		"ext odd": true, "nbf text": "yesterday",
		"unknown deep": json.RawMessage(strings.Repeat("[", 500) + strings.Repeat("]", 500)),
		"issuer any":   "https://elsewhere", "N case": "AAAA", "KTY case": "oct", "Use case": "enc",
		"kid null": nil, "use null": nil, "alg null": nil, "key_ops null": nil, "y odd": "AAAA", "crv odd": "P-256",
	}
	k := rsaKeys()[0]
	rsaToken, ecToken := sign(t, "RS256", k, "", nil, []byte("foo")), sign(t, "ES256", ec, "", nil, []byte("foo"))
	for name, value := range odd {
		member, _, _ := strings.Cut(name, " ")
		if err := verifierOf(t, rsaJWK(k.N, int64(k.E), map[string]any{member: value}))(rsaToken); err != nil {
			t.Errorf("RSA with %s: %v", name, err)
		}
		if member == "y" || member == "crv" {
			continue
		}
		if err := verifierOf(t, ecJWK(&ec.PublicKey, map[string]any{member: value}))(ecToken); err != nil {
			t.Errorf("EC with %s: %v", name, err)
		}
	}
	// A restriction of a key applies also when it is odd or empty, and a published private key is never used.
	for name, value := range map[string]any{
		"use enc": "enc", "use empty": "", "use upper": "SIG", "use list": []string{"sig"}, "use number": 1, "alg empty": "",
		"alg other": "RS384", "alg RSA-OAEP": "RSA-OAEP", "alg number": 256,
		"key_ops none": []string{}, "key_ops sign": []string{"sign"}, "key_ops text": "verify",
		"key_ops object": map[string]any{}, "kid number": 7, "kid object": map[string]any{},
		"kty oct": "oct", "kty lower": "rsa", "kty null": nil, "kty number": 1, "e even": "BAA", "e one": "AQ",
		"e huge": base64URL([]byte{1, 0, 0, 0, 0, 1}), "e null": nil, "e empty": "",
		"n short": base64URL(k.N.Bytes()[:128]), "n text": "not base64!", "n huge": base64URL(make([]byte, 5000)),
		"n null":  nil,
		"d there": "AQAB", "d null": nil,
	} {
		member, _, _ := strings.Cut(name, " ")
		if err := verifierOf(t, rsaJWK(k.N, int64(k.E), map[string]any{member: value}))(rsaToken); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	text := string(rsaJWK(k.N, int64(k.E), nil))
	if err := verifierOf(t, json.RawMessage(text[:len(text)-1]+`,"use":"sig","use":"enc"}`))(rsaToken); err == nil {
		t.Error("a key that says twice what it is for is accepted")
	}
	if err := verifierOf(t, json.RawMessage(text[:len(text)-1]+`,"x5t":"a","x5t":"b"}`))(rsaToken); err != nil {
		t.Errorf("a key with something twice that nobody reads: %v", err)
	}
	// Unreadable keys do not make the others unusable.
	if err := verifierOf(t, json.RawMessage(`null`), json.RawMessage(`7`), json.RawMessage(`"key"`), json.RawMessage(`[]`),
		json.RawMessage(`{}`), json.RawMessage(`{"kty":"OKP","crv":"Ed25519","x":"AA"}`),
		json.RawMessage(text))(rsaToken); err != nil {
		t.Errorf("beside others: %v", err)
	}
}

// TestByteOrderMark checks that a byte order mark before a provider's answer is ignored at every endpoint, and kept
// elsewhere.
func TestByteOrderMark(t *testing.T) {
	const bom = "\ufeff"
	k := rsaKeys()[0]
	for _, mark := range []string{"", bom} {
		p := &provider{}
		var token string
		p.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			switch r.URL.Path {
			case "/.well-known/openid-configuration":
				fmt.Fprintf(w, `%s{"issuer":%q,"jwks_uri":%q,"authorization_endpoint":%q,"token_endpoint":%q,`+
					`"userinfo_endpoint":%q}`, mark, p.URL, p.URL+"/keys", p.URL+"/a", p.URL+"/t", p.URL+"/u")
			case "/keys":
				fmt.Fprintf(w, `%s{"keys":[%s]}`, mark, rsaJWK(k.N, int64(k.E), nil))
			case "/t":
				fmt.Fprintf(w, `%s{"access_token":"a","token_type":"Bearer","id_token":%q}`, mark, token)
			case "/u":
				fmt.Fprintf(w, `%s{"sub":"1","email":"alice@larkspur.example"}`, mark)
			}
		}))
		t.Cleanup(p.Close)
		v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
		c := p.claims()
		c["nonce"], c["aud"] = "n", "client"
		token = sign(t, "RS256", k, "k", nil, c)
		got, err := v.Redeem(t.Context(), RelyingParty{Issuer: p.URL, ClientID: "client", ClientSecret: "s",
			Redirect: "https://x.example"}, "code", strings.Repeat("v", 43), "n", "email", p.expect())
		if err != nil {
			t.Errorf("with the mark %q: %v", mark, err)
			continue
		}
		if email, err := got.Lookup("email"); err != nil || email != "alice@larkspur.example" {
			t.Errorf("with the mark %q: %q %v", mark, email, err)
		}
	}
	for body, want := range map[string]string{"": "", "\xef": "\xef", "\xef\xbb": "\xef\xbb", bom: "", "ab": "ab",
		"abc": "abc", bom + "{}": "{}", bom + bom + "{}": bom + "{}", "{" + bom + "}": "{" + bom + "}"} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte(body)) }))
		if got, _, err := newGuardedClient(true, nil).get(t.Context(), s.URL); err != nil || string(got) != want {
			t.Errorf("%q was read as %q, %v", body, got, err)
		}
		s.Close()
	}
	s := httptest.NewServer(
		http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.Write(make([]byte, maxBody+1)) }))
	defer s.Close()
	if _, _, err := newGuardedClient(true, nil).get(t.Context(), s.URL); err == nil {
		t.Error("a long answer is taken")
	}
}
