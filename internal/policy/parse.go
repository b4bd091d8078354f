package policy

import (
	"fmt"
	"regexp"
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
	p := &Policy{kind: kind}
	version := "2008-10-17"
	var list []node
	for _, m := range root.members {
		switch {
		case m.name == "Version" && m.value.kind == 's':
			version = m.value.text
		case m.name == "Id" && m.value.kind == 's' && f.id:
		case m.name == "Statement" && m.value.kind == 'o':
			list = []node{m.value}
		case m.name == "Statement" && m.value.kind == 'a':
			list = m.value.items
		default:
			return nil, syntax(kind, "The element %q is unknown here, or not of the right type.", m.name)
		}
	}
	if version != "2012-10-17" && version != "2008-10-17" {
		return nil, syntax(kind, "The version %q is neither 2012-10-17 nor 2008-10-17.", version)
	}
	p.variables = version == "2012-10-17"
	if len(list) == 0 {
		return nil, syntax(kind, "The policy has no Statement.")
	}
	if !p.variables && !f.oldVer {
		return nil, malformed("Policy document must be version 2012-10-17 or greater.")
	}
	for i, n := range list {
		s, err := p.statement(n)
		if err != nil {
			e := granary.AsError(err)
			if strings.HasPrefix(e.Message, "Syntax errors") || strings.HasPrefix(e.Message, "This policy") {
				e.Message += fmt.Sprintf(" (statement %d)", i+1)
			}
			return nil, e
		}
		p.statements = append(p.statements, s)
	}
	return p, p.unique()
}

// unique refuses two statements of one id.
func (p *Policy) unique() error {
	seen := map[string]bool{}
	for _, s := range p.statements {
		if s.sid != "" && seen[s.sid] {
			return malformed("Statement IDs (SID) in a single policy must be unique.")
		}
		seen[s.sid] = true
	}
	return nil
}

var sidForm = regexp.MustCompile(`^[0-9A-Za-z]*$`)

func (p *Policy) statement(n node) (s statement, err error) {
	if n.kind != 'o' {
		return s, syntax(p.kind, "A statement is not a JSON object.")
	}
	var actions, resources []string
	var effect string
	ok := true
	for _, m := range n.members {
		switch m.name {
		case "Sid":
			s.sid, ok = m.value.text, m.value.kind == 's'
		case "Effect":
			effect, ok = m.value.text, m.value.kind == 's'
		case "Principal", "NotPrincipal":
			ok = s.principals == nil
			s.notPrincipal = m.name == "NotPrincipal"
			if ok {
				s.principals, err = p.principals(m.value)
			}
		case "Action", "NotAction":
			fresh := actions == nil
			s.notAction = m.name == "NotAction"
			actions, ok = m.value.strings(false)
			ok = ok && fresh
		case "Resource", "NotResource":
			fresh := resources == nil
			s.notResource = m.name == "NotResource"
			resources, ok = m.value.strings(false)
			ok = ok && fresh
		case "Condition":
			s.conditions, err = p.conditions(m.value)
		default:
			return s, syntax(p.kind, "The element %q is unknown.", m.name)
		}
		if err != nil {
			return s, err
		}
		if !ok {
			return s, syntax(p.kind, "The element %s is not of the right type, or given twice.", m.name)
		}
	}
	if effect != "Allow" && effect != "Deny" {
		if effect == "" {
			return s, syntax(p.kind, "A statement has no Effect.")
		}
		return s, malformed("The policy failed legacy parsing")
	}
	s.deny = effect == "Deny"
	if err := p.validate(&s, actions, resources); err != nil {
		return s, err
	}
	for _, a := range actions {
		s.actions = append(s.actions, newGlob(strings.ToLower(a)))
	}
	for _, r := range resources {
		s.resources = append(s.resources, newResource(r, p.variables))
	}
	return s, nil
}

func (p *Policy) principals(n node) ([]principal, error) {
	if n.kind == 's' && n.text == "*" {
		return []principal{{"AWS", "*"}}, nil
	}
	if n.kind != 'o' || len(n.members) == 0 {
		return nil, syntax(p.kind, `A Principal is neither "*" nor an object.`)
	}
	var out []principal
	for _, m := range n.members {
		values, ok := m.value.strings(false)
		if !ok {
			return nil, syntax(p.kind, "The principals of %s are not text.", m.name)
		}
		for _, v := range values {
			if !validPrincipal(m.name, v) {
				return nil, malformed(`Invalid principal in policy: "%s":"%s"`, m.name, v)
			}
			out = append(out, principal{m.name, v})
		}
	}
	return out, nil
}

func (p *Policy) conditions(n node) ([]condition, error) {
	if n.kind != 'o' {
		return nil, syntax(p.kind, "Condition is not an object.")
	}
	var out []condition
	for _, block := range n.members {
		c, ok := operatorNamed(block.name)
		if !ok || block.value.kind != 'o' {
			return nil, syntax(p.kind, "There is no condition operator %q.", block.name)
		}
		for _, m := range block.value.members {
			values, ok := m.value.strings(true)
			if !ok || m.name == "" {
				return nil, syntax(p.kind, "The values of the condition key %q are not scalars.", m.name)
			}
			k := conditionKey{name: strings.ToLower(m.name)}
			for _, v := range values {
				if err := p.conditionValue(&c, v); err != nil {
					return nil, err
				}
				k.null = k.null || strings.EqualFold(v, "true")
				k.wanted = append(k.wanted, newWanted(c.op.family, v, p.variables))
			}
			c.keys = append(c.keys, k)
		}
		out = append(out, c)
	}
	return out, nil
}

// conditionValue refuses values their operator can never read, where IAM does.
func (p *Policy) conditionValue(c *condition, v string) error {
	switch c.op.family {
	case "date":
		if _, ok := date(v); !ok {
			return malformed("The policy failed legacy parsing")
		}
	case "null", "bool":
		if !strings.EqualFold(v, "true") && !strings.EqualFold(v, "false") && (c.op.family == "null" || !strings.Contains(v, "${")) {
			return syntax(p.kind, "%q is neither true nor false.", v)
		}
	}
	return variablesClosed(p, v)
}

func variablesClosed(p *Policy, s string) error {
	for rest := s; p.variables; {
		_, after, ok := strings.Cut(rest, "${")
		if !ok {
			return nil
		}
		if _, rest, ok = cutVariable(after); !ok {
			return syntax(p.kind, "The variable in %q is not closed.", s)
		}
	}
	return nil
}
