package grants

import (
	"bytes"
	"cmp"
	"slices"
	"strings"

	"granary"
)

// Loader makes a set of many grants, which may come in any order. It keeps none of them: each becomes a record at once.
type Loader struct {
	b      *base
	scopes *texts   // "bucket/key", tagged as a prefix or as exactly one key
	of     []uint32 // by record: its scope
}

const prefixTag, exactTag = 0, 1

// NewLoader begins a set.
func NewLoader() *Loader { return &Loader{b: newBuilder(0).b, scopes: newTexts(0)} }

// Add takes a grant in. One whose scope or id is none of ours opens nothing.
func (l *Loader) Add(g *granary.Grant) {
	p, ok := split(g.Scope, g.Object)
	e, valid := newEntry(g)
	if !ok || !valid {
		return
	}
	tag, text := byte(exactTag), g.Scope[len(scheme):]
	if !p.exact {
		tag, text = prefixTag, text[:len(text)-1]
	}
	l.of = append(l.of, l.scopes.add(tag, text))
	l.b.records = append(l.b.records, l.b.number(&e))
}

// Set sorts what was added. The loader is of no more use.
func (l *Loader) Set() *Set {
	order := make([]uint32, l.scopes.len())
	for i := range order {
		order[i] = uint32(i)
	}
	raw := func(n uint32) []byte { return l.scopes.blob[l.scopes.off[n]:l.scopes.off[n+1]] }
	slices.SortFunc(order, func(a, b uint32) int {
		x, y := raw(a), raw(b)
		return cmp.Or(bytes.Compare(x[1:], y[1:]), cmp.Compare(x[0], y[0]))
	})
	first := make([]uint32, l.scopes.len()+1) // by scope: where its records begin in sorted
	for _, n := range l.of {
		first[n+1]++
	}
	for i := 1; i < len(first); i++ {
		first[i] += first[i-1]
	}
	sorted := make([]uint32, len(l.of))
	next := slices.Clone(first)
	for i, n := range l.of {
		sorted[next[n]] = uint32(i)
		next[n]++
	}
	l.of = nil
	d := newBuilder(len(sorted))
	d.b.people, d.b.apps, d.b.locations = l.b.people, l.b.apps, l.b.locations
	for _, n := range order {
		text := raw(n)
		bucket, key, _ := strings.Cut(string(text[1:]), "/")
		d.scope(place{bucket, key, text[0] == exactTag})
		for _, i := range sorted[first[n]:first[n+1]] {
			d.add(l.b.records[i])
		}
	}
	s := NewSet()
	s.base, s.size = d.finish(), len(sorted)
	return s
}
