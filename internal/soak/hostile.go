package soak

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"granary/internal/client"
)

// kinds are the hostile requests, with their rates for a factor of 1.
func (s *strangers) kinds() []kind {
	return []kind{
		{"S3 GET, unsigned", 30, s.s3(client.Key{}, "GET", "/payroll/2026-10.csv", nil)},
		{"S3 GET, wrong secret of a known key", 20, s.s3(client.Key{ID: s.KnownKey, Secret: "wrong"}, "GET",
			"/payroll/2026-10.csv", nil)},
		{"S3 GET, another key id each time", 20, s.unknownKey},
		{"S3 GET, another Region of 100 bytes to 30 KiB each time", 10, s.unknownRegion},
		{"S3 PUT of 1 MiB, unsigned", 2, s.s3(client.Key{}, "PUT", "/finance/stranger", make([]byte, 1<<20))},
		{"GetDataAccess, wrong secret", 10, s.call(client.Key{ID: s.KnownKey, Secret: "wrong"},
			client.Request{Service: "s3", Method: "GET",
				Path: dataAccess(s.Bucket), Header: map[string]string{"X-Amz-Account-Id": s.Account}})},
		{"CreateTokenWithIAM, unsigned", 10, s.call(client.Key{},
			client.Request{Service: "sso-oauth", Method: "POST", Path: "/token?aws_iam=t",
				Body: []byte(`{"clientId":"x","grantType":"urn:ietf:params:oauth:grant-type:jwt-bearer","assertion":"e30.e30"}`)})},
		{"AssumeRoleWithWebIdentity, unsigned, 500 policies of 1.5 KB", 1, s.webIdentity},
		{"document of 2 MiB, unsigned", 1, s.call(client.Key{},
			client.Request{Service: "sso", Method: "POST", Path: "/", Body: make([]byte, 2<<20),
				Header: map[string]string{"X-Amz-Target": "SWBExternalService.CreateInstance"}})},
		{"SCIM, wrong token", 20, s.scim("GET", "/Users", nil)},
		{"SCIM, wrong token, 17 MiB", 0.2, s.scim("POST", "/Users", make([]byte, 17<<20))},
		{"/authorize, made up", 20,
			s.page(s.Web, "/authorize?response_type=code&client_id=arn%3Aaws%3Asso%3A%3Ax&redirect_uri=https%3A%2F%2Fx&state=")},
		{"web door, unknown path", 10, s.page(s.Web, "/wp-login.php?")},
		{"telemetry door, unknown path", 10, s.plainPage(s.Telemetry, "/debug/pprof/?")},
		{"framing with two lengths", 10, func(ctx context.Context) (int, error) {
			return s.raw(ctx, s.API, "POST / HTTP/1.1\r\nHost: "+s.Name+"\r\nContent-Length: 5\r\nTransfer-Encoding: "+
				"chunked\r\n\r\n0\r\n\r\n")
		}},
		{"framing with a folded header", 10, func(ctx context.Context) (int, error) {
			return s.raw(ctx, s.API, "GET / HTTP/1.1\r\nHost: "+s.Name+"\r\nX-Amz-Date: a\r\n b\r\n\r\n")
		}},
		{"TLS handshake with garbage", 10, s.garbage},
		{"signed without rights: S3 GET", 10, s.s3(s.Nobody, "GET", "/payroll/2026-10.csv", nil)},
		{"signed without rights: GetDataAccess", 10, s.call(s.Nobody,
			client.Request{Service: "s3", Method: "GET", Path: dataAccess(s.Bucket),
				Header: map[string]string{"X-Amz-Account-Id": s.Account}})},
		{"signed without rights: CreatePolicy of 100 KB, agent of 8 KB", 5, s.bigPolicy},
		{"signed without rights: bucket policy of 1 MiB", 1, s.s3(s.Nobody, "PUT", "?policy",
			[]byte(strings.Repeat(" ", 1<<20)))},
	}
}

func dataAccess(bucket string) string {
	return "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=" +
		url.QueryEscape("s3://"+bucket+"/payroll/*")
}

// randomHex returns n random hexadecimal digits.
func randomHex(n int) string {
	b := make([]byte, n/2)
	_, _ = rand.Read(b) // it never fails
	return hex.EncodeToString(b)
}

// do sends a request from any source and reads the answer.
func (s *strangers) do(r *http.Request) (int, error) {
	resp, err := s.clients[int(time.Now().UnixNano()>>10)%len(s.clients)].Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode, err
}

// request makes a signed request to the API door.
func (s *strangers) request(ctx context.Context, k client.Key, region string, call client.Request) (*http.Request,
	error) {
	r, err := http.NewRequestWithContext(ctx, call.Method, "https://"+s.API+call.Path,
		strings.NewReader(string(call.Body)))
	if err != nil {
		return nil, err
	}
	r.Host = s.Name
	for name, v := range call.Header {
		r.Header.Set(name, v)
	}
	client.Sign(r, k, call.Service, region, client.PayloadHash(call.Body), time.Now())
	return r, nil
}

func (s *strangers) send1(ctx context.Context, k client.Key, region string, call client.Request) (int, error) {
	r, err := s.request(ctx, k, region, call)
	if err != nil {
		return 0, err
	}
	return s.do(r)
}

func (s *strangers) call(k client.Key, call client.Request) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) { return s.send1(ctx, k, s.Region, call) }
}

func (s *strangers) s3(k client.Key, method, rest string, body []byte) func(context.Context) (int, error) {
	return s.call(k, client.Request{Service: "s3", Method: method, Path: "/" + s.Bucket + rest, Body: body})
}

func (s *strangers) unknownKey(ctx context.Context) (int, error) {
	k := client.Key{ID: "AKIA" + strings.ToUpper(randomHex(16)), Secret: "wrong"}
	return s.send1(ctx, k, s.Region, client.Request{Service: "s3", Method: "GET",
		Path: "/" + s.Bucket + "/payroll/2026-10.csv"})
}

func (s *strangers) unknownRegion(ctx context.Context) (int, error) {
	long := 100
	if time.Now().UnixNano()%4 == 0 {
		long = 30 << 10
	}
	k := client.Key{ID: s.KnownKey, Secret: "wrong"}
	return s.send1(ctx, k, randomHex(long), client.Request{Service: "s3", Method: "GET",
		Path: "/" + s.Bucket + "/payroll/2026-10.csv"})
}

func (s *strangers) webIdentity(ctx context.Context) (int, error) {
	form := url.Values{"Action": {"AssumeRoleWithWebIdentity"}, "Version": {"2011-06-15"}, "RoleSessionName": {"x"},
		"WebIdentityToken": {"e30.e30.e30"},
		"RoleArn":          {"arn:aws:iam::" + s.Account + ":role/webapp"}}
	for i := range 500 {
		form.Set(fmt.Sprintf("PolicyArns.member.%d.arn", i+1), strings.Repeat("x", 1500))
	}
	return s.send1(ctx, client.Key{}, s.Region, client.Request{Service: "sts", Method: "POST", Path: "/",
		Body:   []byte(form.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}})
}

func (s *strangers) bigPolicy(ctx context.Context) (int, error) {
	form := url.Values{"Action": {"CreatePolicy"}, "Version": {"2010-05-08"}, "PolicyName": {"x"},
		"PolicyDocument": {strings.Repeat("x", 100<<10)}}
	return s.send1(ctx, s.Nobody, s.Region, client.Request{Service: "iam", Method: "POST", Path: "/",
		Body: []byte(form.Encode()),
		Header: map[string]string{"Content-Type": "application/x-www-form-urlencoded",
			"User-Agent": strings.Repeat("agent ", 1365)}})
}

func (s *strangers) scim(method, path string, body []byte) func(context.Context) (int, error) {
	u, err := url.Parse(s.SCIM)
	if err != nil {
		return func(context.Context) (int, error) { return 0, err }
	}
	return func(ctx context.Context) (int, error) {
		r, err := http.NewRequestWithContext(ctx, method, "https://"+s.Web+u.Path+path, strings.NewReader(string(body)))
		if err != nil {
			return 0, err
		}
		r.Host = s.Name
		r.Header.Set("Authorization", "Bearer "+randomHex(64))
		r.Header.Set("Content-Type", "application/scim+json")
		return s.do(r)
	}
}

// page asks for a path that differs each time.
func (s *strangers) page(at, path string) func(context.Context) (int, error) {
	return s.pageOver("https://", at, path)
}

func (s *strangers) plainPage(at, path string) func(context.Context) (int, error) {
	return s.pageOver("http://", at, path)
}

func (s *strangers) pageOver(scheme, at, path string) func(context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		r, err := http.NewRequestWithContext(ctx, "GET", scheme+at+path+randomHex(16), nil)
		if err != nil {
			return 0, err
		}
		r.Host = s.Name
		return s.do(r)
	}
}

// garbage begins a handshake that is none, and counts it as answered with 0 when the server closes the connection.
func (s *strangers) garbage(ctx context.Context) (int, error) {
	c, err := dialFrom(ctx, anySource(), s.API)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	_ = c.SetDeadline(time.Now().Add(15 * time.Second)) // a TCP connection has deadlines
	if _, err := c.Write([]byte("\x16\x03\x01\x02\x00\x01\x00\x01\xfc" + randomHex(600))); err != nil {
		return 0, err
	}
	_, _ = io.Copy(io.Discard, c) // until the server closes it
	return 0, nil
}

// holders are the connections that are held, with their number for a factor of 1.
func (s *strangers) holders() []holder {
	untilClosed := func(_ context.Context, c net.Conn) error {
		_, _ = io.Copy(io.Discard, c)
		return nil
	}
	return []holder{
		{"connections that say nothing, without a handshake", 100, untilClosed, true},
		{"connections that say nothing", 200, untilClosed, false},
		{"heads that crawl", 100, s.crawl("GET /" + s.Bucket + "/x HTTP/1.1\r\nHost: " + s.Name + "\r\nX-Slow: "), false},
		{"documents that crawl", 100, s.crawl("POST / HTTP/1.1\r\nHost: " + s.Name +
			"\r\nX-Amz-Target: SWBExternalService.ListInstances\r\nContent-Length: 1000000\r\n\r\n"), false},
		{"uploads that crawl, unsigned", 50, s.crawl("PUT /" + s.Bucket + "/finance/x HTTP/1.1\r\nHost: " + s.Name +
			"\r\nContent-Length: 1000000\r\n\r\n"), false},
		{"uploads that crawl, signed without rights", 50, s.crawlingUpload, false},
	}
}

// crawl sends a beginning, and then a byte each half second until the server has had enough.
func (s *strangers) crawl(beginning string) func(context.Context, net.Conn) error {
	return func(ctx context.Context, c net.Conn) error {
		go func() { _, _ = io.Copy(io.Discard, c) }() // ends with the connection
		if _, err := io.WriteString(c, beginning); err != nil {
			return err
		}
		for wait(ctx, 500*time.Millisecond) == nil {
			if _, err := io.WriteString(c, "x"); err != nil {
				return nil
			}
		}
		return nil
	}
}

func (s *strangers) crawlingUpload(ctx context.Context, c net.Conn) error {
	r, err := s.request(ctx, s.Nobody, s.Region, client.Request{Service: "s3", Method: "PUT",
		Path:   "/" + s.Bucket + "/finance/x",
		Header: map[string]string{"Content-Length": "1000000"}})
	if err != nil {
		return err
	}
	var head strings.Builder
	fmt.Fprintf(&head, "PUT %s HTTP/1.1\r\nHost: %s\r\n", r.URL.RequestURI(), r.Host)
	if err := r.Header.Write(&head); err != nil {
		return err
	}
	return s.crawl(head.String()+"\r\n")(ctx, c)
}
