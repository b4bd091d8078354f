package idtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"granary"
)

// FuzzVerify checks that, without the private key, the only token that verifies is the one that was signed, to the last
// character. Every other text must be refused with a sentence, and PeekIssuer must not return an issuer from text that
// is not a token.
func FuzzVerify(f *testing.F) {
	p := newProvider(f)
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	honest := sign(f, "RS256", rsaKeys()[0], "k0", nil, p.claims())
	parts := strings.Split(honest, ".")
	for _, token := range []string{honest, honest + "=", "e30.eyJpc3MiOiJ4In0.x", base64URL([]byte(`{"alg":"none"}`)) +
		"." +
		parts[1] + ".", parts[0] + "." + parts[1] + ".AAAA", "..", "",
		base64URL([]byte(`{"alg":"HS256","kid":"k0"}`)) + "." + parts[1] + "." + parts[2],
		parts[0] + "." + base64URL([]byte(`{"iss":"`+p.URL+`"}`)) + "." + parts[2], strings.Repeat("a.", 40)} {
		f.Add(token)
	}
	f.Fuzz(func(t *testing.T, token string) {
		c, err := v.Verify(t.Context(), token, p.expect())
		switch {
		case err == nil && token != honest:
			t.Errorf("%q verifies: %+v", token, c)
		case err != nil && token == honest:
			t.Error(err)
		case err != nil && (!granary.Is(err, granary.Invalid) || c != nil || granary.AsError(err).Message == ""):
			t.Errorf("%+v with %v", c, err)
		}
		if iss, err := PeekIssuer(token); (err == nil) != (iss != "") || err != nil && !granary.Is(err, granary.Invalid) {
			t.Errorf("the issuer %q with %v", iss, err)
		}
	})
}

// FuzzClaims signs arbitrary payloads. An accepted one must be one JSON object with each claim once, from the issuer,
// for the audience, at the right time, and a claim that Lookup returns must be a text in it.
func FuzzClaims(f *testing.F) {
	p := newProvider(f)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	p.raw, _ = json.Marshal(map[string]any{"keys": []json.RawMessage{ecJWK(&key.PublicKey, nil)}}) // was parsed from JSON
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	want := p.expect()
	want.Algorithms = WorkloadAlgorithms
	good, _ := json.Marshal(p.claims()) // only texts and numbers
	for _, s := range []string{string(good), string(good) + "{}", `{"iss":1}`, "null", `[` + string(good) + `]`,
		`{"a.b":"x","a":{"b":"y"},` + string(good[1:]), `{"exp":1e99,` + string(good[1:]),
		`{"aud":["app",null],` + string(good[1:]),
		strings.Replace(string(good), `"alice"`, `["alice"]`, 1), strings.Replace(string(good), `"alice"`, `7`, 1),
		strings.Replace(string(good), "app", "\xff", 1)} {
		f.Add([]byte(s), "preferred_username")
		f.Add([]byte(s), "a.b")
	}
	f.Fuzz(func(t *testing.T, payload []byte, path string) {
		if len(payload) > 8<<10 {
			return
		}
		c, err := v.Verify(t.Context(), sign(t, "ES256", key, "k", nil, payload), want)
		if err != nil {
			if !granary.Is(err, granary.Invalid) || granary.AsError(err).Message == "" {
				t.Error(err)
			}
			return
		}
		var said struct {
			Iss, Sub string
			Aud      any
			Exp      float64
		}
		if err := json.Unmarshal(payload, &said); err != nil || said.Iss != p.URL || said.Sub == "" ||
			c.Subject != said.Sub || int64(said.Exp)+60 < now.Unix() {
			t.Errorf("%q is accepted, %v", payload, err)
		}
		if !slices.ContainsFunc(want.Audiences, c.For) {
			t.Errorf("%q is for %v", payload, said.Aud)
		}
		if s, err := c.Lookup(path); (err == nil) != (s != "") || err == nil && !utf8.ValidString(s) {
			t.Errorf("%s of %q is %q, %v", path, payload, s, err)
		}
	})
}
