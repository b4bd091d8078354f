package audit

import (
	"cmp"
	"errors"
	"io"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"syscall"
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
	config    Config
	jobs      chan *job
	closing   chan struct{} // no more summaries, no more indexes
	closed    chan struct{} // no more events
	once      sync.Once
	done      sync.WaitGroup // the writer
	keepers   sync.WaitGroup
	kick      chan struct{} // a file is full
	strangers strangers

	room      room // what the reserve is, and when room is short
	short     atomic.Bool
	onReserve atomic.Bool // the writer writes to the reserve
	unsynced  atomic.Bool // something was written and not synced
	dropped   atomic.Int64
	expiring  sync.Mutex

	mu      sync.RWMutex // guards what follows, and what the streams say is under it
	failed  error        // why the last events could not be written
	streams [classes]*stream
}

type job struct {
	records []record
	run     func() // or something to be done by the writer
	err     error
	done    chan struct{}
}

const unwritten = "The audit log cannot be written, so the request was refused. Please try again."

var errUnwritten = granary.Errorf(granary.Unavailable, unwritten)

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
	l := &Log{jobs: make(chan *job, 1024), closed: make(chan struct{}), closing: make(chan struct{}),
		kick: make(chan struct{}, 1)}
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
	go l.writer()
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

// submit gives the writer a job.
func (l *Log) submit(j *job, wait bool) error {
	select {
	case l.jobs <- j:
	case <-l.closed:
		return errUnwritten
	}
	if !wait {
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

// do has the writer do something between two writes.
func (l *Log) do(fn func()) error { return l.submit(&job{run: fn, done: make(chan struct{})}, true) }

// Ready says why events cannot be recorded at present, in a sentence for the operator; nil when they can.
func (l *Log) Ready() error {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if l.failed == nil {
		return nil
	}
	if full(l.failed) {
		return granary.Wrap(granary.Unavailable, "The disk of the audit log is full and its reserve is used up: requests "+
			"are refused until there is room.", l.failed)
	}
	return granary.Wrap(granary.Unavailable, "The audit log cannot be written: requests are refused.", l.failed)
}

// full reports whether an error says that there is no room.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

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
	var records []record
	for _, j := range batch {
		records = append(records, j.records...)
	}
	if len(records) > 0 {
		err := l.store(records)
		l.mu.Lock()
		l.failed = err
		l.mu.Unlock()
		if err != nil {
			l.config.Log.Error("The audit log cannot be written.", "error", err)
		}
		for _, j := range batch {
			if err != nil && len(j.records) > 0 {
				j.err = granary.Wrap(granary.Unavailable, unwritten, err)
			}
		}
	}
	for _, j := range batch {
		if j.run != nil {
			j.run()
		}
		close(j.done)
	}
}

// store writes events to the files of their classes, or to the reserve when there is no room, and to standard output.
func (l *Log) store(records []record) error {
	if l.config.Dir != "" {
		if err := l.writeFiles(records); err != nil {
			return err
		}
	}
	if l.config.Stdout == nil {
		return nil
	}
	var b []byte
	for i := range records {
		b = append(b, records[i].line...)
	}
	_, err := l.config.Stdout.Write(b)
	return err
}
