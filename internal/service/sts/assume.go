package sts

import (
	"maps"
	"strconv"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/cause"
	"granary/internal/index"
	"granary/internal/policy"
)

// assumption is one AssumeRole under way.
type assumption struct {
	call    *awsapi.Call
	in      *api.AssumeRoleInput
	arn     granary.ARN
	role    *index.Role // nil when there is none: refused as if it trusted nobody
	tags    sessionTags
	web     policy.Values // a web identity's condition keys
	context *granary.IdentityContext
}

func (s *service) assumeRole(c *awsapi.Call, in *api.AssumeRoleInput) (*api.AssumeRoleOutput, error) {
	if c.Caller.Kind == policy.Root {
		return nil, granary.Errorf(granary.Denied, "Roles may not be assumed by root accounts.").At(cause.RoleRoot, "role",
			in.RoleArn)
	}
	a := &assumption{call: c, in: in, arn: granary.ARN(in.RoleArn)}
	if err := a.check(); err != nil {
		return nil, err
	}
	if r, ok := s.Index.IAM.Role(a.arn); ok {
		a.role = r
	}
	// The context is opened first, since trust policies test its content. Its failure is told only to those who may
	// assume the role, so that assertions cannot be used to find roles.
	var contextErr error
	a.context, contextErr = s.openContext(c, in.ProvidedContexts)
	if err := a.authorize("sts:AssumeRole"); err != nil {
		return nil, err
	}
	if contextErr != nil {
		return nil, contextErr
	}
	if err := a.authorizeExtras(); err != nil {
		return nil, err
	}
	lifetime, err := a.lifetime()
	if err != nil {
		return nil, err
	}
	packed, err := checkPolicies(s.Index, a.role.Account, a.in.Policy, a.in.PolicyArns, a.tags.all)
	if err != nil {
		return nil, err
	}
	return s.issue(a, lifetime, packed), nil
}

// chained reports whether a role's session assumes another role.
func (a *assumption) chained() bool { return a.call.Caller.Kind == policy.RoleSession }

// check validates what the shapes cannot.
func (a *assumption) check() error {
	p, ok := a.arn.Parts()
	if !ok || p.Partition != "aws" || p.Service != "iam" || p.Region != "" || !p.Account.Valid() ||
		!strings.HasPrefix(p.Resource, "role/") {
		return granary.Errorf(granary.Invalid, "%s is invalid", a.arn)
	}
	if strings.HasPrefix(strings.ToLower(a.in.SourceIdentity), "aws:") {
		return granary.Errorf(granary.Invalid, "The source identity must not begin with aws:.")
	}
	if a.in.SerialNumber != "" || a.in.TokenCode != "" {
		return errMFA
	}
	var err error
	a.tags, err = mergeTags(a.call.Caller.Session, a.in.Tags, a.in.TransitiveTagKeys)
	return err
}

var errMFA = granary.Errorf(granary.Denied, "MultiFactorAuthentication failed with invalid MFA one time pass code")

// sourceIdentity is the one given or the one inherited by chaining.
func (a *assumption) sourceIdentity() string {
	if s := a.call.Caller.Session; s != nil && s.SourceIdentity != "" {
		return s.SourceIdentity
	}
	return a.in.SourceIdentity
}

// authorizeExtras asks for the actions beside sts:AssumeRole that this request needs (STS guide, "Permissions").
func (a *assumption) authorizeExtras() error {
	if s := a.call.Caller.Session; s != nil && s.SourceIdentity != "" && a.in.SourceIdentity != "" &&
		a.in.SourceIdentity != s.SourceIdentity {
		return a.denied("sts:SetSourceIdentity")
	}
	for _, extra := range []struct {
		needed bool
		action string
	}{
		{len(a.tags.all) > 0, "sts:TagSession"},
		{a.sourceIdentity() != "", "sts:SetSourceIdentity"},
		{len(a.in.ProvidedContexts) > 0, "sts:SetContext"},
	} {
		if !extra.needed {
			continue
		}
		if err := a.authorize(extra.action); err != nil {
			return err
		}
	}
	return nil
}

// authorize asks the role's trust policy, and an empty one when there is no role. What the organization refuses it
// refuses whether the role exists or not, and so may be told in words.
func (a *assumption) authorize(action string) error {
	parts, _ := a.arn.Parts()
	r := authz.Request{Action: action, Resource: string(a.arn), Owner: parts.Account, Trust: true, Keys: a.keys()}
	if a.role != nil {
		r.Policy = a.role.Trust
	}
	d := a.call.Decide(r)
	switch {
	case d.Allowed && a.role != nil:
		return nil
	case d.Layer == policy.LayerSCP || d.Layer == policy.LayerRCP:
		return d.Refusal()
	}
	return a.denied(action)
}

// denied is the same whether the role is missing or refuses.
func (a *assumption) denied(action string) error {
	who := string(a.call.Caller.ARN)
	if who == "" {
		who = a.call.Caller.ID // a web identity
	}
	return granary.Errorf(granary.Denied, "User: %s is not authorized to perform: %s on resource: %s", who, action, a.arn).
		At(a.cause(), "role", string(a.arn), "action", action)
}

// cause is what explanations tell and the caller does not hear.
func (a *assumption) cause() granary.Cause {
	if a.role == nil {
		return cause.RoleMissing
	}
	return cause.RoleRefused
}

// keys are the condition keys of STS (IAM reference, "Condition keys for AWS STS"). Names are lower case.
func (a *assumption) keys() policy.Values {
	k := policy.Values{"sts:rolesessionname": {a.in.RoleSessionName}}
	maps.Copy(k, a.web)
	if a.in.ExternalId != "" {
		k["sts:externalid"] = []string{a.in.ExternalId}
	}
	if id := a.sourceIdentity(); id != "" {
		k["sts:sourceidentity"] = []string{id}
	}
	a.tags.keys(k)
	if a.role != nil {
		k.AddResourceTags(a.role.Tags, "iam")
	}
	for _, p := range a.in.ProvidedContexts {
		k["sts:requestcontextproviders"] = append(k["sts:requestcontextproviders"], string(provider(p.ProviderArn)))
	}
	if id := a.context; id != nil && !id.AuditOnly {
		contextKeys(k, id)
	}
	return k
}

// lifetime applies the role's limit, and one hour for chained sessions.
func (a *assumption) lifetime() (time.Duration, error) {
	const hour = 3600
	limit := int64(a.role.MaxSession)
	chained := a.chained()
	asked := a.in.DurationSeconds
	switch {
	case asked == nil:
		return time.Duration(min(hour, limit)) * time.Second, nil
	case chained && *asked > hour:
		return 0, granary.Errorf(granary.Invalid, "The requested DurationSeconds exceeds the 1 hour session limit for "+
			"roles assumed by role chaining")
	case *asked > limit:
		return 0, granary.Errorf(granary.Invalid, "The requested DurationSeconds exceeds the MaxSessionDuration set for "+
			"this role.").
			At(cause.DurationTooLong, "role", string(a.arn), "asked", strconv.FormatInt(*asked, 10), "limit",
				strconv.FormatInt(limit, 10))
	}
	return time.Duration(*asked) * time.Second, nil
}

// checkPolicies parses the session policies and returns the share of the space they and the tags take, in percent.
func checkPolicies(x *index.Index, account granary.AccountID, text string, arns []api.PolicyDescriptorType,
	tags []granary.Tag) (packed int64, err error) {
	if text != "" {
		if _, err := policy.Parse(policy.Session, text); err != nil {
			return 0, granary.AsError(err).WithCode("MalformedPolicyDocument")
		}
	}
	if len(arns) > 10 {
		return 0, granary.Errorf(granary.Invalid, "A session takes at most 10 managed policies, and %d were given.",
			len(arns))
	}
	size := len(text)
	for _, p := range arns {
		parts, _ := granary.ARN(p.Arn).Parts()
		if _, ok := x.IAM.Managed(granary.ARN(p.Arn)); !ok || parts.Account != "aws" && parts.Account != account {
			return 0, granary.Errorf(granary.Invalid, "Policy %s does not exist or is not attachable.",
				p.Arn).WithCode("MalformedPolicyDocument")
		}
		size += len(p.Arn)
	}
	if len(text) > 2048 || size > 2048 && text != "" {
		return 0, granary.Errorf(granary.Invalid, "The session policy and the managed policies together are longer than "+
			"2048 characters.").WithCode("PackedPolicyTooLarge")
	}
	for _, t := range tags {
		size += len(t.Key) + len(t.Value)
	}
	packed = int64((100*size + 2047) / 2048)
	if packed > 100 {
		return 0, granary.Errorf(granary.Invalid, "Packed size of session tags consumes %d%% of allotted space.",
			packed).WithCode("PackedPolicyTooLarge")
	}
	return packed, nil
}
