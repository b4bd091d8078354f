package policy_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"granary"
	"granary/internal/policy"
)

// prove checks a property on many generated cases: few by default, as many as GRANARY_PROVE says in the nightly run.
func prove(t *testing.T, few int, property func(*rapid.T)) {
	t.Helper()
	n := few
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		var err error
		if n, err = strconv.Atoi(text); err != nil {
			t.Fatalf("GRANARY_PROVE is not a number: %v", err)
		}
	}
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(n), "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		defer f.Value.Set(before)
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, property)
	t.Logf("%d cases", n)
}

// evaluateQuestion asks the engine.
func evaluateQuestion(t stopper, q *question) policy.Decision {
	return policy.Evaluate(policy.Request{Caller: q.Caller, Action: q.Action, Resource: q.Resource,
		Owner: granary.AccountID(q.Owner), Keys: policy.Values(q.Keys)}, q.policySet(t))
}

func (q *question) policySet(t stopper) (set policy.Set) {
	parse := func(kind policy.Kind, doc string) *policy.Policy {
		p, err := policy.Parse(kind, doc)
		if err != nil {
			t.Fatalf("%s\n%v", doc, err)
		}
		return p
	}
	all := func(kind policy.Kind, docs []string) []*policy.Policy {
		out := []*policy.Policy{}
		for _, d := range docs {
			out = append(out, parse(kind, d))
		}
		return out
	}
	set.Identity, set.Trust, set.BlockPublic = all(policy.Identity, q.Identity), q.Kind == policy.Trust, q.BlockPublic
	if q.Boundary != "" {
		set.Boundary = parse(policy.Boundary, q.Boundary)
	}
	for _, s := range q.Sessions {
		set.Sessions = append(set.Sessions, all(policy.Session, s))
	}
	for _, s := range q.SCPs {
		set.SCPs = append(set.SCPs, all(policy.SCP, s))
	}
	for _, s := range q.RCPs {
		set.RCPs = append(set.RCPs, all(policy.RCP, s))
	}
	if q.Attached != "" {
		set.Resource = parse(q.Kind, q.Attached)
	}
	return set
}

func answerOf(d policy.Decision) string {
	switch {
	case d.Allowed:
		return allowed
	case d.Explicit:
		return explicit
	}
	return implicit
}

// describe returns the case as text, so that it can be followed with the documentation at hand.
func (q *question) describe() string {
	var b strings.Builder
	line := func(what string, docs ...string) {
		for _, d := range docs {
			fmt.Fprintf(&b, "  %-22s %s\n", what, d)
		}
	}
	fmt.Fprintf(&b, "%s (%s) asks for %s on %q of account %s\n", q.Caller.ARN, kinds[q.Caller.Kind], q.Action, q.Resource,
		q.Owner)
	line("identity policy", q.Identity...)
	line("permissions boundary", documentList(q.Boundary)...)
	for i, s := range q.Sessions {
		fmt.Fprintf(&b, "  session set %d of %d policies\n", i+1, len(s))
		line("session policy", s...)
	}
	for i, s := range q.SCPs {
		fmt.Fprintf(&b, "  SCP level %d of %d policies\n", i+1, len(s))
		line("service control policy", s...)
	}
	for i, s := range q.RCPs {
		fmt.Fprintf(&b, "  RCP level %d of %d policies\n", i+1, len(s))
		line("resource control policy", s...)
	}
	line(map[bool]string{true: "trust policy", false: "bucket policy"}[q.Kind == policy.Trust],
		documentList(q.Attached)...)
	if q.BlockPublic {
		b.WriteString("  public access is blocked\n")
	}
	for _, k := range slices.Sorted(maps.Keys(q.Keys)) {
		fmt.Fprintf(&b, "  with %s = %q\n", k, q.Keys[k])
	}
	return b.String()
}

var kinds = map[policy.CallerKind]string{policy.Anonymous: "nobody", policy.Root: "root user",
	policy.IAMUser: "IAM user", policy.RoleSession: "role session",
	policy.FederatedUser: "federated user", policy.WebIdentity: "web identity", policy.Service: "service"}

func (v verdict) describe() string {
	return "  the reference says " + v.answer + ":\n    " + strings.Join(v.said, "\n    ") + "\n"
}

func engineSays(d policy.Decision) string {
	s := fmt.Sprintf("  the engine says %s, layer %q", answerOf(d), d.Layer)
	for _, r := range d.Reasons {
		s += fmt.Sprintf("\n    by statement %d of a %s policy (deny: %v)", r.Statement, r.Layer, r.Deny)
	}
	return s + "\n"
}

// TestEngineAgainstReference checks that the engine decides every generated case as the reference does.
func TestEngineAgainstReference(t *testing.T) {
	counts, conditional, n := map[string]int{}, 0, 0
	prove(t, 20_000, func(t *rapid.T) {
		q := drawQuestion(t)
		want, got := decide(q), evaluateQuestion(t, q)
		n++
		counts[want.answer]++
		if strings.Contains(mustJSON(q), "Condition") {
			conditional++
		}
		if answerOf(got) != want.answer {
			t.Fatalf("\n%s%s%s", q.describe(), want.describe(), engineSays(got))
		}
		if want.answer == explicit && got.Layer.String() != want.layer {
			t.Fatalf("\n%s%s%s", q.describe(), want.describe(), engineSays(got))
		}
		if !got.Allowed && got.Layer == policy.LayerNone {
			t.Fatalf("a refusal that names no layer\n%s", q.describe())
		}
		if got.Explicit && (len(got.Reasons) == 0 || !got.Reasons[len(got.Reasons)-1].Deny) {
			t.Fatalf("an explicit deny without its statement\n%s", q.describe())
		}
	})
	t.Logf("%v; %d with conditions", counts, conditional)
	for _, a := range []string{allowed, explicit, implicit} {
		if counts[a]*10 < n {
			t.Errorf("only %d of %d cases are %s: the generator proves little", counts[a], n, a)
		}
	}
}

// stopper fails a test, or one generated case of it.
type stopper interface {
	Fatalf(format string, args ...any)
}

func mustJSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(b)
}
