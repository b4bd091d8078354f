// Package sigv4 verifies AWS Signature Version 4: in the Authorization header, in presigned URLs, and over aws-chunked
// bodies. Time and secrets come in as arguments; it looks nothing up.
//
//	FromHTTP ─▶ Parse (shape, scope, what must be signed) ─▶ [caller finds the secret] ─▶ Verify ─▶ CheckTime
package sigv4

import (
	"net/http"
	"strings"
)

// Request is what a signature covers, as it was sent.
type Request struct {
	Method string
	Target string // origin form, path and query exactly as sent
	Host   string
	Header http.Header

	query *Params
}

// FromHTTP takes a request apart without normalising anything. A target in absolute form is accepted and reduced to its
// origin form: whether the host in it is ours is for the server to have checked.
func FromHTTP(r *http.Request) (*Request, error) {
	target := r.RequestURI
	for _, scheme := range []string{"http://", "https://"} {
		if rest, ok := strings.CutPrefix(target, scheme); ok {
			i := strings.IndexAny(rest, "/?")
			if i < 0 {
				target = "/"
			} else if target = rest[i:]; target[0] == '?' {
				target = "/" + target
			}
		}
	}
	q := &Request{Method: r.Method, Target: target, Host: r.Host, Header: r.Header}
	if !strings.HasPrefix(target, "/") || strings.Contains(target, "#") {
		return q, NewError(Malformed, "The request target is not a path.")
	}
	if len(r.Header.Values("Authorization")) > 1 {
		return q, NewError(TwoMechanisms, onlyOne)
	}
	if n := r.Header.Get("Content-Length"); n == "" && r.ContentLength > 0 {
		q.Header = r.Header.Clone() // Go keeps it beside the headers; clients sign it among them
		q.Header.Set("Content-Length", itoa(r.ContentLength))
	}
	return q, nil
}

// PlusIsSpace reads each "+" of the query as a space, as browsers' URLSearchParams write it: what was signed is the
// space. A plus arrives as %2B. For services that such clients call; call it before anything else.
func (r *Request) PlusIsSpace() {
	if path, query, ok := strings.Cut(r.Target, "?"); ok && strings.Contains(query, "+") {
		r.Target, r.query = path+"?"+strings.ReplaceAll(query, "+", "%20"), nil
	}
}

// Path is the escaped path as sent.
func (r *Request) Path() string {
	path, _, _ := strings.Cut(r.Target, "?")
	return path
}

// Query is the decoded query, parsed once.
func (r *Request) Query() (*Params, error) {
	if r.query == nil {
		_, raw, _ := strings.Cut(r.Target, "?")
		q, err := ParseQuery(raw)
		if err != nil {
			return nil, err
		}
		r.query = q
	}
	return r.query, nil
}
