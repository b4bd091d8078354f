package gateway

import (
	"encoding/xml"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

// statuses are S3's, by code (S3 API, "Error Responses").
var statuses = map[string]int{
	"AccessDenied": 403, "AccessControlListNotSupported": 400, "BadDigest": 400, "BucketAlreadyExists": 409,
	"BucketAlreadyOwnedByYou": 409,
	"BucketNotEmpty":          409, "EntityTooLarge": 400, "EntityTooSmall": 400,
	"IllegalLocationConstraintException": 400,
	"IncompleteBody":                     400,
	"InternalError":                      500, "InvalidArgument": 400, "InvalidBucketName": 400,
	"InvalidChunkSizeError": 400,
	"InvalidDigest":         400, "InvalidPart": 400,
	"InvalidPartOrder": 400, "InvalidRange": 416, "InvalidRequest": 400, "InvalidURI": 400, "KeyTooLongError": 400,
	"MalformedPolicy":       400,
	"MalformedTrailerError": 400, "MalformedXML": 400, "MethodNotAllowed": 405, "MissingContentLength": 411,
	"MissingRequestBodyError": 400,
	"NoSuchBucket":            404, "NoSuchBucketPolicy": 404, "NoSuchKey": 404, "NoSuchUpload": 404,
	"NotImplemented":     501,
	"NotModified":        304,
	"PreconditionFailed": 412, "RequestTimeout": 400, "ServiceUnavailable": 503, "UnexpectedContent": 400,
	"InvalidTag": 400, "NoSuchVersion": 404, "SlowDown": 503,
	"NoSuchTagSet": 404, "NoSuchCORSConfiguration": 404, "NoSuchLifecycleConfiguration": 404,
	"NoSuchWebsiteConfiguration": 404, "NoSuchConfiguration": 404,
	"ReplicationConfigurationNotFoundError": 404, "ObjectLockConfigurationNotFoundError": 404,
	"NoSuchPublicAccessBlockConfiguration": 404,
	"OwnershipControlsNotFoundError":       404, "SignatureDoesNotMatch": 403, "XAmzContentSHA256Mismatch": 400,
}

var codes = map[granary.Kind]string{granary.Invalid: "InvalidRequest", granary.Unauthenticated: "AccessDenied",
	granary.Denied:   "AccessDenied",
	granary.NotFound: "NoSuchKey", granary.NotImplemented: "NotImplemented", granary.Unavailable: "ServiceUnavailable",
	granary.Internal: "InternalError",
	granary.Conflict: "OperationAborted", granary.Exists: "BucketAlreadyExists", granary.Quota: "InvalidRequest",
	granary.Throttled: "SlowDown"}

// words puts an error into S3's words: status, code, message, further members.
func words(err error) (status int, code, message string, detail map[string]string) {
	var signature *sigv4.Error
	if errors.As(err, &signature) {
		status, code = signature.Reason.S3()
		return status, code, signature.Message, signature.Detail
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
func (x *exchange) failure(err error) *response {
	status, code, message, detail := words(err)
	r := &response{status: status, header: http.Header{}}
	if x.req.Operation != nil && x.req.Operation.Name == "HeadBucket" || code == "AuthorizationHeaderMalformed" {
		r.header.Set("X-Amz-Bucket-Region", x.Region)
	}
	if status == http.StatusServiceUnavailable {
		r.header.Set("Retry-After", "1")
	}
	if x.in.HTTP.Method == http.MethodHead || status == http.StatusNotModified {
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
	b.WriteString("<RequestId>" + x.in.ID + "</RequestId><HostId>" + x.in.HostID + "</HostId></Error>")
	r.header.Set("Content-Type", "application/xml")
	r.body = []byte(b.String())
	return r
}
