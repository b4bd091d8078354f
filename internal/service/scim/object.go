package scim

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
)

// object is a SCIM resource or complex attribute as JSON has it. Attribute names compare whatever their case.
type object map[string]any

// The schemas.
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
	coreSchemas      = "urn:ietf:params:scim:schemas:core:"
	groupSchema      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseSchema = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
	listSchema       = "urn:ietf:params:scim:api:messages:2.0:ListResponse"
)

// key finds how a name is spelt in the object.
func (o object) key(name string) string {
	if _, ok := o[name]; ok {
		return name
	}
	for k := range o {
		if strings.EqualFold(k, name) {
			return k
		}
	}
	return name
}

func (o object) get(name string) any { return o[o.key(name)] }

// text is an attribute's text, be it written as a number; absent, null and other types are "".
func (o object) text(name string) string {
	s, _ := asText(o.get(name))
	return s
}

// asText reads a text. Numbers are taken for it, so is a list of one, and an object for its value: providers send them.
// ok is false for a value of another type.
func asText(v any) (text string, ok bool) {
	switch v := v.(type) {
	case nil:
		return "", true
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case []any:
		if len(v) == 1 {
			return asText(v[0])
		}
	case map[string]any:
		if value, ok := v["value"]; ok {
			if _, nested := value.(map[string]any); !nested {
				return asText(value)
			}
		}
	}
	return "", false
}

// sub is a complex attribute; a list of one element is taken for it.
func (o object) sub(name string) object {
	return asObject(o.get(name))
}

func asObject(v any) object {
	switch v := v.(type) {
	case map[string]any:
		return v
	case object:
		return v
	case []any:
		if len(v) == 1 {
			return asObject(v[0])
		}
	}
	return nil
}

// list is a multi-valued attribute; a single object is taken for a list of it.
func (o object) list(name string) []any { return asList(o.get(name)) }

func asList(v any) []any {
	switch v := v.(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// elements are the elements of a list, each an object: a bare text is one's value.
func elements(v any) (out []any) {
	for _, e := range asList(unquoted(v)) {
		e = unquoted(e)
		if s, ok := e.(string); ok && s != "" {
			out = append(out, object{"value": s})
		} else if o := asObject(e); o != nil {
			out = append(out, o)
		}
	}
	return out
}

// unquoted is what a text holds that is JSON itself, an object or a list: a client library quotes them. Any other value
// stays.
func unquoted(v any) any {
	s, ok := v.(string)
	if s = strings.TrimSpace(s); !ok || !strings.HasPrefix(s, "{") && !strings.HasPrefix(s, "[") {
		return v
	}
	in, err := readText(s)
	if err != nil {
		return v
	}
	return in
}

// boolean reads a truth value, also when it is written as text, in a list of one, or as the value of an object.
func boolean(v any) (value, ok bool) {
	switch v := v.(type) {
	case map[string]any:
		return boolean(v["value"])
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	case []any:
		if len(v) == 1 {
			return boolean(v[0])
		}
	}
	return false, false
}

// plain is a resource whose attributes stand under their own names: providers put them under their schema's name, or
// that name before theirs.
func (o object) plain() (object, error) {
	out := object{}
	for _, name := range slices.Sorted(maps.Keys(o)) {
		plain, core := coreName(name)
		in := object{plain: o[name]}
		if core && plain == "" {
			in = asObject(unquoted(o[name]))
		}
		for k, v := range in {
			if _, there := out[out.key(k)]; there {
				return nil, invalid("invalidSyntax", "The attribute "+short(k)+" is there twice.")
			}
			out[k] = v
		}
	}
	return out, nil
}

// coreName cuts the schema of users or groups off a name, also where it stands twice; nothing is left of the schema
// itself.
func coreName(name string) (short string, core bool) {
	for _, schema := range []string{userSchema, groupSchema} {
		if rest, ok := cutFold(name, schema); ok && (rest == "" || rest[0] == ':') {
			short, _ = coreName(strings.TrimPrefix(rest, ":"))
			return short, true
		}
	}
	return name, false
}

// set puts a value under a name, or takes the name out for nil.
func (o object) set(name string, v any) {
	k := o.key(name)
	if v == nil || v == "" {
		delete(o, k)
		return
	}
	o[k] = v
}
