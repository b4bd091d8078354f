package grants

import (
	"slices"

	"granary"
)

// entry is one grant without its scope.
type entry struct {
	id         [16]byte
	grantee    granary.Grantee
	permission granary.Permission
	location   granary.LocationID
	app        granary.ARN
	created    int64 // nanoseconds since 1970
}

// spot is a scope and a grantee.
type spot struct {
	place
	grantee granary.Grantee
}

// overlay holds the changes since a base: the grants added, and the ids of those removed from the layers below.
type overlay struct {
	entries       map[spot][]entry
	places        map[place]int               // number of spots of a scope
	prefixLengths map[string]map[int]int      // bucket → length of a prefix scope's text → number of such scopes
	placesOf      map[granary.Grantee][]place // scopes in which a grantee has grants
	removed       map[[16]byte]struct{}
	added         int // number of entries
}

func newOverlay() *overlay {
	return &overlay{entries: map[spot][]entry{}, places: map[place]int{}, prefixLengths: map[string]map[int]int{},
		placesOf: map[granary.Grantee][]place{}, removed: map[[16]byte]struct{}{}}
}

// addEntry adds a grant to a scope.
func (o *overlay) addEntry(p place, e entry) {
	at := spot{p, e.grantee}
	if len(o.entries[at]) == 0 {
		if o.places[p]++; o.places[p] == 1 && !p.exact {
			if o.prefixLengths[p.bucket] == nil {
				o.prefixLengths[p.bucket] = map[int]int{}
			}
			o.prefixLengths[p.bucket][len(p.text)]++
		}
		o.placesOf[e.grantee] = append(o.placesOf[e.grantee], p)
	}
	o.entries[at] = append(o.entries[at], e)
	o.added++
}

// remove removes a grant and reports whether it was in this layer.
func (o *overlay) remove(at spot, id [16]byte) bool {
	list := o.entries[at]
	i := slices.IndexFunc(list, func(e entry) bool { return e.id == id })
	if i < 0 {
		return false
	}
	o.added--
	if len(list) > 1 {
		o.entries[at] = slices.Delete(slices.Clone(list), i, i+1)
		return true
	}
	delete(o.entries, at)
	o.placesOf[at.grantee] = slices.DeleteFunc(o.placesOf[at.grantee], func(p place) bool { return p == at.place })
	if len(o.placesOf[at.grantee]) == 0 {
		delete(o.placesOf, at.grantee)
	}
	if o.places[at.place]--; o.places[at.place] > 0 {
		return true
	}
	delete(o.places, at.place)
	if !at.exact {
		if o.prefixLengths[at.bucket][len(at.text)]--; o.prefixLengths[at.bucket][len(at.text)] == 0 {
			delete(o.prefixLengths[at.bucket], len(at.text))
		}
	}
	return true
}

func (o *overlay) contains(at spot, id [16]byte) bool {
	return slices.ContainsFunc(o.entries[at], func(e entry) bool { return e.id == id })
}

// eachCovering calls fn with each scope that covers the target, in no order. It looks up the target's prefixes, but
// only of lengths that occur.
func (o *overlay) eachCovering(t place, fn func(place)) {
	if o.added == 0 {
		return
	}
	if t.exact && o.places[t] > 0 {
		fn(t)
	}
	for n := range o.prefixLengths[t.bucket] {
		if n <= len(t.text) {
			if p := (place{t.bucket, t.text[:n], false}); o.places[p] > 0 {
				fn(p)
			}
		}
	}
}
