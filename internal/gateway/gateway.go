// Package gateway is S3's data plane: it finds out what a request is, who sends it, and whether they may, and then lets a
// backend do it. Every request is authorised and recorded; a vended key reaches exactly its scope.
//
//	target ─ operation ─ verify ─ bucket ─ tuples (action, resource, context) ─ authorise ─ run ─ audit ─ answer
package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/backend"
	"granary/internal/index"
	"granary/internal/sigv4"
	"granary/internal/store"
)

// Gateway answers S3 requests.
type Gateway struct {
	Index    *index.Index
	DB       *store.DB // the bucket registry
	Authn    *authn.Authenticator
	Authz    *authz.Authorizer
	Audit    *audit.Log
	Backends map[string]backend.Store
	Default  string // backend of new buckets
	Region   string
	Now      func() time.Time
	Log      *slog.Logger
	Observe  func(service, operation, code string, took time.Duration) // metrics; may be nil
}

// request is one S3 request under way.
type request struct {
	*Gateway
	ctx    context.Context
	http   *http.Request
	in     awsapi.Inbound
	query  *sigv4.Params
	header http.Header // with what a presigned URL carries in its query
	name   string      // of the bucket; "" for the service itself
	key    string
	op     *operation
	bucket *index.Bucket // nil when there is none
	auth   *sigv4.Auth
	sigKey []byte
	caller *authn.Caller
	env    authz.Env
	event  audit.Event
	denied *authz.Decision // the one that was refused
	partly error           // the first refusal of one part, when the others are done

	location string // of a bucket to be created
}

var services = []string{"s3"}

// ServeS3 answers a request that the front door has read the signature of.
func (g *Gateway) ServeS3(w http.ResponseWriter, r *http.Request, in awsapi.Inbound) {
	q := &request{Gateway: g, ctx: r.Context(), http: r, in: in, header: r.Header}
	resp, err := q.serve()
	if rerr := q.record(err); rerr != nil {
		resp.close()
		resp, err = nil, rerr
		q.event.Decision = nil
	}
	if err != nil {
		resp.close()
		resp = q.failure(err)
		if q.denied != nil && granary.Is(err, granary.Denied) {
			q.Authz.Encode(w.Header(), q.denied)
		}
		q.decisionID(w.Header(), resp.status, err)
	} else if q.event.Decision != nil {
		w.Header().Set(awsapi.DecisionHeader, q.event.EventID)
	}
	q.respond(w, resp)
	q.logLine(resp.status, err)
}

func (q *request) serve() (*response, error) {
	if err := q.target(); err != nil {
		return nil, err
	}
	op, err := q.identify()
	if err != nil {
		// Who is not signed learns nothing about operations.
		if aerr := q.authenticate(); aerr != nil {
			return nil, aerr
		}
		return nil, err
	}
	q.op = op
	if err := q.authenticate(); err != nil {
		return nil, err
	}
	if b, ok := q.Index.Bucket(q.name); ok {
		q.bucket = b
	}
	if err := q.expectedOwner(); err != nil {
		return nil, err
	}
	if err := q.authorize(); err != nil {
		return nil, err
	}
	if q.name != "" && q.bucket == nil && !op.noBucket {
		return nil, granary.Errorf(granary.NotFound, "The specified bucket does not exist").WithCode("NoSuchBucket").With("BucketName", q.name)
	}
	return op.run(q)
}

// authenticate verifies the signature. The body's hash is compared by whoever reads the body.
func (q *request) authenticate() error {
	if err := q.Index.Fresh(); err != nil {
		return err
	}
	auth, err := sigv4.Parse(q.in.Sig, sigv4.Rules{S3: true, Services: services, Regions: []string{q.Region}})
	if err != nil {
		return err
	}
	caller, key, err := q.Authn.Authenticate(auth, "")
	if caller == nil {
		return err
	}
	q.auth, q.caller, q.sigKey = auth, caller, key
	q.hoist()
	q.env = awsapi.EnvOf(q.in, q.Region, auth)
	q.env.Payload = q.header.Get("X-Amz-Content-Sha256")
	return err // the session is dead: it is recorded whose it was
}

// expectedOwner honours the headers by which a client says whose bucket it means.
func (q *request) expectedOwner() error {
	want := q.header.Get("X-Amz-Expected-Bucket-Owner")
	if want == "" || q.bucket != nil && string(q.bucket.Owner) == want {
		return nil
	}
	return granary.Errorf(granary.Denied, "Access Denied").At("bucket", "expected-owner", "expected", want)
}

// store is the backend of the request's bucket.
func (q *request) store() (backend.Store, error) {
	return q.backendOf(q.bucket)
}

func (g *Gateway) backendOf(b *index.Bucket) (backend.Store, error) {
	s, ok := g.Backends[b.Backend]
	if !ok {
		return nil, granary.Errorf(granary.Unavailable, "The storage of this bucket is not configured.")
	}
	return s, nil
}

// remote is the bucket's name in its backend.
func remote(b *index.Bucket) string {
	if b.Remote != "" {
		return b.Remote
	}
	return b.Name
}

func (q *request) logLine(status int, err error) {
	code, name := "OK", "unknown"
	if q.op != nil {
		name = q.op.name
	}
	if err != nil {
		_, code, _, _ = words(err)
	}
	took := q.Now().Sub(q.in.Started)
	if q.Observe != nil {
		q.Observe("s3", name, code, took)
	}
	attrs := []slog.Attr{slog.String("request", q.in.RequestID), slog.String("op", "s3:"+name), slog.Int("status", status), slog.String("code", code),
		slog.Duration("took", took)}
	if q.caller != nil {
		attrs = append(attrs, slog.String("caller", string(q.caller.ARN)))
	}
	level := slog.LevelInfo
	if status >= 500 && err != nil && !granary.Is(err, granary.NotImplemented) && !errors.Is(err, context.Canceled) {
		level = slog.LevelError
		attrs = append(attrs, slog.String("error", err.Error()))
	}
	q.Log.LogAttrs(context.Background(), level, "call", attrs...)
}
