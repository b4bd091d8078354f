package wire

import (
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"strings"
)

// node is an XML element; attributes and namespaces do not matter to AWS's shapes.
type node struct {
	name     string
	text     strings.Builder
	children []*node
}

// decodeXML fills a structure from a document whose root may have any name. An empty body gives no members.
func decodeXML(body []byte, v reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	root, err := parseXML(body)
	if err != nil {
		return err
	}
	return decodeElement(root, v)
}

func parseXML(body []byte) (*node, error) {
	bad := malformed("MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema.")
	d := xml.NewDecoder(bytes.NewReader(body))
	var stack []*node
	var root *node
	for {
		tok, err := d.Token()
		if err == io.EOF && root != nil && len(stack) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, bad
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, malformed("MalformedXML", "The XML has a document type declaration, which is not allowed.")
		case xml.StartElement:
			n := &node{name: t.Name.Local}
			if len(stack) >= maxDepth || root != nil && len(stack) == 0 {
				return nil, bad
			}
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			} else {
				root = n
			}
			stack = append(stack, n)
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		}
	}
}

func decodeElement(n *node, v reflect.Value) error {
	p := planOf(v.Type())
	for _, c := range n.children {
		f := p.byName[c.name]
		if f == nil || f.loc != "" {
			continue
		}
		if err := decodeChild(c, f, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

func decodeChild(c *node, f *field, dst reflect.Value) error {
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		dst.Set(reflect.New(t.Elem()))
		return decodeElement(c, dst.Elem())
	case t.Kind() == reflect.Struct && t != timeType:
		return decodeElement(c, dst)
	case t.Kind() == reflect.Slice && t != byteType && t != rawType:
		items := c.children
		if f.item == "" {
			items = []*node{c}
		}
		if dst.IsNil() {
			dst.Set(reflect.MakeSlice(t, 0, len(items)))
		}
		for _, item := range items {
			e := reflect.New(t.Elem()).Elem()
			if err := decodeChild(item, f, e); err != nil {
				return err
			}
			dst.Set(reflect.Append(dst, e))
		}
		return nil
	}
	return setText(dst, f.label, c.text.String(), false)
}
