package worldtest

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
)

// DeclaredErrors returns the codes of the errors that the model of a service declares, by operation.
func DeclaredErrors(t *testing.T, service string) map[string][]string {
	b, err := os.ReadFile(filepath.Join(Root(t), "models", service+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var m struct {
		Operations map[string]struct{ Errors []struct{ Shape string } }
	}
	if err := json.Unmarshal(b, &m); err != nil {
		t.Fatal(err)
	}
	out := map[string][]string{}
	for name, op := range m.Operations {
		for _, e := range op.Errors {
			out[name] = append(out[name], e.Shape)
		}
	}
	return out
}
