package policy

import (
	"strings"
	"testing"

	"granary"
)

// TestSharedIssuersNeedATestedClaim checks that a role which trusts a shared issuer must test a claim that identifies
// one of the issuer's customers.
func TestSharedIssuersNeedATestedClaim(t *testing.T) {
	const github = "token.actions.githubusercontent.com"
	trust := func(issuer, action, condition string) string {
		if condition != "" {
			condition = cond(strings.ReplaceAll(condition, "GH:", issuer+":"))
		}
		return stmt("Allow", action, "", who(`{"Federated":"arn:aws:iam::111111111111:oidc-provider/`+issuer+`"}`)+condition)
	}
	for _, c := range []struct {
		issuer, condition string
		good              bool
	}{
		{github, ``, false},
		{github, `"StringEquals":{"GH:aud":"sts.amazonaws.com"}`, false},
		{github, `"StringLike":{"GH:sub":"*"}`, false},
		{github, `"StringEquals":{"GH:sub":"*"}`, false},
		{github, `"StringLike":{"GH:sub":"?*"}`, false},
		{github, `"StringLike":{"GH:sub":"repo:*"}`, false},
		{github, `"StringLike":{"GH:sub":"repo:*/*:*"}`, false},
		{github, `"StringLike":{"GH:sub":"*:ref:refs/heads/main"}`, false},
		{github, `"StringLike":{"GH:sub":["repo:octo-org/*","*"]}`, false},
		{github, `"StringLike":{"GH:sub":["repo:octo-org/*","repo:octo/*"]}`, true},
		{github, `"StringEquals":{"GH:sub":"repo:octo-org/r:ref:refs/heads/main"}`, true},
		{github, `"StringEquals":{"GH:SUB":"repo:octo-org/r:ref:refs/heads/main"}`, true},
		{github, `"StringEqualsIgnoreCase":{"GH:sub":"repo:octo-org/r:environment:prod"}`, true},
		{github, `"ForAnyValue:StringLike":{"GH:sub":"repo:octo-org/*"}`, true},
		{github, `"ForAllValues:StringLike":{"GH:sub":"repo:octo-org/*"}`, true},
		{github, `"StringNotLike":{"GH:sub":"repo:evil/*"}`, false},
		{github, `"StringEquals":{"GH:sub":"${GH:sub}"}`, false},
		{github, `"StringEquals":{"GH:sub":""}`, false},
		{github, `"Null":{"GH:sub":"false"}`, false},
		{github, `"StringLike":{"GH:job_workflow_ref":"octo-org/*"}`, true},
		{github, `"StringLikeIfExists":{"GH:job_workflow_ref":"octo-org/*"}`, false},
		{github, `"ForAllValues:StringLike":{"GH:job_workflow_ref":"octo-org/*"}`, false},
		{github, `"StringEquals":{"gitlab.com:sub":"project_path:a/b"}`, false},
		{"Token.Actions.githubusercontent.com", ``, false},
		{"gitlab.com", `"StringLike":{"GH:sub":"project_path:*"}`, false},
		{"gitlab.com", `"StringLike":{"GH:sub":"project_path:group/*"}`, true},
		{"app.terraform.io", ``, false},
		{"app.terraform.io", `"StringLike":{"GH:sub":"organization:acme:*"}`, true},
		{"oidc.vercel.com", `"StringEquals":{"GH:sub":"x"}`, false},
		{"oidc.vercel.com", `"StringEquals":{"GH:aud":"https://vercel.com/acme"}`, true},
		{"accounts.google.com", ``, false},
		{"accounts.google.com", `"NumericEquals":{"GH:google/organization_number":"12345"}`, true},
		{"accounts.google.com", `"StringEquals":{"GH:aud":"app"}`, true},
		{"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d",
			`"StringEquals":{"sts:RoleSessionName":"MicrosoftSentinel_x"}`, true},
		{"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d", `"StringEquals":{"GH:aud":"api://x"}`, false},
		{"ci.example", ``, true},
		{github + "/octo-enterprise", ``, true},
		{"oidc.circleci.com/org/1", ``, true},
	} {
		for _, action := range []string{"sts:AssumeRoleWithWebIdentity", "sts:*"} {
			err := mustParse(t, Trust, trust(c.issuer, action, c.condition)).CheckFederation()
			if (err == nil) != c.good {
				t.Errorf("%s by %s with %s: %v", c.issuer, action, c.condition, err)
			}
			if err != nil && (granary.AsError(err).Code != "MalformedPolicyDocument" ||
				!strings.Contains(err.Error(), strings.ToLower(c.issuer))) {
				t.Errorf("the error: %v", err)
			}
		}
	}
	for name, statement := range map[string]string{
		"a Deny":         strings.Replace(trust(github, "sts:AssumeRoleWithWebIdentity", ""), "Allow", "Deny", 1),
		"another action": trust(github, "sts:TagSession", ""),
	} {
		if err := mustParse(t, Trust, statement).CheckFederation(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := mustParse(t, Trust, stmt("Allow", "sts:AssumeRoleWithWebIdentity", "",
		who(`{"Federated":"cognito-identity.amazonaws.com"}`))).CheckFederation(); err == nil {
		t.Error("every identity pool of Cognito was trusted")
	}
}

// TestWildcardIsNotAProvider checks that "*" in an Allow of a trust policy does not name identity providers, while "*"
// in a Deny does.
func TestWildcardIsNotAProvider(t *testing.T) {
	web := Caller{Kind: WebIdentity, Account: accountA, Federated: "arn:aws:iam::111111111111:oidc-provider/ci.example"}
	r := Request{Caller: web, Action: "sts:AssumeRoleWithWebIdentity", Resource: arnR, Owner: accountA}
	allow := func(principal string) string { return stmt("Allow", "sts:*", "", who(principal)) }
	named := `{"Federated":"` + string(web.Federated) + `"}`
	for statements, want := range map[string]bool{
		allow(`"*"`): false, allow(`{"AWS":"*"}`): false, allow(named): true,
		allow(named) + "," + stmt("Deny", "sts:*", "", who(`"*"`)): false,
	} {
		if d := Evaluate(r, Set{Resource: mustParse(t, Trust, statements), Trust: true,
			RCPs: [][]*Policy{{mustParse(t, RCP, stmt("Allow", "*", "*", who(`"*"`)))}}}); d.Allowed != want {
			t.Errorf("%s: %+v", statements, d)
		}
	}
}
