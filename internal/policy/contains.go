package policy

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// maxSets limits the work of one call of Holds.
const maxSets = 64

// The wildcards among the characters of a pattern, and a character that no pattern contains.
const (
	runeRun   rune = -1 - iota // "*"
	runeOne                    // "?"
	runeFresh                  // stands for any character that a wildcard of the other pattern matches
	runeByte                   // minus a byte: that byte, where it is not UTF-8
)

// Holds reports whether a pattern matches every text that another matches. When that takes too much work to find out,
// which needs dozens of "?", it returns false.
//
// A wildcard of the other pattern matches characters that the pattern does not mention, so only wildcards of the
// pattern can match what it stands for: "*" any number of them, "?" one. Holds therefore replaces each "?" of the other
// by a fresh character and each "*" by every number of fresh characters, and matches all these texts at once. For each
// it keeps the set of places in the pattern that a match can have reached.
func Holds(pattern, other string) bool {
	for pattern != "" && other != "" && pattern[0] == other[0] && pattern[0] != '*' && pattern[0] != '?' {
		pattern, other = pattern[1:], other[1:]
	}
	if pattern == "*" {
		return true
	}
	p := patternRunes(pattern)
	start := make(places, len(p)+1)
	start.add(p, 0)
	sets := []places{start}
	for _, c := range patternRunes(other) {
		var next []places
		for _, s := range sets {
			if c != runeRun {
				next = addSmallest(next, s.after(p, c))
				continue
			}
			next = addSmallest(next, s) // no character, and then one more until that makes no difference
			for more := s.after(p, runeFresh); !slices.Equal(more, s); more = s.after(p, runeFresh) {
				next = addSmallest(next, more)
				s = more
			}
		}
		sets = next
		if len(sets) > maxSets {
			return false
		}
		if slices.ContainsFunc(sets, places.empty) {
			return false
		}
	}
	return !slices.ContainsFunc(sets, func(s places) bool { return !s[len(p)] })
}

// patternRunes returns the characters of a pattern.
func patternRunes(pattern string) []rune {
	out := make([]rune, 0, len(pattern))
	for i, c := range pattern {
		switch {
		case c == '*':
			c = runeRun
		case c == '?':
			c = runeOne
		case c == utf8.RuneError && !strings.HasPrefix(pattern[i:], string(utf8.RuneError)):
			c = runeByte - rune(pattern[i])
		}
		out = append(out, c)
	}
	return out
}

// places is a set of places in a pattern: how many of its characters are matched.
type places []bool

// add adds a place and, if it is before stars, the places behind them.
func (s places) add(p []rune, i int) {
	for s[i] = true; i < len(p) && p[i] == runeRun; i++ {
		s[i+1] = true
	}
}

// after returns the places that are reached by one more character, runeOne standing for runeFresh.
func (s places) after(p []rune, c rune) places {
	out := make(places, len(s))
	for i, here := range s[:len(p)] {
		switch {
		case !here:
		case p[i] == runeRun:
			out.add(p, i)
		case p[i] == runeOne || p[i] == c:
			out.add(p, i+1)
		}
	}
	return out
}

func (s places) empty() bool { return !slices.Contains(s, true) }

// within reports whether s has no place that o does not have.
func (s places) within(o places) bool {
	for i := range s {
		if s[i] && !o[i] {
			return false
		}
	}
	return true
}

// addSmallest adds a set to a list that has no set within another: what can be matched from a set can be matched from
// every larger one.
func addSmallest(list []places, s places) []places {
	if slices.ContainsFunc(list, func(o places) bool { return o.within(s) }) {
		return list
	}
	return append(slices.DeleteFunc(list, s.within), s)
}
