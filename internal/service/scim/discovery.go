package scim

import (
	"cmp"
	"maps"
	"net/http"
	"strings"
)

// discovery answers what the service can do (RFC 7644 §4).
func (c *call) discovery() (answer, error) {
	if c.method != http.MethodGet {
		return answer{}, c.notAllowed("GET")
	}
	if c.query.Has("filter") { // RFC 7644 §4: lest a client believe that it was heeded
		return answer{}, &scimError{status: http.StatusForbidden, detail: "/" + c.kind + " cannot be filtered."}
	}
	if c.kind == "ServiceProviderConfig" {
		return answer{status: http.StatusOK, body: c.providerConfig()}, nil
	}
	list := resourceTypes
	if c.kind == "Schemas" {
		list = c.schemas()
	}
	shown := make([]any, len(list))
	for i, v := range list {
		o := maps.Clone(v)
		o["meta"] = object{"resourceType": strings.TrimSuffix(c.kind, "s"), "location": c.base + "/" + c.kind + "/" +
			v.text("id")}
		if strings.EqualFold(v.text("id"), c.id) {
			return answer{status: http.StatusOK, body: o}, nil
		}
		shown[i] = o
	}
	if c.id != "" {
		return answer{}, notFound("There is no " + short(c.id) + ".")
	}
	return answer{status: http.StatusOK, body: map[string]any{"schemas": []string{listSchema}, "totalResults": len(list),
		"itemsPerPage": len(list), "startIndex": 1, "Resources": shown}}, nil
}

func supported(yes bool) object { return object{"supported": yes} }

// providerConfig says what there is. Lists have a hundred resources unless a client asks for more.
func (c *call) providerConfig() object {
	return object{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": "https://docs.aws.amazon.com/singlesignon/latest/developerguide/what-is-scim.html",
		"patch":            supported(true), "bulk": object{"supported": true, "maxOperations": maxBulk,
			"maxPayloadSize": maxBulkBody},
		"filter": object{"supported": true, "maxResults": usualCount}, "changePassword": supported(false),
		"sort": supported(true), "etag": supported(c.ETags),
		"authenticationSchemes": []any{object{"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
			"description": "A token made with: granary scim token create",
			"specUri":     "https://www.rfc-editor.org/info/rfc6750"}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": c.base + "/ServiceProviderConfig"},
	}
}

const resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

var resourceTypes = []object{
	{"schemas": []string{resourceTypeSchema}, "id": "User", "name": "User", "endpoint": "/Users",
		"description": "User Account", "schema": userSchema,
		"schemaExtensions": []any{object{"schema": enterpriseSchema, "required": false}}},
	{"schemas": []string{resourceTypeSchema}, "id": "Group", "name": "Group", "endpoint": "/Groups",
		"description": "Group", "schema": groupSchema},
}

// schemas describe the resources (RFC 7643 §7).
func (c *call) schemas() []object {
	ours := append([]attribute{common[2]}, ofUsers...) // externalId
	return []object{
		schema(userSchema, "User", "A person in the directory", c.describe(ours)),
		schema(groupSchema, "Group", "A group of people in the directory",
			c.describe(append([]attribute{common[2]}, ofGroups...))),
		schema(enterpriseSchema, "EnterpriseUser", "What a company knows of a person", c.describe(ofEnterprise)),
	}
}

func schema(id, name, about string, attrs []any) object {
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name,
		"description": about, "attributes": attrs}
}

// describe describes the attributes that the directory keeps. The names of a person are demanded unless the server is
// lenient.
func (c *call) describe(list []attribute) (out []any) {
	for _, a := range list {
		if a.unkept || a.name == "photos" && !c.KeepAll {
			continue
		}
		named := a.name == "name" || a.name == "givenName" || a.name == "familyName" || a.name == "displayName"
		o := object{"name": a.name, "type": cmp.Or(a.kind, "string"), "multiValued": a.many, "description": a.about,
			"required":   a.required || named && !c.Lenient,
			"mutability": cmp.Or(a.mutability, "readWrite"), "returned": cmp.Or(a.returned, "default"), "caseExact": a.exact ||
				a.kind == isReference,
			"uniqueness": map[bool]string{false: "none", true: "server"}[a.unique]}
		if a.values != nil {
			o["canonicalValues"] = a.values
		}
		if a.refers != nil {
			o["referenceTypes"] = a.refers
		}
		if a.subs != nil {
			o["subAttributes"] = c.describe(a.subs)
		}
		out = append(out, o)
	}
	return out
}
