package client

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// SCIM provisions a directory with a bearer token.
type SCIM struct {
	Endpoint, Token string
	Via             *http.Client // nil: any
}

// Do sends a request; in and out, which may be nil, are JSON. An answer of 400 and above is an error with the server's
// detail.
func (s SCIM) Do(ctx context.Context, method, path string, in, out any) (status int, err error) {
	var body io.Reader
	if in != nil {
		b, err := json.Marshal(in)
		if err != nil {
			return 0, err
		}
		body = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(ctx, method, s.Endpoint+path, body)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+s.Token)
	r.Header.Set("Content-Type", "application/scim+json")
	via := s.Via
	if via == nil {
		via = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	}
	resp, err := via.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return resp.StatusCode, err
	}
	if resp.StatusCode >= 400 {
		var e struct{ Detail string }
		_ = json.Unmarshal(text, &e) // the status says enough when it is not JSON
		return resp.StatusCode, fmt.Errorf("%s %s: %s: %s", method, path, resp.Status, e.Detail)
	}
	if out != nil {
		return resp.StatusCode, json.Unmarshal(text, out)
	}
	return resp.StatusCode, nil
}
