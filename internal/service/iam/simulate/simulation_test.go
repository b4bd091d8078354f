package simulate

import (
	"strings"
	"testing"

	"granary"
	api "granary/internal/api/iam"
	"granary/internal/policy"
)

const account = granary.AccountID("111122223333")

// simulation makes one with the given identity policies.
func simulation(t *testing.T, documents ...string) *Simulation {
	t.Helper()
	m := &Simulation{Caller: policy.Caller{Kind: policy.IAMUser, Account: account}}
	if err := m.AddInputs(documents, nil); err != nil {
		t.Fatal(err)
	}
	return m
}

func statement(effect, action, resource string) string {
	return `{"Version":"2012-10-17","Statement":{"Effect":"` + effect + `","Action":"` + action + `","Resource":"` +
		resource + `"}}`
}

// evaluateOne evaluates one action on one resource.
func evaluateOne(t *testing.T, m *Simulation, action, resource string) api.EvaluationResult {
	t.Helper()
	page, _, err := m.Run([]string{action}, []string{resource}, 0, 10)
	if err != nil || len(page) != 1 {
		t.Fatalf("%d results, error %v", len(page), err)
	}
	return page[0]
}

func TestTheLayersDecide(t *testing.T) {
	const object = "arn:aws:s3:::reports/q3.csv"
	for _, c := range []struct {
		name  string
		setup func(*Simulation) error
		want  string
	}{
		{"identity policies allow", func(*Simulation) error { return nil }, "allowed"},
		{"a boundary that allows something else", func(m *Simulation) error {
			return m.SetBoundary("B", "none", statement("Allow", "s3:PutObject", "*"))
		}, "implicitDeny"},
		{"an organization that denies", func(m *Simulation) error {
			return m.AddOrganization([]api.OrderedOrganizationPolicyType{{ServiceControlPolicyInputList: []string{
				statement("Allow", "*", "*"), statement("Deny", "s3:GetObject", "*")}}})
		}, "explicitDeny"},
		{"an account without controls", func(m *Simulation) error {
			m.Govern(nil)
			return nil
		}, "allowed"},
	} {
		m := simulation(t, statement("Allow", "s3:GetObject", "*"))
		if err := c.setup(m); err != nil {
			t.Fatal(err)
		}
		if got := evaluateOne(t, m, "s3:GetObject", object).EvalDecision; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	if got := evaluateOne(t, &Simulation{}, "s3:GetObject", object).EvalDecision; got != "implicitDeny" {
		t.Errorf("without policies: %s", got)
	}
}

func TestMatchedStatementsNameTheirPolicy(t *testing.T) {
	m := simulation(t, statement("Allow", "s3:GetObject", "*"), statement("Deny", "s3:*", "*"))
	r := evaluateOne(t, m, "s3:GetObject", "*")
	var sources []string
	for _, s := range r.MatchedStatements {
		sources = append(sources, s.SourcePolicyId)
	}
	if r.EvalDecision != "explicitDeny" || !strings.Contains(strings.Join(sources, " "), "PolicyInputList.2") {
		t.Errorf("%s by %v", r.EvalDecision, sources)
	}
}

func TestPagesFollowEachOther(t *testing.T) {
	m := simulation(t, statement("Allow", "s3:GetObject", "*"))
	actions, resources := []string{"s3:GetObject", "s3:PutObject"}, []string{"arn:aws:s3:::a/b", "arn:aws:s3:::c/d"}
	var got []string
	for first, pages := 0, 0; ; pages++ {
		page, next, err := m.Run(actions, resources, first, 3)
		if err != nil || pages > 2 {
			t.Fatalf("page %d: %v", pages, err)
		}
		for _, e := range page {
			if len(e.ResourceSpecificResults) != 2 {
				t.Errorf("%d results for the resources of %s, want 2", len(e.ResourceSpecificResults), e.EvalActionName)
			}
			got = append(got, e.EvalActionName+" "+e.EvalResourceName+" "+e.EvalDecision)
		}
		if next == 0 {
			break
		}
		first = next
	}
	want := "s3:GetObject arn:aws:s3:::a/b allowed,s3:GetObject arn:aws:s3:::c/d allowed," +
		"s3:PutObject arn:aws:s3:::a/b implicitDeny,s3:PutObject arn:aws:s3:::c/d implicitDeny"
	if strings.Join(got, ",") != want {
		t.Errorf("%v", got)
	}
}

func TestMissingContextKeysAreNamed(t *testing.T) {
	m := simulation(t, `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":`+
		`{"StringEquals":{"aws:PrincipalTag/team":"red","aws:RequestedRegion":"eu-west-1"}}}}`)
	if got := strings.Join(m.ContextKeys(), " "); got != "aws:PrincipalTag/team aws:RequestedRegion" {
		t.Errorf("keys %s", got)
	}
	if err := m.SetContext([]api.ContextEntry{{ContextKeyName: "AWS:requestedregion", ContextKeyType: "string",
		ContextKeyValues: []string{"eu-west-1"}}}); err != nil {
		t.Fatal(err)
	}
	r := evaluateOne(t, m, "s3:GetObject", "*")
	if got := strings.Join(r.MissingContextValues, " "); got != "aws:PrincipalTag/team" {
		t.Errorf("missing %s", got)
	}
}

func TestInputThatASimulationRefuses(t *testing.T) {
	many, all := make([]string, maxActions+1), statement("Allow", "*", "*")
	for name, err := range map[string]error{
		"too many actions":    CheckNames(many, nil),
		"an action's form":    CheckNames([]string{"GetObject"}, nil),
		"a resource's form":   CheckNames([]string{"s3:GetObject"}, []string{"bucket"}),
		"two boundaries":      (&Simulation{}).AddInputs(nil, []string{all, all}),
		"no policy":           (&Simulation{}).AddInputs([]string{"{"}, nil),
		"a level without any": (&Simulation{}).AddOrganization(make([]api.OrderedOrganizationPolicyType, 1)),
		"a role as caller":    (&Simulation{}).SetCaller("arn:aws:iam::111122223333:role/r"),
		"an owner's form":     (&Simulation{}).SetResource("", "nobody"),
		"a value's type": (&Simulation{}).SetContext([]api.ContextEntry{{ContextKeyName: "aws:SourceIp", ContextKeyType: "ip",
			ContextKeyValues: []string{"here"}}}),
		"a key twice": (&Simulation{}).SetContext([]api.ContextEntry{{ContextKeyName: "k", ContextKeyType: "string"},
			{ContextKeyName: "K", ContextKeyType: "string"}}),
	} {
		if !granary.Is(err, granary.Invalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
