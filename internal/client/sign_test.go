package client

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// AWS's own signer must come to the same signature.
func TestSignaturesAreThoseOfTheSDK(t *testing.T) {
	now := time.Date(2026, 12, 1, 3, 4, 5, 0, time.UTC)
	for _, k := range []Key{{ID: "AKIAEXAMPLE", Secret: "secret"},
		{ID: "ASIAEXAMPLE", Secret: "s/+=", Token: "token/with+signs=="}} {
		for _, service := range []string{"s3", "iam", "sso-oauth"} {
			for _, target := range []string{"/", "/a%20b/%C3%A9%2Bx~._-%2A", "/key%2Fwith%2Fslashes/x",
				"/p?b=2&a=1&a=0&empty&plus=%2B&star=%2A&space=a+b&slash=s3%3A%2F%2Fb"} {
				body := "the body"
				make := func() *http.Request {
					r, err := http.NewRequest(http.MethodPut, "http://granary.localhost:9600"+target, strings.NewReader(body))
					if err != nil {
						t.Fatal(err)
					}
					r.ContentLength = 0 // the SDK's signer covers the length, which net/http writes by itself
					r.Header.Set("Content-Type", "text/plain")
					r.Header.Set("X-Amz-Meta-Spaces", "  one   two  ")
					return r
				}
				ours, theirs := make(), make()
				hash := PayloadHash([]byte(body))
				Sign(ours, k, service, "eu-central-1", hash, now)
				if service == "s3" {
					theirs.Header.Set("X-Amz-Content-Sha256", hash)
				}
				signer := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = service == "s3" })
				key := aws.Credentials{AccessKeyID: k.ID, SecretAccessKey: k.Secret, SessionToken: k.Token}
				if err := signer.SignHTTP(t.Context(), key, theirs, hash, service, "eu-central-1", now); err != nil {
					t.Fatal(err)
				}
				if got, want := ours.Header.Get("Authorization"), theirs.Header.Get("Authorization"); got != want {
					t.Errorf("%s %s:\n got %s\nwant %s", service, target, got, want)
				}
			}
		}
	}
}

func TestWithoutAKeyNothingIsSigned(t *testing.T) {
	r, err := http.NewRequest(http.MethodGet, "http://granary.localhost/", nil)
	if err != nil {
		t.Fatal(err)
	}
	Sign(r, Key{}, "s3", "us-east-1", PayloadHash(nil), time.Now())
	if len(r.Header) != 0 {
		t.Errorf("the request has %v", r.Header)
	}
}
