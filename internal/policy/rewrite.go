package policy

import (
	"encoding/json"
	"strings"
)

// MapPrincipals returns the document with each principal replaced by what change returns for it. Everything else stays
// as written, byte for byte. kind is AWS, Service, Federated or CanonicalUser. A document that cannot be read is
// returned as it is.
func MapPrincipals(document string, change func(kind, value string) string) string {
	r := &rewriter{d: json.NewDecoder(strings.NewReader(document)), document: document, change: change}
	r.d.UseNumber()
	if !r.readValue(inDocument, "") {
		return document
	}
	return r.out.String() + document[r.copied:]
}

// place is the position of a value within a policy.
type place uint8

const (
	elsewhere place = iota
	inDocument
	inStatements // one statement, or a list
	inPrincipal  // "*", or an object with a member for each kind
	inKind       // one value, or a list
)

// rewriter copies a document to out while it replaces principals.
type rewriter struct {
	d        *json.Decoder
	document string
	change   func(kind, value string) string
	out      strings.Builder
	copied   int64 // bytes of the document that are in out already
}

// readValue reads one value. ok is false when the document cannot be read.
func (r *rewriter) readValue(at place, kind string) (ok bool) {
	before := r.d.InputOffset()
	t, err := r.d.Token()
	if err != nil {
		return false
	}
	switch t := t.(type) {
	case string:
		if at == inKind {
			if changed := r.change(kind, t); changed != t {
				r.replaceString(before, changed)
			}
		}
		return true
	case json.Delim:
		for r.d.More() {
			if t == '[' {
				ok = r.readValue(at, kind)
			} else {
				ok = r.readMember(at)
			}
			if !ok {
				return false
			}
		}
		_, err := r.d.Token() // the closing bracket
		return err == nil
	}
	return true
}

// readMember reads one name and value of an object.
func (r *rewriter) readMember(at place) bool {
	t, err := r.d.Token()
	name, ok := t.(string)
	if err != nil || !ok {
		return false
	}
	inner := elsewhere
	switch {
	case at == inDocument && name == "Statement":
		inner = inStatements
	case at == inStatements && (name == "Principal" || name == "NotPrincipal"):
		inner = inPrincipal
	case at == inPrincipal:
		inner = inKind
	}
	return r.readValue(inner, name)
}

// replaceString writes text in place of the JSON string that was just read, which begins at the first quote after an
// offset.
func (r *rewriter) replaceString(after int64, text string) {
	start := after + int64(strings.IndexByte(r.document[after:], '"'))
	quoted, err := json.Marshal(text)
	if err != nil {
		return // a string always marshals
	}
	r.out.WriteString(r.document[r.copied:start])
	r.out.Write(quoted)
	r.copied = r.d.InputOffset()
}
