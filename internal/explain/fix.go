package explain

import (
	"fmt"
	"strings"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
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

// fixes say what would mend a link, by link and cause. The texts are for the person at the command line.
var fixes = map[string]func(f map[string]string, p principal) string{
	"key/missing": say("Sign the request: give the client an access key (granary exec -- CMD gives it the " +
		"environment's)."),
	"key/unknown-key": say("Use a key that exists and is active: aws iam list-access-keys shows a user's, aws iam " +
		"create-access-key makes one."),
	"key/signature": say("The secret does not belong to the key id, or something on the way changed the request: " +
		"set AWS_SECRET_ACCESS_KEY anew, and let proxies leave path, query and signed headers alone."),
	"key/skewed":      say("Set the clock of the client's machine: it may be 15 minutes off, no more."),
	"key/not-yet":     say("Set the clock of the machine that presigned the URL."),
	"key/expired-url": say("Presign the URL anew."),
	"key/malformed":   say("Use a client that signs with AWS Signature Version 4."),
	"key/wrong-scope": say("Sign for the Region and service that answer here: set AWS_REGION as client.env has it."),
	"key/invalid-token": say("Use the session token that was handed out with this access key, whole; tokens end with " +
		"the key that sealed them."),
	"key/expired-token": say("Ask for a new temporary key: this one has ended."),
	"key/scim-token": say("Give the identity provider a live SCIM token of this tenant: granary scim token create " +
		"--identity-store-id STORE."),

	"session/iam-user":       say("Make a new session as a user that exists."),
	"session/role":           from("Make the role %s again, and then a new session of it: aws iam create-role.", "role"),
	"session/account-closed": say("The account was closed: nothing of it can be used."),
	"session/person-deleted": say("The person left the directory: the identity provider must provision the person " +
		"again (SCIM), who then signs in anew."),
	"session/person-disabled": from("Activate the person in the identity provider, which sets SCIM active to true for "+
		"the user %s.", "user"),
	"session/grant": say("Make a grant again (aws s3control create-access-grant), and ask GetDataAccess for a " +
		"new key."),
	"session/membership": from("Put the person back into the group %s (in the identity provider, or aws "+
		"identitystore create-group-membership), or grant to the person.", "group"),

	"session/association": say("Associate the Access Grants instance with the Identity Center again (aws s3control " +
		"associate-access-grants-identity-center), and ask GetDataAccess for a new key."),

	"application/missing": say("Send the ARN of an application as clientId: aws sso-admin list-applications " +
		"shows them."),
	"application/disabled": from("Run: aws sso-admin update-application --application-arn %s --status ENABLED",
		"application"),
	"application/no-actors": from("Run: aws sso-admin put-application-authentication-method --application-arn %s "+
		"--authentication-method-type IAM --authentication-method …, with an actor policy that allows "+
		"sso-oauth:CreateTokenWithIAM to the caller.", "application"),
	"application/closed": say("Come through an application of another account: that of this one was closed."),
	"application/redirect": from("Add the redirect_uri, to the letter as the application sends it, to the "+
		"authorization_code grant: aws sso-admin put-application-grant --application-arn %s --grant-type "+
		"authorization_code --grant …", "application"),
	"application/no-grant": from("Put a grant of the type %s on the application: aws sso-admin put-application-grant.",
		"grantType"),

	"token/expired":    say("Sign the person in again, and exchange the fresh token within its life."),
	"token/unreadable": say("Send the identity provider's ID token or access token as it came: a signed JWT."),
	"token/invalid": from("Send a token that the issuer signed with a key it publishes; granary issuer test %s "+
		"--token FILE says step by step what is wrong with one.", "issuerArn"),
	"token/invalid-context": say("Send the identityContext of CreateTokenWithIAM's answer (or the claim " +
		"sts:identity_context of its ID token), whole."),
	"token/expired-context": say("Exchange or refresh the person's token again: the identity context lives for an hour."),
	"token/invalid-code": say("Begin the sign-in again at /authorize, and redeem its code once, with the redirect " +
		"URI and the verifier that it began with."),
	"token/sign-in": say("See that granary signin show has the client id, the secret and the redirect URI that " +
		"the provider knows, and that the provider's clock is right; then have the person sign in again."),
	"token/invalid-subject": say("Send an access token that Identity Center issued to another application of the same " +
		"instance."),
	"issuer/not-accepted": from("Make the issuer %s a trusted token issuer (aws sso-admin "+
		"create-trusted-token-issuer) and name it in the application's jwt-bearer grant (aws sso-admin "+
		"put-application-grant).", "issuer"),
	"issuer/none": from("Put a jwt-bearer grant on the application that names a trusted token issuer: aws "+
		"sso-admin put-application-grant --application-arn %s --grant-type urn:ietf:params:oauth:grant-type:jwt-bearer "+
		"--grant …", "application"),
	"issuer/closed": from("Make a trusted token issuer of %s in another account: delete that of the closed one "+
		"(aws sso-admin delete-trusted-token-issuer), create one, and name it in the application's jwt-bearer grant.",
		"issuer"),
	"issuer/member": from("Have the management account or the delegated administrator make the trusted token "+
		"issuer of %s (aws sso-admin delete-trusted-token-issuer takes this one away, create-trusted-token-issuer makes "+
		"theirs), and name that in the application's jwt-bearer grant; or set identity.member_issuers in the server's "+
		"configuration, and with it let every account speak for everybody.", "issuer"),
	"audience/none": from("Add the identity provider's client id to the AuthorizedAudiences of the issuer %s: "+
		"aws sso-admin put-application-grant.", "issuerArn"),
	"issuer/unreachable": from("See that %s and its key set can be reached from this server: granary issuer test "+
		"says what fails.", "issuer"),
	"issuer/no-sign-in": from("Run: granary signin set --instance-arn %s --issuer … --client-id … "+
		"--client-secret-file …", "instance"),
	"issuer/refused": from("The identity provider %s ended the sign-in: its own log says why, and whether the "+
		"person may use Granary's client there.", "issuer"),
	"issuer/other": from("Begin the sign-in again; if it comes back from another provider than %s again, set "+
		"the right one: granary signin set.", "issuer"),
	"issuer/no-provider": from("Make %s an OpenID Connect provider of the account: aws iam "+
		"create-open-id-connect-provider.", "issuer"),
	"audience/not-accepted": from("Add the token's audience to the AuthorizedAudiences of the issuer %s in the "+
		"application's jwt-bearer grant (aws sso-admin put-application-grant), or have the person sign in to the client "+
		"that is accepted.", "issuerArn"),
	"audience/sign-in": say("Set the client id that the provider makes its tokens for: granary signin set " +
		"--client-id …"),
	"audience/web": say("Add the token's audience to the provider: aws iam " +
		"add-client-id-to-open-id-connect-provider."),

	"user/claim": from("Have the identity provider put the claim %s into its tokens, or map by another: aws sso-admin "+
		"update-trusted-token-issuer.", "claim"),
	"user/none": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("Provision a user whose %s is %q (by SCIM, or aws identitystore create-user), or map by another "+
			"claim or attribute: aws sso-admin update-trusted-token-issuer.", f["attribute"], f["value"])
	},
	"user/several": from("See that one user alone has this %s, or map by another attribute: aws sso-admin "+
		"update-trusted-token-issuer.", "attribute"),
	"user/deleted": say("The person left the directory: the identity provider must provision the person again (SCIM)."),
	"user/disabled": from("Activate the person in the identity provider, which sets SCIM active to true for the user %s.",
		"user"),
	"user/unmapped": from("Give the user a value for %s, by which the trusted token issuer finds people, or map by "+
		"another attribute: aws sso-admin update-trusted-token-issuer.", "attribute"),
	"user/unknown": say("Name somebody the directory has: aws identitystore list-users shows them."),

	"assignment/none": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("Run: aws sso-admin create-application-assignment --application-arn %s --principal-type USER "+
			"--principal-id %s", f["application"], f["user"])
	},
	"scope/not-configured": scopeFix,
	"scope/not-granted":    scopeFix,
	"scope/narrower": from("Ask for scopes that the session was granted when it began, or have the person sign in "+
		"again for %s.", "scope"),
	"scope/not-targeted": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("Name %s among the AuthorizedTargets of a scope of %s: aws sso-admin "+
			"put-application-access-scope.", f["target"], f["application"])
	},
	"replay/used": say("Have the person sign in again: each token is exchanged once."),

	"instance/missing": func(_ map[string]string, p principal) string {
		return "Run: aws s3control create-access-grants-instance --account-id " + string(p.account)
	},
	"instance/not-associated": associate, "instance/other-directory": associate,

	"grant/none": noGrantFix, "prefix/not-covered": noGrantFix, "grant/permission": noGrantFix,
	"grant/other-application": from("The grant %s is bound to another application: come through that one, or make a "+
		"grant without an ApplicationArn.", "grant"),
	"prefix/ceiling": say("Ask GetDataAccess for a key to what is wanted: this one opens its own scope and " +
		"permission, and no policy lifts that."),

	"trust/missing": from("Make the role %s, or give the location another: aws s3control update-access-grants-location.",
		"role"),
	"trust/trust": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("Let the trust policy of %s allow %s to the service %s: aws iam update-assume-role-policy "+
			"--role-name %s.", f["role"], f["action"], access.VendingService, lastPart(f["role"]))
	},
	"trust/trust-denies": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("The %s denies %s: change that statement with aws iam update-assume-role-policy --role-name %s.",
			f["policy"], f["action"], lastPart(f["role"]))
	},
	"duration/too-long": func(f map[string]string, _ principal) string {
		return fmt.Sprintf("Ask for %s seconds or fewer, or run: aws iam update-role --role-name %s "+
			"--max-session-duration %s", f["limit"], lastPart(f["role"]), f["asked"])
	},

	"role/root":    say("Assume roles as an IAM user or from another role; the root user cannot."),
	"role/missing": from("There is no role %s: make it with aws iam create-role.", "role"),
	"role/none":    from("There is no role %s: make it with aws iam create-role.", "role"),

	"bucket/expected-owner": from("The bucket does not belong to the account %s: leave the expected owner out, or name "+
		"its own.", "expected"),
	"policy/closed": say("The account that owns the resource was closed."),
	"policy/own-session": say("Sessions of GetSessionToken and GetFederationToken can do no IAM and little STS: use " +
		"the user's own key, or assume a role."),
	"policy/work": say("The policies take too long to compare with what the request brings: send shorter headers and " +
		"fewer keys at once, or write " +
		"policies with fewer patterns; \"?\" between two stars is the slowest."),
	"policy/owner": from("Only the account %s itself may do this: use a key of that account.", "owner"),
	"policy/hidden": say("The key names no object, and who may not list the bucket is not told so: allow s3:ListBucket " +
		"on the bucket to see the difference, or read a key that exists."),

	"browser/lost": say("Go back to the application and sign in again, within ten minutes, in one browser that " +
		"keeps cookies."),
	"browser/too-many": say("Wait a minute: so many sign-ins from one address are refused until then."),
	"request/forwarded": say("Let the proxy set X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host itself and " +
		"remove what clients send " +
		"of these and of Forwarded; docs/proxies.md has configurations that work."),
	"request/sign-in": say("Correct what the application sends to /authorize, as the message says."),
	"request/foreign-host": say("Set NO_PROXY, or the client's proxy, so that only Granary's own names go through it: " +
		"client.env does."),
	"request/origin":        say("Name the origin in cors.origins of the server's configuration."),
	"request/throttled":     say("Wait a little, and ask less often."),
	"request/not-found":     say("Name something that exists; the message says what was looked for."),
	"request/scim-disabled": from("Allow it again: granary scim enable --identity-store-id %s", "store"),
	"request/scim-closed":   say("The account was closed: nothing of it can be used."),
	"request/scim":          say("Correct the request as the answer's detail says."),
}

func say(text string) func(map[string]string, principal) string {
	return func(map[string]string, principal) string { return text }
}

// from fills one fact into a sentence.
func from(format, fact string) func(map[string]string, principal) string {
	return func(f map[string]string, _ principal) string {
		v := f[fact]
		if v == "" {
			v = strings.ToUpper(fact)
		}
		return fmt.Sprintf(format, v)
	}
}

func scopeFix(f map[string]string, _ principal) string {
	return fmt.Sprintf("Run: aws sso-admin put-application-access-scope --application-arn %s --scope %s; then exchange "+
		"the person's token again.", f["application"], f["scope"])
}

func associate(f map[string]string, p principal) string {
	return fmt.Sprintf("Run: aws s3control associate-access-grants-identity-center --account-id %s "+
		"--identity-center-arn %s", p.account, f["identityCenter"])
}

// noGrantFix is for whom the account's locations are not told.
func noGrantFix(f map[string]string, p principal) string {
	return fmt.Sprintf("Ask the administrator of the account %s for a grant of %s on %s.", p.account, f["permission"],
		f["target"])
}

func lastPart(arn string) string { return arn[strings.LastIndexByte(arn, '/')+1:] }

// fix is the sentence for a recorded decision.
func (x *Explainer) fix(d *audit.Decision, p principal) string {
	if d.Policy != nil && (d.Cause == "implicit" || d.Cause == "explicit" || d.Cause == "refused" || d.Cause == "actor") {
		return policyFix(d.Policy, p)
	}
	switch d.Link + "/" + d.Cause {
	case "grant/none", "prefix/not-covered", "grant/permission":
		return x.grantFix(d.Facts, p)
	}
	if f := fixes[d.Link+"/"+d.Cause]; f != nil {
		return f(d.Facts, p)
	}
	if d.Link == "role" {
		return fmt.Sprintf("Let the trust policy of %s allow %s to %s: aws iam update-assume-role-policy.", d.Facts["role"],
			d.Facts["action"], p.arn)
	}
	return "Correct the request as the message says."
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
