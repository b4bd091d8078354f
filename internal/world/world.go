// Package world is a whole Granary with the demo's company beside it, and AWS's SDK to use it as anybody would: tests
// begin from it. It goes through the public APIs and nothing else. What it sets up is the package demo's.
package world

import (
	"context"
	"log/slog"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/client"
	"granary/internal/demo"
	"granary/internal/server"
)

// World is a running server and the company's identity provider.
type World demo.World

// Start starts both. The server trusts issuers on this machine, since the company's is one.
func Start(ctx context.Context, c server.Config, providerAddress string, log *slog.Logger) (*World, error) {
	w, err := demo.Start(ctx, c, providerAddress, log)
	return (*World)(w), err
}

// plain is the world as the package demo knows it.
func (w *World) plain() *demo.World { return (*demo.World)(w) }

// Stop ends both.
func (w *World) Stop() error { return w.plain().Stop() }

// Root is the management account's root key.
func (w *World) Root() client.Key { return w.plain().Root() }

// AWS configures SDK clients for a key.
func (w *World) AWS(k client.Key) aws.Config { return Config(w.Env, k) }

// S3 is an S3 client for a key.
func (w *World) S3(k client.Key) *s3.Client {
	return s3.NewFromConfig(w.AWS(k), func(o *s3.Options) { o.UsePathStyle = true })
}

// Config configures SDK clients for a key, from a server's client environment. They use the API door as a proxy, so
// that account and bucket may stand before its name without any DNS.
func Config(env client.Env, k client.Key) aws.Config {
	http := awshttp.NewBuildableClient().WithTransportOptions(func(t *http.Transport) {
		if err := (client.Connection{Env: env}).Prepare(t); err != nil {
			t.DialContext = func(context.Context, string, string) (net.Conn, error) { return nil, err }
		}
		t.MaxIdleConnsPerHost = 256
	})
	out := aws.Config{Region: env.Get("AWS_REGION"), BaseEndpoint: aws.String(env.Get("AWS_ENDPOINT_URL")),
		HTTPClient:  http,
		Credentials: credentials.NewStaticCredentialsProvider(k.ID, k.Secret, k.Token), RetryMaxAttempts: 1}
	if k.ID == "" {
		out.Credentials = aws.AnonymousCredentials{}
	}
	return out
}
