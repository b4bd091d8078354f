package demo

import (
	"context"
	"maps"
	"slices"

	"granary/internal/client"
	"granary/internal/corp"
)

// Company is the demo's company in a world.
type Company struct {
	*World
	Details
}

// Details is what was made for the company: what the guide's placeholders stand for.
type Details struct {
	Instance, Store, Application, Issuer string // Identity Center
	WebApp, Bearer, Location             string // roles
	SCIM                                 client.SCIM
	Users, Groups                        map[string]string // login or name → id
	Grants                               map[string]string // group or login → grant id
	Machine                              client.Key        // IAM user of the machine that the application runs on
}

// Settle sets the whole company up: files, directory, people, roles, application and grants.
func (w *World) Settle(ctx context.Context) (*Company, error) {
	if err := w.Files(ctx); err != nil {
		return nil, err
	}
	c, err := w.Directory(ctx)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{c.Provision, c.Roles, c.Connect, c.Grant} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}

// Files makes the bucket and puts the company's files there.
func (w *World) Files(ctx context.Context) error {
	call, err := w.Caller(w.Root())
	if err != nil {
		return err
	}
	if _, err := call.Do(ctx, client.Request{Service: "s3", Method: "PUT", Path: "/" + corp.Bucket}); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(corp.Files)) {
		if err := w.Write(ctx, w.Root(), corp.Bucket, key, corp.Files[key]); err != nil {
			return err
		}
	}
	return nil
}

// Directory makes the Identity Center instance and a SCIM token for its identity store.
func (w *World) Directory(ctx context.Context) (*Company, error) {
	c := &Company{World: w, Details: Details{Users: map[string]string{}, Groups: map[string]string{},
		Grants: map[string]string{}}}
	var instance struct{ InstanceArn, IdentityStoreId string }
	if err := c.identityCenter(ctx, "CreateInstance", record{"Name": "larkspur"}, &instance); err != nil {
		return nil, err
	}
	c.Instance = instance.InstanceArn
	if err := c.identityCenter(ctx, "DescribeInstance", record{"InstanceArn": c.Instance}, &instance); err != nil {
		return nil, err
	}
	c.Store = instance.IdentityStoreId
	here := client.Connection{Env: w.Env}
	var token struct{ Endpoint, Token string }
	if err := here.Ask(ctx, "CreateScimToken", map[string]string{"IdentityStoreId": c.Store}, &token); err != nil {
		return nil, err
	}
	via, err := here.HTTP()
	if err != nil {
		return nil, err
	}
	c.SCIM = client.SCIM{Endpoint: token.Endpoint, Token: token.Token, Via: via}
	return c, nil
}

// Provision writes people and groups by SCIM, as the identity provider would.
func (c *Company) Provision(ctx context.Context) error {
	var made struct{ ID string }
	for _, p := range corp.People {
		user := record{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "externalId": "idp|" + p.Login,
			"userName": p.Login, "name": map[string]string{"givenName": p.Given, "familyName": p.Family},
			"displayName": p.Name(), "title": p.Title, "active": !p.Deactivated,
			"emails": []any{record{"value": p.Login, "type": "work", "primary": true}}}
		if _, err := c.SCIM.Do(ctx, "POST", "/Users", user, &made); err != nil {
			return err
		}
		c.Users[p.Login] = made.ID
	}
	for _, name := range corp.Groups {
		members := []any{}
		for _, p := range corp.People {
			if slices.Contains(p.Groups, name) {
				members = append(members, map[string]string{"value": c.Users[p.Login]})
			}
		}
		group := record{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name,
			"members": members}
		if _, err := c.SCIM.Do(ctx, "POST", "/Groups", group, &made); err != nil {
			return err
		}
		c.Groups[name] = made.ID
	}
	return nil
}

// SetActive activates or deactivates a person by SCIM.
func (c *Company) SetActive(ctx context.Context, login string, active bool) error {
	patch := record{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{record{"op": "replace", "path": "active", "value": active}}}
	_, err := c.SCIM.Do(ctx, "PATCH", "/Users/"+c.Users[login], patch, nil)
	return err
}
