package front

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"granary/internal/audit"
)

// from is a connection from an address, on which nothing happens.
type from struct {
	net.Conn
	address string
	closed  bool
}

func (f *from) RemoteAddr() net.Addr { return addressOf(f.address) }
func (f *from) Close() error         { f.closed = true; return nil }

type addressOf string

func (addressOf) Network() string  { return "tcp" }
func (a addressOf) String() string { return string(a) }

// When a door is full, whoever holds most of it gives way to a newcomer, and what is under way goes on.
func TestAFullDoorTakesFromTheSourceWithMost(t *testing.T) {
	l := &Listener{}
	connect := func(address string, busy bool) (*from, bool) {
		f := &from{address: address}
		c := &conn{Conn: f, listener: l}
		ok := l.admit(c)
		if ok {
			l.trackState(c, http.StateNew)
			if busy {
				l.trackState(c, http.StateActive)
			}
		}
		return f, ok
	}
	var first []*from
	for i := range MaxConnections {
		f, ok := connect(fmt.Sprintf("192.0.2.%d:%d", i/MaxConnectionsOfSource, i%MaxConnectionsOfSource+1),
			i < MaxConnectionsOfSource)
		if !ok {
			t.Fatalf("connection %d is refused", i)
		}
		first = append(first, f)
	}
	for i := range 3 { // the busy source has as many, and gives none
		if _, ok := connect(fmt.Sprintf("198.51.100.%d:1", i), true); !ok {
			t.Errorf("newcomer %d is refused at a full door", i)
		}
	}
	closed := 0
	for i, f := range first {
		if f.closed {
			closed++
			if i < MaxConnectionsOfSource {
				t.Fatal("a connection with a request under way was closed")
			}
		}
	}
	if closed != 3 || l.total != MaxConnections {
		t.Errorf("%d were closed, %d are open", closed, l.total)
	}
	busy := &Listener{total: MaxConnections}
	if busy.admit(&conn{Conn: &from{address: "192.0.2.1:1"}, listener: busy}) || len(busy.sources) != 0 {
		t.Error("a door that is full of requests under way takes one more")
	}
}

// Documents beyond their first 64 KiB share one budget, of which one source has a part. What a request took comes
// back at its end.
func TestTheMemoryForDocumentsIsShared(t *testing.T) {
	rc := (&Reception{}).Init()
	at := func(i int) netip.Addr { return netip.AddrFrom4([4]byte{192, 0, 2, byte(i)}) }
	var all []*Request
	take := func(source netip.Addr, n int64) error {
		r := &Request{reception: rc, Source: source}
		err := r.holdMemory(n)
		all = append(all, r)
		return err
	}
	for range 1000 {
		if err := take(at(0), freeBytes-1); err != nil {
			t.Fatal("a small document is refused")
		}
	}
	for source := range MaxBodies / MaxBodiesOfSource {
		for range MaxBodiesOfSource / (1 << 20) {
			if err := take(at(source), 1<<20); err != nil {
				t.Fatalf("source %d: %v", source, err)
			}
		}
		if err := take(at(source), freeBytes); err != ErrBusy {
			t.Errorf("source %d has more than its part: %v", source, err)
		}
	}
	if err := take(at(100), freeBytes); err != ErrBusy {
		t.Errorf("more than all: %v", err)
	}
	for _, r := range all {
		r.held.Release()
	}
	if bytes, sources := rc.bodies.InUse(); bytes != 0 || sources != 0 {
		t.Errorf("%d bytes are still held, of %d sources", bytes, sources)
	}
}

// drain is a door that reads bodies as objects are read, and answers with many bytes.
type drain struct{ read chan error }

func (d drain) AnswersAlways(*http.Request) bool { return true }

func (d drain) Refuse(_ *Request, err error) Outcome { return Outcome{Answer: Text(503, err.Error())} }

func (d drain) Serve(r *Request) Outcome {
	if r.HTTP.Method == http.MethodPut {
		_, err := io.Copy(io.Discard, r.HTTP.Body)
		d.read <- err
		return Outcome{Answer: Text(200, "done")}
	}
	return Outcome{Answer: Answer{Status: 200, Stream: func(w io.Writer) error {
		// Small pieces have short deadlines.
		_, err := io.Copy(struct{ io.Writer }{w}, io.LimitReader(zeros{}, 1<<30))
		d.read <- err
		return nil
	}}}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// An object's body that stands still, or trickles, ends after some 20 seconds; so does an answer that nobody takes.
func TestSlowBodiesAndReadersAreCutOff(t *testing.T) {
	for name, x := range map[string]struct {
		head  string
		drip  time.Duration // between two bytes of the body; 0: none is sent
		most  time.Duration
		wants error
	}{
		"a body that stands still": {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", 0, IdleDeadline +
			10*time.Second, ErrSlow},
		"a body that trickles": {"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n", 500 * time.Millisecond,
			IdleDeadline + 15*time.Second, ErrSlow},
		"an answer nobody takes": {"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, 2 * IdleDeadline, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log, err := audit.Open(audit.Config{Now: time.Now})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { log.Close() })
			inner, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			d := drain{make(chan error, 1)}
			rc := (&Reception{Audit: log, Now: time.Now, Log: slog.New(slog.DiscardHandler)}).Init()
			s := rc.Serve(&Listener{Listener: inner}, d)
			t.Cleanup(func() { s.Close() })
			c, err := net.Dial("tcp", inner.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			began := time.Now()
			if _, err := io.WriteString(c, x.head); err != nil {
				t.Fatal(err)
			}
			end := make(chan bool)
			defer close(end)
			if x.drip > 0 {
				go func() {
					for {
						select {
						case <-end:
							return
						case <-time.After(x.drip):
							_, _ = c.Write([]byte("x"))
						}
					}
				}()
			}
			select {
			case got := <-d.read:
				if x.wants != nil && got != x.wants || x.wants == nil && got == nil {
					t.Errorf("it ended with %v", got)
				}
			case <-time.After(x.most):
				t.Errorf("it goes on after %s", time.Since(began))
			}
			if took := time.Since(began); took < IdleDeadline-time.Second {
				t.Errorf("it ended after %s already", took)
			}
			if strings.HasPrefix(x.head, "PUT") {
				if _, err := http.ReadResponse(bufio.NewReader(c), nil); err != nil {
					t.Errorf("the client is not answered: %v", err)
				}
			}
		})
	}
}
