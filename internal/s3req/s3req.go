// Package s3req parses S3 requests. Parse turns a request's method, host label, target and headers into one typed
// value: the operation, what it names, its conditions, and what its body is declared to be. Whatever Parse does not
// understand, it refuses. Needs says what the caller must be allowed to do, with the condition keys that policies test.
//
//	Parse:        target ─▶ signature (not verified) ─▶ operation ─▶ admitted headers and parameters ─▶ typed fields
//	ReadDocument: the text of a body that is a document ─▶ typed value
//	Needs:        both ─▶ actions, resources and condition keys
//
// The package does no I/O and looks nothing up, so that tests and fuzzers reach every branch without a server. It reads
// no body: the gateway verifies the bytes against the declaration.
package s3req

import (
	"net/http"

	"granary"
	"granary/internal/sigv4"
)

// Sent is a request as it arrived, without its body.
type Sent struct {
	*sigv4.Request        // method, target and headers
	Label          string // what stands before the own domain in the host name; "" for path style
	Length         int64  // value of Content-Length in bytes, -1 when the request has none
	Region         string // the Region that a signature must name
}

// Request is an S3 request, parsed. It is never changed after Parse returns it. Fields that the operation does not read
// have their zero value.
type Request struct {
	Target
	Method    string
	Auth      *sigv4.Auth // the signature, not yet verified; nil when it could not be read
	Operation *Operation  // nil when the request is no operation

	Owner      string        // account that the client says owns the bucket; "" when it does not say
	Version    *string       // versionId; nil when it is not given
	ACL        ACL           // access control headers
	Tags       []granary.Tag // of x-amz-tagging
	Encryption string        // x-amz-server-side-encryption
	Conditions Conditions    // If-Match and its kind
	Window     Window        // the part of an object to read
	Overrides  Overrides     // response-* parameters
	Attributes []string      // names in x-amz-object-attributes
	Listing    Listing       // what a listing asks for
	Object     Object        // metadata of an object to be made
	Upload     Upload        // what names or begins a multipart upload
	Whole      Whole         // what a client says of an object that is made of parts
	Parts      PartsPage     // which parts of an object or upload are asked for
	Copy       *Copy         // what a copy reads; nil for other operations
	Body       Body          // what the body is declared to be; zero when the operation takes none

	// Fault is the first thing wrong with the values of the request. It is told only to callers who may do the operation;
	// it is nil when the values are good.
	Fault error

	query  *sigv4.Params // once admitted, only the parameters that the operation reads
	header http.Header   // once admitted, only the headers that the operation reads
}

// Refusal is why Parse refuses a request.
type Refusal struct {
	Err error
	// Proved says that Err is told only to a sender whose signature has been verified.
	Proved bool
}

// Parse reads a request. It always returns a Request, which holds what was read before a refusal. The refusal is nil
// when the request is exactly one operation and says nothing that the operation does not read.
func Parse(in Sent) (*Request, *Refusal) {
	r := &Request{Method: in.Method, header: in.Header}
	if err := r.parseEnvelope(in); err != nil {
		return r, &Refusal{Err: err}
	}
	op, err := r.identify()
	if err != nil {
		return r, &Refusal{Err: err, Proved: true}
	}
	r.Operation = op
	if err := r.admit(in.Length); err != nil {
		return r, &Refusal{Err: err, Proved: true}
	}
	if err := r.parseDecisive(); err != nil {
		return r, &Refusal{Err: err, Proved: true}
	}
	r.parseValues(in)
	return r, nil
}

// parseEnvelope reads what the request addresses and how it is signed.
func (r *Request) parseEnvelope(in Sent) (err error) {
	if r.query, err = in.Query(); err != nil {
		return err
	}
	if r.Target, err = ParseTarget(in.Label, in.Path()); err != nil {
		return err
	}
	rules := sigv4.Rules{S3: true, Services: services, Regions: []string{in.Region}}
	if r.Auth, err = sigv4.Parse(in.Request, rules); err != nil {
		return err
	}
	return r.hoist()
}

var services = []string{"s3"}

// parseDecisive reads what policies test. A value that policies could read otherwise than the operation is refused
// before anything is decided.
func (r *Request) parseDecisive() (err error) {
	op := r.Operation
	if op.tagHeader != nil {
		if r.Tags, err = op.tagHeader(r); err != nil {
			return err
		}
	}
	if op.listing {
		if err := r.Listing.parseLimit(r); err != nil {
			return err
		}
	}
	if op.copies {
		r.Copy, err = parseCopy(r)
	}
	return err
}

// parseValues reads everything else, and keeps the first fault.
func (r *Request) parseValues(in Sent) {
	op := r.Operation
	r.Owner = r.header.Get("X-Amz-Expected-Bucket-Owner")
	r.Encryption = r.header.Get("X-Amz-Server-Side-Encryption")
	if v, ok := r.query.Lookup("versionId"); ok {
		r.Version = &v
	}
	r.ACL = parseACL(r.header)
	if r.Fault = CheckEncryption(r.Encryption); r.Fault == nil && op.values != nil {
		r.Fault = op.values(r)
	}
	if op.Body {
		r.Body.Fault = r.parseBody(in)
	}
}

// Param returns a query parameter that the operation reads, "" when it is not given.
func (r *Request) Param(name string) string {
	if r.query == nil {
		return ""
	}
	return r.query.Get(name)
}

// HasParam reports whether a query parameter that the operation reads is given, with a value or without.
func (r *Request) HasParam(name string) bool { return r.query != nil && r.query.Has(name) }

// Signed reports whether the request carries a signature.
func (r *Request) Signed() bool { return r.Auth != nil && r.Auth.Mode != sigv4.Anonymous }
