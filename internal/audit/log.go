package audit

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"time"

	"granary"
	"granary/internal/disk"
)

// Config says where events go, and how many are kept.
type Config struct {
	Dir    string    // "" keeps no file
	Stdout io.Writer // nil: none
	Strict bool      // Record waits for the disk
	// also for data events that only read; else they are written before the answer, and synced within a second
	SyncReads bool
	Retention time.Duration // how long files are kept; 90 days when zero, as CloudTrail's own
	MaxSize   int64         // of all files, in bytes; when zero 10 GiB, or a quarter of a disk that is smaller than 40 GiB
	MaxFile   int64         // bytes at which a file is full; when zero what suits MaxSize
	Account   string        // whose events those of the log itself are
	Region    string
	Log       *slog.Logger // nil: none
	Now       func() time.Time

	fault func(file string) error // makes writing fail, in tests
	space func() (free, total int64, err error)
}

const (
	defaultSize = 10 << 30
	defaultAge  = 90 * 24 * time.Hour
	largestFile = 16 << 20
	maxEvents   = 16_384 // in a file
	maxOpen     = 24 * time.Hour
	maxShared   = 512 // jobs that share one sync at most

	// linger is how long the writer waits for more to share a sync, while there is more than one writing at a time. A sync
	// costs the processor more than it costs the disk: without this, 64 connections shared one between three.
	linger = 500 * time.Microsecond
)

// Log is the audit log. It is safe for concurrent use.
type Log struct {
	*keeper
	once      sync.Once // closes
	strangers strangers
}

var errShort = granary.Errorf(granary.Unavailable,
	"The disk of the audit log is short of room, and a call that needs no permission is not recorded: try again later.")

// Open opens the log, mending a last line that a crash cut off: it was never acknowledged.
func Open(c Config) (*Log, error) {
	if c.Retention == 0 {
		c.Retention = defaultAge
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	w := &writer{directory: &directory{kick: make(chan struct{}, 1)}, jobs: make(chan *job, 1024),
		closed: make(chan struct{})}
	l := &Log{keeper: &keeper{writer: w, closing: make(chan struct{})}}
	if c.Dir != "" {
		if err := os.MkdirAll(c.Dir, 0o700); err != nil {
			return nil, err
		}
		if c.space == nil {
			dir := c.Dir
			c.space = func() (free, total int64, err error) { return disk.Space(dir) }
		}
		_, total, err := c.space()
		if err != nil {
			return nil, err
		}
		l.room = roomOf(&c, total)
	}
	l.config = c
	l.strangers.counts, l.strangers.since = map[refusal]int64{}, c.Now()
	if c.Dir != "" {
		if err := l.openFiles(); err != nil {
			return nil, err
		}
	}
	l.done.Add(1)
	go l.writeJobs()
	l.keepers.Add(2)
	go l.keep()
	go l.index()
	return l, nil
}

// Record writes events together. In strict mode it returns nil when they are on disk, and Unavailable when they cannot
// be. It cuts texts and parts that are too long, so that no line of the log is longer than MaxLine.
//
// While the disk is short of room, Record only counts the events that anybody with a key can cause: refusals, and calls
// that are free for all and gave nothing. It removes the decision from the event of such a refusal, so that the
// caller of Record seals it into the decision id instead. A call that is free for all and gave something, such as a
// session, fails with Unavailable.
func (l *Log) Record(events ...*Event) error {
	j := &job{done: make(chan struct{})}
	short := l.short.Load()
	for _, e := range events {
		switch {
		case short && (e.ErrorCode != "" || e.FreeForAll && e.ResponseElements == nil):
			l.countEvent(e)
			continue
		case short && e.FreeForAll:
			return errShort
		}
		list, lines, err := l.lines(e)
		if err != nil {
			return err
		}
		for i, e := range list {
			r := recordOf(e, lines[i])
			r.sync = l.config.SyncReads || !(r.class == data && e.ReadOnly)
			j.records = append(j.records, r)
		}
	}
	if len(j.records) == 0 {
		return nil
	}
	return l.submit(j, l.config.Strict)
}

// countEvent counts an event in the table of strangers instead of writing it.
func (l *Log) countEvent(e *Event) {
	e.Decision = nil
	l.strangers.count(refusal{Service: cut(e.EventSource, maxWord), Operation: cut(e.EventName, maxWord),
		Code: cut(cmp.Or(e.ErrorCode, "OK"), maxWord), Source: cut(e.SourceIPAddress, maxWord)})
}

// Close writes what is waiting and closes the files.
func (l *Log) Close() error {
	l.once.Do(func() {
		close(l.closing)
		l.keepers.Wait()
		close(l.closed)
	})
	l.done.Wait()
	var errs []error
	for _, s := range l.streams {
		if s != nil && s.file != nil {
			errs = append(errs, s.file.Sync(), s.file.Close())
			s.file = nil
		}
	}
	return errors.Join(errs...)
}

// Stats is the state of the log, for metrics.
type Stats struct {
	Bytes     int64 // of all files
	Dropped   int64 // bytes removed before their time since the log was opened
	Strangers int64 // requests that were counted and not recorded
	Short     bool  // of room: refusals are counted
	OnReserve bool
	Failing   bool
}

// Stats returns the state of the log.
func (l *Log) Stats() Stats {
	_, all := l.sizes()
	return Stats{Bytes: all, Dropped: l.dropped.Load(), Strangers: l.Strangers(), Short: l.short.Load(),
		OnReserve: l.onReserve.Load(), Failing: l.Ready() != nil}
}
