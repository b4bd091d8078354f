package sigv4

import (
	"slices"
	"strconv"
	"strings"
)

// Pair is one decoded query parameter.
type Pair struct{ Name, Value string }

// Params is a decoded query in the order it was sent, duplicates kept. It is the only parser of queries: what is
// signed, what policies see and what is forwarded come from here.
type Params struct{ pairs []Pair }

// ParseQuery splits at "&" only (";" is data) and decodes once ("+" stays a plus). A malformed escape is an error.
func ParseQuery(raw string) (*Params, error) {
	p := &Params{}
	for part := range strings.SplitSeq(raw, "&") {
		if part == "" {
			continue
		}
		k, v, _ := strings.Cut(part, "=")
		name, ok1 := unescape(k)
		value, ok2 := unescape(v)
		if !ok1 || !ok2 {
			return nil, NewError(BadURI, "Couldn't parse the specified URI: the query has a malformed escape.")
		}
		p.pairs = append(p.pairs, Pair{name, value})
	}
	return p, nil
}

// All returns the parameters in order.
func (p *Params) All() []Pair { return p.pairs }

// Get returns the first value of a name, matched exactly.
func (p *Params) Get(name string) string {
	v, _ := p.Lookup(name)
	return v
}

// Lookup returns the first value of a name and whether it is there.
func (p *Params) Lookup(name string) (string, bool) {
	for _, q := range p.pairs {
		if q.Name == name {
			return q.Value, true
		}
	}
	return "", false
}

// Has reports whether a parameter of the name is there, with a value or without.
func (p *Params) Has(name string) bool {
	_, ok := p.Lookup(name)
	return ok
}

// Count is how often a name is given.
func (p *Params) Count(name string) (n int) {
	for _, q := range p.pairs {
		if q.Name == name {
			n++
		}
	}
	return n
}

// Only returns the parameters whose names keep takes.
func (p *Params) Only(keep func(name string) bool) *Params {
	out := &Params{}
	for _, q := range p.pairs {
		if keep(q.Name) {
			out.pairs = append(out.pairs, q)
		}
	}
	return out
}

// canonical re-encodes and sorts by name, then value, leaving one name out.
func (p *Params) canonical(except string) string {
	type encoded struct{ k, v string }
	list := make([]encoded, 0, len(p.pairs))
	for _, q := range p.pairs {
		if q.Name != except || except == "" {
			list = append(list, encoded{escape(q.Name, false), escape(q.Value, false)})
		}
	}
	slices.SortFunc(list, func(a, b encoded) int {
		if c := strings.Compare(a.k, b.k); c != 0 {
			return c
		}
		return strings.Compare(a.v, b.v)
	})
	var b strings.Builder
	for i, e := range list {
		if i > 0 {
			b.WriteByte('&')
		}
		b.WriteString(e.k)
		b.WriteByte('=')
		b.WriteString(e.v)
	}
	return b.String()
}

// Unescape decodes a path or query part once; "+" stays a plus.
func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b = append(b, s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		n, err := strconv.ParseUint(s[i+1:i+3], 16, 8)
		if err != nil {
			return "", false
		}
		b = append(b, byte(n))
		i += 2
	}
	return string(b), true
}

// UnescapePath decodes a path once. ok is false for a malformed escape or a NUL.
func UnescapePath(s string) (string, bool) {
	p, ok := unescape(s)
	return p, ok && !strings.Contains(p, "\x00")
}

const upperHex = "0123456789ABCDEF"

// escape is AWS's strict encoder: all but A-Z a-z 0-9 - . _ ~ becomes %XX; slashes stay in paths.
func escape(s string, path bool) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '~',
			path && c == '/':
			b.WriteByte(c)
		default:
			b.WriteByte('%')
			b.WriteByte(upperHex[c>>4])
			b.WriteByte(upperHex[c&15])
		}
	}
	return b.String()
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }
