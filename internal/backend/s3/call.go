package s3

import (
	"context"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary/internal/sign"
	"granary/internal/upstream"
)

// maxForwarded is the largest head that every store takes, in bytes.
const maxForwarded = 8 << 10

// slow is how long a store may take to copy an object, or to put one together from its parts.
const slow = 10 * time.Minute

// call is a request to the store, before it is signed for an endpoint.
type call struct {
	method      string
	bucket, key string // remote bucket; "" for the service itself
	query       []sign.Field
	header      []sign.Field // names in lower case
	body        io.Reader
	length      int64
	payload     string // payload hash, or what stands for it; "" is the hash of nothing
	// frame makes the body of the signature, for bodies in signed chunks. It replaces body and length.
	frame      func(sign.Signature) (io.Reader, int64)
	repeatable bool
	patience   time.Duration
}

func (c *call) set(name, value string) {
	c.header = append(c.header, sign.Field{Name: name, Value: value})
}

func (c *call) setIf(name, value string) {
	if value != "" {
		c.set(name, value)
	}
}

func (c *call) ask(name, value string) {
	c.query = append(c.query, sign.Field{Name: name, Value: value})
}

// do sends a request, and returns an answer of 2xx. The caller closes its body. Other answers become errors in
// Granary's words.
func (s *Store) do(ctx context.Context, c *call) (*upstream.Response, error) {
	resp, err := s.send(ctx, c)
	if err != nil {
		return nil, err
	}
	if resp.Status/100 != 2 {
		return nil, s.translate(refusedBy(resp), about{bucket: c.bucket, key: c.key})
	}
	return resp, nil
}

// send sends a request and returns whatever answer comes.
func (s *Store) send(ctx context.Context, c *call) (*upstream.Response, error) {
	leave, err := s.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	e := s.pick()
	if e == nil {
		leave()
		return nil, unavailable(errDown)
	}
	r, err := s.prepare(e, c)
	if err != nil {
		leave()
		return nil, err
	}
	resp, err := e.client.Do(ctx, r)
	e.health.note(s.options.Now(), err)
	if err != nil {
		leave()
		return nil, failed(err)
	}
	if c.method == http.MethodGet && c.key != "" {
		leave() // a client that takes its time keeps nobody else out
	}
	resp.Body = &leaving{resp.Body, leave}
	return resp, nil
}

// leaving gives the place of a request free when its answer was read.
type leaving struct {
	io.ReadCloser
	leave func()
}

func (l *leaving) Close() error {
	err := l.ReadCloser.Close()
	l.leave()
	return err
}

// prepare signs a request for an endpoint.
func (s *Store) prepare(e *endpoint, c *call) (*upstream.Request, error) {
	now := s.options.Now()
	payload := c.payload
	if payload == "" {
		payload = sign.EmptyPayload
	}
	host, path := e.host, "/"
	switch {
	case c.bucket != "" && s.options.VirtualHost:
		host, path = c.bucket+"."+e.host, "/"+c.key
	case c.bucket != "":
		path = "/" + c.bucket
		if c.key != "" {
			path += "/" + c.key
		}
	}
	header := append(slices.Clone(c.header), sign.Field{Name: "host", Value: host},
		sign.Field{Name: "x-amz-content-sha256", Value: payload}, sign.Field{Name: "x-amz-date", Value: sign.Stamp(now)})
	if e.signer.Key.Token != "" {
		header = append(header, sign.Field{Name: "x-amz-security-token", Value: e.signer.Key.Token})
	}
	slices.SortFunc(header, func(a, b sign.Field) int { return strings.Compare(a.Name, b.Name) })
	canonical := make([]sign.Field, len(header))
	for i, f := range header {
		canonical[i] = sign.Field{Name: f.Name, Value: strings.Join(strings.Fields(f.Value), " ")}
	}
	path, query := sign.Escape(path, true), sign.CanonicalQuery(c.query)
	made := e.signer.Sign(&sign.Request{Method: c.method, Path: path, Query: query, Headers: canonical,
		PayloadHash: payload}, now)
	r := &upstream.Request{Method: c.method, Target: path, Body: c.body, Length: c.length, Repeatable: c.repeatable,
		Patience: c.patience}
	if query != "" {
		r.Target += "?" + query
	}
	if c.frame != nil {
		r.Body, r.Length = c.frame(made)
	}
	return r, fill(r, header, made.Authorization)
}

// fill sets the headers of a request. It refuses what cannot be sent, and more than stores take.
func fill(r *upstream.Request, header []sign.Field, authorization string) error {
	size := len(r.Method) + len(r.Target)
	r.Headers = append(r.Headers, upstream.Field{Name: "Host"})
	for _, f := range header {
		out := upstream.Field{Name: f.Name, Value: f.Value}
		if err := upstream.CheckField(out); err != nil {
			return invalid("InvalidArgument", "A header has a character that cannot be stored.")
		}
		size += len(f.Name) + len(f.Value) + 4
		if f.Name == "host" {
			r.Headers[0].Value = f.Value
			continue
		}
		r.Headers = append(r.Headers, out)
	}
	r.Headers = append(r.Headers, upstream.Field{Name: "Authorization", Value: authorization},
		upstream.Field{Name: "User-Agent", Value: "granary"}, upstream.Field{Name: "Accept-Encoding", Value: "identity"})
	if size+len(authorization) > maxForwarded {
		return invalid("MetadataTooLarge", "Your headers exceed the size that the storage of this bucket takes")
	}
	return nil
}

// closeBody reads nothing of an answer that says all in its head.
func closeBody(resp *upstream.Response, err error) error {
	if err != nil {
		return err
	}
	return resp.Body.Close()
}

// read reads a whole answer of at most limit bytes.
func read(resp *upstream.Response, limit int64) ([]byte, error) {
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, limit+1))
	if err != nil {
		return nil, failed(err)
	}
	if int64(len(text)) > limit {
		return nil, failed(upstream.ErrAnswer)
	}
	return text, nil
}

func itoa(n int) string { return strconv.Itoa(n) }
