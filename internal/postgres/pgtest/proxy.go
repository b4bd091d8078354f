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

// Proxy is a way to a database that can be broken as a network breaks.
type Proxy struct {
	URL string

	to       string
	listener net.Listener
	mu       sync.Mutex
	free     *sync.Cond
	stalled  bool
	cut      bool
	lose     string // what a client sends, whose answer is to be lost
	open     map[net.Conn]bool
}

// Through puts a proxy before a database of URL's.
func Through(t testing.TB, database string) *Proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	dir, err := os.MkdirTemp("", "pp")
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{to: filepath.Join(q.Get("host"), ".s.PGSQL.5432"), open: map[net.Conn]bool{}}
	p.free = sync.NewCond(&p.mu)
	if p.listener, err = net.Listen("unix", filepath.Join(dir, ".s.PGSQL.5432")); err != nil {
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
		s, err := net.Dial("unix", p.to)
		p.mu.Lock()
		refuse := p.cut || err != nil
		if !refuse {
			p.open[c], p.open[s] = true, true
		}
		p.mu.Unlock()
		if refuse {
			_ = c.Close()
			continue
		}
		go p.pump(c, s, false)
		go p.pump(s, c, true)
	}
}

func (p *Proxy) pump(to, from net.Conn, asks bool) {
	defer func() {
		p.mu.Lock()
		delete(p.open, to)
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
		if asks && p.lose != "" && bytes.Contains(b[:n], []byte(p.lose)) {
			p.lose, p.stalled = "", true
			_, _ = to.Write(b[:n])
			p.mu.Unlock()
			time.Sleep(200 * time.Millisecond) // it is answered by then
			p.Cut()
			return
		}
		for p.stalled && !p.cut {
			p.free.Wait()
		}
		p.mu.Unlock()
		if _, werr := to.Write(b[:n]); werr != nil || err != nil {
			return
		}
	}
}

// Stall holds every byte back, without a word to either side.
func (p *Proxy) Stall() { p.set(true, false) }

// LoseAnswer lets the next message that has a text through, but not what is answered, and cuts.
func (p *Proxy) LoseAnswer(text string) {
	p.mu.Lock()
	p.lose = text
	p.mu.Unlock()
}

// Cut ends all connections and refuses new ones.
func (p *Proxy) Cut() {
	p.set(false, true)
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.open {
		_ = c.Close()
	}
}

// Mend lets everything through again, also what was held back.
func (p *Proxy) Mend() { p.set(false, false) }

func (p *Proxy) set(stalled, cut bool) {
	p.mu.Lock()
	p.stalled, p.cut = stalled, cut
	p.free.Broadcast()
	p.mu.Unlock()
}
