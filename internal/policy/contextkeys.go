package policy

import (
	"slices"
	"strings"
)

// ContextKeys returns the condition keys that a document uses in its conditions and variables, spelled as in the
// document, each once, sorted without regard to case. The document must parse; ContextKeys returns nil for one that is
// not JSON.
func ContextKeys(document string) []string {
	root, err := parseJSON(document)
	if err != nil {
		return nil
	}
	var names []string
	version := ""
	var list []node
	for _, m := range root.members {
		switch {
		case m.name == "Version":
			version = m.value.text
		case m.name == "Statement" && m.value.kind == 'a':
			list = m.value.items
		case m.name == "Statement":
			list = []node{m.value}
		}
	}
	for _, s := range list {
		for _, m := range s.members {
			switch m.name {
			case "Condition":
				for _, block := range m.value.members {
					for _, key := range block.value.members {
						names = append(names, key.name)
						names = append(names, variablesIn(version, key.value)...)
					}
				}
			case "Resource", "NotResource":
				names = append(names, variablesIn(version, m.value)...)
			}
		}
	}
	slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
	return slices.CompactFunc(names, strings.EqualFold)
}

// variablesIn returns the variable names in a text or list of texts. Only documents of version 2012-10-17 have
// variables.
func variablesIn(version string, n node) (names []string) {
	if version != "2012-10-17" {
		return nil
	}
	values, _ := n.stringList(true)
	for _, s := range values {
		for {
			_, after, ok := strings.Cut(s, "${")
			if !ok {
				break
			}
			inner, rest, ok := cutVariable(after)
			if !ok {
				break
			}
			s = rest
			if inner == "*" || inner == "?" || inner == "$" {
				continue
			}
			name, _, _ := strings.Cut(inner, ", '")
			names = append(names, strings.TrimSpace(name))
		}
	}
	return names
}
