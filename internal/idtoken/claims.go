package idtoken

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"granary"
)

// checks lists the checks of a token's claims in their order. Each stores what it reads in the claims. good is the
// sentence that Explain gives when the check passes.
var checks = []struct {
	name, good string
	run        func(c *Claims, want Expect) error
}{
	{"issuer", "It was issued by this issuer.", (*Claims).checkIssuer},
	{"subject", "It has a subject.", (*Claims).checkSubject},
	{"audience", "It is for an audience that an application accepts.", (*Claims).checkAudience},
	{"times", "It is valid at this time.", (*Claims).checkTimes},
}

// textClaim returns a claim that is a text, "" when it is absent or something else.
func (c *Claims) textClaim(name string) string {
	var s string
	_ = json.Unmarshal(c.raw[name], &s)
	return s
}

// checkIssuer compares the issuer byte for byte.
func (c *Claims) checkIssuer(want Expect) error {
	if c.textClaim("iss") != want.Issuer {
		return invalidError("The token's issuer is not %s.", want.Issuer)
	}
	return nil
}

// checkSubject requires a subject, and a text as the token's id if it has one.
func (c *Claims) checkSubject(Expect) error {
	if c.Subject = c.textClaim("sub"); c.Subject == "" {
		return invalidError("The token has no subject (claim sub).")
	}
	if j, ok := c.raw["jti"]; ok {
		if c.ID = c.textClaim("jti"); c.ID == "" {
			return invalidError("The token's jti is %s, and must be a text.", truncate(j))
		}
	}
	return nil
}

// checkAudience requires one of the expected audiences.
func (c *Claims) checkAudience(want Expect) error {
	if len(c.audienceList()) == 0 {
		return invalidError("The token has no audience (claim aud).")
	}
	if want.AuthorizedParty && slices.Contains(want.Audiences, c.textClaim("azp")) {
		return nil
	}
	if !slices.ContainsFunc(want.Audiences, c.For) {
		return invalidErrorAs(ErrAudience, "The token's audience %q is none that the application accepts from this issuer.",
			strings.Join(c.audienceList(), ", "))
	}
	return nil
}

// For reports whether the token is for an audience.
func (c *Claims) For(audience string) bool {
	return audience != "" && slices.Contains(c.audienceList(), audience)
}

// Audiences returns the audiences of the token.
func (c *Claims) Audiences() []string { return c.audienceList() }

// Text returns a claim that is a text, "" when it is absent or something else.
func (c *Claims) Text(name string) string { return c.textClaim(name) }

// Has reports whether the token has a claim, of any type.
func (c *Claims) Has(name string) bool {
	_, ok := c.raw[name]
	return ok
}

// Decode unmarshals a claim into v. It reports whether the claim is there and has the type of v.
func (c *Claims) Decode(name string, v any) bool {
	raw, ok := c.raw[name]
	return ok && json.Unmarshal(raw, v) == nil
}

// audienceList reads the claim aud, a text or a list of texts (RFC 7519 §4.1.3).
func (c *Claims) audienceList() (list []string) {
	var one string
	if json.Unmarshal(c.raw["aud"], &one) == nil {
		return []string{one}
	}
	if json.Unmarshal(c.raw["aud"], &list) != nil {
		return nil
	}
	return list
}

// checkTimes checks exp, which is required, and nbf and iat (RFC 7519 §4.1).
func (c *Claims) checkTimes(want Expect) error {
	expires, ok, err := c.numericDate("exp")
	switch {
	case err != nil:
		return err
	case !ok:
		return invalidError("The token has no expiry (claim exp).")
	case !want.Now.Before(expires.Add(want.Skew)):
		return invalidErrorAs(ErrExpired, "The token expired at %s.", expires.UTC().Format(time.RFC3339))
	}
	c.Expires = expires
	if err := c.checkLifetime(want); err != nil {
		return err
	}
	for _, name := range []string{"nbf", "iat"} {
		t, ok, err := c.numericDate(name)
		if err != nil {
			return err
		}
		if ok && t.After(want.Now.Add(want.Skew)) {
			return invalidError("The token is not valid yet: its %s is %s, and it is %s here.", name,
				t.UTC().Format(time.RFC3339),
				want.Now.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// checkLifetime refuses a token whose time from iat to exp is longer than allowed.
func (c *Claims) checkLifetime(want Expect) error {
	if want.MaxLifetime == 0 {
		return nil
	}
	issued, ok, err := c.numericDate("iat")
	switch {
	case err != nil:
		return err
	case !ok:
		return invalidError("The token does not say when it was issued (claim iat), " +
			"which identity.max_token_lifetime demands.")
	case c.Expires.Sub(issued) > want.MaxLifetime:
		return invalidError("The token lives for %s, and identity.max_token_lifetime allows %s.", c.Expires.Sub(issued),
			want.MaxLifetime)
	}
	return nil
}

// maxDate, in seconds since 1970, is in the year 5138. A time given in milliseconds by mistake is larger.
const maxDate = 1e11

// numericDate reads a claim in seconds since 1970, with an optional fraction (RFC 7519 §2). ok is false when the claim
// is absent.
func (c *Claims) numericDate(name string) (t time.Time, ok bool, err error) {
	v, ok := c.raw[name]
	if !ok {
		return t, false, nil
	}
	f := -1.0
	if json.Unmarshal(v, &f) != nil || f < 0 || f > maxDate {
		return t, false, invalidError("The token's %s is %s, and must be seconds since 1970.", name, truncate(v))
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
}

// truncate cuts a value to 40 bytes for a message.
func truncate(v json.RawMessage) string { return string(v[:min(len(v), 40)]) }

// Lookup returns a claim by path: the claim whose name is the whole path or, failing that, the one that the path's
// segments lead to. The claim must be a text, a whole number, or a list of exactly one of these.
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
		return "", invalidError("The token has no claim %s.", path)
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
	return "", invalidError("The token's claim %s is not a single text.", path)
}

func invalidErrorAs(kind error, format string, args ...any) error {
	return granary.Wrap(granary.Invalid, fmt.Sprintf(format, args...), kind)
}

func invalidError(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...)
}

// VerifiedEmail returns an Invalid error if the issuer does not say that it verified the e-mail address (OIDC Core 1.0
// §5.1). Some issuers write the claim as a text.
func (c *Claims) VerifiedEmail() error {
	if v := string(c.raw["email_verified"]); v != "true" && v != `"true"` {
		return invalidError("The token does not say that its e-mail address is verified (claim email_verified), which " +
			"identity.require_verified_email demands.")
	}
	return nil
}
