package audit

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// directory is the directory of the log's files. Only the writer changes the files; queries read them meanwhile.
type directory struct {
	config   Config
	kick     chan struct{} // tells the keeper that a file is full
	unsynced atomic.Bool   // something was written and not synced

	mu      sync.RWMutex // guards writer.failed, and of the streams what their type says
	streams [classes]*stream
}

func (d *directory) path(name string) string { return filepath.Join(d.config.Dir, name) }

// openFiles opens the files that exist.
func (d *directory) openFiles() error {
	for c := range d.streams {
		d.streams[c] = &stream{class: class(c), tail: &tail{}}
	}
	files, err := os.ReadDir(d.config.Dir)
	if err != nil {
		return err
	}
	for _, f := range files { // by name, and so by time
		name, isLog := strings.CutSuffix(f.Name(), ext)
		if strings.HasSuffix(f.Name(), ".new") {
			_ = os.Remove(d.path(f.Name())) // what a crash left of an index
		}
		stamp, c, ok := splitName(name)
		if !isLog || !ok {
			continue
		}
		st, err := f.Info()
		if err != nil {
			return err
		}
		until, err := time.Parse(rotatedName, stamp)
		if err != nil {
			continue
		}
		d.streams[c].append(&segment{name: name, class: c, until: until, size: st.Size()})
	}
	for _, s := range d.streams {
		for _, seg := range s.segments {
			d.peek(seg)
		}
	}
	if err := d.adopt(legacy + ext); err != nil {
		return err
	}
	if err := d.adopt(reserve); err != nil {
		return err
	}
	for _, s := range d.streams[:mixed] {
		if err := d.open(s); err != nil {
			return err
		}
		if s.size >= reopened {
			if err := d.rotate(s); err != nil {
				return err
			}
			if err := d.open(s); err != nil {
				return err
			}
		}
	}
	return nil
}

// adopt makes a full file of a file that has events of every class.
func (d *directory) adopt(name string) error {
	f, err := os.OpenFile(d.path(name), os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	size, err := wholeLines(f)
	if err == nil && size == 0 {
		if f.Close(); name == reserve {
			return nil // unused, and goes on to be the reserve
		}
		return os.Remove(d.path(name))
	}
	s := d.streams[mixed]
	s.file, s.size = f, size
	if err == nil {
		err = errors.Join(f.Truncate(size), d.rename(s, name))
	}
	return err
}

// open opens the current file of a class and cuts off an incomplete last line.
func (d *directory) open(s *stream) error {
	path := d.path(s.class.current())
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	size, err := wholeLines(f)
	if err == nil && size >= s.size && len(s.tail.entries) > 0 {
		size = s.size // what a failure left behind it was not acknowledged
	}
	if err == nil {
		err = f.Truncate(size)
	}
	if err != nil {
		f.Close()
		return fmt.Errorf("the audit log %s cannot be read: %w", path, err)
	}
	t := s.tail
	if size != s.size || len(t.entries) == 0 {
		t = &tail{}
		if size > 0 && size < reopened {
			if t, size, err = scan(path); err != nil {
				f.Close()
				return err
			}
		}
	}
	read, err := os.Open(path)
	if err != nil {
		f.Close()
		return err
	}
	s.file, s.size, s.began = f, size, d.config.Now()
	d.mu.Lock()
	s.tail, s.read = t, read
	d.mu.Unlock()
	return nil
}

// wholeLines returns where the last complete line of a file ends. In the reserve, zeros follow it.
func wholeLines(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 64<<10)
	for at := end; at > 0; {
		n := min(at, int64(len(buf)))
		at -= n
		if _, err := f.ReadAt(buf[:n], at); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			return at + int64(i) + 1, nil
		}
	}
	return 0, nil
}

// rotate renames the current file to a name that sorts by time, and counts it as full.
func (d *directory) rotate(s *stream) error {
	if s.file == nil || s.size == 0 {
		return nil
	}
	return d.rename(s, s.class.current())
}

func (d *directory) rename(s *stream, from string) error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	s.file = nil
	if err != nil {
		return err
	}
	at := d.config.Now().UTC()
	name := func() string { return at.Format(rotatedName) + "." + s.class.String() }
	for {
		if _, err := os.Lstat(d.path(name() + ext)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		at = at.Add(1) // a clock that stands still, or went back
	}
	if err := os.Rename(d.path(from), d.path(name()+ext)); err != nil {
		return err
	}
	seg := &segment{name: name(), class: s.class, until: at, size: s.size}
	d.mu.Lock()
	if len(s.tail.entries) > 0 {
		seg.tail, seg.span, seg.known = s.tail, s.tail.span(), true
	}
	s.append(seg)
	s.tail, s.read, s.size = &tail{}, nil, 0
	d.mu.Unlock()
	select {
	case d.kick <- struct{}{}:
	default:
	}
	return nil
}

// all returns copies of the lists of full files.
func (d *directory) all() (out []*segment) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for _, s := range d.streams {
		if s != nil {
			out = append(out, s.segments...)
		}
	}
	return out
}

// forget removes a full file from its list and deletes it.
func (d *directory) forget(seg *segment) error {
	d.mu.Lock()
	s := d.streams[seg.class]
	s.segments = slices.DeleteFunc(s.segments, func(o *segment) bool { return o == seg })
	d.mu.Unlock()
	err := os.Remove(d.path(seg.name + ext))
	if ierr := os.Remove(d.path(seg.name + indexExt)); !errors.Is(ierr, fs.ErrNotExist) {
		err = errors.Join(err, ierr)
	}
	return err
}

// sizes returns the bytes of each class's files and indexes, and of all together.
func (d *directory) sizes() (by [classes]int64, all int64) {
	d.mu.RLock()
	defer d.mu.RUnlock()
	for c, s := range d.streams {
		if s == nil {
			continue
		}
		for _, e := range s.tail.entries {
			by[c] += int64(e.size)
		}
		for _, seg := range s.segments {
			by[c] += seg.size
			seg.mu.Lock()
			if seg.indexSize > 0 {
				by[c] += seg.indexSize
			} else {
				by[c] += seg.size / 4
			}
			seg.mu.Unlock()
		}
		all += by[c]
	}
	return by, all
}

// peek reads the head of the index of a full file. It returns false when the index is missing or torn.
func (d *directory) peek(seg *segment) bool {
	x, err := openIndex(d.path(seg.name+indexExt), seg.size)
	if err != nil {
		return false
	}
	defer x.close()
	seg.mu.Lock()
	seg.known, seg.span, seg.indexSize, seg.tail = true, x.span, x.head.size(), nil
	seg.mu.Unlock()
	return true
}

// make makes the index of a full file and returns the content of the file.
func (d *directory) make(seg *segment) (*tail, error) {
	seg.making.Lock()
	defer seg.making.Unlock()
	seg.mu.Lock()
	t := seg.tail
	seg.mu.Unlock()
	if t == nil {
		var err error
		if t, _, err = scan(d.path(seg.name + ext)); err != nil {
			return nil, err
		}
	}
	size, err := writeIndex(d.path(seg.name+indexExt), t, seg.size)
	seg.mu.Lock()
	defer seg.mu.Unlock()
	seg.known, seg.span, seg.tail = true, t.span(), nil
	if err == nil {
		seg.indexSize = size
	} // else there is no room, and the file is read again when it is asked for
	return t, nil
}

// indexed reports whether the index of a full file is on disk.
func (d *directory) indexed(seg *segment) bool {
	seg.mu.Lock()
	known, waiting := seg.indexSize > 0, seg.tail != nil
	seg.mu.Unlock()
	return !waiting && (known || d.peek(seg))
}
