package worldtest

import (
	"context"
	"io"
	"log/slog"
	"net/url"
	"os"
	"testing"

	"granary"
	"granary/internal/client"
	"granary/internal/server"
)

// useBackend keeps objects in another store when GRANARY_TEST_BACKEND names one: "granary" for another Granary that is
// started for the test, or a URL such as http://key:secret@127.0.0.1:9000. Every test of S3 can run on it.
func useBackend(t testing.TB, c *server.Config) {
	t.Helper()
	at := os.Getenv("GRANARY_TEST_BACKEND")
	if at == "" {
		return
	}
	b := server.Backend{Type: "s3", PathStyle: true, BucketPrefix: "t" + granary.Hex(10) + "-"}
	if at == "granary" {
		k, endpoint := startStore(t)
		b.Endpoint, b.AccessKeyID, b.SecretAccessKey = []string{endpoint}, k.ID, k.Secret
	} else {
		u, err := url.Parse(at)
		if err != nil || u.User == nil {
			t.Fatalf("GRANARY_TEST_BACKEND is %q, and must be granary or a URL with a key and its secret", at)
		}
		b.AccessKeyID = u.User.Username()
		b.SecretAccessKey, _ = u.User.Password()
		u.User = nil
		b.Endpoint = []string{u.String()}
	}
	c.Storage.Backends = map[string]server.Backend{"far": b}
	c.Storage.Default = "far"
}

// startStore starts a Granary that is used as a store: with the root's key, and objects of its own.
func startStore(t testing.TB) (client.Key, string) {
	t.Helper()
	c := server.Defaults()
	c.Data, c.API, c.Web = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
	s, err := server.Start(context.Background(), c, slog.New(slog.NewTextHandler(io.Discard, nil)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Stop() })
	env, err := s.Env()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(s.APIURL())
	if err != nil {
		t.Fatal(err)
	}
	return client.Connection{Env: env}.Key(), "http://127.0.0.1:" + u.Port()
}
