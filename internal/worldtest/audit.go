package worldtest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"granary/internal/world"
)

// AuditLog returns everything in the server's audit log.
func AuditLog(t *testing.T, w *world.World) string {
	t.Helper()
	var all strings.Builder
	for _, file := range Must[[]string](t)(filepath.Glob(filepath.Join(filepath.Dir(w.Server.EnvPath()), "audit",
		"*.jsonl"))) {
		all.Write(Must[[]byte](t)(os.ReadFile(file)))
	}
	return all.String()
}
