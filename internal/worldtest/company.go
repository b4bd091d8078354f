// Package worldtest is the test kit of the whole system: it starts a Granary with the demo's company for one test,
// makes accounts, roles and users in it, and checks how calls end. Only tests import it.
//
//	c := worldtest.Settle(t)
//	_, err := c.Assume(t.Context(), c.Machine, c.Bearer, "session", "")
//	worldtest.Refused(t, err, "AccessDenied", "not authorized")
//
// A package whose tests use it ends them with os.Exit(pgtest.Run(m)) in TestMain, because the state may be a PostgreSQL
// database that a cluster of the tests' own holds.
package worldtest

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"

	"granary/internal/postgres/pgtest"
	"granary/internal/server"
	"granary/internal/world"
)

// Start starts a world with a temporary directory on free ports. It ends with the test.
func Start(t testing.TB) *world.World {
	t.Helper()
	return start(t, func(*server.Config) {})
}

// Settle starts a world and sets the demo's company up in it.
func Settle(t testing.TB) *world.Company {
	t.Helper()
	return settle(t, Start(t))
}

// People of the demo's company, by their logins.
const Alice, Grace, Hugo, Erin, Bob = "alice@larkspur.example", "grace@larkspur.example", "hugo@larkspur.example",
	"erin@larkspur.example", "bob@larkspur.example"

// SettleWith is Settle with a change to the server's configuration.
func SettleWith(t testing.TB, change func(*server.Config)) *world.Company {
	t.Helper()
	return settle(t, start(t, change))
}

func start(t testing.TB, change func(*server.Config)) *world.World {
	t.Helper()
	c := Defaults(t)
	change(&c)
	w, err := world.Start(context.Background(), c, "127.0.0.1:0", slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.Stop() })
	return w
}

func settle(t testing.TB, w *world.World) *world.Company {
	t.Helper()
	c, err := w.Settle(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Defaults returns a configuration on free ports with a temporary directory. The state is an empty PostgreSQL database
// when GRANARY_TEST_STATE is "postgres", and objects are kept in another store when GRANARY_TEST_BACKEND names one, so
// that every test can run on all of them.
func Defaults(t testing.TB) server.Config {
	t.Helper()
	c := server.Defaults()
	c.Data, c.API, c.Web = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	if os.Getenv("GRANARY_TEST_STATE") == "postgres" {
		c.State = pgtest.URL(t)
	}
	useBackend(t, &c)
	return c
}
