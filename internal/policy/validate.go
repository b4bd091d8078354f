package policy

import (
	"regexp"
	"slices"
	"strings"

	"granary"
)

var (
	vendorForm  = regexp.MustCompile(`^[A-Za-z0-9.-]+$`)
	trustAction = map[string]bool{"sts:assumerole": true, "sts:assumerolewithsaml": true, "sts:assumerolewithwebidentity": true,
		"sts:tagsession": true, "sts:setsourceidentity": true, "sts:setcontext": true}
	iamTypes = []string{"user/", "federated-user/", "role/", "group/", "instance-profile/", "mfa/", "server-certificate/", "policy/",
		"sms-mfa/", "saml-provider/", "oidc-provider/", "report/", "access-report/"}
)

// validate checks a statement in IAM's order, with IAM's sentences (iam-policy §3).
func (p *Policy) validate(s *statement, actions, resources []string) error {
	f := allowed[p.kind]
	if f.iamText && !sidForm.MatchString(s.sid) && p.kind != Trust {
		return malformed("Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*")
	}
	if len(actions) == 0 {
		return malformed("Policy statement must contain actions.")
	}
	for _, r := range resources {
		if err := p.resource(r); err != nil {
			return err
		}
	}
	for _, a := range actions {
		if err := p.action(a, s.notAction); err != nil {
			return err
		}
	}
	switch {
	case f.resource && len(resources) == 0:
		return malformed("Policy statement must contain resources.")
	case !f.resource && len(resources) > 0:
		return malformed("Has prohibited field Resource.")
	case !f.principal && s.principals != nil:
		return malformed("Policy document should not specify a principal.")
	case f.principal && s.principals == nil:
		return malformed("Missing required field Principal")
	case s.notPrincipal && (!f.notPrincipal || !s.deny):
		return malformed("NotPrincipal is only possible in a Deny statement of a resource policy.")
	case p.kind == RCP && !slices.Contains(s.principals, principal{"AWS", "*"}):
		return malformed(`A resource control policy's principal can only be "*".`)
	}
	return nil
}

func (p *Policy) action(a string, not bool) error {
	if a == "*" {
		if p.kind == Trust {
			return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
		}
		return nil
	}
	vendor, name, ok := strings.Cut(a, ":")
	switch {
	case !ok:
		return malformed("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.")
	case strings.Contains(name, ":"):
		return malformed("Actions/Condition can contain only one colon.")
	case !vendorForm.MatchString(vendor):
		return malformed("Vendor %s is not valid", vendor)
	case name == "":
		return malformed("The policy failed legacy parsing")
	case p.kind == Trust && !not && !trustAction[strings.ToLower(a)] && !trustPattern(a):
		return malformed("AssumeRole policy may only specify STS AssumeRole actions.")
	}
	return nil
}

// trustPattern reports whether a pattern with wildcards reaches nothing but what a trust policy is about.
func trustPattern(a string) bool {
	return strings.HasPrefix(strings.ToLower(a), "sts:") && strings.ContainsAny(a, "*?")
}

func (p *Policy) resource(r string) error {
	if r == "*" {
		return nil
	}
	parts := strings.SplitN(r, ":", 6)
	if parts[0] != "arn" {
		return malformed(`Resource %s must be in ARN format or "*".`, r)
	}
	if len(parts) > 1 && !slices.Contains([]string{"aws", "aws-cn", "aws-us-gov", "*"}, parts[1]) {
		return malformed(`Partition "%s" is not valid for resource "%s".`, parts[1], r)
	}
	if len(parts) < 3 || parts[2] == "" || strings.ContainsAny(parts[2], "*?") && parts[2] != "*" {
		return malformed("Resource vendor must be fully qualified and cannot contain regexes.")
	}
	if len(parts) < 6 {
		if !strings.HasSuffix(r, "*") {
			return malformed(`Resource %s must be in ARN format or "*".`, r)
		}
		return nil
	}
	region, name := parts[3], parts[5]
	switch parts[2] {
	case "s3":
		if region != "" && region != "*" && !strings.HasPrefix(name, "accesspoint/") && !strings.HasPrefix(name, "access-grants/") {
			return malformed("Resource %s can not contain region information.", r)
		}
	case "iam":
		if region != "" {
			return malformed("IAM resource %s cannot contain region information.", r)
		}
		if name != "*" && !strings.ContainsAny(name[:1], "*") && !slices.ContainsFunc(iamTypes, func(t string) bool { return strings.HasPrefix(name, t) }) && name != "root" {
			return malformed(`IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, report/, access-report/.`)
		}
	}
	return variablesClosed(p, r)
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
