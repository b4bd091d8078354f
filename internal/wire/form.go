package wire

import (
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// formOf reads the parameters of a query request, from the body or, for GET, from the URL.
func formOf(r *Request) (map[string]string, error) {
	form := map[string]string{}
	add := func(name, value string) error {
		if before, given := form[name]; given && before != value {
			return malformed("MalformedQueryString", "The parameter %s is given twice.", show(false, name))
		}
		form[name] = value
		return nil
	}
	for _, p := range r.Query {
		if err := add(p.Name, p.Value); err != nil {
			return nil, err
		}
	}
	n := 0
	for pair := range strings.SplitSeq(string(r.Body), "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxForm {
			return nil, malformed("MalformedQueryString", "The request has more than %d parameters.", maxForm)
		}
		k, v, _ := strings.Cut(pair, "=")
		name, err1 := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err1 != nil || err2 != nil {
			return nil, malformed("MalformedQueryString", "The request's form is not properly escaped.")
		}
		if err := add(name, value); err != nil {
			return nil, err
		}
	}
	return form, nil
}

// fillForm fills a structure from the parameters whose names begin with prefix.
func (d *decoder) fillForm(form map[string]string, prefix string, v reflect.Value) error {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if err := d.setParameter(form, prefix+f.name, f, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

// setParameter fills a member from the parameters of its name, which stay absent when there are none.
func (d *decoder) setParameter(form map[string]string, name string, f *field, dst reflect.Value) error {
	t := dst.Type()
	switch {
	case isList(t):
		return d.setFormList(form, name, f, dst)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		if !hasPrefix(form, name+".") {
			return nil
		}
		dst.Set(reflect.New(t.Elem()))
		return d.fillForm(form, name+".", dst.Elem())
	case t.Kind() == reflect.Struct && t != timeType:
		return d.fillForm(form, name+".", dst)
	}
	if s, ok := form[name]; ok {
		return d.setScalar(dst, f.label, s)
	}
	return nil
}

func hasPrefix(form map[string]string, prefix string) bool {
	for k := range form {
		if strings.HasPrefix(k, prefix) {
			return true
		}
	}
	return false
}

// setFormList reads X.member.1, X.member.2 and so on. Gaps close up, and the numbers give the order. X= alone, or
// X.member=, is a list with nothing in it, as SDKs write it; a list of which no parameter speaks stays nil.
func (d *decoder) setFormList(form map[string]string, name string, f *field, dst reflect.Value) error {
	_, given := form[name]
	base := name + "."
	if f.item != "" {
		_, item := form[base+f.item]
		given = given || item
		base += f.item + "."
	}
	var numbers []int
	for k := range form {
		rest, ok := strings.CutPrefix(k, base)
		if !ok {
			continue
		}
		digits, _, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > maxItems || strconv.Itoa(n) != digits {
			return malformed("MalformedQueryString", "The list %s has an element that is not numbered from 1 to %d.",
				name, maxItems)
		}
		numbers = append(numbers, n)
	}
	if len(numbers) == 0 && !given {
		return nil
	}
	slices.Sort(numbers)
	numbers = slices.Compact(numbers)
	dst.Set(reflect.MakeSlice(dst.Type(), len(numbers), len(numbers)))
	for i, n := range numbers {
		if err := d.setParameter(form, base+strconv.Itoa(n), f, dst.Index(i)); err != nil {
			return err
		}
	}
	return nil
}
