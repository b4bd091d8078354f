package seal

import (
	"encoding/binary"
	"errors"
	"time"
)

// maxList bounds the lists in a sealed message, and maxText its texts, whatever their headers claim.
const (
	maxList = 1000
	maxText = 64 << 10
)

// writer appends values in a compact binary form.
type writer struct{ b []byte }

func (w *writer) number(n uint64) { w.b = binary.AppendUvarint(w.b, n) }
func (w *writer) text(s string)   { w.number(uint64(len(s))); w.b = append(w.b, s...) }
func (w *writer) flag(f bool) {
	if f {
		w.b = append(w.b, 1)
	} else {
		w.b = append(w.b, 0)
	}
}

// time writes whole seconds; the zero time is 0.
func (w *writer) time(t time.Time) {
	if t.IsZero() {
		w.number(0)
		return
	}
	w.number(uint64(max(t.Unix(), 0)) + 1)
}

func list[T any](w *writer, items []T, each func(T)) {
	w.number(uint64(len(items)))
	for _, i := range items {
		each(i)
	}
}

// reader reads what a writer wrote. The first failure sticks, and everything after it reads as zero.
type reader struct {
	b   []byte
	err error
}

var errCodec = errors.New("a sealed message is not of the expected form")

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.b)
	if size <= 0 {
		r.b, r.err = nil, errCodec
		return 0
	}
	r.b = r.b[size:]
	return n
}

func (r *reader) text() string {
	n := r.number()
	if n > maxText || n > uint64(len(r.b)) {
		r.b, r.err = nil, errCodec
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) flag() bool { return r.number() == 1 }

func (r *reader) time() time.Time {
	n := r.number()
	if n == 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(n-1), 0).UTC()
}

func readList[T any](r *reader, each func() T) []T {
	n := r.number()
	if n > maxList {
		r.b, r.err = nil, errCodec
		return nil
	}
	var out []T
	for range n {
		if r.err != nil {
			return nil
		}
		out = append(out, each())
	}
	return out
}

// end is the first failure, or that something was left over.
func (r *reader) end() error {
	if r.err == nil && len(r.b) != 0 {
		return errCodec
	}
	return r.err
}
