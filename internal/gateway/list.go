package gateway

import (
	"encoding/xml"

	"granary/internal/backend"
	"granary/internal/policy"
	"granary/internal/s3req"
)

type owner struct {
	ID          string
	DisplayName string `xml:",omitempty"`
}

type listedObject struct {
	Key               string
	LastModified      string
	ETag              string
	ChecksumAlgorithm []string `xml:",omitempty"`
	ChecksumType      string   `xml:",omitempty"`
	Size              int64
	StorageClass      string
	Owner             *owner `xml:",omitempty"`
}

type commonPrefix struct{ Prefix string }

type listResult struct {
	XMLName      xml.Name `xml:"ListBucketResult"`
	NS           string   `xml:"xmlns,attr"`
	Name         string
	Prefix       string
	Marker       *string `xml:",omitempty"`
	NextMarker   string  `xml:",omitempty"`
	StartAfter   string  `xml:",omitempty"`
	Token        string  `xml:"ContinuationToken,omitempty"`
	NextToken    string  `xml:"NextContinuationToken,omitempty"`
	KeyCount     *int    `xml:",omitempty"`
	MaxKeys      int
	Delimiter    string `xml:",omitempty"`
	EncodingType string `xml:",omitempty"`
	IsTruncated  bool
	Contents     []listedObject
	Prefixes     []commonPrefix `xml:"CommonPrefixes"`
}

// page asks the backend for the keys of a listing.
func (l listings) page() (*backend.Page, error) {
	if l.req.Listing.Limit == 0 {
		return &backend.Page{}, nil
	}
	s, err := l.store()
	if err != nil {
		return nil, err
	}
	return s.List(l.ctx, l.query())
}

// query is what the listing asks of the backend.
func (l listings) query() backend.List {
	in := l.req.Listing
	return backend.List{Bucket: l.bucket.Place(), Prefix: in.Prefix, Delimiter: in.Delimiter, Limit: in.Limit,
		After: in.After}
}

func (l listings) encode(key string) string { return l.req.Listing.Encode(key) }

// owner is the owner of everything in the bucket.
func (l listings) owner() *owner { return &owner{ID: policy.CanonicalID(l.bucket.Owner)} }

func (l listings) prefixes(p *backend.Page) (out []commonPrefix) {
	for _, c := range p.Prefixes {
		out = append(out, commonPrefix{l.encode(c)})
	}
	return out
}

func (l listings) result(p *backend.Page) *listResult {
	in := l.req.Listing
	out := &listResult{NS: namespace, Name: l.req.Bucket, Prefix: l.encode(in.Prefix), MaxKeys: in.Limit,
		Delimiter: l.encode(in.Delimiter), IsTruncated: p.More, EncodingType: in.Encoding, Prefixes: l.prefixes(p)}
	for _, o := range p.Objects {
		e := listedObject{Key: l.encode(o.Key), LastModified: stamp(o.Modified), ETag: quote(o.ETag), Size: o.Size,
			StorageClass: storageClass(o), ChecksumType: o.ChecksumType}
		for a := range o.Checksums {
			e.ChecksumAlgorithm = append(e.ChecksumAlgorithm, a)
		}
		if in.Owners {
			e.Owner = l.owner()
		}
		out.Contents = append(out.Contents, e)
	}
	return out
}

func (l listings) objects() (*response, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	out := l.result(p)
	marker := l.encode(l.req.Listing.After)
	out.Marker = &marker
	if p.More && l.req.Listing.Delimiter != "" {
		out.NextMarker = l.encode(p.Next)
	}
	return xmlResponse(out)
}

func (l listings) objectsV2() (*response, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	out := l.result(p)
	out.StartAfter, out.Token = l.encode(l.req.Listing.StartAfter), l.req.Listing.Token
	count := len(out.Contents) + len(out.Prefixes)
	out.KeyCount = &count
	if p.More {
		out.NextToken = s3req.NextToken(p.Next)
	}
	return xmlResponse(out)
}
