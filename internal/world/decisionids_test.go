package world_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/front"
	"granary/internal/server"
	"granary/internal/worldtest"
)

// What is refused before any service is asked, and parts that are refused of what else succeeds, can be explained too.
func TestRefusalsAtTheEdgesAreExplained(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleWith(t, func(c *server.Config) { c.CORS.Origins = "https://console.example" })
	at := strings.TrimPrefix(c.Env.Get("HTTP_PROXY"), "http://")
	talk := func(request string) *http.Response {
		t.Helper()
		conn := worldtest.Must[net.Conn](t)(net.Dial("tcp", at))
		defer conn.Close()
		fmt.Fprint(conn, request+"Connection: close\r\n\r\n")
		r := worldtest.Must[*http.Response](t)(http.ReadResponse(bufio.NewReader(conn), nil))
		r.Body.Close()
		return r
	}
	for request, fix := range map[string]string{
		"GET http://elsewhere.example/x HTTP/1.1\r\nHost: elsewhere.example\r\n":    "NO_PROXY",
		"CONNECT elsewhere.example:443 HTTP/1.1\r\nHost: elsewhere.example:443\r\n": "NO_PROXY",
		"OPTIONS /b/k HTTP/1.1\r\nHost: " + at + "\r\nOrigin: https://other.example\r\nAccess-Control-Request-Method: " +
			"PUT\r\n": "cors.origins",
	} {
		r := talk(request)
		id := r.Header.Get(front.DecisionHeader)
		if r.StatusCode < 400 || id == "" {
			t.Errorf("%.60q: %d without a decision id", request, r.StatusCode)
			continue
		}
		e := worldtest.BrokenAt(t, c.World, id, "request", fix, "UNKNOWN")
		if e.Links[0].Name != "request" {
			t.Errorf("%.60q: %+v comes before what could not be read", request, e.Links[0])
		}
	}
	r := talk("GET / HTTP/1.1\r\nHost: " + at + "\r\nOrigin: https://console.example\r\n")
	if exposed := strings.ToLower(r.Header.Get("Access-Control-Expose-Headers")); r.StatusCode != 403 ||
		!strings.Contains(exposed, strings.ToLower(front.DecisionHeader)) {
		t.Errorf("%d: scripts in a browser may read %q", r.StatusCode, exposed)
	}

	grace := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Grace))
	key, _, err := c.Vend(ctx, grace, "s3://"+corp.Bucket+"/finance/drafts/*", "READWRITE")
	if err != nil {
		t.Fatal(err)
	}
	remove := func(keys ...string) (*s3.DeleteObjectsOutput, string) {
		t.Helper()
		d := &types.Delete{}
		for _, k := range keys {
			d.Objects = append(d.Objects, types.ObjectIdentifier{Key: &k})
		}
		out := worldtest.Must[*s3.DeleteObjectsOutput](t)(c.S3(key).DeleteObjects(ctx,
			&s3.DeleteObjectsInput{Bucket: aws.String(corp.Bucket), Delete: d}))
		return out, awsmiddleware.GetRawResponse(out.ResultMetadata).(*smithyhttp.Response).Header.Get(front.DecisionHeader)
	}
	out, id := remove("finance/drafts/budget.csv", "payroll/2026-10.csv", "finance/2026-q3.csv", "finance/drafts/none")
	if len(out.Deleted) != 2 || len(out.Errors) != 2 {
		t.Errorf("%d deleted, %d refused", len(out.Deleted), len(out.Errors))
	}
	if _, detail, _ := worldtest.BrokenAt(t, c.World, id, "prefix", "Ask GetDataAccess", "REFUSED").
		Broken(); !strings.HasSuffix(detail, "s3:DeleteObject on arn:aws:s3:::"+corp.Bucket+"/payroll/2026-10.csv.") {
		t.Errorf("refused was %s", detail)
	}
	if _, id := remove("finance/drafts/none"); id != "" {
		t.Errorf("nothing was refused, and there is a decision %s", id)
	}

	if err := client.Ask(ctx, c.Env, "PutProvisioning", map[string]any{"IdentityStoreId": c.Store, "Enabled": false},
		nil); err != nil {
		t.Fatal(err)
	}
	q := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(ctx, http.MethodGet, c.SCIM.Endpoint+"/Users", nil))
	q.Header.Set("Authorization", "Bearer "+c.SCIM.Token)
	p := worldtest.Must[*http.Response](t)((&http.Client{Transport: &http.Transport{}}).Do(q))
	p.Body.Close()
	if p.StatusCode != http.StatusForbidden {
		t.Errorf("%d while provisioning is disabled", p.StatusCode)
	}
	worldtest.BrokenAt(t, c.World, p.Header.Get(front.DecisionHeader), "request",
		"granary scim enable --identity-store-id "+c.Store,
		"UNKNOWN")
}
