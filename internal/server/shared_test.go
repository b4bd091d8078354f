package server

import (
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"granary/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// alone is a server's configuration on free ports, with a directory of its own.
func alone(t *testing.T, state string) Config {
	t.Helper()
	c := Defaults()
	c.Data, c.API, c.Web, c.State = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", state
	return c
}

// begin starts a server; what says is part of the sentence with which it must refuse to, or "".
func begin(t *testing.T, c Config, says string) *Server {
	t.Helper()
	s, err := Start(t.Context(), c, slog.New(slog.DiscardHandler))
	switch {
	case err == nil && says != "":
		s.Stop()
		t.Fatalf("it started, and should have said %q", says)
	case err != nil && (says == "" || !strings.Contains(err.Error(), says)):
		t.Fatalf("%v; and not %q", err, says)
	case err == nil:
		t.Cleanup(func() { s.Stop() })
	}
	return s
}

// Each setting is shared, and can be compared as text, or it is marked as a node's own.
func TestEverySettingIsSharedOrANodesOwn(t *testing.T) {
	c := Defaults()
	var walk func(reflect.Type, string)
	walk = func(of reflect.Type, prefix string) {
		for i := range of.NumField() {
			f := of.Field(i)
			switch {
			case f.Tag.Get("yaml") == "-" || f.Tag.Get("node") == "own":
			case f.Type.Kind() == reflect.Struct:
				walk(f.Type, prefix+f.Tag.Get("yaml")+".")
			case f.Type.Kind() == reflect.String, f.Type.Kind() == reflect.Bool, f.Type.Kind() == reflect.Int,
				f.Type == reflect.TypeFor[time.Duration](), f.Type == reflect.TypeFor[[]string]():
			default:
				t.Errorf(`%s%s is a %s: say in shared.go how it is written, or mark it node:"own"`, prefix, f.Tag.Get("yaml"),
					f.Type)
			}
		}
	}
	walk(reflect.TypeOf(c), "")
	values := map[string]string{}
	for _, s := range c.shared() {
		values[s.Name] = s.Value
	}
	for name, want := range map[string]string{"region": "us-east-1", "domain": "granary.localhost",
		"revocation":                "immediate",
		"identity.context_lifetime": "1h0m0s", "scim.group_members": "full", "audit.mode": "strict"} {
		if values[name] != want {
			t.Errorf("%s is %q, and not %q", name, values[name], want)
		}
	}
	for _, name := range []string{"data", "api", "web", "state", "account_id", "tls.key", "storage.backends"} {
		if _, ok := values[name]; ok {
			t.Errorf("%s is shared", name)
		}
	}
}

// A region is not changed by mistake: what is in the state would not be found. Other settings of a server that is alone
// are.
func TestARegionIsChangedOnPurposeOnly(t *testing.T) {
	c := alone(t, "sqlite")
	begin(t, c, "").Stop()
	c.Revocation = "aws"
	begin(t, c, "").Stop()
	c.Region = "eu-central-1"
	begin(t, c, `region is "us-east-1" there, and "eu-central-1" for this server`)
	c.ChangeSettings = true
	begin(t, c, "").Stop()
	c.ChangeSettings = false
	begin(t, c, "").Stop()
}

// Nodes with other settings do not join, whichever setting it is, and are told key, values and what to do. A node that
// runs refuses everything when one is changed on purpose, until it is changed back.
func TestNodesAgreeOnTheirSettings(t *testing.T) {
	first := alone(t, pgtest.URL(t))
	s := begin(t, first, "")
	kek, err := os.ReadFile(filepath.Join(first.Data, "kek"))
	if err != nil {
		t.Fatal(err)
	}
	other := func(change func(*Config)) Config {
		c := alone(t, first.State)
		c.KEK = strings.TrimSpace(string(kek))
		change(&c)
		return c
	}
	for says, change := range map[string]func(*Config){
		`region is "us-east-1" there, and "eu-central-1" for this server`: func(c *Config) {
			c.Region = "eu-central-1"
		},
		`domain is "granary.localhost" there, and "s3.example" for this server`: func(c *Config) {
			c.Domain = "s3.example"
		},
		`revocation is "immediate" there, and "aws" for this server`: func(c *Config) { c.Revocation = "aws" },
		`identity.context_lifetime is "1h0m0s" there, and "2h0m0s"`: func(c *Config) {
			c.Identity.ContextLifetime = 2 * time.Hour
		},
		`identity.allow_private_issuers is "false" there, and "true"`: func(c *Config) {
			c.Identity.AllowPrivateIssuers = true
		},
		`scim.group_members is "full" there, and "aws"`: func(c *Config) {
			c.Scim.GroupMembers = "aws"
		},
		`once with --change-settings. The nodes that run refuse everything from `: func(c *Config) { c.Audit.Mode = "async" },
	} {
		begin(t, other(change), says)
	}
	changed := other(func(c *Config) { c.Revocation, c.ChangeSettings = "aws", true })
	second := begin(t, changed, "")
	if err := s.index.Fresh(); err == nil ||
		!strings.Contains(err.Error(), `revocation is "aws" now and "immediate" on this node`) {
		t.Errorf("a node that runs with other settings: %v", err)
	}
	if err := second.index.Fresh(); err != nil {
		t.Error(err)
	}
	begin(t, other(func(*Config) {}), `revocation is "aws" there, and "immediate" for this server`)
	begin(t, other(func(c *Config) { c.ChangeSettings = true }), "")
	if err := s.index.Fresh(); err != nil {
		t.Errorf("changed back: %v", err)
	}
	if err := second.index.Fresh(); err == nil {
		t.Error("the second node goes on with what was changed back")
	}
}

// A data directory is used with the state of its installation and no other: nothing new is begun in silence.
func TestADataDirectoryBelongsToAnInstallation(t *testing.T) {
	lite := alone(t, "sqlite")
	s := begin(t, lite, "")
	env, err := os.ReadFile(s.EnvPath())
	if err != nil {
		t.Fatal(err)
	}
	s.Stop()
	shared := lite
	shared.State = pgtest.URL(t)
	begin(t, shared, "belongs to the installation o-")
	if now, err := os.ReadFile(s.EnvPath()); err != nil || string(now) != string(env) {
		t.Errorf("client.env was written anew: %v", err)
	}
	begin(t, lite, "").Stop()

	post := alone(t, pgtest.URL(t))
	begin(t, post, "").Stop()
	other := post
	other.State = "sqlite"
	begin(t, other, "whose state is not in it")
	if _, err := os.Stat(filepath.Join(other.Data, "state.db")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a state was made: %v", err)
	}
	other.State = alone(t, pgtest.URL(t)).State
	begin(t, other, "the state that is configured is empty")
	third := alone(t, other.State)
	begin(t, third, "").Stop()
	begin(t, other, "and the state that is configured to o-")
	begin(t, post, "").Stop()

	// What an older release left has no such file.
	if err := os.Remove(filepath.Join(lite.Data, "installation")); err != nil {
		t.Fatal(err)
	}
	begin(t, shared, "holds the state of an installation (state.db)")
	begin(t, lite, "")
}
