package policy

import (
	"slices"
	"strings"
)

// symbol is a byte of a pattern or one of the wildcards.
type symbol uint16

const (
	anyRun symbol = 256 + iota // "*": any run of bytes, including none, "/" and newlines
	anyOne                     // "?": exactly one character
)

// symbols is a pattern before it is compiled to a glob.
type symbols []symbol

// appendLiteral appends s without wildcards.
func appendLiteral(g symbols, s string) symbols {
	for i := range len(s) {
		g = append(g, symbol(s[i]))
	}
	return g
}

// appendPattern appends s with "*" and "?" as wildcards.
func appendPattern(g symbols, s string) symbols {
	for i := range len(s) {
		switch s[i] {
		case '*':
			g = append(g, anyRun)
		case '?':
			g = append(g, anyOne)
		default:
			g = append(g, symbol(s[i]))
		}
	}
	return g
}

// action is a pattern for actions. Most are a name, or end in their only wildcard, and need no glob.
type action struct {
	text   string // lower case, up to the star
	prefix bool
	glob   *glob // set when there are other wildcards; text and prefix are unused then
}

func newAction(s string) action {
	s = strings.ToLower(s)
	text, prefix := strings.CutSuffix(s, "*")
	if strings.ContainsAny(text, "*?") {
		g := newGlob(s)
		return action{glob: &g}
	}
	return action{text: text, prefix: prefix}
}

// match reports whether the pattern matches s. The case of ASCII letters does not matter.
func (a *action) match(s string, w *Work) bool {
	switch {
	case a.glob != nil:
		return a.glob.match(strings.ToLower(s), w)
	case a.prefix && len(s) >= len(a.text):
		s = s[:len(a.text)]
	case len(s) != len(a.text):
		return false
	}
	for i := range len(s) {
		c := s[i]
		if c >= 'A' && c <= 'Z' {
			c |= 0x20
		}
		if c != a.text[i] {
			return false
		}
	}
	return true
}

func newGlob(s string) glob { return compileGlob(appendPattern(make(symbols, 0, len(s)), s)) }

// template is a pattern that may contain variables, which are resolved for each request.
type template struct {
	fixed glob // used when parts is nil
	parts []part
}

// part is a literal part of a template, or a variable.
type part struct {
	symbols  symbols
	variable bool
	key      string // lower case
	fallback *string
}

// newTemplate compiles a pattern with variables, "${key}" or "${key, 'default'}", and the escapes "${*}", "${?}" and
// "${$}". wild tells whether "*" and "?" are wildcards outside of them. Any other "$" is literal, and so is every "$"
// if variables is false.
func newTemplate(s string, wild, variables bool) template {
	text := appendLiteral
	if wild {
		text = appendPattern
	}
	var t template
	var g symbols
	for variables {
		before, rest, ok := strings.Cut(s, "${")
		if !ok {
			break
		}
		inner, after, ok := cutVariable(rest)
		if !ok {
			break
		}
		g = text(g, before)
		s = after
		if inner == "*" || inner == "?" || inner == "$" {
			g = appendLiteral(g, inner)
			continue
		}
		v := part{variable: true}
		v.key, v.fallback = readVariable(inner)
		t.parts = append(t.parts, part{symbols: g}, v)
		g = nil
	}
	g = text(g, s)
	if t.parts == nil {
		t.fixed = compileGlob(g)
		return t
	}
	t.parts = append(t.parts, part{symbols: g})
	return t
}

// readVariable splits the text between the braces into the key, in lower case, and the default; fallback is nil when
// there is no default.
func readVariable(inner string) (key string, fallback *string) {
	name, rest, ok := strings.Cut(inner, ", '")
	if text, closed := strings.CutSuffix(rest, "'"); ok && closed {
		return strings.ToLower(strings.TrimSpace(name)), &text
	}
	return strings.ToLower(strings.TrimSpace(inner)), nil
}

// cutVariable cuts s at the brace that closes a variable. A brace in a quoted default does not close it. ok is false
// when the variable is not closed.
func cutVariable(s string) (inner, after string, ok bool) {
	quoted := false
	for i := range len(s) {
		switch {
		case s[i] == '\'':
			quoted = !quoted
		case s[i] == '}' && !quoted:
			return s[:i], s[i+1:], true
		}
	}
	return "", "", false
}

// resolve appends the parts to g with the variables replaced by their values, as literal text: a "*" in a tag's value
// is not a wildcard. ok is false when a variable is absent or has several values, and has no default, and when the work
// is used up.
func (t *template) resolve(g symbols, c *context) (filled symbols, ok bool) {
	for i := range t.parts {
		p := &t.parts[i]
		if !p.variable {
			g = append(g, p.symbols...)
			continue
		}
		values, found := c.lookup(p.key)
		switch {
		case found && len(values) == 1:
			g = appendLiteral(g, values[0])
		case p.fallback != nil:
			g = appendLiteral(g, *p.fallback)
		default:
			return nil, false
		}
	}
	return g, c.work.spend(len(g))
}

// match reports whether the pattern matches s. A pattern with an unresolved variable matches nothing.
func (t *template) match(s string, c *context) bool {
	if t.parts == nil {
		return t.fixed.match(s, c.work)
	}
	var room [128]symbol
	filled, ok := t.resolve(room[:0], c)
	if !ok {
		return false
	}
	g := compileGlob(filled)
	return g.match(s, c.work)
}

// resolvedText returns the text of a template without wildcards. ok is false when a variable cannot be resolved.
func (t *template) resolvedText(c *context) (text string, ok bool) {
	if t.parts == nil {
		return t.fixed.segments[0].text, true
	}
	var room [128]symbol
	g, ok := t.resolve(room[:0], c)
	return g.literalText(), ok
}

// literalText returns the pattern as text. The pattern must have no wildcards.
func (g symbols) literalText() string {
	b := make([]byte, len(g))
	for i, s := range g {
		b[i] = byte(s)
	}
	return string(b)
}

// literalPrefix returns the text before the first wildcard, and whether it is the whole pattern.
func (g symbols) literalPrefix() (text string, whole bool) {
	end := slices.IndexFunc(g, func(s symbol) bool { return s >= anyRun })
	if end < 0 {
		return g.literalText(), true
	}
	return g[:end].literalText(), false
}

// literalPrefix returns the text before the first wildcard or variable, and whether it is the whole pattern.
func (t *template) literalPrefix() (text string, whole bool) {
	if t.parts != nil {
		text, _ = t.parts[0].symbols.literalPrefix()
		return text, false
	}
	return t.fixed.literalPrefix()
}

// resource is a pattern for ARNs. The first five segments are compared one by one, the sixth with the rest of the ARN.
// A pattern with fewer segments must end in "*"; its last segment is compared with the rest.
type resource struct {
	head []glob
	tail template
}

// newResource compiles a pattern. Only the sixth segment may contain variables.
func newResource(s string, variables bool) (r resource) {
	parts := strings.SplitN(s, ":", 6)
	last := len(parts) - 1
	for _, segment := range parts[:last] {
		r.head = append(r.head, newGlob(segment))
	}
	r.tail = newTemplate(parts[last], true, variables && last == 5)
	return r
}

// match reports whether the pattern matches an ARN. It returns false when the work is used up.
func (r *resource) match(arn string, c *context) bool {
	for i := range r.head {
		segment, rest, ok := strings.Cut(arn, ":")
		if !ok || !r.head[i].match(segment, c.work) {
			return false
		}
		arn = rest
	}
	return r.tail.match(arn, c)
}
