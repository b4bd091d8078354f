package grants

import (
	"bytes"
	"cmp"
	"slices"
	"sort"

	"granary"
)

// record is one grant of a scope, in 40 bytes without pointers.
type record struct {
	id         [16]byte
	created    int64  // nanoseconds since 1970
	grantee    uint32 // number in base.grantees
	app        uint32 // number in base.apps; 0 is none
	location   uint32
	print      uint16 // 16 bits of the grantee's hash
	permission granary.Permission
}

// base holds all grants of an instance at one time. It is immutable. Scopes are sorted by bucket and text, a prefix
// before the exact key of the same text, and each knows its parent: the longest prefix scope that contains it. So the
// scopes that cover a target are the last scope not after the target, and its ancestors.
type base struct {
	grantees, apps, locations, buckets *texts
	first                              []uint32 // by bucket number: its scopes are first[b] to last[b]-1
	last                               []uint32
	text                               []byte   // texts of the scopes, one after another
	offsets                            []uint64 // offsets in text, one for each scope, plus one
	exact                              []bool
	parent                             []int32
	start                              []uint32 // one for each scope, plus one: its records, sorted by fingerprint
	records                            []record
	byGrantee                          []uint32 // record numbers, grouped by grantee
	granteeStart                       []uint32 // one for each grantee, plus one
}

func (b *base) scopeText(s int) []byte { return b.text[b.offsets[s]:b.offsets[s+1]] }

// builder makes a base from scopes in their order, each followed by its records.
type builder struct {
	base   *base
	bucket string
	stack  []int32 // prefix scopes that may contain the next scope, innermost last
}

func newBuilder(n int) *builder {
	b := &base{grantees: newTexts(n / 8), apps: newTexts(1), locations: newTexts(1), buckets: newTexts(1),
		offsets: []uint64{0}, start: []uint32{0}, records: make([]record, 0, n)}
	b.apps.intern(0, "")
	return &builder{base: b}
}

// beginScope begins the next scope.
func (d *builder) beginScope(p place) {
	b := d.base
	n := len(b.parent)
	d.endScope()
	if n == 0 || p.bucket != d.bucket {
		d.bucket, d.stack = p.bucket, d.stack[:0]
		b.buckets.intern(0, p.bucket)
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
	b.offsets = append(b.offsets, uint64(len(b.text)))
	b.exact, b.parent = append(b.exact, p.exact), append(b.parent, parent)
	b.last[len(b.last)-1] = uint32(n + 1)
	if !p.exact {
		d.stack = append(d.stack, int32(n))
	}
}

// endScope sorts the records of the scope that was begun last.
func (d *builder) endScope() {
	b := d.base
	if len(b.parent) < len(b.start) {
		return
	}
	slices.SortFunc(b.records[b.start[len(b.start)-1]:], func(x, y record) int {
		return cmp.Or(cmp.Compare(x.print, y.print), cmp.Compare(x.grantee, y.grantee), bytes.Compare(x.id[:], y.id[:]))
	})
	b.start = append(b.start, uint32(len(b.records)))
}

// addRecord appends a record to the scope that was begun last. The record's numbers must be those of this base.
func (d *builder) addRecord(r record) { d.base.records = append(d.base.records, r) }

// recordOf converts an entry to a record.
func (b *base) recordOf(e *entry) record {
	return record{e.id, e.created, b.grantees.intern(byte(e.grantee.Type), e.grantee.ID), b.apps.intern(0, string(e.app)),
		b.locations.intern(0, string(e.location)), fingerprint(e.grantee), e.permission}
}

// finish returns the base. The builder must not be used after.
func (d *builder) finish() *base {
	d.endScope()
	b := d.base
	b.granteeStart = make([]uint32, b.grantees.count()+1)
	for i := range b.records {
		b.granteeStart[b.records[i].grantee+1]++
	}
	for i := 1; i < len(b.granteeStart); i++ {
		b.granteeStart[i] += b.granteeStart[i-1]
	}
	b.byGrantee = make([]uint32, len(b.records))
	next := slices.Clone(b.granteeStart)
	for i := range b.records {
		w := b.records[i].grantee
		b.byGrantee[next[w]] = uint32(i)
		next[w]++
	}
	for _, t := range []*texts{b.grantees, b.apps, b.locations, b.buckets} {
		t.trimTexts()
	}
	b.text, b.offsets, b.start = trimCapacity(b.text), trimCapacity(b.offsets), trimCapacity(b.start)
	b.exact, b.parent, b.records = trimCapacity(b.exact), trimCapacity(b.parent), trimCapacity(b.records)
	return b
}

// trimCapacity returns the list without the unused capacity, which can be a quarter of it.
func trimCapacity[T any](list []T) []T {
	if cap(list) == len(list) {
		return list
	}
	return append(make([]T, 0, len(list)), list...)
}

// lastScopeUpTo returns the last scope of the bucket that is not after p in the order of scopes, or -1.
func (b *base) lastScopeUpTo(p place) int {
	n, ok := b.buckets.findNumber(0, p.bucket)
	if !ok {
		return -1
	}
	first, last := int(b.first[n]), int(b.last[n])
	i := sort.Search(last-first, func(i int) bool {
		s := first + i
		text := b.scopeText(s)
		return string(text) > p.text || string(text) == p.text && b.exact[s] && !p.exact // these conversions do not allocate
	})
	if i == 0 {
		return -1
	}
	return first + i - 1
}

// findScope returns the scope that is exactly p, or -1.
func (b *base) findScope(p place) int {
	s := b.lastScopeUpTo(p)
	if s >= 0 && b.exact[s] == p.exact && string(b.scopeText(s)) == p.text {
		return s
	}
	return -1
}

// eachCovering calls fn with each scope that covers the target, narrowest first, until fn returns false.
func (b *base) eachCovering(t place, fn func(scope int) bool) {
	for s := b.lastScopeUpTo(t); s >= 0; s = int(b.parent[s]) {
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

// eachRecordOf calls fn with those of the scope's records that belong to one of the callers. It reads a short list and
// searches a long one by fingerprint. To look up each caller in base.grantees would cost more than everything else in a
// match.
func (b *base) eachRecordOf(scope int, w *callerSet, fn func(*record)) {
	list := b.records[b.start[scope]:b.start[scope+1]]
	if len(list) <= 8*len(w.identities) {
		for i := range list {
			if r := &list[i]; w.mayHave(r.print) && w.contains(b.grantees, r.grantee) {
				fn(r)
			}
		}
		return
	}
	for n := range w.identities {
		g, print := &w.identities[n], w.prints[n]
		for i := sort.Search(len(list), func(i int) bool { return list[i].print >= print }); i < len(list) &&
			list[i].print == print; i++ {
			if b.grantees.equals(list[i].grantee, byte(g.Type), g.ID) {
				fn(&list[i])
			}
		}
	}
}

// callerSet is the set of identities of a look-up, without duplicates, with a Bloom filter of their fingerprints.
type callerSet struct {
	identities []granary.Grantee
	prints     []uint16
	bits       [64]uint64 // the filter: one bit for each fingerprint modulo 4096
}

func newCallerSet(identities []granary.Grantee) *callerSet {
	w := &callerSet{identities: identities, prints: make([]uint16, len(identities))}
	for i, g := range identities {
		w.prints[i] = fingerprint(g)
		p := w.prints[i] % 4096
		w.bits[p/64] |= 1 << (p % 64)
	}
	return w
}

func fingerprint(g granary.Grantee) uint16 {
	return uint16(hashText(byte(g.Type), g.ID) >> 48)
}

// mayHave reports whether an identity in the set may have the fingerprint. It is false for most grantees that are not
// in the set, and true for all that are.
func (w *callerSet) mayHave(print uint16) bool {
	print %= 4096
	return w.bits[print/64]&(1<<(print%64)) != 0
}

// contains reports whether a grantee is in the set.
func (w *callerSet) contains(people *texts, who uint32) bool {
	for i := range w.identities {
		if people.equals(who, byte(w.identities[i].Type), w.identities[i].ID) {
			return true
		}
	}
	return false
}

// granteeNumbers returns the sorted numbers of those identities that have grants.
func (b *base) granteeNumbers(identities []granary.Grantee) []uint32 {
	out := make([]uint32, 0, len(identities))
	for _, g := range identities {
		if n, ok := b.grantees.findNumber(byte(g.Type), g.ID); ok {
			out = append(out, n)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// granteeType returns the type of a grantee.
func (b *base) granteeType(who uint32) granary.GranteeType {
	return granary.GranteeType(b.grantees.bytes[b.grantees.offsets[who]])
}

// entryOf returns a record's fields as values.
func (b *base) entryOf(r *record) entry {
	who := b.grantees.textAt(r.grantee)
	return entry{id: r.id, grantee: granary.Grantee{Type: granary.GranteeType(who[0]), ID: who[1:]},
		permission: r.permission,
		location:   granary.LocationID(b.locations.textAt(r.location)[1:]), app: granary.ARN(b.apps.textAt(r.app)[1:]),
		created: r.created}
}

// placeOf returns a scope's bucket and text.
func (b *base) placeOf(scope int) place {
	n := sort.Search(len(b.last), func(i int) bool { return b.last[i] > uint32(scope) })
	return place{b.buckets.textAt(uint32(n))[1:], string(b.scopeText(scope)), b.exact[scope]}
}

// scopeOf returns the scope of a record.
func (b *base) scopeOf(r uint32) int {
	return sort.Search(len(b.start), func(i int) bool { return b.start[i] > r }) - 1
}
