package upstream

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// script is a store that answers each request with the same bytes, and keeps or closes the connection.
type script struct {
	answer      string
	close       bool
	connections atomic.Int32
	seen        chan string // the heads of requests
}

func (s *script) start(t *testing.T) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	s.seen = make(chan string, 100)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go s.serve(c)
		}
	}()
	c := New(Options{Address: l.Addr().String(), FirstByte: 2 * time.Second, Progress: 2 * time.Second})
	t.Cleanup(c.Close)
	return c
}

func (s *script) serve(c net.Conn) {
	defer c.Close()
	r := bufio.NewReader(c)
	for {
		req, err := http.ReadRequest(r)
		if err != nil {
			return
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			s.seen <- "cut off: " + err.Error()
			return
		}
		s.seen <- req.Method + " " + req.RequestURI + " " + string(body)
		if _, err := io.WriteString(c, s.answer); err != nil || s.close {
			return
		}
	}
}

func get() *Request {
	return &Request{Method: http.MethodGet, Target: "/b/k", Headers: []Field{{"Host", "store"}}}
}

func text(c *Client) (string, error) {
	resp, err := c.Do(context.Background(), get())
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return string(b), err
}

func TestAnswersAreRead(t *testing.T) {
	for name, answer := range map[string]string{
		"a length": "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"chunks":   "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\nX-Trailer: x\r\n\r\n",
		"interim":  "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
	} {
		s := &script{answer: answer}
		c := s.start(t)
		for range 3 {
			if got, err := text(c); got != "hello" || err != nil {
				t.Errorf("%s: %q %v", name, got, err)
			}
		}
		if n := s.connections.Load(); n != 1 {
			t.Errorf("%s: %d connections for three requests", name, n)
		}
	}
}

// Whatever two parsers could read differently, and whatever has no bound, is no answer.
func TestHostileAnswersAreRefused(t *testing.T) {
	const head = "HTTP/1.1 200 OK\r\n"
	for name, x := range map[string]struct {
		answer string
		want   error
	}{
		"two lengths":          {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", ErrAnswer},
		"the same length":      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\nhello", ErrAnswer},
		"a length and chunks":  {head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", ErrAnswer},
		"chunks and a length":  {head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", ErrAnswer},
		"an unknown framing":   {"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", ErrAnswer},
		"a negative length":    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", ErrAnswer},
		"a length with a sign": {"HTTP/1.1 200 OK\r\nContent-Length: +5\r\n\r\nhello", ErrAnswer},
		"no length":            {"HTTP/1.1 200 OK\r\n\r\nhello", ErrAnswer},
		"a folded header":      {"HTTP/1.1 200 OK\r\nX-A: b\r\n c\r\nContent-Length: 0\r\n\r\n", ErrAnswer},
		"a bare LF":            {"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", ErrAnswer},
		"a NUL":                {"HTTP/1.1 200 OK\r\nX-A: b\x00c\r\nContent-Length: 0\r\n\r\n", ErrAnswer},
		"a blank in a name":    {"HTTP/1.1 200 OK\r\nContent-Length : 5\r\n\r\nhello", ErrAnswer},
		"no status line":       {"hello\r\n\r\n", ErrAnswer},
		"another protocol":     {"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", ErrAnswer},
		"a long line":          {"HTTP/1.1 200 OK\r\nX-A: " + strings.Repeat("a", 20<<10) + "\r\n\r\n", ErrAnswer},
		"many headers":         {"HTTP/1.1 200 OK\r\n" + strings.Repeat("X-A: b\r\n", 101) + "\r\n", ErrAnswer},
		"a long head":          {head + strings.Repeat("X-A: "+strings.Repeat("a", 9000)+"\r\n", 8) + "\r\n", ErrAnswer},
		"interim for ever":     {strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", 7), ErrAnswer},
		"another protocol's":   {"HTTP/1.1 101 Switching Protocols\r\n\r\n", ErrAnswer},
		"a short body":         {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello", ErrBroken},
		"an open chunk":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", ErrBroken},
		"a bad chunk":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nhello\r\n", ErrBroken},
		"an endless trailer": {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
			strings.Repeat("X-A: b\r\n", 1000) + "\r\n", ErrAnswer},
		"half a head": {"HTTP/1.1 200 OK\r\nContent-", ErrBroken},
		"nothing":     {"", ErrBroken},
	} {
		s := &script{answer: x.answer, close: true}
		if got, err := text(s.start(t)); !errors.Is(err, x.want) {
			t.Errorf("%s: %q, %v instead of: %v", name, got, err, x.want)
		}
	}
}

// What a store sends before it is asked must not be the answer to the next request.
func TestWhatComesUnaskedIsNoAnswer(t *testing.T) {
	const answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
	for name, more := range map[string]string{"one byte": "x",
		"an answer": "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil"} {
		s := &script{answer: answer + more}
		c := s.start(t)
		for range 3 {
			if got, err := text(c); got != "ok" || err != nil {
				t.Errorf("%s: %q %v", name, got, err)
			}
			time.Sleep(10 * time.Millisecond)
		}
		if n := s.connections.Load(); n != 3 {
			t.Errorf("%s: %d connections", name, n)
		}
	}
}

func TestStalledStoresAreLeft(t *testing.T) {
	for name, answer := range map[string]string{"no answer": "", "half a head": "HTTP/1.1 200 OK\r\nX",
		"half a body": "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"} {
		s := &script{answer: answer}
		c := s.start(t)
		began := time.Now()
		if _, err := text(c); !errors.Is(err, ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
		if d := time.Since(began); d > 5*time.Second {
			t.Errorf("%s: left after %v", name, d)
		}
	}
	if _, err := text(New(Options{Address: "127.0.0.1:1"})); !errors.Is(err, ErrConnect) {
		t.Errorf("nobody there: %v", err)
	}
}

// drip is a store that sends a byte of its head now and then.
func TestAHeadMustComeInTime(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		c, err := l.Accept()
		for err == nil {
			_, err = c.Write([]byte("H"))
			time.Sleep(50 * time.Millisecond)
		}
	}()
	c := New(Options{Address: l.Addr().String(), FirstByte: 300 * time.Millisecond})
	if _, err := text(c); !errors.Is(err, ErrBroken) {
		t.Errorf("%v", err)
	}
}

// failing is a body that turns out to be wrong at its end.
type failing struct {
	io.Reader
	err error
}

func (f failing) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF {
		err = f.err
	}
	return n, err
}

// The store must never see the last byte of a body that is wrong.
func TestAWrongBodyIsCutOff(t *testing.T) {
	wrong := errors.New("wrong")
	for _, size := range []int{1, 100, firstWrite, writeBuffer, writeBuffer + 1, 3*writeBuffer + 7} {
		s := &script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}
		c := s.start(t)
		r := get()
		r.Method, r.Length = http.MethodPut, int64(size)
		r.Body = failing{strings.NewReader(strings.Repeat("x", size)), wrong}
		_, err := c.Do(t.Context(), r)
		var body *BodyError
		if !errors.As(err, &body) || !errors.Is(err, wrong) {
			t.Errorf("%d bytes: %v", size, err)
		}
		select {
		case seen := <-s.seen:
			if !strings.HasPrefix(seen, "cut off") {
				t.Errorf("%d bytes: the store has seen the whole body", size)
			}
		case <-time.After(100 * time.Millisecond): // not even the head was sent
		}
	}
}

func TestBodiesAreSent(t *testing.T) {
	for _, size := range []int{0, 1, firstWrite - 60, firstWrite, writeBuffer, 2*writeBuffer + 5} {
		s := &script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}
		c := s.start(t)
		want := strings.Repeat("x", size)
		r := get()
		r.Method, r.Length, r.Body = http.MethodPut, int64(size), strings.NewReader(want)
		resp, err := c.Do(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if seen := <-s.seen; seen != "PUT /b/k "+want {
			t.Errorf("%d bytes: %d came", size, len(seen))
		}
	}
}

// A connection that died while it waited costs a repeatable request nothing.
func TestADeadConnectionIsReplaced(t *testing.T) {
	s := &script{answer: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", close: true}
	c := s.start(t)
	for range 5 {
		if got, err := text(c); got != "ok" || err != nil {
			t.Errorf("%q %v", got, err)
		}
	}
}

func TestAnEndedContextEndsTheRequest(t *testing.T) {
	s := &script{}
	c := s.start(t)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := c.Do(ctx, get()); !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > 500*time.Millisecond {
		t.Errorf("%v after %v", err, time.Since(began))
	}
}

func TestHeadersCannotBeSplit(t *testing.T) {
	for _, f := range []Field{{"X-A", "b\r\nX-C: d"}, {"X-A", "b\nc"}, {"X A", "b"}, {"", "b"}, {"X-A\r\n", "b"},
		{"X-A", "\x7f"}} {
		if CheckField(f) == nil {
			t.Errorf("%q: %q is sent", f.Name, f.Value)
		}
	}
	if err := CheckField(Field{"X-Amz-Meta-A", "Grüße, \t!"}); err != nil {
		t.Error(err)
	}
}

func BenchmarkGet(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	const size = 4 << 10
	answer := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, strings.Repeat("x", size))
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		for r := bufio.NewReader(c); ; {
			for line := ""; line != "\r\n"; {
				if line, err = r.ReadString('\n'); err != nil {
					return
				}
			}
			if _, err := io.WriteString(c, answer); err != nil {
				return
			}
		}
	}()
	c := New(Options{Address: l.Addr().String()})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := text(c); err != nil {
			b.Fatal(err)
		}
	}
}
