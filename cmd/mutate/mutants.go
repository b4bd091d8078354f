package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// mutant is one way to break the package. Its name contains no line number, so that it survives edits elsewhere in the
// file.
type mutant struct {
	of             *pkg
	number         int
	file, function string
	change         string // "a < b  →  a <= b"
	twin           int    // number among mutants of the same name in a function, from 0
	survived       bool
}

func (m *mutant) String() string {
	s := m.file + " " + m.function + ": " + m.change
	if m.twin > 0 {
		s += fmt.Sprintf(" (%d)", m.twin+1)
	}
	return s
}

// insertion is text to insert at an offset; after tells whether it follows or precedes the node there.
type insertion struct {
	at     int
	text   string
	after  bool
	serial int
}

// source is one file while mutants are put into it.
type source struct {
	p        *pkg
	name     string
	text     []byte
	fset     *token.FileSet
	edits    []insertion
	function string
	keys     []*ast.KeyValueExpr // keys of the composite literals around the current node
}

// instrument writes every file of a package, with its mutants, to a folder.
func instrument(dir, tmp string) (*pkg, error) {
	p := &pkg{dir: dir, tmp: tmp, overlay: map[string]string{}}
	if err := os.MkdirAll(tmp, 0o755); err != nil {
		return nil, err
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		return nil, err
	}
	name := ""
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		s := &source{p: p, name: path, fset: token.NewFileSet()}
		if s.text, err = os.ReadFile(path); err != nil {
			return nil, err
		}
		f, err := parser.ParseFile(s.fset, path, s.text, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		name = f.Name.Name
		s.declarations(f)
		if err := p.replace(path, s.edited()); err != nil {
			return nil, err
		}
	}
	seen := map[string]int{}
	for _, m := range p.mutants {
		key := m.String()
		m.twin = seen[key]
		seen[key]++
	}
	return p, p.replace(filepath.Join(dir, "mutant_switch.go"), fmt.Appendf(nil, switchFile, name))
}

// switchFile is added to the package. It selects the mutant.
const switchFile = `package %s

import (
	"os"
	"strconv"
)

var mutant__ = func() int { n, _ := strconv.Atoi(os.Getenv("MUTANT")); return n }()

func pick__[T any](n int, a, b T) T {
	if mutant__ == n {
		return b
	}
	return a
}
`

// declarations walks through the functions and variables of a file.
func (s *source) declarations(f *ast.File) {
	for _, d := range f.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.function = d.Name.Name
			if d.Body != nil {
				s.walk(d.Body, d.Type.Results)
			}
		case *ast.GenDecl:
			if d.Tok == token.VAR {
				s.function = "var"
				s.walk(d, nil)
			}
		}
	}
}

func (s *source) offset(p token.Pos) int { return s.fset.Position(p).Offset }

func (s *source) code(n ast.Node) string { return string(s.text[s.offset(n.Pos()):s.offset(n.End())]) }

// add numbers a mutant and inserts before and after around the node. "№" in them stands for the number.
func (s *source) add(n ast.Node, before, after, change string) {
	m := &mutant{of: s.p, number: len(s.p.mutants) + 1, file: s.name, function: s.function,
		change: strings.Join(strings.Fields(change), " ")}
	s.p.mutants = append(s.p.mutants, m)
	number := fmt.Sprint(m.number)
	for _, e := range []insertion{{s.offset(n.Pos()), before, false, m.number},
		{s.offset(n.End()), after, true, m.number}} {
		e.text = strings.ReplaceAll(e.text, "№", number)
		s.edits = append(s.edits, e)
	}
}

// edited returns the file with the insertions. At one offset, text that closes an inner node comes before text that
// closes an outer one, and both before text that opens one.
func (s *source) edited() []byte {
	slices.SortStableFunc(s.edits, func(a, b insertion) int {
		switch {
		case a.at != b.at:
			return a.at - b.at
		case a.after != b.after:
			if a.after {
				return -1
			}
			return 1
		case a.after:
			return b.serial - a.serial
		}
		return a.serial - b.serial
	})
	var out []byte
	last := 0
	for _, e := range s.edits {
		out = append(append(out, s.text[last:e.at]...), e.text...)
		last = e.at
	}
	return append(out, s.text[last:]...)
}
