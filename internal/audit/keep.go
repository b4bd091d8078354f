package audit

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"granary/internal/disk"
)

// room holds the sizes that matter when the disk fills up.
type room struct {
	reserve    int64 // size of the file for the last events, in bytes
	shortBelow int64 // with fewer free bytes, refusals are only counted
}

const (
	largestReserve = 16 << 20
	mostShort      = 256 << 20
)

// roomOf returns the sizes that depend on the size of the disk, and fills in those of c.
func roomOf(c *Config, total int64) room {
	if total <= 0 {
		total = 1 << 40 // the system does not say
	}
	if c.MaxSize == 0 {
		c.MaxSize = min(defaultSize, total/4)
	}
	if c.MaxFile == 0 {
		c.MaxFile = min(max(c.MaxSize/64, 64<<10), largestFile)
	}
	r := room{reserve: max(min(total/16, c.MaxSize/16, largestReserve), 1<<20)}
	r.shortBelow = max(2*r.reserve, min(total/50, mostShort))
	return r
}

// keep maintains the log until it is closed: room on the disk, old files, summaries of what was counted.
func (l *Log) keep() {
	defer l.keepers.Done()
	t := time.NewTicker(time.Second)
	defer t.Stop()
	for n := 1; ; n++ {
		select {
		case <-t.C:
			l.watch()
			if n%60 == 0 {
				l.Summarize()
				l.rotateOld()
				l.expire()
			}
		case <-l.closing:
			l.Summarize()
			return
		}
	}
}

// watch checks the disk. It is called once a second.
func (l *Log) watch() {
	if l.config.Dir == "" {
		return
	}
	if l.unsynced.CompareAndSwap(true, false) {
		_ = l.do(func() {
			for _, s := range l.streams {
				if s.file != nil {
					_ = s.file.Sync()
				}
			}
		})
	}
	free, total, err := l.config.space()
	if err != nil || total == 0 {
		free = 1 << 40
	}
	if short := free < l.room.shortBelow; l.short.Swap(short) != short {
		if short {
			l.config.Log.Warn("The disk of the audit log is short of room: refusals are counted, and not recorded one by one.",
				"free", free, "below", l.room.shortBelow)
		} else {
			l.config.Log.Info("The disk of the audit log has room again: refusals are recorded.", "free", free)
		}
	}
	switch {
	case l.onReserve.Load():
		if free >= 3*l.room.reserve {
			_ = l.do(l.leaveReserve)
		}
	case free >= 2*l.room.reserve:
		l.makeReserve()
	}
	l.mu.RLock()
	failed := l.failed != nil
	l.mu.RUnlock()
	if failed {
		_ = l.do(l.probe)
	}
}

// makeReserve makes the reserve unless it exists.
func (l *Log) makeReserve() {
	if _, err := os.Lstat(l.path(reserve)); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	f, err := os.OpenFile(l.path(reserve+".new"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return // the next second
	}
	if err := errors.Join(disk.Allocate(f, l.room.reserve), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(l.path(reserve + ".new"))
		return
	}
	_ = os.Rename(l.path(reserve+".new"), l.path(reserve))
}

// takeReserve makes the writer write to the reserve. It returns false when there is none.
func (l *Log) takeReserve(why error) bool {
	s := l.streams[mixed]
	f, err := os.OpenFile(l.path(reserve), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	read, err := os.Open(l.path(reserve))
	if err != nil {
		f.Close()
		return false
	}
	s.file, s.size, s.began = f, 0, l.config.Now()
	l.mu.Lock()
	s.tail, s.read = &tail{}, read
	l.mu.Unlock()
	l.onReserve.Store(true)
	l.short.Store(true)
	l.config.Log.Error("There is no room for the audit log: the last events go to its reserve.", "bytes", l.room.reserve,
		"error", why)
	return true
}

// leaveReserve makes the writer write to the files of the classes again.
func (l *Log) leaveReserve() {
	s := l.streams[mixed]
	if s.file != nil {
		if s.size == 0 {
			s.file.Close()
			s.file = nil
		} else if err := errors.Join(s.file.Truncate(s.size), l.rename(s, reserve)); err != nil {
			l.config.Log.Error("The reserve of the audit log cannot be put aside.", "error", err)
			return
		}
	}
	l.onReserve.Store(false)
	l.config.Log.Info("There is room for the audit log again.")
}

// probe tries whether a log that could not be written can be written now. A server that is not ready receives no
// requests that would show it.
func (l *Log) probe() {
	s := l.streams[calls]
	if l.onReserve.Load() {
		return // it is left when there is room
	}
	err := l.writeBytes(s, []byte("\n"))
	if err == nil {
		err = s.file.Sync()
	}
	s.undo()
	l.mu.Lock()
	l.failed = err
	l.mu.Unlock()
}

// rotateOld rotates files that have been written to for a day, so that retention is exact to a day.
func (l *Log) rotateOld() {
	_ = l.do(func() {
		for _, s := range l.streams {
			if s != nil && s.class != mixed && s.size > 0 && l.config.Now().Sub(s.began) > maxOpen {
				_ = l.rotate(s)
			}
		}
	})
}

// index makes missing indexes until the log is closed, those of the newest files first.
func (l *Log) index() {
	defer l.keepers.Done()
	for {
		list := l.all()
		for i := len(list) - 1; i >= 0; i-- {
			select {
			case <-l.closing:
				return
			default:
			}
			if l.indexed(list[i]) {
				continue
			}
			if _, err := l.make(list[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				l.config.Log.Error("A file of the audit log cannot be indexed.", "file", list[i].name, "error", err)
			}
		}
		l.expire()
		select {
		case <-l.kick:
		case <-l.closing:
			return
		}
	}
}

// indexed reports whether the index of a full file is on disk.
func (l *Log) indexed(seg *segment) bool {
	seg.mu.Lock()
	known, waiting := seg.indexSize > 0, seg.tail != nil
	seg.mu.Unlock()
	return !waiting && (known || l.peek(seg))
}

// expire deletes files older than the retention. While the log is larger than MaxSize it deletes the oldest file of the
// class that exceeds its share most, and logs a warning. MaxSize wins over the retention, since a log without a bound
// fills the disk.
func (l *Log) expire() {
	if l.config.Dir == "" {
		return
	}
	l.expiring.Lock()
	defer l.expiring.Unlock()
	limit := l.config.Now().Add(-l.config.Retention)
	for _, seg := range l.all() {
		if seg.until.Before(limit) {
			_ = l.forget(seg)
		}
	}
	for {
		sizes, all := l.sizes()
		if all <= l.config.MaxSize-8*l.config.MaxFile {
			return
		}
		var oldest *segment
		most := int64(-1 << 62)
		l.mu.RLock()
		for c, s := range l.streams {
			if over := sizes[c] - l.config.MaxSize*shares[c]/16; len(s.segments) > 0 && over > most {
				oldest, most = s.segments[0], over
			}
		}
		l.mu.RUnlock()
		if oldest == nil {
			return
		}
		l.dropped.Add(oldest.size)
		l.config.Log.Warn("The audit log reached audit.max_size: events were removed before audit.retention ended.", "class",
			oldest.class, "until", oldest.until,
			"bytes", oldest.size, "max_size", l.config.MaxSize, "retention", l.config.Retention)
		if err := l.forget(oldest); err != nil {
			return
		}
	}
}

// sizes returns the bytes of each class's files and indexes, and of all together.
func (l *Log) sizes() (by [classes]int64, all int64) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	for c, s := range l.streams {
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
