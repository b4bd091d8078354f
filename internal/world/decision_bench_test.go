package world_test

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

// BenchmarkGetDataAccess sends one signed request over one connection, allowed and refused. The allocations are the
// server's and a few of the reader's: compare them with an earlier commit's.
func BenchmarkGetDataAccess(b *testing.B) {
	c := worldtest.Settle(b)
	bearer := worldtest.Must[client.Key](b)(c.As(b.Context(), worldtest.Alice))
	for name, prefix := range map[string]string{"allowed": "finance", "refused": "payroll"} {
		b.Run(name, func(b *testing.B) {
			at := c.Env.Get("HTTP_PROXY") + "/v20180820/accessgrantsinstance/dataaccess?permission=READ&target=s3%3A%2F%2F" +
				corp.Bucket + "%2F" + prefix + "%2F%2A"
			r := worldtest.Must[*http.Request](b)(http.NewRequestWithContext(b.Context(), "GET", at, nil))
			r.Header.Set("X-Amz-Account-Id", c.Account)
			sum := sha256.Sum256(nil)
			r.Header.Set("X-Amz-Content-Sha256", hex.EncodeToString(sum[:]))
			signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true })
			if err := signer.SignHTTP(b.Context(), aws.Credentials{AccessKeyID: bearer.ID, SecretAccessKey: bearer.Secret,
				SessionToken: bearer.Token}, r, hex.EncodeToString(sum[:]), "s3", c.Region, time.Now()); err != nil {
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
				if _, err := io.Copy(io.Discard, resp.Body); err != nil || (resp.StatusCode == 200) != (name == "allowed") {
					b.Fatal(resp.Status, err)
				}
			}
		})
	}
}
