package policy

import (
	"encoding/json"
	"errors"
	"io"
	"strings"
)

// The limits of a document, whatever its kind; services have narrower ones of their own.
const (
	maxDocument = 128 << 10 // bytes
	maxDepth    = 12
)

// node is a JSON value that remembers what encoding/json forgets: duplicate and differently-cased member names.
type node struct {
	kind    byte // 'o' object, 'a' array, 's' string, 'n' number, 'b' boolean, '0' null
	text    string
	members []member
	items   []node
}

type member struct {
	name  string
	value node
}

// parseJSON reads one document: no duplicate names, no trailing data, bounded size and depth.
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
	return n, duplicate(n)
}

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

// duplicate refuses objects with two members of one name: readers that keep the first and readers that keep the last
// would see two different policies.
func duplicate(n node) error {
	seen := make(map[string]bool, len(n.members))
	for _, m := range n.members {
		if seen[m.name] {
			return errors.New("the element " + m.name + " is given twice")
		}
		seen[m.name] = true
		if err := duplicate(m.value); err != nil {
			return err
		}
	}
	for _, i := range n.items {
		if err := duplicate(i); err != nil {
			return err
		}
	}
	return nil
}

// strings reads a scalar or a list of scalars. Numbers and booleans become their text where scalars are allowed.
func (n node) strings(scalars bool) ([]string, bool) {
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
