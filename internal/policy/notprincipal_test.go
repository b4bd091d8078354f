package policy

import (
	"fmt"
	"strings"
	"testing"

	"granary"
)

// TestNotPrincipalExemptions checks that a Deny with NotPrincipal applies to every caller that is not listed by its own
// ARN: an account exempts only its root user, a session must be listed together with its role, and a permissions
// boundary takes every exemption away.
func TestNotPrincipalExemptions(t *testing.T) {
	const (
		bob       = "arn:aws:iam::111111111111:user/bob"
		rootA     = "arn:aws:iam::111111111111:root"
		federated = "arn:aws:sts::111111111111:federated-user/fay"
		provider  = "arn:aws:iam::111111111111:oidc-provider/ci.example"
		service   = "access-grants.s3.amazonaws.com"
	)
	cast := map[string]Caller{"U": callers["U"], "S": callers["S"], "root": callers["root"], "anon": callers["anon"],
		"svc": callers["svc"],
		"F":   {Kind: FederatedUser, Account: accountA, ARN: federated, Role: arnU},
		"V":   {Kind: IAMUser, Account: accountB, ARN: "arn:aws:iam::222222222222:user/victor"},
		"web": {Kind: WebIdentity, Account: accountA, Federated: provider}}
	list := func(arns ...string) string { return `{"AWS":["` + strings.Join(arns, `","`) + `"]}` }
	for principals, exempt := range map[string]string{
		list(bob, rootA):                   "root",
		list(bob, string(accountA)):        "root",
		list(arnU, rootA):                  "U root",
		list(arnU):                         "U",
		list(arnS, arnR, rootA):            "S root",
		list(arnS, arnR):                   "S",
		list(arnS, rootA):                  "root",
		list(arnR, rootA):                  "root",
		list(arnS):                         "",
		list(federated, arnU):              "F U",
		list(federated, rootA):             "root",
		list("222222222222"):               "",
		list("*"):                          "U S root anon svc F V web",
		`"*"`:                              "U S root anon svc F V web",
		`{"Service":"` + service + `"}`:    "svc",
		`{"Service":"ec2.amazonaws.com"}`:  "",
		`{"Federated":"` + provider + `"}`: "web",
		`{"CanonicalUser":"` + CanonicalID(accountA) + `"}`:         "root",
		`{"AWS":"` + arnU + `","Service":"` + service + `"}`:        "U svc",
		`{"AWS":"` + bob + `","Federated":"` + provider + `x"}`:     "",
		`{"CanonicalUser":"` + CanonicalID(accountB) + `"}`:         "",
		`{"AWS":["` + arnU + `","arn:aws:iam::222222222222:root"]}`: "U",
	} {
		allow := mustParse(t, Bucket, allActionsStatement("Allow", `,"Principal":"*"`)+","+allActionsStatement("Deny",
			`,"NotPrincipal":`+principals))
		for name, c := range cast {
			r := Request{Caller: c, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA}
			set := Set{Identity: []*Policy{mustParse(t, Identity, all)}, Resource: allow}
			want := strings.Contains(" "+exempt+" ", " "+name+" ")
			if d := Evaluate(r, set); d.Allowed != want || d.Explicit == want {
				t.Errorf("all but %s: %s is allowed: %v", principals, name, d.Allowed)
			}
			set.Boundary = mustParse(t, Boundary, all)
			if d := Evaluate(r, set); d.Allowed || !d.Explicit {
				t.Errorf("all but %s: %s with a boundary: %+v", principals, name, d)
			}
		}
	}
}

func allActionsStatement(effect, principal string) string {
	return fmt.Sprintf(`{"Effect":%q,"Action":"s3:*","Resource":"*"%s}`, effect, principal)
}

// TestNotPrincipalAfterRecreation checks that a user who is deleted and made again under a listed name is not exempt.
func TestNotPrincipalAfterRecreation(t *testing.T) {
	deny := mustParse(t, Bucket, allActionsStatement("Deny",
		`,"NotPrincipal":{"AWS":["`+arnU+`","`+arnR+`","`+arnS+`"]}`)).
		Bind(map[granary.ARN]string{arnU: "AIDA2222222222222222", arnR: "AROA2222222222222222"})
	for _, name := range []string{"U", "S"} {
		for id, exempt := range map[string]bool{"2222222222222222": true, "3333333333333333": false} {
			c := callers[name]
			c.UniqueID = map[string]string{"U": "AIDA", "S": "AROA"}[name] + id
			d := Evaluate(Request{Caller: c, Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA},
				Set{Identity: []*Policy{mustParse(t, Identity, all)}, Resource: deny})
			// A user's ARN is not in the bound policy any more; only the id counts.
			if d.Allowed != exempt {
				t.Errorf("%s with the id %s: %+v", name, c.UniqueID, d)
			}
		}
	}
}
