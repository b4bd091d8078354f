package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary"
	"granary/internal/backend"
	"granary/internal/upstream"
)

var algorithms = []string{"CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"}

// kept are the headers that are kept with an object.
var kept = []string{"Cache-Control", "Content-Disposition", "Content-Encoding", "Content-Language", "Content-Type",
	"Expires"}

// describe sets what a client gives with the bytes.
func (s *Store) describe(c *call, a *backend.Attributes) error {
	for _, name := range kept {
		c.setIf(strings.ToLower(name), a.Headers[name])
	}
	for name, v := range a.Meta {
		c.set("x-amz-meta-"+name, v)
	}
	c.setIf("x-amz-storage-class", a.StorageClass)
	if len(a.Tags) == 0 {
		return nil
	}
	if !s.caps.Load().Tagging {
		return unable("object tags")
	}
	c.set("x-amz-tagging", encodeTags(a.Tags))
	return nil
}

// conditions are the conditions of a write that a store evaluates.
type conditions struct{ noneMatch, match bool }

// condition sets the conditions of a write. One that the store is not known to evaluate is refused: passed over, it
// would lose data.
func (s *Store) condition(c *call, want backend.Conditions, able conditions, operation string) error {
	if want.IfNoneMatch {
		if !able.noneMatch {
			return unable("If-None-Match of " + operation)
		}
		c.set("if-none-match", "*")
	}
	if want.IfMatch != "" {
		if !able.match {
			return unable("If-Match of " + operation)
		}
		c.set("if-match", s.etag(want.IfMatch))
	}
	return nil
}

// etag is an ETag as the store compares it.
func (s *Store) etag(bare string) string {
	if bare == "*" || s.caps.Load().BareETag {
		return bare
	}
	return `"` + bare + `"`
}

// Put writes an object.
func (s *Store) Put(ctx context.Context, p *backend.Put) (*backend.Object, error) {
	if err := s.checkKey(p.Key); err != nil {
		return nil, err
	}
	caps := s.caps.Load()
	c := &call{method: http.MethodPut, bucket: p.Bucket, key: p.Key}
	if err := s.condition(c, p.Conditions, conditions{caps.PutIfNoneMatch, caps.PutIfMatch}, "PutObject"); err != nil {
		return nil, err
	}
	if err := s.describe(c, &p.Attributes); err != nil {
		return nil, err
	}
	u := &upload{ctx: ctx, body: p.Body, size: p.Size, algorithm: p.Algorithm, verified: p.Verified}
	resp, err := s.sendBody(ctx, c, u, p.IfMatch == "" && !p.IfNoneMatch)
	if err != nil {
		return nil, missing(err, p.IfMatch, p.Key)
	}
	o := &backend.Object{Key: p.Key, Size: p.Size, ETag: unquote(resp.Header.Get("ETag")), Modified: p.Now,
		Attributes: p.Attributes}
	if caps.Checksums {
		if o.Checksums = u.sums(); len(o.Checksums) > 0 {
			o.ChecksumType = "FULL_OBJECT"
		}
	}
	return o, nil
}

// missing words a condition that does not hold since there is no object, as AWS does.
func missing(err error, ifMatch, key string) error {
	if ifMatch != "" && granary.Is(err, granary.NotFound) && !errors.Is(err, backend.ErrNoUpload) {
		return backend.NoKey(key)
	}
	return err
}

// sendBody sends an upload. repeatable says that it may be sent twice: when its body is at hand.
func (s *Store) sendBody(ctx context.Context, c *call, u *upload, repeatable bool) (*upstream.Response, error) {
	if err := s.declare(c, u); err != nil {
		u.release()
		return nil, err
	}
	defer func() { u.release() }()
	_, at := c.body.(io.Seeker)
	c.repeatable = repeatable && at
	resp, err := s.do(ctx, c)
	return resp, closeBody(resp, err)
}

// objectOf reads the head of an answer that describes an object.
func (s *Store) objectOf(key string, h upstream.Header, size int64) *backend.Object {
	o := &backend.Object{Key: key, Size: size, ETag: unquote(h.Get("ETag"))}
	o.Modified, _ = http.ParseTime(h.Get("Last-Modified"))
	o.Headers = map[string]string{}
	for _, f := range h {
		name := http.CanonicalHeaderKey(f.Name)
		if slices.Contains(kept, name) {
			o.Headers[name] = f.Value
		}
		if meta, ok := strings.CutPrefix(name, "X-Amz-Meta-"); ok {
			if o.Meta == nil {
				o.Meta = map[string]string{}
			}
			o.Meta[strings.ToLower(meta)] = f.Value
		}
	}
	if class := h.Get("x-amz-storage-class"); class != "STANDARD" {
		o.StorageClass = class
	}
	o.PartCount = partCount(o.ETag)
	if s.caps.Load().Checksums {
		o.Checksums, o.ChecksumType = checksums(h)
	}
	return o
}

func checksums(h upstream.Header) (sums map[string]string, kind string) {
	for _, a := range algorithms {
		if v := h.Get("x-amz-checksum-" + a); v != "" {
			if sums == nil {
				sums, kind = map[string]string{}, "FULL_OBJECT"
			}
			sums[a] = v
			if strings.Contains(v, "-") {
				kind = "COMPOSITE"
			}
		}
	}
	return sums, kind
}

// partCount is the number of parts that an object was made of, 0 when it was made in one piece: its ETag ends in it.
func partCount(etag string) int {
	if _, after, ok := strings.Cut(etag, "-"); ok {
		n, _ := strconv.Atoi(after)
		return n
	}
	return 0
}

func unquote(etag string) string { return strings.Trim(strings.TrimPrefix(etag, "W/"), `"`) }

// Stat looks an object up.
func (s *Store) Stat(ctx context.Context, bucket, key string) (*backend.Object, error) {
	if err := s.checkKey(key); err != nil {
		return nil, err
	}
	c := &call{method: http.MethodHead, bucket: bucket, key: key, repeatable: true}
	c.set("x-amz-checksum-mode", "ENABLED")
	resp, err := s.do(ctx, c)
	if err := closeBody(resp, err); err != nil {
		return nil, err
	}
	if resp.Length < 0 {
		return nil, failed(upstream.ErrAnswer)
	}
	o := s.objectOf(key, resp.Header, resp.Length)
	return o, s.addTags(ctx, bucket, o, resp.Header)
}

// addTags reads the tags of an object that has some.
func (s *Store) addTags(ctx context.Context, bucket string, o *backend.Object, h upstream.Header) (err error) {
	if n, _ := strconv.Atoi(h.Get("x-amz-tagging-count")); n > 0 && s.caps.Load().Tagging {
		o.Tags, err = s.tags(ctx, bucket, o.Key)
	}
	return err
}

// Open looks an object up and opens its bytes. Only what the caller expects to read is asked of the store.
func (s *Store) Open(ctx context.Context, g *backend.Get) (*backend.Object, backend.Content, error) {
	if err := s.checkKey(g.Key); err != nil {
		return nil, nil, err
	}
	c := &content{ctx: ctx, s: s, bucket: g.Bucket, key: g.Key}
	resp, err := c.ask(g.Range, "")
	var refused *Refused
	if errors.As(err, &refused) && refused.Status == http.StatusRequestedRangeNotSatisfiable {
		resp, err = c.ask("", "") // the caller decides on the range by the object
	}
	if err != nil {
		return nil, nil, err
	}
	if err := c.take(resp); err != nil {
		return nil, nil, err
	}
	o := s.objectOf(g.Key, resp.Header, c.size)
	c.etag = o.ETag
	if resp.Status == http.StatusPartialContent {
		o.Checksums, o.ChecksumType = nil, ""
	}
	if err := s.addTags(ctx, g.Bucket, o, resp.Header); err != nil {
		c.end()
		return nil, nil, err
	}
	return o, c, nil
}

// content is the bytes of an object, read from the store. Seeking to where the answer begins costs nothing. Elsewhere
// it costs a request.
type content struct {
	ctx         context.Context
	s           *Store
	bucket, key string
	etag        string
	size        int64
	at          int64 // where the next byte stands
	from, until int64 // of the answer that is open; until is the first byte after it
	open        io.ReadCloser
}

// ask requests the bytes of a Range header, "" for all. The object must have the ETag, if one is given.
func (c *content) ask(window, etag string) (*upstream.Response, error) {
	r := &call{method: http.MethodGet, bucket: c.bucket, key: c.key, repeatable: true}
	r.setIf("range", window)
	if etag != "" {
		r.set("if-match", `"`+etag+`"`)
	}
	if window == "" {
		r.set("x-amz-checksum-mode", "ENABLED")
	}
	resp, err := c.s.send(c.ctx, r)
	if err != nil {
		return nil, err
	}
	if resp.Status/100 != 2 {
		refused := refusedBy(resp)
		if refused.Status == http.StatusRequestedRangeNotSatisfiable {
			return nil, refused
		}
		return nil, c.s.translate(refused, about{bucket: c.bucket, key: c.key})
	}
	return resp, nil
}

// take makes an answer the one that is read.
func (c *content) take(resp *upstream.Response) error {
	from, size := int64(0), resp.Length
	if resp.Status == http.StatusPartialContent {
		var ok bool
		if from, size, ok = contentRange(resp.Header.Get("Content-Range"), resp.Length); !ok {
			resp.Body.Close()
			return failed(upstream.ErrAnswer)
		}
	}
	if resp.Length < 0 {
		resp.Body.Close()
		return failed(upstream.ErrAnswer)
	}
	c.open, c.size, c.from, c.at, c.until = resp.Body, size, from, from, from+resp.Length
	return nil
}

// contentRange reads "bytes first-last/size" of an answer of a length.
func contentRange(v string, length int64) (first, size int64, ok bool) {
	v, ok = strings.CutPrefix(v, "bytes ")
	span, total, cut := strings.Cut(v, "/")
	from, to, dash := strings.Cut(span, "-")
	if !ok || !cut || !dash {
		return 0, 0, false
	}
	first, err1 := strconv.ParseInt(from, 10, 64)
	last, err2 := strconv.ParseInt(to, 10, 64)
	size, err3 := strconv.ParseInt(total, 10, 64)
	return first, size, err1 == nil && err2 == nil && err3 == nil && first >= 0 && last-first+1 == length && last < size
}

func (c *content) Read(p []byte) (int, error) {
	if c.at >= c.size {
		return 0, io.EOF
	}
	if c.open == nil {
		resp, err := c.ask("bytes="+strconv.FormatInt(c.at, 10)+"-", c.etag)
		if err != nil {
			return 0, err
		}
		at, size := c.at, c.size
		if err := c.take(resp); err != nil {
			return 0, err
		}
		if c.from != at || c.size != size {
			c.end()
			return 0, failed(upstream.ErrAnswer)
		}
	}
	n, err := c.open.Read(p)
	c.at += int64(n)
	if err == io.EOF && c.at < c.until {
		err = io.ErrUnexpectedEOF
	}
	if err == io.EOF && c.at < c.size {
		c.end() // the next byte costs another request
		err = nil
		if n == 0 {
			return c.Read(p)
		}
	}
	return n, err
}

func (c *content) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekCurrent:
		offset += c.at
	case io.SeekEnd:
		offset += c.size
	}
	if offset < 0 {
		return 0, errors.New("a position before the first byte")
	}
	if offset != c.at {
		c.end()
		c.at = offset
	}
	return c.at, nil
}

// end ends the answer that is open.
func (c *content) end() {
	if c.open != nil {
		c.open.Close()
		c.open = nil
	}
}

// Close ends the answer that is open.
func (c *content) Close() error {
	c.end()
	return nil
}

// Delete removes an object. Stores succeed when there is none.
func (s *Store) Delete(ctx context.Context, bucket, key, ifMatch string) error {
	if err := s.checkKey(key); err != nil {
		return err
	}
	c := &call{method: http.MethodDelete, bucket: bucket, key: key, repeatable: ifMatch == ""}
	if err := s.condition(c, backend.Conditions{IfMatch: ifMatch}, conditions{match: s.caps.Load().DeleteIfMatch},
		"DeleteObject"); err != nil {
		return err
	}
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	resp, err := s.do(ctx, c)
	err = closeBody(resp, err)
	if ifMatch == "" && errors.Is(err, backend.ErrNoKey) {
		return nil
	}
	return err
}

func stamp(text string) time.Time {
	t, _ := time.Parse(time.RFC3339Nano, text)
	return t
}
