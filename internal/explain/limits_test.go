package explain

import (
	"testing"

	"granary"
	"granary/internal/grants"
)

// A page of who looks at no more than a certain number of grants. It is shorter than asked then, and the next page goes
// on where it ended.
func TestAPageOfWhoLooksAtSoManyGrants(t *testing.T) {
	x := crowded(t, maxVisited+chunk)
	target, err := grants.ParseTarget("s3://reports/all/finance/q3.csv", false)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(p granary.Permission, after string) *WhoReaches {
		t.Helper()
		page, err := x.Who(t.Context(), Who{Account: "111122223333", Target: target, Permission: p, Whole: true, After: after,
			Limit: 2 * maxVisited})
		if err != nil {
			t.Fatal(err)
		}
		return page
	}
	// All the grants are for reading: those who are asked for by another permission are passed over.
	first := ask(granary.Write, "")
	if len(first.Holdings) != 0 || first.Next == "" {
		t.Errorf("the first page has %d holdings, and goes on at %q", len(first.Holdings), first.Next)
	}
	if second := ask(granary.Write, first.Next); len(second.Holdings) != 0 || second.Next != "" {
		t.Errorf("the second page has %d holdings, and goes on at %q", len(second.Holdings), second.Next)
	}
	if page := ask(granary.Read, ""); len(page.Holdings) != maxVisited || page.Next == "" {
		t.Errorf("a page of readers has %d of them, and goes on at %q", len(page.Holdings), page.Next)
	}
}
