package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Ask calls one of Granary's own operations on the running server, with the environment's key.
func Ask(ctx context.Context, env Env, operation string, in, out any) error {
	return Connection{Env: env}.Ask(ctx, operation, in, out)
}

// Ask calls one of Granary's own operations. Its errors are sentences for the person at the command line. out may be
// nil.
func (c Connection) Ask(ctx context.Context, operation string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	call, err := c.Caller(c.Key())
	if err != nil {
		return err
	}
	q := jsonRequest("granary", "GranaryV1."+operation, body)
	resp, text, err := call.send(ctx, q) //nolint:bodyclose // send closes it
	if err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return refusal(resp, text, call.at)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(text, out); err != nil {
		return fmt.Errorf("what answers at %s is no Granary: its answer is not JSON", call.at.Host)
	}
	return nil
}

// refusal puts an answer other than 200 into a sentence: the server's own, or what is known of whoever answered
// instead.
func refusal(resp *http.Response, text []byte, at *url.URL) error {
	var failed struct{ Message string }
	switch where := at.Scheme + "://" + at.Host; {
	case json.Unmarshal(text, &failed) == nil && failed.Message != "":
		return errors.New(strings.TrimSuffix(failed.Message, "."))
	case at.Scheme == "http" && resp.StatusCode == http.StatusBadRequest && bytes.Contains(text,
		[]byte("HTTPS")): // ours says so, and others do
		return fmt.Errorf("the server at %s speaks TLS; the endpoint must begin with https://", where)
	case resp.StatusCode/100 == 3:
		return fmt.Errorf("what answers at %s sends on to %q; give that as the endpoint", where,
			resp.Header.Get("Location"))
	case strings.HasPrefix(resp.Header.Get("Content-Type"), "text/plain") && len(text) > 0 && len(text) < 500:
		return fmt.Errorf("the answer from %s is %s: %s", where, resp.Status,
			strings.TrimSpace(strings.ToValidUTF8(string(text), "?")))
	default:
		return fmt.Errorf("the answer from %s is %s, and not of a kind that Granary's API gives; is the endpoint right?",
			where, resp.Status)
	}
}
