// Package embedded keeps objects in a local directory: flat content files named by id and never by key, small contents
// and the index in SQLite. Any key is legal, a page of a listing costs the page, and what is acknowledged is on disk.
//
//	Put ─▶ content (file: write, fsync, rename, fsync folder; small: in the index) ─▶ index commit ─▶ answer
//
// It authorises nothing and knows no HTTP.
package embedded

import (
	"context"
	"database/sql"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"granary"
	"granary/internal/backend"
	"granary/internal/guard"
	"granary/internal/sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// Store is a backend.Store.
type Store struct {
	dir    string
	engine *sqlite.DB
	trash  trash
}

// object is an object or part as the index keeps it.
type object struct {
	backend.Object
	Segments []segment
}

// segment is a piece of a content.
type segment struct {
	ID           string
	Offset, Size int64
	Inline       bool `json:",omitempty"` // kept in the index, not in a file
}

// Open opens the directory, making it as needed, and removes what a crash left half done.
func Open(ctx context.Context, dir string) (*Store, error) {
	for _, d := range []string{dir, filepath.Join(dir, "tmp"), filepath.Join(dir, "content")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			return nil, err
		}
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	s.trash.remove = s.forget
	if s.engine, err = sqlite.Open(ctx, filepath.Join(dir, "index.db"), files, s.committed); err != nil {
		return nil, err
	}
	if err := s.clean(ctx); err != nil {
		return nil, errors.Join(err, s.engine.Close())
	}
	return s, nil
}

// update runs fn in the writer, and commits what it did. The guard of ctx is asked before fn, in the writer's turn, and
// holds until the commit is done: what would have stopped the update is not acknowledged in between.
func (s *Store) update(ctx context.Context, fn func(*sqlite.Tx) error) error {
	release := func() {}
	defer func() { release() }()
	return s.engine.Update(ctx, func(tx *sqlite.Tx) (err error) {
		if release, err = guard.Hold(ctx); err != nil {
			return err
		}
		return fn(tx)
	})
}

// committed takes the contents that a commit has let go.
func (s *Store) committed(ids []any) { s.trash.put(ids) }

// Close closes the index. Files waiting to be removed are removed by the next Open.
func (s *Store) Close() error {
	s.trash.stop()
	return s.engine.Close()
}

// clean removes unfinished writes, and contents that nothing is made of.
func (s *Store) clean(ctx context.Context) error {
	tmp, err := os.ReadDir(filepath.Join(s.dir, "tmp"))
	if err != nil {
		return err
	}
	for _, f := range tmp {
		if err := os.Remove(filepath.Join(s.dir, "tmp", f.Name())); err != nil {
			return err
		}
	}
	err = s.engine.Update(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("DELETE FROM content WHERE refs <= 0")
		return err
	})
	if err != nil {
		return err
	}
	return s.engine.View(ctx, func(tx *sqlite.Tx) error {
		return filepath.WalkDir(filepath.Join(s.dir, "content"), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			var one int
			err = tx.Row("SELECT 1 FROM content WHERE id = $1", d.Name()).Scan(&one)
			if errors.Is(err, sql.ErrNoRows) {
				return os.Remove(path)
			}
			return err
		})
	})
}

func (s *Store) path(id string) string { return filepath.Join(s.dir, "content", id[:2], id) }

// CreateBucket makes a bucket; one that is there stays.
func (s *Store) CreateBucket(ctx context.Context, bucket string) error {
	return s.update(ctx, func(tx *sqlite.Tx) error {
		_, err := tx.Exec("INSERT INTO bucket (name) VALUES ($1) ON CONFLICT (name) DO NOTHING", bucket)
		return err
	})
}

// DeleteBucket removes an empty bucket.
func (s *Store) DeleteBucket(ctx context.Context, bucket string) error {
	return s.update(ctx, func(tx *sqlite.Tx) error {
		for _, table := range []string{"object", "upload"} {
			var one int
			err := tx.Row("SELECT 1 FROM "+table+" WHERE bucket = $1 LIMIT 1", bucket).Scan(&one)
			if err == nil {
				return granary.Errorf(granary.Conflict, "The bucket you tried to delete is not empty").WithCode("BucketNotEmpty").
					With("BucketName", bucket)
			}
			if !errors.Is(err, sql.ErrNoRows) {
				return err
			}
		}
		n, err := tx.Exec("DELETE FROM bucket WHERE name = $1", bucket)
		if err == nil && n == 0 {
			return backend.NoBucket(bucket)
		}
		return err
	})
}

func bucketExists(tx *sqlite.Tx, bucket string) error {
	var one int
	err := tx.Row("SELECT 1 FROM bucket WHERE name = $1", bucket).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return backend.NoBucket(bucket)
	}
	return err
}

const selectObject = "SELECT doc FROM object WHERE bucket = $1 AND key = $2"

func scanObject(row *sql.Row, key string) (*object, error) {
	var doc string
	if err := row.Scan(&doc); errors.Is(err, sql.ErrNoRows) {
		return nil, backend.NoKey(key)
	} else if err != nil {
		return nil, sqlite.Unavailable(err)
	}
	o := &object{}
	if err := json.Unmarshal([]byte(doc), o); err != nil {
		return nil, fmt.Errorf("the index entry of an object cannot be read: %w", err)
	}
	return o, nil
}

func (s *Store) find(ctx context.Context, bucket, key string) (*object, error) {
	row, err := s.engine.QueryRow(ctx, selectObject, bucket, []byte(key))
	if err != nil {
		return nil, err
	}
	return scanObject(row, key)
}

// Stat looks an object up.
func (s *Store) Stat(ctx context.Context, bucket, key string) (*backend.Object, error) {
	o, err := s.find(ctx, bucket, key)
	if err != nil {
		return nil, err
	}
	return &o.Object, nil
}

// Open looks an object up and opens its bytes. One that is overwritten meanwhile is looked up again.
func (s *Store) Open(ctx context.Context, g *backend.Get) (*backend.Object, backend.Content, error) {
	for try := 0; ; try++ {
		o, err := s.find(ctx, g.Bucket, g.Key)
		if err != nil {
			return nil, nil, err
		}
		c, err := s.open(ctx, o.Segments, o.Size)
		if err == nil {
			return &o.Object, c, nil
		}
		if try > 3 || !errors.Is(err, fs.ErrNotExist) {
			return nil, nil, granary.Wrap(granary.Internal, "We encountered an internal error. Please try again.", err)
		}
	}
}

// holds checks conditions against the object that exists; have is nil when there is none.
func holds(c backend.Conditions, have *object, key string) error {
	if c.IfNoneMatch && have != nil {
		return backend.PreconditionFailed()
	}
	if c.IfMatch == "" {
		return nil
	}
	if have == nil {
		return backend.NoKey(key)
	}
	if c.IfMatch != "*" && c.IfMatch != have.ETag {
		return backend.PreconditionFailed()
	}
	return nil
}

// shared is one reference more for each of the segments.
func shared(list []segment) references {
	r := references{}
	r.add(list, 1)
	return r
}

// replace puts an object in the place of what is there, whose contents it lets go. change is what the caller has to
// count besides.
func (s *Store) replace(tx *sqlite.Tx, bucket string, o *object, c backend.Conditions, change references) error {
	if err := bucketExists(tx, bucket); err != nil {
		return err
	}
	have, err := scanObject(tx.Row(selectObject, bucket, []byte(o.Key)), o.Key)
	if err != nil && !granary.Is(err, granary.NotFound) {
		return err
	}
	if err := holds(c, have, o.Key); err != nil {
		return err
	}
	doc, err := json.Marshal(o)
	if err != nil {
		return err
	}
	if _, err := tx.Exec("INSERT INTO object (bucket, key, doc) VALUES ($1, $2, $3) ON CONFLICT (bucket, key) DO UPDATE "+
		"SET doc = $3", bucket, []byte(o.Key), string(doc)); err != nil {
		return err
	}
	if have != nil {
		change.add(have.Segments, -1)
	}
	return s.count(tx, change)
}

// Delete removes an object. Deleting what is not there succeeds, except under a condition.
func (s *Store) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	return s.update(ctx, func(tx *sqlite.Tx) error {
		if err := bucketExists(tx, bucket); err != nil {
			return err
		}
		have, err := scanObject(tx.Row(selectObject, bucket, []byte(key)), key)
		if granary.Is(err, granary.NotFound) {
			if ifMatch != "" {
				return backend.NoKey(key)
			}
			return nil
		}
		if err != nil {
			return err
		}
		if err := holds(backend.Conditions{IfMatch: ifMatch}, have, key); err != nil {
			return err
		}
		if _, err := tx.Exec("DELETE FROM object WHERE bucket = $1 AND key = $2", bucket, []byte(key)); err != nil {
			return err
		}
		return s.release(tx, have.Segments)
	})
}

// Copy makes an object of another's contents, without moving a byte.
func (s *Store) Copy(ctx context.Context, c *backend.Copy) (*backend.Object, error) {
	var out object
	err := s.update(ctx, func(tx *sqlite.Tx) error {
		from, err := scanObject(tx.Row(selectObject, c.FromBucket, []byte(c.FromKey)), c.FromKey)
		if err != nil {
			return err
		}
		if c.Check != nil {
			if err := c.Check(&from.Object); err != nil {
				return err
			}
		}
		out = *from
		out.Key, out.Modified = c.Key, c.Now
		if c.Replace != nil {
			sums, kind, tags := out.Checksums, out.ChecksumType, out.Tags
			out.Attributes = *c.Replace
			out.Checksums, out.ChecksumType, out.Tags = sums, kind, tags
		}
		if c.Tags != nil {
			out.Tags = *c.Tags
		}
		return s.replace(tx, c.Bucket, &out, c.Conditions, shared(out.Segments))
	})
	if err != nil {
		return nil, err
	}
	return &out.Object, nil
}
