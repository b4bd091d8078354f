package granary_test

import (
	"bytes"
	"encoding/json"
	"go/parser"
	"go/token"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers is who may import whom: a package may import what stands on rows above its own, and nothing beside it unless
// the row says so. The reason stands beside each row.
const layers = `
granary                                                     # the words everyone shares; standard library only
internal/policy internal/grants internal/sigv4 internal/seal internal/wire # pure: no clock, no context, no I/O, so that tables and fuzzing reach every branch
internal/api internal/api/*                                         # AWS's shapes, generated for wire
internal/batch                                              # updates that share a commit
internal/sqlite internal/postgres                           # the database engines
internal/postgres/*                                         # a throw-away one, for tests
internal/limit                                              # slows down strangers who ask too often
internal/store internal/backend internal/idtoken internal/audit # the only packages that do I/O outward
internal/backend/*                                          # where bytes live
internal/index                                              # the store's hot part, in memory
internal/authn                                              # who
internal/authz                                              # may they
internal/access                                             # the links from a person to the data, for those who refuse and those who explain
internal/awsapi                                             # the front door
internal/explain                                            # why not, in words, and who else
internal/service/* internal/gateway                         # answer; never import each other
internal/server                                             # puts the doors on listeners
internal/client internal/corp                               # the other side: clients, and the demo's company
internal/world                                              # a whole Granary with that company, for the demo and the tests
internal/bench                                              # how fast that is
cmd/granary internal/gen internal/mutate                    # programs
`

// onlyIn says which packages alone may import something outside the module, and why.
var onlyIn = map[string]struct {
	why     string
	allowed []string
}{
	"database/sql":                  {"only the store speaks SQL, and the embedded object store its own index", []string{"internal/sqlite", "internal/postgres", "internal/store", "internal/backend/embedded"}},
	"modernc.org/sqlite":            {"one embedded database engine, in one package", []string{"internal/sqlite"}},
	"github.com/jackc/pgx/v5":       {"one shared database engine, in one package", []string{"internal/postgres"}},
	"github.com/pressly/goose/v3":   {"migrations belong to the engine", []string{"internal/sqlite", "internal/postgres"}},
	"github.com/go-jose/go-jose/v4": {"token formats live in one place", []string{"internal/idtoken", "internal/corp"}},
	"github.com/spf13":              {"only the program reads a command line", []string{"cmd/granary"}},
	"go.yaml.in/yaml/v3":            {"configuration is the server's", []string{"internal/server"}},
	"os/exec":                       {"the server starts no process", []string{"cmd/granary", "internal/mutate", "internal/postgres/pgtest"}},
	"github.com/aws/aws-sdk-go-v2":  {"the SDK is a client: the demo and the tests use it, the server does not", []string{"cmd/granary", "internal/client", "internal/world", "internal/bench"}},
}

type goPackage struct {
	ImportPath string
	Dir        string
	Imports    []string
	GoFiles    []string
}

func packages(t *testing.T) []goPackage {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,GoFiles", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var list []goPackage
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return list
		} else if err != nil {
			t.Fatal(err)
		}
		list = append(list, p)
	}
}

func short(path string) string { return strings.TrimPrefix(path, "granary/") }

// row is the layer of a package, or -1.
func row(path string) int {
	n := -1
	for line := range strings.Lines(layers) {
		line, _, _ = strings.Cut(line, "#")
		if strings.TrimSpace(line) == "" {
			continue
		}
		n++
		for _, name := range strings.Fields(line) {
			parent, all := strings.CutSuffix(name, "/*")
			if name == path || all && strings.HasPrefix(path, parent+"/") {
				return n
			}
		}
	}
	return -1
}

func TestImportsFollowTheLayers(t *testing.T) {
	for _, p := range packages(t) {
		from := short(p.ImportPath)
		if row(from) < 0 {
			t.Errorf("package %s stands on no row of the layers: add it where it belongs", from)
			continue
		}
		for _, imp := range p.Imports {
			to := short(imp)
			if to == imp && imp != "granary" {
				continue
			}
			if strings.HasPrefix(to, from+"/") || filepath.Base(from) == "backendtest" {
				continue // a package may use what stands inside its own folder
			}
			if row(to) >= row(from) {
				t.Errorf("%s imports %s, which stands beside or above it", from, to)
			}
		}
	}
}

func TestSomeImportsHaveOneHome(t *testing.T) {
	for _, p := range packages(t) {
		from := short(p.ImportPath)
		for _, imp := range p.Imports {
			for name, rule := range onlyIn {
				if (imp == name || strings.HasPrefix(imp, name+"/")) && !slices.ContainsFunc(rule.allowed, func(a string) bool {
					return from == a || strings.HasPrefix(from, a+"/")
				}) {
					t.Errorf("%s imports %s: %s", from, imp, rule.why)
				}
			}
		}
	}
}

func TestThePureStayPure(t *testing.T) {
	for _, p := range packages(t) {
		if r := row(short(p.ImportPath)); r > 2 {
			continue
		}
		for _, imp := range p.Imports {
			switch imp {
			case "net/http":
				if short(p.ImportPath) != "internal/sigv4" && short(p.ImportPath) != "internal/wire" {
					t.Errorf("%s imports net/http: only the shapes of a request belong below", p.ImportPath)
				}
			case "os", "net", "context", "database/sql", "log", "log/slog":
				t.Errorf("%s imports %s: the pure packages do no I/O", p.ImportPath, imp)
			}
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil, parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			documented = documented || f.Doc != nil && len(f.Doc.Text()) > 40
		}
		if !documented && len(p.GoFiles) > 0 {
			t.Errorf("%s has no doc comment that says what it owns", p.ImportPath)
		}
	}
}

func TestNoPackageHasANameThatSaysNothing(t *testing.T) {
	for _, p := range packages(t) {
		switch filepath.Base(p.Dir) {
		case "util", "utils", "common", "helpers", "types", "models", "misc", "shared":
			if len(p.GoFiles) > 0 {
				t.Errorf("%s: a thing lives with the noun it serves", p.ImportPath)
			}
		}
	}
}

func TestNoFileOfOursIsTooLongToRead(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			b, err := os.ReadFile(filepath.Join(p.Dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b, []byte("\n")); n > 600 && !bytes.HasPrefix(b, []byte("// Code generated")) {
				t.Errorf("%s/%s has %d lines: it is more than one thing", short(p.ImportPath), name, n)
			}
		}
	}
}
