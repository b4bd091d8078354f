package policy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"granary/internal/policy"
)

// This file tests laws that hold for all policies. They need no reference: a test changes a question and compares the
// two answers.

// narrowing lists changes after which a refused request must stay refused; harmless lists changes that must not change
// any answer.
var narrowing = map[string]func(*rapid.T, *question){
	"a Deny in the identity policies": func(t *rapid.T, q *question) {
		q.Identity = append(slices.Clone(q.Identity), drawDeny(t, q, policy.Identity))
	},
	"a Deny in the boundary": func(t *rapid.T, q *question) {
		if q.Boundary != "" {
			q.Boundary = mergeDocuments(q.Boundary, drawDeny(t, q, policy.Boundary))
		}
	},
	"a Deny in a session policy": func(t *rapid.T, q *question) {
		if len(q.Sessions) > 0 {
			q.Sessions = append([][]string{append(slices.Clone(q.Sessions[0]), drawDeny(t, q, policy.Session))},
				q.Sessions[1:]...)
		}
	},
	"a Deny in a service control policy": func(t *rapid.T, q *question) {
		if len(q.SCPs) > 0 {
			q.SCPs = append([][]string{append(slices.Clone(q.SCPs[0]), drawDeny(t, q, policy.SCP))}, q.SCPs[1:]...)
		}
	},
	"a Deny in the resource's policy": func(t *rapid.T, q *question) {
		if q.Attached != "" {
			q.Attached = mergeDocuments(q.Attached, drawDeny(t, q, q.Kind))
		}
	},
	"a boundary": func(t *rapid.T, q *question) {
		if q.Boundary == "" {
			q.Boundary = drawPolicy(t, q, policy.Boundary)
		}
	},
	"a session policy": func(t *rapid.T, q *question) {
		q.Sessions = append(slices.Clone(q.Sessions), []string{drawPolicy(t, q, policy.Session)})
	},
	"a level of service control policies": func(t *rapid.T, q *question) {
		q.SCPs = append(slices.Clone(q.SCPs),
			drawLevel(t, q, policy.SCP))
	},
	"a level of resource control policies": func(t *rapid.T, q *question) {
		q.RCPs = append(slices.Clone(q.RCPs),
			drawLevel(t, q, policy.RCP))
	},
	"public access blocked": func(_ *rapid.T, q *question) { q.BlockPublic = true },
}

var harmless = map[string]func(*question){
	"statements in the other order": func(q *question) {
		q.everyDocument(func(s []map[string]any) []map[string]any {
			s = slices.Clone(s)
			slices.Reverse(s)
			return s
		})
		slices.Reverse(q.Identity)
	},
	"other Sids": func(q *question) {
		q.everyDocument(func(s []map[string]any) []map[string]any {
			for i := range s {
				s[i]["Sid"] = fmt.Sprintf("Renamed%d", i)
			}
			return s
		})
	},
	"keys nobody mentions": func(q *question) {
		q.Keys = maps.Clone(q.Keys)
		q.Keys["aws:principaltag/unrelated"], q.Keys["s3:versionid"] = []string{"*"}, []string{"a", "b"}
	},
	"every statement in a list": func(q *question) {
		q.everyDocument(func(s []map[string]any) []map[string]any { return s })
	},
	"every policy twice": func(q *question) {
		q.Identity = append(slices.Clone(q.Identity), q.Identity...)
		q.Sessions, q.SCPs, q.RCPs = append(slices.Clone(q.Sessions), q.Sessions...), append(slices.Clone(q.SCPs), q.SCPs...),
			append(slices.Clone(q.RCPs), q.RCPs...)
	},
}

// everyDocument applies a change to the statements of each policy.
func (q *question) everyDocument(change func([]map[string]any) []map[string]any) {
	one := func(doc string) string {
		if doc == "" {
			return ""
		}
		d := parseDocument(doc)
		d["Statement"] = change(d["Statement"].([]map[string]any))
		return mustJSON(d)
	}
	list := func(docs []string) []string {
		out := []string{}
		for _, d := range docs {
			out = append(out, one(d))
		}
		return out
	}
	levels := func(l [][]string) (out [][]string) {
		for _, docs := range l {
			out = append(out, list(docs))
		}
		return out
	}
	q.Identity, q.Boundary, q.Attached = list(q.Identity), one(q.Boundary), one(q.Attached)
	q.Sessions, q.SCPs, q.RCPs = levels(q.Sessions), levels(q.SCPs), levels(q.RCPs)
}

// parseDocument returns a document with its statements as a list.
func parseDocument(doc string) map[string]any {
	var d map[string]any
	if err := json.Unmarshal([]byte(doc), &d); err != nil {
		panic(err)
	}
	out := []map[string]any{}
	switch s := d["Statement"].(type) {
	case map[string]any:
		out = append(out, s)
	case []any:
		for _, one := range s {
			out = append(out, one.(map[string]any))
		}
	}
	d["Statement"] = out
	return d
}

func mergeDocuments(a, b string) string {
	x, y := parseDocument(a), parseDocument(b)
	x["Statement"] = append(x["Statement"].([]map[string]any), y["Statement"].([]map[string]any)...)
	return mustJSON(x)
}

func drawDeny(t *rapid.T, q *question, kind policy.Kind) string {
	s := drawStatement(t, q, kind)
	s["Effect"] = "Deny"
	return documentOf(s)
}

func TestRestrictionsNeverWiden(t *testing.T) {
	names := slices.Sorted(maps.Keys(narrowing))
	turned := 0
	prove(t, 10_000, func(t *rapid.T) {
		q := drawQuestion(t)
		name := pickOne(t, "change", names...)
		before := evaluateQuestion(t, q)
		changed := *q
		narrowing[name](t, &changed)
		after := evaluateQuestion(t, &changed)
		if after.Allowed && !before.Allowed {
			t.Fatalf("%s turned a refusal into an allowance.\nBefore: %s%sAfter: %s%s", name, q.describe(), engineSays(before),
				changed.describe(), engineSays(after))
		}
		if before.Explicit && !after.Explicit {
			t.Fatalf("%s took an explicit deny away.\nBefore: %s%sAfter: %s%s", name, q.describe(), engineSays(before),
				changed.describe(), engineSays(after))
		}
		if before.Allowed && !after.Allowed {
			turned++
		}
	})
	if turned == 0 {
		t.Error("no restriction ever restricted anything")
	}
	t.Logf("%d were turned into refusals", turned)
}

func TestEquivalentQuestionsGetEqualAnswers(t *testing.T) {
	names := slices.Sorted(maps.Keys(harmless))
	prove(t, 10_000, func(t *rapid.T) {
		q := drawQuestion(t)
		name := pickOne(t, "change", names...)
		before := evaluateQuestion(t, q)
		changed := *q
		changed.Identity = slices.Clone(q.Identity)
		harmless[name](&changed)
		if after := evaluateQuestion(t, &changed); answerOf(after) != answerOf(before) {
			t.Fatalf("%s made a difference.\nBefore: %s%sAfter: %s%s", name, q.describe(), engineSays(before),
				changed.describe(),
				engineSays(after))
		}
	})
}

// TestPoliciesThatAllowAnonymousArePublic checks that a policy which allows an anonymous caller from any address is
// public.
func TestPoliciesThatAllowAnonymousArePublic(t *testing.T) {
	let := 0
	prove(t, 10_000, func(t *rapid.T) {
		q := drawQuestion(t)
		q.Attached, q.Kind, q.Caller, q.BlockPublic = drawPolicy(t, q, policy.Bucket), policy.Bucket, cast["anon"], false
		q.Action, q.Resource = "s3:GetObject", "arn:aws:s3:::b/a"
		for name := range q.Keys {
			if name == "aws:username" || strings.HasPrefix(name, "aws:principal") {
				delete(q.Keys, name) // an anonymous caller does not have this key
			}
		}
		q.Keys["aws:userid"], q.Keys["aws:principalaccount"] = []string{"anonymous"}, []string{"anonymous"}
		q.Keys["aws:sourceip"] = []string{pickOne(t, "stranger's address", "198.51.100.7", "2400::9")}
		if !evaluateQuestion(t, q).Allowed {
			return
		}
		let++
		p, err := policy.Parse(policy.Bucket, q.Attached)
		if err != nil {
			t.Fatal(err)
		}
		if !p.Public() {
			t.Fatalf("not public, and yet\n%s", q.describe())
		}
		q.BlockPublic = true
		if evaluateQuestion(t, q).Allowed {
			t.Fatalf("let in though public access is blocked\n%s", q.describe())
		}
	})
	if let < 100 { // 6 in 100 are let in, and mutate tries 3,000
		t.Errorf("only %d were let in: that proves little", let)
	}
}
