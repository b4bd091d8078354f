package awsapi

import (
	"net/http"
	"strings"

	"granary/internal/authz"
)

// Refuse notes a decision as the one that the call is refused by, and returns its error.
func (c *Call) Refuse(d *authz.Decision) error {
	c.denied = d
	return d.Refusal()
}

// KeyID reads the access key id that a request claims, without believing it.
func KeyID(r *http.Request) string {
	id := credential(r)[0]
	if len(id) > 128 || strings.ContainsFunc(id, func(c rune) bool { return c < '!' || c > '~' }) {
		return ""
	}
	return id
}
