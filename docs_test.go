package granary_test

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// limit is a row of the table of limits in docs/security.md.
type limit struct{ what, figure, where, test string }

func limits(t *testing.T) (list []limit) {
	t.Helper()
	page, err := os.ReadFile("docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(page), "| limit | figure | in the code | held by |\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 4 {
			break
		}
		for i := range cells {
			cells[i] = strings.Trim(cells[i], " `")
		}
		if cells[0] != "---" {
			list = append(list, limit{cells[0], cells[1], cells[2], cells[3]})
		}
	}
	return list
}

// constants are the constants of one package, as its files spell them.
type constants struct{ exprs map[string]ast.Expr }

func readConstants(dir string) (constants, error) {
	c := constants{map[string]ast.Expr{}}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return c, fmt.Errorf("%s has no Go files", dir)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			return c, err
		}
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, n := range v.Names {
					if i < len(v.Values) {
						c.exprs[n.Name] = v.Values[i]
					}
				}
			}
		}
	}
	return c, nil
}

var units = map[string]int64{"Millisecond": int64(time.Millisecond), "Second": int64(time.Second),
	"Minute": int64(time.Minute), "Hour": int64(time.Hour)}

func (c constants) eval(e ast.Expr) (constant.Value, error) {
	switch e := e.(type) {
	case *ast.BasicLit:
		return constant.MakeFromLiteral(e.Value, e.Kind, 0), nil
	case *ast.ParenExpr:
		return c.eval(e.X)
	case *ast.Ident:
		if x, ok := c.exprs[e.Name]; ok {
			return c.eval(x)
		}
	case *ast.SelectorExpr:
		if n, ok := units[e.Sel.Name]; ok {
			return constant.MakeInt64(n), nil
		}
	case *ast.BinaryExpr:
		x, err := c.eval(e.X)
		if err != nil {
			return nil, err
		}
		y, err := c.eval(e.Y)
		if err != nil {
			return nil, err
		}
		if e.Op == token.SHL {
			n, _ := constant.Uint64Val(y)
			return constant.Shift(x, token.SHL, uint(n)), nil
		}
		return constant.BinaryOp(x, e.Op, y), nil
	}
	return nil, fmt.Errorf("%T is no constant that this test can work out", e)
}

var figureForm = regexp.MustCompile(`^([\d,]+)( (B|KiB|MiB|GiB|s|minute))?$`)

// read returns a figure as a number: bytes, nanoseconds, or a count.
func read(figure string) (int64, error) {
	m := figureForm.FindStringSubmatch(figure)
	if m == nil {
		return 0, fmt.Errorf("%q is no figure", figure)
	}
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	unit := map[string]int64{"": 1, "B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "s": int64(time.Second),
		"minute": int64(time.Minute)}[m[3]]
	return n * unit, err
}

// Each figure of the security model is the code's own, and a test of that name holds it.
func TestTheSecurityModelTellsTheCodesLimits(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil {
				tests[fn.Name.Name] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	list := limits(t)
	if len(list) < 50 {
		t.Fatalf("the table of limits has %d rows: it is not where it was", len(list))
	}
	for _, l := range list {
		if !strings.HasPrefix(l.test, "Test") || !tests[l.test] {
			t.Errorf("%s: there is no test %q", l.what, l.test)
		}
		if l.where == "–" {
			continue
		}
		dot := strings.LastIndex(l.where, ".")
		if dot < 0 {
			t.Errorf("%s: %q is no constant", l.what, l.where)
			continue
		}
		c, err := readConstants(l.where[:dot])
		if err != nil {
			t.Errorf("%s: %v", l.what, err)
			continue
		}
		e, ok := c.exprs[l.where[dot+1:]]
		if !ok {
			t.Errorf("%s: there is no constant %s", l.what, l.where)
			continue
		}
		v, err := c.eval(e)
		if err != nil {
			t.Errorf("%s: %s: %v", l.what, l.where, err)
			continue
		}
		want, err := read(l.figure)
		if got, exact := constant.Int64Val(constant.ToInt(v)); err != nil || !exact || got != want {
			t.Errorf("%s: the page says %s, and %s is %s (%v)", l.what, l.figure, l.where, v, err)
		}
	}
}

var goFileName = regexp.MustCompile(`\b[a-z0-9_]+(/[a-z0-9_]+)*\.go\b`)

// A package's doc comment that names files names files that are there.
func TestPackageDocsNameFilesThatExist(t *testing.T) {
	for _, p := range packages(t) {
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(token.NewFileSet(), filepath.Join(p.Dir, name), nil,
				parser.PackageClauseOnly|parser.ParseComments)
			if err != nil {
				t.Fatal(err)
			}
			if p.ImportPath == "granary" && f.Doc != nil {
				for _, noun := range p.GoFiles {
					if noun != name && !strings.Contains(f.Doc.Text(), noun) {
						t.Errorf("the glossary in %s leaves %s out", name, noun)
					}
				}
			}
			for _, file := range goFileName.FindAllString(f.Doc.Text(), -1) {
				if _, err := os.Stat(filepath.Join(p.Dir, file)); err != nil {
					t.Errorf("the doc comment of %s names %s, which is not there", short(p.ImportPath), file)
				}
			}
		}
	}
}

var (
	link     = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)
	codeSpan = regexp.MustCompile("`([a-z0-9_]+(?:/[a-z0-9_]+)*\\.go)`")
)

// Links between the pages lead somewhere, and files of Go that the pages name are there.
func TestPagesNameWhatExists(t *testing.T) {
	pages, _ := filepath.Glob("*.md")
	more, _ := filepath.Glob("docs/*.md")
	decisions, _ := filepath.Glob("docs/decisions/*.md")
	for _, page := range append(append(pages, more...), decisions...) {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
		if strings.HasPrefix(page, "docs/decisions/") {
			continue // they tell of their time
		}
		for _, m := range codeSpan.FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(m[1]); err == nil {
				continue
			}
			if _, err := os.Stat(filepath.Join("internal", m[1])); err != nil && strings.Contains(m[1], "/") {
				t.Errorf("%s names %s, which is not there", page, m[1])
			}
		}
	}
}
