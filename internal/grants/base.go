package grants

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

	"granary"
)

// record is one grant within its scope: 40 bytes.
type record struct {
	id         [16]byte
	created    int64  // nanoseconds since 1970
	who        uint32 // number in people
	app        uint32 // number in apps; 0 is none
	location   uint32
	print      uint16 // of the grantee's hash
	permission granary.Permission
}

// base is all grants of an instance at a time, immutable. Scopes are sorted by bucket, text, and prefix before exact; each
// knows the longest prefix scope it lies in. So a target's covering scopes are the last scope not after it, and that
// one's ancestors.
type base struct {
	people, apps, locations, buckets *texts
	first                            []uint32 // by bucket number: its scopes are first[b] to last[b]
	last                             []uint32
	text                             []byte   // scopes' texts, after another
	off                              []uint64 // scopes+1
	exact                            []bool
	parent                           []int32
	start                            []uint32 // scopes+1: the scope's records, sorted by who
	records                          []record
	byWho                            []uint32 // record numbers, grouped by who
	whoStart                         []uint32 // people+1
}

func (b *base) scopeText(s int) []byte { return b.text[b.off[s]:b.off[s+1]] }

// builder takes scopes in order and makes a base of them.
type builder struct {
	b      *base
	bucket string
	stack  []int32 // prefix scopes that the next scope may lie in
}

func newBuilder(n int) *builder {
	b := &base{people: newTexts(n / 8), apps: newTexts(1), locations: newTexts(1), buckets: newTexts(1), off: []uint64{0}, start: []uint32{0},
		records: make([]record, 0, n)}
	b.apps.add(0, "")
	return &builder{b: b}
}

// scope begins a scope; its records follow.
func (d *builder) scope(p place) {
	b := d.b
	n := len(b.parent)
	d.close()
	if n == 0 || p.bucket != d.bucket {
		d.bucket, d.stack = p.bucket, d.stack[:0]
		b.buckets.add(0, p.bucket)
		b.first, b.last = append(b.first, uint32(n)), append(b.last, uint32(n))
	}
	for len(d.stack) > 0 && !bytes.HasPrefix([]byte(p.text), b.scopeText(int(d.stack[len(d.stack)-1]))) {
		d.stack = d.stack[:len(d.stack)-1]
	}
	parent := int32(-1)
	if len(d.stack) > 0 {
		parent = d.stack[len(d.stack)-1]
	}
	b.text = append(b.text, p.text...)
	b.off = append(b.off, uint64(len(b.text)))
	b.exact, b.parent = append(b.exact, p.exact), append(b.parent, parent)
	b.last[len(b.last)-1] = uint32(n + 1)
	if !p.exact {
		d.stack = append(d.stack, int32(n))
	}
}

// close ends the scope under way.
func (d *builder) close() {
	b := d.b
	if len(b.parent) < len(b.start) {
		return
	}
	slices.SortFunc(b.records[b.start[len(b.start)-1]:], func(x, y record) int {
		return cmp.Or(cmp.Compare(x.print, y.print), cmp.Compare(x.who, y.who), bytes.Compare(x.id[:], y.id[:]))
	})
	b.start = append(b.start, uint32(len(b.records)))
}

// add appends a record whose numbers are this base's.
func (d *builder) add(r record) { d.b.records = append(d.b.records, r) }

// number makes a record of an entry.
func (b *base) number(e *entry) record {
	return record{e.id, e.created, b.people.add(byte(e.grantee.Type), e.grantee.ID), b.apps.add(0, string(e.app)),
		b.locations.add(0, string(e.location)), fingerprint(e.grantee), e.permission}
}

func (d *builder) finish() *base {
	d.close()
	b := d.b
	b.whoStart = make([]uint32, b.people.len()+1)
	for i := range b.records {
		b.whoStart[b.records[i].who+1]++
	}
	for i := 1; i < len(b.whoStart); i++ {
		b.whoStart[i] += b.whoStart[i-1]
	}
	b.byWho = make([]uint32, len(b.records))
	next := slices.Clone(b.whoStart)
	for i := range b.records {
		w := b.records[i].who
		b.byWho[next[w]] = uint32(i)
		next[w]++
	}
	for _, t := range []*texts{b.people, b.apps, b.locations, b.buckets} {
		t.trim()
	}
	b.text, b.off, b.start = exactly(b.text), exactly(b.off), exactly(b.start)
	b.exact, b.parent, b.records = exactly(b.exact), exactly(b.parent), exactly(b.records)
	return b
}

// exactly is the list without what appending left over, which is up to a quarter.
func exactly[T any](list []T) []T {
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}

// locate is the last scope of the bucket that is not after the place, or -1.
func (b *base) locate(p place) int {
	n, ok := b.buckets.find(0, p.bucket)
	if !ok {
		return -1
	}
	first, last := int(b.first[n]), int(b.last[n])
	i := sort.Search(last-first, func(i int) bool {
		s := first + i
		text := b.scopeText(s)
		return string(text) > p.text || string(text) == p.text && b.exact[s] && !p.exact // conversions that do not allocate
	})
	if i == 0 {
		return -1
	}
	return first + i - 1
}

// find is the scope that is exactly the place, or -1.
func (b *base) find(p place) int {
	s := b.locate(p)
	if s >= 0 && b.exact[s] == p.exact && string(b.scopeText(s)) == p.text {
		return s
	}
	return -1
}

// covering calls fn with each scope that covers the target, narrowest first, until fn returns false.
func (b *base) covering(t place, fn func(scope int) bool) {
	for s := b.locate(t); s >= 0; s = int(b.parent[s]) {
		text := b.scopeText(s)
		if b.exact[s] {
			if !t.exact || string(text) != t.text {
				continue
			}
		} else if len(text) > len(t.text) || string(text) != t.text[:len(text)] {
			continue
		}
		if !fn(s) {
			return
		}
	}
}

// of calls fn with the scope's records of the callers, found by fingerprint: a list that is not long is read through, a long one
// searched. Looking each caller up among all people there are would cost more than all else here.
func (b *base) of(scope int, w *wanted, fn func(*record)) {
	list := b.records[b.start[scope]:b.start[scope+1]]
	if len(list) <= 8*len(w.identities) {
		for i := range list {
			if r := &list[i]; w.may(r.print) && w.has(b.people, r.who) {
				fn(r)
			}
		}
		return
	}
	for n := range w.identities {
		g, print := &w.identities[n], w.prints[n]
		for i := sort.Search(len(list), func(i int) bool { return list[i].print >= print }); i < len(list) && list[i].print == print; i++ {
			if b.people.is(list[i].who, byte(g.Type), g.ID) {
				fn(&list[i])
			}
		}
	}
}

// wanted are the callers of a look-up, distinct.
type wanted struct {
	identities []granary.Grantee
	prints     []uint16
	bits       [64]uint64 // of fingerprints
}

func newWanted(identities []granary.Grantee) *wanted {
	w := &wanted{identities: identities, prints: make([]uint16, len(identities))}
	for i, g := range identities {
		w.prints[i] = fingerprint(g)
		p := w.prints[i] % 4096
		w.bits[p/64] |= 1 << (p % 64)
	}
	return w
}

func fingerprint(g granary.Grantee) uint16 {
	return uint16(hash(byte(g.Type), g.ID) >> 48)
}

// may is false for nearly all who are not wanted, and true for all who are.
func (w *wanted) may(print uint16) bool {
	print %= 4096
	return w.bits[print/64]&(1<<(print%64)) != 0
}

func (w *wanted) has(people *texts, who uint32) bool {
	for i := range w.identities {
		if people.is(who, byte(w.identities[i].Type), w.identities[i].ID) {
			return true
		}
	}
	return false
}

// numbers are the callers' numbers, sorted; who has no grant has none.
func (b *base) numbers(identities []granary.Grantee) []uint32 {
	out := make([]uint32, 0, len(identities))
	for _, g := range identities {
		if n, ok := b.people.find(byte(g.Type), g.ID); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// kind is what sort of grantee a number stands for.
func (b *base) kind(who uint32) granary.GranteeType {
	return granary.GranteeType(b.people.blob[b.people.off[who]])
}

// entry is a record spelled out.
func (b *base) entry(r *record) entry {
	who := b.people.at(r.who)
	return entry{id: r.id, grantee: granary.Grantee{Type: granary.GranteeType(who[0]), ID: who[1:]}, permission: r.permission,
		location: granary.LocationID(b.locations.at(r.location)[1:]), app: granary.ARN(b.apps.at(r.app)[1:]), created: r.created}
}

// place is a scope spelled out.
func (b *base) place(scope int) place {
	n := sort.Search(len(b.last), func(i int) bool { return b.last[i] > uint32(scope) })
	return place{b.buckets.at(uint32(n))[1:], string(b.scopeText(scope)), b.exact[scope]}
}

// scopeOf is the scope of a record.
func (b *base) scopeOf(r uint32) int {
	return sort.Search(len(b.start), func(i int) bool { return b.start[i] > r }) - 1
}
