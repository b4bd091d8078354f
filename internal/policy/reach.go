package policy

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"
)

// This file answers questions about many requests at once: which parts of a bucket the policies distinguish, and what
// they allow whatever the conditions evaluate to. Package authz uses it to tell what a person can reach.

// maxParts limits the patterns taken from the policies of one caller.
const maxParts = 1000

// Parts returns the ARN patterns below a text, such as "arn:aws:s3:::bucket/prefix", that the policies of the set
// distinguish, broadest first: the whole of it, then each part that a resource pattern of an Allow or Deny statement
// matches. If exact is true it returns only the text itself. If every pattern has its only wildcard at the end, then
// all requests within a part that are in no narrower part get the same decision.
func (s *Set) Parts(below string, exact bool, keys Keys) []string {
	if exact {
		return []string{below}
	}
	var found []symbols
	add := func(g symbols) {
		if len(found) < maxParts && !slices.ContainsFunc(found, func(o symbols) bool { return slices.Equal(o, g) }) {
			found = append(found, g)
		}
	}
	add(symbols{anyRun})
	for p := range s.eachPolicy {
		for i := range p.statements {
			for j := range p.statements[i].resources {
				for _, g := range p.statements[i].resources[j].remainders(below, keys) {
					add(g)
				}
			}
		}
	}
	inner := slices.DeleteFunc(slices.Clone(found), func(g symbols) bool {
		return !slices.ContainsFunc(g[:max(len(g)-1, 0)], func(s symbol) bool { return s >= anyRun })
	})
	for _, g := range inner[:min(len(inner), 30)] {
		// a pattern with an inner wildcard may overlap another without containing it
		for _, o := range slices.Clone(found[:min(len(found), 100)]) {
			for _, m := range intersect(g, o) {
				add(m)
			}
		}
	}
	out := make([]string, len(found))
	for i, g := range found {
		out[i] = below + g.patternText()
	}
	slices.SortFunc(out, func(a, b string) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return out
}

// Sample returns an ARN that represents what a pattern matches. Another pattern that matches every such ARN matches the
// sample. One that matches the sample matches all of them, unless it has "?": then it may not match those in which a
// star stands for few characters. Sample replaces wildcards by private-use characters that occur in no name, and a "*"
// by more of them than a pattern would have question marks.
func Sample(pattern string) string {
	return strings.NewReplacer("*", strings.Repeat("\ue000", 13), "?", "\ue001").Replace(pattern)
}

// Overlap reports whether two patterns match some texts in common and neither contains the other.
func Overlap(a, b string) bool {
	if Holds(a, b) || Holds(b, a) {
		return false
	}
	return len(intersect(appendPattern(nil, a), appendPattern(nil, b))) > 0
}

// eachPolicy is an iterator over every policy of the set.
func (s *Set) eachPolicy(yield func(*Policy) bool) {
	lists := [][]*Policy{s.Identity, {s.Boundary, s.Resource}}
	lists = append(lists, s.Sessions...)
	lists = append(append(lists, s.SCPs...), s.RCPs...)
	for _, list := range lists {
		for _, p := range list {
			if p != nil && !yield(p) {
				return
			}
		}
	}
}

// remainders returns what remains of the pattern after it has matched text as the beginning of an ARN. A pattern with
// wildcards can match in several ways, each with its own remainder.
func (r *resource) remainders(text string, keys Keys) []symbols {
	for i := range r.head {
		segment, rest, ok := strings.Cut(text, ":")
		if !ok || !r.head[i].match(segment, &Work{}) {
			return nil
		}
		text = rest
	}
	if r.tail.parts == nil {
		return r.tail.fixed.symbols().remaindersAfter(text)
	}
	tail, ok := r.tail.resolve(nil, &context{keys, &Work{}})
	if !ok {
		return nil
	}
	return tail.remaindersAfter(text)
}

// symbols returns the pattern that the glob was compiled from.
func (g *glob) symbols() (out symbols) {
	for i := range g.segments {
		if i > 0 {
			out = append(out, anyRun)
		}
		begin := len(out)
		out = appendLiteral(out, g.segments[i].text)
		for _, m := range g.segments[i].marks {
			out[begin+int(m)] = anyOne
		}
	}
	return out
}

// remaindersAfter returns the remainders of the pattern after each way in which a prefix of it matches text, longest
// first.
func (g symbols) remaindersAfter(text string) (out []symbols) {
	at := map[int]bool{0: true}
	for i := 0; i < len(text); {
		_, n := utf8.DecodeRuneInString(text[i:])
		next := map[int]bool{}
		for j := range at {
			for ; j < len(g) && g[j] == anyRun; j++ { // the star covers the character, or nothing
				next[j] = true
			}
			if j == len(g) {
				continue
			}
			if g[j] == anyOne {
				next[j+1] = true
				continue
			}
			k := 0
			for k < n && j+k < len(g) && g[j+k] == symbol(text[i+k]) {
				k++
			}
			if k == n {
				next[j+n] = true
			}
		}
		at, i = next, i+n
	}
	for j := range at {
		out = append(out, g[j:])
	}
	slices.SortFunc(out, func(a, b symbols) int { return cmp.Compare(len(b), len(a)) })
	return out
}

// patternText returns the pattern as policies write it.
func (g symbols) patternText() string {
	b := make([]byte, len(g))
	for i, s := range g {
		switch s {
		case anyRun:
			b[i] = '*'
		case anyOne:
			b[i] = '?'
		default:
			b[i] = byte(s)
		}
	}
	return string(b)
}

const (
	maxMeets = 20     // patterns returned for one pair
	maxSteps = 10_000 // steps of the search for one pair
)

// intersect returns patterns that together match exactly what both a and b match, within maxMeets and maxSteps. It
// returns nil when nothing matches both.
func intersect(a, b symbols) (out []symbols) {
	steps := 0
	var text symbols
	var walk func(i, j int)
	try := func(s symbol, i, j int) {
		text = append(text, s)
		walk(i, j)
		text = text[:len(text)-1]
	}
	walk = func(i, j int) {
		if steps++; steps > maxSteps || len(out) >= maxMeets {
			return
		}
		if i == len(a) && j == len(b) {
			g := collapseStars(text)
			if !slices.ContainsFunc(out, func(o symbols) bool { return slices.Equal(o, g) }) {
				out = append(out, g)
			}
			return
		}
		starA, starB := i < len(a) && a[i] == anyRun, j < len(b) && b[j] == anyRun
		switch {
		case starA && starB: // both stars cover a run; then one of them ends
			try(anyRun, i+1, j)
			try(anyRun, i, j+1)
		case starA:
			walk(i+1, j)
			if j < len(b) {
				try(b[j], i, j+1)
			}
		case starB:
			walk(i, j+1)
			if i < len(a) {
				try(a[i], i+1, j)
			}
		case i == len(a) || j == len(b):
		case a[i] == b[j] || b[j] == anyOne:
			try(a[i], i+1, j+1)
		case a[i] == anyOne:
			try(b[j], i+1, j+1)
		}
	}
	walk(0, 0)
	return out
}

// collapseStars returns the pattern with each run of stars replaced by one.
func collapseStars(g symbols) (out symbols) {
	for _, s := range g {
		if s != anyRun || len(out) == 0 || out[len(out)-1] != anyRun {
			out = append(out, s)
		}
	}
	return out
}

// Loosest returns the set under the most favourable circumstances: a condition on a key that is not known holds in an
// Allow statement and does not hold in a Deny statement.
func (s Set) Loosest(known func(key string) bool) Set { return s.assuming(known, true) }

// Strictest returns the set under the least favourable circumstances: a condition on a key that is not known does not
// hold in an Allow statement and holds in a Deny statement.
func (s Set) Strictest(known func(key string) bool) Set { return s.assuming(known, false) }

// assuming returns the set with the unknown conditions decided; see Loosest and Strictest.
func (s Set) assuming(known func(key string) bool, best bool) Set {
	list := func(in []*Policy) []*Policy {
		if in == nil {
			return nil
		}
		out := make([]*Policy, len(in))
		for i, p := range in {
			out[i] = p.assuming(known, best)
		}
		return out
	}
	lists := func(in [][]*Policy) (out [][]*Policy) {
		for _, l := range in {
			out = append(out, list(l))
		}
		return out
	}
	s.Identity, s.Boundary, s.Resource = list(s.Identity), s.Boundary.assuming(known, best),
		s.Resource.assuming(known, best)
	s.Sessions, s.SCPs, s.RCPs = lists(s.Sessions), lists(s.SCPs), lists(s.RCPs)
	return s
}

// neverApplies is a statement that applies to nothing. It takes the place of a removed statement, so that the numbers
// of those after it do not change.
var neverApplies = statement{}

// assuming returns the policy with conditions on unknown keys decided: for the best case if best is true, else for the
// worst. It returns p itself when all keys are known.
func (p *Policy) assuming(known func(key string) bool, best bool) *Policy {
	if p == nil {
		return nil
	}
	open := func(s *statement) bool {
		return slices.ContainsFunc(s.conditions, func(c condition) bool {
			return slices.ContainsFunc(c.keys, func(k conditionKey) bool { return !known(k.name) })
		})
	}
	if !slices.ContainsFunc(p.statements, func(s statement) bool { return open(&s) }) {
		return p
	}
	q := *p
	q.statements = slices.Clone(p.statements)
	for i := range q.statements {
		s := &q.statements[i]
		switch {
		case !open(s):
		case s.deny == best: // a Deny in the best case or an Allow in the worst does not apply
			*s = neverApplies
		default:
			s.conditions = slices.Clone(s.conditions)
			for j := range s.conditions {
				s.conditions[j].keys = slices.DeleteFunc(slices.Clone(s.conditions[j].keys),
					func(k conditionKey) bool { return !known(k.name) })
			}
		}
	}
	return &q
}

// Opening tells that a resource policy lets a principal in to parts of what lies below a text.
type Opening struct {
	Kind, Principal string // AWS, Service, Federated or CanonicalUser
	But             bool   // the statement uses NotPrincipal: everyone except the principals of its openings
	Statement       int    // counted from 1
	Parts           []string
	Conditions      bool
}

// Openings returns, for each principal of each Allow statement that covers the action, the parts below a text that the
// statement reaches. See Parts for below and exact.
func (p *Policy) Openings(action, below string, exact bool, keys Keys) (out []Opening) {
	for i := range p.statements {
		s := &p.statements[i]
		if s.deny || s.matchesAction(action, &Work{}) == s.notAction {
			continue
		}
		var parts []string
		for j := range s.resources {
			for _, g := range s.resources[j].remainders(below, keys) {
				switch text := below + g.patternText(); {
				case !exact:
					parts = append(parts, text)
				case len(collapseStars(g)) == 0 || len(collapseStars(g)) == 1 && g[0] == anyRun:
					parts = append(parts, below)
				}
			}
		}
		if s.notResource {
			parts = []string{below + "*"}
			if exact {
				parts = []string{below}
			}
		}
		slices.Sort(parts)
		parts = slices.Compact(parts)
		if len(parts) == 0 {
			continue
		}
		for _, q := range s.principals {
			out = append(out, Opening{q.kind, q.value, s.notPrincipal, i + 1, parts, len(s.conditions) > 0})
		}
	}
	return out
}
