// Package front is the reception. Every request of every door passes through it, and no door repeats its work.
//
//	listener ─ framing ─ id, source, deadline ─ fresh? ─ door ─ audit ─ decision id ─ answer ─ log, metric
//
// A door answers three questions: who calls, what do they want, and how is the answer worded. It returns an Outcome.
// The reception records the audit events of the outcome before it writes the answer. Only this package writes to the
// audit log, seals refusals, and checks at the arrival of a request that the node is up to date.
//
//	front.go request.go outcome.go    the way of a request, and what doors return
//	listener.go framing.go proxies.go connections, before and below HTTP
//	body.go budget.go                 how slowly and how much a body may come
//	refusal.go                        what is known of a refusal
package front

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/index"
	"granary/internal/limit"
)

// Door serves the requests of one kind of client.
type Door interface {
	// Serve does what a request asks and returns its outcome. It never fails otherwise.
	Serve(*Request) Outcome
	// Refuse returns the outcome of a request that the reception refused with this error, such as Unavailable on a node
	// that is not up to date.
	Refuse(*Request, error) Outcome
}

// Informer is a door that also answers some requests on a node that is not up to date, such as health checks.
type Informer interface {
	// AnswersAlways reports whether the request is one of those.
	AnswersAlways(*http.Request) bool
}

// Reception serves all doors of a server. Its fields are set before Init.
type Reception struct {
	Index   *index.Index
	Authz   *authz.Authorizer
	Audit   *audit.Log
	Proxies Proxies // reverse proxies whose headers say who the client is
	Now     func() time.Time
	Log     *slog.Logger
	// Observe takes one sample of each request, for the metrics. code is "OK" or the error's. It may be nil.
	Observe func(service, operation, code string, took time.Duration)

	bodies   *limit.Memory[netip.Prefix]
	unproved *limit.BySource // limits the log lines of senders who proved nothing
}

// linesPerSecond limits the log lines for the requests of one source that prove nothing, and linesAtOnce their burst.
// The metrics count all of them.
const linesPerSecond, linesAtOnce = 5, 100

// Init prepares the reception and returns it.
func (rc *Reception) Init() *Reception {
	rc.unproved = limit.New(linesPerSecond, linesAtOnce)
	rc.bodies = newBodies()
	return rc
}

// Open returns the HTTP handler of a door.
func (rc *Reception) Open(d Door) http.Handler { return &entrance{rc, d} }

// Serve starts to serve a listener's requests by a door and returns the server, which the caller shuts down.
func (rc *Reception) Serve(l *Listener, d Door) *http.Server {
	s := &http.Server{Handler: rc.Open(d), ConnContext: connContext, ConnState: l.trackState,
		ReadHeaderTimeout: HeadDeadline,
		IdleTimeout:       2 * time.Minute, MaxHeaderBytes: MaxHead,
		ErrorLog: slog.NewLogLogger(rc.Log.Handler(), slog.LevelDebug)}
	go func() {
		if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			rc.Log.Error("a door stopped", "error", err)
		}
	}()
	return s
}

// Ready returns nil when the node can serve, and else an error that says why not: it is not up to date, or its audit
// log cannot be written.
func (rc *Reception) Ready() error { return cmp.Or(rc.Index.Fresh(), rc.Audit.Ready()) }

type entrance struct {
	*Reception
	door Door
}

func (e *entrance) ServeHTTP(w http.ResponseWriter, hr *http.Request) {
	r := e.receive(w, hr)
	if err := e.Proxies.identify(r); err != nil {
		e.finish(w, r, e.door.Refuse(r, err))
		return
	}
	e.finish(w, r, e.serve(r))
}

// receive makes the Request of an HTTP request.
func (e *entrance) receive(w http.ResponseWriter, hr *http.Request) *Request {
	r := &Request{HTTP: hr, ID: granary.UUID(), HostID: granary.Hex(32), Started: e.Now(),
		control: http.NewResponseController(w), reception: e.Reception}
	r.readPeer()
	hr.Body = &body{ReadCloser: hr.Body, request: r}
	return r
}

// serve has the door serve the request. A panic there becomes an internal error, with a stack trace in the log.
func (e *entrance) serve(r *Request) (o Outcome) {
	defer func() {
		if p := recover(); p != nil {
			if p == http.ErrAbortHandler {
				panic(p)
			}
			e.Log.Error("panic", "request", r.ID, "panic", p, "stack", string(debug.Stack()))
			o = e.door.Refuse(r, granary.Errorf(granary.Internal, "An internal error occurred."))
		}
	}()
	if i, ok := e.door.(Informer); !ok || !i.AnswersAlways(r.HTTP) {
		if err := e.Index.Fresh(); err != nil {
			return e.door.Refuse(r, err)
		}
	}
	return e.door.Serve(r)
}

// finish records the outcome, answers, logs one line and takes one sample.
func (e *entrance) finish(w http.ResponseWriter, r *Request, o Outcome) {
	defer r.held.Release()
	a, decision := e.settle(r, &o)
	h := w.Header()
	h.Set("Server", "Granary")
	if decision != "" {
		h.Set(DecisionHeader, decision)
	}
	if o.Err != nil && o.Denied != nil && granary.Is(o.Err, granary.Denied) {
		e.Authz.Encode(h, o.Denied)
	}
	broken := r.write(w, &a)
	e.logLine(r, &o, &a, decision)
	if broken != nil {
		e.Log.Error("an answer broke off", "request", r.ID, "error", broken)
		panic(http.ErrAbortHandler) // the client must see that the body is cut off
	}
}

// logLine takes one sample and writes one line. It limits the lines of senders who proved nothing by their source.
func (e *entrance) logLine(r *Request, o *Outcome, a *Answer, decision string) {
	took := e.Now().Sub(r.Started)
	o.Operation = knownOperation(o.Operation, r.HTTP.Method)
	if e.Observe != nil {
		e.Observe(o.Service, o.Operation, a.code(), took)
	}
	failed := o.Err != nil && a.Status >= http.StatusInternalServerError && !granary.Is(o.Err, granary.NotImplemented) &&
		!granary.Is(o.Err, granary.Throttled)
	if o.Err != nil && len(o.Events) == 0 && !failed {
		e.Audit.CountStranger(o.Service, o.Operation, a.code(), r.Source)
	}
	if o.Actor == "" && o.Err != nil && !e.unproved.Allow(r.Source) {
		return
	}
	level, attrs := slog.LevelInfo, make([]slog.Attr, 0, 10)
	if o.Quiet && o.Err == nil {
		level = slog.LevelDebug
	}
	attrs = append(attrs, slog.String("request", r.ID), slog.String("op", o.Service+":"+truncate(o.Operation, 64)),
		slog.Int("status", a.Status),
		slog.String("code", a.code()), slog.Duration("took", took), slog.String("source", r.SourceText()))
	if o.Actor != "" {
		attrs = append(attrs, slog.String("caller", o.Actor))
	}
	for _, n := range o.Notes {
		attrs = append(attrs, slog.String("note", n))
	}
	switch {
	case failed && r.HTTP.Context().Err() == nil:
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", o.Err.Error()))
	case o.Err != nil:
		attrs = append(attrs, slog.String("refusal", truncate(a.Message, maxLogText)))
		if len(o.Events) > 0 && decision != "" {
			attrs = append(attrs, slog.String("decision", decision))
		}
	}
	e.Log.LogAttrs(context.Background(), level, "call", attrs...)
}

// methods are the HTTP methods that may stand for an operation in metrics and in the log.
var methods = []string{http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch,
	http.MethodDelete,
	http.MethodOptions, http.MethodConnect, http.MethodTrace}

// knownOperation returns the operation's name, or "unknown" when there is none or when it is an HTTP method that the
// sender made up: each name is a series in the metrics for as long as the server runs.
func knownOperation(operation, method string) string {
	if operation == "" || operation == method && !slices.Contains(methods, method) {
		return "unknown"
	}
	return operation
}

// maxLogText is the length of the longest text of a sender's choice in a log line, in bytes.
const maxLogText = 512

// truncate shortens a text to n bytes and a mark.
func truncate(s string, n int) string {
	if len(s) > n {
		return s[:n] + "…"
	}
	return s
}
