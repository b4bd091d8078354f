package embedded

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"

	"granary/internal/backend"
	"granary/internal/sqlite"
)

// after is the least text greater than every text with a prefix; ok is false when there is none.
func after(prefix string) (next []byte, ok bool) {
	b := []byte(prefix)
	for i := len(b) - 1; i >= 0; i-- {
		if b[i] < 0xff {
			b[i]++
			return b[:i+1], true
		}
	}
	return nil, false
}

// List pages through a bucket's keys in the order of their bytes. Keys that share what lies between the prefix and the
// next delimiter are told as one common prefix, and skipped in one step.
func (s *Store) List(ctx context.Context, l backend.List) (*backend.Page, error) {
	p := &backend.Page{}
	err := s.engine.View(ctx, func(tx *sqlite.Tx) error {
		if err := bucketExists(tx, l.Bucket); err != nil {
			return err
		}
		w := newWalk(l)
		for !w.done {
			if err := w.page(tx, "SELECT key, doc FROM object WHERE bucket = $1 AND key >= $2 AND ($3 IS NULL OR key < $3) "+
				"ORDER BY key LIMIT $4", func(key, doc string) error {
				o := &object{}
				p.Objects = append(p.Objects, &o.Object)
				return json.Unmarshal([]byte(doc), o)
			}, p); err != nil {
				return err
			}
		}
		return nil
	})
	return p, err
}

// walk is a listing under way.
type walk struct {
	l     backend.List
	from  []byte // the least key still to come
	until []byte // nil: no end
	last  string // key or common prefix told last
	told  int
	done  bool
}

func newWalk(l backend.List) *walk {
	w := &walk{l: l, from: []byte(l.Prefix)}
	w.until, _ = after(l.Prefix)
	if l.Prefix == "" {
		w.until = nil
	}
	if l.After != "" && l.After >= l.Prefix {
		w.from = append([]byte(l.After), 0)
		// After may be a common prefix that was told: what lies below it was told with it.
		if c, ok := w.common(l.After); ok && c == l.After {
			if next, ok := after(c); ok {
				w.from = next
			}
		}
	}
	if l.Limit <= 0 {
		w.done = true
	}
	return w
}

// common is the common prefix a key is told by.
func (w *walk) common(key string) (string, bool) {
	if w.l.Delimiter == "" || !strings.HasPrefix(key, w.l.Prefix) {
		return "", false
	}
	i := strings.Index(key[len(w.l.Prefix):], w.l.Delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(w.l.Prefix)+i+len(w.l.Delimiter)], true
}

// page asks for the next rows, up to the first common prefix.
func (w *walk) page(tx *sqlite.Tx, query string, add func(key, doc string) error, p *backend.Page) error {
	rows, skipped := 0, false
	limit := w.l.Limit - w.told + 1
	err := tx.Each(query, []any{w.l.Bucket, w.from, w.until, limit}, func(r *sql.Rows) error {
		var key []byte
		var doc string
		if err := r.Scan(&key, &doc); err != nil {
			return err
		}
		if rows++; skipped || w.done {
			return nil
		}
		if w.told == w.l.Limit {
			p.More, p.Next, w.done = true, w.last, true
			return nil
		}
		w.told++
		if c, ok := w.common(string(key)); ok {
			p.Prefixes = append(p.Prefixes, c)
			w.last, skipped = c, true
			if w.from, ok = after(c); !ok {
				w.done = true
			}
			return nil
		}
		w.last, w.from = string(key), append(key, 0)
		return add(string(key), doc)
	})
	if rows < limit && !skipped {
		w.done = true
	}
	return err
}
