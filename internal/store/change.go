package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
)

// Change is one entry of the change log: a noun that was written or, if Deleted is set, removed. Value points to the
// noun as it is, or as it last was. All followers share it, so it must not be changed.
type Change struct {
	Rev     int64
	Deleted bool
	Value   any

	id string // identifies the update that wrote the entry
}

// Position is a place in the change log: a revision, and the id of the entry there. A revision alone does not suffice,
// since a database that was restored counts again from an older revision.
type Position struct {
	Rev int64
	id  string
}

func (c Change) position() Position { return Position{c.Rev, c.id} }

// errLogDiverged means that the database's log does not continue the log that this node has read.
var errLogDiverged = errors.New("store: the change log does not go on from this node's last change")

func changesOf(attached []any) []Change {
	changes := make([]Change, len(attached))
	for i, c := range attached {
		changes[i] = c.(Change)
	}
	return changes
}

// deliverCommit gives the changes of a commit to the followers. SQLite's writer calls it before the updates return.
func (db *DB) deliverCommit(attached []any) {
	db.mu.Lock()
	defer db.mu.Unlock()
	db.deliver(changesOf(attached))
}

// deliver gives changes to the followers and advances this node's position. The caller holds mu.
func (db *DB) deliver(changes []Change) {
	for _, f := range db.followers {
		f(changes)
	}
	for _, c := range changes {
		if s, ok := c.Value.(*Setting); ok && !c.Deleted {
			db.settings.observe(s)
		}
	}
	at := changes[len(changes)-1].position()
	db.at.Store(&at)
}

// Follow calls fn with every change after a place, in commit order, until stop is called. On whichever node an Update
// runs, it returns only after fn has seen its changes. fn must not block. Follow fails when the log does not lead from
// that place to where this process is.
func (db *DB) Follow(ctx context.Context, from Position, fn func([]Change)) (stop func(), err error) {
	if db.nodes != nil && from.Rev > db.Revision() { // the snapshot is newer than what the last round delivered
		if err := db.catchUp(ctx, db.queryAlone); err != nil {
			return nil, err
		}
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	has := *db.at.Load()
	switch {
	case from.Rev == has.Rev && from.id != has.id:
		return nil, fmt.Errorf("%w: there is another one at %d", errLogDiverged, from.Rev)
	case from.Rev < has.Rev:
		read, err := db.readSince(ctx, db.queryAlone, from, int(has.Rev-from.Rev)+1)
		if err != nil {
			return nil, fmt.Errorf("the change log cannot be read: %w", err)
		}
		if read, err = continueFrom(from, read); err != nil {
			return nil, err
		}
		if want := int(has.Rev - from.Rev); len(read) < want || read[want-1].position() != has {
			return nil, fmt.Errorf("%w: it does not lead from %d to %d", errLogDiverged, from.Rev, has.Rev)
		}
		fn(read[:has.Rev-from.Rev])
	}
	id := db.next
	db.next++
	db.followers[id] = fn
	return func() {
		db.mu.Lock()
		defer db.mu.Unlock()
		delete(db.followers, id)
	}, nil
}

// queryFunc runs a query: on a connection of its own, or on one that is in a transaction.
type queryFunc func(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error

// readLog reads the log from a revision on. The first entry only serves to check the position, so its document is not
// read.
const readLog = "SELECT rev, id, kind, deleted, CASE WHEN rev > $1 THEN doc ELSE '' END FROM change WHERE rev >= $1 " +
	"ORDER BY rev LIMIT $2"

// readSince reads the log from a place on, including the entry at that place. limit is the maximum number of rows. When
// it fails, the entries that it returns are valid all the same.
func (db *DB) readSince(ctx context.Context, reader queryFunc, from Position, limit int) (list []Change, err error) {
	err = reader(ctx, readLog, []any{from.Rev, limit}, func(r *sql.Rows) error {
		var c Change
		var kind, doc string
		if err := r.Scan(&c.Rev, &c.id, &kind, &c.Deleted, &doc); err != nil {
			return err
		}
		if c.Rev > from.Rev {
			if err := db.decode(&c, kind, doc); err != nil {
				return err
			}
		}
		list = append(list, c)
		return nil
	})
	return list, err
}

// unknownKind is the error for an entry that only a newer release can read.
type unknownKind struct{ kind string }

func (u unknownKind) Error() string {
	return fmt.Sprintf("the log of changes has a %q, which this release does not know", u.kind)
}

func (db *DB) decode(c *Change, kind, doc string) (err error) {
	t, ok := tablesByName[kind]
	if !ok {
		return unknownKind{kind}
	}
	c.Value, err = t.decode(db, doc)
	return err
}

// continueFrom checks that a reading of the log begins at a place and has no gap, and returns the entries after that
// place.
func continueFrom(from Position, read []Change) ([]Change, error) {
	if from.Rev > 0 {
		if len(read) == 0 || read[0].position() != from {
			return nil, fmt.Errorf("%w: there is another one at %d, or none", errLogDiverged, from.Rev)
		}
		read = read[1:]
	}
	for i, c := range read {
		if want := from.Rev + int64(i) + 1; c.Rev != want {
			return nil, fmt.Errorf("%w: %d in the place of %d", errLogDiverged, c.Rev, want)
		}
	}
	return read, nil
}

// maxRead is the number of rows of the log that are read at a time.
const maxRead = 10_000

// catchUp reads the log to its end and gives followers the changes that they do not have.
func (db *DB) catchUp(ctx context.Context, reader queryFunc) error {
	for {
		from := *db.at.Load()
		short, cancel := context.WithTimeout(ctx, queryTimeout)
		read, err := db.readSince(short, reader, from, maxRead)
		cancel()
		if err != nil && len(read) == 0 {
			return err
		}
		news, lost := db.deliverRead(from, read)
		switch {
		case lost != nil:
			return lost
		case err != nil && !news:
			return err
		case err == nil && len(read) < maxRead:
			return nil
		}
	}
}

// deliverRead gives followers those changes of a reading that they do not have. The reading began at from, where this
// process was when it asked; another goroutine may have delivered some of it since.
func (db *DB) deliverRead(from Position, read []Change) (news bool, err error) {
	if read, err = continueFrom(from, read); err != nil {
		return false, err
	}
	db.mu.Lock()
	defer db.mu.Unlock()
	at := *db.at.Load() // another goroutine may have delivered more
	for len(read) > 0 && read[0].Rev <= at.Rev {
		if read[0].Rev == at.Rev && read[0].id != at.id {
			return false, fmt.Errorf("%w: there is another one at %d", errLogDiverged, at.Rev)
		}
		read = read[1:]
	}
	if len(read) == 0 {
		return false, nil
	}
	if read[0].Rev != at.Rev+1 {
		return false, fmt.Errorf("%w: %d after %d", errLogDiverged, read[0].Rev, at.Rev)
	}
	db.deliver(read)
	if db.nodes != nil {
		db.nodes.news.Store(true)
	}
	return true, nil
}

// queryAlone runs one query outside of any transaction.
func (db *DB) queryAlone(ctx context.Context, query string, args []any, fn func(*sql.Rows) error) error {
	if db.nodes != nil {
		return db.nodes.engine.Each(ctx, query, args, fn)
	}
	return db.engine.View(ctx, func(tx session) error { return tx.Each(query, args, fn) })
}

// Snapshot calls fn with every noun that followers need, a noun after those that it refers to, and returns the place in
// the log at which they stand. Follow continues from there.
func (db *DB) Snapshot(ctx context.Context, fn func(any) error) (at Position, err error) {
	err = db.engine.Whole(ctx, func(s session) error {
		tx := newTx(db, s)
		err := tx.queryRow("SELECT rev, id FROM change ORDER BY rev DESC LIMIT 1").Scan(&at.Rev, &at.id)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		for _, name := range snapshotOrder {
			if err := tablesByName[name].loadAll(tx, fn); err != nil {
				return err
			}
		}
		return nil
	})
	return at, err
}
