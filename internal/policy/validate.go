package policy

import (
	"regexp"
	"slices"
	"strings"

	"granary"
)

var (
	sidForm      = regexp.MustCompile(`^[0-9A-Za-z]*$`)
	vendorForm   = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	trustActions = []string{"sts:assumerole", "sts:assumerolewithsaml", "sts:assumerolewithwebidentity",
		"sts:tagsession", "sts:setsourceidentity", "sts:setcontext"}
	iamTypes = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/",
		"policy/",
		"sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}
)

// checkStatement checks a statement against IAM's rules and adds IAM's sentence for each that it breaks (iam-policy
// §3).
func (c *parser) checkStatement(s *statement, w *rawStatement) {
	kind := c.p.kind
	if c.f.iamText && kind != Trust && !sidForm.MatchString(s.sid) {
		c.addError(ruleSidText,
			malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "+
				"[0-9A-Za-z]*"))
	}
	if len(w.actions) == 0 {
		c.addError(ruleNoAction, malformed("Policy statement must contain actions."))
	}
	for _, r := range w.resources {
		c.checkResource(r)
	}
	for _, a := range w.actions {
		c.checkAction(a, s.notAction)
	}
	switch {
	case c.f.resource && len(w.resources) == 0:
		c.addError(ruleNoResource, malformed("Policy statement must contain resources."))
	case !c.f.resource && len(w.resources) > 0:
		c.addError(ruleTrustResource, malformed("Has prohibited field Resource."))
	}
	switch {
	case w.principal == nil && c.f.principal:
		c.addError(rulePrincipal, malformed("Missing required field Principal"))
	case w.principal == nil:
	case !c.f.principal:
		c.addError(rulePrincipal, malformed("Policy document should not specify a principal."))
	default:
		s.principals = c.parsePrincipals(*w.principal)
	}
	switch {
	case s.notPrincipal && c.f.principal && (!c.f.notPrincipal || !s.deny):
		c.addError(ruleKind, malformed("NotPrincipal is only possible in a Deny statement of a resource policy."))
	case kind == RCP && w.principal != nil && (w.principal.kind != 's' || w.principal.text != "*"):
		c.addError(ruleKind, malformed(`A resource control policy's principal can only be "*".`))
	case kind == RCP && s.notResource && !s.deny:
		c.addError(ruleKind, malformed("NotResource is only possible in a Deny statement of a resource control policy."))
	}
}

// checkAction checks the form of one action; not tells whether it stands in NotAction.
func (c *parser) checkAction(a string, not bool) {
	if a == "*" {
		if c.p.kind == Trust {
			c.addTrustActionError()
		}
		return
	}
	vendor, name, ok := strings.Cut(a, ":")
	switch {
	case !ok:
		c.addError(ruleActionVendor, malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."))
	case strings.Contains(name, ":"):
		c.addError(ruleActionColons, malformed("Actions/Condition can contain only one colon."))
	case !vendorForm.MatchString(vendor):
		c.addError(ruleActionVendorText, malformed("Vendor %s is not valid", vendor))
	case name == "":
		c.addLegacyError()
	case c.p.kind == Trust && !not && !reachesTrustAction(a):
		c.addTrustActionError()
	}
}

func (c *parser) addTrustActionError() {
	c.addError(ruleTrustAction, malformed("AssumeRole policy may only specify STS AssumeRole actions."))
}

// reachesTrustAction reports whether an action pattern matches an action that trust policies are about.
func reachesTrustAction(a string) bool {
	g := newGlob(strings.ToLower(a))
	return slices.ContainsFunc(trustActions, func(t string) bool { return g.match(t, new(Work)) })
}

// checkResource checks the form of one resource.
func (c *parser) checkResource(r string) {
	if r == "*" {
		return
	}
	parts := strings.SplitN(r, ":", 6)
	switch {
	case parts[0] != "arn":
		c.addError(ruleResourceForm, malformed(`Resource %s must be in ARN format or "*".`, r))
		return
	case len(parts) < 6 && strings.Contains(r, "::"):
		c.addLegacyError()
		return
	case len(parts) > 1 && !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "*"}, parts[1]):
		c.addError(rulePartition, malformed(`Partition "%s" is not valid for resource "%s".`, parts[1], r))
		return
	case len(parts) < 3 || parts[2] == "" || strings.ContainsAny(parts[2], "*?"):
		c.addError(ruleResourceVendor, malformed("Resource vendor must be fully qualified and cannot contain regexes."))
		return
	case len(parts) < 6:
		if !strings.HasSuffix(r, "*") {
			c.addError(ruleResourceForm, malformed(`Resource %s must be in ARN format or "*".`, r))
		}
		return
	}
	for _, segment := range parts[:5] {
		if c.p.variables && strings.Contains(segment, "$") {
			c.addLegacyError() // only the last segment may contain variables
			return
		}
	}
	c.checkResourceName(r, parts[2], parts[3], parts[5])
	c.checkVariables(parts[5])
}

// checkResourceName checks S3's and IAM's rules for the ARNs of their resources.
func (c *parser) checkResourceName(r, vendor, region, name string) {
	switch vendor {
	case "s3":
		if region != "" && region != "*" && !strings.HasPrefix(name, "accesspoint/") &&
			!strings.HasPrefix(name, "access-grants/") {
			c.addError(ruleS3Region, malformed("Resource %s can not contain region information.", r))
		}
	case "iam":
		if region != "" {
			c.addError(ruleIAMRegion, malformed("IAM resource %s cannot contain region information.", r))
		} else if !strings.HasPrefix(name, "*") && !slices.ContainsFunc(iamTypes,
			func(t string) bool { return strings.HasPrefix(name, t) }) {
			c.addError(ruleIAMPath,
				malformed(`IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, `+
					`instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, `+
					`access-report/.`))
		}
	}
}

var (
	userOrRole  = regexp.MustCompile(`^arn:aws:iam::\d{12}:(root|(user|role)/[!-~]{1,600})$`)
	sessionForm = regexp.MustCompile(`^arn:aws:sts::\d{12}:(assumed-role/[\w+=,.@-]+/[\w+=,.@-]+|federated-user/[\w+=,` +
		`.@-]+)$`)
	serviceForm = regexp.MustCompile(`^[a-z0-9.-]+\.amazonaws\.com$`)
	uniqueForm  = regexp.MustCompile(`^A(ROA|IDA)[A-Z0-9]{16,17}$`)
)

// validPrincipal reports whether a principal has a valid form. A wildcard is valid only as a lone "*".
func validPrincipal(kind, v string) bool {
	switch kind {
	case "AWS":
		if v == "*" || granary.AccountID(v).Valid() {
			return true
		}
		return !strings.ContainsAny(v, "*?") && (userOrRole.MatchString(v) || sessionForm.MatchString(v) ||
			uniqueForm.MatchString(v))
	case "Service":
		return serviceForm.MatchString(v)
	case "Federated":
		return v != "" && !strings.ContainsAny(v, "*?")
	case "CanonicalUser":
		return accountOfCanonicalID(v) != ""
	}
	return false
}
