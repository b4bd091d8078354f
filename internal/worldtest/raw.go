package worldtest

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"granary/internal/client"
	"granary/internal/world"
)

// Request is a request that no SDK would send: any part of it can be wrong.
type Request struct {
	Method, Path string
	Header       map[string]string
	Body         string
	Key          *client.Key // nil: not signed
	Service      string
	Region       string
	At           time.Time
	Payload      string // x-amz-content-sha256 for S3; "" computes it
	Host         string // "" is the door's address
	Sent         string // the query as it goes over the wire, where that is not how it was signed
}

// Answer is the answer to a Request.
type Answer struct {
	Status     int
	Header     http.Header
	Body       string
	Code, Text string // of the error
}

// Send signs a request, unless it has no key, and sends it to the API door.
func Send(t *testing.T, w *world.World, q Request) Answer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.Method, w.Env.Get("HTTP_PROXY")+q.Path, strings.NewReader(q.Body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.Header {
		r.Header.Set(k, v)
	}
	if q.Host != "" {
		r.Host = q.Host
	}
	if q.Key != nil {
		hash := q.Payload
		if hash == "" {
			sum := sha256.Sum256([]byte(q.Body))
			hash = hex.EncodeToString(sum[:])
		}
		if q.Service == "s3" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if q.At.IsZero() {
			q.At = time.Now()
		}
		if q.Region == "" {
			q.Region = w.Region
		}
		cr := aws.Credentials{AccessKeyID: q.Key.ID, SecretAccessKey: q.Key.Secret, SessionToken: q.Key.Token}
		err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = q.Service == "s3" }).SignHTTP(t.Context(),
			cr, r, hash, q.Service, q.Region, q.At)
		if err != nil {
			t.Fatal(err)
		}
	}
	if q.Sent != "" {
		r.URL.RawQuery = q.Sent
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true,
		ExpectContinueTimeout: 10 * time.Second}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	a := Answer{Status: resp.StatusCode, Header: resp.Header, Body: string(b)}
	var x struct {
		Error         struct{ Code, Message string }
		Code, Message string
	}
	var j map[string]any
	switch {
	case xml.Unmarshal(b, &x) == nil:
		a.Code, a.Text = x.Error.Code+x.Code, x.Error.Message+x.Message
	case json.Unmarshal(b, &j) == nil:
		a.Code = resp.Header.Get("X-Amzn-Errortype")
		a.Text, _ = j["message"].(string)
	}
	return a
}
