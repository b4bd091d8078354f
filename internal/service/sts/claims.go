package sts

import (
	"encoding/json"
	"strings"

	"granary/internal/idtoken"
	"granary/internal/policy"
)

// claimKeys are the claims beyond OpenID Connect's own that trust policies can test (IAM guide, "Available keys for AWS
// OIDC federation"). AWS fills each for its provider alone; here whichever provider's token has it does, since those
// who run GitHub or GitLab themselves need them as much. They are there while the role is assumed, and not in its
// session.
var claimKeys = []string{
	// GitHub Actions
	"actor", "actor_id", "enterprise_id", "environment", "job_workflow_ref", "ref", "repository", "repository_id",
	"repository_owner_id", "workflow",
	// GitLab
	"namespace_id", "pipeline_source", "project_id", "ref_protected", "runner_environment", "user_access_level",
	"user_email", "user_id", "user_login",
	// Buildkite
	"build_branch", "cluster_id", "cluster_name", "organization_id", "organization_slug", "pipeline_id", "pipeline_slug",
	"oidc.circleci.com/project-id", // CircleCI
	"rpst_id",                      // Oracle Cloud Infrastructure
	"google/organization_number",   // Google
}

// addClaims adds the condition keys that the provider's own claims fill; provider is lower case.
func addClaims(k policy.Values, provider string, claims *idtoken.Claims) {
	for _, name := range claimKeys {
		if v, ok := scalarClaim(claims, name); ok {
			k[provider+":"+name] = []string{v}
		}
	}
}

// scalarClaim is a claim's text, number or truth value, as text. A claim of that name comes first; else "a/b" is b
// within a.
func scalarClaim(claims *idtoken.Claims, name string) (string, bool) {
	var raw json.RawMessage
	if !claims.Decode(name, &raw) {
		outer, inner, nested := strings.Cut(name, "/")
		var object map[string]json.RawMessage
		if !nested || !claims.Decode(outer, &object) {
			return "", false
		}
		raw = object[inner]
	}
	var text string
	if len(raw) > 0 && raw[0] == '"' {
		err := json.Unmarshal(raw, &text)
		return text, err == nil && text != ""
	}
	var number json.Number
	if json.Unmarshal(raw, &number) == nil && number != "" {
		return number.String(), true
	}
	if s := string(raw); s == "true" || s == "false" {
		return s, true
	}
	return "", false
}
