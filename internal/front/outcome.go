package front

import (
	"io"
	"net/http"
	"strconv"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/seal"
)

// Outcome is what came of a request at a door.
type Outcome struct {
	Service, Operation string // as the log, the metrics and explanations name them: "s3", "GetObject"
	Actor              string // ARN of the caller whose signature or token was verified; "": none
	Quiet              bool   // log a success at level debug only: health checks, metrics

	Answer Answer             // of a request that succeeded
	Err    error              // why the request failed; nil when it succeeded
	Word   func(error) Answer // words a failure for the door's clients and the audit log; set whenever Err may be
	// Show puts the decision id of a refusal into an answer that people read. It may be nil.
	Show func(a *Answer, decision string)

	// Events are recorded before the answer; the first is the request's own. There are none when the sender proved
	// nothing, and a failed request records the first alone. The reception fills in what all events have: version, time,
	// id, request id, source, agent, and the failure.
	Events []*audit.Event
	Caller *authn.Caller   // whose session the recorded decision tells; may be nil
	Denied *authz.Decision // the decision that refused the request; may be nil
	Owner  string          // the account whose administrators may ask why, unless the decision names one

	Note  granary.Refusal // what the door adds to a sealed note: KeyID, Bucket, Key, Application
	Notes []string        // sentences for the operator, for the log line
}

// Answer is an HTTP answer with a body, or with a function that streams one.
type Answer struct {
	Status        int
	Code, Message string // of a failure; Code is "" for a success
	Header        http.Header
	Body          []byte
	Stream        func(io.Writer) error // writes the body; nil: Body is sent
	Close         func()                // is called when the answer was sent or dropped; may be nil
}

func (a *Answer) code() string {
	if a.Code == "" {
		return "OK"
	}
	return a.Code
}

// Text returns a plain text as an answer.
func Text(status int, text string) Answer {
	return Answer{Status: status, Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"},
		"X-Content-Type-Options": {"nosniff"}}, Body: []byte(text)}
}

func (a *Answer) close() {
	if a.Close != nil {
		a.Close()
	}
}

// settle records the outcome's events and returns the answer to write, and the decision id of a refusal. When the
// events cannot be recorded, the request fails.
func (e *entrance) settle(r *Request, o *Outcome) (Answer, string) {
	a := o.Answer
	if o.Err != nil {
		a.close()
		a = o.Word(o.Err)
	}
	if len(o.Events) > 0 {
		if err := e.record(r, o, &a); err != nil {
			a.close()
			o.Err, o.Denied, o.Events = err, nil, nil
			return o.Word(err), ""
		}
	}
	id := e.decisionID(r, o, &a)
	if id != "" && o.Show != nil {
		o.Show(&a, id)
	}
	return a, id
}

// record completes the request's own event and writes the events to the audit log.
func (e *entrance) record(r *Request, o *Outcome, a *Answer) error {
	own := o.Events[0]
	if o.Err != nil {
		o.Events = o.Events[:1]
		own.ResponseElements = nil
		if own.ErrorCode == "" {
			own.ErrorCode, own.ErrorMessage = a.Code, a.Message
		}
		if own.Decision == nil && a.Status != http.StatusNotModified {
			own.Decision = DecisionOf(o.Err, o.Denied, o.Caller)
		}
		if own.Decision != nil && own.Decision.Owner == "" {
			own.Decision.Owner = o.Owner
		}
	}
	return r.Record(o.Events...)
}

// Record writes events to the audit log with what is the same for all of a request. Doors call it for the parts of a
// request that are done before the whole is, such as the operations of a bulk request; the events of an Outcome are
// recorded by the reception.
func (r *Request) Record(events ...*audit.Event) error {
	for _, ev := range events {
		ev.EventVersion, ev.EventTime = eventVersion, r.Started.UTC().Format(time.RFC3339)
		ev.EventID, ev.RequestID, ev.UserAgent = granary.TimedUUID(r.reception.Now()), r.ID, r.HTTP.UserAgent()
		if ev.EventType == "" {
			ev.EventType = "AwsApiCall"
		}
		if ev.SourceIPAddress == "" {
			ev.SourceIPAddress = r.SourceText()
		}
	}
	return r.reception.Audit.Record(events...)
}

// eventVersion is the version of CloudTrail's record format.
const eventVersion = "1.11"

// decisionID is the id of the recorded event of a refusal. Where nobody is known whom an event could be about, or the
// log is short of room and only counted the event, it is what there is to explain, sealed.
func (e *entrance) decisionID(r *Request, o *Outcome, a *Answer) string {
	if len(o.Events) > 0 && o.Events[0].Decision != nil {
		return o.Events[0].EventID
	}
	why := WhyOf(o.Err)
	if o.Err == nil || why == nil || a.Status < http.StatusBadRequest && o.Show == nil {
		return ""
	}
	f := o.Note
	f.At, f.RequestID, f.SourceAddr, f.Service, f.Operation = r.Started.UTC(), r.ID, r.SourceText(), o.Service, o.Operation
	f.Code, f.Message, f.Link, f.Cause = a.Code, a.Message, why.Cause.Link(), why.Cause.Name()
	return seal.SealRefusal(e.Index.Keys.Ring(), &f)
}

// write sends the answer. It fails when the server could not finish a stream; it does not when the client went away.
func (r *Request) write(w http.ResponseWriter, a *Answer) error {
	defer a.close()
	h := w.Header()
	for k, v := range a.Header {
		h[k] = v
	}
	r.hurryUnread()
	r.writeWithin(len(a.Body))
	if a.Stream != nil {
		w.WriteHeader(a.Status)
		return a.Stream(&pacedWriter{w, r})
	}
	if a.Status != http.StatusNoContent && a.Status != http.StatusNotModified && h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.Itoa(len(a.Body)))
	}
	w.WriteHeader(a.Status)
	w.Write(a.Body) // the client may be gone
	return nil
}
