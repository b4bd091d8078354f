package policy

import (
	"slices"
	"strings"
)

// sharedIssuer describes an OpenID Connect issuer that many organizations use. A role that trusts such an issuer
// without testing a claim that identifies one organization trusts all of them.
type sharedIssuer struct {
	keys   []string // condition keys of which a trust policy must test one; keys without ":" are claims of the issuer
	common string   // the beginning that the values of all customers have in common
}

// sharedIssuers lists, by URL without the scheme, the issuers that IAM knows to be shared (IAM guide,
// "Identity-provider controls for shared OIDC providers"), and Google's, from which anybody can get a token for any
// audience.
var sharedIssuers = map[string]sharedIssuer{
	"token.actions.githubusercontent.com":                {keys: []string{"sub", "job_workflow_ref"}, common: "repo:"},
	"vstoken.actions.githubusercontent.com":              {keys: []string{"sub"}, common: "repo:"},
	"oidc-configuration.audit-log.githubusercontent.com": {keys: []string{"sub"}, common: "https://github.com/"},
	"gitlab.com":              {keys: []string{"sub"}, common: "project_path:"},
	"app.terraform.io":        {keys: []string{"sub"}, common: "organization:"},
	"agent.buildkite.com":     {keys: []string{"sub"}, common: "organization:"},
	"oidc.codefresh.io":       {keys: []string{"sub"}, common: "account:"},
	"studio.datachain.ai/api": {keys: []string{"sub"}},
	"scalr.io":                {keys: []string{"sub"}, common: "account:"},
	"tokens.cloud.shisho.dev": {keys: []string{"sub"}},
	"proidc.upbound.io":       {keys: []string{"sub"}},
	"oidc.op1.openshiftapps.com/2f785sojlpb85i7402pk3qogugim5nfb": {keys: []string{"sub"}},
	"api.pulumi.com/oidc":            {keys: []string{"aud"}},
	"sandboxes.cloud":                {keys: []string{"aud"}},
	"oidc.vercel.com":                {keys: []string{"aud"}},
	"cognito-identity.amazonaws.com": {keys: []string{"aud"}},
	"accounts.google.com":            {keys: []string{"sub", "aud", "oaud", "google/organization_number"}},
	"sts.windows.net/33e01921-4d64-4f8c-a055-5bdaffd5e33d": {keys: []string{"sts:RoleSessionName"}}, // Microsoft Sentinel
}

const assumeWithWebIdentity = "sts:AssumeRoleWithWebIdentity"

// CheckFederation returns an Invalid error for a trust policy that trusts a shared issuer without a condition that
// identifies one of the issuer's customers.
func (p *Policy) CheckFederation() error {
	for i := range p.statements {
		s := &p.statements[i]
		if s.deny || s.matchesAction(assumeWithWebIdentity, new(Work)) == s.notAction {
			continue
		}
		for _, q := range s.principals {
			name, issuer := issuerOf(q)
			if len(issuer.keys) == 0 || s.distinguishesCustomers(name, issuer) {
				continue
			}
			return malformed("The trust policy must test %s, with a value that is more than wildcards: the OpenID Connect "+
				"provider %s is shared by many organizations (statement %d).",
				strings.Join(issuer.conditionKeys(name), " or "), name, i+1)
		}
	}
	return nil
}

// issuerOf returns the shared issuer that the principal names, with the name used in condition keys. It returns the
// zero value for any other principal.
func issuerOf(q principal) (name string, issuer sharedIssuer) {
	if q.kind != "Federated" {
		return "", sharedIssuer{}
	}
	name = q.value
	if _, after, ok := strings.Cut(q.value, ":oidc-provider/"); ok {
		name = after
	}
	name = strings.TrimSuffix(strings.ToLower(name), "/")
	return name, sharedIssuers[name]
}

// conditionKeys returns the issuer's condition keys with their prefix.
func (f sharedIssuer) conditionKeys(issuer string) (out []string) {
	for _, k := range f.keys {
		if !strings.Contains(k, ":") {
			k = issuer + ":" + k
		}
		out = append(out, k)
	}
	return out
}

// distinguishesCustomers reports whether one of the statement's conditions identifies a customer of the issuer.
func (s *statement) distinguishesCustomers(name string, issuer sharedIssuer) bool {
	var keys []string
	for _, k := range issuer.conditionKeys(name) {
		keys = append(keys, strings.ToLower(k))
	}
	for i := range s.conditions {
		c := &s.conditions[i]
		for j := range c.keys {
			k := &c.keys[j]
			if c.op.negated || !c.requiresValue() && !alwaysPresent(k.name) {
				continue
			}
			if slices.Contains(keys, k.name) && !slices.ContainsFunc(k.wanted,
				func(w wanted) bool { return !w.distinguishesCustomers(c.op.family, issuer.common) }) {
				return true
			}
		}
	}
	return false
}

// distinguishesCustomers reports whether the value identifies a customer: it must not consist of wildcards, nor be only
// the beginning that all customers have in common.
func (w *wanted) distinguishesCustomers(family, common string) bool {
	if family == "numeric" {
		return w.readable
	}
	text, whole := w.literalPrefix(family)
	if strings.Trim(text, "*?") == "" {
		return false
	}
	return whole || len(text) > len(common) || !strings.HasPrefix(common, text)
}

// alwaysPresent reports whether every request with a token has the key. A condition on such a key cannot hold because
// the key is absent.
func alwaysPresent(key string) bool {
	return strings.HasSuffix(key, ":sub") || strings.HasSuffix(key, ":aud") || key == "sts:rolesessionname"
}
