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

// codesByStatus has S3's codes (S3 API, "Error Responses"). A code that is not here has the status 400.
var codesByStatus = map[int][]string{
	304: {"NotModified"},
	400: {"AccessControlListNotSupported", "BadDigest", "EntityTooLarge", "EntityTooSmall",
		"IllegalLocationConstraintException", "IncompleteBody", "InvalidArgument", "InvalidBucketName",
		"InvalidChunkSizeError", "InvalidDigest", "InvalidPart", "InvalidPartOrder", "InvalidRequest", "InvalidTag",
		"InvalidURI", "KeyTooLongError", "MalformedPolicy", "MalformedTrailerError", "MalformedXML",
		"MissingRequestBodyError", "RequestTimeout", "UnexpectedContent", "XAmzContentSHA256Mismatch"},
	403: {"AccessDenied", "SignatureDoesNotMatch"},
	404: {"NoSuchBucket", "NoSuchBucketPolicy", "NoSuchCORSConfiguration", "NoSuchConfiguration", "NoSuchKey",
		"NoSuchLifecycleConfiguration", "NoSuchPublicAccessBlockConfiguration", "NoSuchTagSet", "NoSuchUpload",
		"NoSuchVersion", "NoSuchWebsiteConfiguration", "ObjectLockConfigurationNotFoundError",
		"OwnershipControlsNotFoundError", "ReplicationConfigurationNotFoundError"},
	405: {"MethodNotAllowed"},
	409: {"BucketAlreadyExists", "BucketAlreadyOwnedByYou", "BucketNotEmpty", "OperationAborted"},
	411: {"MissingContentLength"},
	412: {"PreconditionFailed"},
	416: {"InvalidRange"},
	500: {"InternalError"},
	501: {"NotImplemented"},
	503: {"ServiceUnavailable", "SlowDown"},
}

// statuses are those of the codes.
var statuses = func() map[string]int {
	out := map[string]int{}
	for status, codes := range codesByStatus {
		for _, code := range codes {
			out[code] = status
		}
	}
	return out
}()

// codes has each kind's code where the error has none of its own.
var codes = map[granary.Kind]string{
	granary.Internal: "InternalError", granary.Invalid: "InvalidRequest", granary.Unauthenticated: "AccessDenied",
	granary.Denied: "AccessDenied", granary.NotFound: "NoSuchKey", granary.Exists: "BucketAlreadyExists",
	granary.Conflict: "OperationAborted", granary.Quota: "InvalidRequest", granary.Throttled: "SlowDown",
	granary.NotImplemented: "NotImplemented", granary.Unavailable: "ServiceUnavailable",
}

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
