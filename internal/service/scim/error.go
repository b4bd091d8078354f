package scim

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"granary"
	"granary/internal/cause"
	"granary/internal/front"
)

const errorSchema = "urn:ietf:params:scim:api:messages:2.0:Error"

// scimError is an error in SCIM's words (RFC 7644 §3.12).
type scimError struct {
	status   int
	scimType string
	detail   string
	allow    string        // methods, of a 405
	retry    time.Duration // of a 429
	cause    error
	broke    granary.Cause // what an explanation is found by, when the status says too little
}

func (e *scimError) Error() string { return e.detail }

func (e *scimError) Unwrap() error { return e.cause }

// names are AWS's for the statuses, as the audit has them.
var names = map[int]string{http.StatusBadRequest: "ValidationException",
	http.StatusUnauthorized: "UnauthorizedException", http.StatusForbidden: "AccessDeniedException",
	http.StatusNotFound: "ResourceNotFoundException", http.StatusMethodNotAllowed: "ValidationException",
	http.StatusConflict:           "ConflictException",
	http.StatusPreconditionFailed: "PreconditionFailed", http.StatusRequestTimeout: "RequestTimeout",
	http.StatusRequestEntityTooLarge: "PayloadTooLarge", http.StatusTooManyRequests: "ThrottlingException",
	http.StatusNotImplemented: "NotImplemented", http.StatusServiceUnavailable: "ServiceUnavailableException"}

func (e *scimError) name() string {
	if n := names[e.status]; n != "" {
		return n
	}
	return "InternalServerException"
}

// Why says where the chain broke, for an explanation of a request whose token is not known.
func (e *scimError) Why() *granary.Why {
	if e.status >= http.StatusInternalServerError {
		return nil
	}
	return &granary.Why{Cause: cause.KeySCIMToken}
}

func invalid(scimType, detail string) error {
	return &scimError{status: http.StatusBadRequest, scimType: scimType, detail: detail}
}

func notFound(detail string) error { return &scimError{status: http.StatusNotFound, detail: detail} }

// asSCIM puts any error into SCIM's words.
func asSCIM(err error) *scimError {
	var known *scimError
	if errors.As(err, &known) {
		return known
	}
	e := granary.AsError(err)
	w := wordings[e.Kind]
	switch {
	case errors.Is(err, front.ErrSlow):
		w = wording{status: http.StatusRequestTimeout}
	case errors.Is(err, front.ErrTooLarge):
		w = wording{status: http.StatusRequestEntityTooLarge}
	}
	return &scimError{status: w.status, scimType: w.scimType, detail: e.Message, cause: err}
}

// wording is how SCIM tells a kind of error (RFC 7644 §3.12).
type wording struct {
	status   int
	scimType string
}

// wordings has each kind of error.
var wordings = map[granary.Kind]wording{
	granary.Internal: {status: http.StatusInternalServerError}, granary.Invalid: {http.StatusBadRequest, "invalidValue"},
	granary.Unauthenticated: {status: http.StatusUnauthorized}, granary.Denied: {status: http.StatusForbidden},
	granary.NotFound: {status: http.StatusNotFound}, granary.Exists: {http.StatusConflict, "uniqueness"},
	granary.Conflict: {status: http.StatusConflict}, granary.Quota: {status: http.StatusForbidden},
	granary.Throttled: {status: http.StatusTooManyRequests}, granary.NotImplemented: {status: http.StatusNotImplemented},
	granary.Unavailable: {status: http.StatusServiceUnavailable},
}

// failure is the answer an error leads to.
func (c *call) failure(err error) answer {
	e := asSCIM(err)
	body := map[string]any{"schemas": []string{errorSchema}, "detail": e.detail, "status": strconv.Itoa(e.status)}
	if e.scimType != "" {
		body["scimType"] = e.scimType
	}
	return answer{status: e.status, body: body}
}

// advise sets the headers that tell a refused client how to go on.
func (c *call) advise(h http.Header, err error) {
	switch e := asSCIM(err); e.status {
	case http.StatusUnauthorized:
		h.Set("WWW-Authenticate", `Bearer realm="scim"`)
	case http.StatusMethodNotAllowed:
		h.Set("Allow", e.allow)
	case http.StatusTooManyRequests:
		h.Set("Retry-After", strconv.Itoa(max(1, int((e.retry+time.Second-1)/time.Second))))
	}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
