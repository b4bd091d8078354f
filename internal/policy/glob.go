package policy

import (
	"strings"
	"unicode/utf8"
)

// glob is a compiled pattern. The text before the first star must begin the subject and the text after the last star
// must end it. The segments between are searched from left to right, each after the end of the previous match. Taking
// the leftmost match never excludes a solution, so matching needs no backtracking.
type glob struct {
	segments []segment // before, between and after the stars; exactly one when there is no star
}

// segment is the part of a pattern between two stars.
type segment struct {
	text  string  // each "?" is one byte of text too
	marks []int32 // offsets of each "?" in text
	// failure table of Knuth, Morris and Pratt; only for segments between stars that have no "?"
	fail []int32
}

// compileGlob compiles a pattern. The segments share one string.
func compileGlob(g symbols) glob {
	stars := 0
	for _, s := range g {
		if s == anyRun {
			stars++
		}
	}
	bytes := make([]byte, 0, len(g)-stars)
	for _, s := range g {
		switch s {
		case anyRun:
		case anyOne:
			bytes = append(bytes, '?')
		default:
			bytes = append(bytes, byte(s))
		}
	}
	text := string(bytes)
	out := glob{segments: make([]segment, stars+1)}
	segment, begin := &out.segments[0], 0
	at, n := 0, 0
	for _, s := range g {
		switch s {
		case anyRun:
			segment.text = text[begin:at]
			n++
			segment, begin = &out.segments[n], at
			continue
		case anyOne:
			segment.marks = append(segment.marks, int32(at-begin))
		}
		at++
	}
	segment.text = text[begin:]
	for i := 1; i < stars; i++ {
		if s := &out.segments[i]; s.marks == nil {
			s.fail = failureTable(s.text)
		}
	}
	return out
}

// failureTable returns the table of Knuth, Morris and Pratt: for each prefix of text, the length of its longest proper
// prefix that is also its suffix.
func failureTable(text string) []int32 {
	f := make([]int32, len(text))
	k := 0
	for i := 1; i < len(text); i++ {
		for k > 0 && text[i] != text[k] {
			k = int(f[k-1])
		}
		if text[i] == text[k] {
			k++
		}
		f[i] = int32(k)
	}
	return f
}

// matchesAll reports whether the pattern matches every text.
func (g *glob) matchesAll() bool {
	for i := range g.segments {
		if g.segments[i].text != "" {
			return false
		}
	}
	return len(g.segments) > 1
}

// literalPrefix returns the text before the first wildcard, and whether it is the whole pattern.
func (g *glob) literalPrefix() (text string, whole bool) {
	first := &g.segments[0]
	if first.marks != nil {
		return first.text[:first.marks[0]], false
	}
	return first.text, len(g.segments) == 1
}

// match reports whether the pattern matches s. Without "?" between stars it takes time linear in the length of both. It
// returns false when the work is used up; Work.Over tells the two apart.
func (g *glob) match(s string, w *Work) bool {
	first, last := &g.segments[0], &g.segments[len(g.segments)-1]
	if !w.spend(1 + (len(first.text)+len(last.text))/perStep) {
		return false
	}
	n, ok := first.matchPrefix(s)
	if len(g.segments) == 1 || !ok {
		return ok && n == len(s)
	}
	s = s[n:]
	n, ok = last.matchSuffix(s)
	if !ok {
		return false
	}
	s = s[:len(s)-n]
	for i := 1; i < len(g.segments)-1; i++ {
		end := g.segments[i].findLeftmost(s, w)
		if end < 0 {
			return false
		}
		s = s[end:]
	}
	return true
}

// matchPrefix reports whether s begins with the segment, and how many bytes of s it covers.
func (g *segment) matchPrefix(s string) (n int, ok bool) {
	if g.marks == nil {
		return len(g.text), strings.HasPrefix(s, g.text)
	}
	whole, from := len(s), 0
	for _, m := range g.marks {
		part := g.text[from:m]
		if !strings.HasPrefix(s, part) || len(s) == len(part) {
			return 0, false
		}
		s = s[len(part):]
		_, size := utf8.DecodeRuneInString(s)
		s = s[size:]
		from = int(m) + 1
	}
	part := g.text[from:]
	return whole - len(s) + len(part), strings.HasPrefix(s, part)
}

// matchSuffix reports whether s ends with the segment, and how many bytes of s it covers.
func (g *segment) matchSuffix(s string) (n int, ok bool) {
	if g.marks == nil {
		return len(g.text), strings.HasSuffix(s, g.text)
	}
	whole, to := len(s), len(g.text)
	for i := len(g.marks) - 1; i >= 0; i-- {
		m := int(g.marks[i])
		part := g.text[m+1 : to]
		if !strings.HasSuffix(s, part) || len(s) == len(part) {
			return 0, false
		}
		s = s[:len(s)-len(part)]
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
		to = m
	}
	part := g.text[:to]
	return whole - len(s) + len(part), strings.HasSuffix(s, part)
}

// findLeftmost returns the offset in s after the leftmost match of the segment, or -1.
func (g *segment) findLeftmost(s string, w *Work) int {
	if g.marks != nil {
		return g.findLeftmostWithMarks(s, w)
	}
	k := 0
	for i := 0; i < len(s) && k < len(g.text); i++ {
		for k > 0 && s[i] != g.text[k] {
			k = int(g.fail[k-1])
		}
		if s[i] == g.text[k] {
			k++
		}
		if k == len(g.text) {
			w.spend(i + 1)
			return i + 1
		}
	}
	if g.text == "" {
		return 0 // an empty segment, from two adjacent stars
	}
	w.spend(len(s))
	return -1
}

// findLeftmostWithMarks is findLeftmost for a segment with "?". It tries the segment at each character, which can take
// time proportional to the product of both lengths; the work counts what it actually takes.
func (g *segment) findLeftmostWithMarks(s string, w *Work) int {
	for at := 0; at+len(g.text) <= len(s); { // a "?" covers at least one byte
		if !w.spend(1 + len(g.marks) + len(g.text)/perStep) {
			return -1
		}
		if n, ok := g.matchPrefix(s[at:]); ok {
			return at + n
		}
		_, size := utf8.DecodeRuneInString(s[at:])
		at += size
	}
	return -1
}
