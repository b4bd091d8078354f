package wire

import (
	"net/http"
	"reflect"
	"strings"

	"granary"
)

// What a request brings that its operation does not know is refused by name: it may be what a newer client restricts
// the operation by, and to pass it over would do more than was asked.

func unrecognized(name string) error {
	return granary.Errorf(granary.Invalid, "The parameter %s is not recognized.", show(false, name))
}

// signing are the parameters of a URL that name its signature.
var signing = map[string]bool{"X-Amz-Algorithm": true, "X-Amz-Credential": true, "X-Amz-Date": true,
	"X-Amz-Expires": true, "X-Amz-SignedHeaders": true,
	"X-Amz-Signature": true, "X-Amz-Security-Token": true, "X-Amz-Content-Sha256": true, "X-Amz-User-Agent": true}

// naming are the parameters of Query requests that every operation has, and those that the signatures before version 4
// had.
var naming = map[string]bool{"Action": true, "Version": true, "AWSAccessKeyId": true, "SecurityToken": true,
	"Signature": true, "SignatureMethod": true,
	"SignatureVersion": true, "Timestamp": true, "Expires": true}

// headers are those beginning with "x-amz-" that say nothing to an operation: signature, checksums, and what clients
// and proxies on the way tell of themselves.
var headers = map[string]bool{"X-Amz-Date": true, "X-Amz-Content-Sha256": true, "X-Amz-Security-Token": true,
	"X-Amz-User-Agent": true, "X-Amz-Region-Set": true,
	"X-Amz-Sdk-Checksum-Algorithm": true, "X-Amz-Trailer": true, "X-Amz-Decoded-Content-Length": true,
	"X-Amz-Account-Id": true, "X-Amz-Api-Version": true,
	"X-Amz-Cf-Id": true}

// typeMember stands in JSON objects that some clients write: the name of their shape (Smithy, "Structure shape
// serialization").
const typeMember = "__type"

// knownForm refuses parameters of a Query request that its input does not have.
func knownForm(form map[string]string, t reflect.Type) error {
	for name, value := range form {
		if !naming[name] && !signing[name] && !hasMember(t, name, value) {
			return unrecognized(name)
		}
	}
	return nil
}

// hasMember reports whether a structure has what a parameter names: "Tags.member.1.Key".
func hasMember(t reflect.Type, name, value string) bool {
	head, rest, more := strings.Cut(name, ".")
	f := planOf(t).byName[head]
	return f != nil && f.loc == "" && takes(t.Field(f.index).Type, f, rest, more, value)
}

// takes reports whether a member can be named so: rest is what follows its name and a dot.
func takes(t reflect.Type, f *field, rest string, more bool, value string) bool {
	switch {
	case isList(t):
		if !more {
			return value == "" // a list with nothing in it
		}
		if f.item != "" {
			var item string
			if item, rest, more = strings.Cut(rest, "."); item != f.item {
				return false
			}
			if !more {
				return value == ""
			}
		}
		_, rest, more = strings.Cut(rest, ".") // its number, which decodeList reads
		return takes(t.Elem(), f, rest, more, value)
	case t.Kind() == reflect.Pointer:
		return takes(t.Elem(), f, rest, more, value)
	case t.Kind() == reflect.Struct && t != timeType:
		return more && hasMember(t, rest, value)
	case t.Kind() == reflect.Map:
		return false
	}
	return !more
}

// knownPlaces refuses parameters of a URL, and headers of AWS's, that a REST operation does not have.
func knownPlaces(m *Meta, r *Request, t reflect.Type) error {
	p := planOf(t)
	has := func(loc, name string) bool {
		for i := range p.fields {
			if p.fields[i].loc == loc && (p.fields[i].name == name || loc == "header" && strings.EqualFold(p.fields[i].name,
				name)) {
				return true
			}
		}
		return false
	}
	_, query, _ := strings.Cut(m.URI, "?")
	own, _, _ := strings.Cut(query, "=")
	for _, q := range r.Query {
		if !signing[q.Name] && q.Name != "x-id" && (own == "" || q.Name != own) && !has("querystring", q.Name) {
			return unrecognized(q.Name)
		}
	}
	for name := range r.Header {
		name = http.CanonicalHeaderKey(name)
		if strings.HasPrefix(name, "X-Amz-") && !headers[name] && !strings.HasPrefix(name, "X-Amz-Checksum-") &&
			!has("header", name) {
			return unrecognized(strings.ToLower(name))
		}
	}
	return nil
}

// Member is a member of an operation's input, and where it stands on the wire: "" is the body.
type Member struct{ Name, Location string }

// Members are those of an input's type.
func Members(input reflect.Type) (out []Member) {
	for _, f := range planOf(input).fields {
		out = append(out, Member{f.name, f.loc})
	}
	return out
}
