package grants

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"granary"
)

func TestBackgroundMergeLosesNothing(t *testing.T) {
	set := NewSet()
	var all []*granary.Grant
	for i := range 5000 {
		g := grant(fmt.Sprintf("s3://b/%d/*", i%700), granary.GranteeUser, fmt.Sprint(i), granary.Read)
		all = append(all, g)
		set.Put(g)
		if i%3 == 0 {
			set.Delete(g)
		}
	}
	for range 200 {
		set.mu.RLock()
		busy := set.frozen != nil
		set.mu.RUnlock()
		if !busy {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if len(set.base.records) == 0 {
		t.Error("nothing was ever merged")
	}
	for i, g := range all {
		if set.Has(g.Scope, g.Object, g.Grantee, g.ID) != (i%3 != 0) {
			t.Fatalf("grant %d", i)
		}
	}
}

func grant(scope string, kind granary.GranteeType, who string, p granary.Permission) *granary.Grant {
	return &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: scope, Grantee: granary.Grantee{Type: kind, ID: who},
		Permission: p, Location: "default"}
}

func TestCeiling(t *testing.T) {
	p := func(s string) *string { return &s }
	scope := granary.Scope{Bucket: "b", Prefix: "a?c/", Permission: granary.Read}
	for _, x := range []struct {
		action, key string
		prefix      *string
		want        bool
	}{
		{"s3:GetObject", "a?c/x", nil, true}, {"s3:GetObject", "abc/x", nil, false}, {"s3:GetObject", "a?c", nil, false},
		{"s3:PutObject", "a?c/x", nil, false}, {"s3:ListBucket", "", p("a?c/"), true},
		{"s3:ListBucket", "", p("a?c/deep"), true},
		{"s3:ListBucket", "", p("a?c"), false}, {"s3:ListBucket", "", p("abc/"), false}, {"s3:ListBucket", "", nil, false},
		{"s3:DeleteBucket", "", nil, false}, {"s3:GetDataAccess", "", nil, false},
	} {
		if Allows(&scope, x.action, "b", x.key, x.prefix) != x.want {
			t.Errorf("%+v", x)
		}
	}
	if Allows(&scope, "s3:GetObject", "c", "a?c/x", nil) || Allows(nil, "s3:GetObject", "b", "a?c/x", nil) {
		t.Error("another bucket, or no scope at all")
	}
	if got := SessionPolicy(&scope); !strings.Contains(got, `arn:aws:s3:::b/a${?}c/*`) {
		t.Error(got)
	}
}

func manyGrants(n int) *Set {
	r := rand.New(rand.NewPCG(1, 2))
	return Load(func(yield func(*granary.Grant) bool) {
		for i := range n {
			g := grant(fmt.Sprintf("s3://bucket-%d/team-%d/project-%d/*", i%16, i/16%5000, i/80000), granary.GranteeGroup,
				fmt.Sprintf("group-%d", r.IntN(n/10+1)), granary.Read)
			if !yield(g) {
				return
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		set := manyGrants(n)
		var ids []granary.Grantee
		for i := range 51 {
			ids = append(ids, granary.Grantee{Type: granary.GranteeGroup, ID: fmt.Sprintf("group-%d", i*7)})
		}
		target, _ := ParseTarget("s3://bucket-3/team-17/project-0/file", false)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				set.Match(ids, "", target, granary.Read)
			}
		})
	}
}

func BenchmarkMemoryPerGrant(b *testing.B) {
	const n = 1_000_000
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		set := manyGrants(n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/grant")
		runtime.KeepAlive(set)
	}
}
