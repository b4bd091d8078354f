package s3

import (
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"

	"granary"
	"granary/internal/backend"
	"granary/internal/upstream"
)

func invalid(code, message string) error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode(code)
}

// unable refuses what the store is not known to do.
func unable(what string) error {
	return granary.Errorf(granary.NotImplemented, "The storage of this bucket is not known to support %s.", what).
		WithCode("NotImplemented")
}

// Refused is the answer of a store that refuses a request.
type Refused struct {
	Status        int
	Code, Message string // as the store says them: for the operator, never for a client
}

func (e *Refused) Error() string {
	return "the store answers " + http.StatusText(e.Status) + " " + e.Code + ": " + e.Message
}

const maxErrorBody = 64 << 10

// refusedBy reads the answer of a store that refuses.
func refusedBy(resp *upstream.Response) *Refused {
	defer resp.Body.Close()
	out := &Refused{Status: resp.Status}
	var doc struct {
		XMLName xml.Name
		Code    string
		Message string
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody))
	if err == nil && decode(text, &doc) == nil && doc.XMLName.Local == "Error" {
		out.Code, out.Message = cut(doc.Code), cut(doc.Message)
	}
	return out
}

// cut shortens a store's text for the log.
func cut(s string) string { return s[:min(len(s), 200)] }

// relayed are the refusals that mean the same here, with Granary's words.
var relayed = map[string]error{
	"BadDigest":                   invalid("BadDigest", "The checksum you specified did not match what we received."),
	"XAmzContentChecksumMismatch": invalid("BadDigest", "The checksum you specified did not match what we received."),
	"EntityTooLarge":              invalid("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size"),
	"EntityTooSmall": invalid("EntityTooSmall",
		"Your proposed upload is smaller than the minimum allowed size"),
	"InvalidPart": invalid("InvalidPart", "One or more of the specified parts could not be found. The part may not have "+
		"been uploaded, or the specified entity tag may not match the part's entity tag."),
	"InvalidPartOrder": invalid("InvalidPartOrder", "The list of parts was not in ascending order. Parts must be ordered "+
		"by part number."),
	"InvalidRange":        invalid("InvalidRange", "The requested range is not satisfiable"),
	"KeyTooLongError":     invalid("KeyTooLongError", "Your key is too long"),
	"InvalidObjectName":   invalid("KeyTooLongError", "Your key is too long"),
	"InvalidStorageClass": invalid("InvalidStorageClass", "The storage class you specified is not valid"),
	"InvalidTag":          invalid("InvalidTag", "The tag provided was not a valid tag."),
	"MetadataTooLarge":    invalid("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size"),
	"NotImplemented":      unable("this operation"),

	"XMinioInvalidObjectName":       errKey,
	"XMinioInvalidResourceName":     errKey,
	"DirectoryObjectContainsData":   errOccupied,
	"ObjectParentIsFile":            errOccupied,
	"ExistingObjectIsDirectory":     errOccupied,
	"XMinioObjectExistsAsDirectory": errOccupied,
	"XMinioParentIsObject":          errOccupied,
}

var errOccupied = granary.Errorf(granary.Conflict, "This storage cannot hold a key that is the folder of another key.").
	WithCode("InvalidRequest")

// about is what a request was for, to word what is missing.
type about struct{ bucket, key string }

// translate puts the refusal of a store into Granary's words. What is about the gateway's own key, clock or rights is
// no fault of the client, and is told to the operator.
func (s *Store) translate(e *Refused, a about) error {
	if err, ok := relayed[e.Code]; ok {
		return err
	}
	switch {
	case e.Code == "NoSuchKey" || e.Code == "" && e.Status == http.StatusNotFound && a.key != "":
		return backend.NoKey(a.key)
	case e.Code == "NoSuchUpload":
		return backend.NoUpload()
	case e.Code == "BucketNotEmpty":
		return backend.NotEmpty(a.bucket)
	case e.Status == http.StatusPreconditionFailed:
		return backend.PreconditionFailed()
	case e.Status == http.StatusRequestedRangeNotSatisfiable:
		return relayed["InvalidRange"]
	case e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests || e.Code == "SlowDown":
		return granary.Wrap(granary.Throttled, "Please reduce your request rate.", e).WithCode("SlowDown")
	case e.Status >= http.StatusInternalServerError && e.Status != http.StatusNotImplemented:
		return unavailable(e)
	case e.Status == http.StatusNotImplemented:
		return relayed["NotImplemented"]
	case e.Code == "" && e.Status == http.StatusBadRequest:
		return invalid("InvalidArgument", "The storage of this bucket does not accept the request.")
	}
	s.options.Warn("the store behind the gateway refuses what the gateway asks", "backend", s.options.Name,
		"status", e.Status, "code", e.Code, "says", e.Message)
	return granary.Wrap(granary.Internal, "We encountered an internal error. Please try again.", e)
}

func unavailable(err error) error {
	return granary.Wrap(granary.Unavailable, "The storage of this bucket does not answer. Please try again.", err).
		WithCode("ServiceUnavailable")
}

// failed words an error of package upstream.
func failed(err error) error {
	var body *upstream.BodyError
	switch {
	case errors.As(err, &body):
		return body.Err
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return err
	case errors.Is(err, upstream.ErrAnswer):
		return granary.Wrap(granary.Internal, "We encountered an internal error. Please try again.", err)
	}
	return unavailable(err)
}
