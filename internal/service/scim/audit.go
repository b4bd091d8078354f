package scim

import (
	"cmp"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"

	"granary/internal/audit"
	"granary/internal/cause"
)

// reads reports whether the call changes nothing.
func (c *call) reads() bool {
	return c.method == http.MethodGet || c.method == http.MethodPost && (c.kind == ".search" || c.id == ".search")
}

// operation is AWS's name for the operation, such as "PatchUser".
func (c *call) operation() string {
	kind := strings.TrimSuffix(c.kind, "s")
	if !kinds[c.kind] {
		kind = "Resource"
	}
	switch {
	case c.kind == "Bulk":
		return "Bulk"
	case c.reads() && (c.id == "" || c.id == ".search") && c.kind != "ServiceProviderConfig":
		return "List" + kind + "s"
	case c.reads():
		return "Get" + kind
	}
	verb := map[string]string{http.MethodPost: "Create", http.MethodPut: "Put", http.MethodPatch: "Patch",
		http.MethodDelete: "Delete"}[c.method]
	return verb + kind
}

// kinds are the kinds of resource there are, as paths have them.
var kinds = map[string]bool{"Users": true, "Groups": true, "ServiceProviderConfig": true, "ResourceTypes": true,
	"Schemas": true}

// shown are the attributes that the audit may name, by their names in lower case. What else a client sends might be
// anything.
var shown = func() map[string]string {
	m := map[string]string{}
	for _, n := range []string{"userName", "externalId", "displayName", "name", "nickName", "profileUrl", "title",
		"userType", "preferredLanguage", "locale",
		"timezone", "active", "emails", "addresses", "phoneNumbers", "roles", "photos", "members", "employeeNumber",
		"costCenter", "organization", "division",
		"department", "manager"} {
		m[strings.ToLower(n)] = n
	}
	return m
}()

// name remembers that a write named an attribute.
func (c *call) name(attr string) {
	if n := shown[strings.ToLower(attr)]; n != "" {
		c.named[n] = true
	}
}

// nameAll remembers the attributes of a document.
func (c *call) nameAll(o object) {
	for k, v := range o {
		if strings.EqualFold(k, enterpriseSchema) {
			c.nameAll(asObject(v))
			continue
		}
		c.name(k)
	}
}

// event is the call in the audit log: what was done by which token, to which attributes, and never the people's data
// (Identity Center User Guide, "Logging IAM Identity Center SCIM API calls").
func (c *call) event(failed error) *audit.Event {
	e := &audit.Event{EventSource: "identitystore-scim.amazonaws.com", EventName: c.operation(), AWSRegion: c.Region,
		ReadOnly: c.reads(), ManagementEvent: true, EventCategory: "Management", RecipientAccountID: string(c.center.Account),
		UserIdentity: &audit.UserIdentity{Type: "WebIdentityUser", AccountID: string(c.center.Account),
			PrincipalID: "scim-token/" + c.token.ID, ARN: c.actor, AccessKeyID: c.token.ID}}
	p := map[string]any{"tenantId": c.center.ScimTenant, "identityStoreId": string(c.center.Store), "id": c.id}
	if !c.reads() {
		p["attributes"] = slices.Sorted(maps.Keys(c.named))
	}
	e.RequestParameters, _ = json.Marshal(p) // texts only
	if failed != nil {
		f := asSCIM(failed)
		e.ErrorCode, e.ErrorMessage = f.name(), http.StatusText(f.status)
		if f.status < http.StatusInternalServerError {
			broke := cmp.Or(f.broke, cause.RequestSCIM)
			e.Decision = &audit.Decision{Link: broke.Link(), Cause: broke.Name(), Owner: string(c.center.Account),
				Facts: map[string]string{"method": c.method, "path": "/" + c.kind, "store": string(c.center.Store)}}
		}
	}
	return e
}
