package gateway

import (
	"net/http"

	"granary"
	"granary/internal/backend"
	"granary/internal/s3req"
)

func (t tags) ofBucket() (*response, error) {
	if len(t.bucket.Tags) == 0 {
		return missingSetting("NoSuchTagSet", "The TagSet does not exist")(t.job)
	}
	return xmlResponse(s3req.Tagging{NS: namespace, TagSet: s3req.TagSet{Tag: t.bucket.Tags}})
}

// setBucket gives the bucket the tags of the document, and none without a document.
func (t tags) setBucket() (*response, error) {
	return done(http.StatusNoContent, t.change(func(b *granary.Bucket) { b.Tags = t.given() }))
}

// given are the tags in the document, nil without one.
func (t tags) given() []granary.Tag {
	if t.doc == nil {
		return nil
	}
	return t.doc.Tags
}

func (t tags) ofObject() (*response, error) {
	o, err := t.stat()
	if err != nil {
		return nil, err
	}
	return xmlResponse(s3req.Tagging{NS: namespace, TagSet: s3req.TagSet{Tag: o.Tags}})
}

func (t tags) putObject() (*response, error) { return t.setObject(http.StatusOK) }

func (t tags) deleteObject() (*response, error) { return t.setObject(http.StatusNoContent) }

func (t tags) setObject(status int) (*response, error) {
	if err := t.version(t.req.Key, t.req.Version); err != nil {
		return nil, err
	}
	s, err := t.store()
	if err != nil {
		return nil, err
	}
	err = s.SetTags(t.ctx, &backend.SetTags{Bucket: t.bucket.Place(), Key: t.req.Key, Tags: t.given(),
		Check: func(o *backend.Object) error { return t.meets(t.bucket, o) }})
	return done(status, t.hide(err))
}
