package main

import (
	"go/ast"
	"go/token"
	"strings"
)

var (
	boundary = map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}
	swapped  = map[string]string{"none": "direct", "account": "direct", "role": "direct", "direct": "none",
		"granary.Read": "granary.Write", "granary.Write": "granary.Read"}
)

// walk adds the mutants of a node and the nodes below it. An outer node comes before the inner ones.
func (s *source) walk(root ast.Node, results *ast.FieldList) {
	ast.Inspect(root, func(n ast.Node) bool {
		if n != nil {
			for len(s.keys) > 0 && n.Pos() >= s.keys[len(s.keys)-1].End() {
				s.keys = s.keys[:len(s.keys)-1]
			}
		}
		switch n := n.(type) {
		case *ast.KeyValueExpr:
			s.keys = append(s.keys, n)
		case *ast.FuncLit:
			s.walk(n.Body, n.Type.Results)
			return false
		case *ast.GenDecl:
			return n.Tok == token.VAR
		case *ast.IfStmt:
			if leaves(n.Body) && n.Else == nil {
				s.add(n.Cond, "((", ") && mutant__ != №)", "without: if "+s.code(n.Cond))
			}
			s.negate(n.Cond)
		case *ast.ForStmt:
			if n.Cond != nil {
				s.negate(n.Cond)
			}
		case *ast.SwitchStmt:
			if n.Tag == nil {
				s.cases(n.Body)
			}
		case *ast.ReturnStmt:
			s.returned(n, results)
		case *ast.BinaryExpr:
			s.binary(n)
		case *ast.UnaryExpr:
			if n.Op == token.NOT {
				s.negation(n)
			}
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				s.swap(e)
			}
		case *ast.Ident:
			s.constant(n)
		}
		return true
	})
}

// leaves reports whether a block ends with a return or a branch, which makes its if statement a guard.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// cases adds the mutants of a switch without a tag.
func (s *source) cases(b *ast.BlockStmt) {
	for _, c := range b.List {
		for _, e := range c.(*ast.CaseClause).List {
			s.add(e, "((", ") && mutant__ != №)", "without: case "+s.code(e))
			s.negate(e)
		}
	}
}

// negate adds the negation of a condition that consists of a name, a call or an element. Other conditions have an
// operator, whose mutants suffice.
func (s *source) negate(e ast.Expr) {
	switch e.(type) {
	case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr, *ast.IndexExpr:
		s.negation(e)
	}
}

// negation adds the negation of any condition.
func (s *source) negation(e ast.Expr) {
	if id, ok := e.(*ast.Ident); ok && (id.Name == "true" || id.Name == "false") {
		return
	}
	s.add(e, "((", ") != (mutant__ == №))", s.code(e)+" → !("+s.code(e)+")")
}

// binary adds the mutants of a comparison or a logical operator.
func (s *source) binary(n *ast.BinaryExpr) {
	x, y := s.code(n.X), s.code(n.Y)
	instead := func(other string) {
		s.add(n, "(mutant__ == № && ("+other+") || mutant__ != № && (", "))", s.code(n)+" → "+other)
	}
	replace := func(op string) { instead(x + " " + op + " " + y) }
	switch n.Op {
	case token.LAND:
		replace("||")
		s.negate(n.X)
		s.negate(n.Y)
	case token.LOR:
		replace("&&")
		s.negate(n.X)
		s.negate(n.Y)
	case token.EQL, token.NEQ:
		s.negation(n)
	case token.LSS, token.LEQ, token.GTR, token.GEQ:
		s.negation(n)
		replace(boundary[n.Op])
	}
	switch n.Op {
	case token.EQL, token.NEQ, token.LSS, token.LEQ, token.GTR, token.GEQ:
		if l, ok := n.Y.(*ast.BasicLit); ok && l.Kind == token.INT {
			instead(x + " " + n.Op.String() + " " + y + "+1")
		}
	}
}

// returned adds the negation of returned booleans and the opposite of returned grades.
func (s *source) returned(n *ast.ReturnStmt, results *ast.FieldList) {
	if results == nil {
		return
	}
	var types []string
	for _, f := range results.List {
		for range max(1, len(f.Names)) {
			types = append(types, s.code(f.Type))
		}
	}
	if len(types) != len(n.Results) {
		return
	}
	for i, e := range n.Results {
		if types[i] == "bool" {
			s.negate(e)
		}
		if types[i] == "grade" {
			s.swap(e)
		}
	}
}

// under returns the keys of the composite literals around the current node, to name a constant.
func (s *source) under() string {
	var b strings.Builder
	for _, kv := range s.keys {
		b.WriteString(s.code(kv.Key) + ": ")
	}
	return b.String()
}

// swap adds a mutant that replaces a constant by its opposite.
func (s *source) swap(e ast.Expr) {
	if other, ok := swapped[s.code(e)]; ok {
		s.add(e, "pick__(№, ", ", "+other+")", s.under()+"the constant "+s.code(e)+" → "+other)
	}
}

// constant adds a mutant that replaces true or false by the other.
func (s *source) constant(n *ast.Ident) {
	switch n.Name {
	case "true":
		s.add(n, "((", ") && mutant__ != №)", s.under()+"true → false")
	case "false":
		s.add(n, "((", ") || mutant__ == №)", s.under()+"false → true")
	}
}
