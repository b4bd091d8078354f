package grants

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"granary"
)

// Loader makes a set of many grants, given in any order. It does not keep the grants but converts each to a record at
// once.
type Loader struct {
	base    *base
	scopes  *texts   // "bucket/key", tagged as a prefix or as one key
	scopeOf []uint32 // number of each record's scope
}

const prefixTag, exactTag = 0, 1

// NewLoader returns an empty loader.
func NewLoader() *Loader { return &Loader{base: newBuilder(0).base, scopes: newTexts(0)} }

// Add adds a grant. It ignores a grant whose scope or id is malformed.
func (l *Loader) Add(g *granary.Grant) {
	p, ok := splitScope(g.Scope, g.Object)
	e, valid := newEntry(g)
	if !ok || !valid {
		return
	}
	tag, text := byte(exactTag), g.Scope[len(scheme):]
	if !p.exact {
		tag, text = prefixTag, text[:len(text)-1]
	}
	l.scopeOf = append(l.scopeOf, l.scopes.intern(tag, text))
	l.base.records = append(l.base.records, l.base.recordOf(&e))
}

// Set returns the set of all grants added. The loader must not be used after.
func (l *Loader) Set() *Set {
	order := make([]uint32, l.scopes.count())
	for i := range order {
		order[i] = uint32(i)
	}
	raw := func(n uint32) []byte { return l.scopes.bytes[l.scopes.offsets[n]:l.scopes.offsets[n+1]] }
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := raw(a), raw(b)
		return cmp.Or(bytes.Compare(x[1:], y[1:]), cmp.Compare(x[0], y[0]))
	})
	first := make([]uint32, l.scopes.count()+1) // by scope: where its records begin in sorted
	for _, n := range l.scopeOf {
		first[n+1]++
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	sorted := make([]uint32, len(l.scopeOf))
	next := slices.Clone(first)
	for i, n := range l.scopeOf {
		sorted[next[n]] = uint32(i)
		next[n]++
	}
	l.scopeOf = nil
	d := newBuilder(len(sorted))
	d.base.grantees, d.base.apps, d.base.locations = l.base.grantees, l.base.apps, l.base.locations
	for _, n := range order {
		text := raw(n)
		bucket, key, _ := strings.Cut(string(text[1:]), "/")
		d.beginScope(place{bucket, key, text[0] == exactTag})
		for _, i := range sorted[first[n]:first[n+1]] {
			d.addRecord(l.base.records[i])
		}
	}
	s := NewSet()
	s.base, s.size = d.finish(), len(sorted)
	return s
}
