package authz

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"testing"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/index"
	"granary/internal/policy"
	"granary/internal/store"
)

const (
	management granary.AccountID = "111111111111"
	member     granary.AccountID = "222222222222"
	rootID                       = "r-abcd"
)

// organized is an authorizer over an organization with one member, and the state behind it.
func organized(t testing.TB) (*Authorizer, *store.DB) {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "state.db"), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	err = db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(
			tx.Organization.Put(&granary.Organization{ID: "o-abcdefghij", RootID: rootID, Management: management}),
			tx.Accounts.Create(&granary.Account{ID: management, Email: "a@x", Management: true}),
			tx.OrgUnits.Create(&granary.OrgUnit{ID: "ou-abcd-12345678", Parent: rootID, Name: "u"}),
			tx.Accounts.Create(&granary.Account{ID: member, Email: "b@x", Parent: "ou-abcd-12345678"}),
			tx.Roles.Create(&granary.Role{Account: member, Name: "worker", Path: "/", ID: "AROA2222222222222222",
				Attached: []granary.ARN{"arn:aws:iam::aws:policy/AmazonS3FullAccess"},
				Inline: map[string]string{
					"own": doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/home/${aws:PrincipalTag/team, ` +
						`'all'}/*","Condition":{"IpAddress":{"aws:SourceIp":"203.0.113.0/24"}}}`)}}))
	})
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); db.Close() })
	return &Authorizer{Index: x}, db
}

func doc(statements string) string {
	return `{"Version":"2012-10-17","Statement":[` + statements + `]}`
}

// control attaches a new policy to a target.
func control(t testing.TB, db *store.DB, kind, id, target, statements string) {
	t.Helper()
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return errors.Join(tx.OrgPolicies.Create(&granary.OrgPolicy{ID: id, Type: kind, Name: id, Content: doc(statements)}),
			tx.OrgAttachments.Create(&granary.Attachment{Target: target, Policy: id, Type: kind}))
	})
	if err != nil {
		t.Fatal(err)
	}
}

var env = &Env{Time: time.Unix(1_800_000_000, 0), Source: netip.MustParseAddr("203.0.113.9"), TLS: "1.3",
	Region: "us-east-1"}

func root(a granary.AccountID) *authn.Caller {
	return &authn.Caller{Kind: policy.Root, Account: a, ARN: granary.RootARN(a), ID: string(a)}
}

func session(t testing.TB, z *Authorizer, policies ...string) *authn.Caller {
	t.Helper()
	r, ok := z.Index.IAM.RoleByName(member, "worker")
	if !ok {
		t.Fatal("no role")
	}
	return &authn.Caller{Kind: policy.RoleSession, Account: member, ARN: granary.SessionARN(member, "worker", "s"),
		ID: r.ID + ":s", Role: r,
		Session: &granary.Session{Account: member, RoleID: r.ID, RoleARN: r.ARN, Name: "s", Policies: policies}}
}

func get(owner granary.AccountID) Request {
	return Request{Action: "s3:GetObject", Resource: "arn:aws:s3:::b/home/all/k", Owner: owner, Bucket: "b",
		Key: "home/all/k"}
}

// Whom the organization binds: the root users of members, and not the management account.
func TestServiceControlsBindRootUsersOfMembers(t *testing.T) {
	z, db := organized(t)
	control(t, db, granary.ServiceControl, "p-noreads0", rootID,
		`{"Effect":"Deny","Action":"s3:GetObject","Resource":"*"}`)
	if d := z.Decide(root(member), env, get(member)); d.Allowed || !d.Explicit || d.Layer != policy.LayerSCP {
		t.Errorf("a member's root user: %+v", d.Decision)
	}
	if d := z.Decide(root(management), env, get(management)); !d.Allowed {
		t.Errorf("the management account's root user: %+v", d.Decision)
	}
	if d := z.Decide(root(member), env, Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k",
		Owner: member}); !d.Allowed {
		t.Errorf("another action: %+v", d.Decision)
	}
	unlock := Request{Action: "s3:DeleteBucketPolicy", Resource: "arn:aws:s3:::b", Owner: member, Bucket: "b"}
	if unlock.Policy, _ = policy.Parse(policy.Bucket,
		doc(`{"Effect":"Deny","Principal":"*","Action":"s3:*","Resource":"*"}`)); unlock.Policy == nil {
		t.Fatal("no bucket policy")
	}
	if d := z.Decide(root(member), env, unlock); !d.Allowed {
		t.Errorf("the root user of a bucket that is locked: %+v", d.Decision)
	}
	control(t, db, granary.ServiceControl, "p-nounlock", string(member),
		`{"Effect":"Deny","Action":"s3:DeleteBucketPolicy","Resource":"*"}`)
	if d := z.Decide(root(member), env, unlock); d.Allowed || d.Layer != policy.LayerSCP {
		t.Errorf("the same under a service control policy: %+v", d.Decision)
	}
}

// Callers that are no account's principals are bound by the resource's side alone.
func TestResourceControlsBindEveryone(t *testing.T) {
	z, db := organized(t)
	trust, err := policy.Parse(policy.Trust,
		doc(`{"Effect":"Allow","Principal":{"Federated":"arn:aws:iam::222222222222:oidc-provider/x",`+
			`"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRoleWithWebIdentity","sts:AssumeRole"]}`))
	if err != nil {
		t.Fatal(err)
	}
	web := &authn.Caller{Kind: policy.WebIdentity, Account: member, Provider: "arn:aws:iam::222222222222:oidc-provider/x"}
	assume := Request{Action: "sts:AssumeRoleWithWebIdentity", Resource: "arn:aws:iam::222222222222:role/worker",
		Owner: member, Policy: trust, Trust: true}
	serve := assume
	serve.Action = "sts:AssumeRole"
	control(t, db, granary.ServiceControl, "p-nosts000", rootID, `{"Effect":"Deny","Action":"sts:*","Resource":"*"}`)
	if d := z.Decide(web, env, assume); !d.Allowed {
		t.Errorf("a web identity under a service control policy: %+v", d.Decision)
	}
	if d := z.DecideService("access-grants.s3.amazonaws.com", env, serve); !d.Allowed {
		t.Errorf("a service under a service control policy: %+v", d)
	}
	control(t, db, granary.ResourceControl, "p-nosts001", rootID,
		`{"Effect":"Deny","Principal":"*","Action":"sts:*","Resource":"*"}`)
	if d := z.Decide(web, env, assume); d.Allowed || d.Layer != policy.LayerRCP {
		t.Errorf("a web identity under a resource control policy: %+v", d.Decision)
	}
	if d := z.DecideService("access-grants.s3.amazonaws.com", env, serve); d.Allowed || d.Layer != policy.LayerRCP {
		t.Errorf("a service under a resource control policy: %+v", d)
	}
	assume.Owner = management
	if d := z.Decide(web, env, assume); !d.Allowed {
		t.Errorf("a role of the management account: %+v", d.Decision)
	}
}

// A policy that is attached and no longer there, or no longer to be read, denies.
func TestUnreadableControlsDeny(t *testing.T) {
	z, db := organized(t)
	if d := z.Decide(session(t, z), env, get(member)); !d.Allowed {
		t.Fatalf("before: %+v", d.Decision)
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.OrgAttachments.Create(&granary.Attachment{Target: rootID, Policy: "p-gone0000",
			Type: granary.ServiceControl})
	})
	if err != nil {
		t.Fatal(err)
	}
	if d := z.Decide(session(t, z), env, get(member)); d.Allowed || d.Layer != policy.LayerSCP {
		t.Errorf("a policy that is gone: %+v", d.Decision)
	}
}

func TestPathsAreWhereAccountsStand(t *testing.T) {
	z, db := organized(t)
	k := &keys{caller: session(t, z), env: env, request: &Request{Owner: member}, index: z.Index}
	for _, name := range []string{"aws:principalorgpaths", "aws:resourceorgpaths"} {
		if v, ok := k.Lookup(name); !ok || v[0] != "o-abcdefghij/"+rootID+"/ou-abcd-12345678/" {
			t.Errorf("%s: %v", name, v)
		}
	}
	err := db.Update(t.Context(), func(tx *store.Tx) error {
		return tx.Accounts.Update(&granary.Account{ID: member, Email: "b@x"})
	})
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := k.Lookup("aws:principalorgpaths"); fmt.Sprint(v) != "[o-abcdefghij/"+rootID+"/]" {
		t.Errorf("after moving: %v", v)
	}
	k.request.Owner = "999999999999"
	if v, ok := k.Lookup("aws:resourceorgid"); ok {
		t.Errorf("a stranger's account is in the organization %v", v)
	}
}

func TestSessionPoliciesAreParsedOnce(t *testing.T) {
	z, _ := organized(t)
	only := doc(`{"Effect":"Allow","Action":"s3:GetObject","Resource":"arn:aws:s3:::b/home/*"}`)
	c := session(t, z, only)
	if d := z.Decide(c, env, get(member)); !d.Allowed {
		t.Fatalf("%+v", d.Decision)
	}
	if d := z.Decide(c, env, Request{Action: "s3:PutObject", Resource: "arn:aws:s3:::b/k", Owner: member}); d.Allowed ||
		d.Layer != policy.LayerSession {
		t.Errorf("outside of the session policy: %+v", d.Decision)
	}
	if d := z.Decide(session(t, z, "{"), env, get(member)); d.Allowed || d.Layer != policy.LayerSession {
		t.Errorf("a session policy that cannot be read: %+v", d.Decision)
	}
	for i := range 3 * maxDocuments {
		z.parsed.session(doc(fmt.Sprintf(`{"Sid":"n%d","Effect":"Allow","Action":"s3:GetObject","Resource":"*"}`, i)))
	}
	if n := len(z.parsed.young) + len(z.parsed.aged); n > 2*maxDocuments {
		t.Errorf("%d documents are kept", n)
	}
	if p := z.parsed.session(only); p == nil || p != z.parsed.session(only) {
		t.Error("a document is parsed again")
	}
}

// A role's session with a session policy, under two levels of service control policies of two, reads an object.
func BenchmarkDecide(b *testing.B) {
	z, db := organized(b)
	control(b, db, granary.ServiceControl, "p-00000000", rootID,
		`{"Effect":"Deny","Action":["organizations:LeaveOrganization","iam:CreateUser"],"Resource":"*"}`)
	control(b, db, granary.ServiceControl, "p-00000001", string(member),
		`{"Effect":"Deny","NotAction":["s3:*","sts:*"],"Resource":"*"}`)
	c := session(b, z, doc(`{"Effect":"Allow","Action":"s3:Get*","Resource":"arn:aws:s3:::b/home/*"}`))
	r := get(member)
	b.ReportAllocs()
	for b.Loop() {
		if d := z.Decide(c, env, r); !d.Allowed {
			b.Fatalf("%+v", d.Decision)
		}
	}
}
