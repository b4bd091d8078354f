package world_test

import (
	"os"
	"testing"

	"granary/internal/postgres/pgtest"
	"granary/internal/server"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }

// defaults is a configuration on free ports with a directory of its own. With GRANARY_TEST_STATE=postgres in the environment the
// state is an empty database: everything here holds on both.
func defaults(t testing.TB) server.Config {
	t.Helper()
	c := server.Defaults()
	c.Data, c.API, c.Web = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	if os.Getenv("GRANARY_TEST_STATE") == "postgres" {
		c.State = pgtest.URL(t)
	}
	return c
}
