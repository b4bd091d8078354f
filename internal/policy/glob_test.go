package policy

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"
)

func matchesPattern(pattern, text string) bool {
	g := newGlob(pattern)
	return g.match(text, new(Work))
}

func TestWildcards(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		"a?c":     {"aéc": true, "ac": false, "a\xffc": true, "a\n": false},
		"a*c":     {"a\n/c": true, "ac": true, "a": false, "c": false},
		"*aab*":   {"aaab": true, "aaa": false, "xaaby": true},
		"*abab*b": {"abaabab": false, "ababb": true, "abaababb": true},
		"a*a":     {"a": false, "aa": true},
		"?*?":     {"a": false, "é": false, "éé": true, "": false},
		"**":      {"": true, "a": true},
		"*é?x*y":  {"ééxy": true, "éxy": false, "éaéxxy": true, "éaaéxx": false, "éaéaxxy": true},
		"":        {"": true, "a": false},
		"*?":      {"é": true, "": false},
		"*a?b":    {"aébb": false, "aaéb": true},
	} {
		for text, want := range texts {
			if matchesPattern(pattern, text) != want {
				t.Errorf("%q on %q: %v", pattern, text, !want)
			}
		}
	}
}

// matchByTable is a slow and plain matcher. It fills a table of all prefixes of the pattern against all prefixes of the
// text.
func matchByTable(pattern, text string) bool {
	var units []string
	for text != "" {
		_, n := utf8.DecodeRuneInString(text)
		units, text = append(units, text[:n]), text[n:]
	}
	reach := make([]bool, len(units)+1)
	reach[0] = true
	for pattern != "" {
		_, n := utf8.DecodeRuneInString(pattern)
		p := pattern[:n]
		pattern = pattern[n:]
		next := make([]bool, len(reach))
		for i := range next {
			if p == "*" {
				next[i] = reach[i] || i > 0 && next[i-1]
			} else if i > 0 && (p == "?" || p == units[i-1]) {
				next[i] = reach[i-1]
			}
		}
		reach = next
	}
	return reach[len(units)]
}

func TestGlobAgainstTable(t *testing.T) {
	draw := func(r *rand.Rand, letters []string, n int) string {
		var b strings.Builder
		for range r.IntN(n) {
			b.WriteString(letters[r.IntN(len(letters))])
		}
		return b.String()
	}
	r := rand.New(rand.NewPCG(1, 2))
	matched := 0
	for range 200_000 {
		pattern := draw(r, []string{"a", "b", "*", "?", "é", "ab", "a*"}, 9)
		text := draw(r, []string{"a", "b", "é", "ab", "\xc3", "aab", "\n"}, 10)
		got := matchesPattern(pattern, text)
		if got != matchByTable(pattern, text) {
			t.Fatalf("%q on %q: %v", pattern, text, got)
		}
		if got {
			matched++
		}
	}
	if matched < 10_000 {
		t.Errorf("only %d of the pairs match: they prove little", matched)
	}
}

func FuzzGlob(f *testing.F) {
	f.Add("*a*b?c*", "xxabéc")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		if !utf8.ValidString(pattern) || len(pattern) > 200 || len(text) > 200 {
			return
		}
		if got := matchesPattern(pattern, text); got != matchByTable(pattern, text) {
			t.Fatalf("%q on %q: %v", pattern, text, got)
		}
	})
}

// TestGlobIsLinear checks that a match takes at most a few steps for each byte of the pattern and the text together.
func TestGlobIsLinear(t *testing.T) {
	for _, pattern := range []string{
		"*" + strings.Repeat("a", 2000) + "b",
		"*" + strings.Repeat("a", 2000) + "b*",
		strings.Repeat("a*", 1000) + "b",
		strings.Repeat("*ab", 700) + "*",
		"*" + strings.Repeat("ab", 1000) + "a*" + strings.Repeat("ba", 1000) + "c*",
		strings.Repeat("?", 2000) + "*" + strings.Repeat("?", 2000) + "b",
	} {
		for _, text := range []string{strings.Repeat("a", MaxValue), strings.Repeat("ab", MaxValue/2),
			strings.Repeat("aab", MaxValue/3)} {
			g, w := newGlob(pattern), new(Work)
			g.match(text, w)
			if limit := 2 * (len(pattern) + len(text)); w.Spent() > limit {
				t.Errorf("%.20q… on %.6q…: %d steps for %d bytes", pattern, text, w.Spent(), limit/2)
			}
		}
	}
}

// TestQuestionMarksCountAsWork checks that a "?" between stars, the only pattern that can take longer than linear time,
// counts all its work and stops at the limit.
func TestQuestionMarksCountAsWork(t *testing.T) {
	g, w := newGlob("*"+strings.Repeat("a?", 1000)+"b*"), &Work{Limit: 100_000}
	if g.match(strings.Repeat("a", MaxValue), w) || !w.Over() || w.Spent() > 110_000 {
		t.Errorf("%d steps, over: %v", w.Spent(), w.Over())
	}
}

// TestNothingMatchesWithoutWork checks that even a pattern that matches a text does not match it once the work is used
// up, and that a match ends there.
func TestNothingMatchesWithoutWork(t *testing.T) {
	for _, pattern := range []string{"ab", "*", "a*", "a*b", "*a*", "*?b*"} {
		g, w := newGlob(pattern), &Work{Limit: 10}
		if !g.match("ab", w) {
			t.Errorf("%q does not match with work left", pattern)
		}
		w.spend(11)
		if g.match("ab", w) || !w.Over() {
			t.Errorf("%q matches without work", pattern)
		}
	}
}

// hostile is a user agent, and a policy that is as slow as possible to compare with it.
var hostile = stmt("Allow", "s3:*", "*",
	cond(fmt.Sprintf(`"StringLike":{"aws:UserAgent":"*%sb"}`, strings.Repeat("a", 1900)+"*"+strings.Repeat("a", 100))))

func TestWorkLimit(t *testing.T) {
	p := mustParse(t, Session, hostile)
	identity := mustParse(t, Identity, all)
	keys := singleKey("aws:useragent", strings.Repeat("a", MaxValue))
	r := Request{Caller: callers["S"], Action: "s3:DeleteObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
		Keys: keys, Work: new(Work)}
	set := Set{Identity: []*Policy{identity}, Sessions: [][]*Policy{{p}}}
	once := 0
	for i := range 1000 {
		r.Resource = fmt.Sprintf("arn:aws:s3:::b/%d", i)
		r.Group = "one request"
		if d := Evaluate(r, set); d.Allowed || d.Over {
			t.Fatalf("%+v", d)
		}
		if i == 0 {
			once = r.Work.Spent()
		}
	}
	if spent := r.Work.Spent(); spent > once+1000*20 {
		t.Errorf("%d steps for the first key, %d for a thousand: what does not depend on the key was done again", once, spent)
	}
	// Without a group each decision pays for itself, until the common limit ends it.
	r.Work, r.Group = &Work{Limit: 10*once + once/2}, nil
	for i := range 20 {
		d := Evaluate(r, set)
		if over := i >= 10; d.Over != over || d.Allowed || d.Explicit {
			t.Fatalf("decision %d: %+v", i, d)
		}
	}
	if say := (Decision{Over: true}).Sentence(r); !strings.Contains(say,
		"more work to compare with this request than one request may cost") {
		t.Error(say)
	}
}

func TestLongValuesAreRefused(t *testing.T) {
	p := mustParse(t, Identity, stmt("Allow", "s3:*", "*", cond(`"StringLike":{"aws:UserAgent":"*"}`)))
	for length, want := range map[int]bool{MaxValue: true, MaxValue + 1: false} {
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: singleKey("aws:useragent", strings.Repeat("a", length))}
		if d := Evaluate(r, Set{Identity: []*Policy{p}}); d.Allowed != want || d.Over == want {
			t.Errorf("%d bytes: %+v", length, d)
		}
		r.Keys, r.Resource = singleKey("aws:useragent", "a"), strings.Repeat("a", length)
		if d := Evaluate(r, Set{Identity: []*Policy{p}}); d.Allowed != want || d.Over == want {
			t.Errorf("a resource of %d bytes: %+v", length, d)
		}
	}
}

// TestWorkGroups checks that decisions of one group share only what does not depend on their own keys and resource.
func TestWorkGroups(t *testing.T) {
	p := mustParse(t, Identity, stmt("Allow", "s3:*", "*", "")+","+
		stmt("Deny", "s3:*", "*", cond(`"StringEquals":{"s3:if-match":"x"}`))+","+
		stmt("Deny", "s3:*", "*", cond(`"StringEquals":{"aws:username":"${s3:tag}"}`)))
	w := new(Work)
	for i, c := range []struct {
		own  Values
		want bool
	}{{nil, true}, {singleKey("s3:if-match", "x"), false}, {singleKey("s3:if-match", "y"), true},
		{singleKey("s3:tag", "alice"), false},
		{Values{}, true}} {
		keys := Values{"aws:username": {"alice"}}
		for k, v := range c.own {
			keys[k] = v
		}
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA, Keys: keys,
			Own: c.own, Group: 1, Work: w}
		if d := Evaluate(r, Set{Identity: []*Policy{p}}); d.Allowed != c.want {
			t.Errorf("%d: %+v", i, d)
		}
	}
}

func BenchmarkHostilePattern(b *testing.B) {
	p, err := Parse(Session, doc(hostile))
	if err != nil {
		b.Fatal(err)
	}
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
		Keys: singleKey("aws:useragent", strings.Repeat("a", MaxValue))}
	b.ReportAllocs()
	for b.Loop() {
		Evaluate(r, Set{Sessions: [][]*Policy{{p}}})
	}
}
