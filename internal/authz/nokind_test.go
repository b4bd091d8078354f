package authz

import (
	"testing"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/policy"
)

// A caller of no kind is refused by every decision, and is nobody when it is asked for again.
func TestACallerOfNoKindIsRefused(t *testing.T) {
	z, _ := organized(t)
	var err error
	r := get(member)
	r.Policy, err = policy.Parse(policy.Bucket,
		doc(`{"Effect":"Allow","Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/*"}`))
	if err != nil {
		t.Fatal(err)
	}
	if d := z.Decide(authn.Anonymous(), env, r); !d.Allowed {
		t.Errorf("an anonymous caller: %+v", d.Decision)
	}
	a := &authn.Authenticator{Index: z.Index, Now: time.Now}
	for _, c := range []*authn.Caller{{}, {Account: member}, {Account: member, ARN: granary.RootARN(member)}} {
		d := z.Decide(c, env, r)
		if d.Allowed || d.Refusal() == nil || d.Refusal().Error() != "Access Denied" {
			t.Errorf("%+v: %+v, %v", c, d.Decision, d.Refusal())
		}
		if again, err := a.Again(c); err == nil {
			t.Errorf("%+v is %+v", c, again)
		}
	}
	gone := &granary.Session{Account: member, User: "gone", UserID: "AIDAGONE", Expires: time.Now().Add(time.Hour)}
	if c, err := a.Alive(gone); err == nil || c.Kind != policy.NoKind {
		t.Errorf("the session of a user who is gone: %+v, %v", c, err)
	}
}
