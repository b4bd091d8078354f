package idtoken

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"granary"
)

// Step is the result of one check that Explain made.
type Step struct {
	Name   string // discovery, keys, token, signature, issuer, subject, audience, times
	Failed bool
	Detail string // a sentence
}

// Explain checks an issuer and, unless it is empty, one of the issuer's tokens, step by step up to the first failure.
// It queries the issuer even if its keys are cached. claims is nil unless every check of the token passes.
func (v *Verifier) Explain(ctx context.Context, token string, want Expect) (steps []Step, claims *Claims) {
	add := func(name string, err error, format string, args ...any) bool {
		s := Step{Name: name, Failed: err != nil, Detail: fmt.Sprintf(format, args...)}
		if err != nil {
			s.Detail = granary.AsError(err).Message
		}
		steps = append(steps, s)
		return err == nil
	}
	ctx, cancel := context.WithTimeout(ctx, 2*fetchTimeout)
	defer cancel()
	address, err := v.Keys.discoverKeyURL(ctx, want.Issuer)
	if !add("discovery", err, "%s names the same issuer and the key set %s.", discoveryURL(want.Issuer), address) {
		return steps, nil
	}
	set, err := v.Keys.fetchKeys(ctx, want.Issuer, address)
	if err == nil {
		v.Keys.issuerKeysOf(want.Issuer).set.Store(set)
	}
	if err == nil && !slices.ContainsFunc(set.keys, want.acceptsKey) {
		err = invalidError("The key set has %d keys, and none is a signing key for %s; RSA keys must have 2048 bits or more.",
			set.published, joinAlgorithms(want.algorithms()))
	}
	if !add("keys", err, "%s", describeKeys(set, want)) || token == "" {
		return steps, nil
	}
	iss, err := PeekIssuer(token)
	if err == nil && iss != want.Issuer {
		err = invalidError("The token's issuer is %q, and this is %q: they must be the same, to the last slash.", iss,
			want.Issuer)
	}
	if !add("token", err, "It is a JWT that names this issuer.") {
		return steps, nil
	}
	claims, err = v.verifySigned(ctx, token, want)
	if !add("signature", err, "It was signed with %s by a key the issuer publishes.", algorithmOf(token)) {
		return steps, nil
	}
	for _, check := range checks {
		if !add(check.name, check.run(claims, want), "%s", check.good) {
			return steps, nil
		}
	}
	return steps, claims
}

// algorithmOf returns the algorithm of a verified token's signature.
func algorithmOf(token string) string {
	jws, err := jose.ParseSignedCompact(token, append(slices.Clone(WorkloadAlgorithms), PersonAlgorithms...))
	if err != nil {
		return ""
	}
	return jws.Signatures[0].Protected.Algorithm
}

// acceptsKey reports whether a key can verify one of the expected algorithms.
func (e *Expect) acceptsKey(k publicKey) bool {
	return slices.ContainsFunc(e.algorithms(), k.canVerify)
}

// describeKeys tells which of the published keys can be used.
func describeKeys(set *keySet, want Expect) string {
	if set == nil {
		return ""
	}
	var ids []string
	for _, k := range set.keys {
		if want.acceptsKey(k) {
			ids = append(ids, fmt.Sprintf("%q", k.id))
		}
	}
	return fmt.Sprintf("%d of the %d published keys can be used: %s.", len(ids), set.published, strings.Join(ids, ", "))
}
