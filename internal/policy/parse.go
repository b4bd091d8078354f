package policy

import (
	"fmt"
	"strings"

	"granary"
)

// fields says what a kind of policy may hold.
type fields struct {
	principal, resource      bool // required when true, forbidden when false
	notPrincipal, id, oldVer bool
	iamText                  bool // IAM's character set, U+0020–U+00FF
}

var allowed = map[Kind]fields{
	Identity: {resource: true, iamText: true}, Boundary: {resource: true, iamText: true}, Session: {resource: true, iamText: true},
	Trust:          {principal: true, id: true, oldVer: true, iamText: true},
	Bucket:         {principal: true, resource: true, notPrincipal: true, id: true, oldVer: true},
	GrantsInstance: {principal: true, resource: true, notPrincipal: true, id: true, oldVer: true},
	Actor:          {principal: true, resource: true, notPrincipal: true, id: true, oldVer: true},
	Delegation:     {principal: true, resource: true, notPrincipal: true, id: true, oldVer: true},
	SCP:            {resource: true, id: true}, RCP: {principal: true, resource: true, id: true},
}

const code = "MalformedPolicyDocument"

// malformed is AWS's sentence for a broken rule; callers replace the code with their service's.
func malformed(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode(code)
}

func syntax(kind Kind, format string, args ...any) error {
	head := "Syntax errors in policy. "
	if kind == Trust {
		head = "This policy contains invalid Json. "
	}
	return malformed("%s", head+fmt.Sprintf(format, args...))
}

// row is a check by its number in IAM's order (iam-policy §3). Each is made over the whole document, so that of several broken rules
// the answer tells of the first.
type row uint8

const (
	rowSyntax row = iota + 1
	rowVersion
	rowLegacy
	rowSidUnique
	rowSidText
	rowNoAction
	rowResourceForm
	rowPartition
	rowResourceVendor
	rowS3Region
	rowIAMRegion
	rowIAMPath
	rowActionVendor
	rowActionColons
	rowActionVendorText
	rowNoResource
	rowPrincipal
	rowTrustResource
	rowTrustAction
	rowPrincipals
	rowKind // what this kind of policy alone forbids
)

// parser compiles one document and keeps the first of the broken rules.
type parser struct {
	p     *Policy
	f     fields
	at    int // the statement, counted from 1
	first row
	err   error
}

func (c *parser) broken(r row, err error) {
	if c.err == nil || r < c.first {
		c.first, c.err = r, err
	}
}

func (c *parser) syntax(format string, args ...any) {
	if c.at > 0 {
		format += fmt.Sprintf(" (statement %d)", c.at)
	}
	c.broken(rowSyntax, syntax(c.p.kind, format, args...))
}

func (c *parser) legacy() { c.broken(rowLegacy, malformed("The policy failed legacy parsing")) }

// Parse compiles a document, or says what is wrong with it: an Invalid error with the code MalformedPolicyDocument and IAM's
// own sentence. IAM User Guide, "Grammar of the IAM JSON policy language".
func Parse(kind Kind, document string) (*Policy, error) {
	f := allowed[kind]
	if f.iamText && strings.ContainsFunc(document, func(r rune) bool { return r > 0xff || r < 0x20 && r != '\t' && r != '\n' && r != '\r' }) {
		return nil, syntax(kind, "The document has a character beyond U+00FF.")
	}
	root, err := parseJSON(document)
	if err != nil {
		return nil, syntax(kind, "The policy cannot be read: %s.", err)
	}
	if root.kind != 'o' {
		return nil, syntax(kind, "The policy is not a JSON object.")
	}
	c := &parser{p: &Policy{kind: kind}, f: f}
	c.document(root)
	if c.err != nil {
		return nil, c.err
	}
	c.p.public = c.p.open()
	return c.p, nil
}

func (c *parser) document(root node) {
	version := "2008-10-17"
	var list []node
	for _, m := range root.members {
		switch {
		case m.name == "Version" && m.value.kind == 's':
			version = m.value.text
		case m.name == "Id" && m.value.kind == 's' && c.f.id:
		case m.name == "Statement" && m.value.kind == 'o':
			list = []node{m.value}
		case m.name == "Statement" && m.value.kind == 'a':
			list = m.value.items
		default:
			c.syntax("The element %q is unknown here, or not of the right type.", m.name)
		}
	}
	if version != "2012-10-17" && version != "2008-10-17" {
		c.syntax("The version %q is neither 2012-10-17 nor 2008-10-17.", version)
	}
	c.p.variables = version == "2012-10-17"
	if !c.p.variables && !c.f.oldVer {
		c.broken(rowVersion, malformed("Policy document must be version 2012-10-17 or greater."))
	}
	if len(list) == 0 {
		c.syntax("The policy has no Statement.")
	}
	seen := map[string]bool{}
	for i, n := range list {
		c.at = i + 1
		s := c.statement(n)
		if s.sid != "" && seen[s.sid] {
			c.broken(rowSidUnique, malformed("Statement IDs (SID) in a single policy must be unique."))
		}
		seen[s.sid] = true
		c.p.statements = append(c.p.statements, s)
	}
}

// written is a statement's elements as they stand in the document.
type written struct {
	effect             string
	actions, resources []string
	principal          *node
}

func (c *parser) statement(n node) (s statement) {
	if n.kind != 'o' {
		c.syntax("A statement is not a JSON object.")
		return s
	}
	var w written
	for _, m := range n.members {
		ok := true
		switch m.name {
		case "Sid":
			s.sid, ok = m.value.text, m.value.kind == 's'
		case "Effect":
			w.effect, ok = m.value.text, m.value.kind == 's'
		case "Principal", "NotPrincipal":
			ok = w.principal == nil
			s.notPrincipal = m.name == "NotPrincipal"
			w.principal = &m.value
		case "Action", "NotAction":
			fresh := w.actions == nil
			s.notAction = m.name == "NotAction"
			w.actions, ok = m.value.strings(false)
			ok = ok && fresh
		case "Resource", "NotResource":
			fresh := w.resources == nil
			s.notResource = m.name == "NotResource"
			w.resources, ok = m.value.strings(false)
			ok = ok && fresh
		case "Condition":
			s.conditions = c.conditions(m.value)
		default:
			c.syntax("The element %q is unknown.", m.name)
		}
		if !ok {
			c.syntax("The element %s is not of the right type, or given twice.", m.name)
		}
	}
	switch w.effect {
	case "Allow", "Deny":
		s.deny = w.effect == "Deny"
	case "":
		c.syntax("A statement has no Effect.")
	default:
		c.legacy()
	}
	c.validate(&s, &w)
	for _, a := range w.actions {
		s.actions = append(s.actions, newAction(a))
	}
	for _, r := range w.resources {
		s.resources = append(s.resources, newResource(r, c.p.variables))
	}
	return s
}

func (c *parser) principals(n node) (out []principal) {
	if n.kind == 's' && n.text == "*" {
		return []principal{{"AWS", "*"}}
	}
	if n.kind != 'o' || len(n.members) == 0 {
		c.syntax(`A Principal is neither "*" nor an object.`)
		return nil
	}
	for _, m := range n.members {
		values, ok := m.value.strings(false)
		if !ok {
			c.syntax("The principals of %s are not text.", m.name)
			continue
		}
		for _, v := range values {
			switch {
			case validPrincipal(m.name, v):
			case c.p.kind == Bucket:
				c.broken(rowPrincipals, malformed("Invalid principal in policy"))
			default:
				c.broken(rowPrincipals, malformed(`Invalid principal in policy: "%s":"%s"`, m.name, v))
			}
			out = append(out, principal{m.name, v})
		}
	}
	return out
}

func (c *parser) conditions(n node) (out []condition) {
	if n.kind != 'o' {
		c.syntax("Condition is not an object.")
		return nil
	}
	for _, block := range n.members {
		cond, ok := operatorNamed(block.name)
		if !ok || block.value.kind != 'o' {
			c.syntax("There is no condition operator %q.", block.name)
			continue
		}
		for _, m := range block.value.members {
			values, ok := m.value.strings(true)
			if !ok || m.name == "" {
				c.syntax("The values of the condition key %q are not scalars.", m.name)
				continue
			}
			k := conditionKey{name: strings.ToLower(m.name)}
			for _, v := range values {
				if k.name == "s3:x-amz-copy-source" {
					v = strings.TrimPrefix(v, "/") // AWS's pages write it with and without
				}
				c.value(&cond, v)
				k.absent = k.absent || strings.EqualFold(v, "true")
				k.present = k.present || strings.EqualFold(v, "false")
				k.wanted = append(k.wanted, newWanted(cond.op.family, v, c.p.variables))
			}
			cond.keys = append(cond.keys, k)
		}
		out = append(out, cond)
	}
	return out
}

// value refuses what an operator can never read, where IAM does.
func (c *parser) value(cond *condition, v string) {
	switch cond.op.family {
	case "date":
		if _, ok := date(v); !ok {
			c.legacy()
		}
	case "null", "bool":
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") && (cond.op.family == "null" || !strings.Contains(v, "${")) {
			c.syntax("%q is neither true nor false.", v)
		}
	}
	if takesVariables[cond.op.family] {
		c.wellFormed(v)
	}
}

// takesVariables are the families of operators whose values may hold variables.
var takesVariables = map[string]bool{"string": true, "fold": true, "like": true, "arn": true, "bool": true}

// wellFormed refuses a "$" that begins no variable: it could not be told from a slip of the pen.
func (c *parser) wellFormed(s string) {
	if !c.p.variables {
		return
	}
	rest := s
	for {
		i := strings.IndexByte(rest, '$')
		if i < 0 {
			return
		}
		after, ok := strings.CutPrefix(rest[i:], "${")
		inner, after, closed := cutVariable(after)
		switch {
		case !ok:
			c.syntax("In %q a dollar sign begins no variable: the sign itself is written ${$}.", s)
			return
		case !closed:
			c.syntax("The variable in %q is not closed.", s)
			return
		}
		if name, _ := readVariable(inner); name == "" || strings.ContainsAny(name, `,'"{}`) {
			c.syntax("The variable ${%s} is neither ${key} nor ${key, 'default'}.", inner)
			return
		}
		rest = after
	}
}
