package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
)

// walker goes through the demo, one line for each step. A step that does not do what it should ends it.
type walker struct {
	out     io.Writer
	world   *demo.World
	company *demo.Company
	app     client.Key // the application's session
	token   string     // the person's sign-in token
	context string     // the person's identity context
	bearer  client.Key // the application's session in the person's name
	data    client.Key // the vended key
}

const (
	insider  = "alice@larkspur.example"
	outsider = "hugo@larkspur.example"
	leaver   = "erin@larkspur.example"
	target   = "s3://" + corp.Bucket + "/finance/*"
	inside   = "finance/2026-q3.csv"
	outside  = "payroll/2026-10.csv"
)

// greet says what there is to see, before anything has started.
func greet(out io.Writer) {
	fmt.Fprintf(out, "Granary demo: Larkspur Mills keeps its reports in s3://%s, and its people in an identity "+
		"provider.\n", corp.Bucket)
}

// all takes every step in order.
func (d *walker) all(ctx context.Context) error {
	for _, part := range []struct {
		title string
		steps []step
	}{
		{"Set up, through the public APIs", []step{{"files", d.files}, {"directory", d.directory}, {"provision", d.provision},
			{"roles", d.roles}, {"connect", d.connect}, {"grants", d.grants}}},
		{"Alice, who is in Finance", []step{{"sign in", d.signIn}, {"exchange", d.exchange}, {"assume", d.assume},
			{"vend", d.vend}, {"read inside", d.readInside}}},
		{"What is refused", []step{{"read outside", d.readOutside}, {"write", d.write}, {"no grant", d.noGrant},
			{"has left", d.hasLeft}, {"twice", d.twice}}},
		{"Alice leaves", []step{{"deactivate", d.deactivate}}},
	} {
		fmt.Fprintf(d.out, "\n%s\n", part.title)
		for _, s := range part.steps {
			said, err := s.do(ctx)
			if err != nil {
				return fmt.Errorf("the step %q did not do what it should: %w", s.name, err)
			}
			fmt.Fprintf(d.out, "  ✓ %-12s %s\n", s.name, said)
		}
	}
	return nil
}

type step struct {
	name string
	do   func(context.Context) (string, error)
}

func (d *walker) files(ctx context.Context) (string, error) {
	return fmt.Sprintf("%d files in s3://%s", len(corp.Files), corp.Bucket), d.world.Files(ctx)
}

func (d *walker) directory(ctx context.Context) (said string, err error) {
	if d.company, err = d.world.Directory(ctx); err != nil {
		return "", err
	}
	return "Identity Center " + d.company.Instance + " with a SCIM token for the identity provider", nil
}

func (d *walker) provision(ctx context.Context) (string, error) {
	return fmt.Sprintf("SCIM wrote %d people, one of them deactivated, and %d groups", len(corp.People), len(corp.Groups)),
		d.company.Provision(ctx)
}

func (d *walker) roles(ctx context.Context) (string, error) {
	return "IAM roles webapp, identity-bearer and s3ag-location, and a key for the application's machine",
		d.company.Roles(ctx)
}

func (d *walker) connect(ctx context.Context) (string, error) {
	err := d.company.Connect(ctx)
	return "application LarkspurData trusts tokens of " + d.world.Provider.Issuer() + " for " + corp.ClientID, err
}

func (d *walker) grants(ctx context.Context) (string, error) {
	return fmt.Sprintf("S3 Access Grants: %d grants, among them READ on %s for the group Finance", len(corp.Grants),
		target), d.company.Grant(ctx)
}

func (d *walker) signIn(ctx context.Context) (said string, err error) {
	d.token, err = d.world.Provider.SignIn(ctx, insider)
	return "Alice signed in at the identity provider (code and PKCE) and the application has her ID token", err
}

func (d *walker) exchange(ctx context.Context) (said string, err error) {
	if d.app, err = d.world.Assume(ctx, d.company.Machine, d.company.WebApp, "app", ""); err != nil {
		return "", err
	}
	tokens, err := d.company.Exchange(ctx, d.app, d.token)
	if err != nil {
		return "", err
	}
	d.context = tokens.Context
	return "CreateTokenWithIAM gave an identity context with " + strings.Join(tokens.Scope, ", "), nil
}

func (d *walker) assume(ctx context.Context) (said string, err error) {
	d.bearer, err = d.world.Assume(ctx, d.app, d.company.Bearer, "TempDirectoryUserRole", d.context)
	return "AssumeRole gave a session in Alice's name: key " + d.bearer.ID, err
}

func (d *walker) vend(ctx context.Context) (string, error) {
	vended, err := d.company.Vend(ctx, d.bearer, target, "READ")
	if err != nil {
		return "", err
	}
	d.data = vended.Key
	return fmt.Sprintf("GetDataAccess gave key %s for %s, by the grant to group Finance, until %s", vended.Key.ID,
		vended.MatchedTarget, vended.Expires.Local().Format("15:04")), nil
}

func (d *walker) readInside(ctx context.Context) (string, error) {
	text, err := d.world.Read(ctx, d.data, corp.Bucket, inside)
	if err == nil && text != corp.Files[inside] {
		err = errors.New("the object is not what was written")
	}
	return fmt.Sprintf("s3://%s/%s: %d bytes", corp.Bucket, inside, len(text)), err
}

// refusal demands that something was refused with a code, and gives the server's own words.
func refusal(err error, code string) (string, error) {
	var refused *client.Refusal
	if err == nil {
		return "", errors.New("it was allowed")
	}
	if !errors.As(err, &refused) || refused.Code != code {
		return "", fmt.Errorf("it was to be refused with %s: %w", code, err)
	}
	return "refused: " + refused.Message, nil
}

func (d *walker) readOutside(ctx context.Context) (string, error) {
	_, err := d.world.Read(ctx, d.data, corp.Bucket, outside)
	return refusal(err, "AccessDenied")
}

func (d *walker) write(ctx context.Context) (string, error) {
	return refusal(d.world.Write(ctx, d.data, corp.Bucket, inside, "forged"), "AccessDenied")
}

func (d *walker) noGrant(ctx context.Context) (string, error) {
	k, err := d.company.As(ctx, outsider)
	if err != nil {
		return "", err
	}
	_, err = d.company.Vend(ctx, k, target, "READ")
	said, err := refusal(err, "AccessDenied")
	return "Hugo, counsel, is " + said, err
}

func (d *walker) hasLeft(ctx context.Context) (string, error) {
	_, err := d.company.As(ctx, leaver)
	_, err = refusal(err, "AccessDeniedException")
	return "Erin has left: her sign-in is not exchanged any more", err
}

func (d *walker) twice(ctx context.Context) (string, error) {
	_, err := d.company.Exchange(ctx, d.app, d.token)
	_, err = refusal(err, "InvalidGrantException")
	return "Alice's ID token was used once, and is not accepted again", err
}

func (d *walker) deactivate(ctx context.Context) (string, error) {
	if _, err := d.world.Read(ctx, d.data, corp.Bucket, inside); err != nil {
		return "", err
	}
	if err := d.company.SetActive(ctx, insider, false); err != nil {
		return "", err
	}
	began := time.Now()
	_, err := d.world.Read(ctx, d.data, corp.Bucket, inside)
	said, err := refusal(err, "AccessDenied")
	if err != nil {
		return "", err
	}
	if err := d.company.SetActive(ctx, insider, true); err != nil {
		return "", err
	}
	return fmt.Sprintf("SCIM set active to false, and %s later her live key was %s (she is active again, for you to try)",
		time.Since(began).Round(time.Millisecond), said), nil
}
