package server

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary"
	"granary/internal/front"
	"granary/internal/idtoken"
	"granary/internal/policy"
	"granary/internal/store"
)

// Config is everything about an installation that is not data. Each key may also be given in the environment, which
// wins. The zero value with defaults filled is a server on loopback with everything embedded. All nodes of an
// installation share the settings that are not marked as a node's own.
type Config struct {
	Data string `yaml:"data" env:"GRANARY_DATA" node:"own"`
	API  string `yaml:"api" env:"GRANARY_API" node:"own"`
	Web  string `yaml:"web" env:"GRANARY_WEB" node:"own"`
	// what people, providers and links are told; "": where the web door is
	WebURL string `yaml:"web_url" env:"GRANARY_WEB_URL_PUBLIC"`
	// what clients are told; "": the domain and the API door's port
	APIURL         string `yaml:"api_url" env:"GRANARY_API_URL"`
	Domain         string `yaml:"domain" env:"GRANARY_DOMAIN"`
	Region         string `yaml:"region" env:"GRANARY_REGION"`
	AccountID      string `yaml:"account_id" env:"GRANARY_ACCOUNT_ID" node:"own"`
	State          string `yaml:"state" env:"GRANARY_STATE" node:"own"` // sqlite | postgres://…
	AllowPlainHTTP bool   `yaml:"allow_plain_http" env:"GRANARY_ALLOW_PLAIN_HTTP" node:"own"`
	// addresses and networks whose Forwarded and X-Forwarded-* are believed
	TrustedProxies []string `yaml:"trusted_proxies" env:"GRANARY_TRUSTED_PROXIES" node:"own"`
	Revocation     string   `yaml:"revocation" env:"GRANARY_REVOCATION"` // immediate | aws
	// 64 hexadecimal digits; else DIR/kek
	KEK string `yaml:"-" env:"GRANARY_KEK"`

	Now            func() time.Time `yaml:"-"` // the clock; tests move it
	ChangeSettings bool             `yaml:"-"` // the settings that nodes share become this server's

	TLS struct {
		Certificate string `yaml:"certificate" env:"GRANARY_TLS_CERTIFICATE" node:"own"`
		Key         string `yaml:"key" env:"GRANARY_TLS_KEY" node:"own"`
		// PEM file of the authority that clients verify the certificate by
		CA string `yaml:"ca" env:"GRANARY_TLS_CA" node:"own"`
	} `yaml:"tls"`
	Identity struct {
		AllowPrivateIssuers  bool          `yaml:"allow_private_issuers" env:"GRANARY_ALLOW_PRIVATE_ISSUERS"`
		MemberIssuers        bool          `yaml:"member_issuers" env:"GRANARY_IDENTITY_MEMBER_ISSUERS"`
		ContextLifetime      time.Duration `yaml:"context_lifetime" env:"GRANARY_IDENTITY_CONTEXT_LIFETIME"`
		SessionLifetime      time.Duration `yaml:"session_lifetime" env:"GRANARY_IDENTITY_SESSION_LIFETIME"`
		RequireVerifiedEmail bool          `yaml:"require_verified_email" env:"GRANARY_IDENTITY_REQUIRE_VERIFIED_EMAIL"`
		// PEM file
		IssuerCertificates string `yaml:"issuer_certificates" env:"GRANARY_IDENTITY_ISSUER_CERTIFICATES" node:"own"`
		// with commas between
		TokenAlgorithms string        `yaml:"token_algorithms" env:"GRANARY_IDENTITY_TOKEN_ALGORITHMS"`
		ClockSkew       time.Duration `yaml:"clock_skew" env:"GRANARY_IDENTITY_CLOCK_SKEW"`
		// 0: any
		MaxTokenLifetime time.Duration `yaml:"max_token_lifetime" env:"GRANARY_IDENTITY_MAX_TOKEN_LIFETIME"`
		// allowed beside AWS's own to sessions made with an identity context
		ContextActions []string `yaml:"context_actions" env:"GRANARY_IDENTITY_CONTEXT_ACTIONS"`
		// aws | web
		TokenIssuer               string `yaml:"token_issuer" env:"GRANARY_IDENTITY_TOKEN_ISSUER"`
		DefaultAssignmentRequired bool   `yaml:"default_assignment_required" env:"GRANARY_DEFAULT_ASSIGNMENT_REQUIRED"`
	} `yaml:"identity"`
	Scim struct {
		Lenient      bool   `yaml:"lenient" env:"GRANARY_SCIM_LENIENT"`
		GroupMembers string `yaml:"group_members" env:"GRANARY_SCIM_GROUP_MEMBERS"` // aws | full
		MultiValued  string `yaml:"multi_valued" env:"GRANARY_SCIM_MULTI_VALUED"`   // aws | keep
		ETags        bool   `yaml:"etags" env:"GRANARY_SCIM_ETAGS"`
		// of each operation and identity store; 0: no limit
		Reads  int `yaml:"reads_per_second" env:"GRANARY_SCIM_READS_PER_SECOND"`
		Writes int `yaml:"writes_per_second" env:"GRANARY_SCIM_WRITES_PER_SECOND"` // a change of a membership is one
	} `yaml:"scim"`
	Quotas struct {
		AccessGrants int `yaml:"access_grants" env:"GRANARY_QUOTA_ACCESS_GRANTS"`
		Locations    int `yaml:"access_grants_locations" env:"GRANARY_QUOTA_ACCESS_GRANTS_LOCATIONS"`
		Issuers      int `yaml:"trusted_token_issuers" env:"GRANARY_QUOTA_TRUSTED_TOKEN_ISSUERS"` // per instance
		// a second, of one application; 0: any number
		Exchanges int `yaml:"token_exchanges" env:"GRANARY_QUOTA_TOKEN_EXCHANGES"`
	} `yaml:"quotas"`
	Storage struct {
		Default  string             `yaml:"default"`
		Backends map[string]Backend `yaml:"backends" node:"own"`
	} `yaml:"storage"`
	CORS    CORS `yaml:"cors"`
	Gateway struct {
		ResolveGrants bool `yaml:"resolve_grants" env:"GRANARY_RESOLVE_GRANTS"`
	} `yaml:"gateway"`
	S3 struct {
		AllowSigV2Presign bool `yaml:"allow_sigv2_presign" env:"GRANARY_S3_ALLOW_SIGV2_PRESIGN"`
	} `yaml:"s3"`
	Telemetry struct {
		// "": /metrics on the web door, for this machine
		Listen string `yaml:"listen" env:"GRANARY_TELEMETRY_LISTEN" node:"own"`
	} `yaml:"telemetry"`
	Audit struct {
		Mode      string   `yaml:"mode" env:"GRANARY_AUDIT_MODE"`              // strict | async
		Sinks     []string `yaml:"sinks" node:"own"`                           // file, stdout
		Reads     string   `yaml:"reads" env:"GRANARY_AUDIT_READS" node:"own"` // written | synced
		Retention period   `yaml:"retention" env:"GRANARY_AUDIT_RETENTION" node:"own"`
		MaxSize   size     `yaml:"max_size" env:"GRANARY_AUDIT_MAX_SIZE" node:"own"` // 0: by the disk
	} `yaml:"audit"`
}

// CORS says from where browsers may call the API door.
type CORS struct {
	Origins string `yaml:"origins" env:"GRANARY_CORS_ORIGINS"` // "https://a.example https://b.example", or "*" for any
}

func (c CORS) origins() []string {
	if strings.TrimSpace(c.Origins) == "*" {
		return nil
	}
	return strings.Fields(c.Origins)
}

// check demands origins as browsers send them: scheme and host, in lower case, no path.
func (c CORS) check() error {
	if strings.TrimSpace(c.Origins) == "" {
		return errors.New("cors.origins is empty, and must be * or origins such as https://app.example")
	}
	for _, o := range c.origins() {
		u, err := url.Parse(o)
		if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Scheme+"://"+u.Host != o || u.Host == "" ||
			strings.Contains(o, "*") || o != strings.ToLower(o) {
			return fmt.Errorf("cors.origins has %q, which is no origin such as https://app.example", o)
		}
	}
	return nil
}

const maxContextActions = 100 // each is compared in every request of such a session

// Defaults is the configuration of a server that was told nothing.
func Defaults() Config {
	c := Config{Data: "granary-data", API: "127.0.0.1:9600", Web: "127.0.0.1:9601", Domain: "granary.localhost",
		Region: "us-east-1", State: "sqlite", Revocation: "immediate", Now: time.Now}
	c.Identity.ContextLifetime, c.Identity.SessionLifetime = time.Hour, 8*time.Hour
	c.Identity.DefaultAssignmentRequired, c.Identity.TokenIssuer = true, "aws"
	c.Identity.TokenAlgorithms, c.Identity.ClockSkew = "RS256", idtoken.Skew
	c.Scim.GroupMembers, c.Scim.MultiValued = "full", "aws"
	c.Storage.Default, c.CORS.Origins = "embedded", "*"
	c.Quotas.AccessGrants, c.Quotas.Locations, c.Quotas.Issuers = 20_000_000, 100_000, 10
	c.Audit.Mode, c.Audit.Sinks = "strict", []string{"file"}
	c.Audit.Reads, c.Audit.Retention = "written", period(90*24*time.Hour)
	return c
}

// Load reads a YAML file (path "" means none) and the environment over c. Unknown keys are errors.
func (c *Config) Load(path string, getenv func(string) string) error {
	if path != "" {
		text, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("the configuration file cannot be read: %w", err)
		}
		if err := readYAML(text, c); err != nil {
			return fmt.Errorf("the configuration file %s is wrong: %w", path, err)
		}
	}
	return setFromEnv(c, getenv)
}

// Check says in a sentence what is wrong with the configuration.
func (c *Config) Check() error {
	errs := []error{
		c.CORS.check(),
		oneOf("revocation", c.Revocation, "immediate", "aws"),
		oneOf("scim.group_members", c.Scim.GroupMembers, "aws", "full"),
		oneOf("scim.multi_valued", c.Scim.MultiValued, "aws", "keep"),
		checkState(c.State),
		c.checkURLs(),
		c.checkIdentity(),
		c.checkAudit(),
		c.checkAddresses(),
		c.checkBackends(),
	}
	if c.Gateway.ResolveGrants || c.S3.AllowSigV2Presign {
		errs = append(errs,
			errors.New("gateway.resolve_grants and s3.allow_sigv2_presign are not supported by this release; leave them false"))
	}
	if c.AccountID != "" && !granary.AccountID(c.AccountID).Valid() {
		errs = append(errs, fmt.Errorf("the account id %q is not exactly 12 digits", c.AccountID))
	}
	if (c.TLS.Certificate == "") != (c.TLS.Key == "") {
		errs = append(errs, errors.New("tls.certificate and tls.key go together: give both or neither"))
	}
	if c.Scim.Reads < 0 || c.Scim.Writes < 0 {
		errs = append(errs,
			errors.New("scim.reads_per_second and scim.writes_per_second must not be negative; 0 is no limit"))
	}
	if _, err := front.ParseProxies(c.TrustedProxies); err != nil {
		errs = append(errs, err)
	}
	if c.Data == "" {
		errs = append(errs, errors.New("the data directory has no name"))
	}
	if c.Region == "" || len(c.Region) > 32 || strings.Trim(c.Region, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
		errs = append(errs, fmt.Errorf("the region %q is not a name such as us-east-1", c.Region))
	}
	if c.Domain == "" || strings.ContainsAny(c.Domain, ":/ ") {
		errs = append(errs, fmt.Errorf("the domain %q is not a host name without port", c.Domain))
	}
	if c.Quotas.AccessGrants < 0 || c.Quotas.Locations < 0 || c.Quotas.Issuers < 0 || c.Quotas.Exchanges < 0 {
		errs = append(errs, errors.New("quotas must not be negative"))
	}
	return errors.Join(errs...)
}

// checkIdentity checks the settings of sign-ins: tokens, contexts and sessions.
func (c *Config) checkIdentity() error {
	errs := []error{oneOf("identity.token_issuer", c.Identity.TokenIssuer, "aws", "web")}
	for a := range strings.SplitSeq(c.Identity.TokenAlgorithms, ",") {
		errs = append(errs, oneOf("identity.token_algorithms", strings.TrimSpace(a), "RS256", "PS256", "ES256", "ES384"))
	}
	if c.Identity.ClockSkew < 0 || c.Identity.ClockSkew > 5*time.Minute || c.Identity.MaxTokenLifetime < 0 {
		errs = append(errs,
			errors.New("identity.clock_skew must be between 0s and 5m, and identity.max_token_lifetime not negative"))
	}
	if len(c.Identity.ContextActions) > maxContextActions {
		errs = append(errs, fmt.Errorf("identity.context_actions has %d actions, and may have %d",
			len(c.Identity.ContextActions), maxContextActions))
	}
	for _, a := range c.Identity.ContextActions {
		if _, err := policy.IdentityContextPolicy(a); err != nil {
			errs = append(errs,
				fmt.Errorf("identity.context_actions has %q, which is not an IAM action such as glue:GetTable or glue:Get*: %w", a,
					err))
		}
	}
	if c.Identity.ContextLifetime < time.Minute || c.Identity.ContextLifetime > 12*time.Hour {
		errs = append(errs, fmt.Errorf("identity.context_lifetime is %s, and must be between 1m and 12h",
			c.Identity.ContextLifetime))
	}
	if c.Identity.SessionLifetime < time.Minute || c.Identity.SessionLifetime > 90*24*time.Hour {
		errs = append(errs, fmt.Errorf("identity.session_lifetime is %s, and must be between 1m and 2160h",
			c.Identity.SessionLifetime))
	}
	return errors.Join(errs...)
}

// checkAudit checks the settings of the audit log.
func (c *Config) checkAudit() error {
	errs := []error{
		oneOf("audit.mode", c.Audit.Mode, "strict", "async"),
		oneOf("audit.reads", c.Audit.Reads, "written", "synced"),
	}
	if c.Audit.Retention < period(time.Hour) {
		errs = append(errs, fmt.Errorf("audit.retention is %s, and must be at least an hour",
			time.Duration(c.Audit.Retention)))
	}
	if c.Audit.MaxSize != 0 && c.Audit.MaxSize < 16<<20 {
		errs = append(errs, fmt.Errorf("audit.max_size is %d bytes, and must be at least 16MiB", c.Audit.MaxSize))
	}
	for _, s := range c.Audit.Sinks {
		errs = append(errs, oneOf("audit.sinks", s, "file", "stdout"))
	}
	return errors.Join(errs...)
}

// checkAddresses checks where the doors listen.
func (c *Config) checkAddresses() error {
	var errs []error
	for name, address := range map[string]string{"API": c.API, "web": c.Web, "telemetry": c.Telemetry.Listen} {
		if address == "" && name == "telemetry" {
			continue
		}
		if _, port, err := net.SplitHostPort(address); err != nil || !validPort(port) {
			errs = append(errs,
				fmt.Errorf("the address of the %s door is %q, and must be a host and a port such as 127.0.0.1:9600", name, address))
		}
	}
	return errors.Join(errs...)
}

// oneOf says that a setting must be one of the allowed values, unless it is.
func oneOf(name, value string, allowed ...string) error {
	if slices.Contains(allowed, value) {
		return nil
	}
	return fmt.Errorf("%s is %q, and must be one of: %s", name, value, strings.Join(allowed, ", "))
}

func validPort(s string) bool {
	n, err := strconv.ParseUint(s, 10, 16)
	return err == nil && strconv.FormatUint(n, 10) == s
}

// checkState checks the state setting. Its errors never quote a URL, which may hold a password.
func checkState(state string) error {
	switch {
	case state == "sqlite":
		return nil
	case !store.IsShared(state):
		return errors.New("state must be sqlite, or the URL of a PostgreSQL database such as " +
			"postgres://user@host:5432/granary")
	}
	return store.CheckURL(state)
}
