package gateway

import (
	"encoding/xml"

	"granary/internal/backend"
	"granary/internal/s3req"
)

type listedVersion struct {
	Key          string
	VersionID    string `xml:"VersionId"`
	IsLatest     bool
	LastModified string
	ETag         string
	Size         int64
	StorageClass string
	Owner        *owner
}

type versionsResult struct {
	XMLName             xml.Name `xml:"ListVersionsResult"`
	NS                  string   `xml:"xmlns,attr"`
	Name                string
	Prefix              string
	KeyMarker           string
	VersionIDMarker     string `xml:"VersionIdMarker"`
	NextKeyMarker       string `xml:",omitempty"`
	NextVersionIDMarker string `xml:"NextVersionIdMarker,omitempty"`
	MaxKeys             int
	Delimiter           string `xml:",omitempty"`
	EncodingType        string `xml:",omitempty"`
	IsTruncated         bool
	Version             []listedVersion
	Prefixes            []commonPrefix `xml:"CommonPrefixes"`
}

// versions tells each object as the only version of its key.
func (l listings) versions() (*response, error) {
	p, err := l.page()
	if err != nil {
		return nil, err
	}
	in := l.req.Listing
	out := versionsResult{NS: namespace, Name: l.req.Bucket, Prefix: l.encode(in.Prefix), KeyMarker: l.encode(in.After),
		VersionIDMarker: in.AfterID, MaxKeys: in.Limit, Delimiter: l.encode(in.Delimiter), EncodingType: in.Encoding,
		IsTruncated: p.More, Prefixes: l.prefixes(p)}
	who := l.owner()
	for _, o := range p.Objects {
		out.Version = append(out.Version, listedVersion{Key: l.encode(o.Key), VersionID: s3req.NullVersion, IsLatest: true,
			LastModified: stamp(o.Modified), ETag: quote(o.ETag), Size: o.Size, StorageClass: storageClass(o), Owner: who})
	}
	if p.More {
		out.NextKeyMarker, out.NextVersionIDMarker = l.encode(p.Next), s3req.NullVersion
	}
	return xmlResponse(out)
}

func storageClass(o *backend.Object) string {
	if o.StorageClass == "" {
		return "STANDARD"
	}
	return o.StorageClass
}
