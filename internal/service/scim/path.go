package scim

import (
	"encoding/json"
	"strings"
)

// path is a parsed attribute path: [schema] attribute [filter] [.sub].
type path struct {
	extension bool
	attr, sub string
	filter    expr // nil when none
}

// ofExtension are the enterprise extension's attributes, by their names in lower case: they are found without its name
// too.
var ofExtension = map[string]bool{"employeenumber": true, "costcenter": true, "organization": true, "division": true,
	"department": true, "manager": true}

// parsePath reads a path. Schemas have dots in them, so the known ones are cut off first.
func parsePath(s string) (p path, err error) {
	s, _ = coreName(s)
	for rest, ok := cutFold(s, enterpriseSchema); ok; rest, ok = cutFold(s, enterpriseSchema) {
		if s, _ = coreName(strings.TrimPrefix(rest, ":")); s == "" {
			return path{attr: enterpriseSchema}, nil
		}
		p.extension = true
	}
	if _, ok := cutFold(s, coreSchemas); ok {
		return p, invalid("invalidPath", "The path \""+short(s)+"\" begins with no schema that there is.")
	}
	if before, rest, ok := strings.Cut(s, "["); ok {
		i := strings.LastIndexByte(rest, ']')
		if i < 0 {
			return p, invalid("invalidPath", "The path \""+short(s)+"\" has a [ without a ].")
		}
		if p.filter, err = parse(rest[:i], true); err != nil {
			return p, err
		}
		p.attr, p.sub = before, strings.TrimPrefix(rest[i+1:], ".")
	} else {
		p.attr, p.sub, _ = strings.Cut(s, ".")
	}
	p.extension = p.extension || ofExtension[strings.ToLower(p.attr)]
	return p, checkNames(s, p)
}

// checkNames refuses what is no name, lest a change be taken for one of an attribute that is of no interest:
// "$.active", "user.active".
func checkNames(s string, p path) error {
	name := func(n string) bool {
		return !strings.HasSuffix(n, ":") && !strings.ContainsFunc(n, func(r rune) bool {
			return !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_$:", r))
		})
	}
	if p.attr == "" || p.attr[0] == '$' || !name(p.attr) || !name(p.sub) || p.sub != "" &&
		(strings.EqualFold(p.attr, "user") || strings.EqualFold(p.attr, "group")) {
		return invalid("invalidPath", "The path \""+short(s)+"\" is not one.")
	}
	return nil
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// isTime reports whether the path leads to a time.
func (p path) isTime() bool {
	return strings.EqualFold(p.attr, "meta") &&
		(strings.EqualFold(p.sub, "created") || strings.EqualFold(p.sub, "lastModified"))
}

// found is what the path leads to: the attribute, of a list the elements that its filter picks.
func (p path) found(o object) []any {
	if p.extension {
		o = o.sub(enterpriseSchema)
	}
	list, ok := o.get(p.attr).([]any)
	if !ok {
		if v := o.get(p.attr); v != nil {
			return []any{v}
		}
		return nil
	}
	if p.filter == nil {
		return list
	}
	var out []any
	for _, e := range list {
		if eo := asObject(e); eo != nil && p.filter.match(eo) {
			out = append(out, e)
		}
	}
	return out
}

// present reports whether there is anything at the path.
func (p path) present(o object) bool {
	for _, v := range p.found(o) {
		if eo := asObject(v); eo != nil && p.sub != "" {
			v = eo.get(p.sub)
		}
		if v != nil && v != "" {
			return true
		}
	}
	return false
}

// values are the texts an attribute path leads to; a list leads to the values of its elements.
func (p path) values(o object) (out []string) {
	sub := p.sub
	if sub == "" {
		sub = "value"
	}
	for _, v := range p.found(o) {
		if eo := asObject(v); eo != nil {
			v = eo.get(sub)
		}
		switch v := v.(type) {
		case string:
			if v != "" {
				out = append(out, v)
			}
		case bool:
			b, _ := json.Marshal(v)
			out = append(out, string(b))
		}
	}
	return out
}
