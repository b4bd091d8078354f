package soak

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// audited is what the audit log got while the strangers were there, in bytes and events, by whom it is about.
type audited struct {
	honest, nobody, summaries share
	unproved                  share // events of their own of senders who proved nothing: there must be none
}

type share struct{ events, bytes int64 }

func (s *share) add(n int) {
	s.events++
	s.bytes += int64(n)
}

// readAudit reads the events of a span of time, and of the minute after it, in which the last strangers are summed up.
func readAudit(dir string, from, to time.Time) (a audited, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return a, err
	}
	for _, path := range files {
		if err := a.readFile(path, from.Truncate(time.Second), to); err != nil {
			return a, err
		}
	}
	return a, nil
}

func (a *audited) readFile(path string, from, to time.Time) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e struct {
			EventTime                  time.Time
			EventName, SourceIPAddress string
			UserIdentity               struct{ UserName string }
		}
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // an empty line, which the log writes to find out whether it can
		}
		size := len(lines.Bytes()) + 1
		switch {
		case e.EventName == "StrangersRefused" && !e.EventTime.Before(from) && e.EventTime.Before(to.Add(time.Minute)):
			a.summaries.add(size)
		case e.EventTime.Before(from) || e.EventTime.After(to):
		case e.UserIdentity.UserName == nobody:
			a.nobody.add(size)
		case slices.Contains(sources, e.SourceIPAddress):
			a.unproved.add(size)
		default:
			a.honest.add(size)
		}
	}
	return lines.Err()
}
