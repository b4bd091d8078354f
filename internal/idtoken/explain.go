package idtoken

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/go-jose/go-jose/v4"

	"granary"
)

// Step is one thing that was looked at when an issuer or a token was checked for an administrator.
type Step struct {
	Name   string // discovery, keys, token, signature, issuer, subject, audience, times
	Failed bool
	Detail string // a sentence
}

// Explain checks an issuer, and a token of its unless that is empty, step by step up to the first that fails. It asks the issuer
// anew, whatever is cached.
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
	address, err := v.Keys.discover(ctx, want.Issuer)
	if !add("discovery", err, "%s names the same issuer and the key set %s.", discoveryURL(want.Issuer), address) {
		return steps, nil
	}
	set, err := v.Keys.fetchKeys(ctx, want.Issuer, address)
	if err == nil && !slices.ContainsFunc(set.keys, want.fits) {
		err = invalid("The key set has %d keys, and none is a signing key for %s; RSA keys must have 2048 bits or more.", set.published, names(want.algorithms()))
	}
	if !add("keys", err, "%s", keysDetail(set, want)) || token == "" {
		return steps, nil
	}
	iss, err := PeekIssuer(token)
	if err == nil && iss != want.Issuer {
		err = invalid("The token's issuer is %q, and this is %q: they must be the same, to the last slash.", iss, want.Issuer)
	}
	if !add("token", err, "It is a JWT that names this issuer.") {
		return steps, nil
	}
	claims, err = v.signed(ctx, token, want)
	if !add("signature", err, "It was signed with %s by a key the issuer publishes.", algorithm(token)) {
		return steps, nil
	}
	for _, check := range checks {
		if !add(check.name, check.run(claims, want), "%s", check.good) {
			return steps, nil
		}
	}
	return steps, claims
}

// algorithm is what a verified token was signed with.
func algorithm(token string) string {
	jws, err := jose.ParseSignedCompact(token, append(slices.Clone(WorkloadAlgorithms), PersonAlgorithms...))
	if err != nil {
		return ""
	}
	return jws.Signatures[0].Protected.Algorithm
}

// fits reports whether a key can verify one of the algorithms.
func (e *Expect) fits(k key) bool { return slices.ContainsFunc(e.algorithms(), k.fits) }

func keysDetail(set *keySet, want Expect) string {
	if set == nil {
		return ""
	}
	var ids []string
	for _, k := range set.keys {
		if want.fits(k) {
			ids = append(ids, fmt.Sprintf("%q", k.id))
		}
	}
	return fmt.Sprintf("%d of the %d published keys can be used: %s.", len(ids), set.published, strings.Join(ids, ", "))
}
