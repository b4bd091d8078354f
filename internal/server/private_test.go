package server

import (
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Nobody else on the machine reads the state, whatever the data directory was made as, and whatever an older release
// left.
func TestNothingOfTheServerIsReadableToOthers(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "da[t]a*")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	foreign := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(foreign, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	c := Defaults()
	c.Data, c.API, c.Web = dir, "127.0.0.1:0", "127.0.0.1:0"
	start := func() *Server {
		t.Helper()
		s, err := Start(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	look := func(when string) {
		t.Helper()
		n := 0
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err != nil || path == dir || path == foreign {
				return err
			}
			f, err := d.Info()
			if err != nil {
				return err
			}
			n++
			if f.Mode().Perm()&0o077 != 0 {
				t.Errorf("%s: %s is %s", when, path, f.Mode())
			}
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		})
		if err != nil || n < 6 {
			t.Errorf("%s: %v, %d files", when, err, n)
		}
	}
	s := start()
	look("while it runs")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state.db", "kek", "client.env", "audit", "objects"} {
		if err := os.Chmod(filepath.Join(dir, name), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	s = start()
	look("after the next start")
	if err := s.Stop(); err != nil {
		t.Fatal(err)
	}
	if f, err := os.Stat(foreign); err != nil || f.Mode().Perm() != 0o644 {
		t.Errorf("a file of somebody else's was changed: %v %v", f.Mode(), err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if s, err := Start(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil))); err == nil ||
		!strings.Contains(err.Error(), "everybody on this machine may write into the data directory") {
		t.Errorf("a directory that all may write into: %v", err)
		if s != nil {
			s.Stop()
		}
	}
}
