package main

import (
	"bytes"
	"cmp"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode/utf8"
)

// The limits that -list reports against.
const (
	maxWidth         = 120 // columns; a tab is one
	maxFileLines     = 400
	maxFunctionLines = 80
	maxMethods       = 40
	shortName        = 4 // letters
)

// tree is what was counted in one source tree. Lines, widths, comments, functions and names are those of product files;
// blank lines have no width.
type tree struct {
	productLines   int
	packages       map[string]bool
	fileLines      []int
	functionLines  []int
	widths         []int
	wideLines      int
	commentLines   int
	methods        map[string]int // by "folder.Type"
	unexported     map[string]bool
	shortNames     map[string]bool
	testLines      int
	wideTestLines  int
	worldTestLines int
	offenders      []string
}

// measure reads every Go file of the module in dir.
func measure(dir string) (*tree, error) {
	t := &tree{packages: map[string]bool{}, methods: map[string]int{}, unexported: map[string]bool{},
		shortNames: map[string]bool{}}
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if d.IsDir() {
			if rel != "." && (skipFolder(d.Name()) || nestedModule(path)) {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		return t.addFile(filepath.ToSlash(rel), text)
	})
	return t, err
}

func skipFolder(name string) bool {
	return strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "vendor" ||
		name == "node_modules"
}

func nestedModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// addFile counts one file; path is relative to the root of the module, with slashes.
func (t *tree) addFile(path string, text []byte) error {
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, path, text, parser.ParseComments)
	if err != nil {
		return err
	}
	if ast.IsGenerated(f) {
		return nil
	}
	if strings.HasSuffix(path, "_test.go") {
		t.addTest(path, text)
		return nil
	}
	folder := filepath.ToSlash(filepath.Dir(path))
	t.packages[folder] = true
	lines := bytes.Count(text, []byte("\n"))
	t.productLines += lines
	t.fileLines = append(t.fileLines, lines)
	if lines > maxFileLines {
		t.report(path, 1, "file of %d lines", lines)
	}
	t.addLines(path, text)
	for _, d := range f.Decls {
		if fn, ok := d.(*ast.FuncDecl); ok {
			t.addFunction(fset, folder, fn)
		}
	}
	return nil
}

func (t *tree) addTest(path string, text []byte) {
	number := 0
	for line := range bytes.Lines(text) {
		number++
		t.testLines++
		if strings.HasPrefix(path, "internal/world/") {
			t.worldTestLines++
		}
		if width(line) > maxWidth {
			t.wideTestLines++
			t.report(path, number, "test line of %d columns", width(line))
		}
	}
}

// addLines counts the widths of lines that are not blank, and the lines that are comments and nothing else.
func (t *tree) addLines(path string, text []byte) {
	inComment := false
	number := 0
	for line := range bytes.Lines(text) {
		number++
		trimmed := strings.TrimSpace(string(line))
		if trimmed == "" {
			continue
		}
		w := width(line)
		t.widths = append(t.widths, w)
		if w > maxWidth {
			t.wideLines++
			t.report(path, number, "line of %d columns", w)
		}
		if inComment || strings.HasPrefix(trimmed, "//") || strings.HasPrefix(trimmed, "/*") {
			t.commentLines++
		}
		if strings.HasPrefix(trimmed, "/*") {
			inComment = true
		}
		if inComment && strings.Contains(trimmed, "*/") {
			inComment = false
		}
	}
}

// width is the number of columns of a line without its end.
func width(line []byte) int { return utf8.RuneCount(bytes.TrimRight(line, "\r\n")) }

func (t *tree) addFunction(fset *token.FileSet, folder string, fn *ast.FuncDecl) {
	at := fset.Position(fn.Pos())
	lines := fset.Position(fn.End()).Line - at.Line + 1
	t.functionLines = append(t.functionLines, lines)
	if lines > maxFunctionLines {
		t.report(at.Filename, at.Line, "function %s of %d lines", fn.Name.Name, lines)
	}
	if fn.Recv != nil && len(fn.Recv.List) == 1 {
		t.methods[folder+"."+receiver(fn.Recv.List[0].Type)]++
	}
	name := fn.Name.Name
	if ast.IsExported(name) || name == "_" || name == "main" || name == "init" {
		return
	}
	t.unexported[name] = true
	if utf8.RuneCountInString(name) <= shortName {
		t.shortNames[name] = true
		t.report(at.Filename, at.Line, "short name %s", name)
	}
}

// receiver is the name of a method's type, without its pointer and type parameters.
func receiver(e ast.Expr) string {
	switch e := e.(type) {
	case *ast.StarExpr:
		return receiver(e.X)
	case *ast.IndexExpr:
		return receiver(e.X)
	case *ast.IndexListExpr:
		return receiver(e.X)
	case *ast.Ident:
		return e.Name
	}
	return "?"
}

// largestType is the type with the most methods; the first by name when there are several.
func (t *tree) largestType() (name string, methods int) {
	for _, candidate := range slices.Sorted(maps.Keys(t.methods)) {
		if n := t.methods[candidate]; n > methods {
			name, methods = candidate, n
		}
	}
	return name, methods
}

// typesAbove lists the types with more methods than limit, the largest first.
func (t *tree) typesAbove(limit int) []string {
	var out []string
	for name, n := range t.methods {
		if n > limit {
			out = append(out, name)
		}
	}
	slices.SortFunc(out, func(a, b string) int {
		return cmp.Or(cmp.Compare(t.methods[b], t.methods[a]), strings.Compare(a, b))
	})
	return out
}

func (t *tree) report(path string, line int, format string, args ...any) {
	t.offenders = append(t.offenders, fmt.Sprintf("%s:%d: ", path, line)+fmt.Sprintf(format, args...))
}

func (t *tree) printOffenders(w io.Writer) {
	for _, name := range t.typesAbove(maxMethods) {
		fmt.Fprintf(w, "%s: %d methods\n", name, t.methods[name])
	}
	for _, line := range t.offenders {
		fmt.Fprintln(w, line)
	}
}

// percentile is the smallest of the values that p percent of them do not exceed (nearest rank), and 0 of none.
func percentile(values []int, p int) int {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	rank := (p*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}
