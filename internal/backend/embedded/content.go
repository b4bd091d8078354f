package embedded

import (
	"bytes"
	"context"
	"crypto/md5"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"granary"
	"granary/internal/backend"
	"granary/internal/sqlite"
)

// maxInline is the size up to which bytes are kept in the index: one commit then makes them durable instead of two syncs
// and a commit.
const maxInline = 16 << 10

// written is a content that was written and is not yet part of anything.
type written struct {
	segment
	etag  string
	data  []byte // when inline; else a file is in place
	empty bool
}

// write takes a body in. Its error, or that of anything on the way, leaves nothing behind.
func (s *Store) write(body io.Reader, size int64) (*written, error) {
	sum := md5.New()
	r := io.TeeReader(body, sum)
	room := int64(maxInline + 1)
	if size >= 0 {
		room = min(room, size+1)
	}
	head := bytes.NewBuffer(make([]byte, 0, room))
	n, err := io.CopyN(head, r, room)
	if err != nil && err != io.EOF {
		return nil, err
	}
	w := &written{segment: segment{ID: granary.Hex(32)}}
	if err == io.EOF {
		w.Inline, w.data, w.empty = true, head.Bytes(), n == 0
	} else if n, err = s.writeFile(w.ID, io.MultiReader(head, r)); err != nil {
		return nil, err
	}
	w.Size = n
	w.etag = hex.EncodeToString(sum.Sum(nil))
	return w, nil
}

// writeFile writes a content's file: to a temporary name, to disk, to its name, and the name to disk.
func (s *Store) writeFile(id string, r io.Reader) (n int64, err error) {
	tmp := filepath.Join(s.dir, "tmp", id)
	f, err := os.OpenFile(tmp, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return 0, full(err)
	}
	defer func() {
		if err != nil {
			os.Remove(tmp)
		}
	}()
	n, err = io.CopyBuffer(onlyWriter{f}, r, make([]byte, 256<<10))
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return 0, full(err)
	}
	path := s.path(id)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return 0, full(err)
	} else if err == nil {
		if err := syncDir(filepath.Join(s.dir, "content")); err != nil {
			return 0, full(err)
		}
	}
	if err := os.Rename(tmp, path); err != nil {
		return 0, full(err)
	}
	return n, full(syncDir(filepath.Dir(path)))
}

// onlyWriter hides the file's ReadFrom, which would read in pieces of its own choosing.
type onlyWriter struct{ io.Writer }

// full words a failure of the disk; the client's own errors pass.
func full(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return granary.Wrap(granary.Unavailable, "The object could not be written to disk.", err)
	}
	return err
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// adopt makes a written content part of the index, with one reference.
func (s *Store) adopt(tx *sqlite.Tx, w *written) error {
	if w.empty {
		return nil
	}
	var data any // NULL for a file
	if w.Inline {
		data = w.data
	}
	_, err := tx.Exec("INSERT INTO content (id, refs, data) VALUES ($1, 1, $2)", w.ID, data)
	return err
}

// discard removes a content that did not become part of anything.
func (s *Store) discard(w *written) {
	if !w.Inline {
		_ = os.Remove(s.path(w.ID)) // the next Open tries again
	}
}

func (s *Store) retain(tx *sqlite.Tx, list []segment) error {
	for _, g := range list {
		if _, err := tx.Exec("UPDATE content SET refs = refs + 1 WHERE id = $1", g.ID); err != nil {
			return err
		}
	}
	return nil
}

// release lets contents go, and removes those that nothing is made of any more.
func (s *Store) release(tx *sqlite.Tx, list []segment) error {
	for _, g := range list {
		var refs int
		var file bool
		err := tx.Row("UPDATE content SET refs = refs - 1 WHERE id = $1 RETURNING refs, data IS NULL", g.ID).Scan(&refs, &file)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		if refs > 0 {
			continue
		}
		if _, err := tx.Exec("DELETE FROM content WHERE id = $1", g.ID); err != nil {
			return err
		}
		if file {
			tx.Attach(s.path(g.ID)) // removed when this is committed
		}
	}
	return nil
}

// piece is an opened segment.
type piece interface {
	io.ReaderAt
	io.Closer
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// maxOpen is how many files of one object are opened at once; the others are opened as they are reached.
const maxOpen = 64

// content reads segments one after another.
type content struct {
	ctx    context.Context
	store  *Store
	list   []segment
	starts []int64
	pieces []piece
	size   int64
	at     int64
}

func (s *Store) open(ctx context.Context, list []segment, size int64) (backend.Content, error) {
	c := &content{ctx: ctx, store: s, list: list, pieces: make([]piece, len(list)), starts: make([]int64, len(list)), size: size}
	var at int64
	for i, g := range list {
		c.starts[i] = at
		at += g.Size
		if i < maxOpen {
			if err := c.ready(i); err != nil {
				_ = c.Close()
				return nil, err
			}
		}
	}
	return c, nil
}

func (c *content) ready(i int) error {
	if c.pieces[i] != nil {
		return nil
	}
	g := c.list[i]
	if !g.Inline {
		f, err := os.Open(c.store.path(g.ID))
		if err == nil {
			c.pieces[i] = f
		}
		return err
	}
	row, err := c.store.engine.QueryRow(c.ctx, "SELECT data FROM content WHERE id = $1", g.ID)
	if err != nil {
		return err
	}
	var data []byte
	if err := row.Scan(&data); err != nil || int64(len(data)) < g.Offset+g.Size {
		return fmt.Errorf("content %s: %w", g.ID, fs.ErrNotExist)
	}
	c.pieces[i] = memory{bytes.NewReader(data)}
	return nil
}

func (c *content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	i := 0
	for i+1 < len(c.list) && c.starts[i+1] <= c.at {
		i++
	}
	if err := c.ready(i); err != nil {
		return 0, err
	}
	within := c.at - c.starts[i]
	p = p[:min(int64(len(p)), c.list[i].Size-within)]
	n, err := c.pieces[i].ReadAt(p, c.list[i].Offset+within)
	c.at += int64(n)
	if n > 0 {
		return n, nil
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("embedded: seek before the beginning")
	}
	c.at = offset
	return offset, nil
}

func (c *content) Close() error {
	var errs []error
	for _, p := range c.pieces {
		if p != nil {
			errs = append(errs, p.Close())
		}
	}
	return errors.Join(errs...)
}
