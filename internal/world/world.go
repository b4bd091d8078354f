// Package world is a whole Granary with the demo's company beside it, and the clients to use it as anybody would: AWS's SDK and
// plain SCIM. The demo walks through it, and tests begin from it. It goes through the public APIs and nothing else.
package world

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
)

// World is a running server and the company's identity provider.
type World struct {
	Config   server.Config // that the server was started with
	Server   *server.Server
	Provider *corp.Provider
	Env      server.ClientEnv
	Account  string
	Region   string
}

// Start starts both. The server trusts issuers on this machine, since the company's is one.
func Start(ctx context.Context, c server.Config, providerAddress string, log *slog.Logger) (*World, error) {
	c.Identity.AllowPrivateIssuers = true
	p, err := corp.Start(providerAddress)
	if err != nil {
		return nil, err
	}
	s, err := server.Start(ctx, c, log)
	if err != nil {
		return nil, errors.Join(err, p.Stop(ctx))
	}
	w := &World{Config: c, Server: s, Provider: p, Account: string(s.Account), Region: c.Region}
	if w.Env, err = s.Env(); err != nil {
		return nil, errors.Join(err, w.Stop())
	}
	return w, nil
}

// Stop ends both.
func (w *World) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	return errors.Join(w.Provider.Stop(ctx), w.Server.Stop())
}

// Root is the management account's root key.
func (w *World) Root() client.Key {
	return client.Key{ID: w.Env.Get("AWS_ACCESS_KEY_ID"), Secret: w.Env.Get("AWS_SECRET_ACCESS_KEY")}
}

// AWS configures SDK clients for a key.
func (w *World) AWS(k client.Key) aws.Config { return client.Config(w.Env, k) }

// S3 is an S3 client for a key.
func (w *World) S3(k client.Key) *s3.Client {
	return s3.NewFromConfig(w.AWS(k), func(o *s3.Options) { o.UsePathStyle = true })
}
