package scim

import (
	"strings"
)

// operation is one of a PATCH's (RFC 7644 §3.5.2).
type operation struct {
	op    string // add, replace, remove
	path  string // "" when the value is an object of attributes
	value any
	given bool // there is a value, be it null
}

const maxOperations = 1000

// operations reads a PatchOp, in whatever letter case it comes.
func operations(body object) ([]operation, error) {
	list := body.list("Operations")
	if len(list) == 0 {
		return nil, invalid("invalidSyntax", "The request has no Operations.")
	}
	if len(list) > maxOperations {
		return nil, invalid("tooMany", "A request has at most 1000 operations.")
	}
	out := make([]operation, 0, len(list))
	for _, v := range list {
		o := asObject(v)
		op := operation{op: strings.ToLower(o.text("op")), path: strings.TrimSpace(o.text("path")), value: o.get("value")}
		_, op.given = o[o.key("value")]
		switch {
		case op.op != "add" && op.op != "replace" && op.op != "remove":
			return nil, invalid("invalidSyntax", "An operation's op must be add, replace or remove, and is \""+o.text("op")+"\".")
		case op.op == "remove" && op.path == "":
			return nil, invalid("noTarget", "A remove operation needs a path.")
		}
		out = append(out, op)
	}
	return out, nil
}

// path is a parsed attribute path: [schema] attribute [filter] [.sub].
type path struct {
	extension bool
	attr, sub string
	filter    expr // nil when none
}

// parsePath reads a path. Schemas have dots in them, so the known ones are cut off first.
func parsePath(s string) (p path, err error) {
	if rest, ok := cutFold(s, enterpriseSchema); ok {
		p.extension = true
		s = strings.TrimPrefix(rest, ":")
		if s == "" {
			p.attr = enterpriseSchema
			p.extension = false
			return p, nil
		}
	} else if rest, ok := cutFold(s, userSchema+":"); ok {
		s = rest
	} else if rest, ok := cutFold(s, groupSchema+":"); ok {
		s = rest
	}
	if before, rest, ok := strings.Cut(s, "["); ok {
		i := strings.LastIndexByte(rest, ']')
		if i < 0 {
			return p, invalid("invalidPath", "The path \""+s+"\" has a [ without a ].")
		}
		if p.filter, err = parseFilter(rest[:i]); err != nil {
			return p, err
		}
		p.attr, p.sub = before, strings.TrimPrefix(rest[i+1:], ".")
		return p, checkNames(s, p)
	}
	p.attr, p.sub, _ = strings.Cut(s, ".")
	return p, checkNames(s, p)
}

func checkNames(s string, p path) error {
	name := func(n string) bool {
		return !strings.ContainsFunc(n, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_$:", r))
		})
	}
	if p.attr == "" || !name(p.attr) || !name(p.sub) {
		return invalid("invalidPath", "The path \""+s+"\" is not one.")
	}
	return nil
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// multi are the attributes that are lists.
var multi = map[string]bool{"emails": true, "phonenumbers": true, "addresses": true, "roles": true, "members": true, "photos": true, "groups": true}

// patch applies one operation to a resource. Without a path, each name of the value is a path itself: providers send
// them flattened ("name.givenName") as well as nested.
func patch(o object, op operation) error {
	if op.path == "" {
		v := asObject(op.value)
		if v == nil {
			return invalid("invalidValue", "An operation without a path needs an object of attributes as its value.")
		}
		for name, value := range v {
			if strings.EqualFold(name, "schemas") || strings.EqualFold(name, "meta") || strings.EqualFold(name, "groups") {
				continue
			}
			if strings.EqualFold(name, "id") {
				if s, _ := value.(string); s != o.text("id") {
					return invalid("mutability", "id cannot be changed.")
				}
				continue
			}
			if err := patch(o, operation{op: op.op, path: name, value: value, given: true}); err != nil {
				return err
			}
		}
		return nil
	}
	p, err := parsePath(op.path)
	if err != nil {
		return err
	}
	if strings.EqualFold(p.attr, "id") || strings.EqualFold(p.attr, "meta") {
		return invalid("mutability", p.attr+" cannot be changed.")
	}
	target := o
	if p.extension {
		if target = o.sub(enterpriseSchema); target == nil {
			if op.op == "remove" {
				return nil
			}
			target = object{}
			o[enterpriseSchema] = target
		}
	}
	return p.apply(target, op)
}

func (p path) apply(o object, op operation) error {
	switch {
	case multi[strings.ToLower(p.attr)]:
		return p.applyList(o, op)
	case op.op == "remove":
		if p.sub == "" {
			o.set(p.attr, nil)
		} else if sub := o.sub(p.attr); sub != nil {
			sub.set(p.sub, nil)
		}
	case p.sub != "":
		sub := o.sub(p.attr)
		if sub == nil {
			sub = object{}
			o[o.key(p.attr)] = sub
		}
		sub.set(p.sub, op.value)
	default:
		if v := asObject(op.value); v != nil && o.sub(p.attr) != nil {
			have := o.sub(p.attr)
			for name, value := range v {
				have.set(name, value)
			}
			return nil
		}
		o.set(p.attr, op.value)
	}
	return nil
}

// applyList changes a list that keeps at most one element, so that an element of another type gives way to it.
func (p path) applyList(o object, op operation) error {
	list := o.list(p.attr)
	if op.op == "remove" {
		if p.filter == nil && p.sub == "" {
			o.set(p.attr, nil)
			return nil
		}
		var rest []any
		for _, e := range list {
			matches := p.filter == nil || p.filter.match(asObject(e))
			if matches && p.sub != "" {
				asObject(e).set(p.sub, nil)
			}
			if !matches || p.sub != "" {
				rest = append(rest, e)
			}
		}
		o[o.key(p.attr)] = rest
		return nil
	}
	if p.filter == nil && p.sub == "" {
		values, isList := op.value.([]any)
		if !isList && op.value != nil {
			values = []any{op.value}
		}
		if op.op == "add" && len(values) == 0 {
			return nil
		}
		if op.op == "add" && !sameKind(list, values) {
			values = append(list, values...)
		}
		o[o.key(p.attr)] = values
		return nil
	}
	return p.setElement(o, list, op)
}

// sameKind reports whether what is added would take the place of what there is: same value, or same type.
func sameKind(have, add []any) bool {
	if len(have) != 1 || len(add) != 1 {
		return len(have) == 0
	}
	a, b := asObject(have[0]), asObject(add[0])
	return a.text("value") == b.text("value") || strings.EqualFold(a.text("type"), b.text("type"))
}

// setElement writes to the element the filter picks, to the only one there is, or to a new one made after the filter.
func (p path) setElement(o object, list []any, op operation) error {
	var element object
	for _, e := range list {
		if e := asObject(e); e != nil && (p.filter == nil || p.filter.match(e)) {
			element = e
			break
		}
	}
	if element == nil && len(list) == 1 {
		element = asObject(list[0])
	}
	if element == nil {
		element = object{"primary": true}
		list = append(list, element)
	}
	if p.filter != nil {
		p.filter.imply(element)
	}
	if p.sub != "" {
		element.set(p.sub, op.value)
	} else {
		v := asObject(op.value)
		if s, ok := op.value.(string); ok {
			v = object{"value": s}
		}
		for name, value := range v {
			element.set(name, value)
		}
	}
	o[o.key(p.attr)] = list
	return nil
}
