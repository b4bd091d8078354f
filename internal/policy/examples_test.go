package policy

import (
	"fmt"
	"strings"
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

// example is one worked row: layers as lists of statements in JSON, the request, and A(llow), I(mplicit) or E(xplicit deny).
type example struct {
	n                               int
	id, pb, sp, scp, rcp, rp, trust string
	who, action, key                string
	keys                            Values
	owner                           granary.AccountID
	want                            string
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
	getAll  = stmt("Allow", "s3:GetObject", "*", "")
	denyGet = stmt("Deny", "s3:GetObject", "*", "")
	all     = stmt("Allow", "*", "*", "")
)

func rp(principal string) string {
	return stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/*", who(principal))
}

func when(c string) string { return stmt("Allow", "s3:GetObject", "*", cond(c)) }

func list(c string) string { return stmt("Allow", "s3:ListBucket", "*", cond(c)) }

func one(name, value string) Values { return Values{name: {value}} }

// examples are the rows of the specification's table, by their numbers.
var examples = []example{
	{n: 1, want: "I"},
	{n: 2, id: get, want: "A"},
	{n: 3, id: stmt("Allow", "s3:*", "*", "") + "," + stmt("Deny", "s3:GetObject", "arn:aws:s3:::b/*", ""), want: "E"},
	{n: 4, id: stmt("Allow", "S3:getobject", "*", ""), want: "A"},
	{n: 5, id: stmt("Allow", "s3:Get?bject", "*", ""), want: "A"},
	{n: 6, id: stmt("Allow", "s3:Get*", "*", ""), action: "s3:ListBucket", key: "-", want: "I"},
	{n: 7, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b", ""), want: "I"},
	{n: 8, id: stmt("Allow", "s3:ListBucket", "arn:aws:s3:::b/*", ""), action: "s3:ListBucket", key: "-", want: "I"},
	{n: 9, id: stmt("Allow", "s3:ListBucket", "arn:aws:s3:::b*", ""), action: "s3:ListBucket", key: "-", want: "A"},
	{n: 10, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/k", ""), key: "K", want: "I"},
	{n: 11, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/x*z", ""), key: "x/y/z", want: "A"},
	{n: 12, id: get, key: "x:y", want: "A"},
	{n: 13, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/?", ""), key: "ab", want: "I"},
	{n: 14, id: `{"Effect":"Allow","NotAction":"s3:Delete*","Resource":"*"}`, want: "A"},
	{n: 15, id: `{"Effect":"Allow","NotAction":"s3:Delete*","Resource":"*"}`, action: "s3:DeleteObject", want: "I"},
	{n: 16, id: stmt("Allow", "s3:*", "*", "") + `,{"Effect":"Deny","Action":"s3:*","NotResource":["arn:aws:s3:::c","arn:aws:s3:::c/*"]}`, want: "E"},
	{n: 17, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/home/${aws:username}/*", ""), key: "home/alice/f", keys: one("aws:username", "alice"), want: "A"},
	{n: 18, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/home/${aws:username}/*", ""), who: "S", key: "home//f", want: "I"},
	{n: 19, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/team, 'company-wide'}/*", ""), key: "company-wide/f", want: "A"},
	{n: 21, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/a${*}", ""), key: "ab", want: "I"},
	{n: 22, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/a${*}", ""), key: "a*", want: "A"},
	{n: 23, id: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/home/${aws:PrincipalTag/d}/f", ""), key: "home/bob/f", keys: one("aws:principaltag/d", "*"), want: "I"},
	{n: 24, id: list(`"StringEquals":{"s3:prefix":"a/"}`), action: "s3:ListBucket", key: "-", keys: one("s3:prefix", "a/"), want: "A"},
	{n: 25, id: list(`"StringLike":{"s3:prefix":"a/*"}`), action: "s3:ListBucket", key: "-", keys: one("s3:prefix", "a/x"), want: "A"},
	{n: 26, id: list(`"StringLike":{"s3:prefix":"a/*"}`), action: "s3:ListBucket", key: "-", want: "I"},
	{n: 27, id: list(`"StringLike":{"s3:prefix":["","a/*"]}`), action: "s3:ListBucket", key: "-", keys: one("s3:prefix", ""), want: "A"},
	{n: 28, id: list(`"StringEquals":{"s3:prefix":"a/*"}`), action: "s3:ListBucket", key: "-", keys: one("s3:prefix", "a/x"), want: "I"},
	{n: 29, id: list(`"NumericLessThanEquals":{"s3:max-keys":"10"}`), action: "s3:ListBucket", key: "-", keys: one("s3:max-keys", "1000"), want: "I"},
	{n: 30, id: list(`"NumericLessThanEquals":{"s3:max-keys":"10"}`), action: "s3:ListBucket", key: "-", want: "I"},
	{n: 31, id: list(`"NumericLessThanEqualsIfExists":{"s3:max-keys":"10"}`), action: "s3:ListBucket", key: "-", want: "A"},
	{n: 32, id: when(`"StringNotEquals":{"aws:PrincipalTag/t":"x"}`), want: "A"},
	{n: 33, id: when(`"StringEqualsIgnoreCase":{"aws:PrincipalTag/t":"DEV"}`), keys: one("aws:principaltag/t", "dev"), want: "A"},
	{n: 34, id: when(`"StringEquals":{"AWS:principaltag/t":"x"}`), keys: one("aws:principaltag/t", "x"), want: "A"},
	{n: 35, id: when(`"StringEquals":{"a:x":"1","a:y":"2"}`), keys: Values{"a:x": {"1"}, "a:y": {"3"}}, want: "I"},
	{n: 36, id: when(`"StringEquals":{"a:x":["1","2"]}`), keys: one("a:x", "2"), want: "A"},
	{n: 37, id: when(`"StringNotEquals":{"a:x":["1","2"]}`), keys: one("a:x", "2"), want: "I"},
	{n: 38, id: when(`"Null":{"aws:TokenIssueTime":"true"}`), want: "A"},
	{n: 39, id: when(`"Null":{"aws:TokenIssueTime":"false"}`), want: "I"},
	{n: 40, id: when(`"Bool":{"aws:SecureTransport":"True"}`), keys: one("aws:securetransport", "true"), want: "A"},
	{n: 41, id: when(`"Bool":{"aws:MultiFactorAuthPresent":"true"}`), want: "I"},
	{n: 42, id: when(`"BoolIfExists":{"aws:MultiFactorAuthPresent":"true"}`), want: "A"},
	{n: 43, id: when(`"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}`), keys: one("aws:sourceip", "203.0.113.9"), want: "A"},
	{n: 44, id: when(`"NotIpAddress":{"aws:SourceIp":["203.0.113.0/24","2001:db8::/32"]}`), keys: one("aws:sourceip", "2001:db8::1"), want: "I"},
	{n: 45, id: when(`"IpAddress":{"aws:SourceIp":"203.0.113.9"}`), keys: one("aws:sourceip", "203.0.113.9"), want: "A"},
	{n: 46, id: when(`"NotIpAddress":{"aws:SourceIp":"203.0.113.9"}`), want: "A"},
	{n: 47, id: when(`"DateGreaterThan":{"aws:CurrentTime":"2024-01-01T00:00:00Z"}`), keys: one("aws:currenttime", "2025-01-01T00:00:00Z"), want: "A"},
	{n: 48, id: when(`"DateEquals":{"aws:CurrentTime":"2025-01-01T01:00:00+01:00"}`), keys: one("aws:currenttime", "2025-01-01T00:00:00Z"), want: "A"},
	{n: 49, id: when(`"DateLessThan":{"aws:EpochTime":"1700000000"}`), keys: one("aws:epochtime", "1800000000"), want: "I"},
	{n: 50, id: when(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}`), who: "S", keys: one("aws:principalarn", arnR), want: "A"},
	{n: 51, id: when(`"ArnEquals":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}`), who: "S", keys: one("aws:principalarn", arnR), want: "A"},
	{n: 52, id: when(`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*"}`), who: "S", keys: one("aws:principalarn", arnR), want: "I"},
	{n: 53, id: when(`"StringLike":{"aws:PrincipalArn":"arn:aws:iam::*"}`), who: "S", keys: one("aws:principalarn", arnR), want: "A"},
	{n: 54, id: when(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`), keys: one("aws:tagkeys", "a"), want: "A"},
	{n: 55, id: when(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`), keys: Values{"aws:tagkeys": {"a", "c"}}, want: "I"},
	{n: 56, id: when(`"ForAllValues:StringEquals":{"aws:TagKeys":["a","b"]}`), want: "A"},
	{n: 57, id: when(`"ForAnyValue:StringEquals":{"aws:TagKeys":["a","b"]}`), keys: Values{"aws:tagkeys": {"c", "b"}}, want: "A"},
	{n: 58, id: when(`"ForAnyValue:StringEqualsIfExists":{"aws:TagKeys":["a","b"]}`), want: "I"},
	{n: 59, id: getAll + "," + stmt("Deny", "s3:GetObject", "*", cond(`"ForAnyValue:StringNotEquals":{"aws:TagKeys":["a","b"]}`)), keys: Values{"aws:tagkeys": {"a", "c"}}, want: "E"},
	{n: 60, id: when(`"ForAllValues:StringNotEquals":{"aws:TagKeys":["a","b"]}`), keys: Values{"aws:tagkeys": {"a", "c"}}, want: "I"},
	{n: 61, id: when(`"StringEquals":{"s3:ExistingObjectTag/Team":"${aws:PrincipalTag/Team}"}`), keys: one("s3:existingobjecttag/team", "x"), want: "I"},
	{n: 62, id: when(`"StringNotEquals":{"s3:ExistingObjectTag/Team":"${aws:PrincipalTag/Team}"}`), keys: one("s3:existingobjecttag/team", "x"), want: "A"},
	{n: 63, id: when(`"NumericLessThan":{"s3:signatureAge":600000}`), keys: one("s3:signatureage", "10"), want: "A"},
	{n: 64, id: when(`"NumericNotEquals":{"s3:max-keys":"abc"}`), keys: one("s3:max-keys", "10"), want: "I"},
	{n: 65, id: get, pb: stmt("Allow", "s3:ListBucket", "*", ""), want: "I"},
	{n: 66, pb: all, want: "I"},
	{n: 67, id: get, pb: all + "," + denyGet, want: "E"},
	{n: 68, id: get, scp: stmt("Allow", "ec2:*", "*", ""), want: "I"},
	{n: 69, id: get, scp: all + "," + denyGet, want: "E"},
	{n: 70, id: stmt("Allow", "s3:*", "*", ""), sp: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/only/*", ""), who: "S", want: "I"},
	{n: 71, id: stmt("Allow", "s3:*", "*", ""), sp: stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/only/*", ""), who: "S", key: "only/x", want: "A"},
	{n: 72, id: stmt("Allow", "s3:List*", "*", ""), sp: all, who: "S", want: "I"},
	{n: 73, id: get, sp: all + "," + denyGet, who: "S", want: "E"},
	{n: 75, rp: rp(aws(arnU)), want: "A"},
	{n: 76, rp: rp(aws(arnU)), pb: stmt("Allow", "s3:ListBucket", "*", ""), want: "A"},
	{n: 77, rp: rp(aws("arn:aws:iam::111111111111:root")), want: "I"},
	{n: 78, rp: rp(aws("111111111111")), id: get, want: "A"},
	{n: 79, rp: rp(`"*"`), pb: stmt("Allow", "s3:ListBucket", "*", ""), want: "A"},
	{n: 80, id: get, rp: stmt("Deny", "s3:*", "*", who(`"*"`)), want: "E"},
	{n: 81, rp: rp(aws(arnR)), who: "S", want: "A"},
	{n: 82, rp: rp(aws(arnR)), sp: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", want: "I"},
	{n: 83, rp: rp(aws(arnR)), pb: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", want: "I"},
	{n: 84, rp: rp(aws(arnS)), sp: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", want: "A"},
	{n: 85, rp: rp(aws(arnS)), pb: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", want: "A"},
	{n: 86, rp: rp(aws(arnS)), sp: denyGet, who: "S", want: "E"},
	{n: 87, rp: stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(`"ArnEquals":{"aws:PrincipalArn":"`+arnR+`"}`)), sp: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", keys: one("aws:principalarn", arnR), want: "A"},
	{n: 88, rp: rp(aws("arn:aws:iam::111111111111:user/bob")), want: "I"},
	{n: 89, rp: rp(aws(arnU)), scp: stmt("Allow", "ec2:*", "*", ""), want: "I"},
	{n: 90, rp: stmt("Deny", "s3:GetObject", "*", who(aws(arnR))), id: get, who: "S", want: "E"},
	{n: 91, rp: stmt("Deny", "s3:GetObject", "*", who(aws("arn:aws:iam::111111111111:root"))), id: get, want: "E"},
	{n: 92, owner: accountB, id: get, want: "I"},
	{n: 93, owner: accountB, rp: rp(aws(arnU)), want: "I"},
	{n: 94, owner: accountB, rp: rp(aws("111111111111")), id: get, want: "A"},
	{n: 95, owner: accountB, rp: rp(`"*"`), want: "I"},
	{n: 96, owner: accountB, rp: rp(aws(arnS)), id: get, sp: stmt("Allow", "s3:ListBucket", "*", ""), who: "S", want: "I"},
	{n: 97, owner: accountB, rp: rp(aws(arnU)), id: get, pb: stmt("Allow", "s3:ListBucket", "*", ""), want: "I"},
	{n: 98, id: get, rp: stmt("Deny", "s3:*", "*", `,"NotPrincipal":{"AWS":["`+arnU+`","arn:aws:iam::111111111111:root"]}`), want: "A"},
	{n: 99, id: get, rp: stmt("Deny", "s3:*", "*", `,"NotPrincipal":{"AWS":"arn:aws:iam::111111111111:user/bob"}`), want: "E"},
	{n: 100, rp: rp(`"*"`), who: "anon", want: "A"},
	{n: 101, rp: rp(aws("111111111111")), who: "anon", want: "I"},
	{n: 102, who: "root", want: "A"},
	{n: 103, trust: stmt("Allow", "sts:AssumeRole", "", who(aws("111111111111"))), want: "I"},
	{n: 104, trust: stmt("Allow", "sts:AssumeRole", "", who(aws("111111111111"))), id: stmt("Allow", "sts:AssumeRole", arnR, ""), want: "A"},
	{n: 105, trust: stmt("Allow", "sts:AssumeRole", "", who(aws(arnU))), want: "A"},
	{n: 106, trust: stmt("Allow", "sts:AssumeRole", "", who(aws("222222222222"))), id: stmt("Allow", "sts:AssumeRole", "*", ""), want: "I"},
	{n: 107, trust: stmt("Allow", "sts:AssumeRole", "", who(`{"Service":"access-grants.s3.amazonaws.com"}`)+cond(`"StringEquals":{"aws:SourceAccount":"111111111111"}`)), who: "svc", keys: one("aws:sourceaccount", "111111111111"), want: "A"},
	{n: 108, trust: stmt("Allow", "sts:SetContext", "", who(aws(arnU))+cond(`"ForAllValues:ArnEquals":{"sts:RequestContextProviders":"arn:aws:iam::aws:contextProvider/IdentityCenter"}`)), action: "sts:SetContext", keys: one("sts:requestcontextproviders", "arn:aws:iam::aws:contextProvider/IdentityCenter"), want: "A"},
	{n: 109, rcp: stmt("Allow", "*", "*", who(`"*"`)) + "," + stmt("Deny", "s3:*", "*", who(`"*"`)), id: get, want: "E"},
}

func mustParse(t *testing.T, kind Kind, statements string) *Policy {
	t.Helper()
	p, err := Parse(kind, doc(statements))
	if err != nil {
		t.Fatalf("%v\n%s", err, statements)
	}
	return p
}

func (x *example) evaluate(t *testing.T) Decision {
	r := Request{Caller: callers[cmp(x.who, "U")], Action: cmp(x.action, "s3:GetObject"), Resource: "arn:aws:s3:::b/" + cmp(x.key, "k"),
		Owner: cmp(x.owner, accountA), Keys: x.keys}
	if x.key == "-" {
		r.Resource = "arn:aws:s3:::b"
	}
	if x.keys == nil {
		r.Keys = Values{}
	}
	var set Set
	if x.id != "" {
		set.Identity = []*Policy{mustParse(t, Identity, x.id)}
	}
	if x.pb != "" {
		set.Boundary = mustParse(t, Boundary, x.pb)
	}
	if x.sp != "" {
		set.Sessions = [][]*Policy{{mustParse(t, Session, x.sp)}}
	}
	if x.scp != "" {
		set.SCPs = [][]*Policy{{mustParse(t, SCP, x.scp)}}
	}
	if x.rcp != "" {
		set.RCPs = [][]*Policy{{mustParse(t, RCP, x.rcp)}}
	}
	if x.rp != "" {
		set.Resource = mustParse(t, Bucket, x.rp)
	}
	if x.trust != "" {
		set.Resource, set.Trust = mustParse(t, Trust, x.trust), true
		r.Action, r.Resource = cmp(x.action, "sts:AssumeRole"), arnR
	}
	return Evaluate(r, set)
}

func cmp[T ~string](v, fallback T) T {
	if v == "" {
		return fallback
	}
	return v
}

func TestWorkedExamples(t *testing.T) {
	for _, x := range examples {
		t.Run(fmt.Sprint(x.n), func(t *testing.T) {
			d := x.evaluate(t)
			got := "I"
			if d.Allowed {
				got = "A"
			} else if d.Explicit {
				got = "E"
			}
			if got != x.want {
				t.Errorf("got %s (layer %d, reasons %v), want %s", got, d.Layer, d.Reasons, x.want)
			}
			if !d.Allowed && d.Layer == LayerNone {
				t.Error("a refusal that names no layer")
			}
		})
	}
}

func TestEmptySessionPolicyDeniesEverything(t *testing.T) {
	set := Set{Identity: []*Policy{mustParse(t, Identity, all)}, Sessions: [][]*Policy{{{kind: Session}}}}
	d := Evaluate(Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}, set)
	if d.Allowed || d.Layer != LayerSession {
		t.Errorf("%+v", d)
	}
}

func TestVersion2008KnowsNoVariables(t *testing.T) {
	p, err := Parse(Bucket, `{"Statement":{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/${aws:username}/*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/alice/f", Owner: accountA, Keys: one("aws:username", "alice")}
	if d := Evaluate(r, Set{Resource: p}); d.Allowed {
		t.Error("a variable was filled in")
	}
	r.Resource = "arn:aws:s3:::b/${aws:username}/f"
	if d := Evaluate(r, Set{Resource: p}); !d.Allowed {
		t.Error("the literal text does not match itself")
	}
}

func TestPublicPolicyIsBlockedAcrossAccounts(t *testing.T) {
	p := mustParse(t, Bucket, rp(`"*"`))
	r := Request{Caller: callers["anon"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
	if Evaluate(r, Set{Resource: p, BlockPublic: true}).Allowed {
		t.Error("a stranger read through a blocked public policy")
	}
	r.Caller = callers["U"]
	if !Evaluate(r, Set{Resource: p, BlockPublic: true}).Allowed {
		t.Error("the owner's account is not a stranger")
	}
}

// Adding a Deny, a boundary, a session policy or an SCP never turns a refusal into an allowance; and unrelated keys change nothing.
func TestRestrictionsOnlyRestrict(t *testing.T) {
	for _, x := range examples {
		before := x.evaluate(t)
		for name, y := range map[string]example{"id": with(x, func(e *example) { e.id = join(e.id, denyGet) }),
			"pb":  with(x, func(e *example) { e.pb = cmp(e.pb, stmt("Allow", "ec2:*", "*", "")) }),
			"sp":  with(x, func(e *example) { e.sp = cmp(e.sp, stmt("Allow", "ec2:*", "*", "")) }),
			"scp": with(x, func(e *example) { e.scp = cmp(e.scp, stmt("Allow", "ec2:*", "*", "")) })} {
			if after := y.evaluate(t); after.Allowed && !before.Allowed {
				t.Errorf("example %d: restricting %s allowed it", x.n, name)
			}
		}
	}
}

func with(x example, f func(*example)) example {
	f(&x)
	return x
}

func join(a, b string) string { return strings.Trim(a+","+b, ",") }

func BenchmarkEvaluate(b *testing.B) {
	p, err := Parse(Identity, doc(stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/*", cond(`"StringEquals":{"aws:ResourceAccount":"111111111111"}`))))
	if err != nil {
		b.Fatal(err)
	}
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/some/longer/key.txt", Owner: accountA, Keys: one("aws:resourceaccount", "111111111111")}
	set := Set{Identity: []*Policy{p}}
	b.ReportAllocs()
	for b.Loop() {
		if !Evaluate(r, set).Allowed {
			b.Fatal()
		}
	}
}
