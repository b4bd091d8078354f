package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"granary"
)

// Config says where events go.
type Config struct {
	Dir     string        // "" keeps no file
	Stdout  io.Writer     // nil: none
	Strict  bool          // Record waits for the disk
	MaxAge  time.Duration // of rotated files; 90 days when zero, as CloudTrail's own
	MaxFile int64         // bytes at which the file is rotated; 64 MiB when zero
	Now     func() time.Time
}

const (
	defaultFile = 64 << 20
	defaultAge  = 90 * 24 * time.Hour
	maxShared   = 512 // events that share one sync at most

	// linger is how long the writer waits for more to share a sync, while there is more than one writing at a time. A sync costs
	// the processor more than it costs the disk: without this, 64 connections shared one between three.
	linger = 500 * time.Microsecond
)

// Current is the name of the file that is being written.
const Current = "current.jsonl"

// Log is the audit log. It is safe for concurrent use.
type Log struct {
	config Config
	jobs   chan *job
	closed chan struct{}
	once   sync.Once
	done   sync.WaitGroup

	file *os.File // the writer's
	size int64
}

type job struct {
	lines []byte
	err   error
	done  chan struct{}
}

var errUnwritten = granary.Errorf(granary.Unavailable, "The audit log cannot be written, so the request was refused. Please try again.")

// Open opens the log, mending a last line that a crash cut off: it was never acknowledged.
func Open(c Config) (*Log, error) {
	if c.MaxAge == 0 {
		c.MaxAge = defaultAge
	}
	if c.MaxFile == 0 {
		c.MaxFile = defaultFile
	}
	l := &Log{config: c, jobs: make(chan *job, 1024), closed: make(chan struct{})}
	if c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, err
		}
		if err := l.open(); err != nil {
			return nil, err
		}
	}
	l.done.Add(1)
	go l.writer()
	return l, nil
}

func (l *Log) path() string { return filepath.Join(l.config.Dir, Current) }

func (l *Log) open() error {
	f, err := os.OpenFile(l.path(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	size, err := mend(f)
	if err != nil {
		f.Close()
		return fmt.Errorf("the audit log %s cannot be read: %w", l.path(), err)
	}
	l.file, l.size = f, size
	return nil
}

// mend cuts a torn last line off and leaves the file at its end.
func mend(f *os.File) (int64, error) {
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	buf := make([]byte, 4096)
	for at := end; at > 0; {
		n := min(at, int64(len(buf)))
		at -= n
		if _, err := f.ReadAt(buf[:n], at); err != nil {
			return 0, err
		}
		if i := bytes.LastIndexByte(buf[:n], '\n'); i >= 0 {
			end = at + int64(i) + 1
			if err := f.Truncate(end); err != nil {
				return 0, err
			}
			_, err := f.Seek(end, io.SeekStart)
			return end, err
		}
	}
	if err := f.Truncate(0); err != nil {
		return 0, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return 0, err
}

// Record writes events together. In strict mode it returns nil when they are on disk, and Unavailable when they cannot be.
func (l *Log) Record(events ...*Event) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, ev := range events {
		if err := e.Encode(ev); err != nil {
			return granary.Wrap(granary.Internal, "The audit event cannot be written.", err)
		}
	}
	j := &job{lines: b.Bytes(), done: make(chan struct{})}
	select {
	case l.jobs <- j:
	case <-l.closed:
		return errUnwritten
	}
	if !l.config.Strict {
		return nil
	}
	select {
	case <-j.done:
		return j.err
	case <-l.closed:
		l.done.Wait()
		select {
		case <-j.done:
			return j.err
		default:
			return errUnwritten
		}
	}
}

// Close writes what is waiting and closes the file.
func (l *Log) Close() error {
	l.once.Do(func() { close(l.closed) })
	l.done.Wait()
	if l.file == nil {
		return nil
	}
	return errors.Join(l.file.Sync(), l.file.Close())
}

func (l *Log) writer() {
	defer l.done.Done()
	last := 0 // how many shared the last sync
	for {
		select {
		case j := <-l.jobs:
			if last > 1 {
				time.Sleep(linger) // others are on their way: one sync for them all
			}
			batch := l.gather(j)
			last = len(batch)
			l.write(batch)
		case <-l.closed:
			for { // what was taken is written, also while stopping
				select {
				case j := <-l.jobs:
					l.write(l.gather(j))
				default:
					return
				}
			}
		}
	}
}

func (l *Log) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxShared {
		select {
		case j := <-l.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (l *Log) write(batch []*job) {
	var b []byte
	for _, j := range batch {
		b = append(b, j.lines...)
	}
	err := l.append(b)
	if l.config.Stdout != nil {
		if _, werr := l.config.Stdout.Write(b); err == nil && werr != nil {
			err = werr
		}
	}
	for _, j := range batch {
		if err != nil {
			j.err = granary.Wrap(granary.Unavailable, errUnwritten.Message, err)
		}
		close(j.done)
	}
}

// append writes and syncs. What a failure left half written is cut off again, so that the next line begins a line.
func (l *Log) append(b []byte) error {
	if l.config.Dir == "" {
		return nil
	}
	if l.file == nil {
		if err := l.open(); err != nil {
			return err
		}
	}
	n, err := l.file.Write(b)
	if err == nil && l.config.Strict {
		err = l.file.Sync()
	}
	if err != nil {
		if terr := l.file.Truncate(l.size); terr != nil {
			l.file.Close()
			l.file = nil // opened and mended again at the next event
			return err
		}
		_, _ = l.file.Seek(l.size, io.SeekStart)
		return err
	}
	l.size += int64(n)
	if l.size >= l.config.MaxFile {
		return l.rotate()
	}
	return nil
}

// rotate gives the full file a name that sorts by time, and begins another.
func (l *Log) rotate() error {
	now := l.config.Now().UTC()
	if err := errors.Join(l.file.Sync(), l.file.Close()); err != nil {
		return err
	}
	l.file = nil
	name := filepath.Join(l.config.Dir, now.Format("20060102T150405.000000000Z")+".jsonl")
	if err := os.Rename(l.path(), name); err != nil {
		return err
	}
	l.expire(now)
	return l.open()
}

// expire removes files past their time. Failing to is no reason to refuse anything.
func (l *Log) expire(now time.Time) {
	files, _ := fs.Glob(os.DirFS(l.config.Dir), "2*.jsonl")
	limit := now.Add(-l.config.MaxAge).Format("20060102T150405.000000000Z") + ".jsonl"
	for _, f := range files {
		if f < limit {
			_ = os.Remove(filepath.Join(l.config.Dir, f))
		}
	}
}

// Lookup reads events back, newest first, until fn returns false or ctx ends. An event may be missed only when its line
// cannot be read.
func (l *Log) Lookup(ctx context.Context, fn func(*Event) bool) error {
	if l.config.Dir == "" {
		return granary.Errorf(granary.Unavailable, "This server keeps no audit file to look events up in.")
	}
	rotated, err := fs.Glob(os.DirFS(l.config.Dir), "2*.jsonl")
	if err != nil {
		return err
	}
	files := append(rotated, Current) // Glob sorts, and the names sort by time
	for i := len(files) - 1; i >= 0; i-- {
		more, err := lookup(ctx, filepath.Join(l.config.Dir, files[i]), fn)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if err == nil && !more {
			return nil
		}
	}
	return nil
}

// lookup reads one file's lines from the last to the first.
func lookup(ctx context.Context, path string, fn func(*Event) bool) (more bool, err error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	at, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return false, err
	}
	var tail []byte // the beginning of a line whose end was read already
	for at > 0 {
		if err := ctx.Err(); err != nil {
			return false, err
		}
		n := min(at, 256<<10)
		at -= n
		chunk := make([]byte, n, int(n)+len(tail))
		if _, err := f.ReadAt(chunk, at); err != nil {
			return false, err
		}
		chunk = append(chunk, tail...)
		lines := bytes.Split(chunk, []byte{'\n'})
		first := 0
		if at > 0 {
			tail, first = lines[0], 1
		}
		for i := len(lines) - 1; i >= first; i-- {
			var e Event
			if len(lines[i]) > 0 && json.Unmarshal(lines[i], &e) == nil && !fn(&e) {
				return false, nil
			}
		}
	}
	return true, nil
}
