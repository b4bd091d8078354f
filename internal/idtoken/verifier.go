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
)

// Skew is how far the clocks of an identity provider and of this server may differ, unless the configuration says otherwise.
const Skew = 60 * time.Second

// What Verify's errors are, for callers that tell these from the others.
var (
	ErrExpired     = errors.New("expired")
	ErrAudience    = errors.New("audience")
	ErrUnreachable = errors.New("unreachable")
)

// MaxToken is the longest token that is looked at, in bytes.
const MaxToken = 20_000 // what STS takes

// Verifier verifies tokens with the keys their issuers publish. It is safe for concurrent use.
type Verifier struct {
	Keys        *KeyCache
	Skew        time.Duration             // how far issuers' clocks may be off
	MaxLifetime time.Duration             // of people's tokens; 0: any
	Algorithms  []jose.SignatureAlgorithm // of people's tokens; nil stands for RS256 alone, as on AWS
}

// Person is what the token of a person must say that is brought for an exchange.
func (v *Verifier) Person(issuer string, audiences []string, now time.Time) Expect {
	return Expect{Issuer: issuer, Audiences: audiences, Now: now, Skew: v.Skew, MaxLifetime: v.MaxLifetime, Algorithms: v.Algorithms}
}

// Expect is what a token must say.
type Expect struct {
	Issuer    string   // byte for byte (OIDC Discovery 1.0 §4.3)
	Audiences []string // one of the token's audiences must be one of these
	Now       time.Time
	Skew      time.Duration

	MaxLifetime time.Duration // from iat, which must be there then, to exp; 0: any

	AuthorizedParty bool // the authorized party (claim azp) will do for an audience

	Algorithms []jose.SignatureAlgorithm // that the signature may be of; nil stands for RS256 alone
}

// WorkloadAlgorithms are those that IAM takes from OIDC providers (IAM guide, "Create an OIDC identity provider").
var WorkloadAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384, jose.ES512}

// PersonAlgorithms are those that people's tokens may be allowed to be signed with.
var PersonAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.ES384}

func (e *Expect) algorithms() []jose.SignatureAlgorithm {
	if e.Algorithms == nil {
		return []jose.SignatureAlgorithm{jose.RS256}
	}
	return e.Algorithms
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
	payload, err := compact(token)
	if err != nil {
		return nil, err
	}
	return claimsOf(payload)
}

// compact checks that a token is three parts of base64url, each in the one way that it can be written, and returns the second.
func compact(token string) (payload []byte, err error) {
	if len(token) > MaxToken {
		return nil, invalid("The token is longer than %d bytes.", MaxToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, invalid("The token is not a signed JWT: it has %d parts separated by dots, not 3.", len(parts))
	}
	if strings.ContainsFunc(token, notCompact) { // decoders skip line breaks, and so would see one token in many texts
		return nil, invalid("The token has characters that a compact JWT cannot have, such as spaces or line breaks.")
	}
	for i, name := range []string{"header", "payload", "signature"} {
		part, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, invalid("The token's %s is not base64url.", name)
		}
		if i == 1 {
			payload = part
		}
	}
	return payload, nil
}

func notCompact(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || r == '-' || r == '_' || r == '.')
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

// Verify checks a token: of an algorithm that is expected, signed by a key the issuer publishes, from the issuer, for one of the audiences, at the
// right time. Errors are Invalid with a sentence for the caller; an unreachable issuer is Invalid too.
// identity-center §9.1; RFC 7519 §7.2, RFC 8725.
func (v *Verifier) Verify(ctx context.Context, token string, want Expect) (*Claims, error) {
	c, err := v.signed(ctx, token, want)
	if err != nil {
		return nil, err
	}
	for _, check := range checks {
		if err := check.run(c, want); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// signed verifies the signature and nothing else.
func (v *Verifier) signed(ctx context.Context, token string, want Expect) (*Claims, error) {
	payload, err := v.open(ctx, token, want)
	if err != nil {
		return nil, err
	}
	raw, err := claimsOf(payload)
	if err != nil {
		return nil, err
	}
	return &Claims{raw: raw}, nil
}

// open returns what was signed, whatever it is.
func (v *Verifier) open(ctx context.Context, token string, want Expect) (payload []byte, err error) {
	if _, err := compact(token); err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(token, want.algorithms())
	if err != nil || len(jws.Signatures) != 1 {
		var alg *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &alg) {
			return nil, invalid("The token is signed with %s; only %s is accepted.", alg.Got, names(want.algorithms()))
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
	return v.signature(ctx, jws, want.Issuer, header.KeyID)
}

// Algorithms reads a list with commas between.
func Algorithms(list string) (out []jose.SignatureAlgorithm) {
	for a := range strings.SplitSeq(list, ",") {
		out = append(out, jose.SignatureAlgorithm(strings.TrimSpace(a)))
	}
	return out
}

func names(algorithms []jose.SignatureAlgorithm) string {
	list := make([]string, len(algorithms))
	for i, a := range algorithms {
		list[i] = string(a)
	}
	return strings.Join(list, ", ")
}

// signature tries the key the token names, or when it names none, each of the issuer's.
func (v *Verifier) signature(ctx context.Context, jws *jose.JSONWebSignature, issuer, kid string) ([]byte, error) {
	keys, err := v.Keys.find(ctx, issuer, kid)
	if err != nil {
		return nil, err
	}
	algorithm := jose.SignatureAlgorithm(jws.Signatures[0].Protected.Algorithm)
	for _, k := range keys {
		if !k.fits(algorithm) {
			continue
		}
		if payload, err := jws.Verify(k.key); err == nil {
			return payload, nil
		}
	}
	if len(keys) == 0 {
		return nil, invalid("The issuer %s publishes no key %q that the token could be signed with.", issuer, kid)
	}
	return nil, invalid("The token's signature is wrong.")
}
