package gateway

import (
	"net/http"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary"
	"granary/internal/backend"
)

const maxPut = 5 << 30 // bytes in one request

// stored are the headers that are kept with an object.
var stored = []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type", "Expires"}

// attributes reads what the client gives with the bytes.
func (q *request) attributes() (a backend.Attributes, err error) {
	a.Headers = map[string]string{}
	for _, name := range stored {
		v := q.header.Get(name)
		if name == "Content-Encoding" {
			v = withoutChunked(v)
		}
		if v != "" {
			a.Headers[name] = v
		}
	}
	if a.Headers["Content-Type"] == "" {
		a.Headers["Content-Type"] = "binary/octet-stream"
	}
	size := 0
	for name, values := range q.header {
		if meta, ok := strings.CutPrefix(strings.ToLower(name), "x-amz-meta-"); ok {
			if a.Meta == nil {
				a.Meta = map[string]string{}
			}
			a.Meta[meta] = strings.Join(values, ",")
			size += len(meta) + len(a.Meta[meta])
		}
	}
	if size > 2048 {
		return a, badRequest("MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size")
	}
	if c := q.header.Get("X-Amz-Storage-Class"); c != "" && c != "STANDARD" {
		if !slices.Contains([]string{"REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING"}, c) {
			return a, badRequest("InvalidStorageClass", "The storage class you specified is not valid")
		}
		a.StorageClass = c
	}
	return a, q.acl()
}

// withoutChunked takes the framing of the upload out of the encoding of the object.
func withoutChunked(v string) string {
	var out []string
	for e := range strings.SplitSeq(v, ",") {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "aws-chunked") {
			out = append(out, e)
		}
	}
	return strings.Join(out, ",")
}

// conditions reads what must hold of the object that is there.
func (q *request) conditions() (c backend.Conditions, err error) {
	c.IfMatch = unquote(q.header.Get("If-Match"))
	switch v := q.header.Get("If-None-Match"); v {
	case "":
	case "*":
		c.IfNoneMatch = true
	default:
		return c, notImplemented("If-None-Match with anything but *")
	}
	return c, nil
}

func unquote(etag string) string { return strings.Trim(strings.TrimSpace(etag), `"`) }

func (q *request) putObject() (*response, error) {
	a, err := q.attributes()
	if err != nil {
		return nil, err
	}
	c, err := q.conditions()
	if err != nil {
		return nil, err
	}
	b, err := q.newBody()
	if err != nil {
		return nil, err
	}
	if b.size > maxPut {
		return nil, badRequest("EntityTooLarge", "Your proposed upload exceeds the maximum allowed size")
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Put(q.ctx, &backend.Put{Bucket: remote(q.bucket), Key: q.key, Body: b, Size: b.size, Attributes: a, Conditions: c, Verified: b.checksums, Now: q.Now().UTC()})
	if err != nil {
		return nil, err
	}
	r := empty(http.StatusOK)
	r.header.Set("Etag", quote(o.ETag))
	sumHeaders(r.header, o.Checksums, o.ChecksumType)
	return r, nil
}

func sumHeaders(h http.Header, sums map[string]string, kind string) {
	for a, v := range sums {
		h.Set("X-Amz-Checksum-"+a, v)
	}
	if len(sums) > 0 && kind != "" {
		h.Set("X-Amz-Checksum-Type", kind)
	}
}

// getObject answers GET and HEAD.
func (q *request) getObject() (*response, error) {
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	var o *backend.Object
	var content backend.Content
	if q.http.Method == http.MethodHead {
		o, err = s.Stat(q.ctx, remote(q.bucket), q.key)
	} else {
		o, content, err = s.Open(q.ctx, remote(q.bucket), q.key)
	}
	if err != nil {
		return nil, q.hidden(err)
	}
	r := &response{status: http.StatusOK, header: http.Header{}, content: content, length: o.Size}
	if err := q.describe(r, o); err != nil {
		r.close()
		return nil, err
	}
	if r.status == http.StatusNotModified {
		r.close()
		r.content = nil
	}
	return r, nil
}

// describe fills the headers, and narrows the answer to a range, a part, or nothing.
func (q *request) describe(r *response, o *backend.Object) error {
	h := r.header
	objectHeaders(h, o)
	fresh, err := q.preconditions(o)
	if err != nil {
		return err
	}
	if !fresh {
		r.status, r.length = http.StatusNotModified, 0
		return nil
	}
	first, length, partial, err := q.window(o)
	if err != nil {
		return err
	}
	if partial {
		r.status, r.length = http.StatusPartialContent, length
		h.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(first+length-1, 10)+"/"+strconv.FormatInt(o.Size, 10))
		if r.content != nil {
			if _, err := r.content.Seek(first, 0); err != nil {
				return err
			}
		}
	}
	if q.query.Has("partNumber") && len(o.Parts) > 0 {
		h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(o.Parts)))
	}
	if !partial && strings.EqualFold(q.header.Get("X-Amz-Checksum-Mode"), "ENABLED") {
		sumHeaders(h, o.Checksums, o.ChecksumType)
	}
	if q.http.Method == http.MethodHead {
		h.Set("Content-Length", strconv.FormatInt(r.length, 10))
	}
	return q.overrides(h)
}

func objectHeaders(h http.Header, o *backend.Object) {
	for name, v := range o.Headers {
		h.Set(name, v)
	}
	for name, v := range o.Meta {
		h["x-amz-meta-"+name] = []string{v}
	}
	h.Set("Etag", quote(o.ETag))
	h.Set("Last-Modified", o.Modified.UTC().Format(http.TimeFormat))
	h.Set("Accept-Ranges", "bytes")
	if o.StorageClass != "" {
		h.Set("X-Amz-Storage-Class", o.StorageClass)
	}
}

var errPrecondition = granary.Errorf(granary.Conflict, "At least one of the pre-conditions you specified did not hold").WithCode("PreconditionFailed")

// preconditions decides by RFC 9110 §13.2.2 in its order. fresh is false for "not modified".
func (q *request) preconditions(o *backend.Object) (fresh bool, err error) {
	h := q.header
	return conditional(o, h.Get("If-Match"), h.Get("If-None-Match"), h.Get("If-Modified-Since"), h.Get("If-Unmodified-Since"))
}

func conditional(o *backend.Object, match, noneMatch, since, unmodified string) (fresh bool, err error) {
	modified := o.Modified.Truncate(time.Second)
	if match != "" {
		if !listed(match, o.ETag) {
			return false, errPrecondition
		}
	} else if t, err := http.ParseTime(unmodified); err == nil && modified.After(t) {
		return false, errPrecondition
	}
	if noneMatch != "" {
		return !listed(noneMatch, o.ETag), nil
	}
	if t, err := http.ParseTime(since); err == nil && !modified.After(t) {
		return false, nil
	}
	return true, nil
}

func listed(list, etag string) bool {
	for e := range strings.SplitSeq(list, ",") {
		if e = strings.TrimSpace(e); e == "*" || unquote(strings.TrimPrefix(e, "W/")) == etag {
			return true
		}
	}
	return false
}

// window reads Range or partNumber. More than one range is ignored, as S3 does.
func (q *request) window(o *backend.Object) (first, length int64, partial bool, err error) {
	text := q.header.Get("Range")
	if q.query.Has("partNumber") {
		if text != "" {
			return 0, 0, false, badRequest("InvalidRequest", "Cannot specify both Range header and partNumber query parameter")
		}
		return part(o, q.query.Get("partNumber"))
	}
	spec, ok := strings.CutPrefix(text, "bytes=")
	if !ok || strings.Contains(spec, ",") {
		return 0, o.Size, false, nil
	}
	from, to, ok := strings.Cut(spec, "-")
	if !ok {
		return 0, o.Size, false, nil
	}
	unsatisfiable := granary.Errorf(granary.Invalid, "The requested range is not satisfiable").WithCode("InvalidRange").
		With("ActualObjectSize", strconv.FormatInt(o.Size, 10)).With("RangeRequested", text)
	if from == "" {
		n, err := strconv.ParseInt(to, 10, 64)
		if err != nil {
			return 0, o.Size, false, nil
		}
		if n <= 0 || o.Size == 0 {
			return 0, 0, false, unsatisfiable
		}
		n = min(n, o.Size)
		return o.Size - n, n, true, nil
	}
	a, err := strconv.ParseInt(from, 10, 64)
	if err != nil {
		return 0, o.Size, false, nil
	}
	z := o.Size - 1
	if to != "" {
		if z, err = strconv.ParseInt(to, 10, 64); err != nil || z < a {
			return 0, o.Size, false, nil
		}
	}
	if a >= o.Size {
		return 0, 0, false, unsatisfiable
	}
	return a, min(z, o.Size-1) - a + 1, true, nil
}

func part(o *backend.Object, text string) (first, length int64, partial bool, err error) {
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 10000 {
		return 0, 0, false, badRequest("InvalidArgument", "Part number must be an integer between 1 and 10000, inclusive")
	}
	if len(o.Parts) == 0 && n == 1 {
		return 0, o.Size, o.Size > 0, nil
	}
	if n > len(o.Parts) {
		return 0, 0, false, granary.Errorf(granary.Invalid, "The requested partnumber is not satisfiable").WithCode("InvalidRange")
	}
	for _, size := range o.Parts[:n-1] {
		first += size
	}
	return first, o.Parts[n-1], true, nil
}

// overrides applies the response-* parameters, which only signed requests may use.
func (q *request) overrides(h http.Header) error {
	for _, name := range stored {
		v, ok := q.query.Lookup("response-" + strings.ToLower(name))
		if !ok {
			continue
		}
		if !q.signed() {
			return badRequest("InvalidRequest", "Request specific response headers cannot be used for anonymous GET requests.")
		}
		if strings.ContainsAny(v, "\r\n") {
			return badRequest("InvalidArgument", "The response header "+name+" has a line break.")
		}
		h.Set(textproto.CanonicalMIMEHeaderKey(name), v)
	}
	return nil
}

func (q *request) deleteObject() (*response, error) {
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	if err := s.Delete(q.ctx, remote(q.bucket), q.key, unquote(q.header.Get("If-Match"))); err != nil {
		return nil, err
	}
	return empty(http.StatusNoContent), nil
}
