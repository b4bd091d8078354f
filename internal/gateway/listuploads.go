package gateway

import (
	"encoding/xml"

	"granary/internal/backend"
)

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

func (u uploads) list() (*response, error) {
	l, in := listings(u), u.req.Listing
	s, err := u.store()
	if err != nil {
		return nil, err
	}
	p, query := &backend.Page{}, l.query()
	query.AfterID = in.AfterID
	if in.Limit > 0 {
		if p, err = s.ListUploads(u.ctx, query); err != nil {
			return nil, err
		}
	}
	out := uploadsResult{NS: namespace, Bucket: u.req.Bucket, KeyMarker: l.encode(in.After), UploadIDMarker: in.AfterID,
		Delimiter: l.encode(in.Delimiter), Prefix: l.encode(in.Prefix), EncodingType: in.Encoding, MaxUploads: in.Limit,
		IsTruncated: p.More, Prefixes: l.prefixes(p)}
	who := l.owner()
	for _, begun := range p.Uploads {
		out.Upload = append(out.Upload, listedUpload{Key: l.encode(begun.Key), UploadID: begun.ID, Initiator: who, Owner: who,
			StorageClass: "STANDARD", Initiated: stamp(begun.Created), ChecksumAlgorithm: begun.Algorithm})
	}
	if p.More {
		out.NextKeyMarker, out.NextUploadIDMarker = l.encode(p.Next), p.NextID
	}
	return xmlResponse(out)
}
