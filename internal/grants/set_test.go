package grants

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"granary"
)

// reference is the matcher written for plainness: all grants in a list, the specification's rules one after another.
type reference []*granary.Grant

func (r reference) match(ids []granary.Grantee, app granary.ARN, t Target, p granary.Permission) *granary.Grant {
	var best *granary.Grant
	for _, g := range r {
		if !slices.Contains(ids, g.Grantee) || g.Application != "" && g.Application != app || !g.Permission.Covers(p) || !coversText(g, t.String(), t.at.exact) {
			continue
		}
		if best == nil || prefer(g, best, p) {
			best = g
		}
	}
	return best
}

// coversText is "covers" of access-grants §5.3 on the texts themselves.
func coversText(g *granary.Grant, target string, exact bool) bool {
	t := target
	if !exact {
		t = strings.TrimSuffix(target, "*")
	}
	if !g.Object && strings.HasSuffix(g.Scope, "*") {
		return strings.HasPrefix(t, strings.TrimSuffix(g.Scope, "*"))
	}
	return exact && t == g.Scope
}

func prefer(a, b *granary.Grant, asked granary.Permission) bool {
	exact := func(g *granary.Grant) bool { return g.Object || !strings.HasSuffix(g.Scope, "*") }
	kind := map[granary.GranteeType]int{granary.GranteeUser: 0, granary.GranteeGroup: 1, granary.GranteeIAM: 2}
	switch {
	case exact(a) != exact(b):
		return exact(a)
	case len(a.Scope) != len(b.Scope):
		return len(a.Scope) > len(b.Scope)
	case (a.Permission == asked) != (b.Permission == asked):
		return a.Permission == asked
	case a.Grantee.Type != b.Grantee.Type:
		return kind[a.Grantee.Type] < kind[b.Grantee.Type]
	case (a.Application != "") != (b.Application != ""):
		return a.Application != ""
	}
	return a.ID < b.ID
}

func drawGrant(t *rapid.T) *granary.Grant {
	object := rapid.Bool().Draw(t, "object")
	key := rapid.StringMatching(`[ab/*]{0,4}`).Draw(t, "key")
	if !object {
		key = strings.ReplaceAll(key, "*", "") + rapid.SampledFrom([]string{"*", "*", ""}).Draw(t, "star")
	}
	return &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: "s3://" + rapid.SampledFrom([]string{"x", "y", "xy"}).Draw(t, "bucket") + "/" + key,
		Object: object, Grantee: drawGrantee(t), Permission: granary.Permission(rapid.IntRange(1, 3).Draw(t, "permission")),
		Application: granary.ARN(rapid.SampledFrom([]string{"", "", "app1", "app2"}).Draw(t, "app")), Location: "default"}
}

func drawGrantee(t *rapid.T) granary.Grantee {
	return granary.Grantee{Type: granary.GranteeType(rapid.IntRange(1, 3).Draw(t, "type")), ID: rapid.SampledFrom([]string{"1", "2", "3"}).Draw(t, "who")}
}

func TestSetAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var ref reference
		for range rapid.IntRange(0, 20).Draw(t, "loaded") {
			ref = append(ref, drawGrant(t))
		}
		set := Load(slices.Values([]*granary.Grant(ref)))
		for range rapid.IntRange(0, 30).Draw(t, "steps") {
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0, 1:
				g := drawGrant(t)
				ref = append(ref, g)
				set.Put(g)
			case 2:
				if len(ref) > 0 {
					i := rapid.IntRange(0, len(ref)-1).Draw(t, "which")
					set.Delete(ref[i])
					ref = slices.Delete(slices.Clone(ref), i, i+1)
				}
			case 3: // a merge begins; what is put and deleted until it ends lands above it
				if set.frozen == nil {
					set.frozen, set.live = set.live, newOverlay()
				}
			case 4:
				if set.frozen != nil {
					set.base, set.frozen = merged(set.base, set.frozen), nil
				}
			default:
				check(t, set, ref)
			}
		}
		check(t, set, ref)
	})
}

func check(t *rapid.T, set *Set, ref reference) {
	if set.Len() != len(ref) {
		t.Fatalf("the set says it has %d grants, and has %d", set.Len(), len(ref))
	}
	ids := []granary.Grantee{drawGrantee(t), drawGrantee(t)}
	app := granary.ARN(rapid.SampledFrom([]string{"", "app1"}).Draw(t, "callers app"))
	target, err := ParseTarget("s3://"+rapid.SampledFrom([]string{"x", "y", "xy"}).Draw(t, "bucket")+"/"+
		rapid.StringMatching(`[ab/]{0,5}\*?`).Draw(t, "target"), rapid.Bool().Draw(t, "target object"))
	if err != nil {
		return
	}
	p := granary.Permission(rapid.IntRange(1, 3).Draw(t, "asked"))
	want := ref.match(ids, app, target, p)
	got, ok := set.Match(ids, app, target, p)
	if ok != (want != nil) || ok && got.ID != want.ID {
		t.Fatalf("%v asks %v on %v: got %+v, want %+v", ids, p, target, got, want)
	}
	if ok && (!set.Has(got.Scope, got.Object, got.Grantee, got.ID) || got.Grantee != want.Grantee || got.Permission != want.Permission || got.Location != want.Location) {
		t.Fatalf("the match %+v does not know itself, or is not %+v", got, want)
	}
	mine := 0
	for _, g := range ref {
		if slices.Contains(ids, g.Grantee) {
			mine++
		}
	}
	if n := len(set.ForGrantees(ids)); n != mine {
		t.Fatalf("%d grants listed for %v, %d there", n, ids, mine)
	}
}

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
	return &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: scope, Grantee: granary.Grantee{Type: kind, ID: who}, Permission: p, Location: "default"}
}

// The worked examples of access-grants §13 that the matcher alone decides.
func TestWorkedExamples(t *testing.T) {
	r1, u1 := granary.Grantee{Type: granary.GranteeIAM, ID: "R1"}, granary.Grantee{Type: granary.GranteeUser, ID: "U1"}
	for _, x := range []struct {
		n       int
		grants  string // scope permission grantee, by "; "
		target  string
		p       granary.Permission
		minimal bool
		object  bool
		want    string // "" is refused
	}{
		{1, "bob/* 1 R1", "bob/*", 1, false, false, "bob/*"},
		{2, "bob/* 1 R1", "bob/", 1, true, false, "bob/"},
		{3, "bob/* 1 R1", "bob/images/*", 1, true, false, "bob/images/*"},
		{4, "bob/reports/* 1 R1", "bob/reports/file.txt", 1, false, false, "bob/reports/*"},
		{5, "bob/reports/* 1 R1", "bob/reports/file.txt", 1, true, true, "bob/reports/file.txt"},
		{7, "bob/* 1 R1", "*", 1, false, false, ""},
		{8, "bob/* 1 R1", "bob/*", 2, false, false, ""},
		{9, "bob/* 1 R1", "bob/*", 3, false, false, ""},
		{10, "bob/* 3 R1", "bob/x", 1, false, false, "bob/*"},
		{12, "bob/* 1 R1; bob/* 2 R1", "bob/x", 3, false, false, ""},
		{13, "bob/* 1 R1; bob/* 2 R1", "bob/x", 2, false, false, "bob/*"},
		{14, "* 1 R1; bob/* 1 R1", "bob/x", 1, false, false, "bob/*"},
		{15, "* 1 R1; bob/* 1 R1", "alice/x", 1, false, false, "*"},
		{16, "* 3 R1; bob/* 1 R1", "bob/x", 2, false, false, "*"},
		{17, "bob/* 1 R1; bob/images/* 1 U1", "bob/images/image1.jpeg", 1, false, false, "bob/images/*"},
		{20, "bob/* 1 R1", "bob/x", 1, false, false, "bob/*"},
		{30, "key.txt 1 R1", "key.txt", 1, false, true, "key.txt"},
		{31, "key.txt 1 R1", "key.txt.bak", 1, false, false, ""},
		{32, "key.txt 1 R1", "key.txt*", 1, false, false, ""},
		{33, "p* 1 R1", "prefix/x", 1, false, false, "p*"},
		{34, "p/* 1 R1", "p", 1, false, false, ""},
		{35, "p/* 1 R1", "p/", 1, false, false, "p/*"},
		{36, "p/* 1 R1", "pq/x", 1, false, false, ""},
		{37, "* 1 R1", "", 1, false, false, "*"},
		{38, "p/* 1 R1", "", 1, false, false, ""},
		{40, "allowed/* 1 R1", "allowed/../denied/x", 1, false, false, "allowed/*"},
		{41, "allowed/* 1 R1", "allowed/../denied/x", 1, true, false, "allowed/../denied/x"},
		{43, "allowed/* 1 R1", "allowed%2Fx", 1, false, false, ""},
		{56, "a?c/* 1 R1", "a?c/x", 1, false, false, "a?c/*"},
	} {
		set := NewSet()
		for _, text := range strings.Split(x.grants, "; ") {
			f := strings.Fields(text)
			kind := granary.GranteeIAM
			if f[2] == "U1" {
				kind = granary.GranteeUser
			}
			set.Put(grant("s3://b/"+f[0], kind, f[2], granary.Permission(f[1][0]-'0')))
		}
		target, err := ParseTarget("s3://b/"+x.target, x.object)
		if err != nil {
			t.Fatal(err)
		}
		m, ok := set.Match([]granary.Grantee{r1, u1}, "", target, x.p)
		if ok != (x.want != "") {
			t.Errorf("%d: matched %v %+v", x.n, ok, m)
			continue
		}
		if !ok {
			continue
		}
		scope := SessionScope(m, target, x.minimal, x.p)
		if got := MatchedTarget(scope); got != "s3://b/"+x.want || scope.Permission != x.p {
			t.Errorf("%d: %s %v", x.n, got, scope.Permission)
		}
	}
	if _, err := ParseTarget("s3://b/allowed/../*", false); !granary.Is(err, granary.Invalid) {
		t.Errorf("42: %v", err)
	}
}

func TestTheCeilingHoldsWhateverTheKey(t *testing.T) {
	p := func(s string) *string { return &s }
	scope := granary.Scope{Bucket: "b", Prefix: "a?c/", Permission: granary.Read}
	for _, x := range []struct {
		action, key string
		prefix      *string
		want        bool
	}{
		{"s3:GetObject", "a?c/x", nil, true}, {"s3:GetObject", "abc/x", nil, false}, {"s3:GetObject", "a?c", nil, false},
		{"s3:PutObject", "a?c/x", nil, false}, {"s3:ListBucket", "", p("a?c/"), true}, {"s3:ListBucket", "", p("a?c/deep"), true},
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

func many(n int) *Set {
	r := rand.New(rand.NewPCG(1, 2))
	return Load(func(yield func(*granary.Grant) bool) {
		for i := range n {
			g := grant(fmt.Sprintf("s3://bucket-%d/team-%d/project-%d/*", i%16, i/16%5000, i/80000), granary.GranteeGroup, fmt.Sprintf("group-%d", r.IntN(n/10+1)), granary.Read)
			if !yield(g) {
				return
			}
		}
	})
}

func BenchmarkMatch(b *testing.B) {
	for _, n := range []int{1_000, 1_000_000} {
		set := many(n)
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
		set := many(n)
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc)/n, "B/grant")
		runtime.KeepAlive(set)
	}
}
