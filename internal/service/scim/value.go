package scim

import (
	"encoding/json"
	"fmt"
	"regexp"
)

// check refuses a document that has a value of another type than its attribute's. What is the server's to say, or not
// kept, may be anything.
func (r resource) check(o object) error {
	for name, v := range o {
		a := r[foldName(name)]
		if a == nil {
			continue
		}
		if err := a.check(a.name, v); err != nil {
			return err
		}
	}
	return nil
}

// check refuses a value of another type than the attribute's. Null is the absence of any.
func (a *attribute) check(at string, v any) error {
	switch {
	case v == nil || a.fixed() || a.unkept:
		return nil
	case a.many:
		for _, e := range asList(unquoted(v)) {
			if err := a.checkElement(at, unquoted(e)); err != nil {
				return err
			}
		}
		return nil
	case a.kind == isComplex:
		return a.checkObject(at, unquoted(v))
	case a.kind == isBoolean:
		if _, ok := boolean(v); ok || v == "" {
			return nil
		}
		return invalid("invalidValue", at+" must be true or false")
	}
	return a.checkText(at, v)
}

// checkElement checks an element of a list: an object, or a text that is its value.
func (a *attribute) checkElement(at string, v any) error {
	if o := anObject(v); o != nil {
		return a.checkSubs(at, o)
	}
	if s, ok := v.(string); ok && (s == "" || a.sub("value") != nil) {
		return nil
	}
	return invalid("invalidValue", at+" must be a list of objects")
}

// checkObject checks an attribute with parts. An object may stand in a list of one; an empty list is none, and so is an
// empty text. A manager may be named by the id alone.
func (a *attribute) checkObject(at string, v any) error {
	switch v := v.(type) {
	case string:
		if v == "" || a.sub("value") != nil {
			return nil
		}
	case []any:
		if len(v) == 0 {
			return nil
		}
		if _, nested := v[0].([]any); len(v) == 1 && !nested {
			return a.checkObject(at, unquoted(v[0]))
		}
	default:
		if o := anObject(v); o != nil {
			return a.checkSubs(at, o)
		}
	}
	return invalid("invalidValue", at+" must be an object")
}

func anObject(v any) object {
	switch v := v.(type) {
	case object:
		return v
	case map[string]any:
		return v
	}
	return nil
}

func (a *attribute) checkSubs(at string, o object) error {
	for name, v := range o {
		sub := a.sub(name)
		if sub == nil || len(a.subs) == 0 {
			continue
		}
		if err := sub.check(at+"."+sub.name, v); err != nil {
			return err
		}
	}
	return nil
}

// wholeNumber is what is taken for a text where numbers are usual.
var wholeNumber = regexp.MustCompile(`^(0|-?[1-9][0-9]*)$`)

// checkText checks a text. In a list of one, or as the value of an object, as some providers write texts, it is taken
// where it identifies nothing.
func (a *attribute) checkText(at string, v any) error {
	wrong := invalid("invalidValue", at+" must be a text")
	switch v := v.(type) {
	case string:
		return nil
	case json.Number:
		if a.number && wholeNumber.MatchString(v.String()) {
			return nil
		}
		if a.number {
			return invalid("invalidValue", fmt.Sprintf("%s must be a text or a whole number", at))
		}
	case []any:
		if !a.identifies && len(v) == 1 {
			if _, nested := v[0].([]any); !nested {
				return a.checkText(at, v[0])
			}
		}
	case nil:
		return nil
	default:
		if o := anObject(v); o != nil && !a.identifies {
			if inner, ok := o[o.key("value")]; ok && anObject(inner) == nil {
				return a.checkText(at, inner)
			}
		}
	}
	return wrong
}

// alone takes a single value out of what providers write around it in an operation: a list of one, and in that an
// object.
func alone(v any) any {
	list, ok := v.([]any)
	if !ok || len(list) != 1 {
		return v
	}
	if _, nested := list[0].([]any); nested {
		return v
	}
	o := anObject(list[0])
	if o == nil {
		return list[0]
	}
	if inner, ok := o[o.key("value")]; ok {
		return inner
	}
	return v
}
