package policy

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"granary"
)

func TestBindPrincipalsToUniqueIDs(t *testing.T) {
	session := "arn:aws:sts::111111111111:assumed-role/app/s1"
	p := mustParse(t, Bucket,
		stmt("Allow", "s3:GetObject", "*",
			who(fmt.Sprintf(`{"AWS":["*","%s",%q,%q,%q],"Federated":%q}`, accountA, arnU, arnR, session, arnU)))+","+
			stmt("Deny", "s3:GetObject", "*", who(aws(arnU))))
	if got := p.Entities(); !slices.Equal(got, []granary.ARN{arnU, arnR}) {
		t.Errorf("entities: %v", got)
	}
	ids := map[granary.ARN]string{arnU: "AIDA2222222222222222", granary.ARN(session): "AROA3333333333333333", "*": "x",
		granary.ARN(accountA): "y"}
	bound := p.Bind(ids)
	var values []string
	for _, s := range bound.statements {
		for _, q := range s.principals {
			values = append(values, q.kind+" "+q.value)
		}
	}
	want := []string{"AWS *", "AWS " + string(granary.RootARN(accountA)), "AWS AIDA2222222222222222", "AWS " + arnR,
		"AWS " + session, "Federated " + arnU, "AWS AIDA2222222222222222"}
	if !slices.Equal(values, want) {
		t.Errorf("bound: %v", values)
	}
	if p.statements[1].principals[0].value != arnU || p.Bind(nil) != p || p.Bind(map[granary.ARN]string{arnU: "x"}) == p {
		t.Error("the policy itself was changed, or copied for nothing")
	}
	user, role := callers["U"], callers["S"]
	user.UniqueID, role.UniqueID = "AIDA2222222222222222", "AROA2222222222222222"
	if (principal{"AWS", user.UniqueID}).gradeFor(&user) != direct ||
		(principal{"AWS", role.UniqueID}).gradeFor(&role) != byRole {
		t.Error("a user is named by its id as itself, a session as its role's")
	}
}

const byRole = role

func TestBucketPolicyWithin(t *testing.T) {
	for resource, within := range map[string]bool{"*": true, "arn:aws:s3:::bkt": true, "arn:aws:s3:::bkt/*": true,
		"arn:aws:s3:::bkt/${aws:username}": true, "arn:aws:s3:::bkt/a": true,
		"arn:aws:s3:::bk": false, "arn:aws:s3:::bkt2": false, "arn:aws:s3:::bkt*": false, "arn:aws:s3:::*": false,
		"arn:aws:s3:::bkx/a": false, "arn:aws:sqs:::bkt": false,
		"arn:aws:s3:::bkt${aws:username}": false, "arn:aws:s3:*": false, "arn:aws:s3:::${aws:username}": false,
		"arn:aws:s3:::?kt": false} {
		p := mustParse(t, Bucket, stmt("Allow", "s3:GetObject", "arn:aws:s3:::bkt", who(`"*"`))+","+
			stmt("Allow", "s3:GetObject", resource, who(`"*"`)))
		if p.Within("bkt") != within {
			t.Errorf("%s: %v", resource, !within)
		}
	}
	for _, pattern := range []string{"?", "*x"} {
		if r := newResource(pattern, true); r.withinBucket("bkt") {
			t.Errorf("%s is not everything", pattern)
		}
	}
}

func TestCopySourceLeadingSlash(t *testing.T) {
	for key, want := range map[string]bool{"s3:x-amz-copy-source": true, "s3:prefix": false} {
		p := mustParse(t, Identity, stmt("Allow", "s3:GetObject", "*", cond(fmt.Sprintf(`"StringEquals":{%q:"/b/k"}`, key))))
		r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
			Keys: Values{strings.ToLower(key): {"b/k"}}}
		if Evaluate(r, Set{Identity: []*Policy{p}}).Allowed != want {
			t.Errorf("%s: %v", key, !want)
		}
	}
	if matchesPattern("?", "") || matchesPattern("a", "") || matchesPattern("*a", "b") || !matchesPattern("*", "") {
		t.Error("patterns")
	}
	unresolved := mustParse(t, Identity, stmt("Allow", "s3:GetObject", "*", cond(`"StringEquals":{"a:key":"${a:none}"}`)))
	r := Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA,
		Keys: singleKey("a:key", "")}
	if Evaluate(r, Set{Identity: []*Policy{unresolved}}).Allowed {
		t.Error("a variable without a value is no empty text")
	}
}
