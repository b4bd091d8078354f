package wire

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"granary"
)

// validate checks an input against its shape's constraints and reports all violations together, in AWS's wording.
func (d *decoder) validate(in any) error {
	v := &violations{service: d.meta.Service, empty: d.empty}
	v.structure(reflect.ValueOf(in).Elem(), "")
	switch len(v.list) {
	case 0:
		return nil
	case 1:
		return v.err("1 validation error detected: ")
	}
	return v.err(strconv.Itoa(len(v.list)) + " validation errors detected: ")
}

type violations struct {
	service *Service
	empty   map[*string]bool // texts that were sent, and are empty
	list    []string
	paths   []string
	first   string // what the first of them must
}

func (v *violations) err(head string) error {
	return &Violation{Paths: v.paths, Must: v.first,
		err: granary.Errorf(granary.Invalid, "%s", head+strings.Join(v.list, "; "))}
}

// Violation is an input that its shape does not allow. It unwraps to the granary.Invalid that tells the caller.
type Violation struct {
	Paths []string // the members, "tags.1.member.key"; "tags#length" is about how many there are
	Must  string   // what the first of them must, as the message has it: "have length less than or equal to 64"
	err   *granary.Error
}

func (v *Violation) Error() string { return v.err.Error() }

func (v *Violation) Unwrap() error { return v.err }

func (v *violations) add(path, value, must string) {
	if len(v.list) >= 20 {
		return
	}
	if v.first == "" {
		v.first = must
	}
	v.paths = append(v.paths, path)
	if strings.HasPrefix(must, "have length") {
		v.paths[len(v.paths)-1] += "#length"
	}
	v.list = append(v.list, fmt.Sprintf("Value%s at '%s' failed to satisfy constraint: Member must %s", value, path, must))
}

func (v *violations) structure(val reflect.Value, path string) {
	for i := range planOf(val.Type()).fields {
		f := &planOf(val.Type()).fields[i]
		v.member(f, val.Field(f.index), path+f.label)
	}
}

func (v *violations) member(f *field, val reflect.Value, path string) {
	if absent(val) && !(val.Kind() == reflect.String && v.empty[val.Addr().Interface().(*string)]) {
		if f.required {
			v.add(path, "", "not be null")
		}
		return
	}
	v.value(f.constraint, f.sensitive, val, path)
}

// absent reports whether a member of a structure has no value. Required numbers and booleans are plain, and absent ones
// read as zero. A text that is empty counts as absent: only a decoder knows whether it was sent.
func absent(val reflect.Value) bool {
	switch val.Kind() {
	case reflect.Int64, reflect.Bool, reflect.Float64:
		return false
	case reflect.Slice, reflect.Map:
		return val.IsNil()
	}
	return val.IsZero()
}

func (v *violations) value(cs []constraint, sensitive bool, val reflect.Value, path string) {
	if val.Kind() == reflect.Pointer {
		val = val.Elem()
	}
	var c *constraint
	var rest []constraint
	if len(cs) > 0 {
		c, rest = &cs[0], cs[1:]
	}
	switch {
	case val.Type() == timeType || val.Type() == rawType:
	case val.Kind() == reflect.Struct:
		v.structure(val, path+".")
	case val.Kind() == reflect.String:
		v.text(c, sensitive, val.String(), path)
	case val.Kind() == reflect.Int64:
		v.bounds(c, float64(val.Int()), quote(sensitive, strconv.FormatInt(val.Int(), 10)), path, "value")
	case val.Type() == byteType:
		v.bounds(c, float64(val.Len()), "", path, "length")
	case val.Kind() == reflect.Slice:
		v.bounds(c, float64(val.Len()), "", path, "length")
		for i := range val.Len() {
			v.value(rest, sensitive, val.Index(i), fmt.Sprintf("%s.%d.member", path, i+1))
		}
	case val.Kind() == reflect.Map:
		v.bounds(c, float64(val.Len()), "", path, "length")
		for _, k := range val.MapKeys() {
			v.value(rest, sensitive, val.MapIndex(k), path+"."+k.String())
		}
	}
}

// quote is a value as a violation repeats it.
func quote(sensitive bool, s string) string { return " '" + show(sensitive, s) + "'" }

// show is a value as an error may repeat it.
func show(sensitive bool, s string) string {
	if sensitive {
		return "***"
	}
	if len(s) > 200 {
		return strings.ToValidUTF8(s[:200], "") + "…"
	}
	return s
}

func (v *violations) text(c *constraint, sensitive bool, s, path string) {
	if c == nil {
		return
	}
	shown := quote(sensitive, s)
	v.bounds(c, float64(utf8.RuneCountInString(s)), shown, path, "length")
	if c.pattern >= 0 && !compiled(v.service.Patterns[c.pattern]).MatchString(s) {
		v.add(path, shown, "satisfy regular expression pattern: "+v.service.Patterns[c.pattern])
	}
	if c.enum >= 0 && !slices.Contains(v.service.Enums[c.enum], s) {
		v.add(path, shown, "satisfy enum value set: ["+strings.Join(v.service.Enums[c.enum], ", ")+"]")
	}
}

func (v *violations) bounds(c *constraint, n float64, shown, path, of string) {
	if c == nil {
		return
	}
	if c.hasLo && n < c.lo {
		v.add(path, shown, fmt.Sprintf("have %s greater than or equal to %.0f", of, c.lo))
	}
	if c.hasHi && n > c.hi {
		v.add(path, shown, fmt.Sprintf("have %s less than or equal to %.0f", of, c.hi))
	}
}

var patterns sync.Map // text → *regexp.Regexp

// compiled is a model's pattern, anchored at both ends as AWS reads it.
func compiled(text string) *regexp.Regexp {
	if p, ok := patterns.Load(text); ok {
		return p.(*regexp.Regexp)
	}
	p := regexp.MustCompile("^(?:" + text + ")$") // the generator left out what does not compile
	patterns.Store(text, p)
	return p
}
