package audit

import (
	"errors"
	"os"
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

	tail     *tail      // what the file holds; guarded by directory.mu, as what follows
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

// current returns the name of the file to which a class is written.
func (c class) current() string {
	if c == mixed {
		return reserve
	}
	return c.String() + ext
}

func (s *stream) append(seg *segment) {
	if n := len(s.segments); n > 0 {
		seg.since = s.segments[n-1].until
	}
	s.segments = append(s.segments, seg)
}

// part is the part of a batch for one class.
type part struct {
	stream  *stream
	records []*record
	bytes   []byte
	sync    bool
}

func (d *directory) parts(records []record) (out []*part) {
	var by [classes]*part
	for i := range records {
		r := &records[i]
		p := by[r.class]
		if p == nil {
			p = &part{stream: d.streams[r.class]}
			by[r.class], out = p, append(out, p)
		}
		p.records, p.bytes = append(p.records, r), append(p.bytes, r.line...)
		p.sync = p.sync || r.sync
	}
	return out
}

// writeStreams writes and syncs the parts of a batch. After a failure it cuts off what was partly written, so that
// the next event begins a line.
func (d *directory) writeStreams(records []record) error {
	parts := d.parts(records)
	errs := make([]error, len(parts))
	var waiting sync.WaitGroup
	for i, p := range parts {
		errs[i] = d.writeBytes(p.stream, p.bytes)
	}
	err := errors.Join(errs...)
	if err == nil && d.config.Strict {
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
	d.mu.Lock()
	for _, p := range parts {
		s := p.stream
		for _, r := range p.records {
			s.tail.add(r, s.size)
			s.size += int64(len(r.line))
		}
	}
	d.mu.Unlock()
	for _, p := range parts {
		if !p.sync || !d.config.Strict {
			d.unsynced.Store(true)
		}
		if s := p.stream; s.class != mixed && (s.size >= d.config.MaxFile || len(s.tail.entries) >= maxEvents) {
			if err := d.rotate(s); err != nil {
				d.config.Log.Error("A file of the audit log cannot be put aside.", "class", s.class, "error", err)
			}
		}
	}
	return nil
}

func (d *directory) writeBytes(s *stream, b []byte) error {
	if s.file == nil {
		if err := d.open(s); err != nil {
			return err
		}
	}
	if d.config.fault != nil {
		if err := d.config.fault(s.class.current()); err != nil {
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
