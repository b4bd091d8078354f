package gateway

import (
	"encoding/xml"
	"maps"
	"net/http"
	"slices"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

// statuses are S3's, by code (S3 API, "Error Responses").
var statuses = map[string]int{
	"AccessDenied": 403, "AccessControlListNotSupported": 400, "BadDigest": 400, "BucketAlreadyExists": 409, "BucketAlreadyOwnedByYou": 409,
	"BucketNotEmpty": 409, "EntityTooLarge": 400, "EntityTooSmall": 400, "IllegalLocationConstraintException": 400, "IncompleteBody": 400,
	"InternalError": 500, "InvalidArgument": 400, "InvalidBucketName": 400, "InvalidChunkSizeError": 400, "InvalidDigest": 400, "InvalidPart": 400,
	"InvalidPartOrder": 400, "InvalidRange": 416, "InvalidRequest": 400, "InvalidURI": 400, "KeyTooLongError": 400, "MalformedPolicy": 400,
	"MalformedTrailerError": 400, "MalformedXML": 400, "MethodNotAllowed": 405, "MissingContentLength": 411, "MissingRequestBodyError": 400,
	"NoSuchBucket": 404, "NoSuchBucketPolicy": 404, "NoSuchKey": 404, "NoSuchUpload": 404, "NotImplemented": 501, "NotModified": 304,
	"PreconditionFailed": 412, "RequestTimeout": 400, "ServiceUnavailable": 503, "SignatureDoesNotMatch": 403, "XAmzContentSHA256Mismatch": 400,
}

var codes = map[granary.Kind]string{granary.Invalid: "InvalidRequest", granary.Unauthenticated: "AccessDenied", granary.Denied: "AccessDenied",
	granary.NotFound: "NoSuchKey", granary.NotImplemented: "NotImplemented", granary.Unavailable: "ServiceUnavailable", granary.Internal: "InternalError",
	granary.Conflict: "OperationAborted", granary.Exists: "BucketAlreadyExists", granary.Quota: "InvalidRequest", granary.Throttled: "SlowDown"}

// words puts an error into S3's: status, code, message, further members.
func words(err error) (status int, code, message string, detail map[string]string) {
	if e, ok := err.(*sigv4.Error); ok {
		status, code = e.Reason.S3()
		return status, code, e.Message, e.Detail
	}
	e := granary.AsError(err)
	code = e.Code
	if code == "" {
		code = codes[e.Kind]
	}
	status = statuses[code]
	if status == 0 {
		status = map[bool]int{true: http.StatusInternalServerError, false: http.StatusBadRequest}[e.Kind == granary.Internal]
	}
	detail = map[string]string{}
	for k, v := range e.Detail {
		detail[k] = v
	}
	return status, code, e.Message, detail
}

// failure is the answer for an error. HEAD has no body, and HeadBucket tells the Region whatever happens.
func (q *request) failure(err error) *response {
	status, code, message, detail := words(err)
	r := &response{status: status, header: http.Header{}}
	if q.op != nil && q.op.name == "HeadBucket" || code == "AuthorizationHeaderMalformed" {
		r.header.Set("X-Amz-Bucket-Region", q.Region)
	}
	if status == http.StatusServiceUnavailable {
		r.header.Set("Retry-After", "1")
	}
	if q.http.Method == http.MethodHead || status == http.StatusNotModified {
		return r
	}
	var b strings.Builder
	b.WriteString(xml.Header + "<Error><Code>" + code + "</Code><Message>")
	_ = xml.EscapeText(&b, []byte(message)) // a builder never fails
	b.WriteString("</Message>")
	for _, k := range slices.Sorted(maps.Keys(detail)) {
		b.WriteString("<" + k + ">")
		_ = xml.EscapeText(&b, []byte(detail[k]))
		b.WriteString("</" + k + ">")
	}
	b.WriteString("<RequestId>" + q.in.RequestID + "</RequestId><HostId>" + q.in.HostID + "</HostId></Error>")
	r.header.Set("Content-Type", "application/xml")
	r.body = []byte(b.String())
	return r
}
