package embedded

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"granary"
	"granary/internal/backend"
	"granary/internal/sqlite"
)

// rowsTouched is how many rows the writer has changed so far.
func rowsTouched(t *testing.T, s *Store) (n int) {
	t.Helper()
	err := s.engine.Update(t.Context(), func(tx *sqlite.Tx) error { return tx.Row("SELECT total_changes()").Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// repeated makes an object of n copies of another, and says how many rows that took.
func repeated(t *testing.T, s *Store, from, key string, n int) (rows int, err error) {
	t.Helper()
	u := &backend.Upload{Bucket: "b", Key: key}
	if err := s.CreateUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	c := &backend.Complete{Bucket: "b", Key: key, ID: u.ID, Now: time.Now()}
	for i := range n {
		p, err := s.CopyPart(t.Context(), &backend.CopyPart{FromBucket: "b", FromKey: from, Last: -1, Bucket: "b", Key: key,
			ID: u.ID, Number: i + 1})
		if err != nil {
			return 0, err
		}
		c.Parts = append(c.Parts, backend.CompletePart{Number: i + 1, ETag: p.ETag})
	}
	before := rowsTouched(t, s)
	_, err = s.Complete(t.Context(), c)
	return rowsTouched(t, s) - before, err
}

func TestWhatIsMadeOfManyPiecesHoldsTheWriterForFewRows(t *testing.T) {
	s := open(t, t.TempDir())
	put(t, s, "src", strings.Repeat("x", minPart))
	const n = 1000
	rows, err := repeated(t, s, "src", "many", n)
	if err != nil {
		t.Fatal(err)
	}
	if rows > n+10 { // the parts that are removed, the upload, the object
		t.Errorf("completing an upload of %d parts changed %d rows", n, rows)
	}
	before := rowsTouched(t, s)
	if _, err := s.Copy(t.Context(), &backend.Copy{FromBucket: "b", FromKey: "many", Bucket: "b", Key: "copy",
		Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if rows := rowsTouched(t, s) - before; rows > 3 {
		t.Errorf("copying an object of %d pieces of one content changed %d rows", n, rows)
	}
	var refs int
	_ = s.engine.View(t.Context(), func(tx *sqlite.Tx) error { return tx.Row("SELECT refs FROM content").Scan(&refs) })
	if refs != 1+2*n {
		t.Errorf("the content has %d references, not %d", refs, 1+2*n)
	}
	// Ten of it are as many pieces as an object may have, eleven are too many.
	if _, err := repeated(t, s, "many", "most", 10); err != nil {
		t.Errorf("%d pieces: %v", 10*n, err)
	}
	if _, err := repeated(t, s, "many", "more", 11); granary.AsError(err).Code != "InvalidRequest" ||
		!strings.Contains(err.Error(), "10000 pieces") {
		t.Errorf("%d pieces: %v", 11*n, err)
	}
}

func openFiles(t *testing.T, dir string) (n int) {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip("this system does not tell which files are open")
	}
	for _, f := range list {
		if to, err := os.Readlink("/proc/self/fd/" + f.Name()); err == nil && strings.HasPrefix(to, dir+"/content/") {
			n++
		}
	}
	return n
}

func TestASlowReaderHoldsOneFile(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "src", strings.Repeat("x", minPart))
	if _, err := repeated(t, s, "src", "many", 1000); err != nil {
		t.Fatal(err)
	}
	_, c, err := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "many"})
	if err != nil {
		t.Fatal(err)
	}
	b := make([]byte, 16)
	for _, at := range []int64{0, 5*minPart - 8, 500 * minPart, 1000*minPart - 16} {
		if _, err := c.Seek(at, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		if n, err := io.ReadFull(c, b); err != nil || n != 16 {
			t.Errorf("at %d: %d %v", at, n, err)
		}
		if n := openFiles(t, dir); n > 1 {
			t.Errorf("at %d: %d files are open", at, n)
		}
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n := openFiles(t, dir); n != 0 {
		t.Errorf("after the end: %d files are open", n)
	}
}

// An object is replaced while it is read, and its contents are gone over: the reader reads what it began to read.
func TestAReaderKeepsWhatItReads(t *testing.T) {
	s := open(t, t.TempDir())
	u := &backend.Upload{Bucket: "b", Key: "k"}
	if err := s.CreateUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	c := &backend.Complete{Bucket: "b", Key: "k", ID: u.ID, Now: time.Now()}
	want := ""
	for i, text := range []string{strings.Repeat("a", minPart), strings.Repeat("b", minPart), "the end"} {
		p, err := s.PutPart(t.Context(), &backend.PutPart{Bucket: "b", Key: "k", ID: u.ID, Number: i + 1,
			Body: strings.NewReader(text), Size: int64(len(text))})
		if err != nil {
			t.Fatal(err)
		}
		c.Parts = append(c.Parts, backend.CompletePart{Number: i + 1, ETag: p.ETag})
		want += text
	}
	if _, err := s.Complete(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	_, r, err := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", "another")
	if ids := s.trash.due(time.Now().Add(time.Hour)); len(ids) != 0 {
		t.Errorf("%d contents would be removed under a reader", len(ids))
	}
	if got, err := io.ReadAll(r); err != nil || string(got) != want {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	ids := s.trash.due(time.Now().Add(time.Hour))
	if len(ids) != 3 {
		t.Errorf("%d contents are let go", len(ids))
	}
	if err := s.forget(ids); err != nil {
		t.Error(err)
	}
	var left int
	_ = s.engine.View(t.Context(), func(tx *sqlite.Tx) error { return tx.Row("SELECT COUNT(*) FROM content").Scan(&left) })
	if left != 1 || files(t, s.dir) != 0 {
		t.Error(fmt.Sprint(left, " contents and ", files(t, s.dir), " files are left"))
	}
}
