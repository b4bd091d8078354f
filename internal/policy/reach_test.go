package policy

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// texts returns every text of at most n of the characters.
func texts(characters string, n int) []string {
	all := []string{""}
	for begin := 0; n > 0; n-- {
		end := len(all)
		for _, text := range all[begin:end] {
			for _, c := range characters {
				all = append(all, text+string(c))
			}
		}
		begin = end
	}
	return all
}

func matchesAny(patterns []symbols, text string) bool {
	return slices.ContainsFunc(patterns, func(g symbols) bool {
		glob := compileGlob(g)
		return glob.match(text, new(Work))
	})
}

// TestIntersectIsExact checks for every pair of short patterns that their intersection matches exactly the texts that
// both match, and that Holds and Overlap agree with it.
func TestIntersectIsExact(t *testing.T) {
	patterns, subjects := texts("ab*?", 3), texts("abc", 4)
	for _, a := range patterns {
		for _, b := range patterns {
			x, y := appendPattern(nil, a), appendPattern(nil, b)
			both := intersect(x, y)
			common, aOnly, bOnly := false, false, false
			for _, text := range subjects {
				inA, inB := matchesAny([]symbols{x}, text), matchesAny([]symbols{y}, text)
				if got := matchesAny(both, text); got != (inA && inB) {
					t.Fatalf("%q and %q on %q: %v, the intersection says %v", a, b, text, inA && inB, got)
				}
				common, aOnly, bOnly = common || inA && inB, aOnly || inA && !inB, bOnly || inB && !inA
			}
			if Holds(a, b) != !bOnly {
				t.Fatalf("%q holds %q: %v", a, b, !bOnly)
			}
			if want := common && aOnly && bOnly; Overlap(a, b) != want {
				t.Fatalf("%q and %q overlap: %v", a, b, want)
			}
		}
	}
}

// TestHoldsIsExact generates longer patterns, half of them as a narrower form of another, and compares Holds with every
// short text over an alphabet with a character that no pattern mentions.
func TestHoldsIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	draw := func(n int) string {
		b := make([]byte, r.IntN(n+1))
		for i := range b {
			b[i] = "ab**??"[r.IntN(6)]
		}
		return string(b)
	}
	narrow := func(pattern string) string {
		var b strings.Builder
		for _, c := range pattern {
			switch {
			case c == '*' && r.IntN(2) == 0:
				b.WriteString(draw(2))
			case c == '?' && r.IntN(2) == 0:
				b.WriteByte("ab"[r.IntN(2)])
			default:
				b.WriteRune(c)
			}
		}
		return b.String()
	}
	subjects, held := texts("abc", 7), 0
	for range 4000 {
		a, b := draw(5), draw(5)
		if r.IntN(2) == 0 {
			b = narrow(a)
		}
		if len(b) > 5 {
			continue // the subjects may be too short to tell
		}
		x, y := newGlob(a), newGlob(b)
		counter := slices.IndexFunc(subjects, func(text string) bool {
			return y.match(text, new(Work)) && !x.match(text, new(Work))
		})
		got := Holds(a, b)
		if got && counter >= 0 {
			t.Fatalf("%q holds %q, but not %q", a, b, subjects[counter])
		}
		if !got && counter < 0 {
			t.Fatalf("%q holds %q, and Holds denies it", a, b)
		}
		if got {
			held++
		}
	}
	if held < 500 {
		t.Errorf("only %d of the pairs hold: they prove little", held)
	}
}

// TestHolds has patterns with characters of several bytes, and the limit of the work.
func TestHolds(t *testing.T) {
	for _, c := range []struct {
		pattern, other string
		want           bool
	}{
		{"arn:aws:s3:::b/?*", "arn:aws:s3:::b/*", false},
		{"arn:aws:s3:::b/?*", "arn:aws:s3:::b/*/", true},
		{"arn:aws:s3:::b/*?", "arn:aws:s3:::b/?*", true},
		{"??????????????", "*", false},
		{"*?", "é", true}, {"?", "é", true}, {"??", "é", false}, {"é", "è", false}, {"é*", "é?", true},
		{"\xc3", "\xc3", true}, {"\xc3*", "\xc4*", false}, {"\ufffd", "\xc3", false},
		{"*é", "*è", false},
		{strings.Repeat("?", 63) + "*", "*" + strings.Repeat("?", 63), true},
		{strings.Repeat("?", 64) + "*", "*" + strings.Repeat("?", 64), false}, // it does, and takes too much work
	} {
		if got := Holds(c.pattern, c.other); got != c.want {
			t.Errorf("%q holds %q: %v", c.pattern, c.other, got)
		}
	}
}

// TestRemaindersAreExact checks for every short pattern that it matches a text if and only if, for each way to cut the
// text in two, one of the remainders after the first half matches the second.
func TestRemaindersAreExact(t *testing.T) {
	for _, p := range texts("aé*?", 4) {
		g := appendPattern(nil, p)
		for _, begin := range texts("aé", 2) {
			rest := g.remaindersAfter(begin)
			for _, end := range texts("aé", 2) {
				if want, got := matchesAny([]symbols{g}, begin+end), matchesAny(rest, end); got != want {
					t.Fatalf("%q on %q + %q: %v, the remainders say %v", p, begin, end, want, got)
				}
			}
		}
	}
}

// TestParts checks the parts of a bucket that two policies distinguish, and that an exact text has only itself.
func TestParts(t *testing.T) {
	const bucket = "arn:aws:s3:::b/"
	set := Set{Identity: []*Policy{mustParse(t, Identity, stmt("Allow", "s3:GetObject", bucket+"finance/*", "")+","+
		stmt("Deny", "s3:GetObject", bucket+"*.secret", "")+","+stmt("Allow", "s3:*", "arn:aws:s3:::other/*", ""))},
		SCPs: [][]*Policy{{mustParse(t, SCP, all)}}}
	want := []string{bucket + "*", bucket + "*.secret", bucket + "finance/*", bucket + "finance/*.secret"}
	if got := set.Parts(bucket, false, Values{}); !slices.Equal(got, want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " "), strings.Join(want, " "))
	}
	if got := set.Parts(bucket+"k", true, Values{}); !slices.Equal(got, []string{bucket + "k"}) {
		t.Errorf("an exact text has the parts %v", got)
	}
}

// TestLoosestAndStrictest checks conditions on keys that are not known: they hold in the best case for the caller, and
// do not in the worst. Conditions on known keys are evaluated, and statements keep their numbers.
func TestLoosestAndStrictest(t *testing.T) {
	known := func(key string) bool { return key == "a:known" }
	unknown, fails := cond(`"StringEquals":{"a:unknown":"x"}`), cond(`"StringEquals":{"a:known":"no"}`)
	conditional, deny := stmt("Allow", "s3:GetObject", "*", unknown), stmt("Deny", "s3:GetObject", "*", unknown)
	for name, c := range map[string]struct {
		statements      string
		loosest         bool
		strictest       bool
		reasonLoosest   int
		reasonStrictest int
	}{
		"an Allow":                   {conditional, true, false, 1, 0},
		"a Deny":                     {deny + "," + all, true, false, 2, 1},
		"an Allow before another":    {conditional + "," + all, true, true, 1, 2},
		"a known key that does fail": {stmt("Allow", "s3:GetObject", "*", fails), false, false, 0, 0},
		"no condition":               {all, true, true, 1, 1},
	} {
		set := Set{Identity: []*Policy{mustParse(t, Identity, c.statements)}}
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: Values{"a:known": {"yes"}}}
		for which, x := range map[string]struct {
			set    Set
			want   bool
			reason int
		}{"loosest": {set.Loosest(known), c.loosest, c.reasonLoosest},
			"strictest": {set.Strictest(known), c.strictest, c.reasonStrictest}} {
			d := Evaluate(r, x.set)
			first := 0
			if len(d.Reasons) > 0 {
				first = d.Reasons[0].Statement
			}
			if d.Allowed != x.want || first != x.reason {
				t.Errorf("%s, %s: %+v", name, which, d)
			}
		}
	}
}
