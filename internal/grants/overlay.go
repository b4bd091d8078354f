package grants

import (
	"slices"

	"granary"
)

// entry is one grant, without its scope.
type entry struct {
	id         [16]byte
	grantee    granary.Grantee
	permission granary.Permission
	location   granary.LocationID
	app        granary.ARN
	created    int64 // nanoseconds since 1970: of two equal grants the older decides
}

// spot is where a grantee has grants.
type spot struct {
	place
	who granary.Grantee
}

// overlay is what changed since a base: grants added, and ids of grants below that are gone.
type overlay struct {
	added  map[spot][]entry
	places map[place]int               // how many spots a place has
	sizes  map[string]map[int]int      // bucket → length of a prefix scope's text → how many places there are
	mine   map[granary.Grantee][]place // where a grantee has spots
	gone   map[[16]byte]struct{}
	n      int // grants added
}

func newOverlay() *overlay {
	return &overlay{added: map[spot][]entry{}, places: map[place]int{}, sizes: map[string]map[int]int{}, mine: map[granary.Grantee][]place{}, gone: map[[16]byte]struct{}{}}
}

func (o *overlay) put(p place, e entry) {
	at := spot{p, e.grantee}
	if len(o.added[at]) == 0 {
		if o.places[p]++; o.places[p] == 1 && !p.exact {
			if o.sizes[p.bucket] == nil {
				o.sizes[p.bucket] = map[int]int{}
			}
			o.sizes[p.bucket][len(p.text)]++
		}
		o.mine[e.grantee] = append(o.mine[e.grantee], p)
	}
	o.added[at] = append(o.added[at], e)
	o.n++
}

// remove takes a grant out; false when it is not in this layer.
func (o *overlay) remove(at spot, id [16]byte) bool {
	list := o.added[at]
	i := slices.IndexFunc(list, func(e entry) bool { return e.id == id })
	if i < 0 {
		return false
	}
	o.n--
	if len(list) > 1 {
		o.added[at] = slices.Delete(slices.Clone(list), i, i+1)
		return true
	}
	delete(o.added, at)
	if o.mine[at.who] = slices.DeleteFunc(o.mine[at.who], func(p place) bool { return p == at.place }); len(o.mine[at.who]) == 0 {
		delete(o.mine, at.who)
	}
	if o.places[at.place]--; o.places[at.place] > 0 {
		return true
	}
	delete(o.places, at.place)
	if !at.exact {
		if o.sizes[at.bucket][len(at.text)]--; o.sizes[at.bucket][len(at.text)] == 0 {
			delete(o.sizes[at.bucket], len(at.text))
		}
	}
	return true
}

func (o *overlay) has(at spot, id [16]byte) bool {
	return slices.ContainsFunc(o.added[at], func(e entry) bool { return e.id == id })
}

// covering calls fn with each place that covers the target.
func (o *overlay) covering(t place, fn func(place)) {
	if o.n == 0 {
		return
	}
	if t.exact && o.places[t] > 0 {
		fn(t)
	}
	for n := range o.sizes[t.bucket] {
		if n <= len(t.text) {
			if p := (place{t.bucket, t.text[:n], false}); o.places[p] > 0 {
				fn(p)
			}
		}
	}
}
