package gateway_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// BenchmarkS3 sends one signed S3 request again and again over one connection. The allocations are the server's and a
// few of the reader's: compare them with an earlier commit's.
func BenchmarkS3(b *testing.B) {
	c := worldtest.Settle(b)
	bearer := worldtest.Must[client.Key](b)(c.As(b.Context(), worldtest.Alice))
	key, _, err := c.Vend(b.Context(), bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		b.Fatal(err)
	}
	object := "/" + corp.Bucket + "/finance/bench"
	text := strings.Repeat("x", 4096)
	for _, r := range []struct {
		name, method, path, body string
		key                      client.Key
		want                     int
	}{
		{"put", "PUT", object, text, c.Root(), 200},
		{"get", "GET", object, "", key, 200},
		{"head", "HEAD", object, "", key, 200},
		{"list", "GET", "/" + corp.Bucket + "?list-type=2&prefix=finance%2F&max-keys=2", "", key, 200},
		{"refused", "GET", "/" + corp.Bucket + "/payroll/x", "", key, 403},
	} {
		b.Run(r.name, func(b *testing.B) {
			benchmarkSigned(b, c.Env.Get("HTTP_PROXY"), c.Region, r.method, r.path, r.body, r.key, r.want)
		})
	}
}

func benchmarkSigned(b *testing.B, server, region, method, path, body string, key client.Key, want int) {
	r := worldtest.Must[*http.Request](b)(http.NewRequestWithContext(b.Context(), method, server+path,
		strings.NewReader(body)))
	sum := sha256.Sum256([]byte(body))
	r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
	signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
	credentials := aws.Credentials{AccessKeyID: key.ID, SecretAccessKey: key.Secret, SessionToken: key.Token}
	err := signer.SignHTTP(b.Context(), credentials, r, hex.EncodeToString(sum[:]), "s3", region, time.Now())
	if err != nil {
		b.Fatal(err)
	}
	var text strings.Builder
	if err := r.Write(&text); err != nil {
		b.Fatal(err)
	}
	conn := worldtest.Must[net.Conn](b)(net.Dial("tcp", r.URL.Host))
	defer conn.Close()
	answers := bufio.NewReader(conn)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := io.WriteString(conn, text.String()); err != nil {
			b.Fatal(err)
		}
		resp, err := http.ReadResponse(answers, r)
		if err != nil {
			b.Fatal(err)
		}
		answer, err := io.ReadAll(resp.Body)
		if err != nil || resp.StatusCode != want {
			b.Fatal(resp.Status, err, string(answer))
		}
	}
}
