package ssooidc_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"
	"github.com/aws/aws-sdk-go-v2/service/ssooidc"

	"granary/internal/client"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// hostile is a company that also trusts the strangers, each with audience "app" and preferred_username → userName.
type hostile struct {
	*worldtest.Tokens
	*worldtest.Strangers
	key     *rsa.PrivateKey
	issuers map[string]string
}

func newHostile(t *testing.T, change func(*server.Config)) *hostile {
	h := &hostile{Tokens: &worldtest.Tokens{}, Strangers: worldtest.NewStrangers(t), key: worldtest.NewRSAKey(t, 2048),
		issuers: map[string]string{}}
	h.Company = worldtest.SettleWith(t, func(c *server.Config) {
		c.Quotas.Issuers = 100
		c.Now = func() time.Time { return time.Now().Add(time.Duration(h.Ahead.Load())) }
		change(c)
	})
	h.App = worldtest.Must[client.Key](t)(h.Assume(t.Context(), h.Machine, h.WebApp, "app", ""))
	h.SSO = ssoadmin.NewFromConfig(h.AWS(h.Root()))
	h.Publish("/good", worldtest.RSAJWK(&h.key.PublicKey, map[string]any{"kid": "k1", "use": "sig", "alg": "RS256"}))
	h.trust(t, "preferred_username", "userName", "/good")
	return h
}

// trust makes paths' issuers those the application accepts; ten at most.
func (h *hostile) trust(t *testing.T, claim, attribute string, paths ...string) {
	t.Helper()
	var list []ssotypes.AuthorizedTokenIssuer
	for _, path := range paths {
		if h.issuers[path] == "" {
			h.issuers[path] = h.AddIssuer(t, h.URL+path, claim, attribute)
		}
		list = append(list, ssotypes.AuthorizedTokenIssuer{TrustedTokenIssuerArn: aws.String(h.issuers[path]),
			AuthorizedAudiences: []string{"app"}})
	}
	h.PutGrant(t, h.Application, world.JWTBearer,
		&ssotypes.GrantMemberJwtBearer{Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: list}})
}

// payload are good claims, changed: a nil value takes a claim away, a json.RawMessage stands as it is.
func (h *hostile) payload(path string, change map[string]any) string {
	c := map[string]any{"iss": h.URL + path, "sub": "s", "aud": "app",
		"exp": time.Now().Add(time.Duration(h.Ahead.Load())).Unix() + 300, "preferred_username": worldtest.Alice}
	for k, v := range change {
		if v == nil {
			delete(c, k)
		} else {
			c[k] = v
		}
	}
	b, _ := json.Marshal(c)
	return string(b)
}

func (h *hostile) exchange(t *testing.T, token string) error {
	_, err := h.CreateToken(t.Context(), &ssooidc.CreateTokenWithIAMInput{GrantType: aws.String(world.JWTBearer),
		Assertion: &token})
	return err
}

const rs256 = `{"alg":"RS256","kid":"k1"}`

func TestHostileTokens(t *testing.T) {
	t.Parallel()
	h := newHostile(t, func(*server.Config) {})
	evil := worldtest.NewRSAKey(t, 2048)
	good := h.payload("/good", nil)
	claim := func(name string, v any) string {
		return worldtest.ForgeToken(h.key, rs256, h.payload("/good", map[string]any{name: v}))
	}
	raw := func(text string) json.RawMessage { return json.RawMessage(text) }
	honest := worldtest.ForgeToken(h.key, rs256, good)
	parts := strings.Split(honest, ".")
	now := time.Now().Unix()

	// signed some other way than RS256
	hmacSigned := func(alg string, secret []byte) string {
		input := worldtest.EncodeBase64([]byte(`{"alg":"`+alg+`","kid":"k1"}`)) + "." + worldtest.EncodeBase64([]byte(good))
		m := hmac.New(sha256.New, secret)
		m.Write([]byte(input))
		return input + "." + worldtest.EncodeBase64(m.Sum(nil))
	}
	der := worldtest.Must[[]byte](t)(x509.MarshalPKIXPublicKey(&h.key.PublicKey))
	publicPEM := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	sha512Signed := func(alg string, hash crypto.Hash, digest func([]byte) []byte, pss bool) string {
		input := worldtest.EncodeBase64([]byte(`{"alg":"`+alg+`","kid":"k1"}`)) + "." + worldtest.EncodeBase64([]byte(good))
		var sig []byte
		if pss {
			sig = worldtest.Must[[]byte](t)(rsa.SignPSS(rand.Reader, h.key, hash, digest([]byte(input)), nil))
		} else {
			sig = worldtest.Must[[]byte](t)(rsa.SignPKCS1v15(rand.Reader, h.key, hash, digest([]byte(input))))
		}
		return input + "." + worldtest.EncodeBase64(sig)
	}
	sum256 := func(b []byte) []byte { s := sha256.Sum256(b); return s[:] }
	sum384 := func(b []byte) []byte { s := sha512.Sum384(b); return s[:] }
	sum512 := func(b []byte) []byte { s := sha512.Sum512(b); return s[:] }
	ec := worldtest.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	ecInput := worldtest.EncodeBase64([]byte(`{"alg":"ES256","kid":"k1"}`)) + "." + worldtest.EncodeBase64([]byte(good))
	r, s, err := ecdsa.Sign(rand.Reader, ec, sum256([]byte(ecInput)))
	if err != nil {
		t.Fatal(err)
	}
	jwk, _ := json.Marshal(worldtest.RSAJWK(&evil.PublicKey, nil))

	accepted := map[string]string{
		"as it should be":             honest,
		"expired within the skew":     claim("exp", now-50),
		"begins within the skew":      claim("nbf", now+50),
		"issued within the skew":      claim("iat", now+50),
		"fractions of a second":       claim("exp", float64(now)+300.25),
		"one audience of several":     claim("aud", []string{"x", "app"}),
		"a list of one name":          claim("preferred_username", []string{worldtest.Alice}),
		"another letter case":         claim("preferred_username", strings.ToUpper(worldtest.Alice)),
		"no kid":                      worldtest.ForgeToken(h.key, `{"alg":"RS256"}`, good),
		"typ at+jwt":                  worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","typ":"at+jwt"}`, good),
		"unknown header without crit": worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","nonce":"x"}`, good),
	}
	for name, token := range accepted {
		if err := h.exchange(t, token); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	cases := map[string]string{
		// the signature
		"alg none": worldtest.EncodeBase64([]byte(`{"alg":"none"}`)) + "." + parts[1] + ".",
		"alg None": worldtest.EncodeBase64([]byte(`{"alg":"None","kid":"k1"}`)) + "." + parts[1] + "." +
			parts[2],
		"alg nOnE":                       worldtest.EncodeBase64([]byte(`{"alg":"nOnE"}`)) + "." + parts[1] + "." + parts[2],
		"HS256 with the public key, PEM": hmacSigned("HS256", publicPEM),
		"HS256 with the public key, DER": hmacSigned("HS256", der),
		"HS256 with the modulus":         hmacSigned("HS256", h.key.N.Bytes()),
		"HS256 with nothing":             hmacSigned("HS256", nil),
		"RS384":                          sha512Signed("RS384", crypto.SHA384, sum384, false),
		"RS512": sha512Signed("RS512", crypto.SHA512, sum512,
			false),
		"PS256": sha512Signed("PS256", crypto.SHA256, sum256, true),
		"ES256": ecInput + "." + worldtest.EncodeBase64(append(r.FillBytes(make([]byte, 32)),
			s.FillBytes(make([]byte, 32))...)),
		"alg missing":     worldtest.ForgeToken(h.key, `{"kid":"k1"}`, good),
		"alg a number":    worldtest.ForgeToken(h.key, `{"alg":256,"kid":"k1"}`, good),
		"alg null":        worldtest.ForgeToken(h.key, `{"alg":null,"kid":"k1"}`, good),
		"alg lower case":  worldtest.ForgeToken(h.key, `{"alg":"rs256","kid":"k1"}`, good),
		"alg twice":       worldtest.ForgeToken(h.key, `{"alg":"RS256","alg":"none","kid":"k1"}`, good),
		"crit":            worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","crit":["exp"],"exp":1}`, good),
		"crit b64":        worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","crit":["b64"],"b64":false}`, good),
		"crit empty":      worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","crit":[]}`, good),
		"own key, in jwk": worldtest.ForgeToken(evil, `{"alg":"RS256","kid":"k1","jwk":`+string(jwk)+`}`, good),
		"own key, by jku": worldtest.ForgeToken(evil, `{"alg":"RS256","kid":"k1","jku":"`+h.URL+`/evil/keys"}`, good),
		"own key, by x5u": worldtest.ForgeToken(evil, `{"alg":"RS256","kid":"k1","x5u":"`+h.URL+`/evil/keys"}`, good),
		"own key, in x5c": worldtest.ForgeToken(evil, `{"alg":"RS256","kid":"k1","x5c":["AAAA"]}`, good),
		"own key":         worldtest.ForgeToken(evil, rs256, good),
		"own key, no kid": worldtest.ForgeToken(evil, `{"alg":"RS256"}`, good),
		"kid unknown":     worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k2"}`, good),
		"kid a path":      worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"../../../../dev/null"}`, good),
		"kid SQL":         worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1' OR 1=1 --"}`, good),
		"kid a number":    worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":1}`, good),
		"kid of 8 KiB":    worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"`+strings.Repeat("k", 8<<10)+`"}`, good),
		"typ dpop+jwt":    worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","typ":"dpop+jwt"}`, good),
		"typ logout+jwt":  worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","typ":"application/LOGOUT+jwt"}`, good),
		"header a list":   worldtest.ForgeToken(h.key, `["alg","RS256"]`, good),
		"header no JSON":  worldtest.ForgeToken(h.key, `alg=RS256`, good),
		"header empty":    "." + parts[1] + "." + parts[2],
		"signature gone":  parts[0] + "." + parts[1] + ".",
		"signature short": parts[0] + "." + parts[1] + "." + parts[2][:len(parts[2])-8],
		"signature zero":  parts[0] + "." + parts[1] + "." + worldtest.EncodeBase64(make([]byte, 256)),
		"signature moved": parts[0] + "." + worldtest.EncodeBase64([]byte(h.payload("/good",
			map[string]any{"preferred_username": worldtest.Bob}))) +
			"." + parts[2],
		"header exchanged": worldtest.EncodeBase64([]byte(`{"kid":"k1","alg":"RS256"}`)) + "." + parts[1] + "." + parts[2],
		// the form
		"nothing there": "x", "one part": parts[0], "two parts": parts[0] + "." + parts[1], "four parts": honest + ".x",
		"five parts, a JWE":  honest + ".x.y",
		"JSON serialization": `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"a line break":       parts[0] + "." + parts[1] + "\n." + parts[2], "a space before": " " + honest,
		"a line break after": honest + "\n",
		"padding":            parts[0] + "." + parts[1] + "." + parts[2] + "==", "the other base64": parts[0] + "." +
			parts[1] + "." +
			strings.NewReplacer("-", "+", "_", "/").Replace(parts[2]) + "+",
		"BOM": "\ufeff" + honest, "NUL": honest + "\x00", "oversize": claim("pad", strings.Repeat("x", 20_000)),
		"payload empty":     worldtest.ForgeToken(h.key, rs256, ""),
		"payload a list":    worldtest.ForgeToken(h.key, rs256, "["+good+"]"),
		"payload a text":    worldtest.ForgeToken(h.key, rs256, `"x"`),
		"payload null":      worldtest.ForgeToken(h.key, rs256, "null"),
		"payload and more":  worldtest.ForgeToken(h.key, rs256, good+"{}"),
		"payload cut":       worldtest.ForgeToken(h.key, rs256, good[:len(good)-1]),
		"payload not UTF-8": claim("preferred_username", raw("\"ali\xffce\"")),
		"deep in a claim":   claim("deep", raw(strings.Repeat("[", 5000)+strings.Repeat("]", 4999))),
		"deep in the claim": claim("preferred_username", raw(strings.Repeat("[", 5000)+strings.Repeat("]", 5000))),
		"a nested JWT":      worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"k1","cty":"JWT"}`, honest),
		// what it says
		"iss missing": claim("iss", nil), "iss a list": claim("iss", []string{h.URL + "/good"}),
		"iss in capitals":  claim("iss", strings.ToUpper(h.URL)+"/good"),
		"iss with a slash": claim("iss", h.URL+"/good/"), "iss with NUL": claim("iss", h.URL+"/good\x00"),
		"iss of another":  claim("iss", h.Provider.Issuer()),
		"iss twice":       worldtest.ForgeToken(h.key, rs256, `{"iss":"`+h.URL+`/evil",`+good[1:]),
		"aud twice":       worldtest.ForgeToken(h.key, rs256, `{"aud":"x",`+good[1:]),
		"exp twice":       worldtest.ForgeToken(h.key, rs256, `{"exp":1,`+good[1:]),
		"the claim twice": worldtest.ForgeToken(h.key, rs256, `{"preferred_username":"`+worldtest.Bob+`",`+good[1:]),
		"twice by escape": worldtest.ForgeToken(h.key, rs256, `{"preferred_\u0075sername":"`+worldtest.Bob+`",`+good[1:]),
		"sub missing":     claim("sub", nil), "sub empty": claim("sub", ""), "sub a number": claim("sub", 1),
		"aud missing": claim("aud", nil), "aud another": claim("aud", "other"), "aud longer": claim("aud", "app2"),
		"aud in capitals": claim("aud", "APP"), "aud null": claim("aud", raw("null")),
		"aud an object": claim("aud", map[string]any{"app": "app"}), "aud others": claim("aud", []string{"a", "b"}),
		"aud mixed": claim("aud", []any{"app", 1}), "aud empty": claim("aud", []string{}),
		"azp instead": worldtest.ForgeToken(h.key, rs256, h.payload("/good", map[string]any{"aud": "other", "azp": "app"})),
		"exp missing": claim("exp", nil), "exp past": claim("exp", now-70), "exp a text": claim("exp", fmt.Sprint(now+300)),
		"exp negative": claim("exp", -1), "exp in milliseconds": claim("exp", (now+300)*1000),
		"exp null": claim("exp", raw("null")), "exp true": claim("exp", true), "exp too great": claim("exp", raw("1e400")),
		"exp a list": claim("exp", []int64{now + 300}), "exp NaN": claim("exp", "NaN"),
		"nbf to come": claim("nbf", now+90), "nbf a text": claim("nbf", "0"), "nbf null": claim("nbf", raw("null")),
		"iat to come":  claim("iat", now+90),
		"jti a number": claim("jti", 1), "jti empty": claim("jti", ""), "jti null": claim("jti", raw("null")),
		"jti a list":   claim("jti", []string{"a"}),
		"name missing": claim("preferred_username", nil), "name empty": claim("preferred_username", ""),
		"name an object": claim("preferred_username", map[string]any{"x": worldtest.Alice}),
		"two names":      claim("preferred_username", []string{worldtest.Alice, worldtest.Bob}),
		"name in lists":  claim("preferred_username", [][]string{{worldtest.Alice}}),
		"name true":      claim("preferred_username", true),
		"name null":      claim("preferred_username", raw("null")), "name a fraction": claim("preferred_username", 1.5),
		"name unknown":                 claim("preferred_username", "mallory@larkspur.example"),
		"name with a space":            claim("preferred_username", worldtest.Alice+" "),
		"name with NUL":                claim("preferred_username", worldtest.Alice+"\x00"),
		"name with a zero width space": claim("preferred_username", worldtest.Alice+"\u200b"),
		"name in Cyrillic":             claim("preferred_username", strings.Replace(worldtest.Alice, "a", "а", 1)),
		"name in full width":           claim("preferred_username", strings.Replace(worldtest.Alice, "a", "ａ", 1)),
		"name with a Kelvin sign":      claim("preferred_username", strings.Replace(worldtest.Alice, "k", "\u212a", 1)),
		"name with a long s":           claim("preferred_username", strings.Replace(worldtest.Alice, "s", "ſ", 1)),
		"name with a wildcard":         claim("preferred_username", "alice@*"),
		"name with SQL":                claim("preferred_username", "' OR '1'='1"),
		"deactivated":                  claim("preferred_username", worldtest.Erin),
	}
	t.Logf("%d hostile tokens", len(cases))
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		code := "InvalidGrantException"
		if name == "deactivated" {
			code = "AccessDeniedException"
		}
		t.Run(name, func(t *testing.T) { worldtest.Refused(t, h.exchange(t, cases[name]), code, "") })
	}
}

// What issuers publish, and how: none of it lets a token in that should not come in, or keeps anybody waiting for long.
func TestKeySetsOfStrangers(t *testing.T) {
	h := newHostile(t, func(*server.Config) {})
	token := func(path, kid string) string {
		return worldtest.ForgeToken(h.key, `{"alg":"RS256","kid":"`+kid+`"}`, h.payload(path, nil))
	}
	mine := func(extra map[string]any) any {
		if extra["kid"] == nil {
			extra["kid"] = "k1"
		}
		return worldtest.RSAJWK(&h.key.PublicKey, extra)
	}
	t.Run("addresses", func(t *testing.T) {
		words := map[string]string{"/absent": "404", "/html": "not JSON", "/someone-else": "login.example",
			"/elsewhere": "another origin", "/slow": "could not be fetched",
			"/trickle": "could not be fetched", "/huge": "more than 1 MiB", "/file": "jwks_uri"}
		h.trust(t, "preferred_username", "userName", slices.Collect(maps.Keys(words))...)
		for path, say := range words {
			t.Run(path, func(t *testing.T) {
				t.Parallel()
				began := time.Now()
				worldtest.Refused(t, h.exchange(t, token(path, "k1")), "InvalidGrantException", say)
				if took := time.Since(began); took > 30*time.Second { // it is cut off after five
					t.Errorf("it took %s", took)
				}
			})
		}
	})
	weak := worldtest.NewRSAKey(t, 1024)
	ec := worldtest.Must[*ecdsa.PrivateKey](t)(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))
	point := worldtest.Must[[]byte](t)(ec.PublicKey.Bytes())
	h.Publish("/weak", worldtest.RSAJWK(&weak.PublicKey, map[string]any{"kid": "k1"}))
	h.Publish("/enc", mine(map[string]any{"use": "enc"}))
	h.Publish("/alg", mine(map[string]any{"alg": "RS512"}))
	h.Publish("/curve", map[string]any{"kty": "EC", "crv": "P-256", "kid": "k1", "x": worldtest.EncodeBase64(point[1:33]),
		"y": worldtest.EncodeBase64(point[33:])})
	h.Publish("/secret", map[string]any{"kty": "oct", "kid": "k1", "k": worldtest.EncodeBase64([]byte("secret"))})
	h.Publish("/empty")
	many := []any{mine(map[string]any{})}
	for i := range 100 {
		many = append(many, mine(map[string]any{"kid": fmt.Sprint("x", i)}))
	}
	h.Publish("/many", many...)
	h.Publish("/odd", "not a key", map[string]any{"kty": "XYZ"}, map[string]any{"kty": "RSA", "n": "AQAB"}, 7,
		mine(map[string]any{"alg": "RS256"}))
	h.trust(t, "preferred_username", "userName", "/weak", "/enc", "/alg", "/curve", "/secret", "/empty", "/many", "/odd",
		"/good")
	for _, path := range []string{"/enc", "/alg", "/curve", "/secret", "/empty", "/many"} {
		t.Run(path, func(t *testing.T) {
			worldtest.Refused(t, h.exchange(t, token(path, "k1")), "InvalidGrantException", "")
		})
	}
	t.Run("/weak", func(t *testing.T) {
		worldtest.Refused(t, h.exchange(t, worldtest.ForgeToken(weak, rs256, h.payload("/weak", nil))),
			"InvalidGrantException", "no key")
	})
	t.Run("/odd has one good key", func(t *testing.T) {
		if err := h.exchange(t, token("/odd", "k1")); err != nil {
			t.Error(err)
		}
	})
	t.Run("keys turn, and strangers' kids cost one fetch a minute", func(t *testing.T) {
		count := func() int { return h.Fetched("/good") }
		if err := h.exchange(t, token("/good", "k1")); err != nil {
			t.Fatal(err)
		}
		h.Publish("/good", mine(map[string]any{"kid": "k2"}))
		if err := h.exchange(t, token("/good", "k2")); err != nil {
			t.Errorf("the new key: %v", err)
		}
		worldtest.Refused(t, h.exchange(t, token("/good", "k1")), "InvalidGrantException", "no key")
		before := count()
		var all sync.WaitGroup
		for i := range 50 {
			all.Go(func() { _ = h.exchange(t, token("/good", fmt.Sprint("made-up-", i))) })
		}
		all.Wait()
		if n := count() - before; n > 0 {
			t.Errorf("50 unknown kids within the minute cost %d fetches", n)
		}
		h.Publish("/good", mine(map[string]any{"kid": "k3"}))
		worldtest.Refused(t, h.exchange(t, token("/good", "k3")), "InvalidGrantException", "no key")
		h.Ahead.Store(int64(61 * time.Second))
		if err := h.exchange(t, token("/good", "k3")); err != nil {
			t.Errorf("the new key, a minute later: %v", err)
		}
	})
	t.Run("while the issuer is down, what was known serves", func(t *testing.T) {
		h.Stop()
		h.Ahead.Store(int64(8 * time.Minute)) // beyond what its Cache-Control allows
		if err := h.exchange(t, token("/good", "k3")); err != nil {
			t.Error(err)
		}
		worldtest.Refused(t, h.exchange(t, token("/good", "k4")), "InvalidGrantException", "no key")
	})
}

// An issuer whose certificate comes from the company's own authority is trusted when that authority is given, and only
// then.
func TestIssuersOfAPrivateAuthority(t *testing.T) {
	t.Parallel()
	key := worldtest.NewRSAKey(t, 2048)
	var idp *httptest.Server
	idp = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/keys" {
			json.NewEncoder(w).Encode(map[string]any{"keys": []any{worldtest.RSAJWK(&key.PublicKey,
				map[string]any{"kid": "k1"})}})
			return
		}
		fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, idp.URL, idp.URL+"/keys")
	}))
	defer idp.Close()
	idp.Config.ErrorLog = log.New(io.Discard, "", 0) // of the refused handshake
	file := filepath.Join(t.TempDir(), "authority.pem")
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: idp.Certificate().Raw}),
		0o600); err != nil {
		t.Fatal(err)
	}
	try := func(authority string) error {
		h := newHostile(t, func(c *server.Config) { c.Identity.IssuerCertificates = authority })
		h.issuers[""] = h.AddIssuer(t, idp.URL, "preferred_username", "userName")
		h.trust(t, "", "", "")
		return h.exchange(t, worldtest.ForgeToken(key, rs256, h.payload("", map[string]any{"iss": idp.URL})))
	}
	worldtest.Refused(t, try(""), "InvalidGrantException", "certificate")
	if err := try(file); err != nil {
		t.Error(err)
	}
	for path, say := range map[string]string{filepath.Join(t.TempDir(), "none"): "cannot be read",
		os.DevNull: "no certificate in PEM form"} {
		c := server.Defaults()
		c.Data, c.API, c.Web, c.Identity.IssuerCertificates = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", path
		if _, err := server.Start(t.Context(), c, slog.New(slog.DiscardHandler)); err == nil ||
			!strings.Contains(err.Error(), say) {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestVerifiedEmailsMayBeDemanded(t *testing.T) {
	t.Parallel()
	for _, demanded := range []bool{false, true} {
		h := newHostile(t, func(c *server.Config) { c.Identity.RequireVerifiedEmail = demanded })
		h.Publish("/mail", worldtest.RSAJWK(&h.key.PublicKey, map[string]any{"kid": "k1"}))
		h.trust(t, "email", "emails.value", "/mail")
		for _, x := range []struct {
			verified any
			vouched  bool
		}{{true, true}, {"true", true}, {false, false}, {"false", false}, {nil, false}, {1, false}} {
			err := h.exchange(t,
				worldtest.ForgeToken(h.key, rs256,
					h.payload("/mail", map[string]any{"email": strings.ToUpper(worldtest.Alice), "email_verified": x.verified})))
			if x.vouched || !demanded {
				if err != nil {
					t.Errorf("demanded %v, email_verified %v: %v", demanded, x.verified, err)
				}
				continue
			}
			worldtest.Refused(t, err, "InvalidGrantException", "email_verified")
		}
	}
}
