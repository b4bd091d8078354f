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

// overlay is what changed since a base: grants added, and ids of grants below that are gone.
type overlay struct {
	added map[place][]entry
	sizes map[string]map[int]int // bucket → length of a prefix scope's text → how many there are
	gone  map[[16]byte]struct{}
	who   map[granary.Grantee]int // how many grants were added of each
	n     int                     // grants added
}

func newOverlay() *overlay {
	return &overlay{added: map[place][]entry{}, sizes: map[string]map[int]int{}, who: map[granary.Grantee]int{}, gone: map[[16]byte]struct{}{}}
}

func (o *overlay) put(p place, e entry) {
	if len(o.added[p]) == 0 && !p.exact {
		if o.sizes[p.bucket] == nil {
			o.sizes[p.bucket] = map[int]int{}
		}
		o.sizes[p.bucket][len(p.text)]++
	}
	o.added[p] = append(o.added[p], e)
	o.who[e.grantee]++
	o.n++
}

// remove takes a grant out; false when it is not in this layer.
func (o *overlay) remove(p place, id [16]byte) bool {
	list := o.added[p]
	i := slices.IndexFunc(list, func(e entry) bool { return e.id == id })
	if i < 0 {
		return false
	}
	if o.who[list[i].grantee]--; o.who[list[i].grantee] == 0 {
		delete(o.who, list[i].grantee)
	}
	o.n--
	if len(list) > 1 {
		o.added[p] = slices.Delete(slices.Clone(list), i, i+1)
		return true
	}
	delete(o.added, p)
	if !p.exact {
		if o.sizes[p.bucket][len(p.text)]--; o.sizes[p.bucket][len(p.text)] == 0 {
			delete(o.sizes[p.bucket], len(p.text))
		}
	}
	return true
}

func (o *overlay) has(p place, id [16]byte) bool {
	return slices.ContainsFunc(o.added[p], func(e entry) bool { return e.id == id })
}

// covering calls fn with each place that covers the target, and its grants.
func (o *overlay) covering(t place, fn func(place, []entry)) {
	if o.n == 0 {
		return
	}
	if t.exact {
		if list := o.added[t]; len(list) > 0 {
			fn(t, list)
		}
	}
	for n := range o.sizes[t.bucket] {
		if n <= len(t.text) {
			p := place{t.bucket, t.text[:n], false}
			if list := o.added[p]; len(list) > 0 {
				fn(p, list)
			}
		}
	}
}
