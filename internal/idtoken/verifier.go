// Package idtoken verifies the tokens of corporate identity providers, and signs those of Granary's own issuer. Token formats
// and the HTTP client that fetches strangers' keys live here and nowhere else.
//
//	token ─▶ Verify ─▶ KeyCache ─▶ guarded client ─▶ discovery document ─▶ key set
//	Claims ◀── signature, issuer, audience, times
//
// It does not know which issuers an application trusts, or whom a claim means.
package idtoken

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"

	"granary"
)

// MaxToken is the longest token that is looked at, in bytes.
const MaxToken = 16 << 10

// Verifier verifies tokens with the keys their issuers publish. It is safe for concurrent use.
type Verifier struct{ Keys *KeyCache }

// Expect is what a token must say.
type Expect struct {
	Issuer    string   // byte for byte (OIDC Discovery 1.0 §4.3)
	Audiences []string // one of the token's audiences must be one of these
	Now       time.Time
	Skew      time.Duration
}

// Claims are the verified claims of a token.
type Claims struct {
	ID      string // jti; "" when the token has none
	Subject string
	Expires time.Time
	raw     map[string]json.RawMessage
}

// PeekIssuer reads the issuer without believing it: it only says whose keys to verify with. Errors are Invalid.
func PeekIssuer(token string) (string, error) {
	raw, err := peek(token)
	if err != nil {
		return "", err
	}
	var iss string
	if json.Unmarshal(raw["iss"], &iss) != nil || iss == "" {
		return "", invalid("The token names no issuer (claim iss).")
	}
	return iss, nil
}

func peek(token string) (map[string]json.RawMessage, error) {
	if len(token) > MaxToken {
		return nil, invalid("The token is longer than %d bytes.", MaxToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, invalid("The token is not a signed JWT: it has %d parts separated by dots, not 3.", len(parts))
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return nil, invalid("The token's payload is not base64url.")
	}
	return claimsOf(payload)
}

// claimsOf reads one JSON object; a claim given twice could be read differently by two readers, and is refused.
func claimsOf(payload []byte) (map[string]json.RawMessage, error) {
	bad := invalid("The token's payload is not a JSON object with each claim once.")
	d := json.NewDecoder(bytes.NewReader(payload))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, bad
	}
	raw := map[string]json.RawMessage{}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, bad
		}
		name, _ := t.(string)
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, bad
		}
		if _, twice := raw[name]; twice {
			return nil, bad
		}
		raw[name] = v
	}
	if _, err := d.Token(); err != nil {
		return nil, bad
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, bad
	}
	return raw, nil
}

// refusedTypes are token types that are no identity or access token: accepting one would confuse a proof with a sign-in.
var refusedTypes = []string{"dpop+jwt", "logout+jwt", "secevent+jwt"}

// Verify checks a token: RS256 only, signed by a key the issuer publishes, from the issuer, for one of the audiences, at the
// right time. Errors are Invalid with a sentence for the caller; an unreachable issuer is Invalid too.
// identity-center §9.1; RFC 7519 §7.2, RFC 8725.
func (v *Verifier) Verify(ctx context.Context, token string, want Expect) (*Claims, error) {
	if _, err := peek(token); err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
	if err != nil || len(jws.Signatures) != 1 {
		var alg *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &alg) {
			return nil, invalid("The token is signed with %s; only RS256 is accepted.", alg.Got)
		}
		return nil, invalid("The token is malformed.")
	}
	header := jws.Signatures[0].Protected
	if _, crit := header.ExtraHeaders["crit"]; crit {
		return nil, invalid("The token's header demands extensions (crit) that are not understood.")
	}
	if typ, _ := header.ExtraHeaders["typ"].(string); slices.Contains(refusedTypes, strings.TrimPrefix(strings.ToLower(typ), "application/")) {
		return nil, invalid("The token is a %s, which is no sign-in token.", typ)
	}
	payload, err := v.signature(ctx, jws, want.Issuer, header.KeyID)
	if err != nil {
		return nil, err
	}
	raw, err := claimsOf(payload)
	if err != nil {
		return nil, err
	}
	return check(raw, want)
}

// signature tries the key the token names, or when it names none, each of the issuer's.
func (v *Verifier) signature(ctx context.Context, jws *jose.JSONWebSignature, issuer, kid string) ([]byte, error) {
	keys, err := v.Keys.find(ctx, issuer, kid)
	if err != nil {
		return nil, err
	}
	for _, k := range keys {
		if payload, err := jws.Verify(k.key); err == nil {
			return payload, nil
		}
	}
	if len(keys) == 0 {
		return nil, invalid("The issuer %s publishes no key %q that the token could be signed with.", issuer, kid)
	}
	return nil, invalid("The token's signature is wrong.")
}

func check(raw map[string]json.RawMessage, want Expect) (*Claims, error) {
	c := &Claims{raw: raw}
	text := func(name string) string {
		var s string
		_ = json.Unmarshal(raw[name], &s)
		return s
	}
	if text("iss") != want.Issuer {
		return nil, invalid("The token's issuer is not %s.", want.Issuer)
	}
	if c.Subject = text("sub"); c.Subject == "" {
		return nil, invalid("The token has no subject (claim sub).")
	}
	if j, ok := raw["jti"]; ok {
		if c.ID = text("jti"); c.ID == "" {
			return nil, invalid("The token's jti is %s, and must be a text.", brief(j))
		}
	}
	if err := audience(raw["aud"], want.Audiences); err != nil {
		return nil, err
	}
	expires, ok, err := numericDate(raw, "exp")
	switch {
	case err != nil:
		return nil, err
	case !ok:
		return nil, invalid("The token has no expiry (claim exp).")
	case !want.Now.Before(expires.Add(want.Skew)):
		return nil, invalid("The token expired at %s.", expires.UTC().Format(time.RFC3339))
	}
	c.Expires = expires
	for _, name := range []string{"nbf", "iat"} {
		t, ok, err := numericDate(raw, name)
		if err != nil {
			return nil, err
		}
		if ok && t.After(want.Now.Add(want.Skew)) {
			return nil, invalid("The token is not valid yet: its %s is %s, and it is %s here.", name, t.UTC().Format(time.RFC3339), want.Now.UTC().Format(time.RFC3339))
		}
	}
	return c, nil
}

func audience(raw json.RawMessage, wanted []string) error {
	var list []string
	var one string
	if json.Unmarshal(raw, &one) == nil {
		list = []string{one}
	} else if json.Unmarshal(raw, &list) != nil {
		return invalid("The token has no audience (claim aud).")
	}
	for _, a := range list {
		if slices.Contains(wanted, a) {
			return nil
		}
	}
	return invalid("The token's audience %q is none that the application accepts from this issuer.", strings.Join(list, ", "))
}

// numericDate reads seconds since 1970, perhaps with a fraction (RFC 7519 §2).
func numericDate(raw map[string]json.RawMessage, name string) (t time.Time, ok bool, err error) {
	v, ok := raw[name]
	if !ok {
		return t, false, nil
	}
	var f float64
	if json.Unmarshal(v, &f) != nil || f < 0 || f > 1e11 {
		return t, false, invalid("The token's %s is %s, and must be seconds since 1970.", name, brief(v))
	}
	return time.Unix(0, int64(f*1e9)), true, nil
}

func brief(v json.RawMessage) string { return string(v[:min(len(v), 40)]) }

// Lookup finds a claim: one whose name is the whole path, else the path's segments one after another. Only a text, a whole
// number, or a list of just one of them will do.
func (c *Claims) Lookup(path string) (string, error) {
	v, ok := c.raw[path]
	if !ok {
		level := c.raw
		for segments := strings.Split(path, "."); len(segments) > 0; segments = segments[1:] {
			if v, ok = level[segments[0]]; !ok {
				break
			}
			level = nil
			_ = json.Unmarshal(v, &level)
		}
	}
	if !ok {
		return "", invalid("The token has no claim %s.", path)
	}
	var list []json.RawMessage
	if json.Unmarshal(v, &list) == nil && len(list) == 1 {
		v = list[0]
	}
	var s string
	if json.Unmarshal(v, &s) == nil && s != "" {
		return s, nil
	}
	var n json.Number
	if json.Unmarshal(v, &n) == nil && n != "" && !strings.ContainsAny(n.String(), ".eE") {
		return n.String(), nil
	}
	return "", invalid("The token's claim %s is not a single text.", path)
}

func invalid(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...)
}
