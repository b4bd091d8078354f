package cause_test

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"granary"
	"granary/internal/cause"
)

// The words of a cause are what audit logs keep of it: they find it again.
func TestCausesAreFoundByTheirWords(t *testing.T) {
	for _, c := range cause.All() {
		if got, ok := cause.Find(c.Link(), c.Name()); !ok || got != c {
			t.Errorf("%s is found as %s", c, got)
		}
	}
	if c, ok := cause.Find(granary.LinkUser, "of-tomorrow"); ok {
		t.Errorf("an unknown cause is found as %s", c)
	}
}

// Causes are declared in this package and nowhere else, and all that are declared can happen.
func TestCausesAreDeclaredOnceAndUsed(t *testing.T) {
	declared, err := os.ReadFile("causes.go")
	if err != nil {
		t.Fatal(err)
	}
	unused := map[string]bool{}
	for _, m := range regexp.MustCompile(`(?m)^\t(\w+) += define\(`).FindAllStringSubmatch(string(declared), -1) {
		unused[m[1]] = true
	}
	if len(unused) != len(cause.All()) {
		t.Errorf("%d causes are declared in causes.go, and there are %d", len(unused), len(cause.All()))
	}
	use := regexp.MustCompile(`\bcause\.(\w+)`)
	err = fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile("../" + path)
		for _, m := range use.FindAllSubmatch(b, -1) {
			delete(unused, string(m[1]))
		}
		if strings.Contains(string(b), "NewCause(") && path != "cause/cause.go" {
			t.Errorf("%s declares a cause of its own", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	for name := range unused {
		t.Errorf("nothing is refused for %s", name)
	}
}
