package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// sym is a byte, or one of the wildcards.
type sym uint16

const (
	any0 sym = 256 + iota // "*": any run, also of nothing, "/" and newlines
	any1                  // "?": exactly one character
)

// glob is a pattern of symbols.
type glob []sym

func literal(g glob, s string) glob {
	for i := range len(s) {
		g = append(g, sym(s[i]))
	}
	return g
}

func wildcards(g glob, s string) glob {
	for i := range len(s) {
		switch s[i] {
		case '*':
			g = append(g, any0)
		case '?':
			g = append(g, any1)
		default:
			g = append(g, sym(s[i]))
		}
	}
	return g
}

// action is the pattern of an action. Most are a name, or end in the only wildcard, and need no glob.
type action struct {
	text   string // lower case, what stands before the star
	prefix bool
	glob   glob // when the wildcards are elsewhere
}

func newAction(s string) action {
	s = strings.ToLower(s)
	text, prefix := strings.CutSuffix(s, "*")
	if strings.ContainsAny(text, "*?") {
		return action{glob: newGlob(s)}
	}
	return action{text: text, prefix: prefix}
}

// match compares whatever the case of ASCII letters.
func (a *action) match(s string) bool {
	switch {
	case a.glob != nil:
		return a.glob.match(s, true)
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

func newGlob(s string) glob { return wildcards(make(glob, 0, len(s)), s) }

// wild reports whether the pattern has wildcards.
func (g glob) wild() bool {
	return slices.ContainsFunc(g, func(s sym) bool { return s >= any0 })
}

// match compares in time linear in the text for each star at most: the last star alone is ever retried.
// fold compares ASCII letters whatever their case; the pattern must be lower case then.
func (g glob) match(s string, fold bool) bool {
	if len(g) == 1 && g[0] == any0 {
		return true
	}
	i, j, star, mark := 0, 0, -1, 0
	for i < len(s) {
		if j < len(g) {
			switch {
			case g[j] == any0:
				star, mark = j, i
				j++
				continue
			case g[j] == any1:
				_, n := utf8.DecodeRuneInString(s[i:])
				i += n
				j++
				continue
			case g[j] == sym(s[i]) || fold && s[i] >= 'A' && s[i] <= 'Z' && g[j] == sym(s[i]|0x20):
				i++
				j++
				continue
			}
		}
		if star < 0 {
			return false
		}
		_, n := utf8.DecodeRuneInString(s[mark:])
		mark += n
		i, j = mark, star+1
	}
	for j < len(g) && g[j] == any0 {
		j++
	}
	return j == len(g)
}

// template is a pattern that may hold variables, which are resolved for each request.
type template struct {
	fixed glob // when there are no variables
	parts []part
}

type part struct {
	glob     glob
	variable bool
	key      string // lower case
	fallback *string
}

// newTemplate reads "${key}", "${key, 'default'}" and the escapes "${*}", "${?}", "${$}"; wild says whether "*" and "?"
// outside of them are wildcards. Anything else with a "$" is literal.
func newTemplate(s string, wild, variables bool) template {
	text := literal
	if wild {
		text = wildcards
	}
	var t template
	var g glob
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
			g = literal(g, inner)
			continue
		}
		v := part{variable: true}
		v.key, v.fallback = readVariable(inner)
		t.parts = append(t.parts, part{glob: g}, v)
		g = nil
	}
	g = text(g, s)
	if t.parts == nil {
		t.fixed = g
		return t
	}
	t.parts = append(t.parts, part{glob: g})
	return t
}

// readVariable takes what stands between the braces apart: a key, and perhaps a default in quotes.
func readVariable(inner string) (key string, fallback *string) {
	name, rest, ok := strings.Cut(inner, ", '")
	if text, closed := strings.CutSuffix(rest, "'"); ok && closed {
		return strings.ToLower(strings.TrimSpace(name)), &text
	}
	return strings.ToLower(strings.TrimSpace(inner)), nil
}

// cutVariable finds the brace that closes a variable; one inside a quoted default does not.
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

// resolve fills the variables in, as literal text: a "*" that comes from a tag is no wildcard. ok is false when one is
// absent, or has several values, and no default stands for it.
func (t template) resolve(keys Keys) (g glob, ok bool) {
	if t.parts == nil {
		return t.fixed, true
	}
	for _, p := range t.parts {
		if !p.variable {
			g = append(g, p.glob...)
			continue
		}
		values, found := keys.Lookup(p.key)
		switch {
		case found && len(values) == 1:
			g = literal(g, values[0])
		case p.fallback != nil:
			g = literal(g, *p.fallback)
		default:
			return nil, false
		}
	}
	return g, true
}

// resource is a pattern for ARNs: each segment stands for itself, the last for all that is left. With fewer than six, which only a
// pattern that ends in "*" may have, that is the rest of the ARN.
type resource struct {
	head []glob
	tail template
}

// newResource compiles a pattern. Only its sixth segment has variables.
func newResource(s string, variables bool) (r resource) {
	parts := strings.SplitN(s, ":", 6)
	last := len(parts) - 1
	for _, segment := range parts[:last] {
		r.head = append(r.head, newGlob(segment))
	}
	r.tail = newTemplate(parts[last], true, variables && last == 5)
	return r
}

func (r *resource) match(arn string, keys Keys) bool {
	for _, g := range r.head {
		segment, rest, ok := strings.Cut(arn, ":")
		if !ok || !g.match(segment, false) {
			return false
		}
		arn = rest
	}
	tail, ok := r.tail.resolve(keys)
	return ok && tail.match(arn, false)
}
