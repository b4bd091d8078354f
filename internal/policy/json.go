package policy

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// Limits of a document of any kind. Services have lower ones of their own.
const (
	maxDocument = 128 << 10 // bytes
	maxDepth    = 12
)

// node is a JSON value that keeps what encoding/json drops: duplicate member names, and names that differ only in case.
type node struct {
	kind    byte // 'o' object, 'a' array, 's' string, 'n' number, 'b' boolean, '0' null
	text    string
	members []member
	items   []node
}

// member is one name and value of an object.
type member struct {
	name  string
	value node
}

// parseJSON reads one document. It refuses duplicate names, trailing data, and documents that are too large or too
// deeply nested.
func parseJSON(text string) (node, error) {
	if len(text) > maxDocument {
		return node{}, errors.New("it is too long")
	}
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	n, err := parseNode(d, 0)
	if err != nil {
		return node{}, errors.New("it is not a JSON document")
	}
	if _, err := d.Token(); err != io.EOF {
		return node{}, errors.New("something follows the JSON document")
	}
	return n, rejectDuplicates(n)
}

// parseNode reads the next value. depth counts the containers around it.
func parseNode(d *json.Decoder, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errors.New("too deep")
	}
	t, err := d.Token()
	if err != nil {
		return node{}, err
	}
	switch t := t.(type) {
	case string:
		return node{kind: 's', text: t}, nil
	case json.Number:
		return node{kind: 'n', text: t.String()}, nil
	case bool:
		if t {
			return node{kind: 'b', text: "true"}, nil
		}
		return node{kind: 'b', text: "false"}, nil
	case json.Delim:
		return parseContainer(d, t, depth)
	}
	return node{kind: '0'}, nil
}

// parseContainer reads the members or items of a container whose opening bracket has been read.
func parseContainer(d *json.Decoder, open json.Delim, depth int) (node, error) {
	n := node{kind: 'a'}
	if open == '{' {
		n.kind = 'o'
	}
	for d.More() {
		name := ""
		if n.kind == 'o' {
			t, err := d.Token()
			if err != nil {
				return n, err
			}
			name, _ = t.(string)
		}
		v, err := parseNode(d, depth+1)
		if err != nil {
			return n, err
		}
		if n.kind == 'o' {
			n.members = append(n.members, member{name, v})
		} else {
			n.items = append(n.items, v)
		}
	}
	_, err := d.Token() // the closing bracket
	return n, err
}

// rejectDuplicates returns an error if an object has two members with one name. Some readers keep the first and some
// the last, so they would see different policies.
func rejectDuplicates(n node) error {
	seen := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		if seen[m.name] {
			return errors.New("the element " + m.name + " is given twice")
		}
		seen[m.name] = true
		if err := rejectDuplicates(m.value); err != nil {
			return err
		}
	}
	for _, i := range n.items {
		if err := rejectDuplicates(i); err != nil {
			return err
		}
	}
	return nil
}

// stringList returns a text or a list of texts. If scalars is true it also takes numbers and booleans, as text. ok is
// false for any other value and for an empty list.
func (n node) stringList(scalars bool) ([]string, bool) {
	one := func(n node) (string, bool) {
		return n.text, n.kind == 's' || scalars && (n.kind == 'n' || n.kind == 'b')
	}
	if n.kind != 'a' {
		s, ok := one(n)
		return []string{s}, ok
	}
	out := make([]string, 0, len(n.items))
	for _, i := range n.items {
		s, ok := one(i)
		if !ok {
			return nil, false
		}
		out = append(out, s)
	}
	return out, len(out) > 0
}
