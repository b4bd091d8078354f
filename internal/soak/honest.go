package soak

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
)

const (
	person      = "grace@larkspur.example" // who may write into one folder
	folder      = "finance/drafts/"
	callTimeout = 10 * time.Second
)

// honest is the callers whose latency is measured.
type honest struct {
	*demo.Company
	server              *server
	tls                 *tls.Config
	app, bearer, reader client.Key
	context             string
	sequence            atomic.Int64
	phase               atomic.Int64 // index of the phase under way; -1: none

	mu     sync.Mutex
	calls  []*call
	ctx    context.Context
	cancel context.CancelFunc
	wg     sync.WaitGroup
}

// call is one kind of honest request, sent at a fixed rate.
type call struct {
	name      string
	perSecond int
	make      func(ctx context.Context) (*http.Request, error)
	took      map[int][]time.Duration // by phase
	failed    map[int]int
	firstWhy  string // of the first failure
}

func newHonest(ctx context.Context, c *demo.Company, s *server) (*honest, error) {
	roots, err := readRoots(s.ca)
	if err != nil {
		return nil, err
	}
	h := &honest{Company: c, server: s, tls: &tls.Config{RootCAs: roots, ServerName: s.name, MinVersion: tls.VersionTLS12}}
	h.phase.Store(-1)
	if h.app, err = c.Assume(ctx, c.Machine, c.WebApp, "app", ""); err != nil {
		return nil, err
	}
	token, err := c.Provider.SignIn(ctx, person)
	if err != nil {
		return nil, err
	}
	tokens, err := c.Exchange(ctx, h.app, token)
	if err != nil {
		return nil, err
	}
	h.context = tokens.Context
	if h.bearer, err = c.Assume(ctx, h.app, c.Bearer, "honest", h.context); err != nil {
		return nil, err
	}
	vended, err := c.Vend(ctx, h.bearer, "s3://"+corp.Bucket+"/"+folder+"*", "READWRITE")
	if err != nil {
		return nil, err
	}
	h.reader = vended.Key
	if err := c.Write(ctx, h.reader, corp.Bucket, folder+"4k", fourKiB); err != nil {
		return nil, err
	}
	h.calls = []*call{{name: "GetDataAccess", perSecond: 20, make: h.getDataAccess},
		{name: "S3 GET of 4 KiB", perSecond: 20, make: h.get},
		{name: "S3 PUT of 4 KiB", perSecond: 5, make: h.put}, {name: "CreateTokenWithIAM", perSecond: 5, make: h.exchange},
		{name: "AssumeRole with context", perSecond: 5, make: h.assume}}
	return h, nil
}

func readRoots(path string) (*x509.CertPool, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate", path)
	}
	return pool, nil
}

var fourKiB = strings.Repeat("honest, ", 512)

func (h *honest) request(ctx context.Context, k client.Key, r client.Request) (*http.Request, error) {
	c, err := h.Caller(k)
	if err != nil {
		return nil, err
	}
	return c.NewRequest(ctx, r)
}

func (h *honest) getDataAccess(ctx context.Context) (*http.Request, error) {
	return h.request(ctx, h.bearer, client.Request{Service: "s3", Method: "GET",
		Header: map[string]string{"X-Amz-Account-Id": h.Account},
		Path: "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=" +
			url.QueryEscape("s3://"+corp.Bucket+"/finance/*")})
}

func (h *honest) get(ctx context.Context) (*http.Request, error) {
	return h.request(ctx, h.reader, client.Request{Service: "s3", Method: "GET",
		Path: client.ObjectPath(corp.Bucket, folder+"4k")})
}

func (h *honest) put(ctx context.Context) (*http.Request, error) {
	key := fmt.Sprint(folder, "put-", h.sequence.Add(1)%100) // a hundred keys, so that the data do not grow
	return h.request(ctx, h.reader, client.Request{Service: "s3", Method: "PUT",
		Path: client.ObjectPath(corp.Bucket, key), Body: []byte(fourKiB)})
}

func (h *honest) exchange(ctx context.Context) (*http.Request, error) {
	token, err := h.Provider.Issue(person, corp.ClientID, nil)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"clientId": h.Application, "grantType": demo.JWTBearer,
		"assertion": token})
	if err != nil {
		return nil, err
	}
	return h.request(ctx, h.app, client.Request{Service: "sso-oauth", Method: "POST", Path: "/token?aws_iam=t", Body: body,
		Header: map[string]string{"Content-Type": "application/json"}})
}

func (h *honest) assume(ctx context.Context) (*http.Request, error) {
	form := url.Values{"Action": {"AssumeRole"}, "Version": {"2011-06-15"}, "RoleArn": {h.Bearer},
		"RoleSessionName":                            {"honest"},
		"ProvidedContexts.member.1.ProviderArn":      {"arn:aws:iam::aws:contextProvider/IdentityCenter"},
		"ProvidedContexts.member.1.ContextAssertion": {h.context}}
	return h.request(ctx, h.app, client.Request{Service: "sts", Method: "POST", Path: "/", Body: []byte(form.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}

// start begins the calls; each kind has a connection of its own.
func (h *honest) start(ctx context.Context) error {
	h.ctx, h.cancel = context.WithCancel(ctx)
	for _, c := range h.calls {
		c.took, c.failed = map[int][]time.Duration{}, map[int]int{}
		h.wg.Go(func() { h.drive(c) })
	}
	return nil
}

func (h *honest) stop() {
	h.cancel()
	h.wg.Wait()
}

// mark says which phase begins.
func (h *honest) mark(phase int) { h.phase.Store(int64(phase)) }

// drive sends a request each time one is due. A latency counts from when the request was due, so that one that waits
// for the one before is not forgotten.
func (h *honest) drive(c *call) {
	every := time.Second / time.Duration(c.perSecond)
	var line *connection
	for due := time.Now(); wait(h.ctx, time.Until(due)) == nil; due = due.Add(every) {
		phase := int(h.phase.Load())
		late := time.Since(due)
		if late < every {
			late = 0 // the machine's timer, not the server
		}
		r, err := c.make(h.ctx)
		ready := time.Now() // what the client itself needed to sign is not the server's
		if err == nil && line == nil {
			line, err = h.dial()
			ready = time.Now()
		}
		if err == nil {
			err = line.exchange(r)
		}
		took := time.Since(ready) + late
		if h.ctx.Err() != nil {
			break
		}
		h.mu.Lock()
		c.took[phase] = append(c.took[phase], took)
		if err != nil {
			if c.failed[phase]++; c.firstWhy == "" {
				c.firstWhy = err.Error()
			}
		}
		h.mu.Unlock()
		if err != nil && line != nil {
			line.Close()
			line = nil
		}
	}
	if line != nil {
		line.Close()
	}
}

// connection is an honest caller's.
type connection struct {
	net.Conn
	in *bufio.Reader
}

func (h *honest) dial() (*connection, error) {
	c, err := tls.DialWithDialer(&net.Dialer{Timeout: callTimeout}, "tcp", h.server.api, h.tls)
	if err != nil {
		return nil, err
	}
	return &connection{c, bufio.NewReaderSize(c, 16<<10)}, nil
}

// exchange sends a request and reads the answer, which must be 200.
func (c *connection) exchange(r *http.Request) error {
	if err := c.SetDeadline(time.Now().Add(callTimeout)); err != nil {
		return err
	}
	if err := r.Write(c); err != nil {
		return err
	}
	resp, err := http.ReadResponse(c.in, r)
	if err != nil {
		return err
	}
	text, err := io.ReadAll(resp.Body)
	err = errors.Join(err, resp.Body.Close())
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %.300s", resp.Status, text)
	}
	if err == nil && resp.Close {
		err = errors.New("the server closes the connection")
	}
	return err
}

// Latency is that of one kind of honest call in one phase.
type Latency struct {
	Count, Failed int
	P50, P99, Max time.Duration
}

func latency(took []time.Duration, failed int) Latency {
	if len(took) == 0 {
		return Latency{Failed: failed}
	}
	slices.Sort(took)
	return Latency{len(took), failed, took[len(took)/2], took[len(took)*99/100], took[len(took)-1]}
}

// measured is one kind of honest call in all phases.
type measured struct {
	name      string
	perSecond int
	took      map[int][]time.Duration
	failed    map[int]int
	firstWhy  string
}

func (h *honest) results() []measured {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []measured
	for _, c := range h.calls {
		m := measured{c.name, c.perSecond, map[int][]time.Duration{}, map[int]int{}, c.firstWhy}
		for phase, list := range c.took {
			m.took[phase], m.failed[phase] = slices.Clone(list), c.failed[phase]
		}
		out = append(out, m)
	}
	return out
}
