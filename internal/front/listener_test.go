package front

import (
	"io"
	"log/slog"
	"net"
	"net/http"
	"testing"
	"time"
)

// One host that opens connections without end loses its oldest waiting ones, and what it has under way goes on.
func TestTheLongestWaitingConnectionOfASourceGivesWay(t *testing.T) {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Listener{Listener: inner}
	arrived, finish := make(chan bool), make(chan bool)
	s := &http.Server{ConnState: l.trackState, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, 0),
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/slow" {
				arrived <- true
				<-finish
			}
			io.WriteString(w, "done")
		})}
	go s.Serve(l)
	defer s.Close()
	at := "http://" + inner.Addr().String()
	slow := make(chan string)
	go func() {
		r, err := http.Get(at + "/slow")
		if err != nil {
			slow <- err.Error()
			return
		}
		b, _ := io.ReadAll(r.Body)
		slow <- string(b)
	}()
	<-arrived
	var conns []net.Conn
	for range MaxConnectionsOfSource + 50 {
		c, err := net.Dial("tcp", inner.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	conns[0].SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := conns[0].Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("the oldest connection was not closed: %v", err)
	}
	for range 3 { // others are served all the same
		r, err := (&http.Client{Transport: &http.Transport{}}).Get(at + "/")
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
	}
	close(finish)
	if got := <-slow; got != "done" {
		t.Errorf("what was under way ended with %q", got)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.total > MaxConnectionsOfSource {
		t.Errorf("%d connections are open", l.total)
	}
}
