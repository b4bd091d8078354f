package granary_test

import (
	"bytes"
	"encoding/json"
	"go/ast"
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
internal/cause                                              # the causes of refusals
internal/policy internal/grants internal/sigv4 internal/seal internal/wire internal/sign # pure: no clock, no I/O
internal/api internal/api/* internal/s3req                          # AWS's shapes, generated; an S3 request, parsed
internal/client                                             # the other side: how programs of ours reach a server
internal/batch internal/guard                               # updates that share a commit; what is asked before each
internal/sqlite internal/postgres                           # the database engines
internal/postgres/*                                         # a throw-away one, for tests
internal/upstream                                           # HTTP connections to the stores behind the gateway
internal/limit internal/disk                                # slows down strangers; how much room a disk has
internal/store internal/backend internal/idtoken internal/audit # the only packages that do I/O outward
internal/backend/*                                          # where bytes live
internal/index                                              # the store's hot part, in memory
internal/authn                                              # who
internal/authz                                              # may they
internal/access                                             # the links from a person to the data
internal/front                                              # the reception: what every request of every door must have
internal/awsapi                                             # the API door: tables of operations, and one pipeline
internal/explain                                            # why not, in words, and who else
internal/service/* internal/gateway internal/signin         # answer; never import each other
internal/server                                             # puts the doors on listeners
internal/corp                                               # the demo's company and its identity provider
internal/demo                                               # a whole Granary with that company
internal/world                                              # the same for tests, with AWS's SDK
internal/worldtest                                          # that world for one test; only tests import it
internal/bench internal/soak                                # how fast that is; whether strangers slow it down
cmd/granary cmd/granary-soak cmd/shape cmd/gen cmd/mutate # programs
`

// onlyIn says which packages alone may import something outside the module, and why.
var onlyIn = map[string]struct {
	why     string
	allowed []string
}{
	"database/sql": {"only the store speaks SQL, and the embedded object store its own index",
		[]string{"internal/sqlite", "internal/postgres", "internal/store", "internal/backend/embedded"}},
	"modernc.org/sqlite":            {"one embedded database engine, in one package", []string{"internal/sqlite"}},
	"github.com/jackc/pgx/v5":       {"one shared database engine, in one package", []string{"internal/postgres"}},
	"github.com/pressly/goose/v3":   {"migrations belong to the engine", []string{"internal/sqlite", "internal/postgres"}},
	"github.com/go-jose/go-jose/v4": {"token formats live in one place", []string{"internal/idtoken", "internal/corp"}},
	"github.com/spf13":              {"only the program reads a command line", []string{"cmd/granary"}},
	"go.yaml.in/yaml/v3":            {"configuration is the server's", []string{"internal/server"}},
	"github.com/prometheus":         {"metrics are the server's", []string{"internal/server"}},
	"os/exec": {"the server starts no process",
		[]string{"cmd/granary", "cmd/granary-soak", "cmd/mutate", "internal/postgres/pgtest",
			"internal/soak", "internal/worldtest"}},
	"github.com/aws": {"the SDK judges the server in tests; the program does without it",
		[]string{"internal/world", "internal/worldtest"}},
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

// AWS's service clients take longer to compile than the whole of the server, for a handful of calls.
func TestTheShippedProgramDoesWithoutTheSDK(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", "./cmd/granary").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	linked := strings.Fields(string(out))
	if !slices.Contains(linked, "granary/internal/server") {
		t.Fatal("the program is not what was listed")
	}
	for _, p := range linked {
		if strings.HasPrefix(p, "github.com/aws/") {
			t.Errorf("cmd/granary links %s", p)
		}
	}
}

func TestThePureStayPure(t *testing.T) {
	for _, p := range packages(t) {
		if r := row(short(p.ImportPath)); r > 3 {
			continue
		}
		for _, imp := range p.Imports {
			switch imp {
			case "net/http":
				if !slices.Contains([]string{"internal/sigv4", "internal/wire", "internal/s3req"}, short(p.ImportPath)) {
					t.Errorf("%s imports net/http: only the shapes of a request belong below", p.ImportPath)
				}
			case "os", "net", "context", "database/sql", "log", "log/slog":
				t.Errorf("%s imports %s: the pure packages do no I/O", p.ImportPath, imp)
			}
		}
	}
}

func TestOnlyTestsImportTheTestKit(t *testing.T) {
	for _, p := range packages(t) {
		if slices.Contains(p.Imports, "granary/internal/worldtest") {
			t.Errorf("%s imports internal/worldtest: it links package testing, and is for tests", p.ImportPath)
		}
	}
}

func TestEveryPackageSaysWhatItOwns(t *testing.T) {
	for _, p := range packages(t) {
		documented := false
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil,
				parser.PackageClauseOnly|parser.ParseComments)
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

// onlyThere says in which packages alone an expression may stand, and why. What stands inside of a listed folder may
// use it too.
var onlyThere = map[string]struct {
	why     string
	allowed []string
}{
	"http.ResponseWriter": {"doors return an Outcome, and the reception answers",
		[]string{"internal/front", "internal/corp", "internal/bench", "internal/worldtest"}},
	"http.Server": {"no route stands on a listener without the reception",
		[]string{"internal/front", "internal/corp", "internal/bench", "internal/worldtest"}},
	"http.Serve": {"no route stands on a listener without the reception", []string{"internal/front"}},
	"http.NewServeMux": {"no route stands on a listener without the reception",
		[]string{"internal/front", "internal/corp"}},
	"http.HandlerFunc": {"no route stands on a listener without the reception",
		[]string{"internal/front", "internal/corp", "internal/bench", "internal/worldtest"}},
	"seal.SealRefusal": {"the reception alone gives refusals their decision id", []string{"internal/front"}},
	".Audit.Record":    {"the reception alone records, before the answer", []string{"internal/front"}},
	".audit.Record":    {"the reception alone records, before the answer", []string{"internal/front"}},
	".CountStranger":   {"the reception alone counts who proved nothing", []string{"internal/front"}},
	".Fresh": {"the reception asks when a request arrives, authn when it says who somebody is by now, the " +
		"store when an effect begins", []string{"internal/front", "internal/index", "internal/authn", "internal/store"}},
	".RemoteAddr": {"the source of a request is what the reception says, trusted proxies heeded",
		[]string{"internal/front", "internal/corp"}},
}

// spelled is a selector expression as onlyThere names it: with its package, or with the fields before it.
func spelled(e *ast.SelectorExpr) []string {
	out := []string{"." + e.Sel.Name}
	switch x := e.X.(type) {
	case *ast.Ident:
		out = append(out, x.Name+"."+e.Sel.Name, "."+x.Name+"."+e.Sel.Name)
	case *ast.SelectorExpr:
		out = append(out, "."+x.Sel.Name+"."+e.Sel.Name)
	}
	return out
}

func TestWhatTheReceptionDoesNobodyElseDoes(t *testing.T) {
	seen := map[string]bool{}
	for _, p := range packages(t) {
		from := short(p.ImportPath)
		if !strings.HasPrefix(from, "internal/") {
			continue
		}
		for _, name := range p.GoFiles {
			fset := token.NewFileSet()
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, 0)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				e, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				for _, text := range spelled(e) {
					rule, ok := onlyThere[text]
					if !ok {
						continue
					}
					seen[text] = true
					if !slices.ContainsFunc(rule.allowed, func(a string) bool { return from == a || strings.HasPrefix(from, a+"/") }) {
						t.Errorf("%s uses %s: %s", fset.Position(e.Pos()), text, rule.why)
					}
				}
				return true
			})
		}
	}
	for _, must := range []string{"http.ResponseWriter", "http.Server", "seal.SealRefusal", ".Audit.Record", ".Fresh",
		".RemoteAddr"} {
		if !seen[must] {
			t.Errorf("nothing uses %s any more: the rule about it watches nothing", must)
		}
	}
}
