package explain

import (
	"fmt"

	"granary"
	"granary/internal/audit"
)

// layers are the policy engine's, as it names them, in the order an administrator reads them.
var layers = []string{"identity-based", "permissions boundary", "session", "service control", "resource control",
	"resource-based"}

// policies adds a link for each layer of a decision that refused: the one where it fell, those that allowed, and the
// rest.
func (c *Chain) policies(p *audit.PolicyDecision, detail, fix string) {
	c.Statements = p.Reasons
	for _, layer := range layers {
		name := granary.Link(layer + " policy")
		if layer == "permissions boundary" {
			name = granary.Link(layer)
		}
		said := ""
		for _, s := range p.Reasons {
			if s.Layer == layer {
				said = statement(s)
			}
		}
		switch {
		case layer == p.Layer && p.Explicit:
			c.fail(name, said+" "+detail, fix)
		case layer == p.Layer:
			c.fail(name, fmt.Sprintf("Nothing here allows %s on %s. %s", p.Action, p.Resource, detail), fix)
		case said != "":
			c.ok(name, said)
		default:
			c.add(name, NotReached, "")
		}
	}
}

// statement says what a statement does.
func statement(s audit.Statement) string {
	sid := ""
	if s.Sid != "" {
		sid = fmt.Sprintf(" (%s)", s.Sid)
	}
	verb := "allows"
	if s.Effect == "Deny" {
		verb = "denies"
	}
	return fmt.Sprintf("Statement %d%s of %s %s it.", s.Statement, sid, s.Policy, verb)
}
