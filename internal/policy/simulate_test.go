package policy_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"granary/internal/policy"
)

// simulation is a question in the form that @cloud-copilot/iam-simulate takes.
type simulation struct {
	Request struct {
		Principal any    `json:"principal"`
		Action    string `json:"action"`
		Resource  struct {
			Resource  string `json:"resource"`
			AccountID string `json:"accountId"`
		} `json:"resource"`
		Context map[string]any `json:"contextVariables"`
	} `json:"request"`
	Identity []named      `json:"identityPolicies"`
	SCPs     []namedLevel `json:"serviceControlPolicies"`
	RCPs     []namedLevel `json:"resourceControlPolicies"`
	Attached any          `json:"resourcePolicy,omitempty"`
	Boundary []named      `json:"permissionBoundaryPolicies,omitempty"`
	Session  any          `json:"sessionPolicy,omitempty"`
}

type named struct {
	Name   string          `json:"name"`
	Policy json.RawMessage `json:"policy"`
}

type namedLevel struct {
	Org      string  `json:"orgIdentifier"`
	Policies []named `json:"policies"`
}

// forSimulator converts a question for the simulator. why tells what the simulator cannot express, "" when it can
// express all.
func forSimulator(q *question) (s simulation, why string) {
	switch q.Caller.Kind {
	case policy.IAMUser, policy.RoleSession:
	default:
		return s, "who is neither a user nor a role session"
	}
	switch {
	case !slices.Contains([]string{"s3:GetObject", "s3:PutObject", "s3:ListBucket", "sts:AssumeRole"}, q.Action):
		return s, "an action whose rules are its own"
	case len(q.Sessions) > 1 || len(q.Sessions) == 1 && (len(q.Sessions[0]) != 1 || q.Caller.Kind != policy.RoleSession):
		return s, "other than one session policy of a role session"
	case strings.ContainsAny(q.Resource, "*?"):
		return s, "a wildcard in what is asked for, which the simulator takes for a question of many"
	case q.BlockPublic:
		return s, "blocked public access"
	case strings.Contains(q.Attached, aliceID) || strings.Contains(q.Attached, appID) ||
		strings.Contains(q.Attached, "CanonicalUser"):
		return s, "principals by ids that are ours alone"
	}
	if !hasReadableValues(q) {
		return s, "values, or operators, of another type than the key's"
	}
	var rcps [][]string
	for _, level := range q.RCPs {
		if len(level) == 0 || level[0] != fullRCP {
			return s, "an RCP level without full access, which the simulator adds"
		}
		for _, doc := range level[1:] {
			if strings.Contains(doc, `"Effect":"Allow"`) || !strings.Contains(doc, `"Action":"s3:*"`) {
				return s, "an RCP as customers cannot write it"
			}
		}
		rcps = append(rcps, level[1:])
	}
	list := func(docs []string) []named {
		out := []named{}
		for i, d := range docs {
			out = append(out, named{fmt.Sprint("p", i), json.RawMessage(d)})
		}
		return out
	}
	levels := func(l [][]string) []namedLevel {
		out := []namedLevel{}
		for i, docs := range l {
			out = append(out, namedLevel{fmt.Sprint("level", i), list(docs)})
		}
		return out
	}
	s.Request.Principal, s.Request.Action = string(q.Caller.ARN), q.Action
	s.Request.Resource.Resource, s.Request.Resource.AccountID = q.Resource, q.Owner
	s.Request.Context = map[string]any{}
	for k, v := range q.Keys {
		if k == "aws:tagkeys" {
			s.Request.Context[k] = v
		} else {
			s.Request.Context[k] = v[0]
		}
	}
	s.Identity, s.SCPs, s.RCPs = list(q.Identity), levels(q.SCPs), levels(rcps)
	if q.Attached != "" {
		s.Attached = json.RawMessage(q.Attached)
	}
	if q.Boundary != "" {
		s.Boundary = list([]string{q.Boundary})
	}
	if len(q.Sessions) == 1 {
		s.Session = json.RawMessage(q.Sessions[0][0])
	}
	return s, ""
}

var negated = regexp.MustCompile(`"[A-Za-z:]*Not(Equals|Like|EqualsIgnoreCase|IpAddress)[A-Za-z]*":`)

// hasReadableValues reports whether every condition compares its key with values that can be read. For other values
// each implementation behaves differently.
func hasReadableValues(q *question) bool {
	for _, doc := range slices.Concat(q.Identity, slices.Concat(q.Sessions...), slices.Concat(q.SCPs...),
		slices.Concat(q.RCPs...), documentList(q.Boundary), documentList(q.Attached)) {
		_, list := readStatements(doc)
		for _, s := range list {
			blocks, _ := s["Condition"].(map[string]any)
			for operator, keys := range blocks {
				base := strings.TrimSuffix(operator[strings.Index(operator, ":")+1:], "IfExists")
				for key, wanted := range keys.(map[string]any) {
					i := slices.IndexFunc(contextKeys, func(k contextKey) bool { return strings.EqualFold(k.name, key) })
					if base == "BinaryEquals" || base != "Null" && !slices.Contains(operatorsOf[contextKeys[i].family], base) {
						return false
					}
					for _, w := range texts(wanted) {
						if slices.Contains([]string{"abc", "1e3", "x", "0.0.0.0/0", "2025-06-01T00:00", "2025", "1748736000",
							"1748736001", "2025-06-01", "arn:aws:iam::*", "*"}, w) && base[:3] != "Str" {
							return false
						}
					}
				}
			}
		}
	}
	return true
}

// setOnSingle finds a set operator on a key that has a single value.
var setOnSingle = regexp.MustCompile(`"For(All|Any)Values?:[A-Za-z]+":{"([^aA]|a:|[aA][wW][sS]:[^tT])`)

// simplify changes a question so that the simulator is more likely to be able to express it.
func simplify(q *question) {
	if q.Caller.Kind != policy.IAMUser && q.Caller.Kind != policy.RoleSession {
		q.Caller = cast["U"]
	}
	q.BlockPublic = false
	delete(q.Keys, "a:bin")
	for k, plain := range map[string]string{"s3:max-keys": "10", "aws:currenttime": "2025-06-01T00:00:00Z",
		"aws:sourceip": "203.0.113.9", "aws:principalarn": roleARN} {
		if q.Keys[k] != nil {
			q.Keys[k] = []string{plain}
		}
	}
	if q.Caller.Kind != policy.RoleSession {
		q.Sessions = nil
	} else if len(q.Sessions) > 0 {
		if q.Sessions = q.Sessions[:1]; len(q.Sessions[0]) != 1 {
			q.Sessions = nil
		}
	}
	q.RCPs = slices.DeleteFunc(q.RCPs, func(l []string) bool { return len(l) == 0 || l[0] != fullRCP })
}

var fullRCP = documentOf(map[string]any{"Effect": "Allow", "Action": "*", "Resource": "*", "Principal": "*"})

// knownDifference returns how the two implementations are known to differ on the question, "" when they must agree. For
// each difference a test pins the engine's behaviour, and docs/divergences.md has a line.
func knownDifference(q *question, ignored []string) string {
	everything := strings.Join(slices.Concat(q.Identity, slices.Concat(q.Sessions...), slices.Concat(q.SCPs...),
		slices.Concat(q.RCPs...), []string{q.Boundary, q.Attached}), "\n")
	switch {
	case q.Attached != "" && !strings.Contains(q.Attached, "2012-10-17") && strings.Contains(q.Attached, "${"):
		return "version 2008 takes variables as text (TestVersion2008HasNoVariables)"
	case len(q.Sessions) > 0 && q.Attached != "" && string(q.Caller.Account) == q.Owner:
		return "a resource policy that names everyone or the session itself needs no session policy (TestWorkedExamples " +
			"84, 87)"
	case strings.Contains(everything, "${$}"), strings.Contains(everything, "${*}"), strings.Contains(everything, "${?}"):
		return "${$}, ${*} and ${?} are those characters, everywhere (TestPatternEdgeCases)"
	case strings.Contains(q.Resource, "\n"):
		return "a star spans line breaks (TestWildcards)"
	case negated.MatchString(everything) && strings.Contains(everything, "${"):
		return "a negated operator holds where a variable has no value (TestWorkedExamples 62)"
	case strings.Contains(everything, "${") && slices.ContainsFunc(slices.Collect(maps.Values(q.Keys)),
		func(v []string) bool { return v[0] == "" }):
		return "an empty value of a variable is a value (TestEmptyValueIsPresent)"
	case strings.Contains(everything, "NotResource") && strings.Contains(everything, "${"):
		return "a NotResource whose variable has no value excludes nothing (TestAnUnresolvedNotResourceExcludesNothing)"
	case strings.Contains(strings.ToLower(everything), `"aws:tagkeys":`):
		return "a key that may have several values and no set operator: whatever refuses (TestMultivaluedKeys)"
	case strings.Contains(everything, "ForAllValues:") && slices.ContainsFunc(slices.Collect(maps.Values(q.Keys)),
		func(v []string) bool { return v[0] == "" }):
		return "an empty text is an empty set to ForAllValues (TestMultivaluedKeys)"
	case strings.Contains(q.Attached, "NotPrincipal"):
		return "the simulator is not believed about NotPrincipal: it exempted others of a listed account " +
			"(TestNotPrincipalExemptions)"
	case strings.Contains(everything, `"arn:*:s3:*"`), strings.Contains(everything, `"arn:aws:s3:*"`):
		return "a pattern of few segments is compared by segment too (TestShortPatternsAreComparedBySegment)"
	case strings.Contains(everything, "IpAddress") && strings.Contains(everything, "2001:db8"):
		return "an IPv4 address is outside every IPv6 network (TestOperatorBoundaries)"
	case setOnSingle.MatchString(everything):
		return "a set operator on a key of one value (TestMultivaluedKeys)"
	case slices.ContainsFunc(ignored,
		func(k string) bool { return strings.Contains(strings.ToLower(everything), strings.ToLower(k)) }):
		return "context keys that the simulator's data says the action lacks are tested " +
			"(TestKeysNotDocumentedForTheActionAreTested)"
	}
	return ""
}

func askSimulator(t *testing.T, modules string, questions []simulation) []struct {
	Result, Error string
	Ignored       []string
} {
	t.Helper()
	in, err := json.Marshal(questions)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command("node", "../../tools/simulate/simulate.cjs")
	c.Env = append(os.Environ(), "MODULES="+modules)
	c.Stdin = bytes.NewReader(in)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var answers []struct {
		Result, Error string
		Ignored       []string
	}
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(questions) {
		t.Fatalf("%d answers to %d questions: %v", len(answers), len(questions), err)
	}
	return answers
}

// TestEngineAgainstIAMSimulate compares the engine with an independent simulator, run as a separate process, on
// generated questions. They must agree except where knownDifference says otherwise.
func TestEngineAgainstIAMSimulate(t *testing.T) {
	modules := os.Getenv("GRANARY_TEST_IAM_SIMULATE")
	_, node := exec.LookPath("node")
	if modules == "" || node != nil {
		if slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), "iam-simulate") {
			t.Fatal("iam-simulate is required: GRANARY_TEST_IAM_SIMULATE must name the folder node_modules that npm ci makes " +
				"beside tools/simulate/package.json")
		}
		t.Skip("iam-simulate is not installed")
	}
	n, seed := 6_000, 1 // the same questions in each run, except at night
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		n, _ = strconv.Atoi(text)
		n, seed = max(n/20, 2_000), os.Getpid()
	}
	var questions []*question
	var put []simulation
	counts := map[string]int{}
	draw := rapid.Custom(drawQuestion)
	for i := range n {
		q := draw.Example(seed*1_000_003 + i)
		simplify(q)
		s, why := forSimulator(q)
		if why != "" {
			counts["not asked: "+why]++
			continue
		}
		questions, put = append(questions, q), append(put, s)
	}
	agreed := map[string]int{}
	for i, a := range askSimulator(t, modules, put) {
		q := questions[i]
		got := answerOf(evaluateQuestion(t, q))
		theirs := map[string]string{"Allowed": allowed, "ExplicitlyDenied": explicit, "ImplicitlyDenied": implicit}[a.Result]
		switch why := knownDifference(q, a.Ignored); {
		case theirs == got:
			agreed[got]++
		case a.Error != "":
			counts["no answer: "+errorKind(a.Error)]++
		case why != "":
			counts["differ: "+why]++
		default:
			counts["DIFFER"]++
			if counts["DIFFER"] < 5 {
				t.Errorf("\n%s  the simulator says %s (it left out %v)\n%s", q.describe(), a.Result, a.Ignored,
					engineSays(evaluateQuestion(t, q)))
			}
		}
	}
	t.Logf("%d asked; agreed: %v", len(put), agreed)
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		t.Logf("%6d %s", counts[k], k)
	}
	if agreed[allowed]*20 < len(put) || agreed[explicit]*20 < len(put) || agreed[implicit]*20 < len(put) {
		t.Errorf("of %d they agreed on too few of a kind: %v", len(put), agreed)
	}
}

// errorKind extracts the message from an error of the simulator.
func errorKind(text string) string {
	if m := regexp.MustCompile(`"message":"((?:[^"\\]|\\.)*)"`).FindAllStringSubmatch(text, -1); m != nil {
		return m[0][1]
	}
	return text[:min(len(text), 80)]
}
