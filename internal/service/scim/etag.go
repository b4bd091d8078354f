package scim

import (
	"fmt"
	"net/http"
	"strings"

	"granary"
	"granary/internal/store"
)

// userTag is the version of a user (RFC 7644 §3.14).
func userTag(u *granary.User) string { return fmt.Sprintf(`W/"%d"`, u.Version+1) }

// groupTag is the version of a group: its own changes and those of its members.
func (c *call) groupTag(tx *store.Tx, g *granary.Group) (string, error) {
	if !c.ETags {
		return "", nil
	}
	n, err := tx.Groups.MemberChanges(g.Store, g.ID)
	return fmt.Sprintf(`W/"%d"`, g.Version+n+1), err
}

// tagged reports whether a header's list of versions has one.
func tagged(header, tag string) bool {
	for t := range strings.SplitSeq(header, ",") {
		t = strings.TrimSpace(t)
		if t == "*" || strings.TrimPrefix(t, "W/") == strings.TrimPrefix(tag, "W/") {
			return true
		}
	}
	return false
}

// unchanged refuses a write that was meant for another version.
func (c *call) unchanged(tag string) error {
	if c.ETags && c.match != "" && !tagged(c.match, tag) {
		return &scimError{status: http.StatusPreconditionFailed, detail: "The resource has changed since: its version is " +
			tag + "."}
	}
	return nil
}

// known reports whether a reader has this version already.
func (c *call) known(tag string) bool {
	return c.ETags && c.noneMatch != "" && tagged(c.noneMatch, tag)
}
