package audit

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"granary"
)

func open(t testing.TB, dir string) *Log {
	t.Helper()
	l, err := Open(Config{Dir: dir, Strict: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func names(t *testing.T, l *Log, limit int) (out []string) {
	t.Helper()
	err := l.Lookup(t.Context(), func(e *Event) bool {
		out = append(out, e.EventName)
		return len(out) < limit
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func TestRecordedMeansOnDisk(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			if err := l.Record(&Event{EventName: fmt.Sprint("e", i)}); err != nil {
				t.Error(err)
			}
			b, _ := os.ReadFile(filepath.Join(dir, Current))
			if !strings.Contains(string(b), fmt.Sprintf(`"eventName":"e%d"`, i)) {
				t.Errorf("e%d is not in the file when Record returned", i)
			}
		})
	}
	wg.Wait()
	if n := len(names(t, l, 1000)); n != 64 {
		t.Errorf("%d events", n)
	}
}

func TestATornLineIsMended(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	l.Record(&Event{EventName: "first"})
	l.Close()
	f, _ := os.OpenFile(filepath.Join(dir, Current), os.O_APPEND|os.O_WRONLY, 0)
	f.WriteString(`{"eventName":"torn`)
	f.Close()
	l = open(t, dir)
	if err := l.Record(&Event{EventName: "second"}); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(names(t, l, 10), " "); got != "second first" {
		t.Errorf("%s", got)
	}
	l.Close()
	if err := l.Record(&Event{}); !granary.Is(err, granary.Unavailable) {
		t.Errorf("a closed log took an event: %v", err)
	}
}

func TestRotationKeepsOrderAndForgets(t *testing.T) {
	dir := t.TempDir()
	clock := time.Now().Add(-200 * 24 * time.Hour)
	l, err := Open(Config{Dir: dir, Strict: true, MaxFile: 1 << 16, Now: func() time.Time { return clock }})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	big := strings.Repeat("x", 1<<15)
	for i := range 5 {
		if err := l.Record(&Event{EventName: fmt.Sprint(i), UserAgent: big}); err != nil {
			t.Fatal(err)
		}
		clock = clock.Add(60 * 24 * time.Hour)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "2*.jsonl"))
	if len(files) != 1 {
		t.Errorf("rotated files left: %v", files)
	}
	if got := strings.Join(names(t, l, 3), " "); got != "4 3 2" {
		t.Errorf("newest first: %s", got)
	}
}

func TestALogThatCannotBeWrittenRefuses(t *testing.T) {
	l := open(t, t.TempDir())
	l.file.Close()
	err := l.Record(&Event{EventName: "x"})
	if !granary.Is(err, granary.Unavailable) {
		t.Errorf("%v", err)
	}
	if err := l.Record(&Event{EventName: "y"}); err != nil {
		t.Errorf("it does not recover: %v", err)
	}
}

func TestStdoutGetsTheSameLines(t *testing.T) {
	var b bytes.Buffer
	l, err := Open(Config{Stdout: &b, Strict: true, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Record(&Event{EventName: "x"}); err != nil || !strings.HasSuffix(b.String(), "}\n") {
		t.Errorf("%q %v", b.String(), err)
	}
	l.Close()
}

func BenchmarkRecordParallel(b *testing.B) {
	l := open(b, b.TempDir())
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := l.Record(&Event{EventName: "GetDataAccess", RequestParameters: []byte(`{"target":"s3://b/p/*"}`)}); err != nil {
				b.Fatal(err)
			}
		}
	})
}
