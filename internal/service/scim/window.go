package scim

import (
	"slices"
	"strings"

	"granary/internal/store"
)

// window collects what a list answers with. What is to be ordered first is noted by its place alone: it is read again
// when it is shown.
type window struct {
	*listing
	total   int
	found   []item
	shelf   int // that is gone through now
	entries []entry
	keys    int // bytes of their keys
}

// entry is a resource that matches, before all are put in order.
type entry struct {
	place store.Place
	key   string
	shelf int
}

// skim takes the window of a list that has no filter, without reading what comes before it.
func (w *window) skim(tx *store.Tx, s *shelf) error {
	n, err := s.count(tx)
	if err != nil {
		return err
	}
	from := max(w.start-1-w.total, 0)
	w.total += n
	if want := w.count - len(w.found); want > 0 && from < n {
		list, err := s.window(tx, from, want)
		w.found = append(w.found, list...)
		return err
	}
	return nil
}

// shows reports whether the next that matches is in the answer.
func (w *window) shows() bool {
	return w.paged || w.total+1 >= w.start && len(w.found) < w.count
}

// take is offered what matches, in order; it says whether it wants more.
func (w *window) take(i item) (more bool) {
	show := w.shows()
	if w.total++; show {
		w.found = append(w.found, i)
	}
	return !w.paged || len(w.found) <= w.count
}

// note keeps the place of a resource that matches, and the value that it is ordered by.
func (w *window) note(i item, o object) error {
	e := entry{place: i.place(), shelf: w.shelf}
	if w.sort != nil {
		if v := w.sort.values(o); len(v) > 0 {
			if e.key = v[0]; !exact[strings.ToLower(w.sort.attr)] {
				e.key = store.Fold(e.key)
			}
		}
		w.keys += len(e.key)
		if w.total++; w.total > maxSorted || w.keys > maxKeys {
			return invalid("tooMany", "More than 200000 resources match, too many to sort: narrow the filter, or leave "+
				"sortBy out.")
		}
	}
	if w.entries = append(w.entries, e); len(w.entries) > maxFound {
		return invalid("tooMany", "More than a million resources match: narrow the filter.")
	}
	return nil
}

// order puts what was noted in order, and reads the window of it.
func (w *window) order(tx *store.Tx, shelves []*shelf) error {
	slices.SortFunc(w.entries, func(a, b entry) int {
		n := compareKeys(a.key, b.key)
		if w.down {
			n = -n
		}
		if n == 0 {
			n = a.shelf - b.shelf
		}
		if n == 0 {
			n = comparePlaces(a.place, b.place)
		}
		return n
	})
	from := min(w.start-1, len(w.entries))
	for _, e := range w.entries[from:min(from+w.count, len(w.entries))] {
		err := shelves[e.shelf].get(tx, e.place.ID, func(i item) error {
			w.found = append(w.found, i)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// compareKeys puts what has no value last (RFC 7644 §3.4.2.3).
func compareKeys(a, b string) int {
	if (a == "") != (b == "") {
		return strings.Compare(b, a)
	}
	return strings.Compare(a, b)
}
