package wire

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"

	"granary"
)

// fillJSON fills an input from a JSON object. Names match exactly, and unknown ones are refused.
func (d *decoder) fillJSON(body []byte, v reflect.Value) error {
	if len(body) == 0 {
		return nil
	}
	if !json.Valid(body) || !utf8.Valid(body) {
		return malformed(serialization, "The request body is not valid JSON.")
	}
	depth, whole := walkJSON(body)
	switch {
	case depth > maxDepth:
		return malformed(serialization, "The request body is nested more than %d deep.", maxDepth)
	case !whole:
		return malformed(serialization, "The request body is not valid JSON: it has half of a surrogate pair.")
	}
	return d.fillObject(body, "the body", v)
}

// walkJSON returns how deep valid JSON is nested, and whether each surrogate that its texts escape is followed by its
// other half.
func walkJSON(b []byte) (deepest int, whole bool) {
	depth, quoted, whole := 0, false, true
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
			if r := escaped(b[i:]); utf16.IsSurrogate(r) {
				whole = whole && utf16.DecodeRune(r, escaped(b[i+6:])) != utf8.RuneError
				i += 10
			}
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			depth++
			deepest = max(deepest, depth)
		case c == '}' || c == ']':
			depth--
		}
	}
	return deepest, whole
}

// escaped returns the character that a \uXXXX at the beginning of b names, -1 when there is none.
func escaped(b []byte) rune {
	if len(b) < 6 || b[0] != '\\' || b[1] != 'u' {
		return -1
	}
	n, err := strconv.ParseUint(string(b[2:6]), 16, 32)
	if err != nil {
		return -1
	}
	return rune(n)
}

func (d *decoder) fillObject(raw []byte, name string, v reflect.Value) error {
	members, err := membersOf(raw, name)
	if err != nil {
		return err
	}
	p := planOf(v.Type())
	for k, member := range members {
		f := p.byName[k]
		if f == nil || f.loc != "" {
			if k == typeMember || string(member) == "null" {
				continue
			}
			return unrecognized(k)
		}
		if err := d.setValue(member, f.label, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

// membersOf returns the members of a JSON object, each of which may be given once.
func membersOf(raw []byte, name string) (map[string]json.RawMessage, error) {
	bad := malformed(serialization, "%s is not a JSON object.", name)
	d := json.NewDecoder(bytes.NewReader(raw))
	if open, err := d.Token(); open != json.Delim('{') || err != nil {
		return nil, bad
	}
	m := map[string]json.RawMessage{}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return nil, bad
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			return nil, bad
		}
		k, _ := key.(string)
		if _, given := m[k]; given {
			return nil, malformed(serialization, "The member %s is given twice.", show(false, k))
		}
		m[k] = value
	}
	return m, nil
}

// setValue fills a member of an object. null is the same as to leave the member out.
func (d *decoder) setValue(raw json.RawMessage, name string, dst reflect.Value) error {
	if string(raw) == "null" {
		return nil
	}
	t := dst.Type()
	switch {
	case t == rawType:
		dst.SetBytes(raw)
		return nil
	case t.Kind() == reflect.Pointer:
		p := reflect.New(t.Elem())
		if err := d.setValue(raw, name, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case t == timeType:
		var n json.Number
		if raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
			return malformed(serialization, "%s is not a time in seconds.", name)
		}
		return d.setScalar(dst, name, n.String())
	case t.Kind() == reflect.Struct:
		return d.fillObject(raw, name, dst)
	case isList(t):
		return d.setArray(raw, name, dst)
	case t.Kind() == reflect.Map:
		return d.setMap(raw, name, dst)
	case t.Kind() == reflect.String:
		var s string
		if json.Unmarshal(raw, &s) != nil {
			return wrongType(name, t)
		}
		d.setText(dst, s)
		return nil
	}
	if json.Unmarshal(raw, dst.Addr().Interface()) != nil {
		return wrongType(name, t)
	}
	return nil
}

var kindNames = map[reflect.Kind]string{reflect.String: "string", reflect.Int64: "whole number",
	reflect.Bool:    "boolean",
	reflect.Float64: "number", reflect.Slice: "base64 string"}

func wrongType(name string, t reflect.Type) error {
	return malformed(serialization, "%s has the wrong type: a %s is expected.", name, kindNames[t.Kind()])
}

func (d *decoder) setArray(raw json.RawMessage, name string, dst reflect.Value) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return malformed(serialization, "%s is not a JSON array.", name)
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(list), len(list)))
	for i, r := range list {
		if string(r) == "null" {
			return null(name + "." + strconv.Itoa(i+1) + ".member")
		}
		if err := d.setValue(r, name, dst.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) setMap(raw json.RawMessage, name string, dst reflect.Value) error {
	members, err := membersOf(raw, name)
	if err != nil {
		return err
	}
	t := dst.Type()
	dst.Set(reflect.MakeMap(t))
	for k, r := range members {
		if string(r) == "null" {
			return null(name + "." + show(false, k))
		}
		e := reflect.New(t.Elem()).Elem()
		if err := d.setValue(r, name, e); err != nil {
			return err
		}
		dst.SetMapIndex(reflect.ValueOf(k), e)
	}
	return nil
}

// null refuses an element of a list or map that is null: there is nothing that it could stand for.
func null(path string) error {
	return granary.Errorf(granary.Invalid,
		"1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", path)
}
