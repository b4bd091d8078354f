package s3

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"

	"granary"
	"granary/internal/backend"
	"granary/internal/sign"
)

type tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	TagSet  struct {
		Tag []tag
	}
}

type tag struct{ Key, Value string }

// encodeTags writes tags as x-amz-tagging has them.
func encodeTags(tags []granary.Tag) string {
	pairs := make([]string, 0, len(tags))
	for _, t := range tags {
		pairs = append(pairs, sign.Escape(t.Key, false)+"="+sign.Escape(t.Value, false))
	}
	return strings.Join(pairs, "&")
}

// tags reads the tags of an object.
func (s *Store) tags(ctx context.Context, bucket, key string) ([]granary.Tag, error) {
	c := &call{method: http.MethodGet, bucket: bucket, key: key, repeatable: true}
	c.ask("tagging", "")
	resp, err := s.do(ctx, c)
	if err != nil {
		return nil, err
	}
	var doc tagging
	if err := s.document(resp, "Tagging", &doc, about{bucket: bucket, key: key}); err != nil {
		return nil, err
	}
	var out []granary.Tag
	for _, t := range doc.TagSet.Tag {
		out = append(out, granary.Tag{Key: t.Key, Value: t.Value})
	}
	return out, nil
}

// SetTags replaces the tags of an object. The store cannot check the object in the moment of the change: one that is
// replaced in between is tagged unchecked.
func (s *Store) SetTags(ctx context.Context, t *backend.SetTags) error {
	if !s.caps.Load().Tagging {
		return unable("object tags")
	}
	o, err := s.Stat(ctx, t.Bucket, t.Key)
	if err != nil {
		return err
	}
	if t.Check != nil {
		if err := t.Check(o); err != nil {
			return err
		}
	}
	release, err := hold(ctx)
	defer release()
	if err != nil {
		return err
	}
	c := &call{method: http.MethodDelete, bucket: t.Bucket, key: t.Key, repeatable: true}
	c.ask("tagging", "")
	if len(t.Tags) > 0 {
		var doc tagging
		for _, one := range t.Tags {
			doc.TagSet.Tag = append(doc.TagSet.Tag, tag{one.Key, one.Value})
		}
		text, err := xml.Marshal(doc)
		if err != nil {
			return err
		}
		c.method = http.MethodPut
		c.document(text)
	}
	resp, err := s.do(ctx, c)
	return closeBody(resp, err)
}

// document makes a document the body. Some stores demand Content-MD5.
func (c *call) document(text []byte) {
	sum := md5.Sum(text)
	c.set("content-md5", base64.StdEncoding.EncodeToString(sum[:]))
	c.set("content-type", "application/xml")
	c.payload, c.body, c.length = sign.PayloadHash(text), bytes.NewReader(text), int64(len(text))
}
