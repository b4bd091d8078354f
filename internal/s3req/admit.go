package s3req

import (
	"net/http"
	"slices"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

// Headers and parameters that several operations read. Each list ends where the next may be appended.
const (
	documentHeaders = " content-md5 content-encoding x-amz-sdk-checksum-algorithm x-amz-decoded-content-length" +
		" x-amz-trailer"
	checksumHeaders = " x-amz-checksum-crc32 x-amz-checksum-crc32c x-amz-checksum-crc64nvme x-amz-checksum-sha1" +
		" x-amz-checksum-sha256"
	bodyHeaders = documentHeaders + checksumHeaders
	aclHeaders  = " x-amz-acl x-amz-grant-read x-amz-grant-write x-amz-grant-read-acp x-amz-grant-write-acp" +
		" x-amz-grant-full-control"
	objectHeaders = aclHeaders + " cache-control content-disposition content-encoding content-language content-type" +
		" expires x-amz-meta-* x-amz-storage-class x-amz-server-side-encryption"
	writeConditions = " if-match if-none-match"
	readHeaders     = " if-match if-none-match if-modified-since if-unmodified-since if-range range x-amz-checksum-mode"
	sourceHeaders   = " x-amz-copy-source x-amz-copy-source-if-match x-amz-copy-source-if-none-match" +
		" x-amz-copy-source-if-modified-since x-amz-copy-source-if-unmodified-since x-amz-source-expected-bucket-owner"

	responseParams = " partNumber response-cache-control response-content-disposition response-content-encoding" +
		" response-content-language response-content-type response-expires"
	listParams = " prefix delimiter encoding-type "
)

// harmless are the headers that change no operation: those of the signature, which is read before, and those by which
// SDKs and proxies say something about themselves or ask for what is always so.
const harmless = "x-amz-date x-amz-content-sha256 x-amz-security-token x-amz-user-agent x-amz-te x-amz-api-version" +
	" x-amz-cf-id x-amz-request-payer x-amz-checksum-mode x-amz-optional-object-attributes" +
	" x-amz-confirm-remove-self-bucket-access"

// narrowing are the headers outside of x-amz- that change what a write means to a server that heeds them.
var narrowing = []string{"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "if-range", "range",
	"content-range"}

// lists reports whether a list of names, with spaces between, has a name. A "*" at the end of a name in the list stands
// for the rest of it.
func lists(list, name string) bool {
	for n := range strings.FieldsSeq(list) {
		if prefix, ok := strings.CutSuffix(n, "*"); n == name || ok && strings.HasPrefix(name, prefix) {
			return true
		}
	}
	return false
}

// admit reduces the request to what its operation reads. Anything else is dropped where it can change nothing, and
// refused where it may: a write under a condition that is not evaluated is another write. length is the body's.
func (r *Request) admit(length int64) error {
	headers, err := r.admitHeaders()
	if err != nil {
		return err
	}
	if err := r.admitParams(); err != nil {
		return err
	}
	op := r.Operation
	if !op.ReadOnly && !op.Body && length > 0 {
		return Invalid("UnexpectedContent", "This request contains unsupported content: the operation takes no body.")
	}
	r.header = headers
	r.query = r.query.Only(func(name string) bool { return name == op.selector || lists(op.params, name) })
	return nil
}

func (r *Request) admitHeaders() (http.Header, error) {
	out, op := http.Header{}, r.Operation
	for name, values := range r.header {
		lower := strings.ToLower(name)
		read := lower == "x-amz-expected-bucket-owner" || lists(op.headers, lower)
		amz, meta := strings.HasPrefix(lower, "x-amz-"), strings.HasPrefix(lower, "x-amz-meta-")
		narrows := slices.Contains(narrowing, lower)
		single := !meta && lower != "x-amz-object-attributes" && (amz || narrows || lower == "content-md5")
		switch {
		case read && len(values) > 1 && single:
			return nil, givenTwice(lower)
		case read && values[0] == "" && !meta && lower != "x-amz-tagging" && !op.ReadOnly && (amz || narrows):
			return nil, Invalid("InvalidArgument", "The header "+lower+" has no value.").With("ArgumentName", lower)
		case read:
			out[name] = values
		case lists(harmless, lower), meta:
		case lower == "x-amz-bypass-governance-retention" && strings.EqualFold(r.header.Get(name), "false"):
		case lower == "x-amz-sdk-checksum-algorithm" && !op.Body: // of a body that the request does not have
		case amz, !op.ReadOnly && narrows:
			return nil, unknownHeader(lower)
		}
	}
	return out, nil
}

// unknownHeader refuses a header by its name.
func unknownHeader(name string) error {
	return granary.Errorf(granary.NotImplemented,
		"A header you provided implies functionality that is not implemented: %s", name).
		WithCode("NotImplemented").With("Header", name)
}

func givenTwice(name string) error {
	return Invalid("InvalidArgument", name+" is given more than once.").With("ArgumentName", name)
}

// admitParams refuses parameters that are given twice, and on writes those that the operation does not read: a
// parameter may be a newer operation, or narrow this one. Names that begin with "x-" are the client's own, for the
// access log, as on AWS.
func (r *Request) admitParams() error {
	op := r.Operation
	for _, p := range r.query.All() {
		lower := strings.ToLower(p.Name)
		amz := strings.HasPrefix(lower, "x-amz-")
		switch {
		case p.Name == op.selector || lists(op.params, p.Name):
			if r.query.Count(p.Name) > 1 {
				return givenTwice(p.Name)
			}
		case op.ReadOnly, strings.HasPrefix(lower, "x-") && !amz:
		case amz && r.Auth.Mode == sigv4.Presigned: // hoist has made a header of it
		default:
			return granary.Errorf(granary.NotImplemented,
				"A query parameter you provided implies functionality that is not implemented: %s", p.Name).
				WithCode("NotImplemented").With("ArgumentName", p.Name)
		}
	}
	return nil
}

// signing are the parameters that make a presigned URL. They are no headers.
var signing = []string{"X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Signedheaders",
	"X-Amz-Expires", "X-Amz-Security-Token"}

// hoist merges the headers that a presigned URL carries in its query, where they are signed. A header has one value,
// wherever it stands.
func (r *Request) hoist() error {
	if r.Auth.Mode != sigv4.Presigned {
		return nil
	}
	h, seen := r.header.Clone(), map[string]bool{}
	for _, p := range r.query.All() {
		name := http.CanonicalHeaderKey(p.Name)
		if !strings.HasPrefix(name, "X-Amz-") || slices.Contains(signing, name) {
			continue
		}
		if sent, ok := h[name]; seen[name] || ok && (len(sent) > 1 || sent[0] != p.Value) {
			return Invalid("InvalidRequest",
				"The header "+strings.ToLower(name)+" is given more than once, in the query or beside it.")
		}
		seen[name] = true
		h[name] = []string{p.Value}
	}
	r.header = h
	return nil
}
