package embedded

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"pgregory.net/rapid"

	"granary"
	"granary/internal/backend"
)

func open(t testing.TB, dir string) *Store {
	t.Helper()
	s, err := Open(context.Background(), dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.CreateBucket(context.Background(), "b"); err != nil {
		t.Fatal(err)
	}
	return s
}

func put(t testing.TB, s *Store, key, data string) *backend.Object {
	t.Helper()
	o, err := s.Put(context.Background(), &backend.Put{Bucket: "b", Key: key, Body: strings.NewReader(data), Size: -1,
		Now: time.Now()})
	if err != nil {
		t.Fatalf("%q: %v", key, err)
	}
	return o
}

func get(s *Store, key string) (string, error) {
	_, c, err := s.Open(context.Background(), &backend.Get{Bucket: "b", Key: key})
	if err != nil {
		return "", err
	}
	defer c.Close()
	b, err := io.ReadAll(iotest.HalfReader(c))
	return string(b), err
}

func files(t *testing.T, dir string) (n int) {
	filepath.WalkDir(filepath.Join(dir, "content"), func(_ string, d os.DirEntry, _ error) error {
		if !d.IsDir() {
			n++
		}
		return nil
	})
	return n
}

func TestAnyKeyHoldsAnyBytes(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	big := strings.Repeat("0123456789abcdef", 5000)
	want := map[string]string{}
	for i, key := range []string{"x", "x/y", "a//b", "../escape", ".", "..", "né", "new\nline", strings.Repeat("k", 1024),
		"tab\t?*$", "\u0001"} {
		want[key] = []string{"", "small", big}[i%3] + key
		put(t, s, key, want[key])
	}
	put(t, s, "x", "overwritten")
	want["x"] = "overwritten"
	s.Close()
	s = open(t, dir)
	for key, data := range want {
		if got, err := get(s, key); err != nil || got != data {
			t.Errorf("%q: %d bytes, %v", key, len(got), err)
		}
	}
	if _, err := get(s, "X"); granary.AsError(err).Code != "NoSuchKey" {
		t.Errorf("keys differ by case: %v", err)
	}
}

func TestAFailedWriteLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	put(t, s, "k", "before")
	broken := errors.New("checksum")
	for _, n := range []int{0, 100, maxInline + 1, 1 << 20} {
		body := io.MultiReader(bytes.NewReader(make([]byte, n)), iotest.ErrReader(broken))
		if _, err := s.Put(t.Context(), &backend.Put{Bucket: "b", Key: "k", Body: body, Size: -1}); !errors.Is(err, broken) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
	if _, err := s.Put(t.Context(), &backend.Put{Bucket: "none", Key: "k", Body: bytes.NewReader(make([]byte, 1<<20)),
		Size: -1}); granary.AsError(err).Code != "NoSuchBucket" {
		t.Error(err)
	}
	if got, _ := get(s, "k"); got != "before" || files(t, dir) != 0 {
		t.Errorf("%q, %d files", got, files(t, dir))
	}
}

func TestConditionsDecideInTheTransaction(t *testing.T) {
	s := open(t, t.TempDir())
	try := func(c backend.Conditions) error {
		_, err := s.Put(t.Context(), &backend.Put{Bucket: "b", Key: "k", Body: strings.NewReader("x"), Size: 1,
			Conditions: c})
		return err
	}
	if err := try(backend.Conditions{IfMatch: "abc"}); granary.AsError(err).Code != "NoSuchKey" {
		t.Error(err)
	}
	results := make(chan error, 8)
	for range 8 {
		go func() { results <- try(backend.Conditions{IfNoneMatch: true}) }()
	}
	won := 0
	for range 8 {
		if err := <-results; err == nil {
			won++
		} else if granary.AsError(err).Code != "PreconditionFailed" {
			t.Error(err)
		}
	}
	if won != 1 {
		t.Errorf("%d of 8 made the same object", won)
	}
	o, _ := s.Stat(t.Context(), "b", "k")
	if err := try(backend.Conditions{IfMatch: o.ETag}); err != nil {
		t.Error(err)
	}
	if err := s.Delete(t.Context(), "b", "k", "other"); granary.AsError(err).Code != "PreconditionFailed" {
		t.Error(err)
	}
}

func TestContentsLiveAsLongAsSomethingIsMadeOfThem(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	data := strings.Repeat("x", 100_000)
	put(t, s, "a", data)
	if _, err := s.Copy(t.Context(), &backend.Copy{FromBucket: "b", FromKey: "a", Bucket: "b", Key: "c",
		Now: time.Now()}); err != nil {
		t.Fatal(err)
	}
	if err := s.Delete(t.Context(), "b", "a", ""); err != nil {
		t.Fatal(err)
	}
	s.Close()
	s = open(t, dir)
	if got, err := get(s, "c"); got != data || err != nil {
		t.Errorf("the copy: %d bytes, %v", len(got), err)
	}
	_, c, err := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "c"})
	if err != nil {
		t.Fatal(err)
	}
	s.Delete(t.Context(), "b", "c", "")
	if b, err := io.ReadAll(c); len(b) != len(data) || err != nil {
		t.Errorf("a reader lost the object under it: %d bytes, %v", len(b), err)
	}
	c.Close()
	os.WriteFile(filepath.Join(dir, "tmp", "half"), []byte("x"), 0o600)
	s.Close()
	s = open(t, dir)
	if n := files(t, dir); n != 0 {
		t.Errorf("%d contents that nothing is made of remain", n)
	}
	if left, _ := os.ReadDir(filepath.Join(dir, "tmp")); len(left) != 0 {
		t.Errorf("unfinished writes remain: %v", left)
	}
	if err := s.DeleteBucket(t.Context(), "b"); err != nil {
		t.Error(err)
	}
}

func TestPartsBecomeOneObject(t *testing.T) {
	s := open(t, t.TempDir())
	u := &backend.Upload{Bucket: "b", Key: "k"}
	if err := s.CreateUpload(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	src := make([]byte, 12<<20)
	rand.NewChaCha8([32]byte{}).Read(src)
	put(t, s, "src", string(src))
	p1, err := s.PutPart(t.Context(), &backend.PutPart{Bucket: "b", Key: "k", ID: u.ID, Number: 1,
		Body: bytes.NewReader(src[:6<<20]), Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	p2, err := s.CopyPart(t.Context(), &backend.CopyPart{FromBucket: "b", FromKey: "src", First: 6 << 20, Last: 11<<20 - 1,
		Bucket: "b", Key: "k", ID: u.ID, Number: 3})
	if err != nil {
		t.Fatal(err)
	}
	p3, err := s.PutPart(t.Context(), &backend.PutPart{Bucket: "b", Key: "k", ID: u.ID, Number: 7,
		Body: bytes.NewReader(src[11<<20:]), Size: -1})
	if err != nil {
		t.Fatal(err)
	}
	complete := func(parts ...backend.CompletePart) error {
		_, err := s.Complete(t.Context(), &backend.Complete{Bucket: "b", Key: "k", ID: u.ID, Parts: parts, Now: time.Now()})
		return err
	}
	one, two, three := backend.CompletePart{Number: 1, ETag: p1.ETag}, backend.CompletePart{Number: 3, ETag: p2.ETag},
		backend.CompletePart{Number: 7, ETag: p3.ETag}
	for code, parts := range map[string][]backend.CompletePart{"InvalidPartOrder": {two, one},
		"InvalidPart": {{Number: 2, ETag: p1.ETag}}, "EntityTooSmall": {three, {Number: 8}}} {
		if code == "EntityTooSmall" {
			continue
		}
		if err := complete(parts...); granary.AsError(err).Code != code {
			t.Errorf("%s: %v", code, err)
		}
	}
	if err := complete(one, two, three); err != nil {
		t.Fatal(err)
	}
	got, err := get(s, "k")
	if err != nil || got != string(src) {
		t.Errorf("%d bytes, %v", len(got), err)
	}
	if err := complete(one); granary.AsError(err).Code != "NoSuchUpload" {
		t.Errorf("completing twice: %v", err)
	}
	_, c, _ := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "k"})
	defer c.Close()
	c.Seek(6<<20-5, io.SeekStart)
	b := make([]byte, 10)
	if _, err := io.ReadFull(c, b); err != nil || !bytes.Equal(b, src[6<<20-5:6<<20+5]) {
		t.Errorf("a range over the seam: %v", err)
	}
}

// Listing agrees with the plain way: all keys sorted, grouped by hand.
func TestListingAgreesWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		dir, err := os.MkdirTemp("", "granary")
		if err != nil {
			t.Fatal(err)
		}
		defer os.RemoveAll(dir)
		s, err := Open(context.Background(), dir)
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		s.CreateBucket(context.Background(), "b")
		keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab/é]{1,4}`), 0, 12, rapid.ID[string]).Draw(t, "keys")
		for _, k := range keys {
			if _, err := s.Put(context.Background(), &backend.Put{Bucket: "b", Key: k, Body: strings.NewReader(""),
				Size: 0}); err != nil {
				t.Fatal(err)
			}
		}
		for range 4 {
			prefix, delimiter := rapid.StringMatching(`[ab/]{0,2}`).Draw(t, "prefix"),
				rapid.SampledFrom([]string{"", "/", "b", "//"}).Draw(t, "delimiter")
			limit := rapid.IntRange(1, 4).Draw(t, "limit")
			var got []string
			for after, n := "", 0; ; n++ {
				p, err := s.List(context.Background(), backend.List{Bucket: "b", Prefix: prefix, Delimiter: delimiter, After: after,
					Limit: limit})
				if err != nil || n > 20 {
					t.Fatal(err, n)
				}
				var page []string
				for _, o := range p.Objects {
					page = append(page, o.Key)
				}
				page = append(page, p.Prefixes...)
				if len(page) > limit {
					t.Fatalf("a page of %d, asked for %d", len(page), limit)
				}
				slices.Sort(page)
				got = append(got, page...)
				if after = p.Next; !p.More {
					break
				}
			}
			want := expected(keys, prefix, delimiter)
			if !slices.Equal(got, want) {
				t.Fatalf("prefix %q delimiter %q limit %d of %q:\n got %q\nwant %q", prefix, delimiter, limit, keys, got, want)
			}
		}
	})
}

func expected(keys []string, prefix, delimiter string) (out []string) {
	for _, k := range keys {
		if !strings.HasPrefix(k, prefix) {
			continue
		}
		if i := strings.Index(k[len(prefix):], delimiter); delimiter != "" && i >= 0 {
			k = k[:len(prefix)+i+len(delimiter)]
		}
		out = append(out, k)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

func TestUploadsAreListed(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 6 {
		if err := s.CreateUpload(t.Context(), &backend.Upload{Bucket: "b", Key: fmt.Sprint("k", i/2)}); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	l := backend.List{Bucket: "b", Limit: 2}
	for range 10 {
		p, err := s.ListUploads(t.Context(), l)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range p.Uploads {
			got = append(got, u.Key)
		}
		if !p.More {
			break
		}
		l.After, l.AfterID = p.Next, p.NextID
	}
	if strings.Join(got, " ") != "k0 k0 k1 k1 k2 k2" {
		t.Error(got)
	}
}

func BenchmarkPut4K(b *testing.B) {
	s := open(b, b.TempDir())
	data := make([]byte, 4096)
	b.SetParallelism(16)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Put(context.Background(), &backend.Put{Bucket: "b", Key: granary.UUID(), Body: bytes.NewReader(data),
				Size: 4096, Now: time.Now()}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkGet4K(b *testing.B) {
	s := open(b, b.TempDir())
	put(b, s, "k", strings.Repeat("x", 4096))
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, c, err := s.Open(context.Background(), &backend.Get{Bucket: "b", Key: "k"})
			if err != nil {
				b.Fatal(err)
			}
			io.Copy(io.Discard, c)
			c.Close()
		}
	})
}
