package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func load(t *testing.T, yaml string, env map[string]string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "granary.yaml")
	if err := os.WriteFile(path, []byte(yaml), 0o600); err != nil {
		t.Fatal(err)
	}
	c := Defaults()
	if err := c.Load(path, func(name string) string { return env[name] }); err != nil {
		return c, err
	}
	return c, c.Check()
}

func TestTheEnvironmentWinsOverTheFileAndTheFileOverDefaults(t *testing.T) {
	c, err := load(t, "region: eu-west-1\nstorage: {default: embedded}\ngateway: {resolve_grants: false}\nrevocation: aws\nidentity:\n  context_lifetime: 30m\nquotas:\n  access_grants: 7\n",
		map[string]string{"GRANARY_REGION": "us-west-2", "GRANARY_ALLOW_PRIVATE_ISSUERS": "true", "GRANARY_SCIM_GROUP_MEMBERS": "aws"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "us-west-2" || c.Revocation != "aws" || c.Identity.ContextLifetime != 30*time.Minute || c.Quotas.AccessGrants != 7 ||
		!c.Identity.AllowPrivateIssuers || c.Scim.GroupMembers != "aws" || c.API != "127.0.0.1:9600" || !c.Identity.DefaultAssignmentRequired {
		t.Errorf("%+v", c)
	}
}

func TestWrongConfigurationIsSaidInWords(t *testing.T) {
	for name, x := range map[string]struct {
		yaml string
		env  map[string]string
		say  string
	}{
		"unknown key":      {"regoin: x", nil, "regoin"},
		"unknown sub-key":  {"identity:\n  allow: true", nil, "allow"},
		"not YAML":         {"a: [", nil, "is wrong"},
		"bad choice":       {"revocation: never", nil, `revocation is "never", and must be one of: immediate, aws`},
		"bad switch":       {"", map[string]string{"GRANARY_ALLOW_PRIVATE_ISSUERS": "maybe"}, "must be true or false"},
		"bad number":       {"", map[string]string{"GRANARY_QUOTA_ACCESS_GRANTS": "many"}, "whole number"},
		"bad duration":     {"", map[string]string{"GRANARY_IDENTITY_CONTEXT_LIFETIME": "long"}, "duration"},
		"too long":         {"identity:\n  context_lifetime: 13h", nil, "between 1m and 12h"},
		"endless session":  {"identity:\n  session_lifetime: 9000h", nil, "between 1m and 2160h"},
		"context action":   {"identity:\n  context_actions: [glue:GetTable, reports]", nil, `identity.context_actions has "reports", which is not an IAM action`},
		"context actions":  {"", map[string]string{"GRANARY_IDENTITY_CONTEXT_ACTIONS": "glue:GetTable,,glue:Get*"}, `identity.context_actions has ""`},
		"101 of them":      {"", map[string]string{"GRANARY_IDENTITY_CONTEXT_ACTIONS": strings.Repeat("glue:Get*,", 100) + "glue:Get*"}, "has 101 actions, and may have 100"},
		"half of TLS":      {"tls:\n  key: x", nil, "go together"},
		"account":          {"account_id: 12", nil, "12 digits"},
		"another database": {"state: mysql://root:secret@x/y", nil, "state must be sqlite, or the URL of a PostgreSQL database"},
		"not a URL":        {"state: postgres://granary:secret@x:y/z", nil, "the URL of the PostgreSQL database cannot be read"},
		"another store":    {"storage:\n  default: far\n  backends:\n    far: {type: s3}", nil, "storage.default"},
		"later setting":    {"", map[string]string{"GRANARY_RESOLVE_GRANTS": "true"}, "not supported by this release"},
		"domain":           {"domain: http://x", nil, "not a host name"},
	} {
		if _, err := load(t, x.yaml, x.env); err == nil || !strings.Contains(err.Error(), x.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
