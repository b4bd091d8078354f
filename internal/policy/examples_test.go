package policy

import (
	"fmt"
	"testing"

	"granary"
)

const (
	accountA = granary.AccountID("111111111111")
	accountB = granary.AccountID("222222222222")
	arnU     = "arn:aws:iam::111111111111:user/alice"
	arnR     = "arn:aws:iam::111111111111:role/app"
	arnS     = "arn:aws:sts::111111111111:assumed-role/app/s1"
)

var callers = map[string]Caller{
	"U":    {Kind: IAMUser, Account: accountA, ARN: arnU},
	"S":    {Kind: RoleSession, Account: accountA, ARN: arnS, Role: arnR},
	"root": {Kind: Root, Account: accountA, ARN: "arn:aws:iam::111111111111:root"},
	"anon": {Kind: Anonymous},
	"svc":  {Kind: Service, Service: "access-grants.s3.amazonaws.com"},
}

func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

func stmt(effect, action, resource, extra string) string {
	s := fmt.Sprintf(`{"Effect":%q,"Action":%q`, effect, action)
	if resource != "" {
		s += fmt.Sprintf(`,"Resource":%q`, resource)
	}
	return s + extra + "}"
}

func cond(c string) string { return `,"Condition":{` + c + `}` }

func who(p string) string { return `,"Principal":` + p }

func aws(arn string) string { return fmt.Sprintf(`{"AWS":%q}`, arn) }

var (
	get     = stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/*", "")
	denyGet = stmt("Deny", "s3:GetObject", "*", "")
	all     = stmt("Allow", "*", "*", "")
)

func resourceStatement(principal string) string {
	return stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/*", who(principal))
}

func singleKey(name, value string) Values { return Values{name: {value}} }

func mustParse(t *testing.T, kind Kind, statements string) *Policy {
	t.Helper()
	p, err := Parse(kind, doc(statements))
	if err != nil {
		t.Fatalf("%v\n%s", err, statements)
	}
	return p
}

func TestEmptySessionPolicyDeniesEverything(t *testing.T) {
	set := Set{Identity: []*Policy{mustParse(t, Identity, all)}, Sessions: [][]*Policy{{{kind: Session}}}}
	d := Evaluate(Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA},
		set)
	if d.Allowed || d.Layer != LayerSession {
		t.Errorf("%+v", d)
	}
}

func TestVersion2008HasNoVariables(t *testing.T) {
	p, err := Parse(Bucket, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject",`+
		`"Resource":"arn:aws:s3:::b/${aws:username}/*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/alice/f", Owner: accountA,
		Keys: singleKey("aws:username", "alice")}
	if d := Evaluate(r, Set{Resource: p}); d.Allowed {
		t.Error("a variable was filled in")
	}
	r.Resource = "arn:aws:s3:::b/${aws:username}/f"
	if d := Evaluate(r, Set{Resource: p}); !d.Allowed {
		t.Error("the literal text does not match itself")
	}
}

func TestPublicPolicyIsBlockedAcrossAccounts(t *testing.T) {
	p := mustParse(t, Bucket, resourceStatement(`"*"`))
	r := Request{Caller: callers["anon"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
	if Evaluate(r, Set{Resource: p, BlockPublic: true}).Allowed {
		t.Error("a stranger read through a blocked public policy")
	}
	r.Caller = callers["U"]
	if !Evaluate(r, Set{Resource: p, BlockPublic: true}).Allowed {
		t.Error("the owner's account is not a stranger")
	}
}

func BenchmarkEvaluate(b *testing.B) {
	p, err := Parse(Identity,
		doc(stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/*", cond(`"StringEquals":{"aws:ResourceAccount":"111111111111"}`))))
	if err != nil {
		b.Fatal(err)
	}
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/some/longer/key.txt",
		Owner: accountA, Keys: singleKey("aws:resourceaccount", "111111111111")}
	set := Set{Identity: []*Policy{p}}
	b.ReportAllocs()
	for b.Loop() {
		if !Evaluate(r, set).Allowed {
			b.Fatal()
		}
	}
}
