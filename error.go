package granary

import (
	"errors"
	"fmt"
	"maps"
)

// Kind says what sort of failure an error is. Callers branch on the kind; each service has a table that turns kinds
// into its statuses and codes.
type Kind uint8

// The kinds. The zero value is Internal, so that an error nobody classified never leaks its text.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Denied
	NotFound
	Exists
	Conflict
	Quota
	Throttled
	NotImplemented
	Unavailable
)

var kindNames = [...]string{"internal", "invalid", "unauthenticated", "denied", "not found", "exists", "conflict",
	"quota", "throttled", "not implemented", "unavailable"}

func (k Kind) String() string { return kindNames[k] }

// Error is a failure with a sentence for the caller. Message leaves the process; Cause never does.
type Error struct {
	Kind    Kind
	Code    string            // the wire's error code when the kind alone is too coarse, e.g. "InvalidIamRole"
	Message string            // written for the caller: what was wrong and what to do
	Detail  map[string]string // further members of the wire's error body, e.g. "ResourceType"
	Cause   error             // for the log only
	Why     *Why              // for a later explanation of the refusal; never on the wire
}

func (e *Error) Error() string {
	if e.Cause != nil {
		return e.Message + ": " + e.Cause.Error()
	}
	return e.Message
}

func (e *Error) Unwrap() error { return e.Cause }

// WithCode returns a copy of the error with the wire code set.
func (e *Error) WithCode(code string) *Error {
	c := *e
	c.Code = code
	return &c
}

// With returns a copy of the error with one more detail member.
func (e *Error) With(name, value string) *Error {
	c := *e
	c.Detail = maps.Clone(e.Detail)
	if c.Detail == nil {
		c.Detail = map[string]string{}
	}
	c.Detail[name] = value
	return &c
}

// At returns a copy of the error that says which link broke and what was wrong with it: a cause that package cause
// declares. The facts are names, each followed by its value; those with an empty value are left out.
func (e *Error) At(c Cause, facts ...string) *Error {
	w := &Why{Cause: c}
	if len(facts) > 0 {
		w.Facts = make(map[string]string, len(facts)/2)
	}
	for i := 0; i+1 < len(facts); i += 2 {
		if facts[i+1] != "" {
			w.Facts[facts[i]] = facts[i+1]
		}
	}
	told := *e
	told.Why = w
	return &told
}

// Errorf makes an error of a kind with a message for the caller.
func Errorf(kind Kind, format string, args ...any) *Error {
	return &Error{Kind: kind, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a kind with a message for the caller and a cause for the log.
func Wrap(kind Kind, message string, cause error) *Error {
	return &Error{Kind: kind, Message: message, Cause: cause}
}

// AsError returns the *Error in the chain of err. For any other error it returns one of kind Internal that has err as
// its cause and says nothing of it.
func AsError(err error) *Error {
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return &Error{Kind: Internal, Message: "We encountered an internal error. Please try again.", Cause: err}
}

// KindOf returns the kind of the *Error in the chain of err, or Internal. It is meaningless for nil.
func KindOf(err error) Kind { return AsError(err).Kind }

// Is reports whether err is not nil and is of the kind.
func Is(err error, kind Kind) bool { return err != nil && KindOf(err) == kind }
