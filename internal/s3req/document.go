package s3req

import (
	"bytes"
	"encoding/xml"

	"granary"
)

// Document is the body of an operation whose body is a document.
type Document struct {
	Text     []byte
	Tags     []granary.Tag // of the tagging operations and CreateBucket; nil for others
	Location string        // LocationConstraint of CreateBucket; "" when there is none
	Delete   *Delete       // of DeleteObjects; nil for others
}

// ReadDocument reads a verified body. What no decision is about stays as Text, for the operation to read.
func (o *Operation) ReadDocument(text []byte) (*Document, error) {
	d := &Document{Text: text}
	if o.document == nil {
		return d, nil
	}
	return d, o.document(d)
}

// Blank reports whether the document has nothing but space.
func (d *Document) Blank() bool { return len(bytes.TrimSpace(d.Text)) == 0 }

// TagSet is a set of tags in S3's XML.
type TagSet struct{ Tag []granary.Tag }

// Tagging is a document of tags in S3's XML.
type Tagging struct {
	XMLName xml.Name `xml:"Tagging"`
	NS      string   `xml:"xmlns,attr,omitempty"`
	TagSet  TagSet
}

func readObjectTags(d *Document) error { return d.readTags(maxObjectTags) }

func readBucketTags(d *Document) error { return d.readTags(maxBucketTags) }

func (d *Document) readTags(most int) error {
	var in Tagging
	if err := ParseXML(d.Text, &in); err != nil {
		return err
	}
	d.Tags = in.TagSet.Tag
	return checkTags(d.Tags, most)
}

// readLocation reads where a new bucket is to be, and its tags. The document may be left out.
func readLocation(d *Document) error {
	if d.Blank() {
		return nil
	}
	var in struct {
		XMLName            xml.Name `xml:"CreateBucketConfiguration"`
		LocationConstraint string
		Tags               TagSet
	}
	if err := ParseXML(d.Text, &in); err != nil {
		return err
	}
	d.Location, d.Tags = in.LocationConstraint, in.Tags.Tag
	return checkTags(d.Tags, maxBucketTags)
}

// Delete is the document of DeleteObjects.
type Delete struct {
	XMLName xml.Name   `xml:"Delete"`
	Quiet   bool       // tell only what failed
	Object  []Deletion // at least one
}

// Deletion names one object to be deleted.
type Deletion struct {
	Key       string
	VersionID string `xml:"VersionId"` // "" for the object itself
	ETag      string // that the object must have, as sent; "" when it may have any
}

func readDelete(d *Document) error {
	d.Delete = &Delete{}
	if err := ParseXML(d.Text, d.Delete); err != nil {
		return err
	}
	if len(d.Delete.Object) == 0 {
		return ErrMalformedXML
	}
	return nil
}

// Complete is the document of CompleteMultipartUpload.
type Complete struct {
	XMLName xml.Name `xml:"CompleteMultipartUpload"`
	Part    []CompletePart
}

// CompletePart names a part as the client knows it.
type CompletePart struct {
	PartNumber        int
	ETag              string
	ChecksumCRC32     string
	ChecksumCRC32C    string
	ChecksumCRC64NVME string
	ChecksumSHA1      string
	ChecksumSHA256    string
}

// Complete reads the document of CompleteMultipartUpload: 1 to 10,000 parts.
func (d *Document) Complete() (*Complete, error) {
	var in Complete
	if err := ParseXML(d.Text, &in); err != nil {
		return nil, err
	}
	if len(in.Part) == 0 || len(in.Part) > maxParts {
		return nil, ErrMalformedXML
	}
	return &in, nil
}

// Checksums returns the checksums of a part, by algorithm.
func (p *CompletePart) Checksums() map[string]string {
	out := map[string]string{}
	for algorithm, v := range map[string]string{"CRC32": p.ChecksumCRC32, "CRC32C": p.ChecksumCRC32C,
		"CRC64NVME": p.ChecksumCRC64NVME, "SHA1": p.ChecksumSHA1, "SHA256": p.ChecksumSHA256} {
		if v != "" {
			out[algorithm] = v
		}
	}
	return out
}
