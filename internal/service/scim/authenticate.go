package scim

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net/http"
	"strings"
	"time"

	"granary"
	"granary/internal/cause"
	"granary/internal/guard"
)

// expiresSoon is how long before its end a token is warned of, as on AWS.
const expiresSoon = 90 * 24 * time.Hour

// authenticate finds the token by its hash. One of another tenant is as unknown as any.
func (c *call) authenticate(authorization []string, tenant string) error {
	bad := &scimError{status: http.StatusUnauthorized, detail: "The bearer token is missing, unknown, expired, or of " +
		"another tenant."}
	if len(authorization) != 1 {
		return bad
	}
	scheme, secret, _ := strings.Cut(authorization[0], " ")
	if !strings.EqualFold(scheme, "Bearer") || len(secret) > 1024 {
		return bad
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	hash := hex.EncodeToString(sum[:])
	t, ok := c.Index.Center.ScimToken(hash)
	if !ok || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) != 1 || !c.now.Before(t.Expires) {
		return bad
	}
	center, ok := c.Index.Center.InstanceOfStore(t.Store)
	if !ok || subtle.ConstantTimeCompare([]byte(center.ScimTenant), []byte(tenant)) != 1 {
		return bad
	}
	c.center, c.token = center, t
	c.ctx = guard.With(c.ctx, guard.Guard{Ask: c.again})
	c.Uses.Saw(t.ID, "scim", c.Region, c.now)
	c.warn()
	return nil
}

// again is asked when a change's turn to be written has come: the body may have taken its time. The token must still be
// there, and its directory must still be provisioned with it.
func (c *call) again() error {
	t, ok := c.Index.Center.ScimToken(c.token.Hash)
	if !ok || t.ID != c.token.ID || !c.Now().Before(t.Expires) {
		return &scimError{status: http.StatusUnauthorized, detail: "The bearer token was deleted or has expired since the " +
			"request began."}
	}
	center, ok := c.Index.Center.InstanceOfStore(t.Store)
	if !ok || center.ID != c.center.ID || center.ScimTenant != c.center.ScimTenant {
		return &scimError{status: http.StatusUnauthorized, detail: "The identity store of the bearer token was deleted " +
			"since the request began."}
	}
	return c.provisioned(center)
}

// provisioned refuses where nobody may provision whatever token they have.
func (c *call) provisioned(center *granary.IdentityCenter) error {
	if c.Index.Org.Closed(center.Account) {
		return &scimError{status: http.StatusForbidden, detail: "The account " + string(center.Account) +
			", which this identity store belongs to, was closed.", broke: cause.RequestSCIMClosed}
	}
	if center.ScimDisabled {
		return &scimError{status: http.StatusForbidden, detail: "Provisioning is disabled for this identity store; granary " +
			"scim enable allows it again.", broke: cause.RequestSCIMDisabled}
	}
	return nil
}

// warn logs once a day that the token expires soon.
func (c *call) warn() {
	left := c.token.Expires.Sub(c.now)
	if left >= expiresSoon || c.Log == nil {
		return
	}
	if at, ok := c.warned.Load(c.token.ID); ok && c.now.Sub(at.(time.Time)) < 24*time.Hour {
		return
	}
	c.warned.Store(c.token.ID, c.now)
	c.Log.Warn("a SCIM token expires soon; make its successor: granary scim token create", "token", c.token.ID, "store",
		c.token.Store, "days", int(left.Hours()/24))
}
