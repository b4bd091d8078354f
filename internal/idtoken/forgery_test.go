package idtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"testing"
)

// This file makes the classes of test vectors that Wycheproof has: every forged signature and every unfit key must be
// refused.

func base64URL(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func signingInput(alg string) string {
	return base64URL([]byte(`{"alg":"`+alg+`","kid":"k"}`)) + "." + base64URL([]byte("foo"))
}

func rsaJWK(n *big.Int, e int64, change map[string]any) json.RawMessage {
	return jwkJSON(map[string]any{"kty": "RSA", "kid": "k", "n": base64URL(n.Bytes()),
		"e": base64URL(big.NewInt(e).Bytes())}, change)
}

func ecJWK(k *ecdsa.PublicKey, change map[string]any) json.RawMessage {
	point, err := k.Bytes() // 4, x, y
	if err != nil {
		panic(err)
	}
	size := len(point) / 2
	return jwkJSON(map[string]any{"kty": "EC", "kid": "k", "crv": k.Params().Name, "x": base64URL(point[1 : 1+size]),
		"y": base64URL(point[1+size:])}, change)
}

func jwkJSON(of, change map[string]any) json.RawMessage {
	maps.Copy(of, change)
	b, _ := json.Marshal(of) // only texts
	return b
}

// signPadded signs a block with any padding: it is the private operation alone (RFC 8017 §8.2).
func signPadded(k *rsa.PrivateKey, block []byte) []byte {
	m := new(big.Int).SetBytes(block)
	return m.Exp(m, k.D, k.N).FillBytes(make([]byte, k.Size()))
}

func TestForgedPaddingIsRefused(t *testing.T) {
	k := rsaKeys()[0]
	open := verifierOf(t, rsaJWK(k.N, int64(k.E), nil))
	sum := sha256.Sum256([]byte(signingInput("RS256")))
	unhex := func(s string) []byte {
		var b []byte
		fmt.Sscanf(s, "%x", &b)
		return b
	}
	info := append(unhex("3031300d060960864801650304020105000420"), sum[:]...)
	block := func(info []byte) []byte { // 00 01 ff … ff 00 info
		b := slices.Repeat([]byte{0xff}, k.Size())
		b[0], b[1] = 0, 1
		copy(b[len(b)-len(info):], info)
		b[len(b)-len(info)-1] = 0
		return b
	}
	try := func(b []byte) error { return open(signingInput("RS256") + "." + base64URL(signPadded(k, b))) }
	if err := try(block(info)); err != nil {
		t.Fatalf("the honest one: %v", err)
	}
	change := func(at int, v byte) []byte {
		b := block(info)
		b[at] = v
		return b
	}
	head := func(s string) []byte { return block(append(unhex(s), sum[:]...)) }
	short := block(info) // Bleichenbacher 2006: few ff, the digest, then arbitrary bytes
	copy(short[10:], append(append([]byte{0}, info...), make([]byte, k.Size())...)[:k.Size()-10])
	for name, b := range map[string][]byte{
		"no NULL":              head("302f300b0609608648016503040201" + "0420"),
		"NULL of one byte":     head("3032300e06096086480165030402010501000420"),
		"the OID of SHA-1":     head("3029300906052b0e03021a05000420"),
		"the OID of SHA-384":   head("3031300d060960864801650304020205000420"),
		"long form of length":  head("308131300d060960864801650304020105000420"),
		"leading zero length":  head("30820031300d060960864801650304020105000420"),
		"indefinite length":    block(append(append(unhex("3080300d060960864801650304020105000420"), sum[:]...), 0, 0)),
		"length too great":     head("3032300d060960864801650304020105000420"),
		"a set, no sequence":   head("3131300d060960864801650304020105000420"),
		"garbage after":        block(append(slices.Clone(info), 0)),
		"garbage in the OID":   head("3033300f060b6086480165030402010000" + "05000420"),
		"the digest alone":     block(sum[:]),
		"half a digest":        block(info[:len(info)-16]),
		"few ff, then garbage": short,
		"block type 0":         change(1, 0), "block type 2": change(1, 2), "first byte 1": change(0, 1),
		"a hole in the ff": change(9, 0xfe), "no separator": change(k.Size()-len(info)-1, 0xff),
		"another digest": change(k.Size()-1, block(info)[k.Size()-1]^1),
	} {
		if try(b) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	honest := signPadded(k, block(info))
	for name, sig := range map[string][]byte{
		"a byte short": honest[:len(honest)-1], "a byte long": append(slices.Clone(honest), 0),
		"a zero before": append([]byte{0}, honest...), "empty": {}, "zero": make([]byte, k.Size()),
		"one":              new(big.Int).FillBytes(make([]byte, k.Size())),
		"plus the modulus": new(big.Int).Add(new(big.Int).SetBytes(honest), k.N).Bytes(), "the modulus": k.N.Bytes(),
	} {
		if open(signingInput("RS256")+"."+base64URL(sig)) == nil {
			t.Errorf("a signature that is %s is accepted", name)
		}
	}
}

func TestForgedEllipticSignaturesAreRefused(t *testing.T) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	open := verifierOf(t, ecJWK(&k.PublicKey, nil))
	sum := sha256.Sum256([]byte(signingInput("ES256")))
	r, s, err := ecdsa.Sign(rand.Reader, k, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	bytes := func(size int, list ...*big.Int) (b []byte) {
		for _, v := range list {
			b = append(b, v.FillBytes(make([]byte, size))...)
		}
		return b
	}
	try := func(sig []byte) error { return open(signingInput("ES256") + "." + base64URL(sig)) }
	if err := try(bytes(32, r, s)); err != nil {
		t.Fatalf("the honest one: %v", err)
	}
	n := k.Params().N
	one := big.NewInt(1)
	der, _ := asn1.Marshal(struct{ R, S *big.Int }{r, s})
	bad := map[string][]byte{
		"DER": der, "33 bytes each": bytes(33, r, s), "zeros behind": append(bytes(32, r, s), 0, 0),
		"r too big": bytes(33, new(big.Int).Add(r, n), s), "s too big": bytes(33, r, new(big.Int).Add(s, n)),
		"swapped": bytes(32, s, r), "half": bytes(32, r), "r twice": bytes(32, r, r), "empty": {},
		"of P-384's length": bytes(48, r, s), "a byte": {1},
	}
	edges := map[string]*big.Int{"0": new(big.Int), "1": one, "n-1": new(big.Int).Sub(n, one), "n": n,
		"n+1": new(big.Int).Add(n, one)}
	for a, x := range edges {
		for b, y := range edges {
			bad["r "+a+", s "+b] = bytes(32, x, y)
		}
		bad["r "+a] = bytes(32, x, s)
		bad["s "+a] = bytes(32, r, x)
	}
	for name, sig := range bad {
		if try(sig) == nil {
			t.Errorf("%s is accepted", name)
		}
	}
}

// TestTokenEncodingIsUnique checks that another text which decodes to the same bytes as a token is refused.
func TestTokenEncodingIsUnique(t *testing.T) {
	k := rsaKeys()[0]
	open := verifierOf(t, rsaJWK(k.N, int64(k.E), map[string]any{"kid": "k"}))
	token := sign(t, "RS256", k, "k", nil, []byte("foo"))
	if err := open(token); err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(token, ".")
	last := token[len(token)-1] // two bits of the last character of a 256-byte signature have no meaning
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	at := strings.IndexByte(alphabet, last)
	bad := map[string]string{
		"": "", ".": ".", "..": "..", "no signature": parts[0] + "." + parts[1] + ".", "no payload": parts[0] + ".." +
			parts[2], "no header": "." + parts[1] + "." + parts[2],
		"two parts": parts[0] + "." + parts[1], "another payload": parts[0] + ".Zm9w." + parts[2],
		"other bits that mean nothing": token[:len(token)-1] + string(alphabet[at^1]),
		"padding":                      token + "==", "a part more": token + ".", "a character less": token[:len(token)-1],
	}
	for _, c := range []string{" ", "\n", "\r\n", "\t", "\x00", "=", "+", "/", "!", "\u00a0", "\ufeff", "%20"} {
		bad[fmt.Sprintf("%q before", c)] = c + token
		bad[fmt.Sprintf("%q behind", c)] = token + c
		bad[fmt.Sprintf("%q in the header", c)] = token[:3] + c + token[3:]
		bad[fmt.Sprintf("%q in the signature", c)] = token[:len(token)-9] + c + token[len(token)-9:]
	}
	for name, text := range bad {
		if open(text) == nil {
			t.Errorf("%s: %q is accepted", name, text)
		}
	}
}

func TestUnusableKeys(t *testing.T) {
	k := rsaKeys()[0]
	e := int64(k.E)
	good := sign(t, "RS256", k, "k", nil, []byte("foo"))
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	elliptic := sign(t, "ES256", ec, "k", nil, []byte("foo"))
	x := map[string]any{}
	with := func(name string, v any) map[string]any { return map[string]any{name: v} }
	secret := []byte("-----BEGIN PUBLIC KEY-----")
	m := hmac.New(sha256.New, secret)
	m.Write([]byte(signingInput("HS256")))
	for name, c := range map[string]struct {
		token string
		key   json.RawMessage
		fits  bool
	}{
		"as it should be": {good, rsaJWK(k.N, e, x), true},
		"with everything": {good, rsaJWK(k.N, e, map[string]any{"use": "sig", "alg": "RS256", "key_ops": []string{"verify"}}),
			true},
		"elliptic":       {elliptic, ecJWK(&ec.PublicKey, with("alg", "ES256")), true},
		"use enc":        {good, rsaJWK(k.N, e, with("use", "enc")), false},
		"for encryption": {good, rsaJWK(k.N, e, with("key_ops", []string{"encrypt"})), false},
		"for nothing":    {good, rsaJWK(k.N, e, with("key_ops", []string{})), false},
		"odd operations": {good, rsaJWK(k.N, e, with("key_ops", "verify")), false},
		"of RS384":       {good, rsaJWK(k.N, e, with("alg", "RS384")), false},
		"of RSA1_5":      {good, rsaJWK(k.N, e, with("alg", "RSA1_5")), false},
		"of PS256":       {good, rsaJWK(k.N, e, with("alg", "PS256")), false},
		"1024 bits":      {sign(t, "RS256", small, "k", nil, []byte("foo")), rsaJWK(small.N, int64(small.E), x), false},
		"exponent 1": {signingInput("RS256") + "." + base64URL(append([]byte{0, 1}, make([]byte, 254)...)), rsaJWK(k.N, 1, x),
			false},
		"exponent 2":           {good, rsaJWK(k.N, 2, x), false},
		"another kid":          {good, rsaJWK(k.N, e, with("kid", "other")), false},
		"no modulus":           {good, rsaJWK(k.N, e, with("n", "")), false},
		"ES521, which is none": {elliptic, ecJWK(&ec.PublicKey, with("alg", "ES521")), false},
		"ES224":                {elliptic, ecJWK(&ec.PublicKey, with("alg", "ES224")), false},
		"for ES384":            {elliptic, ecJWK(&ec.PublicKey, with("alg", "ES384")), false},
		"elliptic, enc":        {elliptic, ecJWK(&ec.PublicKey, with("use", "enc")), false},
		"not on the curve":     {elliptic, ecJWK(&ec.PublicKey, with("y", base64URL(make([]byte, 32)))), false},
		"another curve":        {elliptic, ecJWK(&ec.PublicKey, with("crv", "P-384")), false},
		"no curve":             {elliptic, ecJWK(&ec.PublicKey, with("crv", "P-257")), false},
		"another kind":         {elliptic, ecJWK(&ec.PublicKey, with("kty", "RSA")), false},
		"a secret": {signingInput("HS256") + "." + base64URL(m.Sum(nil)),
			jwkJSON(map[string]any{"kty": "oct", "kid": "k", "k": base64URL(secret)}, x), false},
		"an empty secret": {signingInput("HS256") + "." + base64URL(m.Sum(nil)),
			jwkJSON(map[string]any{"kty": "oct", "kid": "k", "k": ""}, x),
			false},
	} {
		if err := verifierOf(t, c.key)(c.token); (err == nil) != c.fits {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestROCAKeys checks that a modulus which is a power of 65537, modulo each of the primes, is found.
func TestROCAKeys(t *testing.T) {
	product := big.NewInt(1)
	for _, p := range rocaPrimes {
		product.Mul(product, big.NewInt(p))
	}
	for i := range int64(50) {
		n := new(big.Int).Exp(big.NewInt(65537), big.NewInt(1000+i), product)
		n.Add(n, new(big.Int).Mul(product, new(big.Int).Lsh(big.NewInt(2*i+1), 1900)))
		if !hasROCAWeakness(n) {
			t.Errorf("%d is not found", i)
		}
		if _, ok := usableKey(rsaJWK(n, 65537, nil)); ok {
			t.Errorf("%d is usable", i)
		}
	}
	for _, k := range rsaKeys() {
		if hasROCAWeakness(k.N) {
			t.Error("a sound key is refused") // happens once in 10^8 runs
		}
	}
}
