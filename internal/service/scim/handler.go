// Package scim answers SCIM 2.0 (RFC 7643, RFC 7644) in AWS's flavour: the company's identity provider writes people
// and groups into an identity store with a bearer token. It takes the odd forms that real providers send.
//
//	request ─ tenant and token ─ limits ─ body ─ Users or Groups ─ one transaction ─ audit ─ answer
//	                                   └ Bulk ─ the same for each of its operations
//
// A resource is a JSON document on its way in and out; read.go and show.go map it to the directory's nouns.
package scim

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/front"
	"granary/internal/index"
	"granary/internal/limit"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB          *store.DB
	Index       *index.Index
	Uses        *authn.Uses // of tokens
	Now         func() time.Time
	Log         *slog.Logger // told of tokens that expire soon; may be nil
	Region      string
	Base        func() string // URL of the web door, without a slash at its end
	Lenient     bool          // people may lack names; surplus list elements are dropped
	HideMembers bool          // groups show no members, as on AWS
	KeepAll     bool          // lists keep all their elements, photos too; else one, as on AWS
	ETags       bool          // resources have versions, and requests may be conditional
	Reads       int           // per second, operation and identity store; 0: no limit
	Writes      int
}

// Handler answers paths of the form /{tenant}/scim/v2/….
type Handler struct {
	Config
	rates   rates
	holding *limit.Memory[granary.StoreID]
	scans   scans
	warned  sync.Map // tokens that end soon → when that was logged last
}

// New makes the handler.
func New(c Config) *Handler { return &Handler{Config: c, holding: newHolding()} }

// call is one request under way, or one operation of a bulk request.
type call struct {
	*Handler
	ctx       context.Context
	method    string
	kind, id  string     // "Users", "Groups", …; the id may be empty
	query     url.Values // names in lower case
	match     string     // If-Match
	noneMatch string     // If-None-Match
	asked     chosen     // attributes, of the query
	excluded  chosen     // excludedAttributes
	payload   func(*want) (object, error)
	held      *limit.Share[granary.StoreID] // of the memory for requests
	newID     string                        // of the resource that the request makes; "" for a new one

	center  *granary.IdentityCenter
	token   *granary.ScimToken
	base    string // URL of the tenant's endpoint
	issuer  string // of external ids
	actor   string
	request *front.Request
	now     time.Time
	named   map[string]bool // the attributes that were named, for the audit
}

// answer is what a request leads to.
type answer struct {
	status   int
	body     any // nil: none
	location string
	etag     string
}

// Match reports whether a path is SCIM's.
func Match(path string) bool {
	parts := segments(path)
	return len(parts) >= 3 && parts[1] == "scim" && parts[2] == "v2"
}

// maxSegments is more than any path has: the tenant, scim, v2, a kind, an id.
const maxSegments = 6

// segments splits a path, tolerating doubled and trailing slashes. Of one that is longer than all it gives the
// beginning.
func segments(path string) (out []string) {
	for s := range strings.SplitSeq(path, "/") {
		if s == "" {
			continue
		}
		if out = append(out, s); len(out) == maxSegments {
			break
		}
	}
	return out
}

// Serve answers a request.
func (h *Handler) Serve(r *front.Request) front.Outcome {
	c, cancel := h.call(r)
	defer cancel()
	sent := false
	defer func() {
		if !sent {
			c.held.Release()
		}
	}()
	a, err := c.serve(r.HTTP)
	o := c.outcome(err)
	if err == nil {
		o.Answer = c.answered(a)
		o.Answer.Close, sent = c.held.Release, true // a large answer takes its memory until the client has it
	}
	if c.token != nil {
		o.Actor, o.Events = c.actor, []*audit.Event{c.event(err)}
	}
	return o
}

// Refuse words a refusal that is none of this package's own.
func (h *Handler) Refuse(r *front.Request, err error) front.Outcome {
	c, cancel := h.call(r)
	defer cancel()
	return c.outcome(err)
}

func (h *Handler) call(r *front.Request) (*call, context.CancelFunc) {
	ctx, cancel := r.Context()
	hr := r.HTTP
	c := &call{Handler: h, ctx: ctx, method: hr.Method, match: hr.Header.Get("If-Match"),
		noneMatch: hr.Header.Get("If-None-Match"),
		request:   r, now: r.Started.UTC(), named: map[string]bool{}, held: new(limit.Share[granary.StoreID])}
	c.payload = func(want *want) (object, error) { return c.read(want) }
	return c, cancel
}

// outcome is what the request came to, its answer and event aside.
func (c *call) outcome(err error) front.Outcome {
	o := front.Outcome{Service: "scim", Operation: c.method, Err: err}
	if c.token != nil {
		o.Operation = c.operation()
	}
	o.Word = func(err error) front.Answer {
		a := c.answered(c.failure(err))
		c.advise(a.Header, err)
		e := asSCIM(err)
		a.Code, a.Message = e.name(), http.StatusText(e.status) // without people's data
		return a
	}
	return o
}

func (c *call) serve(r *http.Request) (answer, error) {
	parts := segments(r.URL.Path)
	if err := c.authenticate(r.Header.Values("Authorization"), parts[0]); err != nil {
		return answer{}, err
	}
	c.base = c.Base() + "/" + c.center.ScimTenant + "/scim/v2"
	c.issuer = "https://scim.aws.com/" + c.center.ScimTenant
	c.actor = "arn:aws:identitystore::" + string(c.center.Account) + ":scim/" + c.token.ID
	if err := c.provisioned(c.center); err != nil {
		return answer{}, err
	}
	if err := c.route(parts[3:]); err != nil {
		return answer{}, err
	}
	var err error
	if c.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	if err := c.choose(); err != nil {
		return answer{}, err
	}
	return c.dispatch()
}

// places are what paths may be about; Microsoft's own requests write one in another letter case.
var places = []string{"Users", "Groups", "Bulk", ".search", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Me"}

// maxID is the longest id that a path may have, in bytes: a schema's.
const maxID = 256

// route reads what the path is about: a kind of resources, and one of them.
func (c *call) route(parts []string) error {
	if len(parts) > 0 {
		if i := slices.IndexFunc(places, func(k string) bool { return strings.EqualFold(k, parts[0]) }); i >= 0 {
			c.kind = places[i]
		}
	}
	if len(parts) > 1 {
		c.id = parts[1]
	}
	if len(parts) > 2 || len(c.id) > maxID || !printable(c.id) {
		c.kind, c.id = "", ""
		return notFound("There is nothing at this path.")
	}
	return nil
}

// dispatch answers a request whose sender and path are known.
func (c *call) dispatch() (answer, error) {
	if err := c.limit(); err != nil {
		return answer{}, err
	}
	switch c.kind {
	case "Users":
		return c.users()
	case "Groups":
		return c.groups()
	case "Bulk":
		return c.bulk()
	case ".search":
		return c.search(c.peopleShelf(), c.groupShelf())
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return c.discovery()
	case "Me":
		return answer{},
			&scimError{status: http.StatusNotImplemented, detail: "/Me is not implemented: a provisioning token is " +
				"nobody's own."}
	}
	return answer{}, notFound("There is nothing at this path; the resources are /Users and /Groups.")
}

func (c *call) notAllowed(methods string) error {
	return &scimError{status: http.StatusMethodNotAllowed, detail: c.method + " is not possible here; " + methods + " is.",
		allow: methods}
}

// answered is an answer as it is sent.
func (c *call) answered(a answer) front.Answer {
	h := http.Header{"X-Content-Type-Options": {"nosniff"}}
	h.Set("X-Amzn-Requestid", c.request.ID)
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	out := front.Answer{Status: a.status, Header: h}
	if a.body == nil {
		return out
	}
	h.Set("Content-Type", contentType(c.request.HTTP.Header.Get("Accept")))
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(a.body) // texts, numbers, lists and objects of those
	out.Body = b.Bytes()
	return out
}

// contentType is SCIM's own unless the client takes plain JSON only.
func contentType(accept string) string {
	if strings.Contains(accept, "application/json") && !strings.Contains(accept, "scim+json") &&
		!strings.Contains(accept, "*/*") {
		return "application/json"
	}
	return "application/scim+json;charset=utf-8"
}
