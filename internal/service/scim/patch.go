package scim

import (
	"slices"
	"strings"

	"granary"
)

// patcher applies operations to a user.
type patcher struct {
	understood
	many bool // lists keep all their elements; else an element of another type gives way
}

func (x *patcher) patch(o object, op operation, implied bool) error {
	part := func(op operation) error { return x.patch(o, op, true) }
	if op.path == "" {
		return op.parts("", part)
	}
	t, ok, err := x.find(op, implied)
	if err != nil || !ok {
		return err
	}
	if t.path.attr == enterpriseSchema {
		return x.extension(o, op, part)
	}
	if op.op == "replace" && op.value == nil && t.filter != nil && t.sub == nil {
		op.op = "remove" // null is none
	}
	if op.op != "remove" || t.attr.many && t.filter == nil && t.sub == nil && op.value != nil {
		if op.value, err = t.value(op, implied); err != nil {
			return err
		}
	}
	if op.op == "add" && op.value == nil && t.attr.name != "active" && t.attr.name != "userName" {
		return nil // there is nothing to add
	}
	into := o
	if t.extension {
		if into = o.sub(enterpriseSchema); into == nil {
			if op.op == "remove" {
				return nil
			}
			into = object{}
			o[enterpriseSchema] = into
		}
	}
	if t.attr.many {
		return x.list(t.path, into, op)
	}
	t.apply(into, op)
	return nil
}

// extension changes the enterprise extension as a whole.
func (x *patcher) extension(o object, op operation, part func(operation) error) error {
	if op.op == "remove" || op.op == "replace" && op.value == nil {
		delete(o, o.key(enterpriseSchema))
		return nil
	}
	if err := wholeExtension.check(enterpriseSchema, op.value); err != nil {
		return err
	}
	return op.parts(enterpriseSchema+":", part)
}

// maxKept is how many elements a list may have while a PATCH is applied: more than are ever kept.
const maxKept = 2 * granary.MaxListed

// list changes a list.
func (x *patcher) list(p path, o object, op operation) error {
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
	if len(have) > maxKept {
		return tooMany(maxKept, false)
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

// add appends to a list. An element with a value that is there already changes it; and where a list keeps one, an
// element of the same type takes its place.
func (x *patcher) add(p path, have, more []any) []any {
	for _, m := range more {
		if len(have) > maxKept {
			return have // too many
		}
		m := asObject(m)
		i := slices.IndexFunc(have, func(e any) bool {
			return m.text("value") != "" && strings.EqualFold(asObject(e).text("value"), m.text("value"))
		})
		if i < 0 && !x.many && len(more) == 1 && len(have) == 1 && strings.EqualFold(asObject(have[0]).text("type"),
			m.text("type")) {
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

// element writes to the elements the filter picks; when there is none, to one that the filter does not speak against,
// or to a new one made after the filter.
func (x *patcher) element(p path, have []any, op operation) []any {
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

// givesWay reports whether the only element is written over by one that a filter asks for: it has no type, or not
// another. Where one address is kept, it is written over whatever its type: providers call the same address "work" and
// "home".
func (x *patcher) givesWay(p path, e object) bool {
	if p.filter == nil {
		return true
	}
	want := object{}
	p.filter.imply(want)
	if x.many && want.text("value") != "" {
		return false
	}
	return !x.many && strings.EqualFold(p.attr, "emails") || want.text("type") == "" || e.text("type") == "" ||
		strings.EqualFold(want.text("type"), e.text("type"))
}
