package world_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// absent skips a test whose tool is missing, by name, and fails it where GRANARY_TEST_REQUIRE demands the tool.
func absent(t *testing.T, tool, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), tool) {
		t.Fatalf("%s is required: %s", tool, why)
	}
	t.Skipf("%s is absent: %s", tool, why)
}

// signinTool builds a program of tools/signin, a module of its own, from modules that are on this machine already.
func signinTool(t *testing.T, tool, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	c := exec.CommandContext(t.Context(), "go", "build", "-C", "../../tools/signin", "-o", out, "./"+name)
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if said, err := c.CombinedOutput(); err != nil {
		absent(t, tool, "go mod download in tools/signin brings what it is made of: "+string(said))
	}
	return out
}
