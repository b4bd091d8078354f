package pgtest

import (
	"bytes"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// Proxy forwards connections to a database and can simulate the failures of a network.
type Proxy struct {
	URL string

	target       string
	listener     net.Listener
	mu           sync.Mutex
	changed      *sync.Cond
	stalled      bool
	cut          bool
	loseAnswerTo string // the answer to the next message that contains this text is lost
	conns        map[net.Conn]bool
}

// Through starts a proxy for a database of this package.
func Through(t testing.TB, database string) *Proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	to := socketPath(t, database)
	dir, err := os.MkdirTemp("", "pp")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{target: to, conns: map[net.Conn]bool{}}
	p.changed = sync.NewCond(&p.mu)
	if err := os.Chmod(dir, 0o755); err != nil { // accessible to standbys, which run as another user
		t.Fatal(err)
	}
	if p.listener, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, ".s.PGSQL.5432"), 0o777); err != nil {
		t.Fatal(err)
	}
	q.Set("host", dir)
	u.RawQuery = q.Encode()
	p.URL = u.String()
	go p.serve()
	t.Cleanup(func() {
		p.Cut()
		_ = p.listener.Close()
		os.RemoveAll(dir)
	})
	return p
}

func (p *Proxy) serve() {
	for {
		c, err := p.listener.Accept()
		if err != nil {
			return
		}
		p.mu.Lock()
		to := p.target
		p.mu.Unlock()
		s, err := net.Dial("unix", to)
		p.mu.Lock()
		refuse := p.cut || err != nil
		if !refuse {
			p.conns[c], p.conns[s] = true, true
		}
		p.mu.Unlock()
		if refuse {
			_ = c.Close()
			continue
		}
		go p.forward(c, s, false)
		go p.forward(s, c, true)
	}
}

// forward copies bytes from one connection to the other; asks tells whether they are a client's.
func (p *Proxy) forward(to, from net.Conn, asks bool) {
	defer func() {
		p.mu.Lock()
		delete(p.conns, to)
		p.mu.Unlock()
		_ = to.Close()
	}()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		if err != nil && err != io.EOF {
			return
		}
		p.mu.Lock()
		if asks && p.loseAnswerTo != "" && bytes.Contains(b[:n], []byte(p.loseAnswerTo)) {
			p.loseAnswerTo, p.stalled = "", true
			_, _ = to.Write(b[:n])
			p.mu.Unlock()
			time.Sleep(200 * time.Millisecond) // until the server has answered
			p.Cut()
			return
		}
		for p.stalled && !p.cut {
			p.changed.Wait()
		}
		p.mu.Unlock()
		if _, werr := to.Write(b[:n]); werr != nil || err != nil {
			return
		}
	}
}

// Stall holds back all bytes without closing connections.
func (p *Proxy) Stall() { p.setState(true, false) }

// LoseAnswer lets the next message that contains a text through, loses its answer, and cuts the connections.
func (p *Proxy) LoseAnswer(text string) {
	p.mu.Lock()
	p.loseAnswerTo = text
	p.mu.Unlock()
}

// Cut closes all connections and refuses new ones.
func (p *Proxy) Cut() {
	p.setState(false, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.conns {
		_ = c.Close()
	}
}

// Mend forwards everything again, including what was held back.
func (p *Proxy) Mend() { p.setState(false, false) }

// Lead closes all connections and forwards new ones to another database of the same name.
func (p *Proxy) Lead(t testing.TB, database string) {
	t.Helper()
	p.Cut()
	p.mu.Lock()
	p.target = socketPath(t, database)
	p.mu.Unlock()
	p.Mend()
}

// socketPath returns the path of the socket on which a database of this package is reached.
func socketPath(t testing.TB, database string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432")
}

func (p *Proxy) setState(stalled, cut bool) {
	p.mu.Lock()
	p.stalled, p.cut = stalled, cut
	p.changed.Broadcast()
	p.mu.Unlock()
}
