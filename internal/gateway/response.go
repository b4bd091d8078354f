package gateway

import (
	"encoding/xml"
	"io"
	"maps"
	"net/http"
	"strconv"
	"time"

	"granary/internal/audit"
	"granary/internal/backend"
	"granary/internal/front"
)

// response is the answer to a request: a body at hand, or bytes to stream.
type response struct {
	status  int
	header  http.Header
	body    []byte
	content backend.Content // positioned; closed after it was sent
	length  int64           // bytes of the content to send
	again   func() error    // decides again, while the content is sent

	removed []audit.Resource // of DeleteObjects, for the audit log
	denied  error            // the first refusal of a part, when the other parts are done; nil when there is none
}

func (r *response) close() {
	if r != nil && r.content != nil {
		r.content.Close()
	}
}

const namespace = "http://s3.amazonaws.com/doc/2006-03-01/"

// xmlResponse is a 200 with a document.
func xmlResponse(v any) (*response, error) {
	b, err := xml.Marshal(v)
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/xml"}},
		body: append([]byte(xml.Header), b...)}, nil
}

// done answers without a body, unless err is an error.
func done(status int, err error) (*response, error) {
	if err != nil {
		return nil, err
	}
	return empty(status), nil
}

func empty(status int) *response { return &response{status: status, header: http.Header{}} }

// answer is a response as it is sent.
func (x *exchange) answer(r *response) front.Answer {
	h := r.header
	maps.Copy(h, x.in.CORS)
	h.Set("X-Amz-Request-Id", x.in.ID)
	h.Set("X-Amz-Id-2", x.in.HostID)
	h.Set("Date", x.Now().UTC().Format(http.TimeFormat))
	a := front.Answer{Status: r.status, Header: h, Body: r.body}
	if r.content != nil {
		h.Set("Content-Length", strconv.FormatInt(r.length, 10))
		a.Close = r.close
		a.Stream = func(w io.Writer) error {
			from := x.send(r)
			defer from.stop()
			_, _ = io.CopyN(w, from, r.length) // the client may be gone
			return from.broken()
		}
	}
	return a
}

// stamp is a time in S3's XML.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func quote(etag string) string { return `"` + etag + `"` }
