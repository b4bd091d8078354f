package soak

import (
	"bufio"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os/exec"
	"sync"
	"time"

	"granary/internal/client"
)

// Target is what the strangers' process is told, as JSON on its standard input.
type Target struct {
	API, Web, Telemetry string // addresses
	Name, CA            string // the server's host name, and the file that its certificate is verified by
	Account, Region     string
	Bucket, SCIM        string     // SCIM is the endpoint's URL
	KnownKey            string     // id of a key that is in use, whose secret the strangers do not have
	Nobody              client.Key // of a user without any right
	Seconds, Factor     float64
}

// nobody is the IAM user who may do nothing.
const nobody = "nobody"

// sources are the addresses of this machine that strangers come from. The honest callers come from 127.0.0.1.
var sources = []string{"127.0.0.2", "127.0.0.3", "127.0.0.4", "127.0.0.5", "127.0.0.6", "127.0.0.7", "127.0.0.8",
	"127.0.0.9"}

// count is how often something was done, and what came of it.
type count struct {
	Name     string
	Held     int         // connections at a time; 0 for requests
	Done     int         // requests, or connections that were opened
	Failed   int         // without an answer
	Statuses map[int]int // of answers
}

// hostility lets the strangers' process run until its time is over.
func (p Plan) hostility(ctx context.Context, t *Target) ([]count, error) {
	in, err := json.Marshal(t)
	if err != nil {
		return nil, err
	}
	// The strangers' own work never takes the processor from the honest callers: what is measured is what the server does
	// for strangers.
	c := exec.CommandContext(ctx, "nice", append([]string{"-n", "10"}, p.Self...)...)
	c.Env = cleanEnvironment()
	stdin, err := c.StdinPipe()
	if err != nil {
		return nil, err
	}
	go func() {
		_, _ = stdin.Write(in) // the process says what is wrong with it
		_ = stdin.Close()
	}()
	out, err := c.Output()
	if err != nil {
		var text []byte
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			text = exit.Stderr
		}
		return nil, fmt.Errorf("the strangers failed: %w: %s", err, text)
	}
	var counts []count
	return counts, json.Unmarshal(out, &counts)
}

// RunStrangers is the strangers' process: it reads a Target, is hostile for as long as that says, and writes what it
// did.
func RunStrangers(ctx context.Context, in io.Reader, out io.Writer) error {
	var t Target
	if err := json.NewDecoder(in).Decode(&t); err != nil {
		return err
	}
	roots, err := readRoots(t.CA)
	if err != nil {
		return err
	}
	s := &strangers{Target: t, tls: &tls.Config{RootCAs: roots, ServerName: t.Name, MinVersion: tls.VersionTLS12}}
	for _, from := range sources {
		s.clients = append(s.clients, s.client(from))
	}
	ctx, cancel := context.WithTimeout(ctx, time.Duration(t.Seconds*float64(time.Second)))
	defer cancel()
	var wg sync.WaitGroup
	for _, k := range s.kinds() {
		wg.Go(func() { s.send(ctx, k) })
	}
	for _, k := range s.holders() {
		for range max(1, int(float64(k.connections)*t.Factor)) {
			wg.Go(func() { s.hold(ctx, k) })
		}
	}
	wg.Wait()
	return json.NewEncoder(out).Encode(s.counts)
}

// strangers is the process under way.
type strangers struct {
	Target
	tls     *tls.Config
	clients []*http.Client // one for each source

	mu     sync.Mutex
	counts []*count
}

// dialFrom opens a connection from one of the sources.
func dialFrom(ctx context.Context, from, to string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
	return d.DialContext(ctx, "tcp", to)
}

func anySource() string { return sources[rand.IntN(len(sources))] }

func (s *strangers) client(from string) *http.Client {
	return &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{TLSClientConfig: s.tls,
		MaxIdleConnsPerHost: 8,
		DialContext: func(ctx context.Context, _, at string) (net.Conn, error) {
			return dialFrom(ctx, from, at)
		}}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func (s *strangers) counter(name string, held int) *count {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.counts {
		if c.Name == name {
			return c
		}
	}
	c := &count{Name: name, Held: held, Statuses: map[int]int{}}
	s.counts = append(s.counts, c)
	return c
}

// kind is a hostile request that is sent at a rate.
type kind struct {
	name      string
	perSecond float64
	do        func(ctx context.Context) (status int, err error)
}

// mostAtOnce is how many requests of a kind are under way at most; beyond that the strangers wait like anybody.
const mostAtOnce = 16

func (s *strangers) send(ctx context.Context, k kind) {
	c := s.counter(k.name, 0)
	places := make(chan struct{}, mostAtOnce)
	every := time.Duration(float64(time.Second) / (k.perSecond * s.Factor))
	var wg sync.WaitGroup
	for due := time.Now(); wait(ctx, time.Until(due)) == nil; due = due.Add(every) {
		select {
		case places <- struct{}{}:
		default:
			continue
		}
		wg.Go(func() {
			defer func() { <-places }()
			status, err := k.do(ctx)
			if ctx.Err() != nil {
				return
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			c.Done++
			if err != nil {
				c.Failed++
				return
			}
			c.Statuses[status]++
		})
	}
	wg.Wait()
}

// holder is a connection that is held for as long as the server bears it, and then opened again.
type holder struct {
	name        string
	connections int
	do          func(ctx context.Context, c net.Conn) error
	plain       bool // without a TLS handshake
}

func (s *strangers) hold(ctx context.Context, k holder) {
	c := s.counter(k.name, max(1, int(float64(k.connections)*s.Factor)))
	if wait(ctx, rand.N(5*time.Second)) != nil { // not all at the same moment
		return
	}
	for ctx.Err() == nil {
		err := s.holdOnce(ctx, k)
		s.mu.Lock()
		c.Done++
		if err != nil {
			c.Failed++
		}
		s.mu.Unlock()
		_ = wait(ctx, time.Second)
	}
}

func (s *strangers) holdOnce(ctx context.Context, k holder) error {
	c, err := dialFrom(ctx, anySource(), s.API)
	if err != nil {
		return err
	}
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	defer stop()
	if !k.plain {
		t := tls.Client(c, s.tls)
		if err := t.HandshakeContext(ctx); err != nil {
			return err
		}
		c = t
	}
	return k.do(ctx, c)
}

// raw writes bytes to a new connection and reads the status of the answer.
func (s *strangers) raw(ctx context.Context, at, text string) (int, error) {
	plain, err := dialFrom(ctx, anySource(), at)
	if err != nil {
		return 0, err
	}
	defer plain.Close()
	c := tls.Client(plain, s.tls)
	_ = c.SetDeadline(time.Now().Add(15 * time.Second)) // a TCP connection has deadlines
	if _, err := io.WriteString(c, text); err != nil {
		return 0, err
	}
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0, err
	}
	_ = resp.Body.Close() // with the connection
	return resp.StatusCode, nil
}
