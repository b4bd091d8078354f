package policy_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"granary/internal/policy"
)

// This file and reference_condition_test.go implement IAM's decisions a second time, from the documentation and as
// plainly as possible: they read the documents again for each question and compare everything as text. They share
// nothing with the package under test except the types of a question.

// question is everything that a decision depends on, with policies as documents.
type question struct {
	Caller           policy.Caller
	Action, Resource string
	Owner            string
	Keys             map[string][]string // lower-case names

	Identity    []string
	Boundary    string     // "" means none
	Sessions    [][]string // the policies of one set are a union, the sets intersect
	SCPs, RCPs  [][]string // levels
	Attached    string     // resource or trust policy; "" is none
	Kind        policy.Kind
	BlockPublic bool
}

const (
	allowed  = "allowed"
	explicit = "explicit deny"
	implicit = "implicit deny"
)

// verdict is the reference's answer, with an account of each step.
type verdict struct {
	answer string
	layer  string // set for an explicit deny
	said   []string
}

type document struct {
	Version   string
	Statement any
}

type statement map[string]any

func readStatements(text string) (version string, list []statement) {
	var d document
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&d); err != nil {
		panic(err)
	}
	switch s := d.Statement.(type) {
	case map[string]any:
		list = append(list, s)
	case []any:
		for _, one := range s {
			list = append(list, one.(map[string]any))
		}
	}
	return d.Version, list
}

// texts returns a scalar or a list of scalars as texts.
func texts(v any) (out []string) {
	switch v := v.(type) {
	case []any:
		for _, one := range v {
			out = append(out, texts(one)...)
		}
	case nil:
	default:
		out = append(out, fmt.Sprint(v))
	}
	return out
}

// decide follows the documentation of policy evaluation step by step.
func decide(q *question) (v verdict) {
	say := func(format string, args ...any) { v.said = append(v.said, fmt.Sprintf(format, args...)) }
	end := func(answer, layer string) verdict { v.answer, v.layer = answer, layer; return v }

	if q.Action == "sts:GetCallerIdentity" {
		say("nobody can be denied to ask who they are")
		return end(allowed, "")
	}
	root := q.Caller.Kind == policy.Root
	same := string(q.Caller.Account) == q.Owner
	if q.Caller.Kind == policy.Service {
		alone := *q
		alone.SCPs = nil // SCPs limit the principals of accounts
		q = &alone
	}
	repairs := root && same &&
		slices.Contains([]string{"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}, q.Action)
	if repairs {
		say("only the organization keeps the owner's root user from a bucket's policy")
		q = &question{Caller: q.Caller, Action: q.Action, Resource: q.Resource, Owner: q.Owner, Keys: q.Keys, SCPs: q.SCPs,
			RCPs: q.RCPs}
	}

	// any Deny, anywhere
	type layer struct {
		name string
		docs []string
	}
	layers := []layer{{"identity-based", q.Identity}, {"permissions boundary", documentList(q.Boundary)}}
	for _, s := range q.Sessions {
		layers = append(layers, layer{"session", s})
	}
	for _, s := range q.SCPs {
		layers = append(layers, layer{"service control", s})
	}
	for _, s := range q.RCPs {
		layers = append(layers, layer{"resource control", s})
	}
	layers = append(layers, layer{"resource-based", documentList(q.Attached)})
	for _, l := range layers {
		for _, doc := range l.docs {
			if n := q.applyingStatement("Deny", doc); n > 0 {
				say("a %s policy denies, statement %d of %s", l.name, n, doc)
				return end(explicit, l.name)
			}
		}
	}

	allow := func(name string, docs []string) bool {
		for _, doc := range docs {
			if n := q.applyingStatement("Allow", doc); n > 0 {
				say("a %s policy allows, statement %d of %s", name, n, doc)
				return true
			}
		}
		say("no %s policy allows", name)
		return false
	}

	// every level of the organization
	for _, level := range q.SCPs {
		if !allow("service control", level) {
			return end(implicit, "service control")
		}
	}
	for _, level := range q.RCPs {
		if !allow("resource control", level) {
			return end(implicit, "resource control")
		}
	}

	if repairs {
		return end(allowed, "")
	}
	grade := q.attachedGrade()
	say("the resource-based policy names the caller: %s", grade)
	switch q.Caller.Kind {
	case policy.Anonymous, policy.Service, policy.WebIdentity:
		if grade == byItself {
			return end(allowed, "")
		}
		return end(implicit, "resource-based")
	}
	id := root
	if !root {
		id = allow("identity-based", q.Identity)
	}
	pb := q.Boundary == "" || allow("permissions boundary", documentList(q.Boundary))
	sp := true
	for _, s := range q.Sessions {
		sp = allow("session", s) && sp
	}

	var ok bool
	switch {
	case !same: // another account's resource: both accounts must agree
		ok = grade != notNamed && id && pb && sp
	case q.Kind == policy.Trust: // a role's trust policy must name the caller somehow
		switch grade {
		case byItself:
			ok = true
		case byRole:
			ok = pb && sp
		case byAccount:
			ok = id && pb && sp
		}
	default:
		ok = grade == byItself || grade == byRole && pb && sp || id && pb && sp
	}
	if ok {
		return end(allowed, "")
	}
	return end(implicit, "")
}

func documentList(doc string) []string {
	if doc == "" {
		return nil
	}
	return []string{doc}
}

// applyingStatement returns the number, counted from 1, of the first statement with the effect that applies, or 0. It
// looks at principals only to tell whether the statement names the caller; attachedGrade looks at how.
func (q *question) applyingStatement(effect, doc string) int {
	version, list := readStatements(doc)
	for i, s := range list {
		if s["Effect"] == effect && q.gradeOfStatement(s) != notNamed && q.statementApplies(s, version) {
			return i + 1
		}
	}
	return 0
}

func (q *question) statementApplies(s statement, version string) bool {
	if a, ok := s["Action"]; ok && !q.anyAction(texts(a)) {
		return false
	}
	if a, ok := s["NotAction"]; ok && q.anyAction(texts(a)) {
		return false
	}
	variables := version == "2012-10-17"
	if r, ok := s["Resource"]; ok && !q.anyResource(texts(r), variables) {
		return false
	}
	if r, ok := s["NotResource"]; ok && q.anyResource(texts(r), variables) {
		return false
	}
	blocks, _ := s["Condition"].(map[string]any)
	for operator, keys := range blocks {
		for key, wanted := range keys.(map[string]any) {
			if !holds(operator, key, texts(wanted), q.Keys, s["Effect"] == "Deny", variables) {
				return false
			}
		}
	}
	return true
}

func (q *question) anyAction(patterns []string) bool {
	for _, p := range patterns {
		if matchesPattern(characters(strings.ToLower(p), true), strings.ToLower(q.Action)) {
			return true
		}
	}
	return false
}

func (q *question) anyResource(patterns []string, variables bool) bool {
	for _, p := range patterns {
		if q.matchesResource(p, variables) {
			return true
		}
	}
	return false
}

// matchesResource compares segment by segment. The last segment of a shorter pattern, which must end in "*", is
// compared with the rest.
func (q *question) matchesResource(pattern string, variables bool) bool {
	ps := strings.SplitN(pattern, ":", 6)
	if len(ps) < 6 && !strings.HasSuffix(pattern, "*") {
		return false
	}
	as := strings.SplitN(q.Resource, ":", len(ps))
	if len(as) != len(ps) {
		return false
	}
	for i := range ps {
		symbols, resolved := characters(ps[i], true), true
		if i == 5 && variables {
			symbols, resolved = fillVariables(ps[i], true, q.Keys)
		}
		if !resolved || !matchesPattern(symbols, as[i]) {
			return false
		}
	}
	return true
}

// The ways in which a resource's policy can name a caller, by rank.
const (
	notNamed  = "not at all"
	byAccount = "by its account"
	byRole    = "by its role"
	byItself  = "by itself"
)

var grades = []string{notNamed, byAccount, byRole, byItself}

// attachedGrade returns the highest grade among the Allow statements that apply.
func (q *question) attachedGrade() string {
	best := notNamed
	if q.Attached == "" {
		return best
	}
	if q.BlockPublic && string(q.Caller.Account) != q.Owner && q.Caller.Kind != policy.Service &&
		(q.Caller.Kind == policy.Anonymous || isPublic(q.Attached)) {
		return best
	}
	version, list := readStatements(q.Attached)
	for _, s := range list {
		if s["Effect"] == "Allow" && q.statementApplies(s, version) {
			best = higher(best, q.gradeOfStatement(s))
		}
	}
	return best
}

func higher(a, b string) string {
	return grades[max(slices.Index(grades, a), slices.Index(grades, b))]
}

// gradeOfStatement returns how a statement names the caller. A statement without principals names every caller that has
// the policy.
func (q *question) gradeOfStatement(s statement) string {
	if not, ok := s["NotPrincipal"]; ok {
		if q.isExempt(not) {
			return notNamed
		}
		return byItself
	}
	if p, ok := s["Principal"]; ok {
		_, resource := s["Resource"]
		_, notResource := s["NotResource"]
		if trust := !resource && !notResource; trust && q.Caller.Kind == policy.WebIdentity && s["Effect"] == "Allow" {
			federated, _ := p.(map[string]any) // a trust policy must name a provider
			p = map[string]any{"Federated": federated["Federated"]}
		}
		return q.gradeOfPrincipals(p)
	}
	return byItself
}

func (q *question) gradeOfPrincipals(p any) string {
	if p == "*" {
		return byItself
	}
	best := notNamed
	for kind, values := range p.(map[string]any) {
		for _, v := range texts(values) {
			best = higher(best, q.gradeOfPrincipal(kind, v))
		}
	}
	return best
}

// isExempt reports whether a NotPrincipal lists the caller: everything that the caller is at once, or enough of it that
// no other caller is meant. A caller with a permissions boundary is never exempt.
func (q *question) isExempt(p any) bool {
	if q.Boundary != "" {
		return false
	}
	if p == "*" {
		return true
	}
	lists := func(kind string, one ...string) bool {
		return slices.ContainsFunc(texts(p.(map[string]any)[kind]),
			func(v string) bool { return v != "" && slices.Contains(one, v) })
	}
	c := q.Caller
	switch c.Kind {
	case policy.Anonymous:
		return lists("AWS", "*")
	case policy.Service:
		return lists("AWS", "*") || lists("Service", c.Service)
	case policy.WebIdentity:
		return lists("AWS", "*") || lists("Federated", string(c.Federated))
	case policy.Root:
		return lists("AWS", "*", string(c.Account), string(c.ARN)) || lists("CanonicalUser", policy.CanonicalID(c.Account))
	case policy.IAMUser:
		return lists("AWS", "*", string(c.ARN), c.UniqueID)
	}
	return lists("AWS", "*") || lists("AWS", string(c.ARN)) && lists("AWS", string(c.Role), c.UniqueID)
}

func (q *question) gradeOfPrincipal(kind, v string) string {
	c := q.Caller
	account := string(c.Account)
	person := c.Kind != policy.Anonymous && c.Kind != policy.Service && c.Kind != policy.WebIdentity
	switch {
	case kind == "AWS" && v == "*":
		return byItself
	case kind == "AWS" && person && v == string(c.ARN):
		return byItself
	// an id that stands in place of a deleted user's ARN
	case kind == "AWS" && c.Kind == policy.IAMUser && v == c.UniqueID:
		return byItself
	case kind == "AWS" && person && c.Role != "" && (v == string(c.Role) || v == c.UniqueID):
		return byRole
	case kind == "AWS" && person && (v == account || v == "arn:aws:iam::"+account+":root"):
		if c.Kind == policy.Root {
			return byItself
		}
		return byAccount
	case kind == "Service" && c.Kind == policy.Service && v == c.Service:
		return byItself
	case kind == "Federated" && c.Federated != "" && v == string(c.Federated):
		return byItself
	case kind == "CanonicalUser" && person && v == policy.CanonicalID(c.Account):
		return q.gradeOfPrincipal("AWS", account)
	}
	return notNamed
}
