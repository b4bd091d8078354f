package bench

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"time"

	"granary"
	"granary/internal/grants"
)

// Matcher is what the grant matcher alone does with a number of grants, without any server.
type Matcher struct {
	Grants       int
	Loaded       time.Duration // from grants in any order to the first look-up
	BytesPer     float64       // of memory a grant
	P50, P99     time.Duration // of a look-up for a caller in 50 groups
	Change, Page time.Duration // until an added grant is matched; of a page of 1000 of a caller's grants
	Allocated    float64       // bytes a look-up
	Found        int           // look-ups that found a grant
}

const (
	callerGroups = 50
	lookups      = 100_000
)

// identityID is an id as identity stores make them, 47 characters.
func identityID(n int) string {
	return fmt.Sprintf("9067%06x-%08x-%04x-70%02x-%04x-%012x", n&0xffffff, n*2654435761&0xffffffff, n&0xffff, n&0xff,
		n*40503&0xffff, n)
}

func identity(kind granary.GranteeType, n int) granary.Grantee {
	return granary.Grantee{Type: kind, ID: identityID(n)}
}

// grantNumber is one of n grants: a few for whole buckets, more for teams, most for projects; two in three to groups.
func grantNumber(r *rand.Rand, i, n int) *granary.Grant {
	bucket, team := i%64, i/64%2000
	g := &granary.Grant{ID: granary.GrantID(granary.UUID()), Location: "default", Permission: granary.Permission(1 + i%3),
		Created: time.Unix(1_700_000_000+int64(i), 0)}
	switch {
	case i%1000 == 0:
		g.Scope = fmt.Sprintf("s3://larkspur-data-%d/*", bucket)
	case i%10 == 0:
		g.Scope = fmt.Sprintf("s3://larkspur-data-%d/team-%d/*", bucket, team)
	default:
		g.Scope = fmt.Sprintf("s3://larkspur-data-%d/team-%d/project-%d/*", bucket, team, i/128000)
	}
	if g.Grantee = identity(granary.GranteeGroup, r.IntN(n/100+100)); i%3 == 0 {
		g.Grantee = identity(granary.GranteeUser, r.IntN(n/10+10))
	}
	return g
}

func heap() float64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// MeasureMatcher loads a number of grants and asks for callers in 50 groups each.
func MeasureMatcher(n int) Matcher {
	m := Matcher{Grants: n}
	r := rand.New(rand.NewPCG(1, uint64(n)))
	before := heap()
	load := grants.NewLoader()
	batch := make([]*granary.Grant, 0, 1000)
	for i := range n {
		if batch = append(batch, grantNumber(r, i, n)); len(batch) == cap(batch) || i == n-1 {
			began := time.Now()
			for _, g := range batch {
				load.Add(g)
			}
			m.Loaded += time.Since(began)
			batch = batch[:0]
		}
	}
	began := time.Now()
	set := load.Set()
	m.Loaded += time.Since(began)
	batch = nil
	m.BytesPer = (heap() - before) / float64(n)

	callers := make([][]granary.Grantee, 1000)
	for i := range callers {
		callers[i] = append(callers[i], identity(granary.GranteeUser, r.IntN(n/10+10)))
		for range callerGroups {
			callers[i] = append(callers[i], identity(granary.GranteeGroup, r.IntN(n/100+100)))
		}
	}
	targets := make([]grants.Target, 4096)
	for i := range targets {
		targets[i], _ = grants.ParseTarget(fmt.Sprintf("s3://larkspur-data-%d/team-%d/project-%d/2026/report.csv", r.IntN(64),
			r.IntN(2000), r.IntN(n/128000+1)), true)
	}
	took := make([]time.Duration, lookups)
	var a, b runtime.MemStats
	runtime.ReadMemStats(&a)
	for i := range took {
		t := targets[i%len(targets)]
		began := time.Now()
		_, ok := set.Match(callers[i%len(callers)], "", t, granary.Read)
		if took[i] = time.Since(began); ok {
			m.Found++
		}
	}
	runtime.ReadMemStats(&b)
	m.Allocated = float64(b.TotalAlloc-a.TotalAlloc) / lookups
	slices.Sort(took)
	m.P50, m.P99 = took[lookups/2], took[lookups*99/100]
	m.Change = changes(set, callers)
	began = time.Now()
	seen := 0
	set.Looks(callers[0], "", nil, func(grants.Look) bool { seen++; return seen < 1000 })
	m.Page = time.Since(began)
	return m
}

// changes adds and deletes grants, each of which must be in effect at once; the time is that of one addition with its
// look-up.
func changes(set *grants.Set, callers [][]granary.Grantee) time.Duration {
	const n = 2000
	began := time.Now()
	for i := range n {
		g := &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: fmt.Sprintf("s3://larkspur-new/%d/*", i),
			Grantee: callers[i%len(callers)][1], Permission: granary.Read, Location: "default"}
		t, _ := grants.ParseTarget(fmt.Sprintf("s3://larkspur-new/%d/x", i), true)
		set.Put(g)
		if _, ok := set.Match(callers[i%len(callers)], "", t, granary.Read); !ok {
			panic("bench: a grant that was added is not in effect")
		}
		if i%2 == 0 {
			set.Delete(g)
			if _, ok := set.Match(callers[i%len(callers)], "", t, granary.Read); ok {
				panic("bench: a grant that was deleted is in effect")
			}
		}
	}
	return time.Since(began) / n
}
