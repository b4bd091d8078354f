package policy

import (
	"fmt"
	"strings"
	"testing"

	"granary"
)

// TestOperatorBoundaries checks each condition operator on both sides of its boundary, and with values that cannot be
// read.
func TestOperatorBoundaries(t *testing.T) {
	for _, c := range []struct {
		operator, wanted string
		values           map[string]bool // context value → holds
	}{
		{"NumericEquals", "10", map[string]bool{"10": true, "10.0": true, "9": false, "11": false, "x": false}},
		{"NumericNotEquals", "10", map[string]bool{"10": false, "9": true, "x": false, "1e3": false, "1/3": false,
			"0x9": false}},
		{"NumericEquals", "1000", map[string]bool{"1e3": false, "1000": true, "+1000": true}},
		{"StringEquals", "a", map[string]bool{"a": true, "A": false, "": false}},
		{"StringEquals", "A", map[string]bool{"a": false, "A": true}},
		{"StringLike", "a*", map[string]bool{"ab": true, "Ab": false}},
		{"StringEquals", "${a:several}", map[string]bool{"a": false, "b": false}},
		{"StringEquals", "${a:several, 'c'}", map[string]bool{"a": false, "c": true}},
		{"NumericLessThan", "10", map[string]bool{"9": true, "10": false, "x": false}},
		{"NumericLessThanEquals", "10", map[string]bool{"9": true, "10": true, "10.1": false}},
		{"NumericGreaterThan", "10", map[string]bool{"11": true, "10": false}},
		{"NumericGreaterThanEquals", "10", map[string]bool{"10": true, "9.9": false, "11": true}},
		{"DateEquals", "2025-01-01", map[string]bool{"2025-01-01T00:00:00Z": true, "2025-01-01T00:00:01Z": false,
			"x": false}},
		{"DateNotEquals", "2025-01-01", map[string]bool{"2025-01-01T00:00:00Z": false, "2025-01-01T00:00:01Z": true,
			"x": false, "a long time ago, in truth": false}},
		{"DateLessThan", "2025-01-01", map[string]bool{"2024-12-31T23:59:59Z": true, "2025-01-01T00:00:00Z": false}},
		{"DateLessThanEquals", "2025-01-01", map[string]bool{"2025-01-01T00:00:00Z": true, "2025-01-01T00:00:01Z": false}},
		{"DateGreaterThan", "2025-01-01", map[string]bool{"2025-01-01T00:00:01Z": true, "2025-01-01T00:00:00Z": false}},
		{"DateGreaterThanEquals", "2025-01-01", map[string]bool{"2025-01-01T00:00:00Z": true, "2024-12-31T23:59:59Z": false}},
		{"DateLessThan", "0100", map[string]bool{"0099-01-01T00:00:00Z": true, "1970-01-01T00:00:01Z": false}},
		{"IpAddress", "2001:db8::1/112", map[string]bool{"2001:db8::ff": true, "2001:ffff::1": false, "x": false}},
		{"IpAddress", "::ffff:0.0.0.0/96", map[string]bool{"10.0.0.1": true, "2001:db8::1": false}},
		{"NotIpAddress", "10.0.0.0/8", map[string]bool{"10.0.0.1": false, "11.0.0.1": true, "x": false}},
		{"NotIpAddress", "2001:db8::/32", map[string]bool{"10.0.0.1": true, "2001:db8::1": false}},
		{"NotIpAddress", "nowhere", map[string]bool{"10.0.0.1": false}},
		{"IpAddress", "fe80::1%eth0", map[string]bool{"fe80::1": false}},
		{"BinaryEquals", "QQ==", map[string]bool{"QQ==": true, "QUE=": false, "?": false}},
		{"Bool", "true", map[string]bool{"TRUE": true, "false": false}},
		{"StringEqualsIgnoreCase", "aB", map[string]bool{"Ab": true, "abc": false}},
		{"StringNotEqualsIgnoreCase", "aB", map[string]bool{"Ab": false, "abc": true}},
		{"StringNotLike", "a*", map[string]bool{"ab": false, "b": true}},
		{"ArnLike", "arn:aws:iam::${a:account}:role/x", map[string]bool{arnRole("x"): true, arnRole("y"): false,
			arnRole("X"): false, strings.ToUpper(arnRole("x")): false, "ARN:aws:iam::111111111111:role/x": false,
			"arn:aws:iam": false, "": false}},
		{"ArnLike", "arn:aws:iam::*:*${a:empty}", map[string]bool{"arn:aws:iam": false, arnRole("x"): true}},
		{"ArnNotLike", "arn:aws:iam::${a:account}:role/x", map[string]bool{arnRole("x"): false, arnRole("y"): true}},
		{"ArnLike", "${a:account}", map[string]bool{arnRole("x"): false, "111111111111": false}},
		{"ArnLike", "arn:aws:iam::*:role/x", map[string]bool{arnRole("x"): true, "arn:aws:iam::role/x": false}},
	} {
		p := mustParse(t, Identity,
			stmt("Allow", "s3:GetObject", "*", cond(fmt.Sprintf(`%q:{"a:key":%q}`, c.operator, c.wanted))))
		for value, want := range c.values {
			r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
				Keys: Values{"a:key": {value}, "a:account": {"111111111111"}, "a:empty": {""}, "a:several": {"a", "b"}}}
			if got := Evaluate(r, Set{Identity: []*Policy{p}}).Allowed; got != want {
				t.Errorf("%s %q on %q: %v", c.operator, c.wanted, value, got)
			}
		}
	}
}

func arnRole(name string) string { return "arn:aws:iam::111111111111:role/" + name }

// TestMultivaluedKeys checks keys with several values, with each set operator and without one, where the result must
// tend to refusal.
func TestMultivaluedKeys(t *testing.T) {
	for _, c := range []struct {
		effect, operator string
		values           []string
		want             bool // whether the statement applies
	}{
		{"Allow", "StringEquals", []string{"a", "b"}, false}, {"Deny", "StringEquals", []string{"a", "b"}, true},
		{"Allow", "StringEquals", []string{"a", "a"}, true}, {"Deny", "StringEquals", []string{"b", "b"}, false},
		{"Allow", "StringNotEquals", []string{"a", "b"}, false}, {"Deny", "StringNotEquals", []string{"a", "b"}, true},
		{"Allow", "ForAllValues:StringEquals", []string{"a", "a"}, true},
		{"Allow", "ForAllValues:StringEquals", []string{"a", "b"}, false},
		{"Allow", "ForAllValues:StringEquals", []string{""}, true}, {"Allow", "ForAllValues:StringEquals", []string{"", "b"},
			false},
		{"Allow", "ForAllValues:StringEquals", nil, true}, {"Allow", "ForAnyValue:StringEquals", nil, false},
		{"Allow", "ForAnyValue:StringEquals", []string{"b", "a"}, true}, {"Allow", "ForAnyValue:StringEquals", []string{"a"},
			true}, {"Allow", "ForAnyValue:StringEquals", []string{"b"}, false},
		{"Deny", "ForAllValues:StringEqualsIfExists", []string{"b"}, false}, {"Allow", "StringEqualsIfExists", nil, true},
		{"Allow", "StringEquals", nil, false},
		{"Allow", "StringNotEquals", nil, true}, {"Deny", "StringNotEquals", nil, true}, {"Deny", "StringEquals", nil, false},
	} {
		p := mustParse(t, Identity,
			all+","+stmt(c.effect, "s3:GetObject", "*", cond(fmt.Sprintf(`%q:{"a:key":"a"}`, c.operator))))
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: Values{}}
		if c.values != nil {
			r.Keys = Values{"a:key": c.values}
		}
		got := false
		for _, reason := range Evaluate(r, Set{Identity: []*Policy{p}}).Reasons {
			got = got || reason.Statement == 2
		}
		if got != c.want {
			t.Errorf("%s if %s a, of %q: %v", c.effect, c.operator, c.values, got)
		}
	}
}

// TestElementsByKindOfPolicy checks, for each kind of policy, which elements it may contain.
func TestElementsByKindOfPolicy(t *testing.T) {
	everyone, not := who(`"*"`), `,"NotPrincipal":{"AWS":"111111111111"}`
	document := func(head, statement string) string { return `{` + head + `"Statement":` + statement + `}` }
	const version = `"Version":"2012-10-17",`
	for _, c := range []struct {
		name  string
		text  func(principal, resource, action string) string
		kinds string // kinds that may contain it
	}{
		{"principal", func(_, r, a string) string { return document(version, stmt("Deny", a, r, everyone)) },
			"trust bucket instance actor delegation rcp"},
		{"no principal", func(_, r, a string) string { return document(version, stmt("Deny", a, r, "")) },
			"identity boundary session scp"},
		{"NotPrincipal with Deny", func(_, r, a string) string { return document(version, stmt("Deny", a, r, not)) },
			"bucket instance actor delegation"},
		{"NotPrincipal with Allow", func(_, r, a string) string { return document(version, stmt("Allow", a, r, not)) }, ""},
		{"one account as principal",
			func(_, r, a string) string {
				return document(version, stmt("Deny", a, r, who(`"111111111111"`)))
			}, ""},
		{"no resource", func(p, _, a string) string { return document(version, stmt("Deny", a, "", p)) }, "trust"},
		{"resource", func(p, _, a string) string { return document(version, stmt("Deny", a, "*", p)) },
			"identity boundary session bucket instance actor delegation scp rcp"},
		{"Id", func(p, r, a string) string { return document(version+`"Id":"x",`, stmt("Deny", a, r, p)) },
			"trust bucket instance actor delegation scp rcp"},
		{"Id that is a number", func(p, r, a string) string { return document(version+`"Id":1,`, stmt("Deny", a, r, p)) },
			""},
		{"no version", func(p, r, a string) string { return document("", stmt("Deny", a, r, p)) },
			"trust bucket instance actor delegation"},
		{"an unknown version",
			func(p, r, a string) string {
				return document(`"Version":"2013-10-17",`, stmt("Deny", a, r, p))
			}, ""},
		{"letters beyond U+00FF", func(p, r, a string) string {
			return document(version+"\t\r\n", stmt("Deny", a, r, p+cond(`"StringEquals":{"a:b":"Ā"}`)))
		}, "bucket instance actor delegation scp rcp"},
		{"the last letter of Latin-1", func(p, r, a string) string {
			return document(version+"\t\r\n", stmt("Deny", a, r, p+cond(`"StringEquals":{"a:b":"ÿ"}`)))
		}, "identity boundary session trust bucket instance actor delegation scp rcp"},
		{"a space in the Sid", func(p, r, a string) string { return document(version, stmt("Deny", a, r, p+`,"Sid":"a b"`)) },
			"trust bucket instance actor delegation scp rcp"},
		{"NotResource with Allow", func(p, r, a string) string {
			return strings.Replace(document(version, stmt("Allow", a, "*", p)), "Resource", "NotResource", 1)
		}, "identity boundary session bucket instance actor delegation scp"},
		{"NotResource with Deny", func(p, r, a string) string {
			return strings.Replace(document(version, stmt("Deny", a, "*", p)), "Resource", "NotResource", 1)
		}, "identity boundary session bucket instance actor delegation scp rcp"},
	} {
		for name, kind := range map[string]Kind{"identity": Identity, "boundary": Boundary, "session": Session,
			"trust": Trust, "bucket": Bucket, "instance": GrantsInstance, "actor": Actor, "delegation": Delegation, "scp": SCP,
			"rcp": RCP} {
			principal, resource, action := "", "*", "s3:GetObject"
			if kind == Trust {
				resource, action = "", "sts:AssumeRole"
			}
			if kind != Identity && kind != Boundary && kind != Session && kind != SCP {
				principal = everyone
			}
			_, err := Parse(kind, c.text(principal, resource, action))
			if want := strings.Contains(" "+c.kinds+" ", " "+name+" "); (err == nil) != want {
				t.Errorf("%s in %s: %v", c.name, name, err)
			}
		}
	}
}

// TestMalformedDocumentMessages checks that each mistake has its own message, with the statement's number.
func TestMalformedDocumentMessages(t *testing.T) {
	list := func(from int, with string) string { return strings.Replace(doc(get), `"Allow"`, with, from) }
	for text, say := range map[string]string{
		`[]`:                                     "not a JSON object",
		`{"Version":"2012-10-17"}`:               "has no Statement",
		list(1, `5`):                             `The element Effect is not`,
		`{"Version":"2012-10-17","Statement":5}`: `"Statement" is unknown here, or not of the right type`,
		`{"Version":"2012-10-17","Statement":["x"]}`: "statement is not a JSON object. " +
			"(statement 1)",
		`{"Version":"2012-10-17","Other":[` + get + `],"Statement":` + get + `}`: `"Other" is unknown here`,
		`{"Version":5,"Statement":` + get + `}`: `"Version" is unknown here, or not ` +
			`of the right type`,
		`{"Version":"2012-10-17","Statement":[` + get +
			`,{"Effect":"Allow","x":1}]}`: "(statement 2)",
		doc(`{"Sid":5,"Effect":"Allow","Action":"s3:*","Resource":"*"}`):              "Sid is not",
		doc(`{"Effect":"Allow","Action":5,"Resource":"*"}`):                           "Action is not",
		doc(`{"Effect":"Allow","Action":"s3:*","Resource":5}`):                        "Resource is not",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"a:b":"$"}`))):           "dollar sign",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEqualsIgnoreCase":{"a:b":"$"}`))): "dollar sign",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringLike":{"a:b":"$"}`))):             "dollar sign",
		doc(stmt("Allow", "s3:*", "*", cond(`"ArnLike":{"a:b":"$"}`))):                "dollar sign",
		doc(stmt("Allow", "s3:*", "*", cond(`"Bool":{"a:b":"${a:b}$"}`))):             "dollar sign",
		doc(`{"Effect":"Allow","Action":[true],"Resource":"*"}`):                      "Action is not",
		doc(`{"Effect":"Allow","Action":[],"Resource":"*"}`):                          "Action is not",
		doc(`{"Effect":"Allow","Action":{},"Resource":"*"}`):                          "Action is not",
		doc(`{"Effect":"Allow","Action":"s3:*","Resource":"*","NotResource":"*"}`): "NotResource is not of the right " +
			"type, or given twice",
		doc(stmt("Allow", "s3:*", "*", `,"Condition":[]`)):                         "Condition is not an object",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":[]`))):                 "no condition operator",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"":"x"}`))):           "not scalars",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"a:b":{}}`))):         "not scalars",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"a:b":[]}`))):         "not scalars",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"a:b":null}`))):       "not scalars",
		doc(stmt("Allow", "s3:*", "*", cond(`"StringEquals":{"a:b":["x",null]}`))): "not scalars",
		doc(stmt("Allow", "s3:*", "*", cond(`"Bool":{"a:b":"maybe"}`))):            "neither true nor false",
		doc(stmt("Allow", "s3:*", "*", cond(`"Null":{"a:b":"${aws:x}"}`))):         "neither true nor false",
		doc(stmt("Allow", "s3:", "*", "")):                                         "legacy parsing",
		doc(stmt("Allow", "s3:*", "arn", "")):                                      "vendor must be fully qualified",
		doc(stmt("Allow", "s3:*", "arn:x", "")):                                    `Partition "x"`,
		doc(stmt("Allow", "s3:*", "arn:aws:s3", "")):                               "must be in ARN format",
		doc(get)[:len(doc(get))-1]:                                                 "not a JSON document",
		doc(get)[:len(doc(get))-3]:                                                 "not a JSON document",
		`{"Version":nope}`:                                                         "not a JSON document",
		`{"Version" "x"}`:                                                          "not a JSON document",
		`{1:2}`:                                                                    "not a JSON document",
		`{"Statement":[1,}`:                                                        "not a JSON document",
		doc(get) + strings.Repeat(" ", maxDocument):                                "too long",
	} {
		_, err := Parse(Identity, text)
		if !granary.Is(err, granary.Invalid) || !strings.Contains(err.Error(), say) {
			t.Errorf("%.200s\n got %v, want something with %q", text, err, say)
		}
	}
	if _, err := Parse(Identity, doc(get)+strings.Repeat(" ", maxDocument-len(doc(get)))); err != nil {
		t.Errorf("a document of just the longest length: %v", err)
	}
	if _, err := Parse(Identity,
		doc(stmt("Allow", "s3:*", "*", cond(`"Bool":{"a:b":["${aws:x}","TRUE","False",true]}`)))); err != nil {
		t.Error(err)
	}
	if _, err := Parse(Identity, `{"Version":"2012-10-17","Other":1}`); strings.Contains(err.Error(), "statement 0") {
		t.Errorf("there is no statement 0: %v", err)
	}
	nested := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	if _, err := parseJSON(nested(maxDepth + 1)); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
	if _, err := parseJSON(nested(maxDepth + 2)); err == nil {
		t.Error("one too deep")
	}
}

func TestPrincipalForms(t *testing.T) {
	for principal, say := range map[string]string{
		`"x"`: `neither "*" nor an object`, `["*"]`: `neither "*" nor an object`, `{}`: `neither "*" nor an object`,
		`{"AWS":5}`:  "principals of AWS are not text",
		`{"AWS":[]}`: "principals of AWS are not text", `{"Foo":"x"}`: `Invalid principal in policy: "Foo":"x"`,
		`{"Federated":""}`: "Invalid principal", `{"Federated":"a*"}`: "Invalid principal",
		`{"CanonicalUser":""}`: "Invalid principal", `{"CanonicalUser":"a?"}`: "Invalid principal",
		`{"Service":"x"}`: "Invalid principal",
	} {
		_, err := Parse(Trust, doc(stmt("Allow", "sts:AssumeRole", "", who(principal))))
		if err == nil || !strings.Contains(err.Error(), say) {
			t.Errorf("%s: got %v, want something with %q", principal, err, say)
		}
	}
	if _, err := Parse(Bucket, doc(resourceStatement(`{"AWS":"nobody"}`))); err == nil ||
		err.Error() != "Invalid principal in policy" {
		t.Errorf("S3 names no principal: %v", err)
	}

	everyKind := []CallerKind{Anonymous, Service, WebIdentity}
	for _, kind := range everyKind {
		c := Caller{Kind: kind, Account: accountA, ARN: arnU, Role: arnR, UniqueID: "AIDA2222222222222222"}
		for _, v := range []string{string(accountA), string(granary.RootARN(accountA)), arnU, arnR, "AIDA2222222222222222"} {
			if g := (principal{"AWS", v}).gradeFor(&c); g != none {
				t.Errorf("caller of kind %d is named by %s", kind, v)
			}
		}
		if (principal{"AWS", "*"}).gradeFor(&c) != direct {
			t.Error("everyone is everyone")
		}
	}
	root, user, web := callers["root"], callers["U"],
		Caller{Kind: WebIdentity, Federated: "arn:aws:iam::111111111111:oidc-provider/x"}
	for _, c := range []struct {
		p    principal
		who  *Caller
		want grade
	}{
		{normalPrincipal("AWS", string(accountA)), &root, direct}, {normalPrincipal("AWS", string(accountA)), &user, account},
		{normalPrincipal("AWS", string(accountB)), &user, none},
		{principal{"Federated", string(web.Federated)}, &web, direct},
		{principal{"Federated", "arn:aws:iam::111111111111:oidc-provider/y"}, &web, none},
		{principal{"Federated", string(web.Federated)}, &user, none},
		{normalPrincipal("CanonicalUser", CanonicalID(accountA)), &user, account},
		{normalPrincipal("CanonicalUser", CanonicalID(accountB)), &user, none},
		{principal{"Service", "x.amazonaws.com"}, &Caller{Kind: IAMUser, Service: "x.amazonaws.com"}, none},
	} {
		if got := c.p.gradeFor(c.who); got != c.want {
			t.Errorf("%v names %s at grade %d", c.p, c.who.ARN, got)
		}
	}
	for p, everyone := range map[principal]bool{{"AWS", "*"}: true, {"AWS", arnU}: false, {"Service", "*"}: false} {
		if p.isWildcard() != everyone {
			t.Errorf("%v is everyone: %v", p, !everyone)
		}
	}
	if (&statement{}).principalGrade(&user, true) != direct {
		t.Error("a statement without principals speaks of its bearer")
	}
}

// TestConditionsThatPreventPublic checks, one by one, the conditions that make a policy for everyone not public.
func TestConditionsThatPreventPublic(t *testing.T) {
	for condition, public := range map[string]bool{
		`"ArnLike":{"aws:PrincipalArn":"arn:aws:iam::*"}`:           true,
		`"ArnLike":{"aws:SourceArn":"arn:aws:s3::111111111111:b*"}`: false,
		`"ArnLike":{"aws:SourceArn":"arn:aws:s3::anonymous:b*"}`:    true,
		`"ArnLike":{"aws:SourceArn":"arn:aws:s3:::b"}`:              false,
		`"StringEquals":{"aws:userid":""}`:                          true,
		`"StringEquals":{"aws:userid":"A"}`:                         true,
		`"StringLike":{"aws:userid":"*A"}`:                          true,
		`"StringLike":{"aws:userid":"?A"}`:                          true,
		`"IpAddress":{"aws:SourceIp":"2000::/32"}`:                  false,
		`"IpAddress":{"aws:SourceIp":"2000::/31"}`:                  true,
		`"IpAddress":{"aws:SourceIp":"10.0.0.0/7"}`:                 true,
		`"StringEqualsIgnoreCase":{"aws:PrincipalOrgID":"o"}`:       false,
		`"StringLike":{"aws:PrincipalOrgID":"o"}`:                   false,
		`"NumericGreaterThan":{"aws:PrincipalAccount":"0"}`:         true,
		`"DateGreaterThan":{"aws:PrincipalAccount":"1970"}`:         true,
		`"Null":{"aws:PrincipalAccount":"false"}`:                   true,
		`"StringEquals":{"aws:PrincipalOrgID":["o","${a:b}"]}`:      true,
		`"StringEquals":{"aws:PrincipalTag/x":"y"}`:                 true,
	} {
		if got := mustParse(t, Bucket, stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(condition))).
			Public(); got != public {
			t.Errorf("%s: public is %v", condition, got)
		}
	}
	for key, value := range map[string]string{"aws:PrincipalArn": arnU, "aws:PrincipalAccount": "111111111111",
		"aws:PrincipalOrgID": "o-abcdefghij", "aws:PrincipalOrgPaths": "o-abcdefghij/r-abcd/",
		"aws:SourceArn": "arn:aws:s3:::b", "aws:SourceAccount": "111111111111", "aws:SourceIp": "203.0.113.9",
		"aws:userid": "AIDA2222222222222222", "aws:SourceVpc": "vpc-1",
		"aws:SourceVpce": "vpce-1", "s3:AccessGrantsInstanceArn": "arn:aws:s3:us-east-1:111111111111:access-grants/default",
		"aws:PrincipalServiceName": "logs.amazonaws.com"} {
		if mustParse(t, Bucket,
			stmt("Allow", "s3:GetObject", "*", who(`"*"`)+cond(fmt.Sprintf(`"StringEquals":{%q:%q}`, key, value)))).Public() {
			t.Errorf("%s ties nothing", key)
		}
	}
}

// TestRefusalLayers checks the layer that a refusal names, and AWS's wording.
func TestRefusalLayers(t *testing.T) {
	nothing := mustParse(t, Identity, stmt("Allow", "ec2:*", "*", ""))
	deny := func(k Kind) *Policy { return mustParse(t, k, denyGet) }
	identity := []*Policy{mustParse(t, Identity, get)}
	for _, c := range []struct {
		set   Set
		owner granary.AccountID
		say   string
	}{
		{Set{}, accountA, "because no identity-based policy allows the s3:GetObject action"},
		{Set{}, accountB, "because no identity-based policy allows the s3:GetObject action"},
		{Set{Identity: identity}, accountB, "because no resource-based policy allows the s3:GetObject action"},
		{Set{Identity: identity, Boundary: nothing}, accountA,
			"because no permissions boundary allows the s3:GetObject action"},
		{Set{Identity: identity, Sessions: [][]*Policy{{nothing}}}, accountA,
			"because no session policy allows the s3:GetObject action"},
		{Set{Identity: identity, SCPs: [][]*Policy{{nothing}}}, accountA,
			"because no service control policy allows the s3:GetObject action"},
		{Set{Identity: identity, RCPs: [][]*Policy{{nothing}}}, accountA,
			"because no resource control policy allows the s3:GetObject action"},
		{Set{Identity: []*Policy{deny(Identity)}}, accountA, "with an explicit deny in an identity-based policy"},
		{Set{Boundary: deny(Boundary)}, accountA, "with an explicit deny in a permissions boundary"},
		{Set{Sessions: [][]*Policy{{deny(Session)}}}, accountA, "with an explicit deny in a session policy"},
		{Set{SCPs: [][]*Policy{{deny(SCP)}}}, accountA, "with an explicit deny in a service control policy"},
		{Set{RCPs: [][]*Policy{{mustParse(t, RCP, stmt("Deny", "s3:*", "*", who(`"*"`)))}}}, accountA,
			"with an explicit deny in a resource control policy"},
		{Set{Resource: mustParse(t, Bucket, stmt("Deny", "s3:*", "*", who(`"*"`)))}, accountA,
			"with an explicit deny in a resource-based policy"},
	} {
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: c.owner}
		want := `User: ` + arnU + ` is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::b/k" ` + c.say
		if got := Evaluate(r, c.set).Sentence(r); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
	r := Request{Caller: callers["U"], Action: "sts:AssumeRole", Resource: arnR, Owner: accountA}
	set := Set{Trust: true, Resource: mustParse(t, Trust, stmt("Allow", "sts:AssumeRole", "", who(aws(string(accountB)))))}
	if got := Evaluate(r, set).Sentence(r); got != "User: "+arnU+" is not authorized to perform: sts:AssumeRole on "+
		"resource: "+arnR+" because no resource-based policy allows the sts:AssumeRole action" {
		t.Error(got)
	}
}

func TestPatternEdgeCases(t *testing.T) {
	for pattern, texts := range map[string]map[string]bool{
		"s3:z": {"s3:Z": true, "s3:zz": false, "s3:": false, "S3:z": true}, "s3:A": {"s3:A": true, "s3:a": true},
		"s3:@": {"s3:`": false}, "s3:{": {"s3:[": false}, "s3:`": {"s3:@": false},
		"s3:[": {"s3:{": false}, "*": {"": true, "s3:X": true}, "s3:Get*": {"s3:GETx": true, "s3:get": true, "s3:ge": false,
			"s3:put": false}, "s3:*Z": {"s3:z": true, "s3:aZ": true, "s3:za": false},
		"s3:?Z": {"s3:aZ": true, "s3:z": false}, "s3:Z*": {"s3:Zb": true, "s3:Ab": false},
	} {
		a := newAction(pattern)
		for text, want := range texts {
			if a.match(text, new(Work)) != want {
				t.Errorf("the action %s on %s: %v", pattern, text, !want)
			}
		}
	}
	r := newResource("arn:aws:s3:::b/k", true)
	x := &context{Values{}, new(Work)}
	if r.match("arn:AWS:s3:::b/k", x) || r.match("arn:aws:s3:::b/K", x) || !r.match("arn:aws:s3:::b/k", x) ||
		r.match("arn:aws:s3", x) {
		t.Error("resources in their own case")
	}
	for escape, char := range map[string]string{"${*}": "*", "${?}": "?", "${$}": "$"} {
		if g := newTemplate("a"+escape, true, true); !g.match("a"+char, x) || g.match("ab", x) {
			t.Errorf("%s is not %s", escape, char)
		}
	}
	if g := newTemplate("a${b", true, true); !g.match("a${b", x) {
		t.Error("what is not closed is text")
	}
	if key, fallback := readVariable("k, 'x"); fallback != nil || key != "k, 'x" {
		t.Errorf("a default that is not closed: %q %v", key, fallback)
	}
}

func TestManagedPolicies(t *testing.T) {
	if m, ok := Managed("arn:aws:iam::aws:policy/AdministratorAccess"); !ok || m.Policy == nil {
		t.Error("no administrators")
	}
	if _, ok := Managed("arn:aws:iam::aws:policy/Nonsense"); ok {
		t.Error("a policy nobody ships")
	}
	for id, p := range FullAccess() {
		set := Set{Identity: []*Policy{mustParse(t, Identity, all)}, SCPs: [][]*Policy{{p}}}
		if id == granary.FullResourceAccess {
			set.SCPs, set.RCPs = nil, set.SCPs
		}
		if d := Evaluate(Request{Caller: callers["S"], Action: "s3:GetObject", Resource: "*", Owner: accountA},
			set); !d.Allowed || p.Source() != id {
			t.Errorf("under %s: %+v", id, d)
		}
	}
	if p, err := IdentityContextPolicy("no action"); p != nil || err == nil {
		t.Errorf("what is no action was left to sessions: %v", err)
	}
	held, err := IdentityContextPolicy()
	if err != nil {
		t.Fatal(err)
	}
	for action, want := range map[string]bool{"s3:GetDataAccess": true, "s3:GetObject": false, "iam:CreateUser": false,
		"s3:ListCallerAccessGrants": true} {
		d := Evaluate(Request{Caller: callers["S"], Action: action, Resource: "*", Owner: accountA},
			Set{Identity: []*Policy{mustParse(t, Identity, all)}, Sessions: [][]*Policy{{held}}})
		if d.Allowed != want || !want && !d.Explicit {
			t.Errorf("%s in a person's name: %+v", action, d)
		}
	}
}
