package gateway

import (
	"time"

	"granary/internal/awsapi"
	"granary/internal/backend"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/s3req"
)

// state is what a request was decided by.
type state struct {
	revision int64
	at       time.Time
}

// unchanged is how long a decision stands while nothing changes: conditions may test the time.
const unchanged = time.Second

func (g *Gateway) known() state { return state{g.Index.Revision(), time.Now()} }

// stands reports whether a decision need not be made again.
func (g *Gateway) stands(s state) bool {
	return g.Index.Revision() == s.revision && time.Since(s.at) < unchanged
}

// decideFirst decides on the request before it runs. A document is read whole before the decision that counts: what was
// allowed before a wait may not be allowed after it. A sender who may not send the document is refused before it is
// read, unless the decision is about what the document says.
func (j *job) decideFirst() (err error) {
	if op := j.req.Operation; op.Document > 0 {
		if !op.Tested {
			if err := j.authorizeThere(); err != nil {
				return err
			}
		}
		doc, err := j.readDocument()
		if err != nil {
			return err
		}
		now, err := j.now()
		if err != nil {
			return err
		}
		j.doc, j.caller, j.bucket, j.source = doc, now.caller, now.bucket, now.source
	}
	j.state = j.known()
	return j.authorizeThere()
}

// authorizeThere decides on the request, and then tells whether its bucket exists.
func (a *authority) authorizeThere() error {
	if err := a.authorize(); err != nil {
		return err
	}
	if a.req.Bucket != "" && a.bucket == nil && !a.req.Operation.NoBucket {
		return backend.NoBucket(a.req.Bucket)
	}
	return nil
}

// readDocument reads and verifies a body that is a document.
func (j *job) readDocument() (*s3req.Document, error) {
	b, err := j.openBody()
	if err != nil {
		return nil, err
	}
	op := j.req.Operation
	limit := op.Document
	if j.caller.Kind == policy.Anonymous {
		limit = min(limit, awsapi.MaxUnsignedBody)
	}
	if b.declared.Size > limit {
		return nil, s3req.Invalid("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	text, err := j.in.ReadDocument(b, limit)
	if err != nil {
		return nil, err
	}
	return op.ReadDocument(text)
}

// again decides once more, at the moment of an effect: whether the node is sure of what it knows, the caller still
// exists, the bucket is the same one, and everything that allowed the request is still so.
func (a *authority) again() error {
	now, err := a.now()
	if err != nil || a.stands(a.state) {
		return err
	}
	return now.authorize()
}

// now returns the authority at this moment, for the same sender and the same buckets. It fails when the sender is gone,
// the node is not sure of what it knows, or a bucket is gone.
func (a *authority) now() (*authority, error) {
	now := *a
	now.facts.authority, now.facts.failed = &now, nil
	now.env.Time = a.Now()
	var err error
	if now.caller, err = a.Authn.Again(a.caller); err != nil {
		return nil, err
	}
	if now.bucket, err = a.same(a.req.Bucket, a.bucket); err != nil {
		return nil, err
	}
	if c := a.req.Copy; c != nil {
		now.source, err = a.same(c.Bucket, a.source)
	}
	return &now, err
}

// same finds a bucket again. Another bucket of its name is not the same.
func (g *Gateway) same(name string, was *index.Bucket) (*index.Bucket, error) {
	b, ok := g.Index.Buckets.Get(name)
	switch {
	case was == nil:
		return b, nil
	case !ok || b.ID != was.ID:
		return nil, backend.NoBucket(name)
	}
	return b, nil
}
