package scim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"granary/internal/store"
)

// expiresSoon is how long before its end a token is warned of, as on AWS.
const expiresSoon = 90 * 24 * time.Hour

// authenticate finds the token by its hash. One of another tenant is as unknown as any.
func (c *call) authenticate(authorization, tenant string) error {
	bad := &scimError{status: http.StatusUnauthorized, detail: "The bearer token is missing, unknown, expired, or of another tenant."}
	scheme, secret, _ := strings.Cut(authorization, " ")
	if !strings.EqualFold(scheme, "Bearer") || len(secret) > 1024 {
		return bad
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	hash := hex.EncodeToString(sum[:])
	t, ok := c.Index.ScimToken(hash)
	if !ok || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) != 1 || !c.now.Before(t.Expires) {
		return bad
	}
	center, ok := c.Index.IdentityCenterOfStore(t.Store)
	if !ok || subtle.ConstantTimeCompare([]byte(center.ScimTenant), []byte(tenant)) != 1 {
		return bad
	}
	c.center, c.token = center, t
	return c.touch()
}

// touch keeps when the token was last used, to the hour: a write for each request would serve nobody.
func (c *call) touch() error {
	if c.now.Sub(c.token.LastUsed) < time.Hour {
		return nil
	}
	if left := c.token.Expires.Sub(c.now); left < expiresSoon && c.Log != nil {
		c.Log.Warn("a SCIM token expires soon; make its successor: granary scim token create", "token", c.token.ID, "store", c.token.Store, "days", int(left.Hours()/24))
	}
	return c.DB.Update(c.ctx, func(tx *store.Tx) error {
		t, err := tx.ScimTokens.Get(c.token.ID)
		if err != nil {
			return err
		}
		t.LastUsed = c.now
		return tx.ScimTokens.Update(t)
	})
}
