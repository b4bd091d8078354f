package policy_test

import (
	"bufio"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"granary/internal/policy"
)

// example is one case of the corpus: policies and facts, then the requests with their expected decisions.
type example struct {
	name     string
	question question
	requests []string
}

// corpus reads testdata/corpus/iam.txt, which describes its own format.
func corpus(t testing.TB) (out []*example) {
	f, err := os.Open("testdata/corpus/iam.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var statements map[string][]string
	var now *example
	end := func() {
		if now == nil {
			return
		}
		doc := func(kind string) []string {
			list, ok := statements[kind]
			if !ok {
				return nil
			}
			version := `"Version":"2012-10-17",`
			if kind == "bucket" && len(statements["2008"]) > 0 {
				version = ""
			}
			return []string{`{` + version + `"Statement":[` + strings.Join(list, ",") + `]}`}
		}
		one := func(kind string) string { return strings.Join(doc(kind), "") }
		q := &now.question
		q.Identity, q.Boundary, q.Kind, q.Attached = doc("identity"), one("boundary"), policy.Bucket, one("bucket")
		if trust := one("trust"); trust != "" {
			q.Kind, q.Attached = policy.Trust, trust
		}
		for kind, into := range map[string]*[][]string{"session": &q.Sessions, "scp": &q.SCPs, "rcp": &q.RCPs} {
			switch list := doc(kind); {
			case len(statements[kind]) == 1 && statements[kind][0] == "none":
				*into = [][]string{{}}
			case list != nil:
				*into = [][]string{list}
			}
		}
		out = append(out, now)
	}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := lines.Text()
		word, rest, _ := strings.Cut(line, " ")
		rest = strings.TrimLeft(rest, " ")
		switch word {
		case "", "#", "#\tallow", "#\tblocked", "#\twith", "#\t2008", "#\tidentity", "#\t--", "#\t":
		case "--":
			end()
			now, statements = &example{name: strings.TrimSuffix(rest, " --"), question: question{Keys: map[string][]string{}}},
				map[string][]string{}
		case "with":
			key, values, _ := strings.Cut(rest, " =")
			now.question.Keys[strings.ToLower(key)] = strings.Split(strings.TrimPrefix(values, " "), ", ")
		case "blocked":
			now.question.BlockPublic = true
		case "allow", "deny":
			now.requests = append(now.requests, line)
		case "identity", "boundary", "session", "scp", "rcp", "bucket", "trust", "2008":
			statements[word] = append(statements[word], rest)
		default:
			if !strings.HasPrefix(line, "#") {
				t.Fatalf("corpus: what is %q?", line)
			}
		}
	}
	end()
	return out
}

// The corpus uses simpler principals than the generated cases: its role has no path.
var corpusCast = map[string]policy.Caller{
	"U": cast["U"], "root": cast["root"], "anon": cast["anon"], "svc": cast["svc"],
	"S": {Kind: policy.RoleSession, Account: accountA, ARN: "arn:aws:sts::111111111111:assumed-role/app/s1",
		Role: "arn:aws:iam::111111111111:role/app"},
	"S2": {Kind: policy.RoleSession, Account: accountA, ARN: "arn:aws:sts::111111111111:assumed-role/app/s2",
		Role: "arn:aws:iam::111111111111:role/app"},
	"T": {Kind: policy.RoleSession, Account: accountA, ARN: "arn:aws:sts::111111111111:assumed-role/other/s1",
		Role: "arn:aws:iam::111111111111:role/other"},
}

var requestForm = regexp.MustCompile(`^(allow|deny) +(\S+) (\S+) (.+?)( of B)?: (.*)$`)

func (x *example) parseLine(t testing.TB, line string) (q question, want, reason string) {
	m := requestForm.FindStringSubmatch(line)
	if m == nil {
		t.Fatalf("corpus: what is %q?", line)
	}
	q = x.question
	q.Caller, q.Action, q.Resource, q.Owner = corpusCast[m[2]], m[3], "arn:aws:s3:::"+m[4], accountA
	if q.Kind == policy.Trust {
		q.Resource = "arn:aws:iam::111111111111:role/" + m[4]
	}
	if m[5] != "" {
		q.Owner = accountB
	}
	return q, m[1], m[6]
}

// TestWorkedExamples checks that both the engine and the reference decide each case of the corpus as expected, and for
// the expected reason.
func TestWorkedExamples(t *testing.T) {
	numbers, requests := map[string]bool{}, 0
	for _, x := range corpus(t) {
		number, _, _ := strings.Cut(x.name, " ")
		numbers[number] = true
		t.Run(x.name, func(t *testing.T) {
			for _, line := range x.requests {
				requests++
				q, want, reason := x.parseLine(t, line)
				got, ref := evaluateQuestion(t, &q), decide(&q)
				if got.Allowed != (want == "allow") || answerOf(got) != ref.answer {
					t.Errorf("%s\n%s%s%s", line, q.describe(), ref.describe(), engineSays(got))
				}
				if said := reasonsOf(got); !strings.Contains(said, reason) {
					t.Errorf("%s\nthe reason given is: %s", line, said)
				}
			}
		})
	}
	if len(numbers) != 112 {
		t.Errorf("%d of the 112 examples are there", len(numbers))
	}
	t.Logf("%d examples, %d requests", len(numbers), requests)
}

// reasonsOf formats a decision's reasons as the corpus does.
func reasonsOf(d policy.Decision) string {
	if !d.Allowed && !d.Explicit {
		return fmt.Sprintf("no %s policy allows", d.Layer)
	}
	var b strings.Builder
	verb := map[bool]string{true: "allows", false: "denies"}[d.Allowed]
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "%s statement %d %s; ", r.Layer, r.Statement, verb)
	}
	if b.Len() == 0 {
		return "nothing forbids it"
	}
	return b.String()
}
