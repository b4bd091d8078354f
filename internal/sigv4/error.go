package sigv4

import (
	"granary"
	"granary/internal/cause"
)

// Reason says why a signature was refused. Each protocol has its own code for it.
type Reason uint8

// The reasons.
const (
	MissingToken Reason = iota + 1 // no credentials
	UnknownKey
	BadSignature
	Skewed
	NotYet  // presigned URL of the future
	Expired // presigned URL of the past
	Malformed
	MalformedQuery
	WrongScope
	InvalidToken
	ExpiredToken
	TwoMechanisms
	NotSigned // headers that had to be signed
	NoDate
	BadPayloadHash // the header's value
	PayloadMismatch
	MissingPayloadHash
	OldVersion // SigV2
	Unsupported
	BadURI
	BadChunk
	SmallChunk
	Incomplete
	BadTrailer
	NoLength
)

var causes = [...]granary.Cause{
	MissingToken:       cause.KeyMissing,
	UnknownKey:         cause.KeyUnknown,
	BadSignature:       cause.KeySignature,
	Skewed:             cause.KeySkewed,
	NotYet:             cause.KeyNotYet,
	Expired:            cause.KeyExpiredURL,
	Malformed:          cause.KeyMalformed,
	MalformedQuery:     cause.KeyMalformed,
	WrongScope:         cause.KeyWrongScope,
	InvalidToken:       cause.KeyInvalidToken,
	ExpiredToken:       cause.KeyExpiredToken,
	TwoMechanisms:      cause.KeyTwoMechanisms,
	NotSigned:          cause.KeyUnsignedHeaders,
	NoDate:             cause.KeyNoDate,
	BadPayloadHash:     cause.KeyPayloadHash,
	PayloadMismatch:    cause.KeyPayloadMismatch,
	MissingPayloadHash: cause.KeyNoPayloadHash,
	OldVersion:         cause.KeySigV2,
	Unsupported:        cause.KeyUnsupported,
	BadURI:             cause.KeyURI,
	BadChunk:           cause.KeyChunk,
	SmallChunk:         cause.KeySmallChunk,
	Incomplete:         cause.KeyIncomplete,
	BadTrailer:         cause.KeyTrailer,
	NoLength:           cause.KeyNoLength,
}

// Cause returns the cause by which a refusal for this reason is explained.
func (r Reason) Cause() granary.Cause { return causes[r] }

// String returns the reason in a word: the name of its cause.
func (r Reason) String() string { return causes[r].Name() }

// Error is a refused signature. Message is for the caller; Detail are further members of S3's error body.
type Error struct {
	Reason  Reason
	Message string
	Detail  map[string]string
}

func (e *Error) Error() string { return e.Message }

// NewError makes an error.
func NewError(r Reason, message string) *Error { return &Error{Reason: r, Message: message} }

func (e *Error) with(k, v string) *Error {
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail[k] = v
	return e
}

type codes struct {
	s3Status int
	s3       string
	qStatus  int
	query    string
	json     string
}

var table = map[Reason]codes{
	MissingToken: {403, "AccessDenied", 403, "MissingAuthenticationToken", "MissingAuthenticationTokenException"},
	UnknownKey:   {403, "InvalidAccessKeyId", 403, "InvalidClientTokenId", "UnrecognizedClientException"},
	BadSignature: {403, "SignatureDoesNotMatch", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	Skewed:       {403, "RequestTimeTooSkewed", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	NotYet:       {403, "AccessDenied", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	Expired:      {403, "AccessDenied", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	Malformed:    {400, "AuthorizationHeaderMalformed", 400, "IncompleteSignature", "IncompleteSignatureException"},
	MalformedQuery: {400, "AuthorizationQueryParametersError", 400, "IncompleteSignature",
		"IncompleteSignatureException"},
	WrongScope:         {400, "AuthorizationHeaderMalformed", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	InvalidToken:       {400, "InvalidToken", 403, "InvalidClientTokenId", "UnrecognizedClientException"},
	ExpiredToken:       {400, "ExpiredToken", 403, "ExpiredToken", "ExpiredTokenException"},
	TwoMechanisms:      {400, "InvalidArgument", 400, "IncompleteSignature", "IncompleteSignatureException"},
	NotSigned:          {403, "AccessDenied", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	NoDate:             {403, "AccessDenied", 400, "IncompleteSignature", "IncompleteSignatureException"},
	BadPayloadHash:     {400, "InvalidArgument", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	PayloadMismatch:    {400, "XAmzContentSHA256Mismatch", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	MissingPayloadHash: {400, "InvalidRequest", 403, "SignatureDoesNotMatch", "InvalidSignatureException"},
	OldVersion:         {400, "InvalidRequest", 400, "IncompleteSignature", "IncompleteSignatureException"},
	Unsupported:        {400, "InvalidArgument", 400, "IncompleteSignature", "IncompleteSignatureException"},
	BadURI:             {400, "InvalidURI", 400, "MalformedQueryString", "SerializationException"},
	BadChunk:           {400, "InvalidRequest", 400, "InvalidRequest", "InvalidRequest"},
	SmallChunk:         {400, "InvalidChunkSizeError", 400, "InvalidRequest", "InvalidRequest"},
	Incomplete:         {400, "IncompleteBody", 400, "InvalidRequest", "InvalidRequest"},
	BadTrailer:         {400, "MalformedTrailerError", 400, "InvalidRequest", "InvalidRequest"},
	NoLength:           {411, "MissingContentLength", 411, "MissingContentLength", "MissingContentLength"},
}

// S3 is the status and code on S3 and s3control.
func (r Reason) S3() (status int, code string) { return table[r].s3Status, table[r].s3 }

// Query is the status and code on STS and IAM.
func (r Reason) Query() (status int, code string) { return table[r].qStatus, table[r].query }

// JSON is the status and code on the JSON services.
func (r Reason) JSON() (status int, code string) { return 400, table[r].json }
