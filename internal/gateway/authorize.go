package gateway

import (
	"errors"

	"granary"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/backend"
	"granary/internal/cause"
	"granary/internal/grants"
	"granary/internal/guard"
	"granary/internal/index"
	"granary/internal/s3req"
)

// authority decides on a request: for its caller, on its buckets, at one moment. Decisions are its only results: an
// operation gets nothing else from them.
type authority struct {
	*Gateway
	req    *s3req.Request
	doc    *s3req.Document // the body; nil when it is no document, or before it is read
	caller *authn.Caller
	env    authz.Env
	bucket *index.Bucket // the one that everything is decided on and done to; nil when there is none
	source *index.Bucket // the one that a copy reads; nil when there is none
	facts  facts
	state  state // what was known when the request was decided on
}

// refusal is an error with the decision that it words.
type refusal struct {
	err      error
	decision authz.Decision
}

func newRefusal(d authz.Decision) error { return &refusal{d.Refusal(), d} }

func (r *refusal) Error() string { return r.err.Error() }
func (r *refusal) Unwrap() error { return r.err }

// decisionOf returns the decision that an error words, nil when it words none.
func decisionOf(err error) *authz.Decision {
	if err == nil {
		return nil
	}
	var r *refusal
	if errors.As(err, &r) {
		return &r.decision
	}
	return nil
}

// authorize decides on everything that the request needs. The first need that is denied is the refusal.
func (a *authority) authorize() error {
	for _, n := range a.req.Needs(a.doc) {
		if err := a.decide(n); err != nil {
			return err
		}
	}
	if a.bucket == nil && a.doc != nil && a.doc.Delete != nil {
		return a.deleteNowhere()
	}
	return nil
}

// deleteNowhere decides on the first key of a DeleteObjects request for a bucket that does not exist: that it does not
// exist is told to callers who could delete there.
func (a *authority) deleteNowhere() error {
	key := a.doc.Delete.Object[0].Key
	if key == "" {
		return s3req.ErrMalformedXML
	}
	return a.decide(s3req.NeedOfKey("s3:DeleteObject", a.req.Bucket, key))
}

// decide returns nil when a need is allowed. Otherwise it returns a refusal, or why what a policy asks for could not be
// found out.
func (a *authority) decide(n s3req.Need) error { return a.decideRequest(a.request(n)) }

func (a *authority) decideRequest(r authz.Request) error {
	d := a.Authz.Decide(a.caller, &a.env, r)
	if a.facts.failed != nil {
		return a.facts.failed
	}
	if d.Allowed {
		return nil
	}
	return newRefusal(d)
}

// request adds to a need what is known of the bucket. A bucket that does not exist stands in the caller's account:
// whether it exists is told only to callers who may know.
func (a *authority) request(n s3req.Need) authz.Request {
	r := authz.Request{Action: n.Action, Keys: n.Keys, Bucket: n.Bucket, Key: n.Key}
	b := a.bucket
	if n.Source {
		b = a.source
	}
	switch {
	case n.Bucket == "":
		r.Resource = "arn:aws:s3:::*"
		return r
	case n.Key == "":
		r.Resource = string(granary.BucketARN(n.Bucket))
	default:
		r.Resource = string(granary.ObjectARN(n.Bucket, n.Key))
		r.Lazy = a.facts.finder(n.Action, b, n.Key)
	}
	if b != nil {
		r.Owner, r.Policy, r.BlockPublic = b.Owner, b.Policy, !b.PublicPolicy
	}
	if prefix, ok := n.Keys["s3:prefix"]; ok {
		r.Prefix = &prefix[0]
	}
	return r
}

// hide turns "there is no such key" into a refusal for callers who could not have found that out by listing
// (s3-gateway §6). It returns other errors as they are.
func (a *authority) hide(err error) error { return a.hideKey(err, a.req.Bucket, a.req.Key, false) }

// hideSource is hide for the source of a copy.
func (a *authority) hideSource(err error) error {
	return a.hideKey(err, a.req.Copy.Bucket, a.req.Copy.Key, true)
}

func (a *authority) hideKey(err error, bucket, key string, source bool) error {
	if err == nil || !errors.Is(err, backend.ErrNoKey) && !errors.Is(err, backend.ErrNoVersion) {
		return err
	}
	if s := a.caller.Scope(); s != nil && grants.Discoverable(s, bucket, key) {
		return err
	}
	n := s3req.NeedToDiscover(bucket, key)
	n.Source = source
	d := a.Authz.Decide(a.caller, &a.env, a.request(n))
	if d.Allowed {
		return err
	}
	return &refusal{granary.Errorf(granary.Denied, "Access Denied").At(cause.PolicyHidden), d}
}

// version refuses a version of an object that does not exist, as if the key did not.
func (a *authority) version(key string, version *string) error {
	if version == nil || *version == s3req.NullVersion {
		return nil
	}
	return a.hideKey(backend.NoVersion(key, *version), a.req.Bucket, key, false)
}

// guard has an effect decided on again before it is committed.
func (a *authority) guard(again func() error) guard.Guard {
	return guard.Guard{Ask: again, Hold: a.Index.Hold}
}
