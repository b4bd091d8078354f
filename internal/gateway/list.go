package gateway

import (
	"encoding/base64"
	"encoding/xml"
	"net/url"
	"strconv"
	"strings"

	"granary/internal/backend"
	"granary/internal/policy"
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

// listing reads what both versions have in common; encode is how keys are written.
func (q *request) listing(limitName string) (l backend.List, encode func(string) string, err error) {
	l = backend.List{Bucket: remote(q.bucket), Prefix: q.query.Get("prefix"), Delimiter: q.query.Get("delimiter"), Limit: 1000}
	if text := q.query.Get(limitName); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 0 {
			return l, nil, badRequest("InvalidArgument", "Provided "+limitName+" not an integer or within integer range")
		}
		l.Limit = min(n, 1000)
	}
	encode = func(s string) string { return s }
	switch q.query.Get("encoding-type") {
	case "":
	case "url":
		encode = encodeKey
	default:
		return l, nil, badRequest("InvalidArgument", "Invalid Encoding Method specified in Request")
	}
	return l, encode, nil
}

// encodeKey is S3's url encoding of a key: slashes stay.
func encodeKey(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(url.QueryEscape(s), "+", "%20"), "%2F", "/")
}

func (q *request) page(l backend.List) (*backend.Page, error) {
	if l.Limit == 0 {
		return &backend.Page{}, nil
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	return s.List(q.ctx, l)
}

func (q *request) result(l backend.List, p *backend.Page, encode func(string) string, owners bool) *listResult {
	out := &listResult{NS: namespace, Name: q.name, Prefix: encode(l.Prefix), MaxKeys: l.Limit, Delimiter: encode(l.Delimiter), IsTruncated: p.More,
		EncodingType: q.query.Get("encoding-type")}
	for _, o := range p.Objects {
		e := listedObject{Key: encode(o.Key), LastModified: stamp(o.Modified), ETag: quote(o.ETag), Size: o.Size, StorageClass: "STANDARD", ChecksumType: o.ChecksumType}
		if o.StorageClass != "" {
			e.StorageClass = o.StorageClass
		}
		for a := range o.Checksums {
			e.ChecksumAlgorithm = append(e.ChecksumAlgorithm, a)
		}
		if owners {
			e.Owner = &owner{ID: policy.CanonicalID(q.bucket.Owner)}
		}
		out.Contents = append(out.Contents, e)
	}
	for _, c := range p.Prefixes {
		out.Prefixes = append(out.Prefixes, commonPrefix{encode(c)})
	}
	return out
}

func (q *request) listObjects() (*response, error) {
	l, encode, err := q.listing("max-keys")
	if err != nil {
		return nil, err
	}
	l.After = q.query.Get("marker")
	p, err := q.page(l)
	if err != nil {
		return nil, err
	}
	out := q.result(l, p, encode, true)
	marker := encode(l.After)
	out.Marker = &marker
	if p.More && l.Delimiter != "" {
		out.NextMarker = encode(p.Next)
	}
	return xmlResponse(out)
}

func (q *request) listObjectsV2() (*response, error) {
	if q.query.Get("list-type") != "2" {
		return nil, badRequest("InvalidArgument", "Invalid List Type specified in Request")
	}
	l, encode, err := q.listing("max-keys")
	if err != nil {
		return nil, err
	}
	l.After = q.query.Get("start-after")
	token := q.query.Get("continuation-token")
	if q.query.Has("continuation-token") {
		b, err := base64.RawURLEncoding.DecodeString(token)
		if err != nil || token == "" {
			return nil, badRequest("InvalidArgument", "The continuation token provided is incorrect")
		}
		l.After = string(b)
	}
	p, err := q.page(l)
	if err != nil {
		return nil, err
	}
	out := q.result(l, p, encode, q.query.Get("fetch-owner") == "true")
	out.StartAfter, out.Token = encode(q.query.Get("start-after")), token
	count := len(out.Contents) + len(out.Prefixes)
	out.KeyCount = &count
	if p.More {
		out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(p.Next))
	}
	return xmlResponse(out)
}

type listedUpload struct {
	Key               string
	UploadID          string `xml:"UploadId"`
	Initiator, Owner  *owner
	StorageClass      string
	Initiated         string
	ChecksumAlgorithm string `xml:",omitempty"`
}

type uploadsResult struct {
	XMLName            xml.Name `xml:"ListMultipartUploadsResult"`
	NS                 string   `xml:"xmlns,attr"`
	Bucket             string
	KeyMarker          string
	UploadIDMarker     string `xml:"UploadIdMarker"`
	NextKeyMarker      string `xml:",omitempty"`
	NextUploadIDMarker string `xml:"NextUploadIdMarker,omitempty"`
	Delimiter          string `xml:",omitempty"`
	Prefix             string
	EncodingType       string `xml:",omitempty"`
	MaxUploads         int
	IsTruncated        bool
	Upload             []listedUpload
	Prefixes           []commonPrefix `xml:"CommonPrefixes"`
}

func (q *request) listUploads() (*response, error) {
	l, encode, err := q.listing("max-uploads")
	if err != nil {
		return nil, err
	}
	l.After, l.AfterID = q.query.Get("key-marker"), q.query.Get("upload-id-marker")
	if l.After == "" {
		l.AfterID = ""
	}
	s, err := q.store()
	if err != nil {
		return nil, err
	}
	p := &backend.Page{}
	if l.Limit > 0 {
		if p, err = s.ListUploads(q.ctx, l); err != nil {
			return nil, err
		}
	}
	out := uploadsResult{NS: namespace, Bucket: q.name, KeyMarker: encode(l.After), UploadIDMarker: l.AfterID, Delimiter: encode(l.Delimiter), Prefix: encode(l.Prefix),
		EncodingType: q.query.Get("encoding-type"), MaxUploads: l.Limit, IsTruncated: p.More}
	who := &owner{ID: policy.CanonicalID(q.bucket.Owner)}
	for _, u := range p.Uploads {
		out.Upload = append(out.Upload, listedUpload{Key: encode(u.Key), UploadID: u.ID, Initiator: who, Owner: who, StorageClass: "STANDARD", Initiated: stamp(u.Created),
			ChecksumAlgorithm: u.Algorithm})
	}
	for _, c := range p.Prefixes {
		out.Prefixes = append(out.Prefixes, commonPrefix{encode(c)})
	}
	if p.More {
		out.NextKeyMarker, out.NextUploadIDMarker = encode(p.Next), p.NextID
	}
	return xmlResponse(out)
}
