package store

import (
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"granary"
)

// column is a value of a noun that SQL must see, because nouns are found, ordered or unique by it. Everything else is
// only in the noun's JSON document.
type column[T any] struct {
	name  string
	value func(*T) any
}

// table maps a noun to its SQL table. The first columns, as many as keys says, are the primary key; lists are in its
// order.
type table[T any] struct {
	name      string
	noun      string // for error messages
	keys      int
	columns   []column[T]
	seal      func(db *DB, v *T) (*T, error) // returns a copy with the secret encrypted; nil when the noun has none
	afterRead func(db *DB, v *T) error
	load      func(tx *Tx, fn func(any) error) error // reads all nouns faster than the default; nil for the default

	insert, update, remove, get string
}

// kind is a table without its type parameter, for the change log and the snapshot.
type kind interface {
	decode(db *DB, doc string) (any, error)
	loadAll(tx *Tx, fn func(any) error) error
}

var (
	tablesByName  = map[string]kind{}
	snapshotOrder []string // names of the tables in the order of a snapshot: a noun comes after those that it refers to
)

// register prepares a table's statements and adds it to the snapshot and the change log.
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
	t.insert = "INSERT INTO " + t.name + " (" + strings.Join(names, ", ") + ", doc) VALUES (" + strings.Join(marks, ", ") +
		")"
	t.update = "UPDATE " + t.name + " SET " + strings.Join(sets, ", ") + ", doc = " + docMark + at
	t.remove = "DELETE FROM " + t.name + at
	t.get = "SELECT doc FROM " + t.name + at
	tablesByName[t.name] = &t
	snapshotOrder = append(snapshotOrder, t.name)
	return &t
}

// encode returns the JSON document of a noun, with its secret encrypted.
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

// parse reads a noun from its JSON document.
func (t *table[T]) parse(db *DB, doc string) (*T, error) {
	v := new(T)
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return nil, fmt.Errorf("a %s in the state cannot be read: %w", t.noun, err)
	}
	if t.afterRead != nil {
		if err := t.afterRead(db, v); err != nil {
			return nil, err
		}
	}
	return v, nil
}

func (t *table[T]) decode(db *DB, doc string) (any, error) { return t.parse(db, doc) }

// loadAll calls fn with every noun of the table.
func (t *table[T]) loadAll(tx *Tx, fn func(any) error) error {
	if t.load != nil {
		return t.load(tx, fn)
	}
	return tx.queryEach("SELECT doc FROM "+t.name, nil, func(r *sql.Rows) error {
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

// Set gives access to one table within a transaction.
type Set[T any] struct {
	tx    *Tx
	table *table[T]
}

// Create adds a noun. It fails with Exists when one of its unique values is taken. ClashOf tells which.
func (s Set[T]) Create(v *T) error {
	doc, err := s.table.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	if err := s.tx.exec(s.table.insert, s.table.values(v, doc)...); err != nil {
		return s.existsError(err)
	}
	return s.tx.logChange(s.table.name, doc, false, cloneForFollowers(s.table, s.tx.db, doc))
}

// Update replaces the noun with the same key. It fails with NotFound when there is none, and with Exists as Create
// does.
func (s Set[T]) Update(v *T) error {
	doc, err := s.table.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	n, err := s.tx.execCount(s.table.update, s.table.values(v, doc)...)
	if err != nil {
		return s.existsError(err)
	}
	if n == 0 {
		return s.notFound()
	}
	return s.tx.logChange(s.table.name, doc, false, cloneForFollowers(s.table, s.tx.db, doc))
}

// cloneForFollowers returns a copy for the followers, since the caller may go on to change its value.
func cloneForFollowers[T any](t *table[T], db *DB, doc string) any {
	v, err := t.parse(db, doc)
	if err != nil {
		panic(err) // the document was encoded just before
	}
	return v
}

func (s Set[T]) getByKey(key ...any) (*T, error) {
	return s.queryOne(s.table.get, key...)
}

// queryOne returns the noun of a query for one document. It fails with NotFound when there is none.
func (s Set[T]) queryOne(query string, args ...any) (*T, error) {
	var doc string
	err := s.tx.queryRow(query, args...).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, s.notFound()
	}
	if err != nil {
		return nil, unavailable(err)
	}
	return s.table.parse(s.tx.db, doc)
}

// deleteByKey removes a noun and logs it as it last was.
func (s Set[T]) deleteByKey(key ...any) error {
	v, err := s.getByKey(key...)
	if err != nil {
		return err
	}
	doc, err := s.table.encode(s.tx.db, v)
	if err != nil {
		return err
	}
	if err := s.tx.exec(s.table.remove, key...); err != nil {
		return err
	}
	return s.tx.logChange(s.table.name, doc, true, v)
}

// removeWhere removes the nouns that match a condition, with few statements for any number of them, and returns how
// many.
func (s Set[T]) removeWhere(where string, args []any) (int, error) {
	var docs []string
	var values []any
	err := s.tx.queryEach("SELECT doc FROM "+s.table.name+" WHERE "+where, args, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := s.table.parse(s.tx.db, doc)
		docs, values = append(docs, doc), append(values, v)
		return err
	})
	if err != nil || len(docs) == 0 {
		return 0, err
	}
	if err := s.tx.exec("DELETE FROM "+s.table.name+" WHERE "+where, args...); err != nil {
		return 0, err
	}
	return len(docs), s.tx.logChanges(s.table.name, true, docs, values)
}

// queryAll returns the nouns of a query for documents, in the query's order.
func (s Set[T]) queryAll(query string, args ...any) (out []*T, err error) {
	err = s.tx.queryEach(query, args, func(r *sql.Rows) error {
		var doc string
		if err := r.Scan(&doc); err != nil {
			return err
		}
		v, err := s.table.parse(s.tx.db, doc)
		out = append(out, v)
		return err
	})
	return out, err
}

// queryPage is queryAll with a limit; 0 or less means none. next is the key of the last item when there are more, else
// "".
func (s Set[T]) queryPage(limit int, key func(*T) string, query string, args ...any) (items []*T, next string,
	err error) {
	if limit > 0 {
		query += fmt.Sprintf(" LIMIT %d", limit+1)
	}
	items, err = s.queryAll(query, args...)
	if err == nil && limit > 0 && len(items) > limit {
		items = items[:limit]
		next = key(items[limit-1])
	}
	return items, next, err
}

func (s Set[T]) queryCount(query string, args ...any) (n int, err error) {
	err = s.tx.queryRow(query, args...).Scan(&n)
	return n, err
}

func (s Set[T]) notFound() error {
	return granary.Errorf(granary.NotFound, "There is no such %s.", s.table.noun)
}

// unavailable returns an Unavailable error for a failure of the database itself. An error that has a kind already stays
// as it is.
func unavailable(err error) error {
	if granary.AsError(err).Kind != granary.Internal {
		return err
	}
	return granary.Wrap(granary.Unavailable, "The state is not available. Please try again.", err)
}

// existsError converts a violated uniqueness to an Exists error. Other errors stay as they are.
func (s Set[T]) existsError(err error) error {
	what, ok := s.tx.db.engine.UniqueViolation(err)
	if !ok {
		return err
	}
	name := strings.ReplaceAll(strings.TrimSuffix(what, "_fold"), "_", " ")
	return granary.Wrap(granary.Exists, "A "+s.table.noun+" with this "+name+" exists already.", &Clash{Column(what)})
}
