package scim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// How large bodies may be.
const (
	maxUserBody  = 1 << 20
	maxGroupBody = 16 << 20
	maxBulkBody  = 16 << 20
)

// readBody reads a JSON object, whatever Content-Type the request claims.
func readBody(r io.Reader, limit int) (object, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(limit)+1))
	if err != nil {
		return nil, invalid("invalidSyntax", "The request body could not be read.")
	}
	if len(b) > limit {
		return nil, &scimError{status: http.StatusRequestEntityTooLarge, detail: fmt.Sprintf("The request body is larger than %d MiB.", limit>>20)}
	}
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(b, []byte("\xef\xbb\xbf"))))
	d.UseNumber()
	var o object
	if err := d.Decode(&o); err != nil || o == nil {
		return nil, invalid("invalidSyntax", "Request is unparsable, syntactically incorrect, or violates schema: the body is not a JSON object.")
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, invalid("invalidSyntax", "Request is unparsable, syntactically incorrect, or violates schema: something follows the JSON object.")
	}
	return o, once(map[string]any(o))
}

// once refuses names that are there twice in an object, whatever their letter case: which of them is meant, nobody knows.
func once(v any) error {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if err := once(e); err != nil {
				return err
			}
		}
	case map[string]any:
		seen := make(map[string]bool, len(v))
		for name, e := range v {
			if fold := strings.ToLower(name); seen[fold] {
				return invalid("invalidSyntax", "The attribute "+name+" is there twice.")
			} else {
				seen[fold] = true
			}
			if err := once(e); err != nil {
				return err
			}
		}
	}
	return nil
}

// ours are the query parameters that mean something here.
var ours = map[string]bool{"filter": true, "startindex": true, "count": true, "cursor": true, "attributes": true, "excludedattributes": true,
	"sortby": true, "sortorder": true}

// parseQuery reads the query strictly: net/url drops what it cannot read, and a list without its filter is another list. What
// means nothing here is left out; providers add flags of their own.
func parseQuery(raw string) (url.Values, error) {
	out := url.Values{}
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if name = strings.ToLower(name); err != nil || !ours[name] || out.Has(name) {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil {
			return nil, invalid("invalidValue", "The query parameter "+name+" is not percent-encoded as it should be.")
		}
		out.Set(name, value)
	}
	return out, nil
}
