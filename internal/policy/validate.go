package policy

import (
	"regexp"
	"slices"
	"strings"

	"granary"
)

var (
	sidForm     = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	vendorForm  = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	trustAction = []string{"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity",
		"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}
	iamTypes = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
		"sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}
)

// validate holds a statement to IAM's rules, with IAM's sentences (iam-policy §3).
func (c *parser) validate(s *statement, w *written) {
	kind := c.p.kind
	if c.f.iamText && kind != Trust && !sidForm.MatchString(s.sid) {
		c.broken(rowSidText, malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*"))
	}
	if len(w.actions) == 0 {
		c.broken(rowNoAction, malformed("Policy statement must contain actions."))
	}
	for _, r := range w.resources {
		c.resource(r)
	}
	for _, a := range w.actions {
		c.action(a, s.notAction)
	}
	switch {
	case c.f.resource && len(w.resources) == 0:
		c.broken(rowNoResource, malformed("Policy statement must contain resources."))
	case !c.f.resource && len(w.resources) > 0:
		c.broken(rowTrustResource, malformed("Has prohibited field Resource."))
	}
	switch {
	case w.principal == nil && c.f.principal:
		c.broken(rowPrincipal, malformed("Missing required field Principal"))
	case w.principal == nil:
	case !c.f.principal:
		c.broken(rowPrincipal, malformed("Policy document should not specify a principal."))
	default:
		s.principals = c.principals(*w.principal)
	}
	switch {
	case s.notPrincipal && c.f.principal && (!c.f.notPrincipal || !s.deny):
		c.broken(rowKind, malformed("NotPrincipal is only possible in a Deny statement of a resource policy."))
	case kind == RCP && w.principal != nil && (w.principal.kind != 's' || w.principal.text != "*"):
		c.broken(rowKind, malformed(`A resource control policy's principal can only be "*".`))
	case kind == RCP && s.notResource && !s.deny:
		c.broken(rowKind, malformed("NotResource is only possible in a Deny statement of a resource control policy."))
	}
}

func (c *parser) action(a string, not bool) {
	if a == "*" {
		if c.p.kind == Trust {
			c.trustAction()
		}
		return
	}
	vendor, name, ok := strings.Cut(a, ":")
	switch {
	case !ok:
		c.broken(rowActionVendor, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."))
	case strings.Contains(name, ":"):
		c.broken(rowActionColons, malformed("Actions/Condition can contain only one colon."))
	case !vendorForm.MatchString(vendor):
		c.broken(rowActionVendorText, malformed("Vendor %s is not valid", vendor))
	case name == "":
		c.legacy()
	case c.p.kind == Trust && !not && !trustPattern(a):
		c.trustAction()
	}
}

func (c *parser) trustAction() {
	c.broken(rowTrustAction, malformed("AssumeRole policy may only specify STS AssumeRole actions."))
}

// trustPattern reports whether a pattern reaches something that a trust policy is about.
func trustPattern(a string) bool {
	g := newGlob(strings.ToLower(a))
	return slices.ContainsFunc(trustAction, func(t string) bool { return g.match(t, false) })
}

func (c *parser) resource(r string) {
	if r == "*" {
		return
	}
	parts := strings.SplitN(r, ":", 6)
	switch {
	case parts[0] != "arn":
		c.broken(rowResourceForm, malformed(`Resource %s must be in ARN format or "*".`, r))
		return
	case len(parts) < 6 && strings.Contains(r, "::"):
		c.legacy()
		return
	case len(parts) > 1 && !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "*"}, parts[1]):
		c.broken(rowPartition, malformed(`Partition "%s" is not valid for resource "%s".`, parts[1], r))
		return
	case len(parts) < 3 || parts[2] == "" || strings.ContainsAny(parts[2], "*?"):
		c.broken(rowResourceVendor, malformed("Resource vendor must be fully qualified and cannot contain regexes."))
		return
	case len(parts) < 6:
		if !strings.HasSuffix(r, "*") {
			c.broken(rowResourceForm, malformed(`Resource %s must be in ARN format or "*".`, r))
		}
		return
	}
	for _, segment := range parts[:5] {
		if c.p.variables && strings.Contains(segment, "$") {
			c.legacy() // a variable can stand in the last segment only
			return
		}
	}
	c.named(r, parts[2], parts[3], parts[5])
	c.wellFormed(parts[5])
}

// named checks what S3 and IAM demand of a resource's name.
func (c *parser) named(r, vendor, region, name string) {
	switch vendor {
	case "s3":
		if region != "" && region != "*" && !strings.HasPrefix(name, "accesspoint/") && !strings.HasPrefix(name, "access-grants/") {
			c.broken(rowS3Region, malformed("Resource %s can not contain region information.", r))
		}
	case "iam":
		if region != "" {
			c.broken(rowIAMRegion, malformed("IAM resource %s cannot contain region information.", r))
		} else if !strings.HasPrefix(name, "*") && !slices.ContainsFunc(iamTypes, func(t string) bool { return strings.HasPrefix(name, t) }) {
			c.broken(rowIAMPath, malformed(`IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`))
		}
	}
}

var (
	userOrRole  = regexp.MustCompile(`^arn:aws:iam::\d{12}:(root|(user|role)/[!-~]{1,600})$`)
	sessionForm = regexp.MustCompile(`^arn:aws:sts::\d{12}:(assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,.@-]+)$`)
	serviceForm = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
	uniqueForm  = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]{16,17}$`)
)

// validPrincipal reports whether a principal has the shape of one. Wildcards inside are not principals, only a lone "*" is.
func validPrincipal(kind, v string) bool {
	switch kind {
	case "AWS":
		if v == "*" || granary.AccountID(v).Valid() {
			return true
		}
		return !strings.ContainsAny(v, "*?") && (userOrRole.MatchString(v) || sessionForm.MatchString(v) || uniqueForm.MatchString(v))
	case "Service":
		return serviceForm.MatchString(v)
	case "Federated":
		return v != "" && !strings.ContainsAny(v, "*?")
	case "CanonicalUser":
		return v != "" && !strings.ContainsAny(v, "*?")
	}
	return false
}
