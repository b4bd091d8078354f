package seal

import (
	"encoding/binary"
	"errors"
	"time"
)

// Limits of a sealed message's lists and texts when it is read.
const (
	maxList = 1000
	maxText = 64 << 10
)

// writer encodes values in a compact binary form.
type writer struct{ bytes []byte }

func (w *writer) putNumber(n uint64) { w.bytes = binary.AppendUvarint(w.bytes, n) }
func (w *writer) putText(s string)   { w.putNumber(uint64(len(s))); w.bytes = append(w.bytes, s...) }
func (w *writer) putFlag(f bool) {
	if f {
		w.bytes = append(w.bytes, 1)
	} else {
		w.bytes = append(w.bytes, 0)
	}
}

// putTime writes a time in whole seconds. The zero time is 0.
func (w *writer) putTime(t time.Time) {
	if t.IsZero() {
		w.putNumber(0)
		return
	}
	w.putNumber(uint64(max(t.Unix(), 0)) + 1)
}

// writeList writes the number of items, then each item.
func writeList[T any](w *writer, items []T, each func(T)) {
	w.putNumber(uint64(len(items)))
	for _, i := range items {
		each(i)
	}
}

// reader decodes what a writer encoded. After the first failure every value reads as zero; finish returns the failure.
type reader struct {
	bytes []byte
	err   error
}

var errCodec = errors.New("a sealed message is not of the expected form")

func (r *reader) readNumber() uint64 {
	n, size := binary.Uvarint(r.bytes)
	if size <= 0 {
		r.bytes, r.err = nil, errCodec
		return 0
	}
	r.bytes = r.bytes[size:]
	return n
}

func (r *reader) readText() string {
	n := r.readNumber()
	if n > maxText || n > uint64(len(r.bytes)) {
		r.bytes, r.err = nil, errCodec
		return ""
	}
	s := string(r.bytes[:n])
	r.bytes = r.bytes[n:]
	return s
}

func (r *reader) readFlag() bool { return r.readNumber() == 1 }

// readTime reads a time; a number out of range is the zero time.
func (r *reader) readTime() time.Time {
	n := r.readNumber()
	if n == 0 || n > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(n-1), 0).UTC()
}

// readList reads a list of at most maxList items.
func readList[T any](r *reader, each func() T) []T {
	n := r.readNumber()
	if n > maxList {
		r.bytes, r.err = nil, errCodec
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

// finish returns the first failure, or an error if bytes are left over.
func (r *reader) finish() error {
	if r.err == nil && len(r.bytes) != 0 {
		return errCodec
	}
	return r.err
}
