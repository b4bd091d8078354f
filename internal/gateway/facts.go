package gateway

import (
	"context"
	"maps"
	"slices"
	"strings"

	"granary"
	"granary/internal/backend"
	"granary/internal/index"
	"granary/internal/s3req"
)

// facts finds what policies ask about stored things: the tags of objects, and what the request that began an upload
// said. It looks only when a policy asks, and remembers what it found.
type facts struct {
	authority *authority
	ctx       context.Context
	tags      map[place][]granary.Tag
	upload    *backend.Upload
	failed    error // why something could not be found out; nothing is allowed then
}

// place is where an object is kept.
type place struct{ bucketID, key string }

// taggable are the actions that test the tags of the object that exists (s3:ExistingObjectTag).
var taggable = map[string]bool{
	"s3:GetObject":                  true,
	"s3:GetObjectVersion":           true,
	"s3:GetObjectAcl":               true,
	"s3:GetObjectVersionAcl":        true,
	"s3:GetObjectTagging":           true,
	"s3:GetObjectVersionTagging":    true,
	"s3:PutObjectTagging":           true,
	"s3:PutObjectVersionTagging":    true,
	"s3:PutObjectAcl":               true,
	"s3:PutObjectVersionAcl":        true,
	"s3:DeleteObjectTagging":        true,
	"s3:DeleteObjectVersionTagging": true,
	"s3:GetObjectAttributes":        true,
	"s3:GetObjectVersionAttributes": true,
}

// finder returns what finds the condition keys that are stored, nil for actions that have none.
func (f *facts) finder(action string, b *index.Bucket, key string) func(string) ([]string, bool) {
	part := f.authority.req.Operation.OfUpload() && action == "s3:PutObject"
	if !taggable[action] && !part {
		return nil
	}
	return func(name string) ([]string, bool) {
		if tag, ok := strings.CutPrefix(name, "s3:existingobjecttag/"); ok && !part {
			return tagValue(f.existingTags(b, key), tag)
		}
		if part && (s3req.FromUpload(name) || strings.HasPrefix(name, "s3:requestobjecttag")) {
			return f.uploadKey(name)
		}
		return nil, false
	}
}

// uploadKey returns a condition key as the request that began the upload had it.
func (f *facts) uploadKey(name string) ([]string, bool) {
	u := f.begunUpload()
	if u == nil {
		return nil, false
	}
	if tag, ok := strings.CutPrefix(name, "s3:requestobjecttag/"); ok {
		return tagValue(u.Tags, tag)
	}
	if name == "s3:requestobjecttagkeys" {
		var keys []string
		for _, t := range u.Tags {
			keys = append(keys, t.Key)
		}
		return keys, len(keys) > 0
	}
	v, ok := u.Given[strings.TrimPrefix(name, "s3:")]
	return []string{v}, ok
}

// begunUpload returns the upload that the request works on, nil when there is none.
func (f *facts) begunUpload() *backend.Upload {
	a := f.authority
	if f.upload != nil || a.bucket == nil {
		return f.upload
	}
	s, err := a.backendOf(a.bucket)
	if err == nil {
		f.upload, err = s.Upload(f.ctx, a.bucket.Place(), a.req.Key, a.req.Param("uploadId"))
	}
	if err != nil && !granary.Is(err, granary.NotFound) {
		f.failed = err
	}
	return f.upload
}

// existingTags returns the tags of an object. An object that does not exist has none.
func (f *facts) existingTags(b *index.Bucket, key string) []granary.Tag {
	if b == nil {
		return nil
	}
	at := place{b.ID, key}
	if found, ok := f.tags[at]; ok {
		return found
	}
	var found []granary.Tag
	s, err := f.authority.backendOf(b)
	if err == nil {
		var o *backend.Object
		if o, err = s.Stat(f.ctx, b.Place(), key); err == nil {
			found = o.Tags
		}
	}
	if err != nil && !granary.Is(err, granary.NotFound) {
		f.failed = err
	}
	f.remember(at, found)
	return found
}

// remember replaces what is known. Authorities of other moments may share the map, and keep theirs.
func (f *facts) remember(at place, found []granary.Tag) {
	known := maps.Clone(f.tags)
	if known == nil {
		known = map[place][]granary.Tag{}
	}
	known[at] = found
	f.tags = known
}

// meets decides again when an object that the operation reads or replaces has other tags than those that were tested:
// it was changed in between.
func (a *authority) meets(b *index.Bucket, o *backend.Object) error {
	at := place{b.ID, o.Key}
	tested, ok := a.facts.tags[at]
	if !ok || slices.Equal(tested, o.Tags) {
		return nil
	}
	a.facts.remember(at, o.Tags)
	return a.authorize()
}

// tagValue finds a tag by its key in lower case.
func tagValue(tags []granary.Tag, lower string) ([]string, bool) {
	for _, t := range tags {
		if strings.ToLower(t.Key) == lower {
			return []string{t.Value}, true
		}
	}
	return nil, false
}
