package scim

import (
	"encoding/json"
	"strings"
)

// expr is a filter (RFC 7644 §3.4.2.2).
type expr interface {
	match(o object) bool
	imply(o object) // writes what an "eq" demands into a new element
}

type (
	andExpr  struct{ a, b expr }
	orExpr   struct{ a, b expr }
	notExpr  struct{ e expr }
	compExpr struct {
		attr path
		op   string
		text string // the value as text; booleans are "true" and "false"
	}
)

func (e andExpr) match(o object) bool { return e.a.match(o) && e.b.match(o) }
func (e andExpr) imply(o object)      { e.a.imply(o); e.b.imply(o) }
func (e orExpr) match(o object) bool  { return e.a.match(o) || e.b.match(o) }
func (e orExpr) imply(object)         {}
func (e notExpr) match(o object) bool { return !e.e.match(o) }
func (e notExpr) imply(object)        {}

func (e compExpr) imply(o object) {
	if e.op != "eq" || e.attr.sub != "" {
		return
	}
	if strings.EqualFold(e.attr.attr, "primary") {
		o["primary"] = e.text == "true"
		return
	}
	o.set(e.attr.attr, e.text)
}

// exact are the attributes that compare with regard to letter case.
var exact = map[string]bool{"id": true, "externalid": true, "members": true}

func (e compExpr) match(o object) bool {
	values := e.attr.values(o)
	if e.op == "pr" {
		return len(values) > 0
	}
	for _, v := range values {
		if e.compare(v) {
			return e.op != "ne"
		}
	}
	return e.op == "ne"
}

func (e compExpr) compare(v string) bool {
	want := e.text
	if !exact[strings.ToLower(e.attr.attr)] {
		v, want = strings.ToLower(v), strings.ToLower(want)
	}
	switch e.op {
	case "eq", "ne":
		return v == want
	case "co":
		return strings.Contains(v, want)
	case "sw":
		return strings.HasPrefix(v, want)
	case "ew":
		return strings.HasSuffix(v, want)
	case "gt":
		return v > want
	case "ge":
		return v >= want
	case "lt":
		return v < want
	case "le":
		return v <= want
	}
	return false
}

// values are the texts an attribute path leads to; a list leads to the values of its elements.
func (p path) values(o object) (out []string) {
	if p.extension {
		o = o.sub(enterpriseSchema)
	}
	add := func(v any) {
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
	sub := p.sub
	if sub == "" {
		sub = "value"
	}
	switch v := o.get(p.attr).(type) {
	case []any:
		for _, e := range v {
			if eo := asObject(e); eo != nil && (p.filter == nil || p.filter.match(eo)) {
				add(eo.get(sub))
			}
		}
	case map[string]any:
		add(object(v).get(sub))
	case object:
		add(v.get(sub))
	default:
		add(v)
	}
	return out
}

const (
	maxFilter = 4096 // bytes
	maxTerms  = 20
)

type parser struct {
	rest  string
	terms int
}

// parseFilter reads a whole filter.
func parseFilter(s string) (expr, error) {
	if len(s) > maxFilter {
		return nil, invalid("invalidFilter", "The filter is longer than 4096 bytes.")
	}
	p := &parser{rest: s}
	e, err := p.or()
	if err == nil && strings.TrimSpace(p.rest) != "" {
		err = p.bad("something is left over after the filter")
	}
	return e, err
}

func (p *parser) bad(why string) error {
	return invalid("invalidFilter", "The filter cannot be read: "+why+".")
}

// word takes the next word if it is the one asked for.
func (p *parser) word(w string) bool {
	s := strings.TrimLeft(p.rest, " ")
	if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) && (len(s) == len(w) || strings.IndexByte(" ()]", s[len(w)]) >= 0) {
		p.rest = s[len(w):]
		return true
	}
	return false
}

func (p *parser) or() (expr, error) {
	a, err := p.and()
	for err == nil && p.word("or") {
		var b expr
		if b, err = p.and(); err == nil {
			a = orExpr{a, b}
		}
	}
	return a, err
}

func (p *parser) and() (expr, error) {
	a, err := p.term()
	for err == nil && p.word("and") {
		var b expr
		if b, err = p.term(); err == nil {
			a = andExpr{a, b}
		}
	}
	return a, err
}

func (p *parser) term() (expr, error) {
	if p.terms++; p.terms > maxTerms {
		return nil, p.bad("it has more than 20 terms")
	}
	if p.word("not") {
		e, err := p.term()
		return notExpr{e}, err
	}
	p.rest = strings.TrimLeft(p.rest, " ")
	if inner, ok := strings.CutPrefix(p.rest, "("); ok {
		p.rest = inner
		e, err := p.or()
		if err != nil {
			return nil, err
		}
		after, ok := strings.CutPrefix(strings.TrimLeft(p.rest, " "), ")")
		if !ok {
			return nil, p.bad("a parenthesis is not closed")
		}
		p.rest = after
		return e, nil
	}
	return p.comparison()
}

func (p *parser) comparison() (expr, error) {
	name, rest := cutAttribute(p.rest)
	attr, err := parsePath(name)
	if err != nil || name == "" {
		return nil, p.bad("an attribute name is missing or malformed")
	}
	p.rest = rest
	for _, op := range []string{"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"} {
		if !p.word(op) {
			continue
		}
		e := compExpr{attr: attr, op: op}
		if op != "pr" {
			e.text, err = p.value()
		}
		return e, err
	}
	if attr.filter != nil { // "emails[type eq "work"]" alone: there is such an element
		return compExpr{attr: attr, op: "pr"}, nil
	}
	return nil, p.bad("after \"" + name + "\" comes none of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
}

// cutAttribute takes an attribute path off the front, its value filter included.
func cutAttribute(s string) (name, rest string) {
	depth, quoted := 0, false
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '[':
			depth++
		case c == ']':
			depth--
		case depth == 0 && (c == ' ' || c == ')' || c == '('):
			return s[:i], s[i:]
		}
	}
	return s, ""
}

func (p *parser) value() (string, error) {
	p.rest = strings.TrimLeft(p.rest, " ")
	if !strings.HasPrefix(p.rest, `"`) {
		end := strings.IndexAny(p.rest+" ", " )]")
		v := p.rest[:end]
		p.rest = p.rest[end:]
		if v == "" {
			return "", p.bad("a value is missing")
		}
		return strings.ToLower(v), nil
	}
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			var s string
			if json.Unmarshal([]byte(p.rest[:i+1]), &s) != nil {
				return "", p.bad("a value is not a JSON text")
			}
			p.rest = p.rest[i+1:]
			return s, nil
		}
	}
	return "", p.bad("a value's quotation is not closed")
}
