package wire

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"granary"
)

// Limits of what a request may hold, beyond the size of its body.
const (
	maxDepth = 32   // of nested JSON or XML
	maxForm  = 2000 // parameters of a query request
	maxItems = 1000 // of one list
)

func decode(m *Meta, r *Request, in any) error {
	v := reflect.ValueOf(in).Elem()
	switch m.Service.Protocol {
	case Query:
		form, err := formOf(r)
		if err != nil {
			return err
		}
		return decodeForm(form, "", v)
	case RestXML:
		err := decodeXML(r.Body, v)
		if err == nil {
			err = decodeLocations(r, v)
		}
		if e := granary.AsError(err); err != nil && e.Code == "SerializationException" { // the other protocols' word
			return e.WithCode("InvalidRequest")
		}
		return err
	}
	if err := decodeJSON(m.Service, r.Body, v); err != nil {
		return err
	}
	return decodeLocations(r, v)
}

// decodeLocations fills the members that stand in the URI, the query or the headers.
func decodeLocations(r *Request, v reflect.Value) error {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		var values []string
		switch f.loc {
		case "uri":
			if s, ok := r.Labels[f.name]; ok {
				values = []string{s}
			}
		case "querystring":
			for _, q := range r.Query {
				if q.Name == f.name {
					values = append(values, q.Value)
				}
			}
		case "header":
			values = r.Header.Values(f.name)
		default:
			continue
		}
		if err := setTexts(v.Field(f.index), f, values); err != nil {
			return err
		}
	}
	return nil
}

func setTexts(dst reflect.Value, f *field, values []string) error {
	if len(values) == 0 {
		return nil
	}
	if dst.Kind() == reflect.Slice && dst.Type() != byteType {
		dst.Set(reflect.ValueOf(values).Convert(dst.Type()))
		return nil
	}
	if len(values) > 1 {
		return malformed("InvalidRequest", "The parameter %s is given %d times.", f.name, len(values))
	}
	return setText(dst, f.label, values[0], false)
}

// setText puts a text into a scalar; seconds says that times are epoch seconds.
func setText(dst reflect.Value, name, s string, seconds bool) error {
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		if err := setText(p.Elem(), name, s, seconds); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	switch {
	case dst.Type() == timeType:
		t, err := parseTime(s)
		if err != nil {
			return malformed("SerializationException", "%s is not a time: %s.", name, show(false, s))
		}
		dst.Set(reflect.ValueOf(t))
	case dst.Type() == byteType:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return malformed("SerializationException", "%s is not base64.", name)
		}
		dst.SetBytes(b)
	case dst.Kind() == reflect.String:
		dst.SetString(s)
	case dst.Kind() == reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return malformed("SerializationException", "%s is not a whole number: %s.", name, show(false, s))
		}
		dst.SetInt(n)
	case dst.Kind() == reflect.Bool:
		if s != "true" && s != "false" {
			return malformed("SerializationException", "%s is not true or false: %s.", name, show(false, s))
		}
		dst.SetBool(s == "true")
	case dst.Kind() == reflect.Float64:
		n, ok := number(s)
		if !ok {
			return malformed("SerializationException", "%s is not a number: %s.", name, show(false, s))
		}
		dst.SetFloat(n)
	default:
		return malformed("SerializationException", "%s is a text where another type is expected.", name)
	}
	return nil
}

// parseTime reads ISO 8601 or epoch seconds.
func parseTime(s string) (time.Time, error) {
	if n, ok := number(s); ok && math.Abs(n) < 1e12 {
		return epoch(n), nil
	}
	return time.Parse(time.RFC3339Nano, s)
}

func epoch(n float64) time.Time {
	sec, frac := math.Modf(n)
	return time.Unix(int64(sec), int64(frac*1e9)).UTC()
}

// formOf reads the parameters of a query request, from the body or, for GET, from the URL.
func formOf(r *Request) (map[string]string, error) {
	form := map[string]string{}
	for _, p := range r.Query {
		form[p.Name] = p.Value
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
		form[name] = value
	}
	return form, nil
}

func decodeForm(form map[string]string, prefix string, v reflect.Value) error {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if err := decodeParameter(form, prefix+f.name, f, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func decodeParameter(form map[string]string, name string, f *field, dst reflect.Value) error {
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Slice && t != byteType && t != rawType:
		return decodeList(form, name, f, dst)
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		if !hasPrefix(form, name+".") {
			return nil
		}
		dst.Set(reflect.New(t.Elem()))
		return decodeForm(form, name+".", dst.Elem())
	case t.Kind() == reflect.Struct && t != timeType:
		return decodeForm(form, name+".", dst)
	}
	if s, ok := form[name]; ok {
		return setText(dst, f.label, s, false)
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

// decodeList reads X.member.1, X.member.2 …; gaps close up, order is by number.
func decodeList(form map[string]string, name string, f *field, dst reflect.Value) error {
	base := name + "."
	if f.item != "" {
		base += f.item + "."
	}
	seen := map[int]bool{}
	top := 0
	for k := range form {
		rest, ok := strings.CutPrefix(k, base)
		if !ok {
			continue
		}
		number, _, _ := strings.Cut(rest, ".")
		n, err := strconv.Atoi(number)
		if err != nil || n < 1 || n > maxItems {
			return malformed("MalformedQueryString", "The list %s has an element that is not numbered from 1 to %d.", name, maxItems)
		}
		seen[n], top = true, max(top, n)
	}
	for n := 1; n <= top; n++ {
		if !seen[n] {
			continue
		}
		e := reflect.New(dst.Type().Elem()).Elem()
		if err := decodeParameter(form, base+strconv.Itoa(n), f, e); err != nil {
			return err
		}
		dst.Set(reflect.Append(dst, e))
	}
	return nil
}

// decodeJSON fills a structure from an object. Names match exactly; unknown ones are ignored.
func decodeJSON(s *Service, body []byte, v reflect.Value) error {
	if len(body) == 0 {
		return nil
	}
	if !json.Valid(body) {
		return malformed("SerializationException", "The request body is not valid JSON.")
	}
	if jsonDepth(body) > maxDepth {
		return malformed("SerializationException", "The request body is nested more than %d deep.", maxDepth)
	}
	return decodeObject(s, body, "the body", v)
}

func jsonDepth(b []byte) (deepest int) {
	depth, quoted := 0, false
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case quoted && c == '\\':
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
	return deepest
}

func decodeObject(s *Service, raw []byte, name string, v reflect.Value) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(raw, &m); err != nil {
		return malformed("SerializationException", "%s is not a JSON object.", name)
	}
	p := planOf(v.Type())
	for k, member := range m {
		f := p.byName[k]
		if f == nil || f.loc != "" {
			continue
		}
		if string(member) == `""` && v.Field(f.index).Kind() == reflect.String && !emptyAllowed(s, f) {
			return granary.Errorf(granary.Invalid, "1 validation error detected: Value '' at '%s' failed to satisfy constraint: Member must not be empty; leave it out instead", f.label)
		}
		if err := decodeValue(s, member, f.label, v.Field(f.index)); err != nil {
			return err
		}
	}
	allows := &violations{service: s}
	for i := range p.fields {
		f := &p.fields[i]
		if raw, given := m[f.name]; f.required && f.loc == "" && v.Field(f.index).Kind() == reflect.String && allows.mayBeEmpty(f.constraint) && (!given || string(raw) == "null") {
			return granary.Errorf(granary.Invalid, "1 validation error detected: Value at '%s' failed to satisfy constraint: Member must not be null", f.label)
		}
	}
	return nil
}

// emptyAllowed reports whether a member may be the empty text, which is not the same as to leave it out.
func emptyAllowed(s *Service, f *field) bool {
	if len(f.constraint) == 0 {
		return true
	}
	v := &violations{service: s}
	v.text(&f.constraint[0], false, "", f.label)
	return len(v.list) == 0
}

func decodeValue(s *Service, raw json.RawMessage, name string, dst reflect.Value) error {
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
		if err := decodeValue(s, raw, name, p.Elem()); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	case t == timeType:
		var n json.Number
		if raw[0] == '"' || json.Unmarshal(raw, &n) != nil {
			return malformed("SerializationException", "%s is not a time in seconds.", name)
		}
		return setText(dst, name, n.String(), true)
	case t.Kind() == reflect.Struct:
		return decodeObject(s, raw, name, dst)
	case t.Kind() == reflect.Slice && t != byteType:
		return decodeArray(s, raw, name, dst)
	case t.Kind() == reflect.Map:
		var m map[string]json.RawMessage
		if json.Unmarshal(raw, &m) != nil {
			return malformed("SerializationException", "%s is not a JSON object.", name)
		}
		dst.Set(reflect.MakeMap(t))
		for k, r := range m {
			e := reflect.New(t.Elem()).Elem()
			if err := decodeValue(s, r, name, e); err != nil {
				return err
			}
			dst.SetMapIndex(reflect.ValueOf(k), e)
		}
		return nil
	}
	if json.Unmarshal(raw, dst.Addr().Interface()) != nil {
		return malformed("SerializationException", "%s has the wrong type: a %s is expected.", name, kindNames[t.Kind()])
	}
	return nil
}

var kindNames = map[reflect.Kind]string{reflect.String: "string", reflect.Int64: "whole number", reflect.Bool: "boolean",
	reflect.Float64: "number", reflect.Slice: "base64 string"}

func decodeArray(s *Service, raw json.RawMessage, name string, dst reflect.Value) error {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) != nil {
		return malformed("SerializationException", "%s is not a JSON array.", name)
	}
	out := reflect.MakeSlice(dst.Type(), len(list), len(list))
	for i, r := range list {
		if err := decodeValue(s, r, name, out.Index(i)); err != nil {
			return err
		}
	}
	dst.Set(out)
	return nil
}
