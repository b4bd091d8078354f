// Package idtoken verifies the tokens of corporate identity providers, and signs those of Granary's own issuer. Only
// this package knows token formats and fetches keys from URLs that others chose.
//
//	token ─▶ Verify ─▶ KeyCache ─▶ guardedClient ─▶ discovery document ─▶ key set
//	Claims ◀── signature, issuer, audience, times
//
// It does not know which issuers an application trusts, or which user a claim identifies.
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

// Skew is the default for the allowed difference between the clocks of an identity provider and this server.
const Skew = 60 * time.Second

// Errors of Verify that callers distinguish, with errors.Is.
var (
	ErrExpired     = errors.New("expired")
	ErrAudience    = errors.New("audience")
	ErrUnreachable = errors.New("unreachable")
)

// MaxToken is the length in bytes of the longest token that is read.
const MaxToken = 20_000 // the limit of STS

// Verifier verifies tokens with the keys their issuers publish. It is safe for concurrent use.
type Verifier struct {
	Keys        *KeyCache
	Skew        time.Duration             // allowed difference of issuers' clocks
	MaxLifetime time.Duration             // of people's tokens; 0 means any
	Algorithms  []jose.SignatureAlgorithm // of people's tokens; nil means RS256 alone, as on AWS
}

// Person returns the expectations of a person's token that is exchanged for an Identity Center token.
func (v *Verifier) Person(issuer string, audiences []string, now time.Time) Expect {
	return Expect{Issuer: issuer, Audiences: audiences, Now: now, Skew: v.Skew, MaxLifetime: v.MaxLifetime,
		Algorithms: v.Algorithms}
}

// Expect holds the requirements of a token.
type Expect struct {
	Issuer    string   // compared byte for byte (OIDC Discovery 1.0 §4.3)
	Audiences []string // one of the token's audiences must be one of these
	Now       time.Time
	Skew      time.Duration

	MaxLifetime time.Duration // from iat, which is then required, to exp; 0 means any

	AuthorizedParty bool // the authorized party (claim azp) may stand for an audience

	Algorithms []jose.SignatureAlgorithm // allowed algorithms of the signature; nil means RS256 alone
}

// WorkloadAlgorithms lists the algorithms that IAM accepts from OIDC providers (IAM guide, "Create an OIDC identity
// provider").
var WorkloadAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.RS384, jose.RS512, jose.ES256, jose.ES384,
	jose.ES512}

// PersonAlgorithms lists the algorithms that can be allowed for people's tokens.
var PersonAlgorithms = []jose.SignatureAlgorithm{jose.RS256, jose.PS256, jose.ES256, jose.ES384}

func (e *Expect) algorithms() []jose.SignatureAlgorithm {
	if e.Algorithms == nil {
		return []jose.SignatureAlgorithm{jose.RS256}
	}
	return e.Algorithms
}

// Claims holds the verified claims of a token.
type Claims struct {
	ID      string // jti; "" when the token has none
	Subject string
	Expires time.Time
	raw     map[string]json.RawMessage
}

// PeekIssuer returns the issuer that an unverified token names. It only tells whose keys to verify with. Errors are
// Invalid.
func PeekIssuer(token string) (string, error) {
	raw, err := peekClaims(token)
	if err != nil {
		return "", err
	}
	var iss string
	if json.Unmarshal(raw["iss"], &iss) != nil || iss == "" {
		return "", invalidError("The token names no issuer (claim iss).")
	}
	return iss, nil
}

// peekClaims returns the claims of an unverified token.
func peekClaims(token string) (map[string]json.RawMessage, error) {
	payload, err := decodeCompact(token)
	if err != nil {
		return nil, err
	}
	return claimsOf(payload)
}

// decodeCompact checks that a token consists of three parts of canonical base64url, and returns the payload.
func decodeCompact(token string) (payload []byte, err error) {
	if len(token) > MaxToken {
		return nil, invalidError("The token is longer than %d bytes.", MaxToken)
	}
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return nil, invalidError("The token is not a signed JWT: it has %d parts separated by dots, not 3.", len(parts))
	}
	if strings.ContainsFunc(token, notCompact) { // decoders skip line breaks, so one token could have many texts
		return nil, invalidError("The token has characters that a compact JWT cannot have, such as spaces or line breaks.")
	}
	for i, name := range []string{"header", "payload", "signature"} {
		part, err := base64.RawURLEncoding.Strict().DecodeString(parts[i])
		if err != nil {
			return nil, invalidError("The token's %s is not base64url.", name)
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

// claimsOf reads a JSON object. It refuses duplicate claims, which two readers could read differently.
func claimsOf(payload []byte) (map[string]json.RawMessage, error) {
	bad := invalidError("The token's payload is not a JSON object with each claim once.")
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

// refusedTypes lists token types that are not identity or access tokens. Accepting one would confuse a proof with a
// sign-in.
var refusedTypes = []string{"dpop+jwt", "logout+jwt", "secevent+jwt"}

// Verify checks that a token has an allowed algorithm, is signed by a key that the issuer publishes, and is from the
// issuer, for one of the audiences and valid now. Errors are Invalid, with a sentence for the caller; so is the error
// for an unreachable issuer. See identity-center §9.1; RFC 7519 §7.2, RFC 8725.
func (v *Verifier) Verify(ctx context.Context, token string, want Expect) (*Claims, error) {
	c, err := v.verifySigned(ctx, token, want)
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

// verifySigned verifies only the signature.
func (v *Verifier) verifySigned(ctx context.Context, token string, want Expect) (*Claims, error) {
	payload, err := v.verifyPayload(ctx, token, want, findDoubt(token, want))
	if err != nil {
		return nil, err
	}
	raw, err := claimsOf(payload)
	if err != nil {
		return nil, err
	}
	return &Claims{raw: raw}, nil
}

// findDoubt returns the reason to refuse a token even if its signature is valid, nil when there is none.
func findDoubt(token string, want Expect) error {
	raw, err := peekClaims(token)
	if err != nil {
		return err
	}
	c := &Claims{raw: raw}
	for _, check := range checks {
		if err := check.run(c, want); err != nil {
			return err
		}
	}
	return nil
}

// verifyPayload verifies the signature and returns the payload, which may be anything. For doubt see KeyCache.findKeys.
func (v *Verifier) verifyPayload(ctx context.Context, token string, want Expect,
	doubt error) (payload []byte, err error) {
	if _, err := decodeCompact(token); err != nil {
		return nil, err
	}
	jws, err := jose.ParseSignedCompact(token, want.algorithms())
	if err != nil || len(jws.Signatures) != 1 {
		var alg *jose.ErrUnexpectedSignatureAlgorithm
		if errors.As(err, &alg) {
			return nil, invalidError("The token is signed with %s; only %s is accepted.", alg.Got,
				joinAlgorithms(want.algorithms()))
		}
		return nil, invalidError("The token is malformed.")
	}
	header := jws.Signatures[0].Protected
	if _, crit := header.ExtraHeaders["crit"]; crit {
		return nil, invalidError("The token's header demands extensions (crit) that are not understood.")
	}
	if typ, _ := header.ExtraHeaders["typ"].(string); slices.Contains(refusedTypes,
		strings.TrimPrefix(strings.ToLower(typ), "application/")) {
		return nil, invalidError("The token is a %s, which is no sign-in token.", typ)
	}
	return v.verifySignature(ctx, jws, want.Issuer, doubt)
}

// Algorithms splits a list of algorithms separated by commas. It does not check the names.
func Algorithms(list string) (out []jose.SignatureAlgorithm) {
	for a := range strings.SplitSeq(list, ",") {
		out = append(out, jose.SignatureAlgorithm(strings.TrimSpace(a)))
	}
	return out
}

func joinAlgorithms(algorithms []jose.SignatureAlgorithm) string {
	list := make([]string, len(algorithms))
	for i, a := range algorithms {
		list[i] = string(a)
	}
	return strings.Join(list, ", ")
}

// verifySignature tries the key that the token names or, if it names none, each key of the issuer, and then once more
// with the keys that the issuer publishes now.
func (v *Verifier) verifySignature(ctx context.Context, jws *jose.JSONWebSignature, issuer string, doubt error) ([]byte,
	error) {
	kid := jws.Signatures[0].Protected.KeyID
	set, asked, err := v.Keys.findKeys(ctx, issuer, kid, doubt)
	if err != nil {
		return nil, err
	}
	payload, ok := set.verify(jws)
	if !ok && !asked && doubt == nil {
		if newer := v.Keys.newerKeys(ctx, issuer, set); newer != nil {
			set = newer
			payload, ok = set.verify(jws)
		}
	}
	switch {
	case ok:
		return payload, nil
	case len(set.byKeyID(kid)) == 0:
		return nil, invalidError("The issuer %s publishes no key %q that the token could be signed with.", issuer, kid)
	}
	return nil, invalidError("The token's signature is wrong.")
}

// verify verifies a token with those keys of the set that may have signed it.
func (s *keySet) verify(jws *jose.JSONWebSignature) ([]byte, bool) {
	header := jws.Signatures[0].Protected
	for _, k := range s.byKeyID(header.KeyID) {
		if !k.canVerify(jose.SignatureAlgorithm(header.Algorithm)) {
			continue
		}
		if payload, err := jws.Verify(k.key); err == nil {
			return payload, true
		}
	}
	return nil, false
}
