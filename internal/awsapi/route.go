package awsapi

import (
	"net/http"
	"net/url"
	"strings"

	"granary"
	"granary/internal/sigv4"
	"granary/internal/wire"
)

// controlPrefix is where s3control's operations live; a bucket of this name cannot be made.
const controlPrefix = "/v20180820/"

// choose finds the service a request is for: by the credential scope's service, else by the request's shape
// (identity-center §1.1). nil is S3's data plane.
func (d *Door) choose(r *http.Request) *Service {
	switch name := scopeService(r); name {
	case "awsssooidc": // how older botocore signs for sso-oauth
		return d.bySigning["sso-oauth"]
	case "s3":
		if strings.HasPrefix(r.URL.EscapedPath(), controlPrefix) {
			return d.control()
		}
		return nil
	default:
		if s := d.bySigning[name]; s != nil {
			return s
		}
	}
	if target := r.Header.Get("X-Amz-Target"); target != "" {
		return d.byTarget(target)
	}
	switch path := r.URL.Path; {
	case strings.HasPrefix(path, controlPrefix):
		return d.control()
	case r.Method == http.MethodPost && (path == "/token" || path == "/client/register" ||
		path == "/device_authorization"):
		return d.bySigning["sso-oauth"]
	case path == "/" && (strings.Contains(r.URL.RawQuery, "Action=") || r.Method == http.MethodPost && formBody(r)):
		if strings.Contains(r.URL.RawQuery, "Version=2010-05-08") {
			return d.bySigning["iam"]
		}
		return d.bySigning["sts"]
	}
	return nil
}

func formBody(r *http.Request) bool {
	return strings.HasPrefix(r.Header.Get("Content-Type"), "application/x-www-form-urlencoded")
}

// scopeService reads the service out of the credential scope without judging the rest.
func scopeService(r *http.Request) string {
	parts := credential(r)
	if len(parts) < 5 {
		return ""
	}
	return parts[len(parts)-2]
}

// credential is the credential of a request's signature, at its slashes: access key id, date, Region, service,
// aws4_request.
func credential(r *http.Request) []string {
	credential := ""
	if a := r.Header.Get("Authorization"); a != "" {
		_, credential, _ = strings.Cut(a, "Credential=")
		credential, _, _ = strings.Cut(credential, ",")
	} else if _, q, ok := strings.Cut("&"+r.URL.RawQuery, "&X-Amz-Credential="); ok {
		q, _, _ = strings.Cut(q, "&")
		credential, _ = url.QueryUnescape(q)
	}
	return strings.Split(strings.TrimSpace(credential), "/")
}

// control returns the control API of S3, nil when the door has none.
func (d *Door) control() *Service {
	for _, s := range d.Services {
		if s.S3 {
			return s
		}
	}
	return nil
}

// protocol returns the first service of a protocol, nil when there is none.
func (d *Door) protocol(p wire.Protocol) *Service {
	for _, s := range d.Services {
		if s.Wire.Protocol == p {
			return s
		}
	}
	return nil
}

// byTarget finds the JSON service of an X-Amz-Target. One that nobody owns is answered by the first JSON service,
// so that the caller gets its error envelope.
func (d *Door) byTarget(target string) *Service {
	prefix := target[:max(strings.LastIndexByte(target, '.'), 0)]
	for _, s := range d.Services {
		if s.Wire.Protocol == wire.JSON11 && s.Wire.Targeted(prefix) {
			return s
		}
	}
	return d.protocol(wire.JSON11)
}

// splitTarget takes the escaped path and the decoded query from the one parser everybody uses.
func splitTarget(sig *sigv4.Request) (path string, query []wire.Pair, err error) {
	q, err := sig.Query()
	if err != nil {
		return "", nil, granary.Errorf(granary.Invalid, "The query string is malformed: %v.", err).WithCode("InvalidURI")
	}
	for _, p := range q.All() {
		query = append(query, wire.Pair{Name: p.Name, Value: p.Value})
	}
	return sig.Path(), query, nil
}
