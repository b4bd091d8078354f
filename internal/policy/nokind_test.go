package policy_test

import (
	"testing"

	"granary/internal/policy"
)

// TestACallerOfNoKindMayDoNothing checks that a caller whose kind was not set is refused every action, including public
// access and actions that everybody may perform: code that forgets to set the kind must not grant anything.
func TestACallerOfNoKindMayDoNothing(t *testing.T) {
	public, err := policy.Parse(policy.Bucket,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Principal":"*","Action":"s3:*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	all, err := policy.Parse(policy.Identity,
		`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`)
	if err != nil {
		t.Fatal(err)
	}
	set := policy.Set{Resource: public, Identity: []*policy.Policy{all}}
	read := policy.Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
	whoami := policy.Request{Action: "sts:GetCallerIdentity", Resource: "*", Owner: accountA}
	for _, r := range []policy.Request{read, whoami} {
		for _, c := range []policy.Caller{{}, {Account: accountA, ARN: "arn:aws:iam::111111111111:root"}} {
			r.Caller = c
			if d := policy.Evaluate(r, set); d.Allowed {
				t.Errorf("%+v may %s: %+v", c, r.Action, d)
			}
		}
	}
	read.Caller = policy.Caller{Kind: policy.Anonymous}
	if d := policy.Evaluate(read, set); !d.Allowed {
		t.Errorf("an anonymous caller: %+v", d)
	}
}
