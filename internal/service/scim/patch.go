package scim

import (
	"maps"
	"slices"
	"strings"
)

// operation is one of a PATCH's (RFC 7644 §3.5.2).
type operation struct {
	op    string // add, replace, remove
	path  string // "" when the value is an object of attributes
	value any
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
		if p := o.get("path"); p != nil {
			if _, ok := p.(string); !ok {
				return nil, invalid("invalidPath", "An operation's path is not a text.")
			}
		}
		op := operation{op: strings.ToLower(o.text("op")), path: strings.TrimSpace(o.text("path")), value: o.get("value")}
		switch {
		case op.op != "add" && op.op != "replace" && op.op != "remove":
			return nil, invalid("invalidSyntax", "An operation's op must be add, replace or remove, and is \""+o.text("op")+"\".")
		case op.op == "remove" && op.path == "":
			return nil, invalid("noTarget", "A remove operation needs a path.")
		}
		if err := op.settle(); err != nil {
			return nil, err
		}
		out = append(out, op)
	}
	return out, nil
}

// settle reads the value of an operation without a path, which is a resource's attributes. The path of a whole resource is none.
func (op *operation) settle() error {
	if short, core := coreName(op.path); core && short == "" {
		if op.path = ""; op.op == "remove" {
			return invalid("noTarget", "A resource cannot be removed by PATCH.")
		}
	}
	if op.path != "" {
		return nil
	}
	v := asObject(unquoted(op.value))
	if v == nil || v.get("value") != nil {
		return invalid("invalidValue", "An operation without a path needs an object of attributes as its value.")
	}
	v, err := v.plain()
	op.value = v
	return err
}

// flat gives fn each of the changes that an operation without a path means: each name of its value is a path itself.
// Providers send them flattened ("name.givenName") as well as nested.
func (op operation) flat(id string, fn func(operation) error) error {
	v := asObject(op.value)
	for _, name := range slices.Sorted(maps.Keys(v)) {
		value := v[name]
		switch strings.ToLower(name) {
		case "schemas", "meta", "groups":
			continue
		case "id":
			if s, _ := value.(string); s != id {
				return invalid("mutability", "id cannot be changed.")
			}
			continue
		}
		if err := fn(operation{op: op.op, path: name, value: value}); err != nil {
			return err
		}
	}
	return nil
}

// patcher applies operations to a resource.
type patcher struct {
	many bool // lists keep all their elements; else an element of another type gives way
}

func (x patcher) patch(o object, op operation) error {
	if op.path == "" {
		return op.flat(o.text("id"), func(op operation) error { return x.patch(o, op) })
	}
	p, err := parsePath(op.path)
	if err != nil {
		return err
	}
	if strings.EqualFold(p.attr, "id") || strings.EqualFold(p.attr, "meta") {
		return invalid("mutability", p.attr+" cannot be changed.")
	}
	if strings.EqualFold(p.attr, "groups") {
		if list, ok := op.value.([]any); ok && len(list) == 0 && op.op != "remove" {
			return nil // Okta says so of everybody
		}
		return invalid("mutability", "groups cannot be changed: who is in a group is said by its members.")
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
	if lists[strings.ToLower(p.attr)] {
		return x.list(p, target, op)
	}
	if p.filter != nil && singles[strings.ToLower(p.attr)] {
		return invalid("invalidPath", p.attr+" is no list, and nothing can be picked out of it.")
	}
	p.apply(target, op)
	return nil
}

// singles are attributes that are no lists.
var singles = map[string]bool{"username": true, "displayname": true, "externalid": true, "active": true, "name": true, "manager": true}

// lists are the attributes that are lists.
var lists = map[string]bool{"emails": true, "phonenumbers": true, "addresses": true, "roles": true, "photos": true}

// complexes are the attributes that are objects.
var complexes = map[string]bool{"name": true, "manager": true, strings.ToLower(enterpriseSchema): true}

// apply changes an attribute that is no list.
func (p path) apply(o object, op operation) {
	sub := o.sub(p.attr)
	switch {
	case op.op == "remove" && p.sub == "":
		o.set(p.attr, nil)
	case op.op == "remove":
		if sub != nil {
			sub.set(p.sub, nil)
		}
	case p.sub != "":
		if sub == nil {
			sub = object{}
			o[o.key(p.attr)] = map[string]any(sub) // as JSON has it
		}
		sub.set(p.sub, op.value)
	default:
		if !complexes[strings.ToLower(p.attr)] {
			o.set(p.attr, op.value)
			return
		}
		value := unquoted(op.value)
		v := asObject(value)
		if v == nil || sub == nil {
			o.set(p.attr, value)
			return
		}
		for name, value := range v {
			sub.set(name, value)
		}
	}
}

// list changes a list.
func (x patcher) list(p path, o object, op operation) error {
	have := elements(o.get(p.attr))
	switch {
	case op.op == "remove":
		have = remove(p, have, op)
	case p.filter != nil || p.sub != "":
		have = x.element(p, have, op)
	case op.op == "add":
		have = x.add(p, have, elements(op.value))
	default:
		have = elements(op.value)
	}
	o[o.key(p.attr)] = have
	return nil
}

// remove takes out the elements picked by the filter, or those listed, or all; with a sub-attribute, only that of them.
func remove(p path, have []any, op operation) (rest []any) {
	listed := elements(op.value)
	for _, e := range have {
		e := asObject(e)
		picked := p.filter == nil || p.filter.match(e)
		if picked && p.filter == nil && p.sub == "" && op.value != nil {
			picked = slices.ContainsFunc(listed, func(l any) bool { return asObject(l).text("value") == e.text("value") })
		}
		if picked && p.sub != "" {
			e.set(p.sub, nil)
		}
		if !picked || p.sub != "" {
			rest = append(rest, e)
		}
	}
	return rest
}

// add appends to a list. An element with a value that is there already changes it; and where a list keeps one, an element of the
// same type takes its place.
func (x patcher) add(p path, have, more []any) []any {
	for _, m := range more {
		m := asObject(m)
		i := slices.IndexFunc(have, func(e any) bool {
			return m.text("value") != "" && strings.EqualFold(asObject(e).text("value"), m.text("value"))
		})
		if i < 0 && !x.many && len(more) == 1 && len(have) == 1 && strings.EqualFold(asObject(have[0]).text("type"), m.text("type")) {
			have[0], i = object{}, 0
		}
		if i < 0 {
			have, i = append(have, object{}), len(have)
		}
		for name, value := range m {
			asObject(have[i]).set(name, value)
		}
		lead(have, i)
	}
	return have
}

// lead makes the nth element the only primary one, if it is primary.
func lead(have []any, n int) {
	if !isPrimary(asObject(have[n])) {
		return
	}
	for i, o := range have {
		if i != n {
			asObject(o).set("primary", nil)
		}
	}
}

// element writes to the elements the filter picks; when there is none, to one that the filter does not speak against, or to a new
// one made after the filter.
func (x patcher) element(p path, have []any, op operation) []any {
	var picked []int
	for i, e := range have {
		if e := asObject(e); p.filter == nil && (isPrimary(e) || len(have) == 1) || p.filter != nil && p.filter.match(e) {
			picked = append(picked, i)
		}
	}
	switch {
	case len(picked) > 0:
	case len(have) == 1 && x.givesWay(p, asObject(have[0])), len(have) > 0 && p.filter == nil:
		picked = []int{0}
	default:
		have, picked = append(have, object{}), []int{len(have)}
		asObject(have[picked[0]]).set("primary", onlyTrue(len(have) == 1))
	}
	for _, i := range picked {
		e := asObject(have[i])
		if p.filter != nil {
			p.filter.imply(e)
		}
		if p.sub != "" {
			e.set(p.sub, op.value)
		} else if list := elements(op.value); len(list) > 0 {
			for name, value := range asObject(list[0]) {
				e.set(name, value)
			}
		}
		lead(have, i)
	}
	return have
}

// onlyTrue is true or nothing.
func onlyTrue(b bool) any {
	if b {
		return true
	}
	return nil
}

// givesWay reports whether the only element is written over by one that a filter asks for: it has no type, or not another. Where
// one address is kept, it is written over whatever its type: providers call the same address "work" and "home".
func (x patcher) givesWay(p path, e object) bool {
	if p.filter == nil {
		return true
	}
	want := object{}
	p.filter.imply(want)
	if x.many && want.text("value") != "" {
		return false
	}
	return !x.many && strings.EqualFold(p.attr, "emails") || want.text("type") == "" || e.text("type") == "" || strings.EqualFold(want.text("type"), e.text("type"))
}
