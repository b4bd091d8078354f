package s3

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"granary/internal/backend"
	"granary/internal/upstream"
)

type listResult struct {
	EncodingType   string
	IsTruncated    bool
	Contents       []listedObject
	CommonPrefixes []struct{ Prefix string }
	// Of uploads.
	NextKeyMarker      string
	NextUploadIDMarker string `xml:"NextUploadIdMarker"`
	Upload             []listedUpload
	// Of ListObjectsV2.
	NextContinuationToken string
}

type listedObject struct {
	Key          string
	Size         int64
	ETag         string
	LastModified string
	StorageClass string
}

type listedUpload struct {
	Key       string
	UploadID  string `xml:"UploadId"`
	Initiated string
}

// plain decodes a key of a listing as the listing says that it is encoded.
func (r *listResult) plain(key string) (string, bool) {
	if !strings.EqualFold(r.EncodingType, "url") {
		return key, true
	}
	out, err := url.QueryUnescape(key) // "+" is a blank in listings of some stores; a plus is %2B in all
	return out, err == nil
}

// List returns a page of keys. What the store lists outside of the prefix, or before the marker, is dropped: nothing of
// a key that the caller may not see depends on the store.
func (s *Store) List(ctx context.Context, l backend.List) (*backend.Page, error) {
	p := &backend.Page{}
	if err := s.checkListing(l); err != nil || l.Limit <= 0 {
		return p, err
	}
	after := l.After
	for range maxPages {
		got, err := s.listOnce(ctx, l, after, l.Limit-len(p.Objects)-len(p.Prefixes)+2)
		if err != nil {
			return nil, err
		}
		last, err := s.merge(p, got, l)
		if err != nil || p.More || !got.IsTruncated {
			return p, err
		}
		if last == "" || last <= after {
			return nil, failed(errLoop)
		}
		after = last
	}
	return nil, failed(errLoop)
}

// maxPages bounds the pages of the store that make one page here: a store may list names that are dropped.
const maxPages = 100

func (s *Store) checkListing(l backend.List) error {
	for _, text := range []string{l.Prefix, l.After} {
		if err := s.checkPrefix(text); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) listOnce(ctx context.Context, l backend.List, after string, limit int) (*listResult, error) {
	c := &call{method: http.MethodGet, bucket: l.Bucket, repeatable: true}
	c.ask("list-type", "2")
	c.ask("encoding-type", "url")
	c.ask("max-keys", itoa(min(limit, 1000)))
	for _, f := range [][2]string{{"prefix", l.Prefix}, {"delimiter", l.Delimiter}, {"start-after", after}} {
		if f[1] != "" {
			c.ask(f[0], f[1])
		}
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return nil, err
	}
	var out listResult
	return &out, s.document(resp, "ListBucketResult", &out, about{bucket: l.Bucket})
}

// entry is a key or a common prefix of a listing.
type entry struct {
	name   string
	object *backend.Object // nil for a common prefix
}

// merge adds a page of the store to ours. It returns the last name of the store's page.
func (s *Store) merge(p *backend.Page, got *listResult, l backend.List) (last string, err error) {
	entries, err := s.entries(got)
	if err != nil {
		return "", err
	}
	for _, e := range entries {
		last = e.name
		switch {
		case !wanted(e, l, p.Next):
			continue
		case len(p.Objects)+len(p.Prefixes) == l.Limit:
			p.More = true
			return last, nil
		case e.object != nil:
			p.Objects = append(p.Objects, e.object)
		default:
			p.Prefixes = append(p.Prefixes, e.name)
		}
		p.Next = e.name
	}
	return last, nil
}

// wanted reports whether a name belongs to a listing, and was not told before.
func wanted(e entry, l backend.List, told string) bool {
	if !strings.HasPrefix(e.name, l.Prefix) || len(e.name) > maxKey || told != "" && e.name <= told {
		return false
	}
	if e.object != nil {
		return e.name > l.After && (l.Delimiter == "" || !strings.Contains(e.name[len(l.Prefix):], l.Delimiter))
	}
	if !strings.HasSuffix(e.name, l.Delimiter) || len(e.name) == len(l.Prefix) {
		return false
	}
	// A marker within a common prefix leaves the keys after it to be told by the prefix.
	return e.name > l.After || e.name != l.After && strings.HasPrefix(l.After, e.name)
}

// maxKey is the most bytes of a key.
const maxKey = 1024

// entries returns the names of a page in the order of their bytes.
func (s *Store) entries(got *listResult) ([]entry, error) {
	out := make([]entry, 0, len(got.Contents)+len(got.CommonPrefixes))
	for _, o := range got.Contents {
		key, ok := got.plain(o.Key)
		if !ok || o.Size < 0 {
			return nil, failed(upstream.ErrAnswer)
		}
		made := &backend.Object{Key: key, Size: o.Size, ETag: unquote(o.ETag), Modified: stamp(o.LastModified)}
		if o.StorageClass != "STANDARD" {
			made.StorageClass = o.StorageClass
		}
		out = append(out, entry{key, made})
	}
	for _, c := range got.CommonPrefixes {
		prefix, ok := got.plain(c.Prefix)
		if !ok {
			return nil, failed(upstream.ErrAnswer)
		}
		out = append(out, entry{name: prefix})
	}
	slices.SortFunc(out, func(a, b entry) int { return strings.Compare(a.name, b.name) })
	return out, nil
}

// errLoop says that a listing of the store does not get on.
var errLoop = upstream.ErrAnswer
