package front

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// follow passes a connection's bytes through framing in pieces, and returns what is passed on before a refusal.
func follow(text string, pieces int) (passed string, err error) {
	var f framing
	for at := 0; at < len(text); at += pieces {
		p := []byte(text[at:min(at+pieces, len(text))])
		n, err := f.next(p)
		passed += string(p[:n])
		if err != nil {
			return passed, err
		}
	}
	return passed, nil
}

const second = "GET /second HTTP/1.1\r\nHost: x\r\n\r\n"

func TestFramingThatTwoParsersCouldReadDifferentlyIsRefused(t *testing.T) {
	for name, text := range map[string]string{
		"both lengths": "POST / HTTP/1.1\r\nContent-Length: 4\r\nTransfer-Encoding: " +
			"chunked\r\n\r\n0\r\n\r\n",
		"both lengths, other order": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\ncontent-length: " +
			"4\r\n\r\n0\r\n\r\n",
		"two lengths":                 "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde",
		"the same length twice":       "POST / HTTP/1.1\r\nContent-Length: 4\r\nContent-Length: 4\r\n\r\nabcd",
		"a list of lengths":           "POST / HTTP/1.1\r\nContent-Length: 4, 4\r\n\r\nabcd",
		"a sign before the length":    "POST / HTTP/1.1\r\nContent-Length: +4\r\n\r\nabcd",
		"a hexadecimal length":        "POST / HTTP/1.1\r\nContent-Length: 0x4\r\n\r\nabcd",
		"an empty length":             "POST / HTTP/1.1\r\nContent-Length:\r\n\r\n",
		"a length beyond all numbers": "POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"a folded line":               "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n folded\r\n\r\n",
		"a folded line by tab":        "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\r\n\tfolded\r\n\r\n",
		"a folded length":             "POST / HTTP/1.1\r\nContent-Length:\r\n 4\r\n\r\nabcd",
		"a first line that is folded": "GET / HTTP/1.1\r\n Host: x\r\n\r\n",
		"another encoding":            "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
		"chunked twice": "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: " +
			"chunked\r\n\r\n0\r\n\r\n",
		"identity":                      "POST / HTTP/1.1\r\nTransfer-Encoding: identity\r\nContent-Length: 4\r\n\r\nabcd",
		"xchunked":                      "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
		"chunked by HTTP/1.0":           "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"a line feed alone":             "GET / HTTP/1.1\nHost: x\r\n\r\n",
		"a line feed alone in the head": "GET / HTTP/1.1\r\nHost: x\nX-A: 1\r\n\r\n",
		"a carriage return in a value":  "GET / HTTP/1.1\r\nHost: x\r\nX-A: 1\rContent-Length: 4\r\n\r\n",
		"a signed chunk size":           "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n+4\r\nabcd\r\n0\r\n\r\n",
		"a chunk size with 0x":          "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x4\r\nabcd\r\n0\r\n\r\n",
		"a folded trailer":              "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-A: 1\r\n b\r\n\r\n",
	} {
		for _, pieces := range []int{1, 7, 4096} {
			passed, err := follow(text+second, pieces)
			if err == nil {
				t.Errorf("%s, in pieces of %d: taken", name, pieces)
			}
			if strings.Contains(passed, "/second") {
				t.Errorf("%s, in pieces of %d: the next request is passed on", name, pieces)
			}
		}
	}
}

func TestFramingThatCanBeReadInOneWayIsPassedOn(t *testing.T) {
	for name, text := range map[string]string{
		"no body":       "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"an empty body": "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
		"a body":        "PUT / HTTP/1.1\r\nContent-Length: 31\r\n\r\nGET / HTTP/1.1\nX: 1\n folded\r\r\r\r",
		"chunks": "PUT / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n4;x=y\r\na\nb\r\r\nA " +
			"\r\n0123456789\r\n0\r\nTrailer: v\r\n\r\n",
		"chunked in capitals":  "PUT / HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n0\r\n\r\n",
		"an empty line before": "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"a long line": "GET /" + strings.Repeat("a", 5000) + " HTTP/1.1\r\nX-A: " + strings.Repeat("b", 9000) +
			"\r\n\r\n",
		"HTTP/1.0": "POST / HTTP/1.0\r\nContent-Length: 4\r\n\r\nabcd",
	} {
		for _, pieces := range []int{1, 3, 4096} {
			if passed, err := follow(text+text+second, pieces); err != nil || passed != text+text+second {
				t.Errorf("%s, in pieces of %d: %v after %q", name, pieces, err, passed)
			}
		}
	}
}

// Whatever comes, framing passes no bytes on that net/http reads as other requests than framing does.
func FuzzFraming(f *testing.F) {
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nabcd"+second), 5)
	f.Add([]byte("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n"+second), 5)
	f.Add([]byte("GET / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"+second), 50)
	f.Fuzz(func(t *testing.T, text []byte, pieces int) {
		passed, refused := follow(string(text), max(1, pieces))
		if !strings.HasPrefix(string(text), passed) || refused == nil && passed != string(text) {
			t.Fatalf("%q became %q", text, passed)
		}
		var own framing
		r := bufio.NewReader(strings.NewReader(passed))
		at := 0
		for {
			begin := len(passed) - at
			_ = begin
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			_, err = io.Copy(io.Discard, req.Body)
			if err != nil {
				return
			}
			read := len(passed) - r.Buffered()
			if read > at { // the whole text may be buffered: what was read is what is no longer buffered
				if _, ferr := own.next([]byte(passed[at:read])); ferr != nil {
					return
				}
				if own.begun {
					t.Fatalf("net/http ends a request at %d of %q, and framing does not", read, passed)
				}
				at = read
			}
		}
	})
}

func TestRefusedFramingIsAnsweredAndTheConnectionClosed(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := 0
	s := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		io.Copy(io.Discard, r.Body)
	})}
	go s.Serve(&Listener{Listener: l})
	defer s.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	c.SetDeadline(time.Now().Add(10 * time.Second))
	io.WriteString(c, "GET / HTTP/1.1\r\nHost: x\r\n\r\nPOST / HTTP/1.1\r\nHost: x\r\nContent-Length: "+
		"4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"+second)
	all, err := io.ReadAll(c)
	if err != nil || served != 1 || !bytes.Contains(all, []byte("400 Bad Request")) {
		t.Errorf("%d served, %v, %q", served, err, all)
	}
}
