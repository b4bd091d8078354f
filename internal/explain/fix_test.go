package explain

import (
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"granary/internal/audit"
)

// Whatever link and cause an error of ours is made with, there is a sentence that says what would mend it.
func TestEveryCauseHasAFix(t *testing.T) {
	made := regexp.MustCompile(`\bAt\("([a-z-]+)", "([a-z-]+)"|Why\{Link: "([a-z-]+)", Cause: ` +
		`"([a-z-]+)"|broke\("([a-z-]+)", "([a-z-]+)"`)
	seen := map[string]bool{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile("../" + path)
		for _, m := range made.FindAllStringSubmatch(string(b), -1) {
			seen[m[1]+m[3]+m[5]+"/"+m[2]+m[4]+m[6]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(seen) < 40 {
		t.Fatalf("%d causes found: the pattern reads no errors any more", len(seen))
	}
	for cause := range seen {
		if fixes[cause] == nil && cause != "policy/actor" { // told by the policy that decided
			t.Errorf("no fix for %s", cause)
		}
	}
	t.Logf("%d causes", len(seen))
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
