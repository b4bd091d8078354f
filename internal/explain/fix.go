package explain

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"granary"
	"granary/internal/audit"
	"granary/internal/cause"
	"granary/internal/policy"
)

// principal is whom a fix is for.
type principal struct {
	account granary.AccountID
	arn     string
	role    string // name
	user    string // IAM user's name

	viewer granary.AccountID // whom the fix is told
}

// fact is the place of a fact in the sentence of a cause: {role}, {role:name} for the last part of an ARN,
// {value:quoted}.
var fact = regexp.MustCompile(`\{(\w+)(?::(name|quoted))?\}`)

// mend returns the sentence of a cause with the facts filled in, for the person at the command line. {account} and
// {caller} are those of p. A fact that is not known stands there by its name, in capitals.
func mend(c granary.Cause, facts map[string]string, p principal) string {
	return fact.ReplaceAllStringFunc(c.Mend(), func(place string) string {
		m := fact.FindStringSubmatch(place)
		value := facts[m[1]]
		switch m[1] {
		case "account":
			value = string(p.account)
		case "caller":
			value = p.arn
		}
		switch {
		case value == "":
			return strings.ToUpper(m[1])
		case m[2] == "name":
			return lastPart(value)
		case m[2] == "quoted":
			return strconv.Quote(value)
		}
		return value
	})
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// fix returns the sentence for a recorded decision.
func (x *Explainer) fix(d *audit.Decision, p principal) string {
	c, known := cause.Find(d.Link, d.Cause)
	if !known { // recorded by another version
		return cause.Correct
	}
	switch c {
	case cause.PolicyImplicit, cause.PolicyExplicit, cause.PolicyActor, cause.RoleRefused:
		if d.Policy != nil {
			return policyFix(d.Policy, p)
		}
	case cause.GrantNone, cause.PrefixNotCovered, cause.GrantPermission:
		return x.grantFix(d.Facts, p)
	}
	return mend(c, d.Facts, p)
}

// causeOf returns the cause of a recorded decision, the zero value when this version knows no such cause.
func causeOf(d *audit.Decision) granary.Cause {
	c, _ := cause.Find(d.Link, d.Cause)
	return c
}

// recordOf returns what the audit log would keep of where the chain broke.
func recordOf(w *granary.Why) *audit.Decision {
	return &audit.Decision{Link: w.Cause.Link(), Cause: w.Cause.Name(), Facts: w.Facts}
}

// policyFix says which policy to change, by the layer at which the decision fell.
func policyFix(d *audit.PolicyDecision, p principal) string {
	if d.Explicit {
		for _, s := range d.Reasons {
			if s.Effect == "Deny" {
				if s.Policy == policy.IdentityContextName {
					return "A session in a person's name cannot do this whatever policies say: for data, ask GetDataAccess for a " +
						"key and use that."
				}
				return fmt.Sprintf("Change or remove statement %d of %s: a deny is final.", s.Statement, s.Policy)
			}
		}
	}
	if d.Explicit {
		return "A statement of a policy of the other account denies it: ask its administrator."
	}
	document := fmt.Sprintf(`'{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"%s","Resource":"%s"}]}'`,
		d.Action, d.Resource)
	switch d.Layer {
	case "identity-based":
		switch {
		case p.role != "":
			return fmt.Sprintf("Run: aws iam put-role-policy --role-name %s --policy-name allow --policy-document %s", p.role,
				document)
		case p.user != "":
			return fmt.Sprintf("Run: aws iam put-user-policy --user-name %s --policy-name allow --policy-document %s", p.user,
				document)
		}
		return fmt.Sprintf("Give the caller a policy that allows %s on %s.", d.Action, d.Resource)
	case "permissions boundary":
		return fmt.Sprintf("Let the permissions boundary of %s allow %s too: aws iam create-policy-version, or put another "+
			"boundary.", p.arn, d.Action)
	case "session":
		return fmt.Sprintf("The session was made with policies that do not allow %s on %s: make it with wider ones, or "+
			"without.", d.Action, d.Resource)
	case "service control":
		return fmt.Sprintf("Attach a service control policy that allows %s to the account %s or a unit above it.", d.Action,
			p.account)
	case "resource control":
		return fmt.Sprintf("Attach a resource control policy that allows %s to the account %s or a unit above it.", d.Action,
			d.Owner)
	}
	switch {
	case strings.Contains(d.Resource, ":role/"):
		return fmt.Sprintf("Let the trust policy of %s allow %s to %s: aws iam update-assume-role-policy --role-name %s.",
			d.Resource, d.Action, p.arn, lastPart(d.Resource))
	case strings.Contains(d.Resource, ":application/"):
		return fmt.Sprintf("Let the actor policy of %s allow %s to %s: aws sso-admin put-application-authentication-method.",
			d.Resource, d.Action, p.arn)
	case strings.Contains(d.Resource, ":access-grants/"):
		return fmt.Sprintf("Let the resource policy of %s allow %s to %s: aws s3control "+
			"put-access-grants-instance-resource-policy --account-id %s.", d.Resource, d.Action, p.arn, d.Owner)
	case strings.HasPrefix(d.Resource, "arn:aws:s3:::"):
		return fmt.Sprintf("Let the bucket policy allow %s on %s to %s: aws s3api put-bucket-policy.", d.Action, d.Resource,
			p.arn)
	}
	return fmt.Sprintf("Only a policy of the account %s's own resource could let another account in, and %s takes none: "+
		"use a key of that account.", d.Owner, d.Resource)
}
