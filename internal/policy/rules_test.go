package policy

import (
	"fmt"
	"strings"
	"testing"

	"granary"
)

// TestFirstBrokenRuleIsReported checks that a document which breaks several rules is refused for the first in IAM's
// order, wherever it breaks it.
func TestFirstBrokenRuleIsReported(t *testing.T) {
	// Each statement breaks one of IAM's rules and none of the earlier ones, in IAM's order.
	rows := []struct{ statement, say string }{
		{`{"Effect":"Allow","Action":"s3:*","Resource":"*","Extra":1}`, "Syntax errors in policy."},
		{`{"Effect":"allow","Action":"s3:*","Resource":"*"}`, "The policy failed legacy parsing"},
		{`{"Sid":"a","Effect":"Allow","Action":"s3:*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"s3:*",` +
			`"Resource":"*"}`, "Statement IDs (SID) in a single policy must be unique."},
		{`{"Sid":"a b","Effect":"Allow","Action":"s3:*","Resource":"*"}`,
			"Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"},
		{`{"Effect":"Allow","Resource":"*"}`, "Policy statement must contain actions."},
		{stmt("Allow", "s3:*", "foo", ""), `Resource foo must be in ARN format or "*".`},
		{stmt("Allow", "s3:*", "arn:x:s3:::b", ""), `Partition "x" is not valid for resource "arn:x:s3:::b".`},
		{stmt("Allow", "s3:*", "arn:aws:*:::b", ""), "Resource vendor must be fully qualified and cannot contain regexes."},
		{stmt("Allow", "s3:*", "arn:aws:s3:us-east-1::b", ""), "Resource arn:aws:s3:us-east-1::b can not contain region " +
			"information."},
		{stmt("Allow", "iam:*", "arn:aws:iam:us-east-1:111111111111:role/x", ""),
			"IAM resource arn:aws:iam:us-east-1:111111111111:role/x cannot contain region information."},
		{stmt("Allow", "iam:*", "arn:aws:iam::111111111111:thing/x", ""),
			`IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, ` +
				`mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`},
		{stmt("Allow", "GetObject", "*", ""), "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."},
		{stmt("Allow", "s3:Get:x", "*", ""), "Actions/Condition can contain only one colon."},
		{stmt("Allow", "s*:Get", "*", ""), "Vendor s* is not valid"},
		{`{"Effect":"Allow","Action":"s3:*"}`, "Policy statement must contain resources."},
		{stmt("Allow", "s3:*", "*", who(`"*"`)), "Policy document should not specify a principal."},
	}
	for i, first := range rows {
		for _, later := range rows[i:] {
			for _, text := range []string{doc(first.statement + "," + later.statement),
				doc(later.statement + "," + first.statement)} {
				if first.statement == later.statement {
					text = doc(first.statement)
				}
				_, err := Parse(Identity, text)
				if err == nil || !strings.HasPrefix(err.Error(), first.say) {
					t.Errorf("%s\n got %v\nwant %s", text, err, first.say)
				}
			}
		}
	}
}

func TestMoreMalformedDocuments(t *testing.T) {
	for _, c := range []struct {
		kind      Kind
		text, say string
	}{
		{Identity, doc(stmt("Allow", "iam:*", "arn:aws:iam::111111111111:", "")), "IAM resource path"},
		{Identity, doc(stmt("Allow", "iam:*", "arn:aws:iam::111111111111:root", "")), "IAM resource path"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3::b", "")), "legacy parsing"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws", "")), "vendor must be"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:*", "")), "vendor must be"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:::b/a$b", "")), "dollar sign"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:::b/${}", "")), "variable"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:::b/${aws:username,'x'}", "")), "variable"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3::${aws:PrincipalAccount}:b", "")), "legacy parsing"},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"StringLike":{"a:b":"$x"}`))), "dollar sign"},
		{Identity, doc(stmt("Allow", "*", "*", `,"NotPrincipal":{"AWS":"x"}`)), "should not specify a principal"},
		{Trust, `{"Statement":1}`, "This policy contains invalid Json"},
		{Trust, doc(stmt("Allow", "sts:Get*", "", who(`"*"`))), "STS AssumeRole actions"},
		{Trust, doc(stmt("Allow", "sts:AssumeRole", "", who(`{"AWS":"nobody"}`))),
			`Invalid principal in policy: "AWS":"nobody"`},
		{Trust, doc(stmt("Deny", "sts:AssumeRole", "", `,"NotPrincipal":{"AWS":"111111111111"}`)), "NotPrincipal"},
		{Bucket, doc(stmt("Allow", "s3:*", "*", who(`{"AWS":"arn:aws:iam::111111111111:role/*"}`))),
			"Invalid principal in policy"},
		{SCP, doc(stmt("Deny", "*", "*", who(`"*"`))), "should not specify a principal"},
		{SCP, doc(`{"Effect":"Deny","Action":"*"}`), "must contain resources"},
		{RCP, doc(stmt("Deny", "s3:*", "*", "")), "Missing required field Principal"},
		{RCP, doc(stmt("Deny", "s3:*", "*", who(`{"AWS":["*","111111111111"]}`))), `can only be "*"`},
		{RCP, doc(stmt("Deny", "s3:*", "*", `,"NotPrincipal":"*"`)), "NotPrincipal"},
		{RCP, doc(`{"Effect":"Allow","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b"}`), "NotResource"},
	} {
		_, err := Parse(c.kind, c.text)
		if err == nil || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s\n got %v, want something with %q", c.text, err, c.say)
		}
	}
	for _, c := range []struct {
		kind Kind
		text string
	}{
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:*:*:b/*", ""))},
		{Identity, doc(stmt("Allow", "s3:*", "arn:*:s3:::b/${$}x", ""))},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:us-east-1:111111111111:access-grants/default", ""))},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"ForAnyValue:Null":{"aws:TagKeys":"false"}`)))},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"NumericNotEquals":{"s3:max-keys":["abc",1,true]}`)))},
		{Trust, `{"Statement":` + stmt("Allow", "sts:*", "", who(`"*"`)) + `}`},
		{Bucket, `{"Version":"2008-10-17","Id":"x","Statement":` + stmt("Allow", "s3:*", "arn:aws:s3:::b/a$b", who(`"*"`)) +
			`}`},
		{RCP, doc(`{"Effect":"Deny","Principal":"*","Action":"s3:*","NotResource":"arn:aws:s3:::b"}`)},
	} {
		if _, err := Parse(c.kind, c.text); err != nil {
			t.Errorf("%s: %v", c.text, err)
		}
	}
}

// TestRootRecoversBucketPolicy checks that the root user of a bucket's account may manage the bucket's policy in spite
// of every Deny except the organization's.
func TestRootRecoversBucketPolicy(t *testing.T) {
	deny := mustParse(t, Bucket, stmt("Deny", "s3:*", "*", who(`"*"`)))
	for _, c := range []struct {
		who, action string
		owner       granary.AccountID
		set         Set
		want        bool
	}{
		{"root", "s3:PutBucketPolicy", accountA, Set{Resource: deny}, true},
		{"root", "s3:GetBucketPolicy", accountA, Set{Resource: deny}, true},
		{"root", "s3:DeleteBucketPolicy", accountA, Set{Resource: deny, Sessions: [][]*Policy{{}}}, true},
		{"root", "s3:GetBucketLocation", accountA, Set{Resource: deny}, false},
		{"root", "s3:PutBucketPolicy", accountB, Set{Resource: deny}, false},
		{"U", "s3:PutBucketPolicy", accountA, Set{Resource: deny}, false},
		{"root", "s3:PutBucketPolicy", accountA, Set{SCPs: [][]*Policy{{mustParse(t, SCP, denyPolicy)}}}, false},
		{"root", "s3:PutBucketPolicy", accountA, Set{SCPs: [][]*Policy{{}}}, false},
	} {
		d := Evaluate(Request{Caller: callers[c.who], Action: c.action, Resource: "arn:aws:s3:::b", Owner: c.owner,
			Keys: Values{}}, c.set)
		if d.Allowed != c.want {
			t.Errorf("%s %s on a bucket of %s: %+v", c.who, c.action, c.owner, d)
		}
	}
}

var denyPolicy = stmt("Allow", "*", "*", "") + "," + stmt("Deny", "s3:PutBucketPolicy", "*", "")

func TestEveryDecidingStatementIsAReason(t *testing.T) {
	sid := func(id, statement string) string { return strings.Replace(statement, `{`, `{"Sid":"`+id+`",`, 1) }
	id := mustParse(t, Identity, sid("one", get)+","+sid("two", all)+","+sid("other", stmt("Allow", "ec2:*", "*", "")))
	scp := mustParse(t, SCP, sid("full", all))
	r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
	reasons := func(d Decision) string {
		var out []string
		for _, x := range d.Reasons {
			out = append(out, x.Layer.String()+" "+x.Sid)
		}
		return strings.Join(out, ", ")
	}
	if got := reasons(Evaluate(r, Set{Identity: []*Policy{id}, SCPs: [][]*Policy{{scp}}})); got != "identity-based one, "+
		"identity-based two, service control full" {
		t.Errorf("allowed by %s", got)
	}
	deny := mustParse(t, Identity, sid("no", denyGet))
	closed := mustParse(t, SCP, sid("shut", denyGet))
	d := Evaluate(r, Set{Identity: []*Policy{id, deny}, SCPs: [][]*Policy{{scp, closed}}})
	if got := reasons(d); got != "identity-based no, service control shut" || d.Layer != LayerIdentity || !d.Explicit {
		t.Errorf("denied by %s: %+v", got, d)
	}
}

func TestSCPsDoNotLimitServices(t *testing.T) {
	r := Request{Caller: callers["svc"], Action: "sts:AssumeRole", Resource: arnR, Owner: accountA}
	trust := mustParse(t, Trust, stmt("Allow", "sts:AssumeRole", "", who(`{"Service":"access-grants.s3.amazonaws.com"}`)))
	if d := Evaluate(r, Set{Resource: trust, Trust: true, SCPs: [][]*Policy{{}}}); !d.Allowed {
		t.Errorf("a service under a service control policy: %+v", d)
	}
	if d := Evaluate(r, Set{Resource: trust, Trust: true, RCPs: [][]*Policy{{}}}); d.Allowed || d.Layer != LayerRCP {
		t.Errorf("a service under a resource control policy: %+v", d)
	}
}

func TestConditionEdgeCases(t *testing.T) {
	for _, c := range []struct {
		name, cond string
		keys       Values
		want       bool
	}{
		{"either presence will do", `"Null":{"aws:username":["true","false"]}`, nil, true},
		{"an empty set is absent", `"Null":{"aws:TagKeys":"true"}`, Values{"aws:tagkeys": {}}, true},
		{"a variable stands for a whole ARN", `"ArnEquals":{"aws:SourceArn":"${aws:PrincipalArn}"}`,
			Values{"aws:sourcearn": {arnR}, "aws:principalarn": {arnR}}, true},
		{"and its stars are letters", `"ArnLike":{"aws:SourceArn":"${aws:PrincipalArn}"}`,
			Values{"aws:sourcearn": {arnR}, "aws:principalarn": {"arn:aws:iam::*:role/app"}}, false},
		{"a variable in one part of an ARN", `"ArnLike":{"aws:SourceArn":"arn:aws:iam::${aws:PrincipalAccount}:role/*"}`,
			Values{"aws:sourcearn": {arnR}, "aws:principalaccount": {string(accountA)}}, true},
		{"an unresolved ARN is no match", `"ArnLike":{"aws:SourceArn":"${aws:x}"}`, Values{"aws:sourcearn": {arnR}}, false},
		{"nor is it for the negated operator", `"ArnNotLike":{"aws:SourceArn":"${aws:x}"}`, Values{"aws:sourcearn": {arnR}},
			true},
		{"IPv4 in IPv6's clothes", `"IpAddress":{"aws:SourceIp":"::ffff:203.0.113.0/120"}`,
			singleKey("aws:sourceip", "203.0.113.9"), true},
		{"a year is no number of seconds", `"DateGreaterThan":{"aws:CurrentTime":"2024"}`,
			singleKey("aws:currenttime", "2025-01-01T00:00:00Z"), true},
		{"seconds before 1970", `"DateGreaterThan":{"aws:EpochTime":"-100"}`, singleKey("aws:epochtime", "0"), true},
		{"a default with a brace", `"StringEquals":{"a:b":"${aws:x, 'a}b'}"}`, singleKey("a:b", "a}b"), true},
	} {
		p := mustParse(t, Identity, stmt("Allow", "s3:GetObject", "*", cond(c.cond)))
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: c.keys}
		if c.keys == nil {
			r.Keys = Values{}
		}
		if got := Evaluate(r, Set{Identity: []*Policy{p}}).Allowed; got != c.want {
			t.Errorf("%s: %v", c.name, got)
		}
	}
}

// TestAnUnresolvedNotResourceExcludesNothing checks that an entry of Resource or NotResource whose variable has no
// value matches no resource. So an Allow with such a NotResource allows everything, and a Deny denies everything.
func TestAnUnresolvedNotResourceExcludesNothing(t *testing.T) {
	statement := `{"Effect":%q,"Action":"s3:*","NotResource":"arn:aws:s3:::b/${aws:username}"}`
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/alice", Owner: accountA,
		Keys: Values{}}
	if d := Evaluate(r, Set{Identity: []*Policy{mustParse(t, Identity, fmt.Sprintf(statement, "Allow"))}}); !d.Allowed {
		t.Errorf("%+v", d)
	}
	deny := []*Policy{mustParse(t, Identity, all+","+fmt.Sprintf(statement, "Deny"))}
	if d := Evaluate(r, Set{Identity: deny}); !d.Explicit {
		t.Errorf("%+v", d)
	}
	r.Keys = singleKey("aws:username", "alice")
	if d := Evaluate(r, Set{Identity: deny}); !d.Allowed {
		t.Errorf("%+v", d)
	}
}

func TestShortPatternsAreComparedBySegment(t *testing.T) {
	for pattern, match := range map[string]bool{"arn:*:s3:*": true, "arn:aws:s3:*": true, "arn:*:sns:*": false,
		"*": true} {
		p := mustParse(t, Identity, stmt("Allow", "s3:*", pattern, ""))
		if d := Evaluate(Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/:s3::sns:x",
			Owner: accountA}, Set{Identity: []*Policy{p}}); d.Allowed != match {
			t.Errorf("%s: %v", pattern, d.Allowed)
		}
	}
}

func TestEmptyValueIsPresent(t *testing.T) {
	p := mustParse(t, Identity, stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/${aws:PrincipalTag/t}k", ""))
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
		Keys: singleKey("aws:principaltag/t", "")}
	if d := Evaluate(r, Set{Identity: []*Policy{p}}); !d.Allowed {
		t.Errorf("%+v", d)
	}
	r.Keys = Values{}
	if d := Evaluate(r, Set{Identity: []*Policy{p}}); d.Allowed {
		t.Errorf("%+v", d)
	}
}

// TestKeysNotDocumentedForTheActionAreTested checks that conditions test every key of the request, also one that AWS's
// tables do not list for the action, and in Deny statements too.
func TestKeysNotDocumentedForTheActionAreTested(t *testing.T) {
	prefix := cond(`"StringEquals":{"s3:prefix":"a"}`)
	allow, deny := mustParse(t, Identity, stmt("Allow", "s3:GetObject", "*", prefix)),
		mustParse(t, Identity, get+","+stmt("Deny", "s3:GetObject", "*", prefix))
	for _, c := range []struct {
		keys          Keys
		allows, spare bool
	}{{singleKey("s3:prefix", "a"), true, false}, {singleKey("s3:prefix", "b"), false, true}, {Values{}, false, true}} {
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: c.keys}
		if d := Evaluate(r, Set{Identity: []*Policy{allow}}); d.Allowed != c.allows {
			t.Errorf("allowed with %v: %+v", c.keys, d)
		}
		if d := Evaluate(r, Set{Identity: []*Policy{deny}}); d.Allowed != c.spare || d.Explicit == c.spare {
			t.Errorf("denied with %v: %+v", c.keys, d)
		}
	}
}

// TestPublic checks that a policy for everyone is public unless a condition fixes who may use it (S3 User Guide, "The
// meaning of public").
func TestPublic(t *testing.T) {
	for condition, public := range map[string]bool{
		``: true,
		`"StringEquals":{"aws:PrincipalOrgID":"o-abcdefghij"}`:                             false,
		`"StringLike":{"aws:PrincipalOrgID":"o-*"}`:                                        true,
		`"StringEquals":{"aws:SourceAccount":"${aws:PrincipalAccount}"}`:                   true,
		`"StringEqualsIfExists":{"aws:SourceAccount":"111111111111"}`:                      true,
		`"StringNotEquals":{"aws:SourceAccount":"111111111111"}`:                           true,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::111111111111:role/*"}`:                false,
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*:role/app"}`:                         true,
		`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b*"}`:                                    true,
		`"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}`:                                        false,
		`"IpAddress":{"aws:SourceIp":"0.0.0.0/1"}`:                                         true,
		`"IpAddress":{"aws:SourceIp":"2000::/16"}`:                                         true,
		`"StringLike":{"aws:userid":"AROAEXAMPLE:*"}`:                                      false,
		`"ForAllValues:StringEquals":{"aws:PrincipalOrgPaths":"o-a/r-b/"}`:                 true,
		`"ForAnyValue:StringEquals":{"aws:PrincipalOrgPaths":"o-abcdefghij/r-abcd/ou-x/"}`: false,
	} {
		p := mustParse(t, Bucket,
			stmt("Allow", "s3:GetObject", "*", who(`"*"`)+map[bool]string{true: "", false: cond(condition)}[condition == ""]))
		if p.Public() != public {
			t.Errorf("%s: public is %v", condition, p.Public())
		}
	}
}

func TestUniqueIDPrincipals(t *testing.T) {
	c := callers["S"]
	c.UniqueID = "AROA2222222222222222"
	p := mustParse(t, Bucket, stmt("Deny", "s3:GetObject", "*", who(aws(c.UniqueID))))
	r := Request{Caller: c, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
	set := Set{Identity: []*Policy{mustParse(t, Identity, all)}, Resource: p}
	if d := Evaluate(r, set); !d.Explicit {
		t.Errorf("%+v", d)
	}
	r.Caller.UniqueID = "AROA3333333333333333"
	if d := Evaluate(r, set); !d.Allowed {
		t.Errorf("%+v", d)
	}
}

// BenchmarkEvaluateRole measures a typical role: an inline policy, two managed policies, a boundary, a session policy
// and two levels of SCPs.
func BenchmarkEvaluateRole(b *testing.B) {
	parse := func(k Kind, s string) *Policy {
		p, err := Parse(k, doc(s))
		if err != nil {
			b.Fatal(err)
		}
		return p
	}
	s3 := stmt("Allow", "s3:GetObject", "arn:aws:s3:::b/home/${aws:username, 'all'}/*",
		cond(`"StringEquals":{"aws:ResourceAccount":"111111111111"},"IpAddress":{"aws:SourceIp":["10.0.0.0/8",`+
			`"203.0.113.0/24"]}`)) +
		"," + stmt("Allow", "s3:ListBucket", "arn:aws:s3:::b", cond(`"StringLike":{"s3:prefix":["","home/*"]}`)) +
		"," + stmt("Deny", "s3:*", "*", cond(`"Bool":{"aws:SecureTransport":"false"}`))
	set := Set{Identity: []*Policy{parse(Identity, s3),
		managedPolicies["arn:aws:iam::aws:policy/IAMReadOnlyAccess"].Policy,
		managedPolicies["arn:aws:iam::aws:policy/PowerUserAccess"].Policy},
		Boundary: parse(Boundary, stmt("Allow", "s3:*", "*", "")),
		Sessions: [][]*Policy{{parse(Session, stmt("Allow", "s3:Get*", "arn:aws:s3:::b/home/*", ""))}},
		SCPs: [][]*Policy{{parse(SCP, all)},
			{parse(SCP, all+","+stmt("Deny", "organizations:LeaveOrganization", "*", ""))}}}
	r := Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/home/all/some/longer/key.txt",
		Owner: accountA,
		Keys: Values{"aws:resourceaccount": {string(accountA)}, "aws:sourceip": {"203.0.113.9"},
			"aws:securetransport": {"true"}}}
	b.ReportAllocs()
	for b.Loop() {
		if !Evaluate(r, set).Allowed {
			b.Fatal()
		}
	}
}
