package awsapi

import (
	"maps"
	"net/http"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/cause"
	"granary/internal/front"
	"granary/internal/limit"
	"granary/internal/sigv4"
	"granary/internal/wire"
)

// Limits of the request body of an API operation, in bytes. S3's data plane has limits of its own.
const (
	MaxBody         = 1 << 20
	MaxUnsignedBody = 64 << 10 // of a request without a signature: a web identity token and its policies
)

const tooLarge = "RequestEntityTooLarge"

// Door is the API door: every AWS API, and S3 through Data, on one listener.
type Door struct {
	Services []*Service
	Data     Data // S3's data plane
	Authn    *authn.Authenticator
	Authz    *authz.Authorizer
	Hosts    Hosts
	Origins  []string // that browsers may call from; none are any
	Region   string
	Now      func() time.Time
	Unsigned *limit.BySource // requests without a signature

	bySigning map[string]*Service
}

// Data answers S3 data requests.
type Data interface {
	ServeS3(Inbound) front.Outcome
	RefuseS3(Inbound, error) front.Outcome
}

// Inbound is what the door learned of a request before it chose who answers.
type Inbound struct {
	*front.Request
	Label string // what stands before the own domain in the host name, "" for path-style
	Sig   *sigv4.Request
	CORS  http.Header // what browsers are told of the answer
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

// Serve answers a request.
func (d *Door) Serve(r *front.Request) front.Outcome {
	return d.serve(Inbound{Request: r, CORS: http.Header{}})
}

// Refuse words a refusal of the reception's own for the service that the request is for.
func (d *Door) Refuse(r *front.Request, err error) front.Outcome {
	in := Inbound{Request: r, CORS: http.Header{}}
	_, _ = d.answerBrowser(&in)
	in.Label, _ = d.Hosts.Label(r.HTTP.Host)
	in.Sig, _ = sigv4.FromHTTP(r.HTTP)
	if s := d.choose(r.HTTP); s != nil {
		return d.outcome(&Call{RequestID: r.ID, Now: r.Started, Host: r.HTTP.Host, Region: d.Region, door: d,
			Event: &audit.Event{}}, s, in, "", wire.Response{}, err)
	}
	return d.Data.RefuseS3(in, err)
}

func (d *Door) serve(in Inbound) front.Outcome {
	r := in.HTTP
	if absolute, ours := d.Hosts.Proxied(r); absolute && !ours {
		return d.plain(in, http.StatusForbidden, granary.Errorf(granary.Denied,
			"Granary is a proxy for %s and the names below it only; it does not forward requests to %s.", d.Hosts.Domain,
			r.Host).At(cause.RequestForeignHost))
	}
	switch answered, err := d.answerBrowser(&in); {
	case err != nil:
		return d.plain(in, http.StatusForbidden, err)
	case answered:
		return front.Outcome{Service: "http", Operation: "Preflight", Quiet: true,
			Answer: front.Answer{Status: http.StatusNoContent, Header: in.CORS}}
	}
	in.Label, _ = d.Hosts.Label(r.Host)
	sig, err := sigv4.FromHTTP(r)
	in.Sig = sig
	s := d.choose(r)
	switch {
	case s != nil && err != nil:
		return d.Refuse(in.Request, err)
	case s != nil:
		if s.S3 {
			sig.PlusIsSpace()
		}
		return d.call(s, in)
	case err != nil:
		return d.plain(in, http.StatusBadRequest, err) // not even a request line that can be read
	default:
		return d.Data.ServeS3(in)
	}
}

// plain refuses a request that is for no service, in a text.
func (d *Door) plain(in Inbound, status int, err error) front.Outcome {
	return front.Outcome{Service: "http", Operation: in.HTTP.Method, Err: err,
		Note: granary.Refusal{KeyID: KeyID(in.HTTP)},
		Word: func(err error) front.Answer {
			a := front.Text(status, err.Error()+"\n")
			a.Code, a.Message = http.StatusText(status), granary.AsError(err).Message
			maps.Copy(a.Header, in.CORS)
			return a
		}}
}

// call takes one API request through the pipeline.
func (d *Door) call(s *Service, in Inbound) front.Outcome {
	ctx, cancel := in.Context()
	defer cancel()
	c := &Call{RequestID: in.ID, InvocationID: in.HTTP.Header.Get("amz-sdk-invocation-id"),
		Now: in.Started, Host: in.HTTP.Host, Region: d.Region, door: d, Event: &audit.Event{}}
	c.guard(ctx)
	name, resp, err := d.answer(c, s, in)
	return d.outcome(c, s, in, name, resp, err)
}

// outcome is what the pipeline came to, in the service's words.
func (d *Door) outcome(c *Call, s *Service, in Inbound, name string, resp wire.Response, err error) front.Outcome {
	o := front.Outcome{Service: s.Prefix, Operation: name, Err: err, Denied: c.denied, Caller: c.Caller, Notes: c.notes,
		Note: granary.Refusal{KeyID: KeyID(in.HTTP)}}
	o.Word = func(err error) front.Answer {
		e := s.wireError(err)
		a := d.worded(s, in, wire.EncodeError(s.Wire, e, in.ID, in.HostID))
		a.Code, a.Message = e.Code, e.Message
		return a
	}
	written := len(resp.Body)
	if err == nil {
		o.Answer = d.worded(s, in, resp)
	} else {
		written = len(o.Word(err).Body)
	}
	if c.Caller != nil {
		o.Actor = string(c.Caller.ARN)
	}
	if c.Account.Valid() {
		o.Owner = string(c.Account)
	}
	if name != "" && recordable(c, err) {
		o.Events = d.events(c, s, in, name, written)
	}
	return o
}

// worded is a response of a service as an answer. Answers carry keys and tokens, and so must not be kept.
func (d *Door) worded(s *Service, in Inbound, resp wire.Response) front.Answer {
	h := resp.Header
	h.Set("Cache-Control", "no-store")
	if s.S3 {
		h.Set("X-Amz-Id-2", in.HostID)
	}
	maps.Copy(h, in.CORS)
	return front.Answer{Status: resp.Status, Header: h, Body: resp.Body}
}

// answer is the pipeline proper: signature's head, limits, body, route, proof, decode, authorise, run, encode.
func (d *Door) answer(c *Call, s *Service, in Inbound) (name string, resp wire.Response, err error) {
	r := in.HTTP
	body, err := d.read(c, s, in)
	if err != nil {
		return "", resp, err
	}
	req := &wire.Request{Method: r.Method, Header: r.Header, Body: body}
	if req.RawPath, req.Query, err = splitTarget(in.Sig); err != nil {
		return "", resp, err
	}
	meta, labels, err := s.router.Match(s.Wire, req)
	if err != nil {
		// A caller without a signature learns nothing about operations.
		if aerr := d.verify(c, in, body, anyService); aerr != nil {
			return "", resp, aerr
		}
		return "", resp, err
	}
	req.Labels = labels
	op := s.byName[meta.Name]
	if err := d.verify(c, in, body, op.Access); err != nil {
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

// read reads the signature's head and the body. What can be refused by the head costs no body.
func (d *Door) read(c *Call, s *Service, in Inbound) ([]byte, error) {
	c.Env = EnvOf(in, d.Region, nil)
	p := d.claim(s, in)
	c.proof = p
	if p.claim != nil && p.claim.Err() == nil {
		return document(in, MaxBody)
	}
	switch {
	case !s.unsigned && p.err != nil:
		return nil, p.err
	case !s.unsigned && p.claim != nil:
		return nil, p.claim.Err()
	case !s.unsigned:
		return nil, errUnsigned
	case d.Unsigned != nil && !d.Unsigned.Allow(in.Source):
		return nil, granary.Errorf(granary.Throttled, "Rate exceeded").At(cause.RequestThrottled)
	}
	return document(in, MaxUnsignedBody)
}

// claim reads the signature, and finds whose access key it names.
func (d *Door) claim(s *Service, in Inbound) proof {
	var p proof
	p.auth, p.err = sigv4.Parse(in.Sig, d.rules(s))
	if p.err != nil {
		// Who signed for another service may be told that it is not here.
		var err error
		if p.auth, err = sigv4.Parse(in.Sig, d.rules(s, scopeService(in.HTTP))); err != nil {
			return p
		}
	}
	if p.auth.Mode != sigv4.Anonymous {
		p.claim = d.Authn.Claim(p.auth)
	}
	return p
}

var errUnsigned = sigv4.NewError(sigv4.MissingToken, "The request is not signed: an access key is required.")

func document(in Inbound, limit int64) ([]byte, error) {
	b, err := in.Document(limit)
	if err == front.ErrTooLarge {
		err = granary.Errorf(granary.Invalid, "The request body is larger than the limit of %d bytes.",
			limit).WithCode(tooLarge)
	}
	return b, err
}
