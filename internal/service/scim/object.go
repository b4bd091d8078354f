package scim

import (
	"strings"
)

// object is a SCIM resource or complex attribute as JSON has it. Attribute names compare whatever their case.
type object map[string]any

// The schemas.
const (
	userSchema       = "urn:ietf:params:scim:schemas:core:2.0:User"
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

// text is an attribute's text; absent, null and other types are "".
func (o object) text(name string) string {
	s, _ := o.get(name).(string)
	return s
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
func (o object) list(name string) []any {
	switch v := o.get(name).(type) {
	case []any:
		return v
	case nil:
		return nil
	default:
		return []any{v}
	}
}

// boolean reads a truth value, also when it is written as text.
func boolean(v any) (value, ok bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case string:
		switch strings.ToLower(v) {
		case "true":
			return true, true
		case "false":
			return false, true
		}
	}
	return false, false
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
