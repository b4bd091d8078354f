package idtoken

import (
	"crypto/rsa"
	"encoding/json"
	"math/big"
	"slices"

	"github.com/go-jose/go-jose/v4"
)

// usable takes signing keys: RSA of 2048 bits at least, and elliptic ones. Others in the set are none of our business.
func usable(raw json.RawMessage) (key, bool) {
	var k jose.JSONWebKey
	if k.UnmarshalJSON(raw) != nil || k.Use != "" && k.Use != "sig" || !verifies(raw) {
		return key{}, false
	}
	out := key{k.KeyID, k.Key, jose.SignatureAlgorithm(k.Algorithm)}
	if pub, ok := k.Key.(*rsa.PublicKey); ok && (pub.N.BitLen() < 2048 || pub.N.BitLen() > 8192 || pub.E < 3 || factorable(pub.N)) {
		return key{}, false
	}
	return out, slices.ContainsFunc(WorkloadAlgorithms, out.fits) || slices.ContainsFunc(PersonAlgorithms, out.fits)
}

// verifies reports whether a key's operations, where it names any, are for signatures (RFC 7517 §4.3).
func verifies(raw json.RawMessage) bool {
	var k struct {
		Operations []string `json:"key_ops"`
	}
	return json.Unmarshal(raw, &k) == nil && (k.Operations == nil || slices.Contains(k.Operations, "verify"))
}

// rocaPrimes tell moduli of the flawed generator from others, by their order of 65537: one in 10^8 others is taken for one.
var rocaPrimes = []int64{11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157}

// factorable reports whether a modulus looks like one of the generator that CVE-2017-15361 is about, whose primes are powers of
// 65537 in disguise and can be found.
func factorable(n *big.Int) bool {
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
