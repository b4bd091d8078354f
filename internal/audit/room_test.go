package audit

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"granary"
)

// smallDisk is a disk whose room a test sets.
type smallDisk struct {
	mu          sync.Mutex
	free, total int64
	full        map[string]bool // files that take nothing more
}

func (d *smallDisk) space() (int64, int64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.free, d.total, nil
}

func (d *smallDisk) fault(file string) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full[file] || d.full["*"] && file != reserve {
		return syscall.ENOSPC
	}
	return nil
}

func (d *smallDisk) set(free int64, full ...string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.free, d.full = free, map[string]bool{}
	for _, f := range full {
		d.full[f] = true
	}
}

func until(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for begun := time.Now(); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatal("never: " + what)
		}
	}
}

// When the disk fills up, refusals are counted first; when it is full, whoever is known is served out of the reserve;
// when that is used up everything is refused, and the log says so. When there is room again all goes on by itself, and
// nothing is lost.
func TestADiskThatFillsUp(t *testing.T) {
	dir := t.TempDir()
	d := &smallDisk{free: 1 << 30, total: 2 << 30}
	l := openWith(t, Config{Dir: dir, Strict: true, Now: time.Now, Account: mine, space: d.space, fault: d.fault})
	until(t, "a reserve", func() bool {
		st, err := os.Stat(filepath.Join(dir, reserve))
		return err == nil && st.Size() == l.room.reserve
	})
	refused := func() *Event {
		e := event("TagResource")
		e.ErrorCode, e.EventSource, e.Decision = "AccessDenied", "iam.amazonaws.com", &Decision{Link: "policy"}
		return e
	}
	e := refused()
	if err := l.Record(event("before"), e); err != nil || e.Decision == nil {
		t.Fatal(err)
	}

	d.set(l.room.shortBelow - 1)
	until(t, "short of room", func() bool { return l.Stats().Short })
	for range 100 {
		if e = refused(); l.Record(e) != nil || e.Decision != nil {
			t.Fatal("a refusal that is not written must be sealed into its id")
		}
	}
	for range 100 { // anybody with a key may ask who they are, and be given a session of their own
		who, session := event("GetCallerIdentity"), event("GetSessionToken")
		who.FreeForAll, session.FreeForAll, session.ResponseElements = true, true, []byte(`{"credentials":{}}`)
		if err := l.Record(who); err != nil {
			t.Fatal(err)
		}
		if err := l.Record(session); !granary.Is(err, granary.Unavailable) {
			t.Fatalf("a session that needs no permission on a disk that is short of room: %v", err)
		}
	}
	if got := len(written(t, dir)); got != 2 {
		t.Errorf("%d events are written, and 2 were before the disk was short", got)
	}
	if err := l.Record(event("short")); err != nil || l.Stats().Strangers != 200 || l.Ready() != nil {
		t.Errorf("%v %+v", err, l.Stats())
	}

	d.set(0, "*")
	if err := l.Record(event("full")); err != nil || !l.Stats().OnReserve || l.Ready() != nil {
		t.Errorf("%v %+v %v", err, l.Stats(), l.Ready())
	}
	if p, err := l.Query(t.Context(), Query{Account: mine, Limit: 10}); err != nil ||
		names(p.Events) != "full short before TagResource" && names(p.Events) != "full short TagResource before" {
		t.Errorf("%s %v", names(p.Events), err)
	}

	d.set(0, "*", reserve)
	if err := l.Record(event("lost")); !granary.Is(err, granary.Unavailable) || l.Ready() == nil ||
		!strings.Contains(granary.AsError(l.Ready()).Message, "reserve is used up") {
		t.Errorf("%v, ready: %v", err, l.Ready())
	}

	d.set(1 << 30)
	until(t, "ready", func() bool { return l.Ready() == nil && !l.Stats().OnReserve && !l.Stats().Short })
	until(t, "a new reserve", func() bool {
		st, err := os.Stat(filepath.Join(dir, reserve))
		return err == nil && st.Size() == l.room.reserve
	})
	if err := l.Record(event("after"), refused()); err != nil {
		t.Fatal(err)
	}
	l.Summarize()
	l.Close()
	l = openWith(t, Config{Dir: dir, Strict: true, Now: time.Now, Account: mine, space: d.space, fault: d.fault})
	p, err := l.Query(t.Context(), Query{Account: mine, Limit: 20})
	got := names(p.Events)
	for _, want := range []string{"before", "short", "full", "after", "StrangersRefused"} {
		if !strings.Contains(got, want) {
			t.Errorf("%s is missing: %s", want, got)
		}
	}
	if err != nil || strings.Contains(got, "lost") || strings.Count(got, "TagResource") != 2 {
		t.Errorf("%s %v", got, err)
	}
}

// A crash while the reserve is written to loses nothing either.
func TestTheReserveOutlivesACrash(t *testing.T) {
	dir := t.TempDir()
	d := &smallDisk{free: 1 << 30, total: 2 << 30}
	l := openWith(t, Config{Dir: dir, Strict: true, Now: time.Now, space: d.space, fault: d.fault})
	until(t, "a reserve", func() bool { _, err := os.Stat(filepath.Join(dir, reserve)); return err == nil })
	d.set(0, "*")
	if err := l.Record(event("last")); err != nil {
		t.Fatal(err)
	}
	crashed := t.TempDir()
	if err := os.CopyFS(crashed, os.DirFS(dir)); err != nil {
		t.Fatal(err)
	}
	l = openWith(t, Config{Dir: crashed, Strict: true, Now: time.Now})
	if p, err := l.Query(t.Context(), Query{Account: mine, Limit: 20}); err != nil || names(p.Events) != "last" {
		t.Errorf("%s %v", names(p.Events), err)
	}
	if _, err := os.Stat(filepath.Join(crashed, reserve)); err == nil {
		until(t, "a new reserve", func() bool { return l.streams[mixed].size == 0 })
	}
}

// The same on a real disk that is full.
func TestARealDiskThatIsFull(t *testing.T) {
	if runtime.GOOS != "linux" || os.Getuid() != 0 {
		t.Skip("tmpfs: only root on Linux may mount one")
	}
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=32m"); err != nil {
		t.Skipf("tmpfs: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	l := openWith(t, Config{Dir: filepath.Join(dir, "audit"), Strict: true, Now: time.Now, Account: mine})
	until(t, "a reserve", func() bool { _, err := os.Stat(filepath.Join(dir, "audit", reserve)); return err == nil })
	ballast, err := os.Create(filepath.Join(dir, "ballast"))
	if err != nil {
		t.Fatal(err)
	}
	chunk := make([]byte, 64<<10)
	for err == nil {
		_, err = ballast.Write(chunk)
	}
	for err = nil; err == nil; {
		_, err = ballast.Write(chunk[:512])
	}
	if !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	served := 0
	for err = nil; err == nil; served++ {
		if err = l.Record(event("GetObject")); served > 100_000 {
			t.Fatal("the reserve has no end")
		}
	}
	if served < 1000 || !granary.Is(err, granary.Unavailable) || l.Ready() == nil {
		t.Errorf("%d served on a full disk, then %v; ready: %v", served-1, err, l.Ready())
	}
	ballast.Close()
	if err := os.Remove(ballast.Name()); err != nil {
		t.Fatal(err)
	}
	until(t, "ready", func() bool { return l.Ready() == nil && !l.Stats().OnReserve })
	if err := l.Record(event("again")); err != nil {
		t.Fatal(err)
	}
	if n := len(written(t, filepath.Join(dir, "audit"))); n < served {
		t.Errorf("%d events of %d", n, served)
	}
	l.Close()
}
