package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"granary"
	"granary/internal/backend"
	"granary/internal/guard"
)

// fake is a store that answers as a test says, and notes what it was asked.
type fake struct {
	mu     sync.Mutex
	seen   []string // requests whose body came whole
	bodies map[string]string
	answer http.HandlerFunc
	warned []string
}

func (f *fake) start(t *testing.T, change func(*Options)) *Store {
	t.Helper()
	f.bodies = map[string]string{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := io.ReadAll(r.Body)
		if err == nil {
			f.mu.Lock()
			f.seen = append(f.seen, r.Method+" "+r.RequestURI)
			f.bodies[r.Method+" "+r.RequestURI] = string(text)
			f.mu.Unlock()
		}
		if f.answer != nil {
			f.answer(w, r)
		}
	}))
	t.Cleanup(server.Close)
	o := Options{Name: "far", Endpoints: []string{server.URL}, AccessKeyID: "AKIDEXAMPLE", SecretKey: "secret",
		Kind: "minio", Now: time.Now, FirstByte: time.Minute, Progress: time.Minute,
		Seal:   func(p []byte) []byte { return append([]byte("sealed:"), p...) },
		Unseal: func(s []byte) ([]byte, error) { return []byte(strings.TrimPrefix(string(s), "sealed:")), nil },
		Warn:   func(m string, args ...any) { f.warned = append(f.warned, m+" "+fmt.Sprint(args...)) }}
	if change != nil {
		change(&o)
	}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func (f *fake) asked() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.seen)
}

func say(status int, text string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		io.WriteString(w, text)
	}
}

func put(key, text string) *backend.Put {
	return &backend.Put{Bucket: "b", Key: key, Body: strings.NewReader(text), Size: int64(len(text)), Now: time.Now()}
}

// A key that the store may take for another one must not leave the gateway, in whatever place it stands.
func TestKeysThatAStoreMayTakeForOthersAreRefused(t *testing.T) {
	f := &fake{answer: say(200, "")}
	s := f.start(t, nil)
	ctx := t.Context()
	for _, key := range []string{"team/../finance/x", "team/./x", "/finance/x", "//x", "a//b", "..", ".", "a/..", "a\x00b",
		"team//../x", "a\uFFFE", "../../otherbucket/x"} {
		calls := map[string]func() error{
			"Put":    func() error { _, err := s.Put(ctx, put(key, "x")); return err },
			"Stat":   func() error { _, err := s.Stat(ctx, "b", key); return err },
			"Open":   func() error { _, _, err := s.Open(ctx, &backend.Get{Bucket: "b", Key: key}); return err },
			"Delete": func() error { return s.Delete(ctx, "b", key, "") },
			"Copy to": func() error {
				_, err := s.Copy(ctx, &backend.Copy{FromBucket: "b", FromKey: "k", Bucket: "b", Key: key})
				return err
			},
			"Copy from": func() error {
				_, err := s.Copy(ctx, &backend.Copy{FromBucket: "b", FromKey: key, Bucket: "b", Key: "k"})
				return err
			},
			"SetTags":      func() error { return s.SetTags(ctx, &backend.SetTags{Bucket: "b", Key: key}) },
			"CreateUpload": func() error { return s.CreateUpload(ctx, &backend.Upload{Bucket: "b", Key: key}) },
			"List": func() error {
				_, err := s.List(ctx, backend.List{Bucket: "b", Prefix: key + "/", Limit: 1})
				return err
			},
			"List after": func() error {
				_, err := s.List(ctx, backend.List{Bucket: "b", After: key + "/x", Limit: 1})
				return err
			},
			"ListUploads": func() error {
				_, err := s.ListUploads(ctx, backend.List{Bucket: "b", Prefix: key + "/", Limit: 1})
				return err
			},
		}
		for name, call := range calls {
			if err := call(); !errors.Is(err, errKey) {
				t.Errorf("%s of %q: %v", name, key, err)
			}
		}
	}
	if asked := f.asked(); len(asked) > 0 {
		t.Errorf("the store was asked: %q", asked)
	}
	for _, key := range []string{"a", "a/b", "a/", "a.b/..c/d..", "...", "é/x y+z"} {
		if err := s.checkKey(key); err != nil {
			t.Errorf("%q: %v", key, err)
		}
	}
	exact := f.start(t, func(o *Options) { o.Capabilities = map[string]string{"keys": "exact"} })
	if err := exact.checkKey("a/../b"); err != nil {
		t.Errorf("a store of exact keys: %v", err)
	}
}

// A condition that the store is not known to evaluate would lose data.
func TestUnprovedConditionsAreRefused(t *testing.T) {
	f := &fake{answer: say(200, "")}
	s := f.start(t, nil) // MinIO
	ctx := t.Context()
	for name, call := range map[string]func() error{
		"If-Match of DeleteObject": func() error { return s.Delete(ctx, "b", "k", "etag") },
		"If-None-Match of CopyObject": func() error {
			_, err := s.Copy(ctx, &backend.Copy{FromBucket: "b", FromKey: "k", Bucket: "b", Key: "l",
				Conditions: backend.Conditions{IfNoneMatch: true}})
			return err
		},
	} {
		if err := call(); !granary.Is(err, granary.NotImplemented) || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if asked := f.asked(); len(asked) > 0 {
		t.Errorf("the store was asked: %q", asked)
	}
	p := put("k", "x")
	p.IfNoneMatch = true
	if _, err := s.Put(ctx, p); err != nil {
		t.Errorf("a condition that is known to work: %v", err)
	}
}

// Nothing that a listing says beyond what was asked for is told.
func TestListingsAreNotTrusted(t *testing.T) {
	list := func(inner string) http.HandlerFunc {
		return say(200, `<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><EncodingType>url</EncodingType>`+
			inner+`</ListBucketResult>`)
	}
	key := func(k string) string { return "<Contents><Key>" + k + "</Key><Size>1</Size></Contents>" }
	ask := backend.List{Bucket: "b", Prefix: "team/", After: "team/b", Limit: 10}
	f := &fake{answer: list(key("finance/x") + key("team/a") + key("team/d") + key("team/c") + key("team/c") +
		key("team%2Fe%20f%2B") + "<CommonPrefixes><Prefix>secret/</Prefix></CommonPrefixes>" +
		key("team/"+strings.Repeat("x", 2000)))}
	p, err := f.start(t, nil).List(t.Context(), ask)
	var got []string
	for _, o := range p.Objects {
		got = append(got, o.Key)
	}
	if err != nil || strings.Join(got, " ") != "team/c team/d team/e f+" || len(p.Prefixes) > 0 {
		t.Errorf("%q %q %v", got, p.Prefixes, err)
	}
	for name, answer := range map[string]http.HandlerFunc{
		"a page that does not get on": list("<IsTruncated>true</IsTruncated>" + key("team/a")),
		"an empty page with more":     list("<IsTruncated>true</IsTruncated>"),
		"a sign-in page":              say(200, "<html><body>Sign in</body></html>"),
		"no document":                 say(200, "ok"),
		"a document type":             say(200, `<!DOCTYPE x [<!ENTITY a "b">]><ListBucketResult></ListBucketResult>`),
		"deep elements": say(200, "<ListBucketResult>"+strings.Repeat("<a>", 20)+strings.Repeat("</a>", 20)+
			"</ListBucketResult>"),
		"a redirect": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://elsewhere.example/")
			w.WriteHeader(http.StatusMovedPermanently)
		},
	} {
		f := &fake{answer: answer}
		if p, err := f.start(t, nil).List(t.Context(), ask); !granary.Is(err, granary.Internal) {
			t.Errorf("%s: %+v %v", name, p, err)
		}
		if n := len(f.asked()); n != 1 {
			t.Errorf("%s: the store was asked %d times", name, n)
		}
	}
}

// What a store says of itself, or of the gateway's key, is for the operator.
func TestRefusalsAreInOurWords(t *testing.T) {
	refuse := func(status int, code string) http.HandlerFunc {
		return say(status, "<Error><Code>"+code+"</Code><Message>secret-host says no to AKIDEXAMPLE</Message>"+
			"<BucketName>remote-b</BucketName></Error>")
	}
	for name, x := range map[string]struct {
		answer http.HandlerFunc
		kind   granary.Kind
		code   string
	}{
		"a bad signature":    {refuse(403, "SignatureDoesNotMatch"), granary.Internal, ""},
		"a bad key":          {refuse(403, "InvalidAccessKeyId"), granary.Internal, ""},
		"no rights":          {refuse(403, "AccessDenied"), granary.Internal, ""},
		"a clock":            {refuse(403, "RequestTimeTooSkewed"), granary.Internal, ""},
		"a bucket that left": {refuse(404, "NoSuchBucket"), granary.Internal, ""},
		"a key":              {refuse(404, "NoSuchKey"), granary.NotFound, "NoSuchKey"},
		"a condition":        {refuse(412, "PreconditionFailed"), granary.Conflict, "PreconditionFailed"},
		"a checksum":         {refuse(400, "XAmzContentChecksumMismatch"), granary.Invalid, "BadDigest"},
		"a busy store":       {refuse(503, "SlowDown"), granary.Throttled, "SlowDown"},
		"a sick store":       {say(500, "<html>"), granary.Unavailable, "ServiceUnavailable"},
		"a proxy before it":  {say(502, "bad gateway"), granary.Unavailable, "ServiceUnavailable"},
		"a file as a folder": {refuse(409, "ObjectParentIsFile"), granary.Conflict, "InvalidRequest"},
		"a strange key":      {refuse(400, "XMinioInvalidObjectName"), granary.Invalid, "InvalidArgument"},
		"a strange status":   {say(299+100, ""), granary.Internal, ""},
	} {
		f := &fake{answer: x.answer}
		_, err := f.start(t, nil).Put(t.Context(), put("k", "x"))
		if !granary.Is(err, x.kind) || granary.AsError(err).Code != x.code {
			t.Errorf("%s: %v", name, err)
		}
		e := granary.AsError(err)
		told := e.Message + fmt.Sprint(e.Detail)
		for _, secret := range []string{"secret-host", "AKID", "remote-b"} {
			if strings.Contains(told, secret) {
				t.Errorf("%s: tells %s", name, told)
			}
		}
		if x.kind == granary.Internal && len(f.warned) == 0 {
			t.Errorf("%s: the operator is not told", name)
		}
	}
}

// A store may answer a part of the object where the caller decides on all of it.
func TestAPartThatNobodyAskedForIsNotTheObject(t *testing.T) {
	const text = "0123456789"
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"e"`)
		switch r.Header.Get("Range") {
		case "bytes=2-3,7-8":
			w.Header().Set("Content-Range", "bytes 2-3/10")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, text[2:4])
		case "bytes=0-":
			w.Header().Set("Content-Range", "bytes 0-9/10")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, text)
		case "bytes=4-":
			w.Header().Set("Content-Range", "bytes 4-9/10")
			w.WriteHeader(http.StatusPartialContent)
			io.WriteString(w, text[4:])
		}
	}}
	s := f.start(t, nil)
	o, c, err := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "k", Range: "bytes=2-3,7-8"})
	if err != nil || o.Size != 10 {
		t.Fatal(o, err)
	}
	rest, err := io.ReadAll(c) // from where the answer begins
	if string(rest) != text[2:] || err != nil {
		t.Errorf("%q %v", rest, err)
	}
	if _, err := c.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	whole, err := io.ReadAll(c)
	if string(whole) != text || err != nil {
		t.Errorf("%q %v", whole, err)
	}
	c.Close()
}

// What does not tell its size, or changes while it is read, is no object.
func TestAnObjectHasOneSizeAndOneETag(t *testing.T) {
	f := &fake{answer: func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			return
		}
		if m := r.Header.Get("If-Match"); m != "" && m != `"new"` {
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		w.Header().Set("ETag", `"old"`)
		io.WriteString(w, "0123456789")
	}}
	s := f.start(t, nil)
	if o, err := s.Stat(t.Context(), "b", "k"); err == nil {
		t.Errorf("%+v", o)
	}
	_, c, err := s.Open(t.Context(), &backend.Get{Bucket: "b", Key: "k"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Seek(5, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(c); err == nil {
		t.Errorf("%q of another object", text)
	}
}

// An answer of 200 may be an error.
func TestErrorsInsideOfAnswersAreErrors(t *testing.T) {
	f := &fake{}
	s := f.start(t, nil)
	f.answer = func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodHead {
			w.Header().Set("ETag", `"e"`)
			return
		}
		say(200, "<Error><Code>InternalError</Code><Message>no</Message></Error>")(w, r)
	}
	if o, err := s.Copy(t.Context(), &backend.Copy{FromBucket: "b", FromKey: "k", Bucket: "b", Key: "l"}); err == nil {
		t.Errorf("%+v", o)
	}
}

// An effect that is no longer allowed when its bytes have come does not reach the store.
func TestEffectsAskTheGuard(t *testing.T) {
	refused := errors.New("no longer")
	for _, size := range []int{10, 3 << 20} {
		for _, trailer := range []string{"yes", "no"} {
			f := &fake{answer: say(200, "")}
			s := f.start(t, func(o *Options) { o.Capabilities = map[string]string{"payload.trailer": trailer} })
			held := 0
			ctx := guard.With(context.Background(), guard.Guard{Ask: func() error { return refused },
				Hold: func() func() { held++; return func() { held-- } }})
			_, err := s.Put(ctx, put("k", strings.Repeat("x", size)))
			if !errors.Is(err, refused) || held != 0 {
				t.Errorf("%d bytes: %v, %d holds", size, err, held)
			}
			for name, call := range map[string]func() error{
				"DeleteBucket": func() error { return s.DeleteBucket(ctx, "b") },
				"Delete":       func() error { return s.Delete(ctx, "b", "k", "") },
				"CreateUpload": func() error { return s.CreateUpload(ctx, &backend.Upload{Bucket: "b", Key: "k"}) },
			} {
				if err := call(); !errors.Is(err, refused) || held != 0 {
					t.Errorf("%s: %v, %d holds", name, err, held)
				}
			}
			if asked := f.asked(); len(asked) > 0 {
				t.Errorf("%d bytes: the store saw all of %q", size, asked)
			}
		}
	}
}

func TestABodyInFramesHasItsLength(t *testing.T) {
	for _, size := range []int{1<<20 + 1, 5 * chunkSize, 5*chunkSize + 1, 7*chunkSize - 1} {
		for _, trailer := range []string{"yes", "no"} {
			f := &fake{answer: say(200, "")}
			s := f.start(t, func(o *Options) { o.Capabilities = map[string]string{"payload.trailer": trailer} })
			if _, err := s.Put(t.Context(), put("k", strings.Repeat("x", size))); err != nil {
				t.Errorf("%d bytes, trailer %s: %v", size, trailer, err)
				continue
			}
			body := f.bodies["PUT /b/k"]
			end := "0\r\nx-amz-checksum-crc32:"
			if trailer == "no" {
				end = "0;chunk-signature="
			}
			if !strings.Contains(body, "\r\n"+end) || strings.Count(body, "x") < size {
				t.Errorf("%d bytes, trailer %s: the body ends in %q", size, trailer, body[max(0, len(body)-100):])
			}
		}
	}
}

// A store that is down is left in peace for a while, and found again.
func TestADownStoreIsLeftInPeace(t *testing.T) {
	now := time.Now()
	f := &fake{}
	s := f.start(t, func(o *Options) {
		o.Endpoints = []string{"http://127.0.0.1:1"}
		o.Now = func() time.Time { return now }
	})
	for range failuresInRow + 3 {
		if _, err := s.Stat(t.Context(), "b", "k"); !granary.Is(err, granary.Unavailable) {
			t.Fatal(err)
		}
	}
	if e := s.pick(); e != nil {
		t.Error("the endpoint is still asked")
	}
	now = now.Add(firstRest)
	if e := s.pick(); e == nil {
		t.Error("nobody finds out whether it is back")
	}
	if e := s.pick(); e != nil {
		t.Error("more than one finds out")
	}
	s.endpoints[0].health.note(now, nil)
	if e := s.pick(); e == nil {
		t.Error("it is back, and is not asked")
	}
}

func TestTooManyAreToldToSlowDown(t *testing.T) {
	wait := make(chan struct{})
	f := &fake{answer: func(w http.ResponseWriter, _ *http.Request) { <-wait; w.Header().Set("Content-Length", "1") }}
	s := f.start(t, func(o *Options) { o.Connections, o.FirstByte = 1, time.Minute })
	results := make(chan error, 10)
	for range 10 {
		go func() { _, err := s.Stat(t.Context(), "b", "k"); results <- err }()
	}
	for range 9 {
		if err := <-results; granary.AsError(err).Code != "SlowDown" {
			t.Errorf("%v", err)
		}
	}
	close(wait)
	if err := <-results; err != nil {
		t.Error(err)
	}
}

func TestIDsOfUploadsBelongToTheirKeys(t *testing.T) {
	f := &fake{answer: say(200,
		"<InitiateMultipartUploadResult><UploadId>theirs</UploadId></InitiateMultipartUploadResult>")}
	s := f.start(t, nil)
	u := &backend.Upload{Bucket: "b", Key: "k", Given: map[string]string{"x-amz-acl": "private"}}
	if err := s.CreateUpload(t.Context(), u); err != nil || strings.Contains(u.ID, "theirs") {
		t.Fatal(u.ID, err)
	}
	got, err := s.Upload(t.Context(), "b", "k", u.ID)
	if err != nil || got.Given["x-amz-acl"] != "private" {
		t.Errorf("%+v %v", got, err)
	}
	for _, x := range [][3]string{{"b", "other", u.ID}, {"c", "k", u.ID}, {"b", "k", u.ID + "x"}, {"b", "k", ""},
		{"b", "k", strings.Repeat("A", 1<<20)}} {
		if _, err := s.Upload(t.Context(), x[0], x[1], x[2]); !errors.Is(err, backend.ErrNoUpload) {
			t.Errorf("%s/%s: %v", x[0], x[1], err)
		}
	}
}
