package gateway

import (
	"io"
	"net/http"
	"strconv"

	"granary/internal/backend"
	"granary/internal/s3req"
)

// metadata returns what the client gives with the bytes of an object.
func (j *job) metadata() backend.Attributes {
	o := j.req.Object
	return backend.Attributes{Headers: o.Headers, Meta: o.Meta, StorageClass: o.StorageClass, Tags: j.req.Tags}
}

// conditions returns what must hold of the object that a write replaces.
func (j *job) conditions() backend.Conditions {
	c := j.req.Conditions
	return backend.Conditions{IfMatch: s3req.Unquote(c.IfMatch), IfNoneMatch: c.IfNoneMatch != ""}
}

func (o objects) put() (*response, error) {
	b, s, err := o.upload()
	if err != nil {
		return nil, err
	}
	made, err := s.Put(o.ctx, &backend.Put{Bucket: o.bucket.Place(), Key: o.req.Key, Body: b, Size: b.declared.Size,
		Algorithm: b.declared.Algorithm, Attributes: o.metadata(), Conditions: o.conditions(), Verified: b.checksums,
		Now: o.Now().UTC()})
	if err != nil {
		return nil, o.hide(err)
	}
	return uploaded(made.ETag, made.Checksums, made.ChecksumType), nil
}

// upload returns the bytes that the request sends, and the store that takes them.
func (j *job) upload() (*body, backend.Store, error) {
	b, err := j.openBody()
	if err != nil {
		return nil, nil, err
	}
	s, err := j.store()
	return b, s, err
}

// uploaded answers for bytes that were stored.
func uploaded(etag string, sums map[string]string, kind string) *response {
	r := empty(http.StatusOK)
	r.header.Set("Etag", quote(etag))
	setChecksums(r.header, sums, kind)
	return r
}

func setChecksums(h http.Header, sums map[string]string, kind string) {
	for a, v := range sums {
		h.Set("X-Amz-Checksum-"+a, v)
	}
	if len(sums) > 0 && kind != "" {
		h.Set("X-Amz-Checksum-Type", kind)
	}
}

// get answers GET and HEAD.
func (o objects) get() (*response, error) {
	if err := o.version(o.req.Key, o.req.Version); err != nil {
		return nil, err
	}
	s, err := o.store()
	if err != nil {
		return nil, err
	}
	found, content, err := o.open(s)
	if err != nil {
		return nil, o.hide(err)
	}
	r := &response{status: http.StatusOK, header: http.Header{}, content: content, length: found.Size,
		again: o.again}
	if err = o.meets(o.bucket, found); err == nil {
		err = o.describe(r, found)
	}
	if err != nil {
		r.close()
		return nil, err
	}
	if r.status == http.StatusNotModified {
		r.close()
		r.content = nil
	}
	return r, nil
}

// open looks the object up, and opens its bytes for GET.
func (o objects) open(s backend.Store) (*backend.Object, backend.Content, error) {
	place := o.bucket.Place()
	if o.req.Method == http.MethodHead {
		found, err := s.Stat(o.ctx, place, o.req.Key)
		return found, nil, err
	}
	g := &backend.Get{Bucket: place, Key: o.req.Key}
	if !o.req.Window.HasPart && o.req.Window.IfRange == "" {
		g.Range = o.req.Window.Range
	}
	return s.Open(o.ctx, g)
}

// describe fills the headers, and narrows the answer to a range, a part, or nothing.
func (o objects) describe(r *response, found *backend.Object) error {
	h := r.header
	setObjectHeaders(h, found)
	if len(found.Tags) > 0 && o.Authz.Decide(o.caller, &o.env, o.request(o.req.Need("s3:GetObjectTagging", nil))).Allowed {
		h.Set("X-Amz-Tagging-Count", strconv.Itoa(len(found.Tags)))
	}
	fresh, err := o.req.Conditions.Check(found.ETag, found.Modified)
	if err != nil {
		return err
	}
	if !fresh {
		r.status, r.length = http.StatusNotModified, 0
		return nil
	}
	if o.req.Window.HasPart && found.PartCount > 0 {
		return s3req.NotImplemented("A part of an object that is kept in this storage (partNumber)")
	}
	first, length, partial, err := o.req.Window.Resolve(s3req.Content{Size: found.Size, ETag: found.ETag,
		Modified: found.Modified, Parts: found.Parts})
	if err != nil {
		return err
	}
	if partial {
		err = r.narrow(first, length, found.Size)
	} else if r.content != nil {
		_, err = r.content.Seek(0, io.SeekStart) // the store may stand where the Range header begins
	}
	if err != nil {
		return err
	}
	if o.req.Window.HasPart && len(found.Parts) > 0 {
		h.Set("X-Amz-Mp-Parts-Count", strconv.Itoa(len(found.Parts)))
	}
	if !partial && o.req.Window.Checksums {
		setChecksums(h, found.Checksums, found.ChecksumType)
	}
	if o.req.Method == http.MethodHead {
		h.Set("Content-Length", strconv.FormatInt(r.length, 10))
	}
	for _, f := range o.req.Overrides.Headers {
		h.Set(f.Name, f.Value)
	}
	return o.req.Overrides.Fault
}

// narrow makes the answer a part of an object of a size.
func (r *response) narrow(first, length, size int64) error {
	r.status, r.length = http.StatusPartialContent, length
	r.header.Set("Content-Range", "bytes "+strconv.FormatInt(first, 10)+"-"+strconv.FormatInt(first+length-1, 10)+
		"/"+strconv.FormatInt(size, 10))
	if r.content == nil {
		return nil
	}
	_, err := r.content.Seek(first, 0)
	return err
}

func setObjectHeaders(h http.Header, o *backend.Object) {
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

// stat looks the request's object up, for operations that describe it. It fails with ErrNoKey or ErrNoVersion, or with
// a refusal for callers who may not know.
func (j *job) stat() (*backend.Object, error) {
	if err := j.version(j.req.Key, j.req.Version); err != nil {
		return nil, err
	}
	s, err := j.store()
	if err != nil {
		return nil, err
	}
	o, err := s.Stat(j.ctx, j.bucket.Place(), j.req.Key)
	if err != nil {
		return nil, j.hide(err)
	}
	return o, j.meets(j.bucket, o)
}
