package main

import (
	"slices"
	"testing"
)

func model(members map[string]map[string]string) *generator {
	m := &Model{Operations: map[string]*Operation{}, Shapes: map[string]*Shape{
		"text": {Type: "string"}, "filter": {Type: "structure"}, "number": {Type: "integer"}}}
	for operation, of := range members {
		s := &Shape{Type: "structure", Members: map[string]*Ref{}}
		for name, shape := range of {
			s.Members[name] = &Ref{Shape: shape}
		}
		m.Shapes[operation+"Request"] = s
		m.Operations[operation] = &Operation{Input: &Ref{Shape: operation + "Request"}}
	}
	m.Operations["NoInput"] = &Operation{}
	return &generator{Model: m, pkg: "test"}
}

func TestSelectorsAreForTheInputsThatHaveTheMember(t *testing.T) {
	g := model(map[string]map[string]string{
		"GetUser":   {"userName": "text"},
		"ListUsers": {"marker": "text"},
		"TagUser":   {"userName": "text", "marker": "text"},
		"Search":    {"filter": "filter"},
		"List":      {"marker": "filter"},
	})
	for _, c := range []struct {
		member, kind string
		inputs       []string
	}{
		{"UserName", "string", []string{"GetUserInput", "TagUserInput"}},
		{"Marker", "string", []string{"ListUsersInput", "TagUserInput"}}, // of List it is a structure
		{"Filter", "*filter", []string{"SearchInput"}},
	} {
		kind, inputs := g.inputsWith(c.member)
		if kind != c.kind || !slices.Equal(inputs, c.inputs) {
			t.Errorf("%s: %s of %v, want %s of %v", c.member, kind, inputs, c.kind, c.inputs)
		}
	}
}

func TestASelectorThatSelectsNothingStopsTheGenerator(t *testing.T) {
	for member, g := range map[string]*generator{
		"Missing": model(map[string]map[string]string{"GetUser": {"userName": "text"}}),
		"Filter":  model(map[string]map[string]string{"A": {"filter": "filter"}, "B": {"filter": "number"}}),
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", member)
				}
			}()
			g.inputsWith(member)
		}()
	}
}
