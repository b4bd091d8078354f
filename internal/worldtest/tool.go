package worldtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// Absent skips a test that needs a tool, by the tool's name. It fails the test when GRANARY_TEST_REQUIRE names the
// tool.
func Absent(t *testing.T, tool, why string) {
	t.Helper()
	if slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), tool) {
		t.Fatalf("%s is required: %s", tool, why)
	}
	t.Skipf("%s is absent: %s", tool, why)
}

// BuildTool builds a program of tools/signin, a module of its own, from modules that are on this machine already.
func BuildTool(t *testing.T, tool, name string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), name)
	c := exec.CommandContext(t.Context(), "go", "build", "-C", filepath.Join(Root(t), "tools/signin"), "-o", out,
		"./"+name)
	c.Env = append(os.Environ(), "GOPROXY=off", "GOFLAGS=-mod=readonly", "GOWORK=off")
	if said, err := c.CombinedOutput(); err != nil {
		Absent(t, tool, "go mod download in tools/signin brings what it is made of: "+string(said))
	}
	return out
}

// Root returns the folder of the module.
func Root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			break
		}
		dir = parent
	}
	t.Fatalf("the tests run outside of the module: %v", err)
	return ""
}
