package idtoken

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"
)

// webKey holds the members of a published key that are used (RFC 7517 §4, RFC 7518 §6). All others are ignored: a wrong
// certificate or an unknown member does not make a key unusable. A nil pointer means that the member is absent or null.
type webKey struct {
	kty, use, alg, kid, crv *string
	n, e, x, y              *string // base64url
	operations              *[]string
	secret                  bool // the member d exists, so it is a private key
}

// readWebKey reads the members of a key by their exact names. A member that is used must not occur twice and must have
// the right type.
func readWebKey(raw json.RawMessage) (*webKey, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return nil, errors.New("it is not an object")
	}
	k := &webKey{}
	into := map[string]any{"kty": &k.kty, "use": &k.use, "alg": &k.alg, "kid": &k.kid, "crv": &k.crv, "n": &k.n, "e": &k.e,
		"x": &k.x, "y": &k.y, "key_ops": &k.operations}
	for d.More() {
		t, err := d.Token()
		if err != nil {
			return nil, err
		}
		name, _ := t.(string)
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, err
		}
		k.secret = k.secret || name == "d"
		to, used := into[name]
		switch {
		case !used:
			continue
		case to == nil:
			return nil, errors.New("the member " + name + " is there twice")
		}
		if err := json.Unmarshal(v, to); err != nil {
			return nil, err
		}
		into[name] = nil
	}
	return k, nil
}

// valueOrEmpty returns *s, or "" if s is nil.
func valueOrEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// decodeInteger decodes a base64url integer and returns its size in bytes. ok is false when it is absent, malformed, or
// longer than any key's.
func decodeInteger(s *string) (n *big.Int, size int, ok bool) {
	const maxBytes = 1024 + 8 // a modulus of 8192 bits, with leading zeros
	if s == nil || len(*s) > 2*maxBytes {
		return nil, 0, false
	}
	b, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(*s, "="))
	if err != nil || len(b) == 0 || len(b) > maxBytes {
		return nil, 0, false
	}
	return new(big.Int).SetBytes(b), len(b), true
}

// publicKey returns the *rsa.PublicKey or *ecdsa.PublicKey; ok is false when it is invalid or too weak.
func (k *webKey) publicKey() (any, bool) {
	switch valueOrEmpty(k.kty) {
	case "RSA":
		n, _, ok := decodeInteger(k.n)
		e, _, good := decodeInteger(k.e)
		if !ok || !good || e.BitLen() > 31 || n.BitLen() < 2048 || n.BitLen() > 8192 || e.Int64() < 3 || e.Bit(0) == 0 ||
			hasROCAWeakness(n) {
			return nil, false
		}
		return &rsa.PublicKey{N: n, E: int(e.Int64())}, true
	case "EC":
		curve, ok := map[string]elliptic.Curve{"P-256": elliptic.P256(), "P-384": elliptic.P384(),
			"P-521": elliptic.P521()}[valueOrEmpty(k.crv)]
		x, xn, good := decodeInteger(k.x)
		y, yn, fine := decodeInteger(k.y)
		if !ok || !good || !fine {
			return nil, false
		}
		if size := (curve.Params().BitSize + 7) / 8; xn != size || yn != size { // RFC 7518 §6.2.1.2
			return nil, false
		}
		pub := &ecdsa.PublicKey{Curve: curve, X: x, Y: y} //nolint:staticcheck // ECDH below checks the point
		_, err := pub.ECDH()                              // fails if the point is not on the curve
		return pub, err == nil
	}
	return nil, false
}

// usableKey reads a signing key: RSA of at least 2048 bits, or elliptic. ok is false for any other key. A member that
// restricts the use of a key applies also when it is empty.
func usableKey(raw json.RawMessage) (publicKey, bool) {
	k, err := readWebKey(raw)
	if err != nil || k.secret || k.use != nil && *k.use != "sig" || k.alg != nil && *k.alg == "" || k.operations != nil &&
		!slices.Contains(*k.operations, "verify") {
		return publicKey{}, false
	}
	pub, ok := k.publicKey()
	if !ok {
		return publicKey{}, false
	}
	out := publicKey{valueOrEmpty(k.kid), pub, jose.SignatureAlgorithm(valueOrEmpty(k.alg))}
	return out, slices.ContainsFunc(WorkloadAlgorithms, out.canVerify) ||
		slices.ContainsFunc(PersonAlgorithms, out.canVerify)
}

// rocaPrimes identify moduli of the flawed generator by the subgroups of 65537. One in 10^8 other moduli is taken for
// one of them.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// hasROCAWeakness reports whether a modulus looks like one of the generator of CVE-2017-15361, whose primes have a
// structure based on powers of 65537 and can be found.
func hasROCAWeakness(n *big.Int) bool {
	var rest big.Int
	for _, p := range rocaPrimes {
		r, power, found := rest.Mod(n, big.NewInt(p)).Int64(), int64(1), false
		for range p {
			found = found || power == r
			power = power * 65537 % p
		}
		if !found {
			return false
		}
	}
	return true
}
