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
	"sort"
	"time"

	"granary"
	"granary/internal/backend"
	"granary/internal/sqlite"
)

// maxInline is the size up to which bytes are kept in the index: one commit then makes them durable instead of two
// syncs and a commit.
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

// references counts how many more, or fewer, segments are made of each content.
type references map[string]int

func (r references) add(list []segment, by int) {
	for _, g := range list {
		r[g.ID] += by
	}
}

// count brings the counts of contents up to date: one statement for each content whose count changes, however many
// segments are made of it. A content that nothing is made of any more stays until no reader can need it (trash).
func (s *Store) count(tx *sqlite.Tx, change references) error {
	for id, by := range change {
		if by == 0 {
			continue
		}
		var left int
		err := tx.Row("UPDATE content SET refs = refs + $2 WHERE id = $1 RETURNING refs", id, by).Scan(&left)
		if errors.Is(err, sql.ErrNoRows) && by < 0 {
			continue
		}
		if err != nil {
			return err
		}
		if left <= 0 {
			tx.Attach(id) // removed some time after this is committed
		}
	}
	return nil
}

func (s *Store) release(tx *sqlite.Tx, list []segment) error {
	change := references{}
	change.add(list, -1)
	return s.count(tx, change)
}

// piece is an opened segment.
type piece interface {
	io.ReaderAt
	io.Closer
}

type memory struct{ *bytes.Reader }

func (memory) Close() error { return nil }

// maxSegments is how many pieces an object or a part is made of at most: as many as an upload has parts.
const maxSegments = 10_000

var errSegments = granary.Errorf(granary.Invalid, "The object would be made of more than %d pieces. Copy fewer parts "+
	"of objects that were made of parts, or upload the bytes.", maxSegments).
	WithCode("InvalidRequest")

// content reads segments one after another. One of them is open at a time.
type content struct {
	ctx    context.Context
	store  *Store
	list   []segment
	starts []int64
	now    int // the segment that is open
	piece  piece
	size   int64
	at     int64
	since  time.Time
}

// open opens the first segment, which shows whether the contents are still there. Those of a reader stay until it is
// closed.
func (s *Store) open(ctx context.Context, list []segment, size int64) (backend.Content, error) {
	c := &content{ctx: ctx, store: s, list: list, starts: make([]int64, len(list)), size: size}
	var at int64
	for i, g := range list {
		c.starts[i] = at
		at += g.Size
	}
	s.trash.begin(c)
	if len(list) > 0 {
		if err := c.ready(0); err != nil {
			s.trash.end(c)
			return nil, err
		}
	}
	return c, nil
}

// ready opens a segment in the place of the one that is open.
func (c *content) ready(i int) error {
	if c.piece != nil && c.now == i {
		return nil
	}
	if err := c.shut(); err != nil {
		return err
	}
	g := c.list[i]
	c.now = i
	if !g.Inline {
		f, err := os.Open(c.store.path(g.ID))
		if err == nil {
			c.piece = f
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
	c.piece = memory{bytes.NewReader(data)}
	return nil
}

func (c *content) shut() error {
	if c.piece == nil {
		return nil
	}
	p := c.piece
	c.piece = nil
	return p.Close()
}

func (c *content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	i := sort.Search(len(c.starts), func(i int) bool { return c.starts[i] > c.at }) - 1
	if err := c.ready(i); err != nil {
		return 0, err
	}
	within := c.at - c.starts[i]
	p = p[:min(int64(len(p)), c.list[i].Size-within)]
	n, err := c.piece.ReadAt(p, c.list[i].Offset+within)
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
	c.store.trash.end(c)
	return c.shut()
}
