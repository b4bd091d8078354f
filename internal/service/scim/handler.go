// Package scim answers SCIM 2.0 (RFC 7643, RFC 7644) in AWS's flavour: the company's identity provider writes people and
// groups into an identity store with a bearer token. It takes the odd forms that real providers send.
//
//	request ─ tenant and token ─ body ─ Users or Groups ─ one transaction ─ audit ─ answer
//
// A resource is a JSON document on its way in and out; resource.go maps it to the directory's nouns.
package scim

import (
	"bytes"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net"
	"net/http"
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
}

const maxBody = 16 << 20

// Handler answers paths of the form /{tenant}/scim/v2/….
type Handler struct{ Config }

// New makes the handler.
func New(c Config) *Handler { return &Handler{c} }

// call is one request under way.
type call struct {
	*Handler
	r         *http.Request
	center    *granary.IdentityCenter
	token     *granary.ScimToken
	base      string // URL of the tenant's endpoint
	issuer    string // of external ids
	actor     string
	requestID string
	decision  string // id that a refusal can be explained by
	now       time.Time
	kind, id  string // "Users", "Groups", …; the id may be empty
}

// answer is what a request leads to.
type answer struct {
	status   int
	body     any // nil: none
	location string
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
	c := &call{Handler: h, r: r, requestID: granary.UUID(), now: h.Now().UTC()}
	a, err := c.serve()
	if err == nil || c.token != nil {
		if rerr := c.record(err); rerr != nil {
			err, c.decision = rerr, ""
		}
	} else {
		c.decision = seal.SealRefusal(h.Index.Ring(), &granary.Refusal{At: c.now, Service: "scim", Operation: r.Method, Code: "UnauthorizedException", Message: err.Error(),
			Link: "key", Cause: "scim-token", RequestID: c.requestID, SourceAddr: c.source()})
	}
	if err != nil {
		a = c.failure(err)
	}
	c.write(w, a)
}

func (c *call) serve() (answer, error) {
	parts := segments(c.r.URL.Path)
	if err := c.authenticate(parts[0]); err != nil {
		return answer{}, err
	}
	c.base = c.Base() + "/" + c.center.ScimTenant + "/scim/v2"
	c.issuer = "https://scim.aws.com/" + c.center.ScimTenant
	c.actor = "arn:aws:identitystore::" + string(c.center.Account) + ":scim/" + c.token.ID
	rest := parts[3:]
	if len(rest) > 0 {
		c.kind = rest[0]
	}
	if len(rest) > 1 {
		c.id = rest[1]
	}
	if len(rest) > 2 {
		return answer{}, notFound("There is nothing at this path.")
	}
	switch c.kind {
	case "Users":
		return c.users()
	case "Groups":
		return c.groups()
	case "ServiceProviderConfig", "ResourceTypes", "Schemas":
		return c.discovery()
	case "Me", "Bulk", ".search":
		return answer{}, &scimError{status: http.StatusNotImplemented, detail: "/" + c.kind + " is not implemented."}
	}
	return answer{}, notFound("There is nothing at this path; the resources are /Users and /Groups.")
}

// authenticate finds the token by its hash. One of another tenant is as unknown as any.
func (c *call) authenticate(tenant string) error {
	bad := &scimError{status: http.StatusUnauthorized, detail: "The bearer token is missing, unknown, expired, or of another tenant."}
	scheme, secret, _ := strings.Cut(c.r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || len(secret) > 1024 {
		return bad
	}
	sum := sha256.Sum256([]byte(strings.TrimSpace(secret)))
	hash := hex.EncodeToString(sum[:])
	t, ok := c.Index.ScimToken(hash)
	if !ok || subtle.ConstantTimeCompare([]byte(t.Hash), []byte(hash)) != 1 || !c.now.Before(t.Expires) {
		return bad
	}
	center, ok := c.Index.IdentityCenterOfStore(t.Store)
	if !ok || subtle.ConstantTimeCompare([]byte(center.ScimTenant), []byte(tenant)) != 1 {
		return bad
	}
	c.center, c.token = center, t
	return c.touch()
}

// touch keeps when the token was last used, to the hour: a write for each request would serve nobody.
func (c *call) touch() error {
	if c.now.Sub(c.token.LastUsed) < time.Hour {
		return nil
	}
	return c.DB.Update(c.r.Context(), func(tx *store.Tx) error {
		t, err := tx.ScimTokens.Get(c.token.ID)
		if err != nil {
			return err
		}
		t.LastUsed = c.now
		return tx.ScimTokens.Update(t)
	})
}

// body reads the request's JSON object, whatever Content-Type it claims.
func (c *call) body() (object, error) {
	b, err := io.ReadAll(io.LimitReader(c.r.Body, maxBody+1))
	if err != nil {
		return nil, invalid("invalidSyntax", "The request body could not be read.")
	}
	if len(b) > maxBody {
		return nil, &scimError{status: http.StatusRequestEntityTooLarge, detail: "The request body is larger than 16 MiB."}
	}
	var o object
	if err := json.Unmarshal(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf")), &o); err != nil || o == nil {
		return nil, invalid("invalidSyntax", "Request is unparsable, syntactically incorrect, or violates schema: the body is not a JSON object.")
	}
	return o, nil
}

func (c *call) write(w http.ResponseWriter, a answer) {
	h := w.Header()
	h.Set("X-Amzn-Requestid", c.requestID)
	if c.decision != "" {
		h.Set("X-Granary-Decision-Id", c.decision)
	}
	if a.location != "" {
		h.Set("Location", a.location)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	h.Set("Content-Type", contentType(c.r.Header.Get("Accept")))
	if a.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="scim"`)
	}
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

// record audits the request: what was done by which token, never the people's data.
func (c *call) record(failed error) error {
	name := map[string]string{http.MethodGet: "Get", http.MethodPost: "Create", http.MethodPut: "Put", http.MethodPatch: "Patch", http.MethodDelete: "Delete"}[c.r.Method]
	if c.r.Method == http.MethodGet && c.id == "" {
		name = "List"
	}
	kind := c.kind
	if name != "List" {
		kind = strings.TrimSuffix(kind, "s")
	}
	e := &audit.Event{EventVersion: "1.11", EventTime: c.now.Format(time.RFC3339), EventSource: "sso-directory.amazonaws.com", EventName: name + kind,
		AWSRegion: c.Region, UserAgent: c.r.UserAgent(), RequestID: c.requestID, EventID: granary.TimedUUID(c.Now()), EventType: "AwsApiCall",
		ReadOnly: c.r.Method == http.MethodGet, ManagementEvent: true, EventCategory: "Management", RecipientAccountID: string(c.center.Account),
		UserIdentity: &audit.UserIdentity{Type: "Unknown", AccountID: string(c.center.Account), PrincipalID: "scim-token/" + c.token.ID, ARN: c.actor}}
	e.SourceIPAddress = c.source()
	e.RequestParameters, _ = json.Marshal(map[string]string{"identityStoreId": string(c.center.Store), "id": c.id})
	if failed != nil {
		f := asSCIM(failed)
		e.ErrorCode, e.ErrorMessage = f.name(), http.StatusText(f.status)
		if f.status < http.StatusInternalServerError {
			e.Decision = &audit.Decision{Link: "request", Cause: "scim", Owner: string(c.center.Account), Facts: map[string]string{"method": c.r.Method, "path": "/" + c.kind}}
			c.decision = e.EventID
		}
	}
	return c.Audit.Record(e)
}

func (c *call) source() string {
	host, _, _ := net.SplitHostPort(c.r.RemoteAddr)
	return host
}
