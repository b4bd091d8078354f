// Package gateway is S3's data plane. It parses each request, verifies who sent it, decides whether it is allowed, and
// has a backend do it. It authorises and records every request; a vended key reaches exactly its scope.
//
//	s3req.Parse ─▶ verify the signature ─▶ bucket ─▶ document ─▶ decide on each need ─▶ run ─▶ audit ─▶ answer
//
// The parsed request is read only. An authority decides; a job runs the operation with what was decided on. Each family
// of operations (objects, uploads, copies, deletes, listings, tags, settings, buckets) is a small type over the job, in
// files of its own; runs.go lists them.
package gateway

import (
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/backend"
	"granary/internal/cause"
	"granary/internal/front"
	"granary/internal/guard"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/s3req"
	"granary/internal/store"
)

// Gateway answers S3 requests.
type Gateway struct {
	Index    *index.Index
	DB       *store.DB // the bucket registry
	Authn    *authn.Authenticator
	Authz    *authz.Authorizer
	Backends map[string]backend.Store
	Default  string // backend of new buckets
	Region   string
	Now      func() time.Time
}

// exchange is one S3 request under way. Its outcome needs the caller, and the bucket that the request was decided on.
type exchange struct {
	*Gateway
	in     awsapi.Inbound
	req    *s3req.Request
	caller *authn.Caller // nil until the sender is known
	key    []byte        // the signing key, nil until the signature is verified
	bucket *index.Bucket // nil when there is none

	may  authority // decides on the request
	work job       // runs its operation
}

// ServeS3 answers a request. The front door has read neither its signature nor its operation.
func (g *Gateway) ServeS3(in awsapi.Inbound) front.Outcome {
	x := &exchange{Gateway: g, in: in}
	resp, err := x.serve()
	o := x.outcome(err)
	o.Events = x.events(resp, err)
	if err != nil {
		resp.close()
		return o
	}
	o.Answer = x.answer(resp)
	return o
}

// RefuseS3 words a refusal that is not this package's own.
func (g *Gateway) RefuseS3(in awsapi.Inbound, err error) front.Outcome {
	return (&exchange{Gateway: g, in: in, req: &s3req.Request{}}).outcome(err)
}

// outcome is the result of the request, without its answer and events.
func (x *exchange) outcome(err error) front.Outcome {
	o := front.Outcome{Service: "s3", Operation: "unknown", Err: err, Caller: x.caller, Denied: decisionOf(err),
		Note: granary.Refusal{KeyID: awsapi.KeyID(x.in.HTTP), Bucket: x.req.Bucket, Key: x.req.Key}}
	o.Word = func(err error) front.Answer {
		a := x.answer(x.failure(err))
		_, a.Code, a.Message, _ = words(err)
		return a
	}
	if x.req.Operation != nil {
		o.Operation = x.req.Operation.Event
	}
	if x.caller != nil && x.caller.Kind != policy.Anonymous {
		o.Actor = string(x.caller.ARN)
	}
	return o
}

func (x *exchange) serve() (*response, error) {
	var refusal *s3req.Refusal
	x.req, refusal = s3req.Parse(s3req.Sent{Request: x.in.Sig, Label: x.in.Label, Length: x.in.HTTP.ContentLength,
		Region: x.Region})
	if refusal != nil && !refusal.Proved {
		return nil, refusal.Err
	}
	if err := x.authenticate(); err != nil {
		return nil, err
	}
	if refusal != nil {
		return nil, refusal.Err
	}
	if err := x.findBuckets(); err != nil {
		return nil, err
	}
	return x.run()
}

// authenticate verifies the signature. The body's hash is compared when the body is read.
func (x *exchange) authenticate() (err error) {
	caller, key, err := x.Authn.Authenticate(x.req.Auth, "")
	if caller != nil {
		x.caller, x.key = caller, key
	}
	return err // of a session that has ended too: the caller is known, and is recorded
}

// findBuckets prepares the authority with the buckets that it decides on.
func (x *exchange) findBuckets() error {
	x.may = authority{Gateway: x.Gateway, req: x.req, caller: x.caller, env: awsapi.EnvOf(x.in, x.Region, x.req.Auth)}
	a := &x.may
	a.facts.authority, a.facts.ctx = a, x.in.HTTP.Context()
	a.bucket, _ = x.Index.Buckets.Get(x.req.Bucket)
	x.bucket = a.bucket
	if err := expectOwner(a.bucket, x.req.Owner); err != nil {
		return err
	}
	if c := x.req.Copy; c != nil {
		a.source, _ = x.Index.Buckets.Get(c.Bucket)
		return expectOwner(a.source, c.Owner)
	}
	return nil
}

// expectOwner refuses a bucket that is not owned by the account that the client names. "" names none.
func expectOwner(b *index.Bucket, account string) error {
	if account == "" || b != nil && string(b.Owner) == account {
		return nil
	}
	return granary.Errorf(granary.Denied, "Access Denied").At(cause.BucketExpectedOwner, "expected", account)
}

// run decides on the request and runs its operation. Every effect of it, in the registry and in the backend, has the
// authority decide again before it is committed.
func (x *exchange) run() (*response, error) {
	a := &x.may
	x.work = job{authority: a, in: x.in, key: x.key}
	j := &x.work
	err := j.decideFirst()
	x.caller, x.bucket = a.caller, a.bucket
	if err != nil {
		return nil, err
	}
	if err := x.req.Fault; err != nil {
		return nil, err
	}
	j.ctx = guard.With(x.in.HTTP.Context(), a.guard(a.again))
	r, err := runs[x.req.Operation.Name](j)
	if err == nil && x.req.Operation.Encrypted {
		r.header.Set("X-Amz-Server-Side-Encryption", s3req.AES256)
	}
	return r, err
}

// backendOf returns the store that keeps a bucket. It fails with Unavailable when the store is not configured.
func (g *Gateway) backendOf(b *index.Bucket) (backend.Store, error) {
	s, ok := g.Backends[b.Backend]
	if !ok {
		return nil, granary.Errorf(granary.Unavailable, "The storage of this bucket is not configured.")
	}
	return s, nil
}
