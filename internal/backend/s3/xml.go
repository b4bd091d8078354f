package s3

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"

	"granary/internal/upstream"
)

const (
	maxDocument = 16 << 20 // of an answer
	maxDepth    = 8        // of elements within elements
)

var errDocument = errors.New("the store's document cannot be read")

// decode reads an answer. Documents with a type definition, or that are deep, are refused.
func decode(text []byte, into any) error {
	d := xml.NewDecoder(bytes.NewReader(text))
	depth := 0
	for {
		t, err := d.RawToken()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		switch t.(type) {
		case xml.Directive:
			return errDocument
		case xml.StartElement:
			if depth++; depth > maxDepth {
				return errDocument
			}
		case xml.EndElement:
			depth--
		}
	}
	d = xml.NewDecoder(bytes.NewReader(text))
	// The prolog may name a version of XML that the decoder does not know, and keys may have control characters.
	d.Strict = true
	return d.Decode(into)
}

// document reads an answer whose root has a name. A document of S3 may tell an error although its status is 200.
func (s *Store) document(resp *upstream.Response, root string, into any, a about) error {
	text, err := read(resp, maxDocument)
	if err != nil {
		return err
	}
	var name struct {
		XMLName xml.Name
		Code    string
		Message string
	}
	if err := decode(text, &name); err != nil {
		return failed(upstream.ErrAnswer)
	}
	if name.XMLName.Local == "Error" {
		return s.translate(&Refused{Status: resp.Status, Code: cut(name.Code), Message: cut(name.Message)}, a)
	}
	if name.XMLName.Local != root || decode(text, into) != nil {
		return failed(upstream.ErrAnswer)
	}
	return nil
}

// makeDocument makes a document to send.
func makeDocument(v any) ([]byte, error) { return xml.Marshal(v) }
