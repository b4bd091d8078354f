package world_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// With revocation: aws a key lives until it expires, but nobody who has left gets another.
func TestRevocationAsOnAWS(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.SettleWith(t, func(c *server.Config) { c.Revocation = "aws" })
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	key, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(ctx, key, corp.Bucket, "finance/2026-q3.csv"); err != nil {
		t.Errorf("the vended key: %v", err)
	}
	_, _, err = c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")
	_, err = c.As(ctx, worldtest.Alice)
	worldtest.Refused(t, err, "AccessDeniedException", "deactivated")
}

func TestQuotasAreWhatTheyAreSetTo(t *testing.T) {
	t.Parallel()
	c := worldtest.SettleWith(t, func(c *server.Config) {
		c.Quotas.AccessGrants, c.Quotas.Locations = len(corp.Grants),
			1
	})
	x := s3control.NewFromConfig(c.AWS(c.Root()))
	id := c.Groups["Legal"]
	_, err := x.CreateAccessGrant(t.Context(), &s3control.CreateAccessGrantInput{AccountId: &c.Account,
		AccessGrantsLocationId: aws.String("default"), Permission: "READ",
		AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
			S3SubPrefix: aws.String(corp.Bucket + "/legal/*")},
		Grantee: &s3ctypes.Grantee{GranteeType: "DIRECTORY_GROUP", GranteeIdentifier: &id}})
	worldtest.Refused(t, err, "AccessGrantsQuotaExceededError", "4")
	_, err = x.CreateAccessGrantsLocation(t.Context(), &s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account,
		LocationScope: aws.String("s3://" + corp.Bucket), IAMRoleArn: &c.Location})
	worldtest.Refused(t, err, "AccessGrantsLocationsQuotaExceededError", "1")
}

// An issuer on this machine is refused unless that is allowed, and says so.
func TestPrivateIssuersAreRefusedByDefault(t *testing.T) {
	t.Parallel()
	c := worldtest.Defaults(t)
	s, err := server.Start(t.Context(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Stop()
	p, err := corp.Start("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer p.Stop(context.Background())
	env, err := s.Env()
	if err != nil {
		t.Fatal(err)
	}
	company, err := (&world.World{Server: s, Provider: p, Env: env, Account: string(s.Account), Region: c.Region}).
		Settle(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	_, err = company.As(t.Context(), worldtest.Alice)
	worldtest.Refused(t, err, "InvalidGrantException", "allow_private_issuers")
}

// Browsers may call from any origin, or from those that are named.
func TestOriginsAreThoseThatAreNamed(t *testing.T) {
	t.Parallel()
	c := worldtest.SettleWith(t, func(c *server.Config) { c.CORS.Origins = "https://a.example http://b.example:8080" })
	ask := func(method, origin string) *http.Response {
		r, _ := http.NewRequestWithContext(t.Context(), method,
			c.Env.Get("HTTP_PROXY")+"/v20180820/accessgrantsinstance/caller/grants", nil)
		r.Header.Set("Origin", origin)
		if method == http.MethodOptions {
			r.Header.Set("Access-Control-Request-Method", "GET")
		}
		resp, err := (&http.Client{Transport: &http.Transport{}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		return resp
	}
	for origin, ok := range map[string]bool{"https://a.example": true, "http://b.example:8080": true,
		"https://b.example": false, "https://a.example.evil.example": false, "null": false} {
		p, g := ask(http.MethodOptions, origin), ask(http.MethodGet, origin)
		want := map[bool]string{true: origin}[ok]
		if (p.StatusCode/100 == 2) != ok || p.Header.Get("Access-Control-Allow-Origin") != want ||
			g.Header.Get("Access-Control-Allow-Origin") != want || g.StatusCode != 403 || g.Header.Get("Vary") == "" {
			t.Errorf("%s: %d %v, %d %v", origin, p.StatusCode, p.Header, g.StatusCode, g.Header)
		}
	}
	for _, bad := range []string{"", "a.example", "https://a.example/", "https://*.example", "ftp://a.example"} {
		bads := server.Defaults()
		if bads.CORS.Origins = bad; bads.Check() == nil {
			t.Errorf("cors.origins %q is taken", bad)
		}
	}
}
