package gateway

import (
	"net/http"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

// target reads bucket and key: from the host's label and the path, or from the path alone. Nothing is ever cleaned up.
func (q *request) target() (err error) {
	if q.query, err = q.in.Sig.Query(); err != nil {
		return err
	}
	path, ok := sigv4.UnescapePath(q.in.Sig.Path())
	if !ok || strings.ContainsRune(path, 0) {
		return granary.Errorf(granary.Invalid, "Couldn't parse the specified URI.").WithCode("InvalidURI")
	}
	path = strings.TrimPrefix(path, "/")
	if l := q.in.Label; l != "" && !granary.AccountID(l).Valid() {
		q.name, q.key = l, path
	} else {
		q.name, q.key, _ = strings.Cut(path, "/")
	}
	if len(q.key) > 1024 {
		return granary.Errorf(granary.Invalid, "Your key is too long").WithCode("KeyTooLongError")
	}
	return nil
}

// hoist merges the headers that a presigned URL carries in its query, which are signed there.
func (q *request) hoist() {
	if q.auth.Mode != sigv4.Presigned {
		return
	}
	h := q.header.Clone()
	for _, p := range q.query.All() {
		name := http.CanonicalHeaderKey(p.Name)
		if !strings.HasPrefix(name, "X-Amz-") || h.Get(name) != "" {
			continue
		}
		switch name {
		case "X-Amz-Algorithm", "X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-Signedheaders", "X-Amz-Expires", "X-Amz-Security-Token":
		default:
			h.Set(name, p.Value)
		}
	}
	q.header = h
}

// bucketName reports whether a name can be a new bucket's (S3 User Guide, "General purpose bucket naming rules").
func bucketName(name string) bool {
	if len(name) < 3 || len(name) > 63 || strings.Contains(name, "..") || name == "v20180820" || granary.AccountID(name).Valid() {
		return false
	}
	address := strings.Count(name, ".") == 3
	for i := range len(name) {
		c := name[i]
		letter, digit := c >= 'a' && c <= 'z', c >= '0' && c <= '9'
		if !letter && !digit && (c != '.' && c != '-' || i == 0 || i == len(name)-1) {
			return false
		}
		address = address && (digit || c == '.')
	}
	for _, p := range []string{"xn--", "sthree-", "amzn-s3-demo-"} {
		if strings.HasPrefix(name, p) {
			return false
		}
	}
	for _, s := range []string{"-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3"} {
		if strings.HasSuffix(name, s) {
			return false
		}
	}
	return !address
}
