// Package demo is a Granary with a demo company beside it, set up and used through the public APIs by our own client.
// The demo walks through it, and measurements begin from it.
package demo

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/server"
)

// World is a running server and the company's identity provider.
type World struct {
	Config   server.Config  // that the server was started with
	Server   *server.Server // nil when the server is another process
	Provider *corp.Provider // nil when the provider is another process
	// ProviderURL is where to sign in while Provider is nil.
	ProviderURL string
	Env         client.Env // of the management account's root user
	Account     string
	Region      string
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
func (w *World) Root() client.Key { return client.Connection{Env: w.Env}.Key() }

// Caller asks the server's APIs with a key.
func (w *World) Caller(k client.Key) (*client.Caller, error) {
	return client.Connection{Env: w.Env}.Caller(k)
}
