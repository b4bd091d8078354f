package world

import (
	"context"

	"granary/internal/demo"
)

// Company is the demo's company as it was set up: what the guide's placeholders stand for.
type Company struct {
	*World
	demo.Details
}

// JWTBearer is the grant type of the exchange.
const JWTBearer = demo.JWTBearer

func (w *World) company(c *demo.Company, err error) (*Company, error) {
	if err != nil {
		return nil, err
	}
	return &Company{w, c.Details}, nil
}

// do runs a step of the package demo on the company, and keeps what it made.
func (c *Company) do(step func(*demo.Company) error) error {
	d := &demo.Company{World: c.plain(), Details: c.Details}
	err := step(d)
	c.Details = d.Details
	return err
}

// Files makes the bucket and puts the company's files there.
func (w *World) Files(ctx context.Context) error { return w.plain().Files(ctx) }

// Directory makes the Identity Center instance and a SCIM token for its identity store.
func (w *World) Directory(ctx context.Context) (*Company, error) {
	return w.company(w.plain().Directory(ctx))
}

// Settle sets the whole company up: files, directory, people, roles, application and grants.
func (w *World) Settle(ctx context.Context) (*Company, error) {
	return w.company(w.plain().Settle(ctx))
}

// Provision writes people and groups by SCIM, as the identity provider would.
func (c *Company) Provision(ctx context.Context) error {
	return c.do(func(d *demo.Company) error { return d.Provision(ctx) })
}

// SetActive activates or deactivates a person by SCIM.
func (c *Company) SetActive(ctx context.Context, login string, active bool) error {
	d := &demo.Company{World: c.plain(), Details: c.Details}
	return d.SetActive(ctx, login, active)
}

// Connect makes the application and the trusted token issuer, and ties them together.
func (c *Company) Connect(ctx context.Context) error {
	return c.do(func(d *demo.Company) error { return d.Connect(ctx) })
}

// Roles makes the machine's user and the three roles of the guide.
func (c *Company) Roles(ctx context.Context) error {
	return c.do(func(d *demo.Company) error { return d.Roles(ctx) })
}

// Grant makes the Access Grants instance, its location, and the company's grants.
func (c *Company) Grant(ctx context.Context) error {
	return c.do(func(d *demo.Company) error { return d.Grant(ctx) })
}
