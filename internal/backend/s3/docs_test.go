package s3

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The table of docs/backends.md says what each kind of store is known to do.
func TestTheDocumentedCapabilitiesAreThePrograms(t *testing.T) {
	text, err := os.ReadFile("../../../docs/backends.md")
	if err != nil {
		t.Fatal(err)
	}
	columns := []string{"aws", "granary", "ceph", "minio", "versitygw", ""}
	documented := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		_, name, ok := strings.Cut(cells[0], "(`")
		if len(cells) != len(columns)+1 || !ok {
			continue
		}
		name = name[:strings.Index(name, "`")]
		name, exact := strings.CutSuffix(name, ": exact")
		documented[name] = true
		for i, kind := range columns {
			c, err := newCapabilities(kind, nil)
			if err != nil {
				t.Fatal(err)
			}
			has := exact && c.Keys == "exact"
			if flag := c.flags()[name]; flag != nil {
				has = *flag
			}
			if said := strings.TrimSpace(cells[i+1]); said != map[bool]string{true: "yes", false: "no"}[has] {
				t.Errorf("%s of %q: the table says %s", name, kind, said)
			}
		}
	}
	names := []string{"keys"}
	for name := range new(Capabilities).flags() {
		names = append(names, name)
	}
	for _, name := range names {
		if !documented[name] {
			t.Errorf("the table lacks %s", name)
		}
	}
	if !slices.Contains(Kinds(), "minio") || slices.Contains(Kinds(), "") {
		t.Error(Kinds())
	}
}
