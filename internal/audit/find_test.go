package audit

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"granary"
)

// Events are found by their ids alone, whichever file they went to, and in no other file than those of the time.
func TestAnEventIsFoundByItsID(t *testing.T) {
	now := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	dir := t.TempDir()
	l, err := Open(Config{Dir: dir, Strict: true, MaxFile: 4 << 10, Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var ids []string
	for i := range 200 {
		now = now.Add(37 * time.Second)
		e := &Event{EventID: granary.TimedUUID(now), EventName: fmt.Sprint("E", i), RequestParameters: []byte(`{"note":"\"eventID\":\"x\""}`),
			Decision: &Decision{Link: "grant", Cause: "none", Facts: map[string]string{"n": fmt.Sprint(i)}}}
		if i > 0 { // one that carries another's id in what its caller sent
			e.RequestParameters = []byte(`{"eventID":"` + ids[i-1] + `"}`)
		}
		ids = append(ids, e.EventID)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "2*.jsonl"))
	if len(files) < 5 {
		t.Fatalf("%d rotated files", len(files))
	}
	for i, id := range ids {
		e, err := l.Find(t.Context(), id)
		if err != nil || e.EventName != fmt.Sprint("E", i) || e.Decision == nil || e.Decision.Facts["n"] != fmt.Sprint(i) {
			t.Fatalf("%d: %+v %v", i, e, err)
		}
		if at, ok := granary.TimeOfUUID(id); !ok || at.UTC().Truncate(time.Second) != time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC).Add(time.Duration(i+1)*37*time.Second) {
			t.Fatalf("%d: %v", i, at)
		}
	}
	for _, id := range []string{"", "x", granary.UUID(), granary.TimedUUID(now), granary.TimedUUID(now.Add(-time.Hour * 9)), ids[3][:35] + "Z"} {
		if _, err := l.Find(t.Context(), id); !granary.Is(err, granary.NotFound) {
			t.Errorf("%q: %v", id, err)
		}
	}
	// A file that is far from the time is not read: whatever is wrong with it is no matter.
	if err := os.Rename(files[0], files[0]+".gone"); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Find(t.Context(), ids[199]); err != nil || e.EventName != "E199" {
		t.Errorf("%+v %v", e, err)
	}
	if _, err := l.Find(t.Context(), ids[0]); !granary.Is(err, granary.NotFound) {
		t.Errorf("out of a file that is gone: %v", err)
	}
}

// A line longer than a chunk, and lines across the border of two, are found like others.
func TestAnEventIsFoundAcrossChunks(t *testing.T) {
	l, err := Open(Config{Dir: t.TempDir(), Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	var ids []string
	for i := range 40 {
		filler := make([]byte, 100_000+i*7919)
		for j := range filler {
			filler[j] = 'x'
		}
		if i == 20 {
			filler = append(filler, strings.Repeat("y", 3<<20)...)
		}
		ids = append(ids, granary.TimedUUID(time.Now()))
		if err := l.Record(&Event{EventID: ids[i], ErrorMessage: string(filler)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for i, id := range ids {
		if e, err := l.Find(t.Context(), id); err != nil || e.EventID != id {
			t.Errorf("%d: %v", i, err)
		}
	}
}
