package sigv4

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// What a request claims is not kept before it is proved, what is kept has a bound, and a Region has a length that
// Regions have.
func TestDerivedKeysAreKeptAfterProofOnly(t *testing.T) {
	var c KeyCache
	for i := range 100 {
		c.SigningKey(&Auth{Date: "20260115", Region: fmt.Sprint(i), Service: "s3"}, "secret")
	}
	if len(c.keys) != 0 {
		t.Errorf("%d keys of requests that nobody verified are kept", len(c.keys))
	}
	for i := range maxCached + 10 {
		a := &Auth{Date: "20260115", Region: fmt.Sprint(i), Service: "s3"}
		c.Keep(a, "secret", []byte("k"))
	}
	if len(c.keys) > maxCached {
		t.Errorf("%d keys are kept", len(c.keys))
	}
	for length, taken := range map[int]bool{maxRegion: true, maxRegion + 1: false} {
		header := "AWS4-HMAC-SHA256 Credential=AKIAXXXXXXXXXXXXXXXX/20260115/" + strings.Repeat("r", length) +
			"/sts/aws4_request, SignedHeaders=host;x-amz-date, Signature=" + strings.Repeat("0", 64)
		r := &Request{Method: "POST", Target: "/", Host: "h",
			Header: http.Header{"Authorization": {header}, "X-Amz-Date": {"20260115T120000Z"}}}
		if _, err := Parse(r, Rules{Services: []string{"sts"}}); (err == nil) != taken {
			t.Errorf("a Region of %d characters: %v", length, err)
		}
	}
}
