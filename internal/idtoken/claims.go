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

// checks are what a signed token must say, in order. Each fills what it read into the claims.
var checks = []struct {
	name, good string
	run        func(c *Claims, want Expect) error
}{
	{"issuer", "It was issued by this issuer.", (*Claims).checkIssuer},
	{"subject", "It has a subject.", (*Claims).checkSubject},
	{"audience", "It is for an audience that an application accepts.", (*Claims).checkAudience},
	{"times", "It is valid at this time.", (*Claims).checkTimes},
}

func (c *Claims) text(name string) string {
	var s string
	_ = json.Unmarshal(c.raw[name], &s)
	return s
}

func (c *Claims) checkIssuer(want Expect) error {
	if c.text("iss") != want.Issuer {
		return invalid("The token's issuer is not %s.", want.Issuer)
	}
	return nil
}

func (c *Claims) checkSubject(Expect) error {
	if c.Subject = c.text("sub"); c.Subject == "" {
		return invalid("The token has no subject (claim sub).")
	}
	if j, ok := c.raw["jti"]; ok {
		if c.ID = c.text("jti"); c.ID == "" {
			return invalid("The token's jti is %s, and must be a text.", brief(j))
		}
	}
	return nil
}

func (c *Claims) checkAudience(want Expect) error {
	if len(c.audiences()) == 0 {
		return invalid("The token has no audience (claim aud).")
	}
	if want.AuthorizedParty && slices.Contains(want.Audiences, c.text("azp")) {
		return nil
	}
	if !slices.ContainsFunc(want.Audiences, c.For) {
		return invalidAs(ErrAudience, "The token's audience %q is none that the application accepts from this issuer.", strings.Join(c.audiences(), ", "))
	}
	return nil
}

// For reports whether an audience is among the token's.
func (c *Claims) For(audience string) bool {
	return audience != "" && slices.Contains(c.audiences(), audience)
}

// Audiences are those that the token is for.
func (c *Claims) Audiences() []string { return c.audiences() }

// Text is a claim that is a text, "" when it is not there or something else.
func (c *Claims) Text(name string) string { return c.text(name) }

// Has reports whether the token has a claim, whatever it is.
func (c *Claims) Has(name string) bool {
	_, ok := c.raw[name]
	return ok
}

// Decode reads a claim into v and reports whether it is there and fits.
func (c *Claims) Decode(name string, v any) bool {
	raw, ok := c.raw[name]
	return ok && json.Unmarshal(raw, v) == nil
}

// audiences are a text or a list of texts (RFC 7519 §4.1.3).
func (c *Claims) audiences() (list []string) {
	var one string
	if json.Unmarshal(c.raw["aud"], &one) == nil {
		return []string{one}
	}
	if json.Unmarshal(c.raw["aud"], &list) != nil {
		return nil
	}
	return list
}

// checkTimes honours exp, which must be there, and nbf and iat (RFC 7519 §4.1).
func (c *Claims) checkTimes(want Expect) error {
	expires, ok, err := c.numericDate("exp")
	switch {
	case err != nil:
		return err
	case !ok:
		return invalid("The token has no expiry (claim exp).")
	case !want.Now.Before(expires.Add(want.Skew)):
		return invalidAs(ErrExpired, "The token expired at %s.", expires.UTC().Format(time.RFC3339))
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
			return invalid("The token is not valid yet: its %s is %s, and it is %s here.", name, t.UTC().Format(time.RFC3339), want.Now.UTC().Format(time.RFC3339))
		}
	}
	return nil
}

// checkLifetime refuses tokens that were made to live longer than is allowed.
func (c *Claims) checkLifetime(want Expect) error {
	if want.MaxLifetime == 0 {
		return nil
	}
	issued, ok, err := c.numericDate("iat")
	switch {
	case err != nil:
		return err
	case !ok:
		return invalid("The token does not say when it was issued (claim iat), which identity.max_token_lifetime demands.")
	case c.Expires.Sub(issued) > want.MaxLifetime:
		return invalid("The token lives for %s, and identity.max_token_lifetime allows %s.", c.Expires.Sub(issued), want.MaxLifetime)
	}
	return nil
}

// maxDate is the year 5138, in seconds since 1970: times given in milliseconds are above it.
const maxDate = 1e11

// numericDate reads seconds since 1970, perhaps with a fraction (RFC 7519 §2).
func (c *Claims) numericDate(name string) (t time.Time, ok bool, err error) {
	v, ok := c.raw[name]
	if !ok {
		return t, false, nil
	}
	f := -1.0
	if json.Unmarshal(v, &f) != nil || f < 0 || f > maxDate {
		return t, false, invalid("The token's %s is %s, and must be seconds since 1970.", name, brief(v))
	}
	whole, fraction := math.Modf(f)
	return time.Unix(int64(whole), int64(fraction*1e9)), true, nil
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

func invalidAs(kind error, format string, args ...any) error {
	return granary.Wrap(granary.Invalid, fmt.Sprintf(format, args...), kind)
}

func invalid(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...)
}

// VerifiedEmail refuses a token whose issuer does not vouch for its e-mail address (OIDC Core 1.0 §5.1). Some issuers write the
// claim as a text.
func (c *Claims) VerifiedEmail() error {
	if v := string(c.raw["email_verified"]); v != "true" && v != `"true"` {
		return invalid("The token does not say that its e-mail address is verified (claim email_verified), which identity.require_verified_email demands.")
	}
	return nil
}
