// Package scim answers SCIM 2.0 (RFC 7643, RFC 7644) in AWS's flavour: the company's identity provider writes people and
// groups into an identity store with a bearer token. It takes the odd forms that real providers send.
//
//	request ─ tenant and token ─ limits ─ body ─ Users or Groups ─ one transaction ─ audit ─ answer
//	                                   └ Bulk ─ the same for each of its operations
//
// A resource is a JSON document on its way in and out; read.go and show.go map it to the directory's nouns.
package scim

import (
	"context"
	"encoding/json"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/index"
	"granary/internal/seal"
	"granary/internal/store"
)

// Config is what the service works with.
type Config struct {
	DB          *store.DB
	Index       *index.Index
	Audit       *audit.Log
	Now         func() time.Time
	Log         *slog.Logger
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
	rates rates
}

// New makes the handler.
func New(c Config) *Handler { return &Handler{Config: c} }

// call is one request under way, or one operation of a bulk request.
type call struct {
	*Handler
	ctx       context.Context
	method    string
	kind, id  string     // "Users", "Groups", …; the id may be empty
	query     url.Values // names in lower case
	match     string     // If-Match
	noneMatch string     // If-None-Match
	payload   func(limit int) (object, error)
	newID     string // of what is made; "": any

	center    *granary.IdentityCenter
	token     *granary.ScimToken
	base      string // URL of the tenant's endpoint
	issuer    string // of external ids
	actor     string
	requestID string
	decision  string // id that a refusal can be explained by
	source    string // address and program of the client, for the audit
	agent     string
	now       time.Time
	named     map[string]bool // the attributes that were named, for the audit
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

// segments splits a path, tolerating doubled and trailing slashes.
func segments(path string) (out []string) {
	for s := range strings.SplitSeq(path, "/") {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}

func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c := &call{Handler: h, ctx: r.Context(), method: r.Method, match: r.Header.Get("If-Match"), noneMatch: r.Header.Get("If-None-Match"),
		requestID: granary.UUID(), now: h.Now().UTC(), agent: r.UserAgent(), named: map[string]bool{}}
	c.source, _, _ = net.SplitHostPort(r.RemoteAddr)
	c.payload = func(limit int) (object, error) { return readBody(r.Body, limit) }
	a, err := c.serve(r)
	if err == nil || c.token != nil {
		if rerr := c.record(err); rerr != nil {
			err, c.decision = rerr, ""
		}
	} else {
		c.decision = seal.SealRefusal(h.Index.Ring(), &granary.Refusal{At: c.now, Service: "scim", Operation: r.Method, Code: "UnauthorizedException", Message: err.Error(),
			Link: "key", Cause: "scim-token", RequestID: c.requestID, SourceAddr: c.source})
	}
	if err != nil {
		a = c.failure(err)
		c.advise(w.Header(), err)
	}
	c.write(w, r.Header.Get("Accept"), a)
}

func (c *call) serve(r *http.Request) (answer, error) {
	if err := c.Index.Fresh(); err != nil {
		return answer{}, err
	}
	parts := segments(r.URL.Path)
	if err := c.authenticate(r.Header.Get("Authorization"), parts[0]); err != nil {
		return answer{}, err
	}
	c.base = c.Base() + "/" + c.center.ScimTenant + "/scim/v2"
	c.issuer = "https://scim.aws.com/" + c.center.ScimTenant
	c.actor = "arn:aws:identitystore::" + string(c.center.Account) + ":scim/" + c.token.ID
	if c.Index.Closed(c.center.Account) {
		return answer{}, &scimError{status: http.StatusForbidden, detail: "The account " + string(c.center.Account) + ", which this identity store belongs to, was closed.", why: "scim-closed"}
	}
	if c.center.ScimDisabled {
		return answer{}, &scimError{status: http.StatusForbidden, detail: "Provisioning is disabled for this identity store; granary scim enable allows it again.", why: "scim-disabled"}
	}
	if err := c.route(parts[3:]); err != nil {
		return answer{}, err
	}
	var err error
	if c.query, err = parseQuery(r.URL.RawQuery); err != nil {
		return answer{}, err
	}
	return c.dispatch()
}

// places are what paths may be about; Microsoft's own requests write one in another letter case.
var places = []string{"Users", "Groups", "Bulk", ".search", "ServiceProviderConfig", "ResourceTypes", "Schemas", "Me"}

// route reads what the path is about: a kind of resources, and one of them.
func (c *call) route(parts []string) error {
	if len(parts) > 0 {
		c.kind = parts[0]
		if i := slices.IndexFunc(places, func(k string) bool { return strings.EqualFold(k, c.kind) }); i >= 0 {
			c.kind = places[i]
		}
	}
	if len(parts) > 1 {
		c.id = parts[1]
	}
	if len(parts) > 2 || strings.ContainsFunc(c.id, func(r rune) bool { return r < ' ' }) {
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
		return answer{}, &scimError{status: http.StatusNotImplemented, detail: "/Me is not implemented: a provisioning token is nobody's own."}
	}
	return answer{}, notFound("There is nothing at this path; the resources are /Users and /Groups.")
}

func (c *call) notAllowed(methods string) error {
	return &scimError{status: http.StatusMethodNotAllowed, detail: c.method + " is not possible here; " + methods + " is.", allow: methods}
}

func (c *call) write(w http.ResponseWriter, accept string, a answer) {
	h := w.Header()
	h.Set("X-Amzn-Requestid", c.requestID)
	if c.decision != "" {
		h.Set("X-Granary-Decision-Id", c.decision)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.etag != "" {
		h.Set("ETag", a.etag)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	h.Set("Content-Type", contentType(accept))
	w.WriteHeader(a.status)
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	_ = e.Encode(a.body) // the client may be gone
}

// contentType is SCIM's own unless the client takes plain JSON only.
func contentType(accept string) string {
	if strings.Contains(accept, "application/json") && !strings.Contains(accept, "scim+json") && !strings.Contains(accept, "*/*") {
		return "application/json"
	}
	return "application/scim+json;charset=utf-8"
}
