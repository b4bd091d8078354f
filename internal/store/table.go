package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"granary"
)

// column is a value of a noun that SQL must see: to find it, to order it, or to keep it unique. The rest is in its document.
type column[T any] struct {
	name  string
	value func(*T) any
}

// table maps a noun to its SQL table. The first keys columns are the primary key, in the order lists are in.
type table[T any] struct {
	name    string
	noun    string // for sentences
	keys    int
	columns []column[T]
	seal    func(db *DB, v *T) (*T, error) // a copy with its secret encrypted; nil when it has none
	open    func(db *DB, v *T) error
	load    func(tx *Tx, fn func(any) error) error // a faster way to read all; nil for the usual

	insert, update, remove, get string
}

// kind is a table without its type, for the change log and the snapshot.
type kind interface {
	decode(db *DB, doc string) (any, error)
	all(tx *Tx, fn func(any) error) error
}

var (
	kinds = map[string]kind{}
	order []string // the snapshot's: what refers comes after what it refers to
)

func register[T any](t table[T]) *table[T] {
	names := make([]string, len(t.columns))
	marks := make([]string, len(t.columns)+1)
	sets := make([]string, len(t.columns))
	var where []string
	for i, c := range t.columns {
		names[i] = c.name
		marks[i] = fmt.Sprintf("$%d", i+1)
		sets[i] = fmt.Sprintf("%s = $%d", c.name, i+1)
		if i < t.keys {
			where = append(where, sets[i])
		}
	}
	docMark := fmt.Sprintf("$%d", len(t.columns)+1)
	marks[len(t.columns)] = docMark
	at := " WHERE " + strings.Join(where, " AND ")
	t.insert = "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ", doc) VALUES (" + strings.Join(marks, ", ") + ")"
	t.update = "UPDATE " + t.name + " SET " + strings.Join(sets, ", ") + ", doc = " + docMark + at
	t.remove = "DELETE FROM " + t.name + at
	t.get = "SELECT doc FROM " + t.name + at
	kinds[t.name] = &t
	order = append(order, t.name)
	return &t
}

func (t *table[T]) encode(db *DB, v *T) (string, error) {
	if t.seal != nil {
		var err error
		if v, err = t.seal(db, v); err != nil {
			return "", err
		}
	}
	b, err := json.Marshal(v)
	return string(b), err
}

func (t *table[T]) parse(db *DB, doc string) (*T, error) {
	v := new(T)
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return nil, fmt.Errorf("a %s in the state cannot be read: %w", t.noun, err)
	}
	if t.open != nil {
		if err := t.open(db, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (t *table[T]) decode(db *DB, doc string) (any, error) { return t.parse(db, doc) }

func (t *table[T]) all(tx *Tx, fn func(any) error) error {
	if t.load != nil {
		return t.load(tx, fn)
	}
	return tx.each("SELECT doc FROM "+t.name, nil, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := t.parse(tx.db, doc)
		if err != nil {
			return err
		}
		return fn(v)
	})
}

func (t *table[T]) values(v *T, doc string) []any {
	out := make([]any, 0, len(t.columns)+1)
	for _, c := range t.columns {
		out = append(out, c.value(v))
	}
	return append(out, doc)
}

// Set is one table within a transaction.
type Set[T any] struct {
	tx *Tx
	t  *table[T]
}

// Create adds a noun. It fails with Exists, and the column that clashes in the detail "Unique", when one of its unique values is taken.
func (s Set[T]) Create(v *T) error {
	doc, err := s.t.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	if err := s.tx.exec(s.t.insert, s.t.values(v, doc)...); err != nil {
		return s.clash(err)
	}
	return s.tx.changed(s.t.name, doc, false, clone(s.t, s.tx.db, doc))
}

// Update replaces a noun of the same key. It fails with NotFound when there is none, and with Exists as Create does.
func (s Set[T]) Update(v *T) error {
	doc, err := s.t.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	n, err := s.tx.execCount(s.t.update, s.t.values(v, doc)...)
	if err != nil {
		return s.clash(err)
	}
	if n == 0 {
		return s.missing()
	}
	return s.tx.changed(s.t.name, doc, false, clone(s.t, s.tx.db, doc))
}

// clone gives followers a value of their own: the caller may go on changing his.
func clone[T any](t *table[T], db *DB, doc string) any {
	v, err := t.parse(db, doc)
	if err != nil {
		panic(err) // encoded a moment ago
	}
	return v
}

func (s Set[T]) getBy(key ...any) (*T, error) {
	return s.one(s.t.get, key...)
}

func (s Set[T]) one(query string, args ...any) (*T, error) {
	var doc string
	err := s.tx.row(query, args...).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.missing()
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return s.t.parse(s.tx.db, doc)
}

func (s Set[T]) deleteBy(key ...any) error {
	v, err := s.getBy(key...)
	if err != nil {
		return err
	}
	doc, err := s.t.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	if err := s.tx.exec(s.t.remove, key...); err != nil {
		return err
	}
	return s.tx.changed(s.t.name, doc, true, v)
}

// removeWhere removes what a condition picks, with few statements however much that is, and says how many.
func (s Set[T]) removeWhere(where string, args []any) (int, error) {
	var docs []string
	var values []any
	err := s.tx.each("SELECT doc FROM "+s.t.name+" WHERE "+where, args, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := s.t.parse(s.tx.db, doc)
		docs, values = append(docs, doc), append(values, v)
		return err
	})
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	if err := s.tx.exec("DELETE FROM "+s.t.name+" WHERE "+where, args...); err != nil {
		return 0, err
	}
	return len(docs), s.tx.changedAll(s.t.name, true, docs, values)
}

// list reads documents in the query's order.
func (s Set[T]) list(query string, args ...any) (out []*T, err error) {
	err = s.tx.each(query, args, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := s.t.parse(s.tx.db, doc)
		out = append(out, v)
		return err
	})
	return out, err
}

// page is list cut at a limit, 0 or less being none; next is the key to go on after, "" at the end.
func (s Set[T]) page(limit int, key func(*T) string, query string, args ...any) (items []*T, next string, err error) {
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit+1)
	}
	items, err = s.list(query, args...)
	if err == nil && limit > 0 && len(items) > limit {
		items = items[:limit]
		next = key(items[limit-1])
	}
	return items, next, err
}

func (s Set[T]) count(query string, args ...any) (n int, err error) {
	err = s.tx.row(query, args...).Scan(&n)
	return n, err
}

func (s Set[T]) missing() error {
	return granary.Errorf(granary.NotFound, "There is no such %s.", s.t.noun)
}

// unavailable is a failure of the database itself, unless the error has a kind already.
func unavailable(err error) error {
	if granary.AsError(err).Kind != granary.Internal {
		return err
	}
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}

// clash turns a broken uniqueness into Exists.
func (s Set[T]) clash(err error) error {
	what, ok := s.tx.db.engine.UniqueViolation(err)
	if !ok {
		return err
	}
	return granary.Errorf(granary.Exists, "A %s with this %s exists already.", s.t.noun, strings.ReplaceAll(strings.TrimSuffix(what, "_fold"), "_", " ")).
		With("Unique", what)
}
