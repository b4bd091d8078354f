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

// fillXML fills a structure from a document whose root may have any name. An empty body gives no members.
func (d *decoder) fillXML(body []byte, v reflect.Value) error {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil
	}
	root, err := parseXML(body)
	if err != nil {
		return err
	}
	return d.fillElement(root, v)
}

func parseXML(body []byte) (*node, error) {
	d := xml.NewDecoder(bytes.NewReader(body))
	var stack []*node
	var root *node
	for {
		tok, err := d.Token()
		if err == io.EOF && root != nil && len(stack) == 0 {
			return root, nil
		}
		if err != nil {
			return nil, errXML
		}
		switch t := tok.(type) {
		case xml.Directive:
			return nil, malformed("MalformedXML", "The XML has a document type declaration, which is not allowed.")
		case xml.StartElement:
			n := &node{name: t.Name.Local}
			if len(stack) >= maxDepth || root != nil && len(stack) == 0 {
				return nil, errXML
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

var errXML = malformed("MalformedXML",
	"The XML you provided was not well-formed or did not validate against our published schema.")

// hasText reports whether something else than white space stands beside the element's children.
func (n *node) hasText() bool { return strings.TrimSpace(n.text.String()) != "" }

func (d *decoder) fillElement(n *node, v reflect.Value) error {
	if n.hasText() {
		return errXML
	}
	p := planOf(v.Type())
	seen := map[*field]bool{}
	for _, c := range n.children {
		f := p.byName[c.name]
		if f == nil || f.loc != "" {
			return unrecognized(c.name)
		}
		flat := f.item == "" && isList(v.Field(f.index).Type())
		if seen[f] && !flat {
			return malformed("MalformedXML", "The element %s is given twice.", show(false, c.name))
		}
		if seen[f] {
			continue // with the first of the list
		}
		seen[f] = true
		items := []*node{c}
		if flat {
			items = n.named(c.name)
		}
		if err := d.setChild(items, f, v.Field(f.index)); err != nil {
			return err
		}
	}
	return nil
}

// named returns the children of a name.
func (n *node) named(name string) (list []*node) {
	for _, c := range n.children {
		if c.name == name {
			list = append(list, c)
		}
	}
	return list
}

// setChild fills a member from its element. A flattened list has an element for each of its members.
func (d *decoder) setChild(elements []*node, f *field, dst reflect.Value) error {
	if !isList(dst.Type()) {
		return d.setElement(elements[0], f, dst)
	}
	items := elements
	if f.item != "" {
		if elements[0].hasText() {
			return errXML
		}
		items = elements[0].children
	}
	dst.Set(reflect.MakeSlice(dst.Type(), len(items), len(items)))
	for i, item := range items {
		if f.item != "" && item.name != f.item {
			return unrecognized(item.name)
		}
		if err := d.setElement(item, f, dst.Index(i)); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) setElement(n *node, f *field, dst reflect.Value) error {
	t := dst.Type()
	switch {
	case t.Kind() == reflect.Pointer && t.Elem().Kind() == reflect.Struct:
		dst.Set(reflect.New(t.Elem()))
		return d.fillElement(n, dst.Elem())
	case t.Kind() == reflect.Struct && t != timeType:
		return d.fillElement(n, dst)
	case len(n.children) > 0:
		return errXML
	}
	return d.setScalar(dst, f.label, n.text.String())
}
