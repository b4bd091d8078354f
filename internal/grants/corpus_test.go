package grants_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"granary"
	"granary/internal/grants"
)

var (
	grantLine = regexp.MustCompile(`^grant (s3://\S+) (READ|WRITE|READWRITE) to (\S+)( object)?(?: app (X1))?$`)
	askLine   = regexp.MustCompile(`^(R\d|U1 as R1|U1 as R1 through X2) asks (\S+) (READ|WRITE|READWRITE)( minimal)?( ` +
		`object)?: (.*)$`)
)

// TestWorkedExamples runs the cases of testdata/corpus/access-grants.txt that need only grants, against the matcher and
// the reference.
func TestWorkedExamples(t *testing.T) {
	text, err := os.ReadFile("testdata/corpus/access-grants.txt")
	if err != nil {
		t.Fatal(err)
	}
	named := map[string]granary.Grantee{"R1": r1, "R2": r2, "R3": {Type: granary.GranteeIAM, ID: "R3"},
		"R3nopath": {Type: granary.GranteeIAM, ID: "R3nopath"}, "U1": u1, "G1": g1}
	played := 0
	for _, example := range strings.Split(string(text), "\n-- ")[1:] {
		name, body, _ := strings.Cut(example, " --\n")
		if strings.Contains(body, "\nfact ") || strings.Contains(body, "location ") || strings.Contains(body, "R9") {
			continue
		}
		var all []*granary.Grant
		for line := range strings.Lines(body) {
			line = strings.TrimSpace(line)
			if m := grantLine.FindStringSubmatch(line); m != nil {
				p, _ := granary.ParsePermission(m[2])
				all = append(all, &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: m[1], Permission: p,
					Grantee: named[m[3]], Object: m[4] != "", Application: granary.ARN(m[5]), Location: "default"})
			}
			m := askLine.FindStringSubmatch(line)
			if m == nil {
				continue
			}
			q := request{Who: []granary.Grantee{named[m[1][:2]]}, Target: m[2], Minimal: m[4] != "", Object: m[5] != ""}
			if strings.HasPrefix(m[1], "U1") {
				q.Who, q.App = []granary.Grantee{r1, u1, g1}, "X1"
			}
			if strings.HasSuffix(m[1], "X2") {
				q.App = "X2"
			}
			q.Permission, _ = granary.ParsePermission(m[3])
			played++
			got, match, _ := answer(grants.Load(slices.Values(all)), q)
			want := vendKey(all, q)
			scope, by, _ := strings.Cut(m[6], " by ")
			refused := strings.HasPrefix(m[6], "40")
			if refused != (got.Refusal != "") || refused != (want.Refusal != "") || !refused &&
				(got.Scope != scope || want.Scope != scope) || by != "" && match.Grantee != named[by] {
				t.Errorf("%s: %s\n%s  the reference: %s\n  the matcher:   %s", name, line, q.story(all), want, got)
			}
		}
	}
	if played < 45 {
		t.Errorf("only %d requests were found", played)
	}
	t.Logf("%d requests", played)
}
