package scim

import (
	"net/http"
	"strconv"
	"time"

	"granary"
)

// scimError is an error in SCIM's words (RFC 7644 §3.12).
type scimError struct {
	status   int
	scimType string
	detail   string
	cause    error
}

func (e *scimError) Error() string { return e.detail }

func (e *scimError) Unwrap() error { return e.cause }

func (e *scimError) name() string {
	switch e.status {
	case http.StatusUnauthorized:
		return "UnauthorizedException"
	case http.StatusNotFound:
		return "ResourceNotFoundException"
	case http.StatusConflict:
		return "ConflictException"
	case http.StatusBadRequest:
		return "ValidationException"
	}
	return "InternalServerException"
}

func invalid(scimType, detail string) error {
	return &scimError{status: http.StatusBadRequest, scimType: scimType, detail: detail}
}

func notFound(detail string) error { return &scimError{status: http.StatusNotFound, detail: detail} }

// asSCIM puts any error into SCIM's words.
func asSCIM(err error) *scimError {
	if e, ok := err.(*scimError); ok {
		return e
	}
	e := granary.AsError(err)
	out := &scimError{status: http.StatusInternalServerError, detail: e.Message, cause: err}
	switch e.Kind {
	case granary.Invalid:
		out.status, out.scimType = http.StatusBadRequest, "invalidValue"
	case granary.NotFound:
		out.status = http.StatusNotFound
	case granary.Exists:
		out.status, out.scimType = http.StatusConflict, "uniqueness"
	case granary.Unavailable:
		out.status = http.StatusServiceUnavailable
	}
	return out
}

func (c *call) failure(err error) answer {
	e := asSCIM(err)
	if e.status >= 500 && c.Log != nil {
		c.Log.Error("scim", "request", c.requestID, "error", err.Error())
	}
	body := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:Error"}, "detail": e.detail, "status": strconv.Itoa(e.status),
		"exceptionRequestId": c.requestID, "timeStamp": c.now.Format("2006-01-02 15:04:05.000")}
	if e.scimType != "" {
		body["scimType"] = e.scimType
	}
	return answer{status: e.status, body: body}
}

func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05Z") }
