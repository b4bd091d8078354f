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
	"time"
)

const (
	ext      = ".jsonl"
	indexExt = ".index"
	reserve  = "reserve" // the file that the last events go to
	legacy   = "current" // the one file of earlier releases
	reopened = 256 << 10 // a file that is smaller goes on when the log is opened again
)

// stream has the files of a class: the current one and the full ones.
type stream struct {
	class class
	file  *os.File // the writer's, as what follows
	size  int64
	began time.Time // when its first event was written

	tail     *tail      // what the file holds; under Log.mu, as what follows
	read     *os.File   // the same file, for reading; closed when nobody has it any more
	segments []*segment // oldest first
}

// segment is a full file. Its index is beside it, or is made when it is needed.
type segment struct {
	name  string // without extension
	class class
	since time.Time // of the events in it, about; as long as it has no index
	until time.Time // when it was full
	size  int64

	making    sync.Mutex // the index
	mu        sync.Mutex // what follows
	known     bool       // what its index says: span and indexSize
	span      span
	indexSize int64
	tail      *tail // what it holds, until its index is on disk
}

func (l *Log) path(name string) string { return filepath.Join(l.config.Dir, name) }

// current returns the name of the file to which a class is written.
func (c class) current() string {
	if c == mixed {
		return reserve
	}
	return c.String() + ext
}

// openFiles opens the files that exist.
func (l *Log) openFiles() error {
	for c := range l.streams {
		l.streams[c] = &stream{class: class(c), tail: &tail{}}
	}
	files, err := os.ReadDir(l.config.Dir)
	if err != nil {
		return err
	}
	for _, f := range files { // by name, and so by time
		name, isLog := strings.CutSuffix(f.Name(), ext)
		if strings.HasSuffix(f.Name(), ".new") {
			_ = os.Remove(l.path(f.Name())) // what a crash left of an index
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
		l.streams[c].append(&segment{name: name, class: c, until: until, size: st.Size()})
	}
	for _, s := range l.streams {
		for _, seg := range s.segments {
			l.peek(seg)
		}
	}
	if err := l.adopt(legacy + ext); err != nil {
		return err
	}
	if err := l.adopt(reserve); err != nil {
		return err
	}
	for _, s := range l.streams[:mixed] {
		if err := l.open(s); err != nil {
			return err
		}
		if s.size >= reopened {
			if err := l.rotate(s); err != nil {
				return err
			}
			if err := l.open(s); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *stream) append(seg *segment) {
	if n := len(s.segments); n > 0 {
		seg.since = s.segments[n-1].until
	}
	s.segments = append(s.segments, seg)
}

// adopt makes a full file of a file that has events of every class.
func (l *Log) adopt(name string) error {
	f, err := os.OpenFile(l.path(name), os.O_RDWR, 0)
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
		return os.Remove(l.path(name))
	}
	s := l.streams[mixed]
	s.file, s.size = f, size
	if err == nil {
		err = errors.Join(f.Truncate(size), l.rename(s, name))
	}
	return err
}

// open opens the current file of a class and cuts off an incomplete last line.
func (l *Log) open(s *stream) error {
	path := l.path(s.class.current())
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
	s.file, s.size, s.began = f, size, l.config.Now()
	l.mu.Lock()
	s.tail, s.read = t, read
	l.mu.Unlock()
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

// writeFiles writes records to the files of their classes, or to the reserve when the disk has no room.
func (l *Log) writeFiles(records []record) error {
	if !l.onReserve.Load() {
		err := l.writeStreams(records)
		if err == nil || !full(err) || !l.takeReserve(err) {
			return err
		}
	}
	for i := range records {
		records[i].class = mixed
	}
	return l.writeStreams(records)
}

// part is the part of a batch for one class.
type part struct {
	stream  *stream
	records []*record
	bytes   []byte
	sync    bool
}

func (l *Log) parts(records []record) (out []*part) {
	var by [classes]*part
	for i := range records {
		r := &records[i]
		p := by[r.class]
		if p == nil {
			p = &part{stream: l.streams[r.class]}
			by[r.class], out = p, append(out, p)
		}
		p.records, p.bytes = append(p.records, r), append(p.bytes, r.line...)
		p.sync = p.sync || r.sync
	}
	return out
}

// writeStreams writes and syncs the parts of a batch. After a failure it cuts off what was partly written, so that
// the next event begins a line.
func (l *Log) writeStreams(records []record) error {
	parts := l.parts(records)
	errs := make([]error, len(parts))
	var waiting sync.WaitGroup
	for i, p := range parts {
		errs[i] = l.writeBytes(p.stream, p.bytes)
	}
	err := errors.Join(errs...)
	if err == nil && l.config.Strict {
		for i, p := range parts {
			switch {
			case !p.sync:
			case len(parts) == 1:
				errs[i] = p.stream.file.Sync()
			default:
				waiting.Go(func() { errs[i] = p.stream.file.Sync() })
			}
		}
		waiting.Wait()
		err = errors.Join(errs...)
	}
	if err != nil {
		for _, p := range parts {
			p.stream.undo()
		}
		return err
	}
	l.mu.Lock()
	for _, p := range parts {
		s := p.stream
		for _, r := range p.records {
			s.tail.add(r, s.size)
			s.size += int64(len(r.line))
		}
	}
	l.mu.Unlock()
	for _, p := range parts {
		if !p.sync || !l.config.Strict {
			l.unsynced.Store(true)
		}
		if s := p.stream; s.class != mixed && (s.size >= l.config.MaxFile || len(s.tail.entries) >= maxEvents) {
			if err := l.rotate(s); err != nil {
				l.config.Log.Error("A file of the audit log cannot be put aside.", "class", s.class, "error", err)
			}
		}
	}
	return nil
}

func (l *Log) writeBytes(s *stream, b []byte) error {
	if s.file == nil {
		if err := l.open(s); err != nil {
			return err
		}
	}
	if l.config.fault != nil {
		if err := l.config.fault(s.class.current()); err != nil {
			return err
		}
	}
	_, err := s.file.WriteAt(b, s.size)
	return err
}

// undo cuts off what was written beyond the recorded size. It does not shorten the reserve.
func (s *stream) undo() {
	if s.file == nil || s.class == mixed {
		return
	}
	if s.file.Truncate(s.size) != nil {
		s.file.Close()
		s.file = nil // opened and mended again at the next event
	}
}

// rotate renames the current file to a name that sorts by time, and counts it as full.
func (l *Log) rotate(s *stream) error {
	if s.file == nil || s.size == 0 {
		return nil
	}
	return l.rename(s, s.class.current())
}

func (l *Log) rename(s *stream, from string) error {
	err := errors.Join(s.file.Sync(), s.file.Close())
	s.file = nil
	if err != nil {
		return err
	}
	at := l.config.Now().UTC()
	name := func() string { return at.Format(rotatedName) + "." + s.class.String() }
	for {
		if _, err := os.Lstat(l.path(name() + ext)); errors.Is(err, fs.ErrNotExist) {
			break
		}
		at = at.Add(1) // a clock that stands still, or went back
	}
	if err := os.Rename(l.path(from), l.path(name()+ext)); err != nil {
		return err
	}
	seg := &segment{name: name(), class: s.class, until: at, size: s.size}
	l.mu.Lock()
	if len(s.tail.entries) > 0 {
		seg.tail, seg.span, seg.known = s.tail, s.tail.span(), true
	}
	s.append(seg)
	s.tail, s.read, s.size = &tail{}, nil, 0
	l.mu.Unlock()
	select {
	case l.kick <- struct{}{}:
	default:
	}
	return nil
}

// all returns copies of the lists of full files.
func (l *Log) all() (out []*segment) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for _, s := range l.streams {
		if s != nil {
			out = append(out, s.segments...)
		}
	}
	return out
}

// forget removes a full file from its list and deletes it.
func (l *Log) forget(seg *segment) error {
	l.mu.Lock()
	s := l.streams[seg.class]
	s.segments = slices.DeleteFunc(s.segments, func(o *segment) bool { return o == seg })
	l.mu.Unlock()
	err := os.Remove(l.path(seg.name + ext))
	if ierr := os.Remove(l.path(seg.name + indexExt)); !errors.Is(ierr, fs.ErrNotExist) {
		err = errors.Join(err, ierr)
	}
	return err
}
