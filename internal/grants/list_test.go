package grants

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"granary"
)

// TestLooksOrderAndPaging checks that Looks returns the sorted, distinct looks of ForGrantees from any place on, also
// across a merge.
func TestLooksOrderAndPaging(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var mine []granary.Grantee
		for i := range 4 {
			mine = append(mine, granary.Grantee{Type: granary.GranteeType(1 + i%3), ID: fmt.Sprint(i)})
		}
		set := NewSet()
		var all []*granary.Grant
		for i := range 40 {
			g := &granary.Grant{ID: granary.GrantID(granary.UUID()),
				Scope: "s3://" + []string{"a", "a-b", "a.b", "ab"}[r.IntN(4)] + "/" + []string{"", "p", "p/", "p!x", "p/q",
					"k*"}[r.IntN(6)], Object: r.IntN(3) == 0,
				Grantee:    granary.Grantee{Type: granary.GranteeType(1 + r.IntN(3)), ID: fmt.Sprint(r.IntN(5))},
				Permission: granary.Permission(1 + r.IntN(3)), Application: granary.ARN([]string{"", "", "x"}[r.IntN(3)]),
				Location: "default"}
			if !g.Object {
				g.Scope = strings.TrimSuffix(g.Scope, "*") + "*"
			}
			if set.Put(g); r.IntN(4) == 0 {
				set.Delete(g)
			} else {
				all = append(all, g)
			}
			switch i {
			case 10:
				set.Freeze()
				set.Merge()
			case 25:
				set.Freeze()
			}
		}
		begin := []string{"", "s3://", "s3://a", "s3://a/", "s3://a/p", "s3://a-"}[r.IntN(6)]
		var want []Look
		for _, g := range all {
			if l := (Match{Scope: g.Scope, Object: g.Object, Permission: g.Permission, Application: g.Application,
				Grantee: g.Grantee}).Look(); slices.Contains(mine, g.Grantee) && strings.HasPrefix(g.Scope, begin) &&
				len(begin) <= len(l.listKey())+len(scheme) {
				want = append(want, l)
			}
		}
		slices.SortFunc(want, Look.compare)
		want = slices.Compact(want)
		var got []Look
		for {
			var after *Look
			if len(got) > 0 {
				after = &got[len(got)-1]
			}
			n := len(got)
			size := 1 + r.IntN(3)
			set.Looks(mine, begin, after, func(l Look) bool {
				got = append(got, l)
				return len(got) < n+size
			})
			if len(got) == n {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Fatalf("from %q\ngot  %+v\nwant %+v", begin, got, want)
		}
	}
}

// TestScopeWithThousandsOfGrantees checks that each grantee of a large scope, which is searched instead of read, gets
// exactly its own grant.
func TestScopeWithThousandsOfGrantees(t *testing.T) {
	set := NewSet()
	target, _ := ParseTarget("s3://b/all/x", true)
	who := func(i int) granary.Grantee {
		return granary.Grantee{Type: granary.GranteeType(1 + i%3), ID: fmt.Sprint("grantee-", i)}
	}
	ids := map[int]granary.GrantID{}
	for i := range 3000 {
		g := &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: "s3://b/all/*", Grantee: who(i),
			Permission: granary.Read, Location: "default"}
		ids[i] = g.ID
		set.Put(g)
	}
	set.Freeze()
	set.Merge()
	for i := range 3100 {
		m, ok := set.Match([]granary.Grantee{{Type: granary.GranteeUser, ID: "nobody"}, who(i)}, "", target, granary.Read)
		if ok != (i < 3000) || ok && (m.ID != ids[i] || m.Grantee != who(i)) {
			t.Fatalf("%d: %v %+v", i, ok, m)
		}
		if other := who(i); ok {
			other.Type = 1 + other.Type%3
			if _, ok := set.Match([]granary.Grantee{other}, "", target, granary.Read); ok {
				t.Fatalf("%d matches as another sort of grantee", i)
			}
			if !set.Has("s3://b/all/*", false, who(i), ids[i]) {
				t.Fatalf("%d is not there", i)
			}
		}
	}
}
