package gateway

import (
	"encoding/xml"
	"io"
	"net/http"
	"strconv"
	"time"

	"granary/internal/backend"
)

// response is what a request leads to: a body at hand, or bytes to stream.
type response struct {
	status  int
	header  http.Header
	body    []byte
	content backend.Content // positioned; closed after it was sent
	length  int64           // of the content to send
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
	return &response{status: http.StatusOK, header: http.Header{"Content-Type": {"application/xml"}}, body: append([]byte(xml.Header), b...)}, nil
}

func empty(status int) *response { return &response{status: status, header: http.Header{}} }

func (q *request) respond(w http.ResponseWriter, r *response) {
	defer r.close()
	h := w.Header()
	for k, v := range r.header {
		h[k] = v
	}
	h.Set("X-Amz-Request-Id", q.in.RequestID)
	h.Set("X-Amz-Id-2", q.in.HostID)
	h.Set("Date", q.Now().UTC().Format(http.TimeFormat))
	switch {
	case r.content != nil:
		h.Set("Content-Length", strconv.FormatInt(r.length, 10))
	case r.status != http.StatusNoContent && r.status != http.StatusNotModified && h.Get("Content-Length") == "":
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
	if r.content == nil {
		w.Write(r.body)
		return
	}
	if n, err := io.CopyN(w, r.content, r.length); err != nil && n < r.length && q.ctx.Err() == nil {
		q.Log.Error("an object's bytes could not be read", "request", q.in.RequestID, "error", err)
		panic(http.ErrAbortHandler) // the client must see that the body is cut off
	}
}

// stamp is a time in S3's XML.
func stamp(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }

func quote(etag string) string { return `"` + etag + `"` }
