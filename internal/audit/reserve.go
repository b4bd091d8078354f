package audit

import (
	"errors"
	"io/fs"
	"os"

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

// makeReserve makes the reserve unless it exists.
func (w *writer) makeReserve() {
	if _, err := os.Lstat(w.path(reserve)); !errors.Is(err, fs.ErrNotExist) {
		return
	}
	f, err := os.OpenFile(w.path(reserve+".new"), os.O_CREATE|os.O_TRUNC|os.O_RDWR, 0o600)
	if err != nil {
		return // the next second
	}
	if err := errors.Join(disk.Allocate(f, w.room.reserve), f.Sync(), f.Close()); err != nil {
		_ = os.Remove(w.path(reserve + ".new"))
		return
	}
	_ = os.Rename(w.path(reserve+".new"), w.path(reserve))
}

// takeReserve makes the writer write to the reserve. It returns false when there is none.
func (w *writer) takeReserve(why error) bool {
	s := w.streams[mixed]
	f, err := os.OpenFile(w.path(reserve), os.O_RDWR, 0)
	if err != nil {
		return false
	}
	read, err := os.Open(w.path(reserve))
	if err != nil {
		f.Close()
		return false
	}
	s.file, s.size, s.began = f, 0, w.config.Now()
	w.mu.Lock()
	s.tail, s.read = &tail{}, read
	w.mu.Unlock()
	w.onReserve.Store(true)
	w.short.Store(true)
	w.config.Log.Error("There is no room for the audit log: the last events go to its reserve.", "bytes", w.room.reserve,
		"error", why)
	return true
}

// leaveReserve makes the writer write to the files of the classes again.
func (w *writer) leaveReserve() {
	s := w.streams[mixed]
	if s.file != nil {
		if s.size == 0 {
			s.file.Close()
			s.file = nil
		} else if err := errors.Join(s.file.Truncate(s.size), w.rename(s, reserve)); err != nil {
			w.config.Log.Error("The reserve of the audit log cannot be put aside.", "error", err)
			return
		}
	}
	w.onReserve.Store(false)
	w.config.Log.Info("There is room for the audit log again.")
}

// probe tries whether a log that could not be written can be written now. A server that is not ready receives no
// requests that would show it.
func (w *writer) probe() {
	s := w.streams[calls]
	if w.onReserve.Load() {
		return // it is left when there is room
	}
	err := w.writeBytes(s, []byte("\n"))
	if err == nil {
		err = s.file.Sync()
	}
	s.undo()
	w.mu.Lock()
	w.failed = err
	w.mu.Unlock()
}
