package policy_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"granary/internal/policy"
)

// Laws that hold whatever the policies say. They need no reference: a question is changed, and the answers are compared.

// narrowing are changes after which what was refused stays refused; harmless are those that change nothing at all.
var narrowing = map[string]func(*rapid.T, *question){
	"a Deny in the identity policies": func(t *rapid.T, q *question) {
		q.Identity = append(slices.Clone(q.Identity), drawDeny(t, q, policy.Identity))
	},
	"a Deny in the boundary": func(t *rapid.T, q *question) {
		if q.Boundary != "" {
			q.Boundary = merge(q.Boundary, drawDeny(t, q, policy.Boundary))
		}
	},
	"a Deny in a session policy": func(t *rapid.T, q *question) {
		if len(q.Sessions) > 0 {
			q.Sessions = append([][]string{append(slices.Clone(q.Sessions[0]), drawDeny(t, q, policy.Session))}, q.Sessions[1:]...)
		}
	},
	"a Deny in a service control policy": func(t *rapid.T, q *question) {
		if len(q.SCPs) > 0 {
			q.SCPs = append([][]string{append(slices.Clone(q.SCPs[0]), drawDeny(t, q, policy.SCP))}, q.SCPs[1:]...)
		}
	},
	"a Deny in the resource's policy": func(t *rapid.T, q *question) {
		if q.Attached != "" {
			q.Attached = merge(q.Attached, drawDeny(t, q, q.Kind))
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
	"a level of service control policies":  func(t *rapid.T, q *question) { q.SCPs = append(slices.Clone(q.SCPs), drawLevel(t, q, policy.SCP)) },
	"a level of resource control policies": func(t *rapid.T, q *question) { q.RCPs = append(slices.Clone(q.RCPs), drawLevel(t, q, policy.RCP)) },
	"public access blocked":                func(_ *rapid.T, q *question) { q.BlockPublic = true },
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
	"every statement in a list": func(q *question) { q.everyDocument(func(s []map[string]any) []map[string]any { return s }) },
	"every policy twice": func(q *question) {
		q.Identity = append(slices.Clone(q.Identity), q.Identity...)
		q.Sessions, q.SCPs, q.RCPs = append(slices.Clone(q.Sessions), q.Sessions...), append(slices.Clone(q.SCPs), q.SCPs...), append(slices.Clone(q.RCPs), q.RCPs...)
	},
}

// everyDocument changes the statements of all policies.
func (q *question) everyDocument(change func([]map[string]any) []map[string]any) {
	one := func(doc string) string {
		if doc == "" {
			return ""
		}
		d := parsed(doc)
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

// parsed is a document with its statements as a list.
func parsed(doc string) map[string]any {
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

func merge(a, b string) string {
	x, y := parsed(a), parsed(b)
	x["Statement"] = append(x["Statement"].([]map[string]any), y["Statement"].([]map[string]any)...)
	return mustJSON(x)
}

func drawDeny(t *rapid.T, q *question, kind policy.Kind) string {
	s := drawStatement(t, q, kind)
	s["Effect"] = "Deny"
	return document2(s)
}

func TestRestrictionsNeverWiden(t *testing.T) {
	names := slices.Sorted(maps.Keys(narrowing))
	turned := 0
	prove(t, 10_000, func(t *rapid.T) {
		q := drawQuestion(t)
		name := pick(t, "change", names...)
		before := ask(t, q)
		changed := *q
		narrowing[name](t, &changed)
		after := ask(t, &changed)
		if after.Allowed && !before.Allowed {
			t.Fatalf("%s turned a refusal into an allowance.\nBefore: %s%sAfter: %s%s", name, q.story(), engineSays(before), changed.story(), engineSays(after))
		}
		if before.Explicit && !after.Explicit {
			t.Fatalf("%s took an explicit deny away.\nBefore: %s%sAfter: %s%s", name, q.story(), engineSays(before), changed.story(), engineSays(after))
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

func TestWhatDoesNotMatterChangesNothing(t *testing.T) {
	names := slices.Sorted(maps.Keys(harmless))
	prove(t, 10_000, func(t *rapid.T) {
		q := drawQuestion(t)
		name := pick(t, "change", names...)
		before := ask(t, q)
		changed := *q
		changed.Identity = slices.Clone(q.Identity)
		harmless[name](&changed)
		if after := ask(t, &changed); answer(after) != answer(before) {
			t.Fatalf("%s made a difference.\nBefore: %s%sAfter: %s%s", name, q.story(), engineSays(before), changed.story(), engineSays(after))
		}
	})
}
