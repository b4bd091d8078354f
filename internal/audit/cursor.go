package audit

import (
	"errors"
	"io/fs"
	"os"
	"slices"
	"time"
)

// source is a file that may have selected events.
type source struct {
	segment     *segment // nil: the file that is being written
	stream      *stream
	tail        *tail
	read        *os.File
	first, last key
}

// sources returns the files that may have selected events, those with the newest events first.
func (s *search) sources() (out []*source) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, st := range s.streams {
		if st == nil || !st.class.holds(s.category) {
			continue
		}
		for _, seg := range st.segments {
			seg.mu.Lock()
			known, sp := seg.known, seg.span
			seg.mu.Unlock()
			if !known { // about: clocks step
				sp = span{first: keyAt(seg.since.Add(-time.Hour)), last: keyAt(seg.until.Add(time.Hour)), to: 1<<32 - 1}
				if seg.since.IsZero() {
					sp.first = key{}
				}
			}
			if sp.first.compare(s.bound) < 0 && sp.last.compare(s.lowest) >= 0 && sp.to >= s.from && sp.from <= s.to {
				out = append(out, &source{segment: seg, first: sp.first, last: sp.last})
			}
		}
		if len(st.tail.entries) > 0 {
			t := *st.tail // it only grows: these entries stay as they are
			out = append(out, &source{stream: st, tail: &t, read: st.read, last: lastKey})
		}
	}
	slices.SortStableFunc(out, func(a, b *source) int { return b.last.compare(a.last) })
	return out
}

// cursor iterates over the events of one file that have the attribute, newest first.
type cursor struct {
	list  []entry // of a file whose index is in memory: those left, the newest last
	index *indexFile
	hash  uint64
	pos   int
	log   *os.File
	owned bool // log is the cursor's to close
	entry entry
}

func (c *cursor) close() {
	if c.index != nil {
		c.index.close()
	}
	if c.owned {
		c.log.Close()
	}
}

// next moves to the next event. It returns false when there is none.
func (c *cursor) next() (bool, error) {
	if c.index == nil {
		if len(c.list) == 0 {
			return false, nil
		}
		c.entry, c.list = c.list[len(c.list)-1], c.list[:len(c.list)-1]
		return true, nil
	}
	if c.pos < 0 {
		return false, nil
	}
	p, err := c.index.post(c.pos)
	if err != nil || p.hash != c.hash {
		return false, err
	}
	c.pos--
	c.entry, err = c.index.entry(int(p.at))
	return err == nil, err
}

// open returns a cursor for a file, or nil when the file has no selected event.
func (s *search) open(src *source) (*cursor, error) {
	s.work.files++
	c := &cursor{hash: s.hash, log: src.read}
	t := src.tail
	if src.segment != nil {
		var err error
		if t, err = s.seek(c, src.segment); err != nil {
			return nil, ignoreGone(err)
		}
		if c.log, err = os.Open(s.path(src.segment.name + ext)); err != nil {
			c.close()
			return nil, ignoreGone(err)
		}
		c.owned = true
	}
	if c.index == nil {
		c.list = t.having(s.hash, s.bound)
	}
	ok, err := c.next()
	if err != nil || !ok {
		c.close()
		return nil, err
	}
	return c, nil
}

// seek places a cursor in the index of a full file. It makes a missing or torn index again, and then returns the
// content of the file instead, as it does while the index is not on disk yet.
func (s *search) seek(c *cursor, seg *segment) (*tail, error) {
	seg.mu.Lock()
	t := seg.tail
	seg.mu.Unlock()
	if t != nil {
		return t, nil
	}
	x, err := openIndex(s.path(seg.name+indexExt), seg.size)
	if err == nil {
		if c.pos, err = x.seek(s.hash, s.bound); err == nil {
			c.index = x
			return nil, nil
		}
		x.close()
		if !errors.Is(err, errTorn) {
			return nil, err
		}
	}
	s.work.scans++
	return s.make(seg)
}

// ignoreGone returns nil for the error of a file that was deleted meanwhile.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// having returns the events with an attribute and a key below the bound, newest last.
func (t *tail) having(hash uint64, bound key) (out []entry) {
	for _, p := range t.posts {
		if p.hash == hash && t.entries[p.at].key.compare(bound) < 0 {
			out = append(out, t.entries[p.at])
		}
	}
	slices.SortFunc(out, func(a, b entry) int { return a.key.compare(b.key) })
	return out
}
