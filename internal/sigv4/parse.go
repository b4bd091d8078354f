package sigv4

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Mode is how a request says who sent it.
type Mode uint8

// The modes.
const (
	Anonymous Mode = iota
	Header
	Presigned
)

// Payload declarations (S3's x-amz-content-sha256).
const (
	Unsigned               = "UNSIGNED-PAYLOAD"
	StreamingUnsigned      = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
	StreamingSigned        = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
	StreamingSignedTrailer = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
)

const (
	algorithm = "AWS4-HMAC-SHA256"
	dateForm  = "20060102T150405Z"
	maxSkew   = 15 * time.Minute
	maxExpiry = 7 * 24 * time.Hour
	maxRegion = 32 // characters
	onlyOne   = "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature query string " +
		"parameter or the Authorization header should be specified"
)

// Rules are what a route accepts.
type Rules struct {
	S3       bool     // S3's path rules; the payload hash header is required
	Services []string // names allowed in the credential scope
	Regions  []string // the first is named in errors; none: any Region
}

// Auth is a parsed signature, not yet verified.
type Auth struct {
	Mode                               Mode
	AccessKeyID, Date, Region, Service string
	SignedHeaders                      []string
	Token                              string // session token
	Time                               time.Time
	Expires                            time.Duration // presigned
	PayloadHash                        string        // as declared; "" when the service has none

	signature string
	request   *Request
	rules     Rules
}

// AuthType is S3's condition key s3:authType.
func (a *Auth) AuthType() string {
	return [...]string{"", "REST-HEADER", "REST-QUERY-STRING"}[a.Mode]
}

// Streaming reports whether the body is framed as aws-chunked. Only the signed declaration says so.
func (a *Auth) Streaming() bool { return strings.HasPrefix(a.PayloadHash, "STREAMING-") }

// Parse reads the signature and refuses what can be refused without a secret.
func Parse(r *Request, rules Rules) (*Auth, error) {
	q, err := r.Query()
	if err != nil {
		return nil, err
	}
	header := r.Header.Get("Authorization")
	v4 := slices.ContainsFunc([]string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-SignedHeaders",
		"X-Amz-Expires"}, q.Has)
	v2 := q.Has("AWSAccessKeyId") || q.Has("Signature") && q.Has("Expires")
	if header != "" && (v4 || v2) || v4 && v2 {
		return nil, NewError(TwoMechanisms, onlyOne)
	}
	a := &Auth{request: r, rules: rules}
	switch {
	case v2 || strings.HasPrefix(header, "AWS "):
		return nil,
			NewError(OldVersion, "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.").
				with("Hint", "Signature Version 2 is off. With the AWS CLI: aws configure set default.s3.signature_version s3v4; "+
					"with boto3: Config(signature_version='s3v4').")
	case v4:
		a.Mode = Presigned
		err = a.parsePresigned(q)
	case header != "":
		a.Mode = Header
		err = a.parseHeader(header)
	default:
		return a, nil
	}
	if err != nil {
		return nil, err
	}
	return a, a.checkSigned()
}

func malformed(format string, args ...any) *Error {
	return NewError(Malformed, "The authorization header is malformed; "+fmt.Sprintf(format, args...))
}

func (a *Auth) parseHeader(header string) error {
	name, rest, _ := strings.Cut(header, " ")
	if name != algorithm {
		return NewError(Unsupported, "The authorization algorithm is not supported; use "+algorithm+".")
	}
	parts := map[string]string{}
	for p := range strings.SplitSeq(rest, ",") {
		k, v, ok := strings.Cut(strings.TrimSpace(p), "=")
		if !ok || parts[k] != "" {
			return malformed("a part is given twice or has no value.")
		}
		parts[k] = v
	}
	for _, k := range []string{"Credential", "SignedHeaders", "Signature"} {
		if parts[k] == "" {
			return malformed("missing %s.", k)
		}
	}
	if len(parts) != 3 {
		return malformed("it has parts that do not belong there.")
	}
	a.signature, a.SignedHeaders = parts["Signature"], strings.Split(parts["SignedHeaders"], ";")
	a.Token = a.request.Header.Get("X-Amz-Security-Token")
	if err := a.headerTime(); err != nil {
		return err
	}
	if err := a.scope(parts["Credential"]); err != nil {
		return err
	}
	return a.payload(a.request.Header.Get("X-Amz-Content-Sha256"))
}

func (a *Auth) headerTime() (err error) {
	h := a.request.Header
	text := h.Get("X-Amz-Date")
	if text == "" {
		text = h.Get("Date")
	}
	if a.Time, err = time.Parse(dateForm, text); err != nil && h.Get("X-Amz-Date") == "" {
		a.Time, err = http.ParseTime(text)
	}
	if err != nil {
		return NewError(NoDate, "AWS authentication requires a valid Date or x-amz-date header")
	}
	return nil
}

func (a *Auth) scope(credential string) error {
	p := strings.Split(credential, "/")
	n := len(p)
	if n < 5 {
		return malformed("the Credential is mal-formed; expecting \"<YOUR-AKID>/YYYYMMDD/REGION/SERVICE/aws4_request\".")
	}
	a.AccessKeyID, a.Date, a.Region, a.Service = strings.Join(p[:n-4], "/"), p[n-4], p[n-3], p[n-2]
	if p[n-1] != "aws4_request" {
		return malformed("incorrect terminal %q. This endpoint uses \"aws4_request\".", p[n-1])
	}
	if _, err := time.Parse("20060102", a.Date); err != nil || len(a.Date) != 8 {
		return malformed("incorrect date format %q. This date in the credential must be in the format \"yyyyMMdd\".", a.Date)
	}
	if len(a.Region) > maxRegion {
		return malformed("the region is longer than %d characters.", maxRegion)
	}
	if !slices.Contains(a.rules.Services, a.Service) {
		if a.rules.S3 {
			return malformed("incorrect service %q. This endpoint belongs to \"s3\".", a.Service)
		}
		return NewError(WrongScope, fmt.Sprintf("Credential should be scoped to correct service: '%s'.", a.rules.Services[0]))
	}
	if len(a.rules.Regions) > 0 && !slices.Contains(a.rules.Regions, a.Region) {
		if a.rules.S3 {
			return malformed("the region '%s' is wrong; expecting '%s'", a.Region, a.rules.Regions[0]).with("Region",
				a.rules.Regions[0])
		}
		return NewError(WrongScope, fmt.Sprintf("Credential should be scoped to a valid region: '%s', not '%s'.",
			a.rules.Regions[0], a.Region))
	}
	if a.Date != a.Time.UTC().Format("20060102") {
		return malformed("Invalid credential date. Date is not the same as X-Amz-Date.")
	}
	return nil
}

func (a *Auth) payload(declared string) error {
	a.PayloadHash = declared
	switch {
	case declared == "" && a.rules.S3:
		return NewError(MissingPayloadHash, "Missing required header for this request: x-amz-content-sha256")
	case declared == "" || isHex64(declared):
		return nil
	case !a.rules.S3:
		return NewError(BadPayloadHash, "x-amz-content-sha256 must be the SHA-256 of the body here.")
	}
	switch declared {
	case Unsigned, StreamingUnsigned, StreamingSigned, StreamingSignedTrailer:
		return nil
	}
	return NewError(BadPayloadHash, "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "+
		"STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid sha256 value.")
}

func isHex64(s string) bool {
	if len(s) != 64 {
		return false
	}
	for _, c := range s {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

func queryError(message string) *Error { return NewError(MalformedQuery, message) }

func (a *Auth) parsePresigned(q *Params) error {
	for _, n := range []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date",
		"X-Amz-SignedHeaders", "X-Amz-Expires"} {
		if q.Count(n) != 1 {
			return queryError("Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, " +
				"X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.")
		}
	}
	if q.Count("X-Amz-Security-Token") > 1 {
		return queryError("X-Amz-Security-Token is given more than once.")
	}
	if q.Get("X-Amz-Algorithm") != algorithm {
		return queryError("X-Amz-Algorithm only supports \"" + algorithm + "\"")
	}
	seconds, err := strconv.ParseInt(q.Get("X-Amz-Expires"), 10, 64)
	switch {
	case err != nil:
		return queryError("X-Amz-Expires should be a number")
	case seconds < 0:
		return queryError("X-Amz-Expires must be non-negative")
	case seconds == 0 || seconds > int64(maxExpiry/time.Second):
		return queryError("X-Amz-Expires must be at least 1 and less than a week (in seconds); that is, the given " +
			"X-Amz-Expires must be less than 604800 seconds")
	}
	a.Expires = time.Duration(seconds) * time.Second
	if a.Time, err = time.Parse(dateForm, q.Get("X-Amz-Date")); err != nil {
		return queryError("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
	}
	a.signature, a.Token = q.Get("X-Amz-Signature"), q.Get("X-Amz-Security-Token")
	a.SignedHeaders = strings.Split(q.Get("X-Amz-SignedHeaders"), ";")
	if err := a.scope(q.Get("X-Amz-Credential")); err != nil {
		var e *Error
		if errors.As(err, &e) && e.Reason == Malformed {
			e.Reason = MalformedQuery
		}
		return err
	}
	if a.rules.S3 {
		a.PayloadHash = Unsigned
		if v, ok := q.Lookup("X-Amz-Content-Sha256"); ok {
			return a.payload(v)
		}
	}
	return nil
}

// checkSigned demands that the host and every x-amz-* header is signed: whoever captured a request must not be able to
// add meaning to it.
func (a *Auth) checkSigned() error {
	s := a.SignedHeaders
	if !slices.IsSorted(s) || len(slices.Compact(slices.Clone(s))) != len(s) ||
		slices.ContainsFunc(s, func(n string) bool { return n == "" || n != strings.ToLower(n) }) {
		return malformed("SignedHeaders must be lower-case, sorted and without repetition.")
	}
	if !slices.Contains(s, "host") {
		return malformed("SignedHeaders must contain host.")
	}
	var missing []string
	for name, values := range a.request.Header {
		lower := strings.ToLower(name)
		must := strings.HasPrefix(lower, "x-amz-") || lower == "content-md5" && a.Mode == Header
		if lower == "x-amz-content-sha256" && (a.Mode == Header || len(values) == 1 && values[0] == a.PayloadHash) {
			must = false // it is the payload line, which is signed
		}
		if must && !slices.Contains(s, lower) {
			missing = append(missing, lower)
		}
		if len(values) > 1 && single(lower) {
			return NewError(TwoMechanisms, "The header "+lower+" is given more than once.")
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return NewError(NotSigned, "There were headers present in the request which were not signed").with("HeadersNotSigned",
			strings.Join(missing, ", "))
	}
	return nil
}

// single are headers whose meaning must not hang on which of several copies is read.
func single(name string) bool {
	switch name {
	case "x-amz-acl", "x-amz-copy-source", "x-amz-tagging", "x-amz-security-token", "x-amz-date", "x-amz-content-sha256",
		"range":
		return true
	}
	return strings.HasPrefix(name, "if-")
}
