package world_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/corp"
	"granary/internal/worldtest"
)

// talk sends bytes to the API door as they are.
func talk(t *testing.T, address, text string) (int, string) {
	t.Helper()
	c, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	fmt.Fprint(c, text)
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b)
}

func TestTheProxyServesItsOwnNamesOnly(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	at := strings.TrimPrefix(w.Env.Get("HTTP_PROXY"), "http://")
	for _, target := range []string{"http://example.com/", "http://169.254.169.254/latest/",
		"http://granary.localhost.example.com/", "http://10.0.0.1:80/"} {
		host := strings.Split(target, "/")[2]
		status, text := talk(t, at, "GET "+target+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n")
		if status != 403 || !strings.Contains(text, "does not forward requests") {
			t.Errorf("%s: %d %s", target, status, text)
		}
	}
	if status, _ := talk(t, at, "CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n"); status != 403 {
		t.Errorf("CONNECT: %d", status)
	}
	for _, host := range []string{"granary.localhost:9600", "123456789012.granary.localhost", "bucket.granary.localhost",
		at} {
		if status, text := talk(t, at, "GET http://"+host+"/ HTTP/1.1\r\nHost: "+host+
			"\r\nConnection: close\r\n\r\n"); status != 403 || !strings.Contains(text, "AccessDenied") {
			t.Errorf("%s is ours, and an unsigned request to S3: %d %s", host, status, text)
		}
	}
}

func TestBucketsMayStandInTheHostName(t *testing.T) {
	t.Parallel()
	w := worldtest.Settle(t)
	c := s3.NewFromConfig(w.AWS(w.Root()))
	b, key := corp.Bucket, "shared/handbook.txt"
	out, err := c.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &b, Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(out.Body); err != nil || string(text) != corp.Files[key] {
		t.Errorf("%q %v", text, err)
	}
	if h, err := c.HeadBucket(t.Context(), &s3.HeadBucketInput{Bucket: &b}); err != nil || *h.BucketRegion != w.Region {
		t.Errorf("%+v %v", h, err)
	}
}

func TestPreflightsNeedNoSignature(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	r, _ := http.NewRequestWithContext(t.Context(), http.MethodOptions, w.Env.Get("HTTP_PROXY")+"/bucket/key", nil)
	r.Header.Set("Origin", "https://app.example")
	r.Header.Set("Access-Control-Request-Method", "GET")
	r.Header.Set("Access-Control-Request-Headers", "authorization,x-amz-date")
	resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusNoContent || resp.Header.Get("Access-Control-Allow-Origin") != "*" ||
		!strings.Contains(resp.Header.Get("Access-Control-Allow-Headers"), "authorization") {
		t.Errorf("%d %v", resp.StatusCode, resp.Header)
	}
}
