package audit

import (
	"errors"
	"io/fs"
	"sync"
	"sync/atomic"
	"time"
)

// keeper maintains the files: it watches the disk, makes indexes, and deletes files after their time.
type keeper struct {
	*writer
	closing  chan struct{}  // closed when there are to be no more summaries and indexes
	keepers  sync.WaitGroup // the goroutines that maintain
	dropped  atomic.Int64   // bytes that were deleted before their time
	expiring sync.Mutex
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
func (k *keeper) watch() {
	if k.config.Dir == "" {
		return
	}
	if k.unsynced.CompareAndSwap(true, false) {
		_ = k.do(func() {
			for _, s := range k.streams {
				if s.file != nil {
					_ = s.file.Sync()
				}
			}
		})
	}
	free, total, err := k.config.space()
	if err != nil || total == 0 {
		free = 1 << 40
	}
	if short := free < k.room.shortBelow; k.short.Swap(short) != short {
		if short {
			k.config.Log.Warn("The disk of the audit log is short of room: refusals are counted, and not recorded one by one.",
				"free", free, "below", k.room.shortBelow)
		} else {
			k.config.Log.Info("The disk of the audit log has room again: refusals are recorded.", "free", free)
		}
	}
	switch {
	case k.onReserve.Load():
		if free >= 3*k.room.reserve {
			_ = k.do(k.leaveReserve)
		}
	case free >= 2*k.room.reserve:
		k.makeReserve()
	}
	k.mu.RLock()
	failed := k.failed != nil
	k.mu.RUnlock()
	if failed {
		_ = k.do(k.probe)
	}
}

// rotateOld rotates files that have been written to for a day, so that retention is exact to a day.
func (k *keeper) rotateOld() {
	_ = k.do(func() {
		for _, s := range k.streams {
			if s != nil && s.class != mixed && s.size > 0 && k.config.Now().Sub(s.began) > maxOpen {
				_ = k.rotate(s)
			}
		}
	})
}

// index makes missing indexes until the log is closed, those of the newest files first.
func (k *keeper) index() {
	defer k.keepers.Done()
	for {
		list := k.all()
		for i := len(list) - 1; i >= 0; i-- {
			select {
			case <-k.closing:
				return
			default:
			}
			if k.indexed(list[i]) {
				continue
			}
			if _, err := k.make(list[i]); err != nil && !errors.Is(err, fs.ErrNotExist) {
				k.config.Log.Error("A file of the audit log cannot be indexed.", "file", list[i].name, "error", err)
			}
		}
		k.expire()
		select {
		case <-k.kick:
		case <-k.closing:
			return
		}
	}
}

// expire deletes files older than the retention. While the log is larger than MaxSize it deletes the oldest file of the
// class that exceeds its share most, and logs a warning. MaxSize wins over the retention, since a log without a bound
// fills the disk.
func (k *keeper) expire() {
	if k.config.Dir == "" {
		return
	}
	k.expiring.Lock()
	defer k.expiring.Unlock()
	limit := k.config.Now().Add(-k.config.Retention)
	for _, seg := range k.all() {
		if seg.until.Before(limit) {
			_ = k.forget(seg)
		}
	}
	for {
		sizes, all := k.sizes()
		if all <= k.config.MaxSize-8*k.config.MaxFile {
			return
		}
		var oldest *segment
		most := int64(-1 << 62)
		k.mu.RLock()
		for c, s := range k.streams {
			if over := sizes[c] - k.config.MaxSize*shares[c]/16; len(s.segments) > 0 && over > most {
				oldest, most = s.segments[0], over
			}
		}
		k.mu.RUnlock()
		if oldest == nil {
			return
		}
		k.dropped.Add(oldest.size)
		k.config.Log.Warn("The audit log reached audit.max_size: events were removed before audit.retention ended.", "class",
			oldest.class, "until", oldest.until,
			"bytes", oldest.size, "max_size", k.config.MaxSize, "retention", k.config.Retention)
		if err := k.forget(oldest); err != nil {
			return
		}
	}
}
