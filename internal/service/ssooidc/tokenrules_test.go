package ssooidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"maps"
	"strings"
	"testing"
	"time"

	"granary/internal/server"
	"granary/internal/worldtest"
)

// What the configuration says of people's tokens: what they may be signed with, how far clocks may be off, how long
// they may live.
func TestRulesForPeoplesTokens(t *testing.T) {
	t.Parallel()
	ec := worldtest.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	point := worldtest.Must[[]byte](t)(ec.PublicKey.Bytes())
	curve := map[string]any{"kty": "EC", "crv": "P-256", "kid": "e", "x": worldtest.EncodeBase64(point[1:33]),
		"y": worldtest.EncodeBase64(point[33:])}
	elliptic := func(payload string) string {
		input := worldtest.EncodeBase64([]byte(`{"alg":"ES256","kid":"e"}`)) + "." + worldtest.EncodeBase64([]byte(payload))
		sum := sha256.Sum256([]byte(input))
		r, s, err := ecdsa.Sign(rand.Reader, ec, sum[:])
		if err != nil {
			t.Fatal(err)
		}
		return input + "." + worldtest.EncodeBase64(append(r.FillBytes(make([]byte, 32)), s.FillBytes(make([]byte, 32))...))
	}
	pss := func(h *hostile, payload string) string {
		input := worldtest.EncodeBase64([]byte(`{"alg":"PS256","kid":"k1"}`)) + "." + worldtest.EncodeBase64([]byte(payload))
		sum := sha256.Sum256([]byte(input))
		return input + "." +
			worldtest.EncodeBase64(worldtest.Must[[]byte](t)(rsa.SignPSS(rand.Reader, h.key, crypto.SHA256, sum[:],
				&rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})))
	}
	begin := func(change func(*server.Config)) *hostile {
		h := newHostile(t, change)
		h.Publish("/mixed", worldtest.RSAJWK(&h.key.PublicKey, map[string]any{"kid": "k1"}), curve)
		h.trust(t, "preferred_username", "userName", "/mixed")
		return h
	}
	at := func(h *hostile, exp, iat int64) string {
		now := time.Now().Unix()
		change := map[string]any{"exp": now + exp, "iat": now + iat}
		if iat == 0 {
			change["iat"] = nil
		}
		return worldtest.ForgeToken(h.key, rs256, h.payload("/mixed", change))
	}
	try := func(h *hostile, tokens map[string]string, says map[string]string) {
		t.Helper()
		for name, token := range tokens {
			err := h.exchange(t, token)
			if say, bad := says[name]; bad {
				worldtest.Refused(t, err, "InvalidGrantException", say)
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	all := func(h *hostile) map[string]string {
		return map[string]string{"RS256": worldtest.ForgeToken(h.key, rs256, h.payload("/mixed", nil)),
			"ES256": elliptic(h.payload("/mixed", nil)), "PS256": pss(h, h.payload("/mixed", nil)),
			"50 s ago": at(h, -50, -100), "for an hour": at(h, 3000, -600), "without iat": at(h, 300, 0)}
	}
	only := map[string]string{"ES256": "only RS256 is accepted", "PS256": "only RS256 is accepted"}
	h := begin(func(*server.Config) {})
	try(h, all(h), only)
	h = begin(func(c *server.Config) { c.Identity.TokenAlgorithms = "ES256, PS256" })
	try(h, all(h), map[string]string{"RS256": "only ES256, PS256 is accepted", "50 s ago": "only", "for an hour": "only",
		"without iat": "only"})
	h = begin(func(c *server.Config) { c.Identity.ClockSkew = 10 * time.Second })
	want := maps.Clone(only)
	want["50 s ago"] = "expired"
	try(h, all(h), want)
	h = begin(func(c *server.Config) { c.Identity.MaxTokenLifetime = 10 * time.Minute })
	want = maps.Clone(only)
	want["RS256"], want["for an hour"], want["without iat"] = "claim iat", "max_token_lifetime allows 10m", "claim iat"
	try(h, all(h), want)

	for _, x := range []struct {
		change func(*server.Config)
		says   string
	}{
		{func(c *server.Config) { c.Identity.TokenAlgorithms = "RS256,none" }, "identity.token_algorithms is \"none\""},
		{func(c *server.Config) { c.Identity.TokenAlgorithms = "" }, "identity.token_algorithms"},
		{func(c *server.Config) { c.Identity.TokenAlgorithms = "HS256" }, "identity.token_algorithms"},
		{func(c *server.Config) { c.Identity.ClockSkew = time.Hour }, "identity.clock_skew"},
		{func(c *server.Config) { c.Identity.MaxTokenLifetime = -1 }, "max_token_lifetime"},
		{func(c *server.Config) { c.Identity.TokenIssuer = "me" }, "identity.token_issuer"},
		{func(c *server.Config) { c.Quotas.Exchanges = -1 }, "quotas"},
	} {
		c := server.Defaults()
		x.change(&c)
		if err := c.Check(); err == nil || !strings.Contains(err.Error(), x.says) {
			t.Errorf("want %s: %v", x.says, err)
		}
	}
}
