package server

import (
	"os"
	"path/filepath"
	"reflect"
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
	c, err := load(t, "region: eu-west-1\nstorage: {default: embedded}\ngateway: {resolve_grants: false}\nrevocation: "+
		"aws\nidentity:\n  context_lifetime: 30m\nquotas:\n  access_grants: 7\n",
		map[string]string{"GRANARY_REGION": "us-west-2", "GRANARY_ALLOW_PRIVATE_ISSUERS": "true",
			"GRANARY_SCIM_GROUP_MEMBERS": "aws"})
	if err != nil {
		t.Fatal(err)
	}
	if c.Region != "us-west-2" || c.Revocation != "aws" || c.Identity.ContextLifetime != 30*time.Minute ||
		c.Quotas.AccessGrants != 7 ||
		!c.Identity.AllowPrivateIssuers || c.Scim.GroupMembers != "aws" || c.API != "127.0.0.1:9600" ||
		!c.Identity.DefaultAssignmentRequired {
		t.Errorf("%+v", c)
	}
}

func TestWrongConfigurationIsSaidInWords(t *testing.T) {
	for name, x := range map[string]struct {
		yaml string
		env  map[string]string
		say  string
	}{
		"unknown key":     {"data: d\nregoin: x", nil, `line 2: there is no setting "regoin"; did you mean region?`},
		"unknown sub-key": {"identity:\n  allow: true", nil, `line 2: there is no setting "identity.allow"`},
		"slip in a sub-key": {"identity:\n  token_isuer: aws", nil,
			`"identity.token_isuer"; did you mean identity.token_issuer?`},
		"wrong heading": {"context_lifetime: 1h", nil,
			`"context_lifetime"; did you mean identity.context_lifetime?`},
		"twice":           {"api: 127.0.0.1:1\napi: 127.0.0.1:2", nil, "line 2: api is given twice"},
		"no value":        {"region:", nil, "line 1: region has no value"},
		"a list for one":  {"region: [a, b]", nil, "line 1: region is one value, not a list"},
		"one for a group": {"tls: cert.pem", nil, "line 1: tls has settings of its own, such as certificate, key"},
		"a duration": {"identity:\n  context_lifetime: 1 hour", nil,
			`line 2: identity.context_lifetime is "1 hour", and must be a duration such as 30s, 15m or 24h`},
		"a number": {"quotas: {access_grants: many}", nil,
			`quotas.access_grants is "many", and must be a whole number`},
		"a switch":               {"scim: {lenient: perhaps}", nil, `scim.lenient is "perhaps", and must be true or false`},
		"a second document":      {"region: a\n---\nregion: b", nil, "more than one document"},
		"a backend":              {"storage: {backends: {far: {typ: s3}}}", nil, `"storage.backends.far.typ"`},
		"not a file of settings": {"- region", nil, "line 1: the file has settings of its own"},
		"web_url": {"web_url: granary.example.com", nil, "web_url is \"granary.example.com\", and must be a " +
			"URL such as https://granary.example.com"},
		"web_url's scheme": {"web_url: ftp://granary.example.com", nil, "must be a URL"},
		"web_url's path": {"web_url: https://example.com/granary/", nil,
			"web_url has the path \"/granary\", and must have none"},
		"web_url's query":  {"web_url: https://example.com?x=1", nil, "a scheme, a host and perhaps a port"},
		"web_url's person": {"web_url: https://me@example.com", nil, "a scheme, a host and perhaps a port"},
		"web_url's port": {"", map[string]string{"GRANARY_WEB_URL_PUBLIC": "https://example.com:99999"},
			"no host name and port"},
		"api_url's host": {"api_url: https://s3.example.com", nil,
			"api_url is for the host s3.example.com, and domain is granary.localhost"},
		"tls.ca alone":    {"tls: {ca: ca.pem}", nil, "neither tls.certificate nor an https api_url"},
		"not YAML":        {"a: [", nil, "is wrong"},
		"bad choice":      {"revocation: never", nil, `revocation is "never", and must be one of: immediate, aws`},
		"bad switch":      {"", map[string]string{"GRANARY_ALLOW_PRIVATE_ISSUERS": "maybe"}, "must be true or false"},
		"bad number":      {"", map[string]string{"GRANARY_QUOTA_ACCESS_GRANTS": "many"}, "whole number"},
		"bad duration":    {"", map[string]string{"GRANARY_IDENTITY_CONTEXT_LIFETIME": "long"}, "duration"},
		"too long":        {"identity:\n  context_lifetime: 13h", nil, "between 1m and 12h"},
		"endless session": {"identity:\n  session_lifetime: 9000h", nil, "between 1m and 2160h"},
		"context action": {"identity:\n  context_actions: [glue:GetTable, reports]", nil,
			`identity.context_actions has "reports", which is not an IAM action`},
		"context actions": {"", map[string]string{"GRANARY_IDENTITY_CONTEXT_ACTIONS": "glue:GetTable,,glue:Get*"},
			`identity.context_actions has ""`},
		"101 of them": {"",
			map[string]string{"GRANARY_IDENTITY_CONTEXT_ACTIONS": strings.Repeat("glue:Get*,", 100) + "glue:Get*"},
			"has 101 actions, and may have 100"},
		"how reads are kept": {"", map[string]string{"GRANARY_AUDIT_READS": "never"},
			"audit.reads is \"never\", and must be one of: written, synced"},
		"retention":       {"audit: {retention: 30m}", nil, "audit.retention is 30m0s, and must be at least an hour"},
		"no retention":    {"audit: {retention: forever}", nil, "is not a time such as 90d or 36h"},
		"size of the log": {"audit: {max_size: 1MiB}", nil, "must be at least 16MiB"},
		"no size":         {"", map[string]string{"GRANARY_AUDIT_MAX_SIZE": "-5GiB"}, "is not a size such as 500MiB"},
		"half of TLS":     {"tls:\n  key: x", nil, "go together"},
		"account":         {"account_id: 12", nil, "12 digits"},
		"another database": {"state: mysql://root:secret@x/y", nil,
			"state must be sqlite, or the URL of a PostgreSQL database"},
		"not a URL": {"state: postgres://granary:secret@x:y/z", nil,
			"the URL of the PostgreSQL database cannot be read"},
		"another store":  {"storage: {default: far}", nil, "storage.backends has no backend of this name"},
		"a store's type": {"storage: {backends: {far: {type: nfs}}}", nil, "must be one of: embedded, s3"},
		"a store's secret": {"storage: {backends: {far: {endpoint: 'https://s3.example.com', access_key_id: a}}}", nil,
			"storage.backends.far: it needs either secret_access_key or secret_access_key_file"},
		"a store's endpoint": {"storage: {backends: {far: {access_key_id: a, secret_access_key: b}}}", nil,
			"the endpoint is missing"},
		"plain HTTP to a store": {"storage: {backends: {far: {endpoint: 'http://s3.example.com', access_key_id: a, " +
			"secret_access_key: b}}}", nil, "is plain HTTP to another machine"},
		"a store's kind": {"storage: {backends: {far: {endpoint: 'https://s3.example.com', access_key_id: a, " +
			"secret_access_key: b, kind: tape}}}", nil, "aws, ceph, granary, minio, versitygw"},
		"a capability": {"storage: {backends: {far: {endpoint: 'https://s3.example.com', access_key_id: a, " +
			"secret_access_key: b, capabilities: {teleport: yes}}}}", nil, "capabilities.teleport is not known"},
		"the embedded store's name": {"storage: {backends: {embedded: {type: s3}}}", nil, "belongs to the embedded store"},
		"later setting": {"", map[string]string{"GRANARY_RESOLVE_GRANTS": "true"},
			"not supported by this release"},
		"domain": {"domain: http://x", nil, "not a host name"},
	} {
		if _, err := load(t, x.yaml, x.env); err == nil || !strings.Contains(err.Error(), x.say) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The file may be empty, may hold only comments, and may leave a heading without settings.
func TestAFileMaySayNothing(t *testing.T) {
	for _, text := range []string{"", "# nothing\n", "---\n", "tls:\n  # later\nidentity: {}\n", "~"} {
		c, err := load(t, text, nil)
		if want := Defaults(); err != nil || c.Region != want.Region || c.TLS != want.TLS ||
			c.Identity.TokenIssuer != want.Identity.TokenIssuer {
			t.Errorf("%q: %v, %+v", text, err, c)
		}
	}
}

// Whatever setting there is can be given in the file, and those with a variable in the environment.
func TestEverySettingCanBeGiven(t *testing.T) {
	sample := map[reflect.Kind]string{reflect.String: "x", reflect.Bool: "true", reflect.Int: "7", reflect.Int64: "7s",
		reflect.Slice: "[a, b]", reflect.Map: "{a: {}}"}
	var walk func(v reflect.Value, heading string, c *Config)
	walk = func(v reflect.Value, heading string, c *Config) {
		for i := range v.NumField() {
			name := v.Type().Field(i).Tag.Get("yaml")
			switch f := v.Field(i); {
			case name == "-":
			case name == "":
				t.Errorf("%s has no name in the file", v.Type().Field(i).Name)
			case f.Kind() == reflect.Struct:
				walk(f, heading+name+": {", c)
			default:
				sample := sample[f.Kind()]
				if f.Type() == reflect.TypeFor[size]() {
					sample = "7GiB"
				}
				line := heading + name + ": " + sample + strings.Repeat("}", strings.Count(heading, "{"))
				if err := readYAML([]byte(line), c); err != nil {
					t.Errorf("%s: %v", line, err)
				}
				if f.IsZero() {
					t.Errorf("%s changes nothing", line)
				}
				if env := v.Type().Field(i).Tag.Get("env"); env != "" {
					f.SetZero()
					text := strings.Trim(sample, "[]")
					if err := setFromEnv(c, func(n string) string { return map[string]string{env: text}[n] }); err != nil ||
						f.IsZero() {
						t.Errorf("%s=%s changes nothing: %v", env, text, err)
					}
				}
			}
		}
	}
	var c Config
	walk(reflect.ValueOf(&c).Elem(), "", &c)
}

func TestVariablesThatAreNoSettingsAreTold(t *testing.T) {
	for environ, want := range map[string]struct{ err, warning string }{
		"GRANARY_DOMIAN=x": {"GRANARY_DOMIAN, which is no setting; did you mean " +
			"GRANARY_DOMAIN?", ""},
		"GRANARY_TLS_CERTIFICAT=x":                            {"did you mean GRANARY_TLS_CERTIFICATE?", ""},
		"GRANARY_SERVICE_HOST=10.0.0.1":                       {"", "GRANARY_SERVICE_HOST in the environment is no setting"},
		"GRANARY_PORT_9600_TCP_ADDR=x":                        {"", "is no setting"},
		"GRANARY_DOMAIN=x GRANARY_KEK=x GRANARY_API=x":        {"", ""},
		"GRANARY_WEB_URL=http://x":                            {"", ""},
		"GRANARY_ACCOUNT_ID=123456789012":                     {"", ""},
		"GRANARY_WEB_URL=http://x GRANARY_ACCOUNT_ID=1234567": {"", "comes from a client.env"},
		"GRANARY_TEST_STATE=postgres GRANARY_DOMIAN= PATH=x":  {"", ""},
	} {
		warnings, err := CheckEnvironment(strings.Fields(environ))
		if said := strings.Join(warnings, "\n"); (want.err == "") != (err == nil) || err != nil &&
			!strings.Contains(err.Error(), want.err) ||
			(want.warning == "") != (said == "") || !strings.Contains(said, want.warning) {
			t.Errorf("%s: %v, %q", environ, err, said)
		}
	}
}

// A shell that read the client.env of one server starts another as if it had not.
func TestTheEnvironmentOfClientsIsNoSetting(t *testing.T) {
	env := map[string]string{"GRANARY_WEB_URL": "https://other.example", "GRANARY_ACCOUNT_ID": "123456789012",
		"AWS_REGION": "eu-west-1", "AWS_ENDPOINT_URL": "http://other.example:9600"}
	c, err := load(t, "", env)
	if err != nil || c.AccountID != "" || c.WebURL != "" || c.Region != "us-east-1" {
		t.Errorf("%v: account %q, web_url %q, region %q", err, c.AccountID, c.WebURL, c.Region)
	}
	delete(env, "GRANARY_WEB_URL")
	if c, err = load(t, "", env); err != nil || c.AccountID != "123456789012" {
		t.Errorf("%v: the setting %q", err, c.AccountID)
	}
}
