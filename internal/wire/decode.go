package wire

import (
	"encoding/base64"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"granary"
)

// Limits of what a request may hold, beyond the size of its body.
const (
	maxDepth = 32   // of nested JSON or XML
	maxForm  = 2000 // parameters of a query request
	maxItems = 1000 // of one list
)

// decoder fills one input. It remembers which texts were sent empty, because their Go value is also that of a text that
// was not sent.
type decoder struct {
	meta  *Meta
	empty map[*string]bool
}

// decode fills in from a request and validates it.
func decode(m *Meta, r *Request, in any) error {
	d := &decoder{meta: m}
	if err := d.fill(r, reflect.ValueOf(in).Elem()); err != nil {
		return err
	}
	return d.validate(in)
}

// fill fills an input from where its protocol puts the members.
func (d *decoder) fill(r *Request, v reflect.Value) error {
	switch d.meta.Service.Protocol {
	case Query:
		form, err := formOf(r)
		if err != nil {
			return err
		}
		if err := knownForm(form, v.Type()); err != nil {
			return err
		}
		return d.fillForm(form, "", v)
	case RestXML:
		err := d.fillXML(r.Body, v)
		if err == nil {
			err = knownPlaces(d.meta, r, v.Type())
		}
		if err == nil {
			err = d.fillLocations(r, v)
		}
		if e := granary.AsError(err); err != nil && e.Code == serialization { // the other protocols' word
			return e.WithCode("InvalidRequest")
		}
		return err
	}
	if err := d.fillJSON(r.Body, v); err != nil {
		return err
	}
	if d.meta.Service.Protocol == RestJSON1 {
		if err := knownPlaces(d.meta, r, v.Type()); err != nil {
			return err
		}
	}
	return d.fillLocations(r, v)
}

// fillLocations fills the members that stand in the URI, the query or the headers.
func (d *decoder) fillLocations(r *Request, v reflect.Value) error {
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
		if err := d.setTexts(v.Field(f.index), f, values); err != nil {
			return err
		}
	}
	return nil
}

// setTexts fills a member with the values that a URI, a query or the headers have for it. A list takes all of them.
func (d *decoder) setTexts(dst reflect.Value, f *field, values []string) error {
	switch {
	case len(values) == 0:
		return nil
	case dst.Kind() == reflect.Slice && dst.Type() != byteType:
		dst.Set(reflect.MakeSlice(dst.Type(), len(values), len(values)))
		for i, s := range values {
			if err := d.setScalar(dst.Index(i), f.label, s); err != nil {
				return err
			}
		}
		return nil
	case len(values) > 1:
		return malformed("InvalidRequest", "The parameter %s is given %d times.", f.name, len(values))
	}
	return d.setScalar(dst, f.label, values[0])
}

// serialization is the code of input that cannot be read.
const serialization = "SerializationException"

// setScalar sets a member that is not a structure, list or map from its text.
func (d *decoder) setScalar(dst reflect.Value, name, s string) error {
	if dst.Kind() == reflect.Pointer {
		p := reflect.New(dst.Type().Elem())
		if err := d.setScalar(p.Elem(), name, s); err != nil {
			return err
		}
		dst.Set(p)
		return nil
	}
	switch {
	case dst.Type() == timeType:
		t, err := parseTime(s)
		if err != nil || t.IsZero() { // the zero time means that none was sent
			return malformed(serialization, "%s is not a time: %s.", name, show(false, s))
		}
		dst.Set(reflect.ValueOf(t))
	case dst.Type() == byteType:
		b, err := base64.StdEncoding.DecodeString(s)
		if err != nil {
			return malformed(serialization, "%s is not base64.", name)
		}
		dst.SetBytes(b)
	case dst.Kind() == reflect.String:
		if !utf8.ValidString(s) {
			return malformed(serialization, "%s is not a text in UTF-8.", name)
		}
		d.setText(dst, s)
	case dst.Kind() == reflect.Int64:
		n, err := strconv.ParseInt(strings.TrimSpace(s), 10, 64)
		if err != nil {
			return malformed(serialization, "%s is not a whole number: %s.", name, show(false, s))
		}
		dst.SetInt(n)
	case dst.Kind() == reflect.Bool:
		if s != "true" && s != "false" {
			return malformed(serialization, "%s is not true or false: %s.", name, show(false, s))
		}
		dst.SetBool(s == "true")
	case dst.Kind() == reflect.Float64:
		n, ok := number(s)
		if !ok {
			return malformed(serialization, "%s is not a number: %s.", name, show(false, s))
		}
		dst.SetFloat(n)
	default:
		return malformed(serialization, "%s is a text where another type is expected.", name)
	}
	return nil
}

// setText sets a text. The address of dst must be the one that validate finds it at.
func (d *decoder) setText(dst reflect.Value, s string) {
	dst.SetString(s)
	if s != "" {
		return
	}
	if d.empty == nil {
		d.empty = map[*string]bool{}
	}
	d.empty[dst.Addr().Interface().(*string)] = true
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
