package scim

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"granary"
	"granary/internal/front"
)

// How large bodies may be, in bytes.
const (
	maxUserBody   = 1 << 20
	maxGroupBody  = 16 << 20
	maxBulkBody   = 16 << 20
	maxSearchBody = 64 << 10
)

// How much memory the documents of bodies may take.
const (
	maxUserMemory  = 4 << 20
	maxGroupMemory = 40 << 20 // a group of 300,000 members
)

// What is read of bodies.
var (
	ofUser       = &want{bytes: maxUserBody, memory: maxUserMemory, keep: isAttribute}
	ofGroup      = &want{bytes: maxGroupBody, memory: maxGroupMemory, keep: isAttribute, members: true}
	ofUserPatch  = &want{bytes: maxUserBody, memory: maxUserMemory, keep: named("Operations")}
	ofGroupPatch = &want{bytes: maxGroupBody, memory: maxGroupMemory, keep: named("Operations"), members: true}
	ofBulk       = &want{bytes: maxBulkBody, memory: maxGroupMemory, keep: named("Operations", "failOnErrors"),
		members: true, bulk: true}
	ofSearch = &want{bytes: maxSearchBody, memory: maxUserMemory,
		keep: func(n string) bool { return ours[strings.ToLower(n)] }}
)

func named(names ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, name) })
	}
}

func tooLarge(limit int) error {
	text := fmt.Sprintf("The request body is larger than %d KiB.", limit>>10)
	return &scimError{status: http.StatusRequestEntityTooLarge, detail: text}
}

func tooMuch() error {
	return &scimError{status: http.StatusRequestEntityTooLarge, detail: "The request holds more than one request may: " +
		"make several of it."}
}

func tooMany(most int, bulk bool) error {
	if bulk {
		return &scimError{status: http.StatusRequestEntityTooLarge, scimType: "tooMany",
			detail: fmt.Sprintf("A bulk request has at most %d operations.", most)}
	}
	return invalid("tooMany", fmt.Sprintf("A list has more than %d elements.", most))
}

// unread words the failure of a body to arrive.
func unread(err error) error {
	switch e := (*granary.Error)(nil); {
	case err == front.ErrSlow:
		return &scimError{status: http.StatusRequestTimeout, detail: front.ErrSlow.Message}
	case errors.As(err, &e):
		return err
	}
	return invalid("invalidSyntax", "The request body could not be read: it ended before its declared length.")
}

// short cuts a text of the client's that an answer repeats.
func short(s string) string {
	const most = 100
	if utf8.RuneCountInString(s) <= most {
		return s
	}
	return string([]rune(s)[:most]) + "…"
}

// ours are the query parameters that mean something here.
var ours = map[string]bool{"filter": true, "startindex": true, "count": true, "cursor": true, "attributes": true,
	"excludedattributes": true,
	"sortby":             true, "sortorder": true}

// parseQuery reads the query strictly: net/url drops what it cannot read, and a list without its filter is another
// list. What means nothing here is left out; providers add flags of their own.
func parseQuery(raw string) (url.Values, error) {
	out := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if name = strings.ToLower(name); err != nil || !ours[name] {
			continue
		}
		if out.Has(name) {
			return nil, invalid("invalidValue", "The query parameter "+name+" is there twice.")
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, invalid("invalidValue", "The query parameter "+name+" is not percent-encoded as it should be.")
		}
		if !printable(value) {
			return nil, invalid("invalidValue", "The query parameter "+name+" has characters that are not allowed.")
		}
		out.Set(name, value)
	}
	return out, nil
}

// printable reports whether a text is UTF-8 without control characters.
func printable(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, unicode.IsControl)
}
