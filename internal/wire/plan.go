package wire

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"time"
)

// field is one member of a structure on the wire.
type field struct {
	index      int
	name       string // wire name
	label      string // Go name with a lower-case first letter, as validation and the audit log name it
	loc        string
	item       string // list element's name; "" is a flattened list
	required   bool
	sensitive  bool
	constraint []constraint // [0] the member, [1] its elements, …
}

type constraint struct {
	lo, hi        float64
	hasLo, hasHi  bool
	pattern, enum int // -1: none
}

type plan struct {
	fields []field
	byName map[string]*field
}

var plans sync.Map // reflect.Type → *plan

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	byteType = reflect.TypeFor[[]byte]()
)

// isList reports whether a Go type is that of a list; blobs and documents are slices too.
func isList(t reflect.Type) bool { return t.Kind() == reflect.Slice && t != byteType && t != rawType }

// planOf returns the plan of a structure's type, which is built once.
func planOf(t reflect.Type) *plan {
	if p, ok := plans.Load(t); ok {
		return p.(*plan)
	}
	p := &plan{byName: map[string]*field{}}
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag
		p.fields = append(p.fields, field{index: i, name: tag.Get("wire"), label: strings.ToLower(f.Name[:1]) + f.Name[1:],
			loc: tag.Get("loc"), item: tag.Get("item"), required: tag.Get("req") != "", sensitive: tag.Get("sens") != "",
			constraint: parseConstraints(tag.Get("c"))})
	}
	for i := range p.fields {
		p.byName[p.fields[i].name] = &p.fields[i]
	}
	actual, _ := plans.LoadOrStore(t, p)
	return actual.(*plan)
}

// parseConstraints reads the generator's small language: "n1-64;p3|n0-10".
func parseConstraints(s string) []constraint {
	if s == "" {
		return nil
	}
	var out []constraint
	for level := range strings.SplitSeq(s, "|") {
		c := constraint{pattern: -1, enum: -1}
		for part := range strings.SplitSeq(level, ";") {
			if part == "" {
				continue
			}
			switch arg := part[1:]; part[0] {
			case 'n':
				lo, hi, _ := strings.Cut(arg, "-")
				c.lo, c.hasLo = number(lo)
				c.hi, c.hasHi = number(hi)
			case 'p':
				c.pattern, _ = strconv.Atoi(arg)
			case 'e':
				c.enum, _ = strconv.Atoi(arg)
			}
		}
		out = append(out, c)
	}
	return out
}

func number(s string) (float64, bool) {
	n, err := strconv.ParseFloat(s, 64)
	return n, err == nil
}
