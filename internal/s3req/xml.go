package s3req

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"reflect"
	"strings"

	"granary"
)

// ErrMalformedXML refuses a document that is not well-formed or has another shape than its operation's.
var ErrMalformedXML = Invalid("MalformedXML",
	"The XML you provided was not well-formed or did not validate against our published schema")

// ParseXML reads a document into a struct. It refuses an element that the struct has no field for by its name, since
// what the element asks for would not be done, and one that is given twice where the struct has one. It refuses
// declarations of types and entities.
func ParseXML(text []byte, into any) error {
	if bytes.Contains(text, []byte("<!DOCTYPE")) || bytes.Contains(text, []byte("<!ENTITY")) {
		return ErrMalformedXML
	}
	if err := checkElements(xml.NewDecoder(bytes.NewReader(text)), reflect.TypeOf(into).Elem()); err != nil {
		return err
	}
	if err := xml.Unmarshal(text, into); err != nil {
		return ErrMalformedXML
	}
	return nil
}

// element is an element that has begun and not ended.
type element struct {
	shape reflect.Type // nil: holds text only
	seen  map[string]bool
}

// checkElements walks a document: it has one root, and below the root only what the root's shape has.
func checkElements(d *xml.Decoder, root reflect.Type) error {
	var open []element
	done := false
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) && done && len(open) == 0 {
			return nil
		}
		if err != nil {
			return ErrMalformedXML
		}
		switch x := token.(type) {
		case xml.StartElement:
			if len(open) == 0 {
				if done {
					return ErrMalformedXML
				}
				done = true
				open = append(open, element{root, map[string]bool{}})
				continue
			}
			child, err := open[len(open)-1].begin(x.Name.Local)
			if err != nil {
				return err
			}
			open = append(open, child)
		case xml.EndElement:
			open = open[:len(open)-1]
		case xml.CharData:
			outside := len(open) == 0 || open[len(open)-1].shape != nil
			if outside && len(bytes.TrimSpace(x)) > 0 {
				return ErrMalformedXML
			}
		}
	}
}

// begin returns the child of a name, which begins now.
func (e element) begin(name string) (element, error) {
	shape, many, ok := fieldOf(e.shape, name)
	switch {
	case !ok:
		return element{}, granary.Errorf(granary.NotImplemented,
			"An element of the XML you provided implies functionality that is not implemented: %s", name).
			WithCode("NotImplemented").With("Element", name)
	case e.seen[name] && !many:
		return element{}, ErrMalformedXML
	}
	e.seen[name] = true
	return element{shape, map[string]bool{}}, nil
}

// fieldOf returns the shape of an element's child, and whether there may be many. The shape of a text is nil; ok is
// false when the element has no such child.
func fieldOf(parent reflect.Type, name string) (shape reflect.Type, many, ok bool) {
	if parent == nil {
		return nil, false, false
	}
	for i := range parent.NumField() {
		f := parent.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("xml"), ",")
		matches := tag == name || tag == "" && f.Name == name
		if f.Name == "XMLName" || strings.Contains(","+options, ",attr") || !matches {
			continue
		}
		shape = f.Type
		if shape.Kind() == reflect.Slice {
			shape, many = shape.Elem(), true
		}
		if shape.Kind() == reflect.Pointer {
			shape = shape.Elem()
		}
		if shape.Kind() != reflect.Struct {
			shape = nil
		}
		return shape, many, true
	}
	return nil, false, false
}
