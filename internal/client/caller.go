package client

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// Caller asks the APIs of a running Granary with one key. Each call has a connection of its own. A Caller is safe for
// concurrent use.
type Caller struct {
	Key    Key
	Region string

	at      *url.URL
	address string // dialled instead of at's host; "" resolves it
	http    *http.Client
}

// maxAnswer is the largest answer that a Caller reads, in bytes.
const maxAnswer = 64 << 20

// Caller returns one that asks where the connection leads, with a key; a Key without an id leaves requests unsigned.
func (c Connection) Caller(k Key) (*Caller, error) {
	at, address, err := c.target()
	if err != nil {
		return nil, err
	}
	t, err := c.Transport()
	if err != nil {
		return nil, err
	}
	t.DisableKeepAlives = true
	return &Caller{Key: k, Region: c.Env.Get("AWS_REGION"), at: at, address: address,
		http: &http.Client{Timeout: time.Minute, Transport: t, CheckRedirect: dontRedirect}}, nil
}

// dontRedirect returns redirects to the caller: a signature is for one host.
func dontRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// Refusal is an answer that says no.
type Refusal struct {
	Status        int
	Code, Message string // as the server gives them; "" where the answer names none
}

func (r *Refusal) Error() string {
	return fmt.Sprintf("%d %s: %s", r.Status, r.Code, r.Message)
}

// Request is one call: what stands in the request line, the headers and the body.
type Request struct {
	Service      string // that the signature is for: s3, iam, sso …
	Method, Path string // the path as it is sent, escaped, with its query
	Header       map[string]string
	Body         []byte
}

// Do sends a request and returns the body of its answer. An answer other than 2xx is an error of type *Refusal.
func (c *Caller) Do(ctx context.Context, call Request) ([]byte, error) {
	resp, text, err := c.send(ctx, call) //nolint:bodyclose // send closes it
	if err != nil {
		return nil, err
	}
	if resp.StatusCode/100 != 2 {
		return nil, readRefusal(resp, text)
	}
	return text, nil
}

// send sends a request and reads the whole answer, whatever its status.
func (c *Caller) send(ctx context.Context, call Request) (*http.Response, []byte, error) {
	r, err := c.NewRequest(ctx, call)
	if err != nil {
		return nil, nil, err
	}
	resp, err := c.http.Do(r)
	if err != nil {
		return nil, nil, unreachable(err, c.at, c.address)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer))
	if err != nil {
		return nil, nil, unreachable(err, c.at, c.address)
	}
	return resp, text, nil
}

// NewRequest makes a request and signs it, without sending it.
func (c *Caller) NewRequest(ctx context.Context, call Request) (*http.Request, error) {
	u, err := url.Parse(call.Path)
	if err != nil {
		return nil, fmt.Errorf("the path %q is not one of a URL: %w", call.Path, err)
	}
	r, err := http.NewRequestWithContext(ctx, call.Method, c.at.ResolveReference(u).String(), bytes.NewReader(call.Body))
	if err != nil {
		return nil, err
	}
	for name, v := range call.Header {
		r.Header.Set(name, v)
	}
	Sign(r, c.Key, call.Service, c.Region, PayloadHash(call.Body), time.Now())
	return r, nil
}

// JSON calls an operation of an API whose requests name it in X-Amz-Target, as "Prefix.Operation". out may be nil.
func (c *Caller) JSON(ctx context.Context, service, target string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	text, err := c.Do(ctx, jsonRequest(service, target, body))
	if err != nil || out == nil {
		return err
	}
	return json.Unmarshal(text, out)
}

func jsonRequest(service, target string, body []byte) Request {
	return Request{Service: service, Method: http.MethodPost, Path: "/", Body: body,
		Header: map[string]string{"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": target}}
}

// Query calls an operation of one of AWS's older APIs, whose input is a form and whose answer is XML, such as iam and
// sts. out, which may be nil, is what stands in the answer's …Result.
func (c *Caller) Query(ctx context.Context, service, version, action string, in url.Values, out any) error {
	form := url.Values{"Action": {action}, "Version": {version}}
	for name, values := range in {
		form[name] = values
	}
	text, err := c.Do(ctx, Request{Service: service, Method: http.MethodPost, Path: "/", Body: []byte(form.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
	if err != nil || out == nil {
		return err
	}
	// The …Response holds the …Result and what is said of the request.
	d := xml.NewDecoder(bytes.NewReader(text))
	for {
		token, err := d.Token()
		if err != nil {
			return fmt.Errorf("%s: the answer has no result: %w", action, err)
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == action+"Result" {
			return d.DecodeElement(out, &start)
		}
	}
}

// XML calls an operation of an API that speaks XML over paths, such as S3 and S3 Control. in and out may be nil.
func (c *Caller) XML(ctx context.Context, call Request, in, out any) error {
	if in != nil {
		body, err := xml.Marshal(in)
		if err != nil {
			return err
		}
		call.Body = body
	}
	text, err := c.Do(ctx, call)
	if err != nil || out == nil {
		return err
	}
	return xml.Unmarshal(text, out)
}

// readRefusal reads the code and the message of an answer that is not a success, of whichever protocol it is.
func readRefusal(resp *http.Response, text []byte) *Refusal {
	out := &Refusal{Status: resp.StatusCode, Message: resp.Status}
	var asJSON struct {
		Type        string `json:"__type"`
		Code        string `json:"code"`
		Message     string `json:"message"`
		Description string `json:"error_description"`
	}
	var asXML struct {
		Code, Message string                         // S3: the error is the root
		Error         struct{ Code, Message string } // the others: within the root
	}
	switch {
	case json.Unmarshal(text, &asJSON) == nil:
		code, _, _ := strings.Cut(firstOf(resp.Header.Get("X-Amzn-Errortype"), asJSON.Type, asJSON.Code), ":")
		out.Code = code[strings.LastIndexByte(code, '#')+1:]
		out.Message = firstOf(asJSON.Description, asJSON.Message, out.Message)
	case xml.Unmarshal(text, &asXML) == nil:
		out.Code, out.Message = firstOf(asXML.Code, asXML.Error.Code),
			firstOf(asXML.Message, asXML.Error.Message, out.Message)
	}
	return out
}

func firstOf(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// IsRefused reports whether an error is a refusal with a code.
func IsRefused(err error, code string) bool {
	var r *Refusal
	return errors.As(err, &r) && r.Code == code
}
