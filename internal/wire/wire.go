// Package wire turns bytes into AWS's shapes and back, for the four protocols Granary answers: restXml (with
// s3control's wrapped errors), awsQuery, awsJson 1.1 and restJson1. It validates what the shapes demand and decides
// nothing else. The shapes are generated (internal/api); their struct tags say where each member stands on the wire:
//
//	wire:"name" loc:"uri|querystring|header" item:"list element" req:"1" sens:"1" c:"constraints"
//
// A plan is built once per type by reflection and used from then on.
package wire

import (
	"net/http"
	"strings"

	"granary"
)

// Protocol is one of AWS's wire protocols.
type Protocol uint8

// The protocols.
const (
	RestXML Protocol = iota + 1
	Query
	JSON11
	RestJSON1
)

// Service is one AWS service as it is addressed and spoken to.
type Service struct {
	Name         string
	Protocol     Protocol
	SigningNames []string // services it is signed for in the credential scope
	TargetPrefix string   // of X-Amz-Target
	XMLNamespace string
	Version      string
	Errors       map[string]int // wire code → HTTP status, as the model declares them
	Patterns     []string
	Enums        [][]string
}

// Targeted reports whether what stands before the operation in X-Amz-Target names the service: its whole prefix, or as
// newer SDKs write it the prefix's last part.
func (s *Service) Targeted(prefix string) bool {
	return s.TargetPrefix != "" &&
		(prefix == s.TargetPrefix || prefix != "" && strings.HasSuffix(s.TargetPrefix, "."+prefix))
}

// Meta is what is known of an operation beside its shapes.
type Meta struct {
	Service *Service
	Name    string
	Method  string
	URI     string // template: "/v20180820/tags/{resourceArn+}", "/token?aws_iam=t"
	Status  int    // of success
	Void    bool   // has no output shape
}

// Operation is an operation with the types of its input and output.
type Operation[In, Out any] struct{ *Meta }

// Pair is a decoded query parameter.
type Pair struct{ Name, Value string }

// Request is what a decoder reads. Labels are the URI's labels, unescaped.
type Request struct {
	Method  string
	RawPath string
	Query   []Pair
	Header  http.Header
	Body    []byte
	Labels  map[string]string
}

// Response is what an encoder wrote.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Error is an error in the service's own words.
type Error struct {
	Status        int
	Code, Message string
	Detail        map[string]string
}

// Decode reads and validates an operation's input, of which in is a pointer. It fails with granary.Invalid.
//
// Decode and Encode are no methods of Meta: every type of operation would have them, and all of those would be
// compiled.
func Decode(m *Meta, r *Request, in any) error {
	return decode(m, r, in)
}

// Encode writes an operation's output, of which out is a pointer.
func Encode(m *Meta, out any, requestID string) Response { return encode(m, out, requestID) }

func malformed(code, format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode(code)
}
