package s3req

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"granary"
)

// Conditions are what must hold of an object, as the request writes it; "" is no condition.
type Conditions struct {
	IfMatch, IfNoneMatch               string
	IfModifiedSince, IfUnmodifiedSince string
}

// ErrPrecondition refuses a request whose condition does not hold.
var ErrPrecondition = granary.Errorf(granary.Conflict, "At least one of the pre-conditions you specified did not hold").
	WithCode("PreconditionFailed")

// parseWriteConditions reads the conditions of an operation that makes an object.
func (r *Request) parseWriteConditions() error {
	r.Conditions.IfMatch, r.Conditions.IfNoneMatch = r.header.Get("If-Match"), r.header.Get("If-None-Match")
	if v := r.Conditions.IfNoneMatch; v != "" && v != "*" {
		return NotImplemented("If-None-Match with anything but *")
	}
	return nil
}

// Unquote returns an ETag without its quotes, which clients may leave out.
func Unquote(etag string) string { return strings.Trim(strings.TrimSpace(etag), `"`) }

// Check compares the conditions with an object, in the order of RFC 9110 §13.2.2. etag has no quotes. It fails with
// ErrPrecondition; fresh is false when the object is not modified.
func (c Conditions) Check(etag string, modified time.Time) (fresh bool, err error) {
	modified = modified.Truncate(time.Second)
	if c.IfMatch != "" {
		if !matches(c.IfMatch, etag) {
			return false, ErrPrecondition
		}
	} else if t, err := http.ParseTime(c.IfUnmodifiedSince); err == nil && modified.After(t) {
		return false, ErrPrecondition
	}
	if c.IfNoneMatch != "" {
		return !matches(c.IfNoneMatch, etag), nil
	}
	if t, err := http.ParseTime(c.IfModifiedSince); err == nil && !modified.After(t) {
		return false, nil
	}
	return true, nil
}

// matches reports whether a list of ETags has one, or is "*".
func matches(list, etag string) bool {
	for e := range strings.SplitSeq(list, ",") {
		if e = strings.TrimSpace(e); e == "*" || Unquote(strings.TrimPrefix(e, "W/")) == etag {
			return true
		}
	}
	return false
}

// Window is the part of an object that a request asks for.
type Window struct {
	Range     string // as sent
	IfRange   string // the ETag or time of the object that Range is about
	Part      string // partNumber, as sent
	HasPart   bool
	Checksums bool // the answer is to tell the checksums of the whole object
}

// Content is what a window is resolved against.
type Content struct {
	Size     int64
	ETag     string // without quotes
	Modified time.Time
	Parts    []int64 // sizes of the parts that the object was made of; nil when it was made in one piece
}

// Resolve returns the bytes to answer. partial is false when they are the whole object. It fails with InvalidRange,
// with InvalidArgument for a bad part number, and with InvalidRequest when both a range and a part are asked for. A
// Range that is malformed or has several ranges is ignored, as S3 does.
func (w Window) Resolve(o Content) (first, length int64, partial bool, err error) {
	if w.HasPart {
		if w.Range != "" {
			return 0, 0, false, Invalid("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
		}
		return resolvePart(o, w.Part)
	}
	spec, ok := strings.CutPrefix(w.Range, "bytes=")
	if v := w.IfRange; v != "" && Unquote(v) != o.ETag && v != o.Modified.UTC().Format(http.TimeFormat) {
		ok = false // the client has a piece of another object
	}
	from, to, isRange := strings.Cut(spec, "-")
	if !ok || !isRange || strings.Contains(spec, ",") {
		return 0, o.Size, false, nil
	}
	first, last, ok := parseRange(from, to, o.Size)
	switch {
	case !ok:
		return 0, o.Size, false, nil
	case first >= o.Size || last < first:
		return 0, 0, false, granary.Errorf(granary.Invalid, "The requested range is not satisfiable").
			WithCode("InvalidRange").With("ActualObjectSize", strconv.FormatInt(o.Size, 10)).With("RangeRequested", w.Range)
	}
	return first, last - first + 1, true, nil
}

// parseRange reads the ends of a range over an object of a size: "first-last", "first-", or "-length". ok is false when
// it is malformed. A range that lies outside of the object has a first byte at or after its end, or after the last.
func parseRange(from, to string, size int64) (first, last int64, ok bool) {
	if from == "" {
		n, err := strconv.ParseInt(to, 10, 64)
		if n <= 0 {
			return size, size, err == nil
		}
		return size - min(n, size), size - 1, err == nil
	}
	first, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return 0, 0, false
	}
	last = size - 1
	if to != "" {
		if last, err = strconv.ParseInt(to, 10, 64); err != nil || last < first {
			return 0, 0, false
		}
	}
	return first, min(last, size-1), true
}

func resolvePart(o Content, text string) (first, length int64, partial bool, err error) {
	n, err := parsePartNumber(text)
	if err != nil {
		return 0, 0, false, err
	}
	if len(o.Parts) == 0 && n == 1 {
		return 0, o.Size, o.Size > 0, nil
	}
	if n > len(o.Parts) {
		return 0, 0, false, Invalid("InvalidRange", "The requested partnumber is not satisfiable")
	}
	for _, size := range o.Parts[:n-1] {
		first += size
	}
	return first, o.Parts[n-1], true, nil
}
