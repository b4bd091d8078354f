package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"granary"
)

func open(t testing.TB, dir string) *Log {
	t.Helper()
	return openWith(t, Config{Dir: dir, Strict: true, Now: time.Now})
}

func openWith(t testing.TB, c Config) *Log {
	t.Helper()
	l, err := Open(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// written are the events in a directory's files, those recorded last first.
func written(t testing.TB, dir string) (out []*Event) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !strings.HasSuffix(name, ".jsonl") && filepath.Base(name) != reserve {
			continue
		}
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(bytes.TrimRight(b, "\x00")) {
			e := &Event{}
			if err := json.Unmarshal(line, e); err != nil {
				t.Fatalf("%s: %v: %.300s", name, err, line)
			}
			out = append(out, e)
		}
	}
	slices.SortStableFunc(out, func(a, b *Event) int { return keyOf(b).compare(keyOf(a)) })
	return out
}

func event(name string) *Event {
	now := time.Now()
	return &Event{EventName: name, EventID: granary.TimedUUID(now), EventTime: now.UTC().Format(time.RFC3339),
		ManagementEvent: true, ReadOnly: true, RequestID: granary.UUID(),
		RecipientAccountID: "111122223333", EventCategory: "Management"}
}

func names(events []*Event) string {
	var out []string
	for _, e := range events {
		out = append(out, e.EventName)
	}
	return strings.Join(out, " ")
}

func TestRecordedMeansOnDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			e := event(fmt.Sprint("e", i))
			e.ManagementEvent, e.ReadOnly = i%2 == 0, i%3 == 0
			if i%5 == 0 {
				e.ErrorCode = "AccessDenied"
			}
			if err := l.Record(e); err != nil {
				t.Error(err)
			}
			b, _ := os.ReadFile(filepath.Join(dir, classOf(e).current()))
			if !strings.Contains(string(b), fmt.Sprintf(`"eventName":"e%d"`, i)) {
				t.Errorf("e%d is not in the file when Record returned", i)
			}
		})
	}
	wg.Wait()
	if n := len(written(t, dir)); n != 64 {
		t.Errorf("%d events", n)
	}
}

func TestATornLineIsMended(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	l.Record(event("first"))
	l.Close()
	f, _ := os.OpenFile(filepath.Join(dir, calls.current()), os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"eventName":"torn`)
	f.Close()
	l = open(t, dir)
	time.Sleep(2 * time.Millisecond)
	if err := l.Record(event("second")); err != nil {
		t.Fatal(err)
	}
	if got := names(written(t, dir)); got != "second first" {
		t.Errorf("%s", got)
	}
	if p, err := l.Query(t.Context(), Query{Account: "111122223333", Limit: 10}); err != nil ||
		names(p.Events) != "second first" {
		t.Errorf("%s %v", names(p.Events), err)
	}
	l.Close()
	if err := l.Record(&Event{}); !granary.Is(err, granary.Unavailable) {
		t.Errorf("a closed log took an event: %v", err)
	}
}

func TestFilesGoAfterTheirTime(t *testing.T) {
	dir := t.TempDir()
	clock := time.Now().Add(-200 * 24 * time.Hour)
	var mu sync.Mutex
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	l := openWith(t, Config{Dir: dir, Strict: true, MaxFile: 1 << 16, Now: now, Retention: 40 * 24 * time.Hour})
	for i := range 5 {
		for range 70 {
			e := event(fmt.Sprint(i))
			e.EventID, e.ErrorMessage = granary.TimedUUID(now()), strings.Repeat("x", 1000)
			if err := l.Record(e); err != nil {
				t.Fatal(err)
			}
		}
		mu.Lock()
		clock = clock.Add(20 * 24 * time.Hour)
		mu.Unlock()
	}
	l.expire()
	left := map[string]int{}
	for _, e := range written(t, dir) {
		left[e.EventName]++
	}
	if left["0"]+left["1"] > 0 || left["3"] != 70 || left["4"] != 70 {
		t.Errorf("%v", left)
	}
	for _, pattern := range []string{"2*.jsonl", "2*.index"} {
		if files, _ := filepath.Glob(filepath.Join(dir, pattern)); len(files) > 3 {
			t.Errorf("%v", files)
		}
	}
}

// The bound holds whatever comes, and no class of events pushes another below its share.
func TestTheLogHasABound(t *testing.T) {
	dir := t.TempDir()
	const bound = 4 << 20
	l := openWith(t, Config{Dir: dir, MaxSize: bound, Now: time.Now})
	for i := range 300 {
		e := event(fmt.Sprint("change", i))
		e.ReadOnly, e.ErrorMessage = false, strings.Repeat("x", 1000)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	for range 15_000 {
		e := event("GetObject")
		e.ErrorCode, e.ErrorMessage = "AccessDenied", strings.Repeat("x", 1000)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
	}
	_ = l.do(func() {})
	l.expire()
	if size := dirSize(t, dir); size > bound+bound/16 {
		t.Errorf("%d bytes", size)
	}
	if l.Stats().Dropped == 0 {
		t.Error("what went before its time is not told")
	}
	kept := 0
	for _, e := range written(t, dir) {
		if strings.HasPrefix(e.EventName, "change") {
			kept++
		}
	}
	if kept != 300 {
		t.Errorf("%d of 300 changes are left", kept)
	}
}

func TestALogThatCannotBeWrittenRefuses(t *testing.T) {
	dir := t.TempDir()
	var broken error
	var mu sync.Mutex
	l := openWith(t,
		Config{Dir: dir, Strict: true, Now: time.Now,
			fault: func(string) error { mu.Lock(); defer mu.Unlock(); return broken }})
	set := func(err error) { mu.Lock(); broken = err; mu.Unlock() }
	set(syscall.EIO)
	if err := l.Record(event("x")); !granary.Is(err, granary.Unavailable) || l.Ready() == nil {
		t.Errorf("%v, ready: %v", err, l.Ready())
	}
	set(nil)
	for begun := time.Now(); l.Ready() != nil; time.Sleep(50 * time.Millisecond) { // it finds out by itself
		if time.Since(begun) > time.Minute {
			t.Fatal("it is not ready again")
		}
	}
	if err := l.Record(event("y")); err != nil || names(written(t, dir)) != "y" {
		t.Errorf("%v %s", err, names(written(t, dir)))
	}
}

func TestStdoutGetsTheSameLines(t *testing.T) {
	var b bytes.Buffer
	l := openWith(t, Config{Stdout: &b, Strict: true, Now: time.Now})
	if err := l.Record(event("x")); err != nil || !strings.HasSuffix(b.String(), "}\n") {
		t.Errorf("%q %v", b.String(), err)
	}
	if _, err := l.Query(t.Context(), Query{}); !granary.Is(err, granary.Unavailable) {
		t.Errorf("%v", err)
	}
}

// Reads of data are in the file before the answer, and synced within a second.
func TestReadsAreWrittenBeforeTheAnswer(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	e := event("GetObject")
	e.ManagementEvent = false
	if err := l.Record(e); err != nil || names(written(t, dir)) != "GetObject" {
		t.Fatal(err)
	}
	for begun := time.Now(); l.unsynced.Load(); time.Sleep(50 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("it is not synced")
		}
	}
}

func BenchmarkRecordParallel(b *testing.B) {
	l := open(b, b.TempDir())
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			e := event("GetDataAccess")
			e.RequestParameters = []byte(`{"target":"s3://b/p/*"}`)
			if err := l.Record(e); err != nil {
				b.Fatal(err)
			}
		}
	})
}
