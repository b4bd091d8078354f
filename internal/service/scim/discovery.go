package scim

import (
	"net/http"
	"strings"
)

// discovery answers what the service can do (RFC 7644 §4).
func (c *call) discovery() (answer, error) {
	if c.r.Method != http.MethodGet {
		return answer{}, &scimError{status: http.StatusMethodNotAllowed, detail: c.r.Method + " is not possible here."}
	}
	if c.kind == "ServiceProviderConfig" {
		return answer{status: http.StatusOK, body: providerConfig}, nil
	}
	list := resourceTypes
	if c.kind == "Schemas" {
		list = schemas
	}
	if c.id == "" {
		return answer{status: http.StatusOK, body: map[string]any{"schemas": []string{listSchema}, "totalResults": len(list), "itemsPerPage": len(list), "startIndex": 1, "Resources": list}}, nil
	}
	for _, v := range list {
		if strings.EqualFold(v.(object).text("id"), c.id) {
			return answer{status: http.StatusOK, body: v}, nil
		}
	}
	return answer{}, notFound("There is no " + c.id + ".")
}

var no = object{"supported": false}

var providerConfig = object{
	"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"},
	"patch":   object{"supported": true}, "bulk": object{"supported": false, "maxOperations": 100, "maxPayloadSize": maxBody},
	"filter": object{"supported": true, "maxResults": usualCount}, "changePassword": no, "sort": no, "etag": no,
	"authenticationSchemes": []any{object{"type": "oauthbearertoken", "name": "OAuth Bearer Token", "primary": true,
		"description": "A token made with: granary scim token create"}},
}

const resourceTypeSchema = "urn:ietf:params:scim:schemas:core:2.0:ResourceType"

var resourceTypes = []any{
	object{"schemas": []string{resourceTypeSchema}, "id": "User", "name": "User", "endpoint": "/Users", "description": "User Account", "schema": userSchema,
		"schemaExtensions": []any{object{"schema": enterpriseSchema, "required": false}}},
	object{"schemas": []string{resourceTypeSchema}, "id": "Group", "name": "Group", "endpoint": "/Groups", "description": "Group", "schema": groupSchema},
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
	isList   = object{"multiValued": true}
	elements = append(attributes("string", "value", "type"), attribute("primary", "boolean", nil))
)

var schemas = []any{
	schema(userSchema, "User", append([]any{
		attribute("userName", "string", object{"required": true, "uniqueness": "server"}),
		attribute("externalId", "string", object{"caseExact": true}),
		attribute("active", "boolean", nil),
		attribute("name", "complex", nil, attributes("string", "formatted", "familyName", "givenName", "middleName", "honorificPrefix", "honorificSuffix")...),
		attribute("emails", "complex", isList, elements...), attribute("phoneNumbers", "complex", isList, elements...), attribute("roles", "complex", isList, elements...),
		attribute("addresses", "complex", isList, attributes("string", "formatted", "streetAddress", "locality", "region", "postalCode", "country", "type")...),
	}, attributes("string", "displayName", "nickName", "profileUrl", "title", "userType", "preferredLanguage", "locale", "timezone")...)...),
	schema(groupSchema, "Group", attribute("displayName", "string", object{"required": true, "uniqueness": "server"}), attribute("externalId", "string", object{"caseExact": true}),
		attribute("members", "complex", isList, attribute("value", "string", object{"mutability": "immutable"}))),
	schema(enterpriseSchema, "EnterpriseUser", append(attributes("string", "employeeNumber", "costCenter", "organization", "division", "department"),
		attribute("manager", "complex", nil, attribute("value", "string", nil)))...),
}
