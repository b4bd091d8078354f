package policy

import (
	"fmt"
	"strings"

	"granary"
)

// fields tells which elements a kind of policy may or must have.
type fields struct {
	principal, resource          bool // required when true, forbidden when false
	notPrincipal, id, oldVersion bool
	iamText                      bool // IAM's character set, U+0020–U+00FF
}

var allowedFields = map[Kind]fields{
	Identity: {resource: true, iamText: true}, Boundary: {resource: true, iamText: true},
	Session:        {resource: true, iamText: true},
	Trust:          {principal: true, id: true, oldVersion: true, iamText: true},
	Bucket:         {principal: true, resource: true, notPrincipal: true, id: true, oldVersion: true},
	GrantsInstance: {principal: true, resource: true, notPrincipal: true, id: true, oldVersion: true},
	Actor:          {principal: true, resource: true, notPrincipal: true, id: true, oldVersion: true},
	Delegation:     {principal: true, resource: true, notPrincipal: true, id: true, oldVersion: true},
	SCP:            {resource: true, id: true}, RCP: {principal: true, resource: true, id: true},
}

const malformedCode = "MalformedPolicyDocument"

// malformed returns an Invalid error with AWS's sentence for a rule. Services replace the code with their own.
func malformed(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode(malformedCode)
}

// syntaxError returns the error for a document that does not follow the grammar, with the heading that AWS uses for the
// kind.
func syntaxError(kind Kind, format string, args ...any) error {
	head := "Syntax errors in policy. "
	if kind == Trust {
		head = "This policy contains invalid Json. "
	}
	return malformed("%s", head+fmt.Sprintf(format, args...))
}

// rule numbers a check by its place in IAM's order (iam-policy §3). Each check runs over the whole document, and a
// document that breaks several rules is refused for the first of them, wherever it breaks it.
type rule uint8

const (
	ruleSyntax rule = iota + 1
	ruleVersion
	ruleLegacy
	ruleSidUnique
	ruleSidText
	ruleNoAction
	ruleResourceForm
	rulePartition
	ruleResourceVendor
	ruleS3Region
	ruleIAMRegion
	ruleIAMPath
	ruleActionVendor
	ruleActionColons
	ruleActionVendorText
	ruleNoResource
	rulePrincipal
	ruleTrustResource
	ruleTrustAction
	rulePrincipals
	ruleKind // restrictions of one kind of policy only
)

// parser compiles one document and keeps the error of the first rule, in IAM's order, that the document breaks.
type parser struct {
	p               *Policy
	f               fields
	statementNumber int // counted from 1; 0 outside of statements
	first           rule
	err             error
}

// addError keeps err unless an error of an earlier rule is known.
func (c *parser) addError(r rule, err error) {
	if c.err == nil || r < c.first {
		c.first, c.err = r, err
	}
}

// addSyntaxError adds an error of the grammar, with the number of the statement.
func (c *parser) addSyntaxError(format string, args ...any) {
	if c.statementNumber > 0 {
		format += fmt.Sprintf(" (statement %d)", c.statementNumber)
	}
	c.addError(ruleSyntax, syntaxError(c.p.kind, format, args...))
}

// addLegacyError adds IAM's least specific error, which it gives for several unrelated mistakes.
func (c *parser) addLegacyError() {
	c.addError(ruleLegacy, malformed("The policy failed legacy parsing"))
}

// Parse compiles a document. Its errors are Invalid, with the code MalformedPolicyDocument and IAM's own sentence. IAM
// User Guide, "Grammar of the IAM JSON policy language".
func Parse(kind Kind, document string) (*Policy, error) {
	f := allowedFields[kind]
	if f.iamText && strings.ContainsFunc(document,
		func(r rune) bool { return r > 0xff || r < 0x20 && r != '\t' && r != '\n' && r != '\r' }) {
		return nil, syntaxError(kind, "The document has a character beyond U+00FF.")
	}
	root, err := parseJSON(document)
	if err != nil {
		return nil, syntaxError(kind, "The policy cannot be read: %s.", err)
	}
	if root.kind != 'o' {
		return nil, syntaxError(kind, "The policy is not a JSON object.")
	}
	c := &parser{p: &Policy{kind: kind}, f: f}
	c.parseDocument(root)
	if c.err != nil {
		return nil, c.err
	}
	c.p.public = c.p.opensToStrangers()
	return c.p, nil
}

// parseDocument reads the elements of the document and its statements.
func (c *parser) parseDocument(root node) {
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
			c.addSyntaxError("The element %q is unknown here, or not of the right type.", m.name)
		}
	}
	if version != "2012-10-17" && version != "2008-10-17" {
		c.addSyntaxError("The version %q is neither 2012-10-17 nor 2008-10-17.", version)
	}
	c.p.variables = version == "2012-10-17"
	if !c.p.variables && !c.f.oldVersion {
		c.addError(ruleVersion, malformed("Policy document must be version 2012-10-17 or greater."))
	}
	if len(list) == 0 {
		c.addSyntaxError("The policy has no Statement.")
	}
	seen := map[string]bool{}
	for i, n := range list {
		c.statementNumber = i + 1
		s := c.parseStatement(n)
		if s.sid != "" && seen[s.sid] {
			c.addError(ruleSidUnique, malformed("Statement IDs (SID) in a single policy must be unique."))
		}
		seen[s.sid] = true
		c.p.statements = append(c.p.statements, s)
	}
}

// rawStatement holds a statement's elements as the document has them, for the checks.
type rawStatement struct {
	effect             string
	actions, resources []string
	principal          *node
}

// parseStatement reads one statement and checks it.
func (c *parser) parseStatement(n node) (s statement) {
	if n.kind != 'o' {
		c.addSyntaxError("A statement is not a JSON object.")
		return s
	}
	var w rawStatement
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
			w.actions, ok = m.value.stringList(false)
			ok = ok && fresh
		case "Resource", "NotResource":
			fresh := w.resources == nil
			s.notResource = m.name == "NotResource"
			w.resources, ok = m.value.stringList(false)
			ok = ok && fresh
		case "Condition":
			s.conditions = c.parseConditions(m.value)
		default:
			c.addSyntaxError("The element %q is unknown.", m.name)
		}
		if !ok {
			c.addSyntaxError("The element %s is not of the right type, or given twice.", m.name)
		}
	}
	switch w.effect {
	case "Allow", "Deny":
		s.deny = w.effect == "Deny"
	case "":
		c.addSyntaxError("A statement has no Effect.")
	default:
		c.addLegacyError()
	}
	s.names = referencedKeys(s.conditions)
	c.checkStatement(&s, &w)
	for _, a := range w.actions {
		s.actions = append(s.actions, newAction(a))
	}
	for _, r := range w.resources {
		s.resources = append(s.resources, newResource(r, c.p.variables))
	}
	return s
}

// parsePrincipals reads the value of Principal or NotPrincipal.
func (c *parser) parsePrincipals(n node) (out []principal) {
	if n.kind == 's' && n.text == "*" {
		return []principal{{"AWS", "*"}}
	}
	if n.kind != 'o' || len(n.members) == 0 {
		c.addSyntaxError(`A Principal is neither "*" nor an object.`)
		return nil
	}
	for _, m := range n.members {
		values, ok := m.value.stringList(false)
		if !ok {
			c.addSyntaxError("The principals of %s are not text.", m.name)
			continue
		}
		for _, v := range values {
			switch {
			case validPrincipal(m.name, v):
			case c.p.kind == Bucket:
				c.addError(rulePrincipals, malformed("Invalid principal in policy"))
			default:
				c.addError(rulePrincipals, malformed(`Invalid principal in policy: "%s":"%s"`, m.name, v))
			}
			out = append(out, normalPrincipal(m.name, v))
		}
	}
	return out
}

// parseConditions reads a Condition block.
func (c *parser) parseConditions(n node) (out []condition) {
	if n.kind != 'o' {
		c.addSyntaxError("Condition is not an object.")
		return nil
	}
	for _, block := range n.members {
		cond, ok := parseOperator(block.name)
		if !ok || block.value.kind != 'o' {
			c.addSyntaxError("There is no condition operator %q.", block.name)
			continue
		}
		for _, m := range block.value.members {
			values, ok := m.value.stringList(true)
			if !ok || m.name == "" {
				c.addSyntaxError("The values of the condition key %q are not scalars.", m.name)
				continue
			}
			k := conditionKey{name: strings.ToLower(m.name)}
			for _, v := range values {
				if k.name == "s3:x-amz-copy-source" {
					v = strings.TrimPrefix(v, "/") // AWS's pages write it with and without the slash
				}
				c.checkValue(&cond, v)
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

// checkValue adds an error for a value that the operator can never read, where IAM refuses it too. IAM accepts
// unreadable numbers and addresses, which match nothing.
func (c *parser) checkValue(cond *condition, v string) {
	switch cond.op.family {
	case "date":
		if _, ok := parseDate(v); !ok {
			c.addLegacyError()
		}
	case "null", "bool":
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") &&
			(cond.op.family == "null" || !strings.Contains(v, "${")) {
			c.addSyntaxError("%q is neither true nor false.", v)
		}
	}
	if takesVariables[cond.op.family] {
		c.checkVariables(v)
	}
}

// takesVariables lists the operator families whose values may contain variables.
var takesVariables = map[string]bool{"string": true, "fold": true, "like": true, "arn": true, "bool": true}

// checkVariables adds an error for a "$" that does not begin a well-formed variable: it is more likely a mistake than a
// literal dollar sign.
func (c *parser) checkVariables(s string) {
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
			c.addSyntaxError("In %q a dollar sign begins no variable: the sign itself is written ${$}.", s)
			return
		case !closed:
			c.addSyntaxError("The variable in %q is not closed.", s)
			return
		}
		if name, _ := readVariable(inner); name == "" || strings.ContainsAny(name, `,'"{}`) {
			c.addSyntaxError("The variable ${%s} is neither ${key} nor ${key, 'default'}.", inner)
			return
		}
		rest = after
	}
}
