package audit

import (
	"errors"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"granary"
)

// writer writes events to the files of their classes, one batch at a time.
type writer struct {
	*directory
	jobs      chan *job
	closed    chan struct{}  // closed when no more events are taken
	done      sync.WaitGroup // the goroutine that writes
	room      room
	short     atomic.Bool // room is short: refusals are only counted
	onReserve atomic.Bool // events go to the reserve
	failed    error       // why the last events could not be written; guarded by mu
}

type job struct {
	records []record
	run     func() // or something to be done by the writer
	err     error
	done    chan struct{}
}

const unwritten = "The audit log cannot be written, so the request was refused. Please try again."

var errUnwritten = granary.Errorf(granary.Unavailable, unwritten)

// submit gives the writer a job.
func (w *writer) submit(j *job, wait bool) error {
	select {
	case w.jobs <- j:
	case <-w.closed:
		return errUnwritten
	}
	if !wait {
		return nil
	}
	select {
	case <-j.done:
		return j.err
	case <-w.closed:
		w.done.Wait()
		select {
		case <-j.done:
			return j.err
		default:
			return errUnwritten
		}
	}
}

// do has the writer do something between two writes.
func (w *writer) do(fn func()) error { return w.submit(&job{run: fn, done: make(chan struct{})}, true) }

// writeJobs writes the jobs until the log is closed.
func (w *writer) writeJobs() {
	defer w.done.Done()
	last := 0 // how many shared the last sync
	for {
		select {
		case j := <-w.jobs:
			if last > 1 {
				time.Sleep(linger) // others are on their way: one sync for them all
			}
			batch := w.gather(j)
			last = len(batch)
			w.write(batch)
		case <-w.closed:
			for { // what was taken is written, also while stopping
				select {
				case j := <-w.jobs:
					w.write(w.gather(j))
				default:
					return
				}
			}
		}
	}
}

func (w *writer) gather(first *job) []*job {
	batch := []*job{first}
	for len(batch) < maxShared {
		select {
		case j := <-w.jobs:
			batch = append(batch, j)
		default:
			return batch
		}
	}
	return batch
}

func (w *writer) write(batch []*job) {
	var records []record
	for _, j := range batch {
		records = append(records, j.records...)
	}
	if len(records) > 0 {
		err := w.store(records)
		w.mu.Lock()
		w.failed = err
		w.mu.Unlock()
		if err != nil {
			w.config.Log.Error("The audit log cannot be written.", "error", err)
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
func (w *writer) store(records []record) error {
	if w.config.Dir != "" {
		if err := w.writeFiles(records); err != nil {
			return err
		}
	}
	if w.config.Stdout == nil {
		return nil
	}
	var b []byte
	for i := range records {
		b = append(b, records[i].line...)
	}
	_, err := w.config.Stdout.Write(b)
	return err
}

// writeFiles writes records to the files of their classes, or to the reserve when the disk has no room.
func (w *writer) writeFiles(records []record) error {
	if !w.onReserve.Load() {
		err := w.writeStreams(records)
		if err == nil || !full(err) || !w.takeReserve(err) {
			return err
		}
	}
	for i := range records {
		records[i].class = mixed
	}
	return w.writeStreams(records)
}

// Ready says why events cannot be recorded at present, in a sentence for the operator; nil when they can.
func (w *writer) Ready() error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.failed == nil {
		return nil
	}
	if full(w.failed) {
		return granary.Wrap(granary.Unavailable, "The disk of the audit log is full and its reserve is used up: requests "+
			"are refused until there is room.", w.failed)
	}
	return granary.Wrap(granary.Unavailable, "The audit log cannot be written: requests are refused.", w.failed)
}

// full reports whether an error says that there is no room.
func full(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
