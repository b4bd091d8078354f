package explain

import (
	"strings"
	"testing"

	"granary"
	"granary/internal/audit"
	"granary/internal/cause"
)

// Every cause has a sentence that says what would mend it, and its facts have places in the sentence that mend fills.
func TestEveryCauseHasAFix(t *testing.T) {
	causes := cause.All()
	if len(causes) < 100 {
		t.Fatalf("%d causes", len(causes))
	}
	for _, c := range causes {
		facts := map[string]string{}
		for _, m := range fact.FindAllStringSubmatch(c.Mend(), -1) {
			facts[m[1]] = "the " + m[1]
		}
		fix := mend(c, facts, principal{account: "the account", arn: "the caller"})
		if fix == "" || strings.ContainsAny(fix, "{}") {
			t.Errorf("%s: %q", c, fix)
		}
		for name := range facts {
			if !strings.Contains(fix, "the "+name) {
				t.Errorf("%s says nothing of %s: %s", c, name, fix)
			}
		}
	}
}

func TestMendFillsInFacts(t *testing.T) {
	p := principal{account: "111122223333", arn: "arn:aws:iam::111122223333:user/u"}
	for _, x := range []struct {
		mend  string
		facts map[string]string
		want  string
	}{
		{"Run {command}.", map[string]string{"command": "{role}", "role": "r"}, "Run {role}."},
		{"Make {role}.", nil, "Make ROLE."},
		{"Make {role:name}.", map[string]string{"role": "arn:aws:iam::111122223333:role/path/r"}, "Make r."},
		{"Find {value:quoted}.", map[string]string{"value": `a"b`}, `Find "a\"b".`},
		{"{caller} of {account}", map[string]string{"account": "another"}, p.arn + " of 111122223333"},
	} {
		if got := mend(granary.NewCause("link", "name", x.mend), x.facts, p); got != x.want {
			t.Errorf("%s: %s", x.mend, got)
		}
	}
}

// A decision that another version of the program recorded has a sentence too.
func TestUnknownCausesHaveASentence(t *testing.T) {
	if got := new(Explainer).fix(&audit.Decision{Link: "user", Cause: "of-tomorrow"}, principal{}); got != cause.Correct {
		t.Error(got)
	}
}

// Fixes of policies name the policy of the layer at which a decision fell.
func TestFixesNameTheLayer(t *testing.T) {
	p := principal{account: "111122223333", arn: "arn:aws:iam::111122223333:role/r", role: "r"}
	for layer, want := range map[string]string{"identity-based": "aws iam put-role-policy --role-name r",
		"permissions boundary": "permissions boundary of", "session": "session was made",
		"service control": "service control policy", "resource control": "resource control policy",
		"resource-based": "put-bucket-policy"} {
		d := &audit.PolicyDecision{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: "111122223333", Layer: layer}
		if got := policyFix(d, p); !strings.Contains(got, want) {
			t.Errorf("%s: %s", layer, got)
		}
		d.Explicit, d.Reasons = true, []audit.Statement{{Layer: layer, Policy: "the policy", Statement: 3, Effect: "Deny"}}
		if got := policyFix(d, p); !strings.Contains(got, "statement 3 of the policy") {
			t.Errorf("%s: %s", layer, got)
		}
		c := &Chain{}
		c.policies(d, "", "fix")
		if l, ok := c.Broken(); !ok || !strings.HasPrefix(l.Name, layer) || l.Fix != "fix" || len(c.Links) != 6 {
			t.Errorf("%+v", c.Links)
		}
	}
}
