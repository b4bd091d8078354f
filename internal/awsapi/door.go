package awsapi

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/sigv4"
	"granary/internal/wire"
)

// MaxBody is the largest request body of an API operation, in bytes. S3's data plane has limits of its own.
const MaxBody = 1 << 20

const tooLarge = "RequestEntityTooLarge"

// Door is the API door: every AWS API, and S3 through Data, on one listener.
type Door struct {
	Services []*Service
	Data     Data // S3's data plane
	Authn    *authn.Authenticator
	Authz    *authz.Authorizer
	Audit    *audit.Log
	Hosts    Hosts
	Origins  []string // that browsers may call from; none are any
	Region   string
	Now      func() time.Time
	Log      *slog.Logger
	Observe  func(service, operation, code string, took time.Duration) // metrics; may be nil

	bySigning map[string]*Service
}

// Data answers S3 data requests.
type Data interface {
	ServeS3(w http.ResponseWriter, r *http.Request, in Inbound)
}

// Inbound is what the door learned of a request before it chose who answers.
type Inbound struct {
	RequestID, HostID string
	Label             string // what stands before the own domain in the host name, "" for path-style
	Sig               *sigv4.Request
	Started           time.Time
}

// Init prepares the tables. It panics on an operation with two rows or a service that signs as another does.
func (d *Door) Init() *Door {
	d.bySigning = map[string]*Service{}
	for _, s := range d.Services {
		s.index()
		for _, name := range s.Wire.SigningNames {
			if name == "s3" {
				continue // shared with the data plane; told apart by path
			}
			if d.bySigning[name] != nil {
				panic("awsapi: two services sign as " + name)
			}
			d.bySigning[name] = s
		}
	}
	return d
}

func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	in := Inbound{RequestID: granary.UUID(), HostID: granary.Hex(32), Started: d.Now()}
	defer d.recover(w, in)
	w.Header().Set("Server", "Granary")
	if absolute, ours := d.Hosts.Proxied(r); absolute && !ours {
		d.plain(w, r, in, http.StatusForbidden, granary.Errorf(granary.Denied, "Granary is a proxy for %s and the names below it only; it does not forward requests to %s.",
			d.Hosts.Domain, r.Host).At("request", "foreign-host"))
		return
	}
	switch answered, err := cors(w, r, d.Origins); {
	case err != nil:
		d.plain(w, r, in, http.StatusForbidden, err)
		return
	case answered:
		return
	}
	in.Label, _ = d.Hosts.Label(r.Host)
	sig, err := sigv4.FromHTTP(r)
	in.Sig = sig
	s := d.choose(r)
	switch {
	case s != nil && err != nil:
		e := s.wireError(err)
		d.stranger(w.Header(), r, in, s.Prefix, "", e.Code, err)
		d.respond(w, s, nil, wire.EncodeError(s.Wire, e, in.RequestID, in.HostID))
	case s != nil:
		if s.Wire.Protocol == wire.RestXML {
			sig.PlusIsSpace()
		}
		d.serve(w, r, s, in)
	case err != nil:
		d.plain(w, r, in, http.StatusBadRequest, err) // not even a request line that can be read
	default:
		d.Data.ServeS3(w, r, in)
	}
}

// plain refuses a request that is for no service, in a text.
func (d *Door) plain(w http.ResponseWriter, r *http.Request, in Inbound, status int, err error) {
	d.stranger(w.Header(), r, in, "http", r.Method, http.StatusText(status), err)
	http.Error(w, err.Error(), status)
}

// recover turns a bug into a 500 without a word about it, and a stack trace in the log.
func (d *Door) recover(w http.ResponseWriter, in Inbound) {
	p := recover()
	if p == nil {
		return
	}
	if p == http.ErrAbortHandler {
		panic(p)
	}
	d.Log.Error("panic", "request", in.RequestID, "panic", p, "stack", string(debug.Stack()))
	w.WriteHeader(http.StatusInternalServerError)
}

// serve takes one API request through the pipeline.
func (d *Door) serve(w http.ResponseWriter, r *http.Request, s *Service, in Inbound) {
	c := &Call{Context: r.Context(), RequestID: in.RequestID, InvocationID: r.Header.Get("amz-sdk-invocation-id"),
		Now: in.Started, Host: r.Host, Region: d.Region, door: d, Event: &audit.Event{}}
	name, resp, err := d.answer(c, r, s, in)
	var failed *wire.Error
	if err != nil {
		e := s.wireError(err)
		failed = &e
		resp = wire.EncodeError(s.Wire, e, in.RequestID, in.HostID)
	}
	if s.Wire.Protocol == wire.RestXML {
		resp.Header.Set("X-Amz-Id-2", in.HostID)
		c.Event.AdditionalEventData = transferred(c, in, max(r.ContentLength, 0), len(resp.Body))
	}
	if rerr := d.record(c, s, name, failed, err); rerr != nil {
		err = rerr
		c.Event.Decision = nil
		e := s.wireError(rerr)
		failed = &e
		resp = wire.EncodeError(s.Wire, e, in.RequestID, in.HostID)
	}
	code := "OK"
	if failed != nil {
		code = failed.Code
		if c.Event.Decision != nil {
			w.Header().Set(DecisionHeader, c.Event.EventID)
		} else {
			d.stranger(w.Header(), r, in, s.Prefix, name, code, err)
		}
		if c.denied != nil && granary.Is(err, granary.Denied) {
			d.Authz.Encode(w.Header(), c.denied)
		}
	}
	d.respond(w, s, r, resp)
	d.logLine(c, s, name, code, resp.Status, err)
}

// answer is the pipeline proper: limits, route, verify, decode, authorise, run, encode.
func (d *Door) answer(c *Call, r *http.Request, s *Service, in Inbound) (name string, resp wire.Response, err error) {
	body, err := readBody(r)
	if err != nil {
		return "", resp, err
	}
	req := &wire.Request{Method: r.Method, Header: r.Header, Body: body}
	if req.RawPath, req.Query, err = splitTarget(in.Sig); err != nil {
		return "", resp, err
	}
	meta, labels, err := s.router.Match(s.Wire, req)
	if err != nil {
		// Who is not signed learns nothing about operations.
		if _, aerr := d.verify(c, s, in, body, false, scopeService(r)); aerr != nil {
			return "", resp, aerr
		}
		return "", resp, err
	}
	req.Labels = labels
	op := s.byName[meta.Name]
	if _, err := d.verify(c, s, in, body, op.Access == Unsigned); err != nil {
		return meta.Name, resp, err
	}
	if err := d.address(c, r, s); err != nil {
		return meta.Name, resp, err
	}
	if err := checksums(r.Header, body); err != nil {
		return meta.Name, resp, err
	}
	if s.Mend != nil {
		req.Body = s.Mend(body)
	}
	resp, err = op.serve(s, c, req)
	return meta.Name, resp, err
}

func readBody(r *http.Request) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r.Body, MaxBody+1))
	if err != nil {
		return nil, granary.Wrap(granary.Invalid, "The request body could not be read.", err).WithCode("IncompleteBody")
	}
	if len(body) > MaxBody {
		return nil, granary.Errorf(granary.Invalid, "The request body is larger than the limit of %d bytes.", MaxBody).
			WithCode(tooLarge)
	}
	return body, nil
}

func (d *Door) respond(w http.ResponseWriter, s *Service, r *http.Request, resp wire.Response) {
	h := w.Header()
	h.Set("Cache-Control", "no-store") // answers carry keys and tokens
	for k, v := range resp.Header {
		h[k] = v
	}
	w.WriteHeader(resp.Status)
	w.Write(resp.Body)
}

func (d *Door) logLine(c *Call, s *Service, name, code string, status int, err error) {
	took := d.Now().Sub(c.Now)
	if d.Observe != nil {
		d.Observe(s.Prefix, name, code, took)
	}
	level, attrs := slog.LevelInfo, []slog.Attr{slog.String("request", c.RequestID), slog.String("op", s.Prefix+":"+name),
		slog.Int("status", status), slog.String("code", code), slog.Duration("took", took)}
	if c.Caller != nil {
		attrs = append(attrs, slog.String("caller", string(c.Caller.ARN)))
	}
	for _, n := range c.notes {
		attrs = append(attrs, slog.String("note", n))
	}
	if err != nil && granary.KindOf(err) == granary.Internal {
		if _, ok := err.(*sigv4.Error); !ok {
			level = slog.LevelError
			attrs = append(attrs, slog.String("error", err.Error()))
		}
	} else if err != nil {
		attrs = append(attrs, slog.String("refusal", granary.AsError(err).Message))
	}
	d.Log.LogAttrs(context.Background(), level, "call", attrs...)
}
