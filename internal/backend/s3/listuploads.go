package s3

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"

	"granary/internal/backend"
)

// maxUploadPages bounds the listing of a store that does not list uploads by prefix, in pages of 1,000.
const maxUploadPages = 20

// ListUploads returns a page of uploads. The ids that it tells are made anew. They do not have what the request that
// began the upload said.
func (s *Store) ListUploads(ctx context.Context, l backend.List) (*backend.Page, error) {
	p := &backend.Page{}
	if err := s.checkListing(l); err != nil || l.Limit <= 0 {
		return p, err
	}
	all, err := s.uploads(ctx, l)
	if err != nil {
		return nil, err
	}
	told := map[string]bool{}
	for _, u := range all {
		name := u.Key
		common, folded := commonPrefix(u.Key, l)
		if folded {
			name = common
		}
		if name < l.After || name == l.After && (folded || u.UploadID <= s.remoteID(l)) || told[name] && folded {
			continue
		}
		if len(p.Uploads)+len(p.Prefixes) == l.Limit {
			p.More = true
			return p, nil
		}
		if p.Next = name; folded {
			told[name], p.NextID = true, ""
			p.Prefixes = append(p.Prefixes, name)
			continue
		}
		made, err := s.listed(l.Bucket, u)
		if err != nil {
			return nil, err
		}
		p.NextID = made.ID
		p.Uploads = append(p.Uploads, made)
	}
	return p, nil
}

// listed is an upload of the store's listing.
func (s *Store) listed(bucket string, u listedUpload) (*backend.Upload, error) {
	at := stamp(u.Initiated)
	id, err := s.sealID(&uploadID{Bucket: bucket, Key: u.Key, Remote: u.UploadID, Created: at, Listed: true})
	return &backend.Upload{Bucket: bucket, Key: u.Key, ID: id, Created: at}, err
}

// remoteID is the store's id of the upload after which a listing goes on, "" when there is none.
func (s *Store) remoteID(l backend.List) string {
	u, err := s.openID(l.Bucket, l.After, l.AfterID)
	if err != nil {
		return ""
	}
	return u.Remote
}

func commonPrefix(key string, l backend.List) (string, bool) {
	if l.Delimiter == "" {
		return "", false
	}
	i := strings.Index(key[len(l.Prefix):], l.Delimiter)
	if i < 0 {
		return "", false
	}
	return key[:len(l.Prefix)+i+len(l.Delimiter)], true
}

// uploads reads the store's uploads with the prefix of a listing, in order.
func (s *Store) uploads(ctx context.Context, l backend.List) ([]listedUpload, error) {
	var out []listedUpload
	key, id := "", ""
	for range maxUploadPages {
		got, err := s.uploadsOnce(ctx, l, key, id)
		if err != nil {
			return nil, err
		}
		for _, u := range got.Upload {
			plain, ok := got.plain(u.Key)
			if ok && strings.HasPrefix(plain, l.Prefix) && len(plain) <= maxKey {
				u.Key = plain
				out = append(out, u)
			}
		}
		next, ok := got.plain(got.NextKeyMarker)
		if !got.IsTruncated {
			slices.SortFunc(out, func(a, b listedUpload) int {
				return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.UploadID, b.UploadID))
			})
			return out, nil
		}
		if !ok || next < key || next == key && got.NextUploadIDMarker == id {
			return nil, failed(errLoop)
		}
		key, id = next, got.NextUploadIDMarker
	}
	return nil, unable("a listing of so many uploads")
}

func (s *Store) uploadsOnce(ctx context.Context, l backend.List, key, id string) (*listResult, error) {
	c := &call{method: http.MethodGet, bucket: l.Bucket, repeatable: true}
	c.ask("uploads", "")
	c.ask("encoding-type", "url")
	c.ask("max-uploads", "1000")
	if s.caps.Load().PrefixUploads && l.Prefix != "" {
		c.ask("prefix", l.Prefix)
	}
	if key != "" {
		c.ask("key-marker", key)
		c.ask("upload-id-marker", id)
	}
	resp, err := s.do(ctx, c)
	if err != nil {
		return nil, err
	}
	var out listResult
	return &out, s.document(resp, "ListMultipartUploadsResult", &out, about{bucket: l.Bucket})
}
