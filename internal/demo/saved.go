package demo

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"granary/internal/client"
	"granary/internal/corp"
)

// saved is what another process needs to act for the company's people.
type saved struct {
	Provider                    string // URL
	Application, WebApp, Bearer string
	Machine                     client.Key
}

func savedPath(dir string) string { return filepath.Join(dir, "demo.json") }

// Save leaves what Open needs in the server's data directory, readable by its owner only.
func (c *Company) Save(dir string) error {
	text, err := json.Marshal(saved{c.Provider.Issuer(), c.Application, c.WebApp, c.Bearer, c.Machine})
	if err != nil {
		return err
	}
	return os.WriteFile(savedPath(dir), text, 0o600)
}

// Open returns the company of a demo that runs in another process, from the data directory of its server. It can sign
// its people in. Its error is a sentence that says what to do.
func Open(dir string) (*Company, error) {
	text, err := os.ReadFile(savedPath(dir))
	if err != nil {
		return nil, fmt.Errorf("no demo runs with the data directory %s; start one with granary demo, which says where "+
			"its data are", dir)
	}
	var s saved
	if err := json.Unmarshal(text, &s); err != nil {
		return nil, fmt.Errorf("%s is damaged: %w", savedPath(dir), err)
	}
	env, err := client.ReadEnv(dir)
	if err != nil {
		return nil, err
	}
	w := &World{Env: env, ProviderURL: s.Provider, Account: env.Get("GRANARY_ACCOUNT_ID"), Region: env.Get("AWS_REGION")}
	return &Company{w, Details{Application: s.Application, WebApp: s.WebApp, Bearer: s.Bearer, Machine: s.Machine}}, nil
}

// SignIn signs a person in at the company's identity provider and returns the ID token.
func (w *World) SignIn(ctx context.Context, login string) (string, error) {
	if w.Provider != nil {
		return w.Provider.SignIn(ctx, login)
	}
	return corp.SignIn(ctx, w.ProviderURL, login)
}
