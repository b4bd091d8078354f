package gateway

import (
	"encoding/xml"
	"net/http"

	"granary/internal/backend"
	"granary/internal/s3req"
)

type attributeParts struct {
	Count      int `xml:"PartsCount"`
	Marker     int `xml:"PartNumberMarker"`
	NextMarker int `xml:"NextPartNumberMarker"`
	MaxParts   int
	Truncated  bool            `xml:"IsTruncated"`
	Part       []attributePart `xml:",omitempty"`
}

type attributePart struct {
	PartNumber int
	Size       int64
}

type attributeSums struct {
	ChecksumCRC32     string `xml:",omitempty"`
	ChecksumCRC32C    string `xml:",omitempty"`
	ChecksumCRC64NVME string `xml:",omitempty"`
	ChecksumSHA1      string `xml:",omitempty"`
	ChecksumSHA256    string `xml:",omitempty"`
	ChecksumType      string `xml:",omitempty"`
}

type attributesResult struct {
	XMLName      xml.Name `xml:"GetObjectAttributesResponse"`
	NS           string   `xml:"xmlns,attr"`
	ETag         string   `xml:",omitempty"`
	Checksum     *attributeSums
	ObjectParts  *attributeParts
	StorageClass string `xml:",omitempty"`
	ObjectSize   *int64
}

// checkNotDenied lets a policy keep the attributes from callers who may read the object: reading is what must be
// allowed, and an explicit deny of the attributes' own action denies.
func (o objects) checkNotDenied() error {
	action := "s3:GetObjectAttributes"
	if o.req.Version != nil {
		action = "s3:GetObjectVersionAttributes"
	}
	d := o.Authz.Decide(o.caller, &o.env, o.request(o.req.Need(action, nil)))
	if !d.Explicit {
		return o.facts.failed
	}
	return newRefusal(d)
}

func (o objects) attributes() (*response, error) {
	if err := o.checkNotDenied(); err != nil {
		return nil, err
	}
	found, err := o.stat()
	if err != nil {
		return nil, err
	}
	out := attributesResult{NS: namespace}
	for _, name := range o.req.Attributes {
		switch name {
		case "ETag":
			out.ETag = found.ETag
		case "Checksum":
			if s := found.Checksums; len(s) > 0 {
				out.Checksum = &attributeSums{s["CRC32"], s["CRC32C"], s["CRC64NVME"], s["SHA1"], s["SHA256"],
					found.ChecksumType}
			}
		case "ObjectParts":
			if err := o.req.Parts.Fault; err != nil {
				return nil, err
			}
			if found.PartCount > 0 {
				return nil, s3req.NotImplemented("The parts of an object that is kept in this storage (ObjectParts)")
			}
			out.ObjectParts = attributePartsOf(found, o.req.Parts)
		case "StorageClass":
			out.StorageClass = storageClass(found)
		case "ObjectSize":
			out.ObjectSize = &found.Size
		default:
			return nil, s3req.Invalid("InvalidArgument", "Invalid attribute name specified.").With("ArgumentValue", name)
		}
	}
	r, err := xmlResponse(out)
	if err == nil {
		r.header.Set("Last-Modified", found.Modified.UTC().Format(http.TimeFormat))
	}
	return r, err
}

// attributePartsOf returns a page of an object's parts, nil when the object was made in one piece.
func attributePartsOf(o *backend.Object, page s3req.PartsPage) *attributeParts {
	if len(o.Parts) == 0 {
		return nil
	}
	p := &attributeParts{Count: len(o.Parts), Marker: page.After, MaxParts: page.Limit}
	for i := min(p.Marker, len(o.Parts)); i < len(o.Parts); i++ {
		if len(p.Part) == p.MaxParts {
			p.Truncated = true
			break
		}
		p.Part = append(p.Part, attributePart{i + 1, o.Parts[i]})
		p.NextMarker = i + 1
	}
	return p
}
