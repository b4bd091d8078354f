package grants_test

import (
	"cmp"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"granary"
	"granary/internal/grants"
)

// drawSet returns a generated set of grants in any state of its layers, and the grants in it.
func drawSet(t *rapid.T) (*grants.Set, []*granary.Grant) {
	var all []*granary.Grant
	n := 0
	draw := func() *granary.Grant { n++; return drawGrant(t, n) }
	for range pickOne(t, "loaded", 0, 3, 8, 16) {
		all = append(all, draw())
	}
	set := grants.Load(slices.Values(all))
	for range pickOne(t, "steps", 0, 3, 6, 12) {
		switch pickOne(t, "step", "put", "put", "delete", "freeze", "merge") {
		case "put":
			all = append(all, draw())
			set.Put(all[len(all)-1])
		case "delete":
			if len(all) > 0 {
				i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
				set.Delete(all[i])
				all = slices.Delete(slices.Clone(all), i, i+1)
			}
		case "freeze":
			set.Freeze()
		case "merge":
			set.Merge()
		}
	}
	return set, all
}

// TestCoveringAgainstReference checks that Covering returns every scope that covers a target, in order, and that Covers
// and Inside agree with the reference about each grant.
func TestCoveringAgainstReference(t *testing.T) {
	covered := 0
	prove(t, 5_000, func(t *rapid.T) {
		set, all := drawSet(t)
		q := drawRequest(t, all)
		target, exact, why := readTarget(q.Target, q.Object)
		parsed, err := grants.ParseTarget(q.Target, q.Object)
		if (why != "") != (err != nil) {
			t.Fatalf("%q: %v and %q", q.Target, err, why)
		}
		if err != nil {
			return
		}
		scopes := set.Covering(parsed)
		narrower := func(a, b string) int { // exactly the key first, then longer scopes
			switch {
			case a == b || !exact || a != target && b != target:
				return len(b) - len(a)
			case a == target:
				return -1
			}
			return 1
		}
		if !slices.IsSortedFunc(scopes, narrower) || len(slices.Compact(slices.Clone(scopes))) != len(scopes) {
			t.Fatalf("the scopes %q are out of order, or one stands twice", scopes)
		}
		for i, a := range scopes {
			for j, b := range scopes {
				if got := parsed.Narrower(a, b); got != cmp.Compare(i, j) {
					t.Fatalf("%q against %q: %d, and they are in the places %d and %d", a, b, got, i, j)
				}
			}
		}
		anyApp := false
		for _, g := range all {
			mine := q
			mine.Who, mine.App = []granary.Grantee{g.Grantee}, g.Application
			want := isCandidate(g, mine, target, exact)
			if got := grants.Covers(g, parsed, q.Permission); got != want {
				t.Fatalf("\n%s  %+v covers it: %v, and the reference says %v", q.story(all), g, got, want)
			}
			if want {
				covered++
				if !slices.Contains(scopes, g.Scope) {
					t.Fatalf("\n%s  the scope of %+v covers it, and is not among %q", q.story(all), g, scopes)
				}
			}
			anyApp = anyApp || want && slices.Contains(q.Who, g.Grantee)
		}
		if _, ok := set.MatchAny(q.Who, parsed, q.Permission); ok != anyApp {
			t.Fatalf("\n%s  through whichever application: %v, and the reference says %v", q.story(all), ok, anyApp)
		}
		has := slices.ContainsFunc(all, func(g *granary.Grant) bool { return slices.Contains(q.Who, g.Grantee) })
		if got := set.Any(q.Who); got != has {
			t.Fatalf("\n%s  any grant: %v, and there is: %v", q.story(all), got, has)
		}
	})
	if covered < 1000 {
		t.Errorf("only %d grants covered their target: the generator proves little", covered)
	}
}
