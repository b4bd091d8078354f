package scim

import (
	"maps"
	"slices"
	"strings"
)

// operation is one of a PATCH's (RFC 7644 §3.5.2). An add or replace always has a value, which may be null: no value is
// not null, and null is not an empty text.
type operation struct {
	op    string // add, replace, remove
	path  string // "" when the value is an object of attributes
	value any
}

const maxOperations = 1000

// operations reads a PatchOp, in whatever letter case it comes.
func operations(body object) ([]operation, error) {
	list := body.list("Operations")
	if len(list) == 0 {
		return nil, invalid("invalidSyntax", "The request has no Operations.")
	}
	if len(list) > maxOperations {
		return nil, tooMany(maxOperations, false)
	}
	out := make([]operation, 0, len(list))
	for _, v := range list {
		op, err := readOperation(asObject(v))
		if err != nil {
			return nil, err
		}
		out = append(out, op)
	}
	return out, nil
}

func readOperation(o object) (op operation, err error) {
	if p := o.get("path"); p != nil {
		s, ok := p.(string)
		if !ok {
			return op, invalid("invalidPath", "An operation's path is not a text.")
		}
		if len(s) > maxFilter || !printable(s) {
			return op, invalid("invalidPath", "An operation's path is longer than 4096 bytes, or has characters that are not "+
				"allowed.")
		}
		op.path = strings.TrimSpace(s)
	}
	given, _ := o.get("op").(string)
	op.op, op.value = strings.ToLower(given), o.get("value")
	_, valued := o[o.key("value")]
	switch {
	case op.op != "add" && op.op != "replace" && op.op != "remove":
		return op, invalid("invalidSyntax", "An operation's op must be add, replace or remove, and is \""+short(given)+"\".")
	case op.op == "remove" && op.path == "":
		return op, invalid("noTarget", "A remove operation needs a path.")
	case op.op != "remove" && !valued:
		return op, invalid("invalidValue", "An operation that adds or replaces needs a value; null stands for none.")
	}
	return op, op.settle()
}

// settle reads the value of an operation without a path, which is a resource's attributes. The path of a whole resource
// is none.
func (op *operation) settle() error {
	if short, core := coreName(op.path); core && short == "" {
		if op.path = ""; op.op == "remove" {
			return invalid("noTarget", "A resource cannot be removed by PATCH.")
		}
	}
	if op.path != "" {
		return nil
	}
	v := asObject(unquoted(op.value))
	if v == nil || v.get("value") != nil {
		return invalid("invalidValue", "An operation without a path needs an object of attributes as its value.")
	}
	v, err := v.plain()
	op.value = v
	return err
}

// parts gives fn each of the changes that an operation without a path means: each name of its value is a path itself.
// Providers send them flattened ("name.givenName") as well as nested.
func (op operation) parts(prefix string, fn func(operation) error) error {
	v := asObject(unquoted(op.value))
	for _, name := range slices.Sorted(maps.Keys(v)) {
		if err := fn(operation{op: op.op, path: prefix + name, value: v[name]}); err != nil {
			return err
		}
	}
	return nil
}
