package scim

import (
	"encoding/json"
	"strings"
	"time"

	"granary/internal/store"
)

// expr is a filter (RFC 7644 §3.4.2.2).
type expr interface {
	match(o object) bool
	imply(o object)        // writes what an "eq" demands into a new element
	each(func(e compExpr)) // calls the function with every comparison
}

type (
	andExpr  struct{ a, b expr }
	orExpr   struct{ a, b expr }
	notExpr  struct{ e expr }
	compExpr struct {
		attr path
		op   string
		text string // the value as text; booleans are "true" and "false"
		null bool   // the value is null, which equals what is absent
		bare bool   // the value is a number
	}
)

func (e andExpr) match(o object) bool { return e.a.match(o) && e.b.match(o) }
func (e andExpr) imply(o object)      { e.a.imply(o); e.b.imply(o) }
func (e andExpr) each(fn func(compExpr)) {
	e.a.each(fn)
	e.b.each(fn)
}
func (e orExpr) match(o object) bool { return e.a.match(o) || e.b.match(o) }
func (e orExpr) imply(object)        {}
func (e orExpr) each(fn func(compExpr)) {
	e.a.each(fn)
	e.b.each(fn)
}
func (e notExpr) match(o object) bool     { return !e.e.match(o) }
func (e notExpr) imply(object)            {}
func (e notExpr) each(fn func(compExpr))  { e.e.each(fn) }
func (e compExpr) each(fn func(compExpr)) { fn(e) }

func (e compExpr) imply(o object) {
	if e.op != "eq" || e.attr.sub != "" || e.null || e.bare {
		return
	}
	if strings.EqualFold(e.attr.attr, "primary") {
		o["primary"] = strings.EqualFold(e.text, "true") // Entra writes "True"
		return
	}
	o.set(e.attr.attr, e.text)
}

// exact are the attributes that compare with regard to letter case.
var exact = map[string]bool{"id": true, "externalid": true, "members": true, "groups": true}

func (e compExpr) match(o object) bool {
	if e.op == "pr" || e.null {
		return e.attr.present(o) == (e.op == "pr" || e.op == "ne")
	}
	for _, v := range e.attr.values(o) {
		if e.compare(v) {
			return e.op != "ne"
		}
	}
	return e.op == "ne"
}

func (e compExpr) compare(v string) bool {
	want := e.text
	if e.attr.isTime() {
		a, aerr := time.Parse(time.RFC3339Nano, v)
		b, berr := time.Parse(time.RFC3339Nano, want)
		if aerr == nil && berr == nil {
			v, want = a.UTC().Format("2006-01-02T15:04:05.000000000"), b.UTC().Format("2006-01-02T15:04:05.000000000")
		}
	} else if !exact[strings.ToLower(e.attr.attr)] {
		v, want = store.Fold(v), store.Fold(want)
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

const (
	maxFilter = 4096 // bytes
	maxTerms  = 20
	maxDepth  = 20 // of parentheses and negations
)

type parser struct {
	rest         string
	terms, depth int
	within       bool // a value filter, in which no other can stand
}

// parseFilter reads a whole filter.
func parseFilter(s string) (expr, error) { return parse(s, false) }

func parse(s string, within bool) (expr, error) {
	if len(s) > maxFilter {
		return nil, invalid("invalidFilter", "The filter is longer than 4096 bytes.")
	}
	if !printable(s) {
		return nil, invalid("invalidFilter", "The filter has characters that are not allowed.")
	}
	p := &parser{rest: s, within: within}
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
	if len(s) >= len(w) && strings.EqualFold(s[:len(w)], w) &&
		(len(s) == len(w) || strings.IndexByte(" ()]", s[len(w)]) >= 0) {
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
	if p.depth++; p.depth > maxDepth {
		return nil, p.bad("it is nested more than 20 deep")
	}
	defer func() { p.depth-- }()
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
	if p.terms++; p.terms > maxTerms {
		return nil, p.bad("it has more than 20 terms")
	}
	return p.comparison()
}

func (p *parser) comparison() (expr, error) {
	name, rest := cutAttribute(p.rest)
	if p.within && strings.Contains(name, "[") {
		return nil, p.bad("a value filter stands within another")
	}
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
			err = p.value(&e)
		}
		return e, err
	}
	if attr.filter != nil { // "emails[type eq "work"]" alone: there is such an element
		return compExpr{attr: attr, op: "pr"}, nil
	}
	return nil, p.bad("after \"" + short(name) + "\" comes none of eq, ne, co, sw, ew, gt, ge, lt, le, pr")
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

// value reads what is compared with: a JSON text, number, truth value or null.
func (p *parser) value(e *compExpr) error {
	p.rest = strings.TrimLeft(p.rest, " ")
	if !strings.HasPrefix(p.rest, `"`) {
		end := strings.IndexAny(p.rest+" ", " )]")
		e.text = strings.ToLower(p.rest[:end])
		p.rest = p.rest[end:]
		return p.literal(e)
	}
	for i := 1; i < len(p.rest); i++ {
		switch p.rest[i] {
		case '\\':
			i++
		case '"':
			v, err := readText(p.rest[:i+1])
			text, ok := v.(string)
			if err != nil || !ok || !printable(text) {
				return p.bad("a value is not a JSON text, or has characters that are not allowed")
			}
			e.text = text
			p.rest = p.rest[i+1:]
			return nil
		}
	}
	return p.bad("a value's quotation is not closed")
}

// literal checks a value that is not quoted.
func (p *parser) literal(e *compExpr) error {
	switch e.text {
	case "":
		return p.bad("a value is missing")
	case "null":
		if e.null = true; e.op != "eq" && e.op != "ne" {
			return p.bad("null compares by eq and ne only")
		}
		return nil
	case "true", "false":
		if e.op != "eq" && e.op != "ne" {
			return p.bad("true and false compare by eq and ne only")
		}
		return nil
	}
	var n json.Number
	if json.Unmarshal([]byte(e.text), &n) != nil {
		return p.bad("a value is neither a text in quotes nor a number, true, false or null")
	}
	e.bare = true
	return nil
}
