package scim

import "strings"

// target is what an operation changes.
type target struct {
	path
	attr, sub *attribute // sub: a part of it, or nil
}

// understood counts the operations of a PATCH that name something there is. What is unknown does no harm beside what is
// known (RFC 7643 §3.3 lets a server know less than its clients), but a request of which nothing is understood is
// refused.
type understood struct {
	resource resource
	id       string // of the resource
	names    int
	unknown  string // the first name that there is not
}

// find finds out what an operation changes. ok is false when there is nothing to do. implied says that the operation is
// part of one without a path, in which what cannot be set is passed over, as in a whole resource.
func (u *understood) find(op operation, implied bool) (t target, ok bool, err error) {
	p, err := parsePath(op.path)
	if err != nil {
		return t, false, err
	}
	t.path = p
	if t.attr, t.sub = u.resource.find(p); t.attr == nil || p.sub != "" && t.sub == nil {
		return t, false, u.miss(op, p)
	}
	u.names++
	what := t.attr
	if t.sub != nil {
		what = t.sub
	}
	switch {
	case (what.fixed() || t.attr.fixed()) && implied:
		if s, _ := op.value.(string); what.name == "id" && s != u.id {
			return t, false, invalid("mutability", "id cannot be changed.")
		}
		return t, false, nil
	case t.attr.name == "groups":
		if list, ok := op.value.([]any); ok && len(list) == 0 && op.op != "remove" {
			return t, false, nil // Okta says so of everybody
		}
		return t, false, invalid("mutability", "groups cannot be changed: who is in a group is said by its members.")
	case t.attr.name == "schemas":
		return t, false, nil // the server computes them
	case what.fixed() || t.attr.fixed():
		return t, false, invalid("mutability", short(op.path)+" cannot be changed.")
	case p.filter != nil && !t.attr.many:
		return t, false, invalid("invalidPath", t.attr.name+" is no list, and nothing can be picked out of it.")
	}
	if t.sub == t.attr {
		t.sub, t.path.sub = nil, "" // "active.value" is active
	}
	if p.filter != nil && !t.attr.unkept {
		err = t.attr.checkFilter(p.filter)
	}
	return t, err == nil && !what.unkept && !t.attr.unkept, err
}

// checkFilter refuses a filter that asks for parts that the elements of a list do not have: it would pick nothing, in
// silence.
func (a *attribute) checkFilter(filter expr) (err error) {
	filter.each(func(e compExpr) {
		if a.sub(e.attr.attr) == nil || e.attr.sub != "" || e.attr.extension {
			err = invalid("invalidFilter", "The elements of "+a.name+" have no "+short(e.attr.attr)+".")
		}
	})
	return err
}

// miss handles an operation on an attribute that does not exist. It refuses a removal, and a name that resembles
// members or active: otherwise a provider would believe that it removed or deactivated somebody.
func (u *understood) miss(op operation, p path) error {
	if u.unknown == "" {
		u.unknown = op.path
	}
	name := foldName(p.attr + "." + p.sub)
	if op.op == "remove" || strings.Contains(name, "member") || strings.Contains(name, "active") {
		return noAttribute(op.path)
	}
	return nil
}

func noAttribute(path string) error {
	return invalid("invalidPath", "There is no attribute \""+short(path)+"\".")
}

// done refuses a request of which nothing was understood.
func (u *understood) done() error {
	switch {
	case u.names > 0:
		return nil
	case u.unknown != "":
		return noAttribute(u.unknown)
	}
	return invalid("invalidPath", "No operation names an attribute.")
}

// value returns the value of an operation, after a check that it has the type of the attribute that it changes.
func (t target) value(op operation, implied bool) (any, error) {
	what, v := t.attr, op.value
	alone := alone
	if implied {
		alone = func(v any) any { return v } // as in a whole resource
	}
	switch {
	case v == nil:
		return nil, nil
	case t.sub != nil:
		what, v = t.sub, alone(v)
	case !t.attr.many && t.attr.kind != isComplex:
		v = alone(v)
	case t.filter != nil: // one element
		return v, t.attr.checkElement(t.attr.name, unquoted(alone(v)))
	}
	return v, what.check(op.path, v)
}

// apply changes an attribute that is no list.
func (t target) apply(o object, op operation) {
	name := t.attr.name
	sub := o.sub(name)
	if bare, ok := o.get(name).(string); ok && t.attr.kind == isComplex && bare != "" {
		sub = object{"value": bare} // a manager who is named by the id alone
		o.set(name, map[string]any(sub))
	}
	switch {
	case op.op == "remove" && t.sub == nil:
		o.set(name, nil)
	case op.op == "remove":
		if sub != nil {
			sub.set(t.sub.name, nil)
		}
	case t.sub != nil:
		if sub == nil {
			sub = object{}
			o[o.key(name)] = map[string]any(sub) // as JSON has it
		}
		sub.set(t.sub.name, op.value)
	default:
		if t.attr.kind != isComplex {
			o.set(name, op.value)
			return
		}
		value := unquoted(op.value)
		v := asObject(value)
		if v == nil || sub == nil {
			o.set(name, value)
			return
		}
		for name, value := range v {
			sub.set(name, value)
		}
	}
}
