package grants_test

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"granary"
	"granary/internal/grants"
	"granary/internal/policy"
)

// prove checks a property on many generated cases: few by default, as many as GRANARY_PROVE says in the nightly run.
func prove(t *testing.T, few int, property func(*rapid.T)) {
	t.Helper()
	n := few
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("GRANARY_PROVE is not a number: %v", err)
		}
	}
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(n), "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		defer f.Value.Set(before)
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, property)
	t.Logf("%d cases", n)
}

func pickOne[T any](t *rapid.T, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(t, label)
}

var (
	r1, r2 = granary.Grantee{Type: granary.GranteeIAM, ID: "R1"}, granary.Grantee{Type: granary.GranteeIAM, ID: "R2"}
	// the same text as the role's, so that only the type differs
	u1     = granary.Grantee{Type: granary.GranteeUser, ID: "R1"}
	g1, g2 = granary.Grantee{Type: granary.GranteeGroup, ID: "G1"}, granary.Grantee{Type: granary.GranteeGroup, ID: "G2"}
)

// Pieces of keys: few, so that keys collide, including everything that has a meaning somewhere.
var pieces = []string{"a", "b", "/", "a/", "..", ".", "é", "?", "$", "${*}", "${aws:username}", "%2F", `\`, `"`, " ",
	"\n", "\x01", "a", "b"}

func drawKey(t *rapid.T, label string, most int) string {
	var b strings.Builder
	for range rapid.IntRange(0, most).Draw(t, label+" length") {
		b.WriteString(rapid.SampledFrom(pieces).Draw(t, label))
	}
	return b.String()
}

// simpleKey draws from the alphabet in which scopes meet most often.
func simpleKey(t *rapid.T, label string, most int) string {
	if rapid.IntRange(0, 9).Draw(t, label+" odd") == 9 {
		return drawKey(t, label, most)
	}
	var b strings.Builder
	for range rapid.IntRange(0, most).Draw(t, label+" length") {
		b.WriteString(pickOne(t, label, "a", "a", "b", "/", "a/"))
	}
	return b.String()
}

func drawGrant(t *rapid.T, n int) *granary.Grant {
	g := &granary.Grant{ID: granary.GrantID(fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n)),
		Object: rapid.IntRange(0, 5).Draw(t, "object") == 5, Grantee: pickOne(t, "grantee", r1, u1, g1, g2, r2),
		Permission: pickOne(t, "permission", granary.Read, granary.Read, granary.ReadWrite, granary.ReadWrite,
			granary.Write),
		Location:    granary.LocationID(pickOne(t, "location", "default", "other")),
		Application: granary.ARN(pickOne(t, "app", "", "", "", "", "app1", "app1", "app2")),
		Created:     time.Unix(1_700_000_000, int64(pickOne(t, "created", 0, 1, 1_000_000))*1000)}
	key := simpleKey(t, "scope", 2)
	star := pickOne(t, "star", "*", "*", "*", "")
	if key == "" && g.Object {
		key = "a"
	}
	if key == "" {
		star = "*"
	}
	g.Scope = "s3://" + pickOne(t, "bucket", "x", "x", "xy") + "/" + key + star
	return g
}

// drawRequest draws a request near one of the grants most of the time.
func drawRequest(t *rapid.T, all []*granary.Grant) request {
	q := request{App: granary.ARN(pickOne(t, "through", "", "app1")), Permission: pickOne(t, "asked", granary.Read,
		granary.Read,
		granary.Read, granary.Write, granary.ReadWrite),
		Minimal: rapid.Bool().Draw(t, "minimal"), Object: rapid.IntRange(0, 3).Draw(t, "target object") == 3}
	q.Who = pickOne(t, "who", []granary.Grantee{r1, u1, g1, g2}, []granary.Grantee{r1}, []granary.Grantee{r1, u1, g1},
		[]granary.Grantee{r1, u1, g1, g2}, []granary.Grantee{r2}, []granary.Grantee{g2, g1})
	if len(all) > 0 && pickOne(t, "near a grant", false, true, true, true) {
		g := rapid.SampledFrom(all).Draw(t, "the grant")
		q.Target = strings.TrimSuffix(g.Scope, "*") + simpleKey(t, "target", 2) + pickOne(t, "target star", "", "", "*")
		return q
	}
	q.Target = "s3://" + pickOne(t, "target bucket", "x", "x", "x", "xy", "y") + pickOne(t, "slash", "/", "/", "/", "/",
		"/",
		"/", "") + simpleKey(t, "target", 4) + pickOne(t, "target star", "", "", "*", "*", "**")
	return q
}

// TestMatcherAgainstReference checks that the matcher finds the same grant as the reference, for generated sets in
// every state of their layers.
func TestMatcherAgainstReference(t *testing.T) {
	counts := map[string]int{}
	asked := 0
	prove(t, 20_000, func(t *rapid.T) {
		var all, deleted []*granary.Grant
		n := 0
		draw := func() *granary.Grant { n++; return drawGrant(t, n) }
		for range pickOne(t, "loaded", 0, 3, 8, 8, 16, 24) {
			all = append(all, draw())
		}
		set := grants.Load(slices.Values(all))
		for range pickOne(t, "steps", 0, 3, 6, 12) {
			switch pickOne(t, "step", "put", "put", "delete", "freeze", "merge", "put back") {
			case "put":
				g := draw()
				all = append(all, g)
				set.Put(g)
				if rapid.Bool().Draw(t, "twice") {
					set.Put(g)
				}
			case "delete":
				if len(all) > 0 {
					i := rapid.IntRange(0, len(all)-1).Draw(t, "which")
					gone := all[i]
					all = slices.Delete(slices.Clone(all), i, i+1)
					deleted = append(deleted, gone)
					set.Delete(gone)
					set.Delete(gone)
					if set.Has(gone.Scope, gone.Object, gone.Grantee, gone.ID) {
						t.Fatalf("a deleted grant is still there: %+v", gone)
					}
				}
			case "put back":
				if len(deleted) > 0 {
					i := rapid.IntRange(0, len(deleted)-1).Draw(t, "which")
					all = append(all, deleted[i])
					set.Put(deleted[i])
					deleted = slices.Delete(deleted, i, i+1)
				}
			case "freeze":
				set.Freeze()
			case "merge":
				set.Merge()
			}
		}
		if set.Len() != len(all) {
			t.Fatalf("the set says it has %d grants, and has %d", set.Len(), len(all))
		}
		for _, g := range all {
			if !set.Has(g.Scope, g.Object, g.Grantee, g.ID) {
				t.Fatalf("the set does not know %+v", g)
			}
		}
		for _, g := range deleted {
			if set.Has(g.Scope, g.Object, g.Grantee, g.ID) {
				t.Fatalf("a deleted grant is still there: %+v", g)
			}
		}
		for range 3 {
			q := drawRequest(t, all)
			asked++
			throughAny(t, set, all, q)
			counts[compare(t, counts, set, all, q)]++
		}
		listed(t, set, all, drawRequest(t, nil).Who)
	})
	t.Logf("%d requests: %v", asked, counts)
	for _, what := range []string{"vended", "refused", "invalid", "of several"} {
		if counts[what]*40 < asked {
			t.Errorf("only %d of %d are %s: the generator proves little", counts[what], asked, what)
		}
	}
}

// answer asks the package under test.
func answer(set *grants.Set, q request) (v vended, m grants.Match, scope granary.Scope) {
	target, err := grants.ParseTarget(q.Target, q.Object)
	if err != nil {
		return vended{Refusal: "invalid: " + err.Error()}, m, scope
	}
	m, ok := set.Match(q.Who, q.App, target, q.Permission)
	if !ok {
		return vended{Refusal: "nothing covers it"}, m, scope
	}
	scope = grants.SessionScope(m, target, q.Minimal, q.Permission)
	return vended{Grant: &granary.Grant{ID: m.ID}, Scope: grants.MatchedTarget(scope), Exact: scope.Exact}, m, scope
}

func candidates(all []*granary.Grant, q request) (n int) {
	target, exact, _ := readTarget(q.Target, q.Object)
	for _, g := range all {
		if isCandidate(g, q, target, exact) {
			n++
		}
	}
	return n
}

// throughAny compares the methods that ignore applications, and Any.
func throughAny(t *rapid.T, set *grants.Set, all []*granary.Grant, q request) {
	unbound, some := []*granary.Grant{}, false
	for _, g := range all {
		h := *g
		if h.Application != "" {
			h.Application = "bound" // still before those that are not bound
		}
		unbound = append(unbound, &h)
		some = some || slices.Contains(q.Who, g.Grantee)
	}
	if set.Any(q.Who) != some {
		t.Fatalf("\n%s  the set says there is any: %v", q.story(all), !some)
	}
	target, err := grants.ParseTarget(q.Target, q.Object)
	if err != nil {
		return
	}
	q.App = "bound"
	want := vendKey(unbound, q)
	m, ok := set.MatchAny(q.Who, target, q.Permission)
	if ok != (want.Refusal == "") || ok && m.ID != want.Grant.ID {
		t.Fatalf("\n%s  through any application the reference: %s\n  the matcher: %v %+v", q.story(all), want, ok, m)
	}
}

func compare(t *rapid.T, counts map[string]int, set *grants.Set, all []*granary.Grant, q request) string {
	want := vendKey(all, q)
	got, m, scope := answer(set, q)
	invalid := strings.HasPrefix(want.Refusal, "invalid")
	switch {
	case invalid && strings.HasPrefix(got.Refusal, "invalid"):
		return "invalid"
	case want.Refusal == got.Refusal && want.Refusal != "":
		return "refused"
	case want.Refusal != "" || got.Refusal != "" || got.Grant.ID != want.Grant.ID || got.Scope != want.Scope ||
		got.Exact != want.Exact:
		t.Fatalf("\n%s  the reference: %s\n  the matcher:   %s", q.story(all), want, got)
	}
	g := want.Grant
	if n := candidates(all, q); n > 1 {
		counts["of several"]++
	}
	if m.Scope != g.Scope || m.Grantee != g.Grantee || m.Permission != g.Permission || m.Location != g.Location ||
		m.Application != g.Application || scope.Permission != q.Permission ||
		scope.Grant != g.ID || scope.GrantScope != g.Scope || scope.Grantee != g.Grantee {
		t.Fatalf("\n%s  the match %+v is not of the grant %+v", q.story(all), m, g)
	}
	if !set.Has(scope.GrantScope, scope.GrantObject, scope.Grantee, scope.Grant) {
		t.Fatalf("\n%s  the set does not know the grant that its key came from", q.story(all))
	}
	reach(t, q, want, scope)
	return "vended"
}

// reach compares what a key opens according to the reference, to Allows, and to the session policy.
func reach(t *rapid.T, q request, v vended, scope granary.Scope) {
	p, err := policy.Parse(policy.Session, grants.SessionPolicy(&scope))
	if err != nil {
		t.Fatalf("the session policy of %+v: %v", scope, err)
	}
	for range 4 {
		action := rapid.SampledFrom(slices.Concat(readObjects, writeObjects, readBucket, readBucket, readBucket,
			[]string{"s3:DeleteBucket", "s3:PutObjectTagging", "s3:GetDataAccess"})).Draw(t, "action")
		bucket := pickOne(t, "its bucket", scope.Bucket, scope.Bucket, scope.Bucket, "x", "xy")
		onBucket := slices.Contains(readBucket, action) || action == "s3:DeleteBucket"
		text := pickOne(t, "near", scope.Prefix, scope.Prefix, scope.Prefix, "", strings.TrimSuffix(scope.Prefix, "/"),
			strings.ReplaceAll(scope.Prefix, "?", "b")) + drawKey(t, "its key", 2)
		key, prefix := text, (*string)(nil)
		context, resource := policy.Values{}, "arn:aws:s3:::"+bucket+"/"+text
		if onBucket {
			key, resource = "", "arn:aws:s3:::"+bucket
			if pickOne(t, "with prefix", true, true, false) {
				prefix = &text
				context["s3:prefix"] = []string{text}
			}
		} else if key == "" {
			continue
		}
		want := opens(v.Scope, v.Exact, q.Permission, action, bucket, key, prefix)
		if got := grants.Allows(&scope, action, bucket, key, prefix); got != want {
			t.Fatalf("\na key of %s for %q: %s on %q/%q with prefix %v: the ceiling says %v, the reference %v", q.Permission,
				v.Scope, action, bucket, key, context["s3:prefix"], got, want)
		}
		allowAll, _ := policy.Parse(policy.Identity, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*",`+
			`"Resource":"*"}}`)
		d := policy.Evaluate(policy.Request{Caller: policy.Caller{Kind: policy.RoleSession, Account: "1"}, Action: action,
			Resource: resource, Owner: "1", Keys: context},
			policy.Set{Identity: []*policy.Policy{allowAll}, Sessions: [][]*policy.Policy{{p}}})
		if d.Allowed != want {
			t.Fatalf("\na key of %s for %q: %s on %q with prefix %v: the session policy says %v, the reference %v\n%s",
				q.Permission, v.Scope, action, resource, context["s3:prefix"], d.Allowed, want, grants.SessionPolicy(&scope))
		}
	}
}

// listed compares the list of a caller's grants: each once, in order.
func listed(t *rapid.T, set *grants.Set, all []*granary.Grant, who []granary.Grantee) {
	want := map[granary.GrantID]bool{}
	for _, g := range all {
		if slices.Contains(who, g.Grantee) {
			want[g.ID] = true
		}
	}
	list := set.ForGrantees(who)
	for i, m := range list {
		if !want[m.ID] {
			t.Fatalf("the grant %+v is listed for %v, twice or wrongly", m, who)
		}
		delete(want, m.ID)
		if i > 0 && (list[i-1].Scope > m.Scope || list[i-1].Scope == m.Scope && list[i-1].Permission > m.Permission) {
			t.Fatalf("%+v is listed after %+v", m, list[i-1])
		}
	}
	if len(want) > 0 {
		t.Fatalf("%v are not listed for %v", want, who)
	}
	looks(t, set, all, who)
}

// looks compares a caller's looks: each once, in order, from the end of the last page.
func looks(t *rapid.T, set *grants.Set, all []*granary.Grant, who []granary.Grantee) {
	begin := "s3://" + pickOne(t, "begin", "", "x", "x/", "x/a", "xy/a", "z")
	want := map[grants.Look]bool{}
	for _, g := range all {
		if slices.Contains(who, g.Grantee) && strings.HasPrefix(strings.TrimSuffix(g.Scope, "*"), begin) {
			want[grants.Look{Scope: g.Scope, Object: oneKey(g), Permission: g.Permission, Application: g.Application,
				IAM: g.Grantee.Type == granary.GranteeIAM}] = true
		}
	}
	page := rapid.IntRange(1, 4).Draw(t, "page")
	var last *grants.Look
	for more := true; more; {
		n := 0
		more = false
		set.Looks(who, begin, last, func(l grants.Look) bool {
			if more {
				t.Fatalf("%+v is shown after enough was said", l)
			}
			if n == page {
				more = true
				return false
			}
			n++
			if !want[l] {
				t.Fatalf("%+v is shown to %v below %q, twice or wrongly", l, who, begin)
			}
			if text := strings.TrimSuffix(l.Scope, "*"); last != nil && strings.TrimSuffix(last.Scope, "*") > text &&
				!last.Object && !l.Object {
				t.Fatalf("%+v is shown after %+v", l, last)
			}
			delete(want, l)
			last = &l
			return true
		})
	}
	if len(want) > 0 {
		t.Fatalf("%v are not shown to %v below %q", want, who, begin)
	}
}

// TestFewerGrantsNeverOpenMore checks that deleting a grant never lets a caller do more, and that adding one never
// takes a vended key away.
func TestFewerGrantsNeverOpenMore(t *testing.T) {
	lost := 0
	prove(t, 10_000, func(t *rapid.T) {
		var all []*granary.Grant
		for i := range pickOne(t, "grants", 1, 4, 8, 16) {
			all = append(all, drawGrant(t, i))
		}
		set := grants.Load(slices.Values(all))
		q := drawRequest(t, all)
		q.Minimal = true // under Default, the scope may grow when a narrower grant is deleted
		before, _, _ := answer(set, q)
		set.Delete(all[rapid.IntRange(0, len(all)-1).Draw(t, "gone")])
		after, _, _ := answer(set, q)
		switch {
		case before.Refusal != "" && after.Refusal == "", after.Refusal == "" && after.Scope != before.Scope:
			t.Fatalf("\n%s  before: %s\n  after:  %s", q.story(all), before, after)
		case before.Refusal == "" && after.Refusal != "":
			lost++
		}
	})
	if lost == 0 {
		t.Error("no deletion ever mattered")
	}
	t.Logf("%d vends were lost with their grant", lost)
}

// TestJoinAgainstReference compares the scope that a location and a sub-prefix make, and whether they make one.
func TestJoinAgainstReference(t *testing.T) {
	refused := 0
	prove(t, 10_000, func(t *rapid.T) {
		location := pickOne(t, "location", "s3://", "s3://bkt", "s3://bkt/", "s3://bkt/*", "s3://bkt/a", "s3://bkt/a/",
			"s3://bkt/a*", "s3://bkt/a/*", "s3://bkt//")
		sub := pickOne(t, "bucket part", "", "bkt/", "bkt", "b*", "/") + drawKey(t, "sub", 3) +
			pickOne(t, "star", "*", "", "**",
				"*x", "\n", "\u0085", strings.Repeat("é", 1990))
		object := rapid.Bool().Draw(t, "object")
		want := joinScope(location, sub, object)
		got, err := grants.Join(location, sub, object)
		if got != want || (err == nil) != (want != "") {
			t.Fatalf("%q + %q (object: %v): got %q %v, want %q", location, sub, object, got, err, want)
		}
		if err != nil {
			if !granary.Is(err, granary.Invalid) {
				t.Fatal(err)
			}
			refused++
		}
	})
	t.Logf("%d refused", refused)
}
