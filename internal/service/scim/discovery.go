package scim

import (
	"maps"
	"net/http"
	"strings"
)

// discovery answers what the service can do (RFC 7644 §4).
func (c *call) discovery() (answer, error) {
	if c.method != http.MethodGet {
		return answer{}, c.notAllowed("GET")
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
		o["meta"] = object{"resourceType": strings.TrimSuffix(c.kind, "s"), "location": c.base + "/" + c.kind + "/" + v.text("id")}
		if strings.EqualFold(v.text("id"), c.id) {
			return answer{status: http.StatusOK, body: o}, nil
		}
		shown[i] = o
	}
	if c.id != "" {
		return answer{}, notFound("There is no " + c.id + ".")
	}
	return answer{status: http.StatusOK, body: map[string]any{"schemas": []string{listSchema}, "totalResults": len(list), "itemsPerPage": len(list), "startIndex": 1, "Resources": shown}}, nil
}

func supported(yes bool) object { return object{"supported": yes} }

// providerConfig says what there is. Lists have a hundred resources unless a client asks for more.
func (c *call) providerConfig() object {
	return object{
		"schemas":          []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
		"documentationUri": "https://docs.aws.amazon.com/singlesignon/latest/developerguide/what-is-scim.html",
		"patch":            supported(true), "bulk": object{"supported": true, "maxOperations": maxBulk, "maxPayloadSize": maxBulkBody},
		"filter": object{"supported": true, "maxResults": usualCount}, "changePassword": supported(false), "sort": supported(true), "etag": supported(c.ETags),
		"authenticationSchemes": []any{object{"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
			"description": "A token made with: granary scim token create", "specUri": "https://www.rfc-editor.org/info/rfc6750"}},
		"meta": object{"resourceType": "ServiceProviderConfig", "location": c.base + "/ServiceProviderConfig"},
	}
}

const resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

var resourceTypes = []object{
	{"schemas": []string{resourceTypeSchema}, "id": "User", "name": "User", "endpoint": "/Users", "description": "User Account", "schema": userSchema,
		"schemaExtensions": []any{object{"schema": enterpriseSchema, "required": false}}},
	{"schemas": []string{resourceTypeSchema}, "id": "Group", "name": "Group", "endpoint": "/Groups", "description": "Group", "schema": groupSchema},
}

func attribute(name, kind string, more object, subs ...any) object {
	a := object{"name": name, "type": kind, "multiValued": false, "required": false, "caseExact": false, "mutability": "readWrite", "returned": "default", "uniqueness": "none"}
	for k, v := range more {
		a[k] = v
	}
	if len(subs) > 0 {
		a["subAttributes"] = subs
	}
	return a
}

func attributes(kind string, names ...string) (out []any) {
	for _, n := range names {
		out = append(out, attribute(n, kind, nil))
	}
	return out
}

func schema(id, name string, attrs ...any) object {
	return object{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Schema"}, "id": id, "name": name, "description": name, "attributes": attrs}
}

var (
	isList = object{"multiValued": true}
)

func element(more ...any) []any {
	return append(append(attributes("string", "value", "type"), attribute("primary", "boolean", nil)), more...)
}

// schemas describe the resources (RFC 7643 §7). The parts of the name are demanded unless the server is lenient.
func (c *call) schemas() []object {
	named := object{"required": !c.Lenient}
	user := []any{
		attribute("userName", "string", object{"required": true, "uniqueness": "server"}),
		attribute("displayName", "string", named),
		attribute("externalId", "string", object{"caseExact": true}),
		attribute("active", "boolean", nil),
		attribute("name", "complex", named, append(attributes("string", "formatted", "middleName", "honorificPrefix", "honorificSuffix"),
			attribute("givenName", "string", named), attribute("familyName", "string", named))...),
		attribute("emails", "complex", isList, element()...), attribute("phoneNumbers", "complex", isList, element()...), attribute("roles", "complex", isList, element()...),
		attribute("addresses", "complex", isList, append(attributes("string", "formatted", "streetAddress", "locality", "region", "postalCode", "country", "type"),
			attribute("primary", "boolean", nil))...),
		attribute("groups", "complex", object{"multiValued": true, "mutability": "readOnly", "returned": "request"}, attributes("string", "value", "$ref", "type")...),
	}
	if c.KeepAll {
		user = append(user, attribute("photos", "complex", isList, element(attribute("display", "string", nil))...))
	}
	return []object{
		schema(userSchema, "User", append(user, attributes("string", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone")...)...),
		schema(groupSchema, "Group", attribute("displayName", "string", object{"required": true, "uniqueness": "server"}),
			attribute("externalId", "string", object{"caseExact": true}),
			attribute("members", "complex", isList, attribute("value", "string", object{"mutability": "immutable", "caseExact": true}),
				attribute("$ref", "reference", object{"mutability": "immutable", "referenceTypes": []string{"User"}}), attribute("type", "string", object{"mutability": "immutable"}))),
		schema(enterpriseSchema, "EnterpriseUser", append(attributes("string", "employeeNumber", "costCenter", "organization", "division", "department"),
			attribute("manager", "complex", nil, attribute("value", "string", nil)))...),
	}
}
