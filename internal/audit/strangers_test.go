package audit

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func summaries(t *testing.T, dir string) (out []*Event) {
	t.Helper()
	for _, e := range written(t, dir) {
		if e.EventName == "StrangersRefused" {
			out = append(out, e)
		}
	}
	return out
}

// However many strangers come, from wherever, with whatever names, the log grows by one small line.
func TestStrangersAreCountedInOneSmallEvent(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	for i := range 50_000 {
		l.CountStranger("sts", "AssumeRoleWithWebIdentity", "Throttling",
			netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}))
	}
	long := make([]byte, 1<<16)
	for i := range long {
		long[i] = '"'
	}
	for i := range 5_000 {
		l.CountStranger(string(long)+fmt.Sprint(i), fmt.Sprint(i)+string(long), "\x00\xff"+fmt.Sprint(i),
			netip.MustParseAddr("fe80::1%"+fmt.Sprint(i)))
	}
	if n := len(l.strangers.counts); n > maxCounted+1 {
		t.Errorf("%d rows", n)
	}
	l.Summarize()
	l.Summarize() // nothing new: no event
	events := summaries(t, dir)
	if len(events) != 1 {
		t.Fatalf("%d summaries", len(events))
	}
	var about struct {
		Refused int
		Most    []struct {
			Service string
			Refused int
		}
	}
	if err := json.Unmarshal(events[0].AdditionalEventData, &about); err != nil || about.Refused != 55_000 ||
		len(about.Most) < 5 {
		t.Errorf("%+v %v", about, err)
	}
	if about.Most[0].Service != "sts" || l.Strangers() != 55_000 {
		t.Errorf("%+v, %d in all", about.Most[0], l.Strangers())
	}
	if size := dirSize(t, dir); size > 16<<10 {
		t.Errorf("%d bytes", size)
	}
}

func TestWhatWasCountedIsToldWhenTheLogIsClosed(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	l.CountStranger("s3", "GetObject", "AccessDenied", netip.Addr{})
	l.Close()
	if n := len(summaries(t, dir)); n != 1 {
		t.Errorf("%d summaries", n)
	}
}

func TestCountingDoesNotWaitForTheDisk(t *testing.T) {
	l := open(t, t.TempDir())
	l.Close()
	done := make(chan bool)
	go func() {
		for range 10_000 {
			l.CountStranger("s3", "GetObject", "AccessDenied", netip.Addr{})
		}
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(time.Minute):
		t.Fatal("it waits")
	}
}

func dirSize(t testing.TB, dir string) (size int64) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if st, err := os.Stat(f); err == nil && filepath.Base(f) != reserve {
			size += st.Size()
		}
	}
	return size
}
