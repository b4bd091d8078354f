package policy_test

import (
	"encoding/json"
	"fmt"
	"net"
	"slices"
	"strings"

	"granary/internal/policy"
)

// This file and reference_condition_test.go are a second reading of how IAM decides, written for plainness from its documentation:
// documents are read anew for each question, everything is compared as text, and nothing is shared with the package under test but
// the words in which a question is asked.

// question is everything that bears on a decision, as documents.
type question struct {
	Caller           policy.Caller
	Action, Resource string
	Owner            string
	Keys             map[string][]string // lower-case names

	Identity    []string
	Boundary    string     // "" is none
	Sessions    [][]string // each a union; the sets intersect
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

// verdict is the reference's answer, with what everybody said.
type verdict struct {
	answer string
	layer  string // of an explicit deny
	said   []string
}

type document struct {
	Version   string
	Statement any
}

type statement map[string]any

func read(text string) (version string, list []statement) {
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

// texts is a scalar or a list of scalars, as text.
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

// decide answers as the documentation of policy evaluation does, step by step.
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
		alone.SCPs = nil // they bind the principals of accounts
		q = &alone
	}
	repairs := root && same && slices.Contains([]string{"s3:GetBucketPolicy", "s3:PutBucketPolicy", "s3:DeleteBucketPolicy"}, q.Action)
	if repairs {
		say("only the organization keeps the owner's root user from a bucket's policy")
		q = &question{Caller: q.Caller, Action: q.Action, Resource: q.Resource, Owner: q.Owner, Keys: q.Keys, SCPs: q.SCPs, RCPs: q.RCPs}
	}

	// any Deny, anywhere
	type layer struct {
		name string
		docs []string
	}
	layers := []layer{{"identity-based", q.Identity}, {"permissions boundary", some(q.Boundary)}}
	for _, s := range q.Sessions {
		layers = append(layers, layer{"session", s})
	}
	for _, s := range q.SCPs {
		layers = append(layers, layer{"service control", s})
	}
	for _, s := range q.RCPs {
		layers = append(layers, layer{"resource control", s})
	}
	layers = append(layers, layer{"resource-based", some(q.Attached)})
	for _, l := range layers {
		for _, doc := range l.docs {
			if n := q.applying("Deny", doc); n > 0 {
				say("a %s policy denies, statement %d of %s", l.name, n, doc)
				return end(explicit, l.name)
			}
		}
	}

	allow := func(name string, docs []string) bool {
		for _, doc := range docs {
			if n := q.applying("Allow", doc); n > 0 {
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
	grade := q.grade()
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
	pb := q.Boundary == "" || allow("permissions boundary", some(q.Boundary))
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

func some(doc string) []string {
	if doc == "" {
		return nil
	}
	return []string{doc}
}

// applying is the first statement of the effect that applies, counted from 1, or 0. Principals count where a policy has them; for
// an Allow of a resource's policy they are asked by grade.
func (q *question) applying(effect, doc string) int {
	version, list := read(doc)
	for i, s := range list {
		if s["Effect"] == effect && q.named(s) != notNamed && q.applies(s, version) {
			return i + 1
		}
	}
	return 0
}

func (q *question) applies(s statement, version string) bool {
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
		if fits(characters(strings.ToLower(p), true), strings.ToLower(q.Action)) {
			return true
		}
	}
	return false
}

func (q *question) anyResource(patterns []string, variables bool) bool {
	for _, p := range patterns {
		if q.resource(p, variables) {
			return true
		}
	}
	return false
}

// resource compares segment by segment; the last segment of a short pattern that ends in "*" faces all that is left.
func (q *question) resource(pattern string, variables bool) bool {
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
			symbols, resolved = fill(ps[i], true, q.Keys)
		}
		if !resolved || !fits(symbols, as[i]) {
			return false
		}
	}
	return true
}

// The grades at which a resource's policy names a caller.
const (
	notNamed  = "not at all"
	byAccount = "by its account"
	byRole    = "by its role"
	byItself  = "by itself"
)

var grades = []string{notNamed, byAccount, byRole, byItself}

// grade is the highest among the Allow statements that apply.
func (q *question) grade() string {
	best := notNamed
	if q.Attached == "" {
		return best
	}
	if q.BlockPublic && string(q.Caller.Account) != q.Owner && q.Caller.Kind != policy.Service && public(q.Attached) {
		return best
	}
	version, list := read(q.Attached)
	for _, s := range list {
		if s["Effect"] == "Allow" && q.applies(s, version) {
			best = higher(best, q.named(s))
		}
	}
	return best
}

func higher(a, b string) string {
	return grades[max(slices.Index(grades, a), slices.Index(grades, b))]
}

// named says how a statement names the caller; one without principals speaks of whoever bears it.
func (q *question) named(s statement) string {
	if not, ok := s["NotPrincipal"]; ok {
		if q.listed(not) == notNamed {
			return byItself
		}
		return notNamed
	}
	if p, ok := s["Principal"]; ok {
		return q.listed(p)
	}
	return byItself
}

func (q *question) listed(p any) string {
	if p == "*" {
		return byItself
	}
	best := notNamed
	for kind, values := range p.(map[string]any) {
		for _, v := range texts(values) {
			best = higher(best, q.names(kind, v))
		}
	}
	return best
}

func (q *question) names(kind, v string) string {
	c := q.Caller
	account := string(c.Account)
	person := c.Kind != policy.Anonymous && c.Kind != policy.Service && c.Kind != policy.WebIdentity
	switch {
	case kind == "AWS" && v == "*":
		return byItself
	case kind == "AWS" && person && v == string(c.ARN):
		return byItself
	case kind == "AWS" && c.Kind == policy.IAMUser && v == c.UniqueID: // the name is gone, the bearer may be there again
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
	case kind == "CanonicalUser" && account != "" && v == policy.CanonicalID(c.Account):
		return byAccount
	}
	return notNamed
}

// public says whether an Allow opens itself to everyone: "*", and no condition that ties it down to fixed values.
func public(doc string) bool {
	version, list := read(doc)
	for _, s := range list {
		p := s["Principal"]
		if m, ok := p.(map[string]any); ok && slices.Contains(texts(m["AWS"]), "*") {
			p = "*"
		}
		if s["Effect"] != "Allow" || p != "*" {
			continue
		}
		tied := false
		blocks, _ := s["Condition"].(map[string]any)
		for operator, keys := range blocks {
			for key, wanted := range keys.(map[string]any) {
				tied = tied || ties(operator, strings.ToLower(key), texts(wanted), version == "2012-10-17")
			}
		}
		if !tied {
			return true
		}
	}
	return false
}

func ties(operator, key string, wanted []string, variables bool) bool {
	base := strings.TrimPrefix(operator, "ForAnyValue:")
	if !slices.Contains([]string{"StringEquals", "StringEqualsIgnoreCase", "StringLike", "ArnEquals", "ArnLike", "IpAddress"}, base) {
		return false
	}
	if !slices.Contains([]string{"aws:principalarn", "aws:principalaccount", "aws:principalorgid", "aws:principalorgpaths", "aws:sourcearn", "aws:sourceaccount",
		"aws:sourceip", "aws:userid", "aws:sourcevpc", "aws:sourcevpce", "s3:accessgrantsinstancearn"}, key) {
		return false
	}
	for _, w := range wanted {
		if base == "IpAddress" {
			// broader than /8, or /32 of IPv6
			if _, n, err := net.ParseCIDR(w); err == nil {
				if ones, bits := n.Mask.Size(); ones < 8 || bits == 128 && ones < 32 {
					return false
				}
			}
			continue
		}
		if variables { // an escape is one character, whichever
			for _, m := range variable.FindAllStringSubmatch(w, -1) {
				if !slices.Contains([]string{"*", "?", "$"}, m[1]) {
					return false
				}
			}
			w = variable.ReplaceAllString(w, "x")
		}
		wild := strings.ContainsAny(w, "*?")
		switch {
		case strings.HasPrefix(base, "Arn"): // a pattern within one account is one thing
			parts := strings.SplitN(w, ":", 6)
			if len(parts) < 6 || strings.ContainsAny(parts[4], "*?") || parts[4] == "" && strings.ContainsAny(parts[5], "*?") {
				return false
			}
		case key == "aws:userid": // and so is one within a role's sessions
			if w == "" || base == "StringLike" && (w[0] == '*' || w[0] == '?') {
				return false
			}
		case base == "StringLike" && wild:
			return false
		}
	}
	return true
}
