package awsapi

import (
	"errors"
	"net/http"
	"slices"

	"granary"
	"granary/internal/sigv4"
	"granary/internal/wire"
)

// Service is one AWS service: its wire, its IAM action prefix, its table and its words for errors.
type Service struct {
	Wire   *wire.Service
	Prefix string // of its IAM actions: "s3", "sso", …
	Legacy string // older prefix of the same actions; may be ""
	Tells  bool   // the audit log keeps what changes answered: what is secret in it is marked so in the model
	Source string // eventSource in the audit log: "s3.amazonaws.com"
	Rows   []Row
	Mend   func(body []byte) []byte // repairs what clients are known to send, after the signature was checked; may be nil
	Codes  map[granary.Kind]string  // wire code of each kind, where an error brings none of its own

	// Violated names the code of an input whose member at a path (see wire.Violation) is not what its shape allows; "" and
	// nil are Invalid's.
	Violated func(path string) string
	// Reason of an input that is not what its shape allows, by what it must; nil has none
	Reason    func(must string) string
	Malformed string // wire code of input that cannot be read, where it is not the protocol's
	AnyRegion bool   // operations answer requests that are signed for another Region themselves

	// S3 marks the control API of S3. It is addressed below controlPrefix and to an account, its signatures follow S3's
	// rules, it answers with S3's host id and statuses, and its audit events have S3's further members.
	S3 bool

	router   *wire.Router
	byName   map[string]*Row
	unsigned bool // some operation takes requests without a signature
}

// index prepares routing. It panics on a table with two rows for one operation.
func (s *Service) index() {
	s.byName = map[string]*Row{}
	metas := make([]*wire.Meta, len(s.Rows))
	for i := range s.Rows {
		r := &s.Rows[i]
		if s.byName[r.Meta.Name] != nil {
			panic("awsapi: two rows for " + r.Meta.Name)
		}
		s.byName[r.Meta.Name] = r
		s.unsigned = s.unsigned || r.Access == Unsigned
		metas[i] = r.Meta
	}
	s.router = wire.NewRouter(metas...)
}

// statuses is each kind's HTTP status where the service's own list of errors does not say.
var statuses = map[granary.Kind]int{
	granary.Internal: http.StatusInternalServerError, granary.Invalid: http.StatusBadRequest,
	granary.Unauthenticated: http.StatusForbidden, granary.Denied: http.StatusForbidden,
	granary.NotFound: http.StatusNotFound, granary.Exists: http.StatusConflict, granary.Conflict: http.StatusConflict,
	granary.Quota: http.StatusConflict, granary.Throttled: http.StatusBadRequest,
	granary.NotImplemented: http.StatusNotImplemented, granary.Unavailable: http.StatusServiceUnavailable,
}

// restStatuses are codes of S3's, which its model does not declare, whose status is not that of their kind.
var restStatuses = map[string]int{"MethodNotAllowed": http.StatusMethodNotAllowed,
	"SlowDown": http.StatusServiceUnavailable}

// wireError puts an error into the service's words.
func (s *Service) wireError(err error) wire.Error {
	if status, code, message, detail, ok := s.signatureError(err); ok {
		return wire.Error{Status: status, Code: code, Message: message, Detail: detail}
	}
	e := granary.AsError(err)
	out := wire.Error{Code: e.Code, Message: e.Message, Detail: e.Detail}
	if out.Code == "SerializationException" && s.Malformed != "" {
		out.Code = s.Malformed
	}
	if out.Code == "" {
		out.Code = s.Codes[e.Kind]
	}
	if out.Code == "" {
		out.Code = "InternalFailure"
	}
	out.Status = s.status(e.Kind, out.Code)
	return out
}

func (s *Service) status(kind granary.Kind, code string) int {
	if code == tooLarge {
		return http.StatusRequestEntityTooLarge
	}
	if kind == granary.Unavailable { // whatever word the service has for it: try again, perhaps elsewhere
		return http.StatusServiceUnavailable
	}
	if st, ok := s.Wire.Errors[code]; ok {
		return st
	}
	if st, ok := restStatuses[code]; ok && s.S3 {
		return st
	}
	st := statuses[kind]
	if s.Wire.Protocol == wire.JSON11 && st < 500 {
		return http.StatusBadRequest // awsJson answers 400 to everything the client did (identity-center §1.3)
	}
	return st
}

// sharpen gives a violated shape the code that the service has for the member, when all that is violated has the same.
func (s *Service) sharpen(err error) error {
	var v *wire.Violation
	if !errors.As(err, &v) {
		return err
	}
	if s.Reason != nil {
		err = granary.AsError(err).With("Reason", s.Reason(v.Must))
	}
	if s.Violated == nil {
		return err
	}
	code := s.Violated(v.Paths[0])
	if code == "" || slices.ContainsFunc(v.Paths, func(p string) bool { return s.Violated(p) != code }) {
		return err
	}
	return granary.AsError(err).WithCode(code)
}

// signatureError maps a failed signature to the protocol's code (sigv4 §10).
func (s *Service) signatureError(err error) (status int, code, message string, detail map[string]string, ok bool) {
	var e *sigv4.Error
	if !errors.As(err, &e) {
		return 0, "", "", nil, false
	}
	switch {
	case s.S3:
		status, code = e.Reason.S3()
	case s.Wire.Protocol == wire.Query:
		status, code = e.Reason.Query()
	case s.Wire.Protocol == wire.RestJSON1:
		_, code = e.Reason.JSON()
		status = http.StatusForbidden
	default:
		status, code = e.Reason.JSON()
	}
	message = e.Message
	switch {
	case s.S3:
	case e.Reason == sigv4.InvalidToken:
		message = "The security token included in the request is invalid."
	case e.Reason == sigv4.ExpiredToken:
		message = "The security token included in the request is expired"
	}
	return status, code, message, e.Detail, true
}
