package cause

import "granary"

// Correct mends what only the message of the refusal can tell.
const Correct = "Correct the request as the message says."

// Each cause, by the link that broke. The words are kept in audit logs: they do not change.
var (
	// The request's signature, or a tenant's SCIM token.
	KeyMissing = define(granary.LinkKey, "missing",
		"Sign the request: give the client an access key (granary exec -- CMD gives it the environment's).")
	KeyUnknown = define(granary.LinkKey, "unknown-key",
		"Use a key that exists and is active: aws iam list-access-keys shows a user's, aws iam "+
			"create-access-key makes one.")
	KeySignature = define(granary.LinkKey, "signature",
		"The secret does not belong to the key id, or something on the way changed the request: set "+
			"AWS_SECRET_ACCESS_KEY anew, and let proxies leave path, query and signed headers alone.")
	KeySkewed = define(granary.LinkKey, "skewed",
		"Set the clock of the client's machine: it may be 15 minutes off, no more.")
	KeyNotYet     = define(granary.LinkKey, "not-yet", "Set the clock of the machine that presigned the URL.")
	KeyExpiredURL = define(granary.LinkKey, "expired-url", "Presign the URL anew.")
	KeyMalformed  = define(granary.LinkKey, "malformed", "Use a client that signs with AWS Signature Version 4.")
	KeyWrongScope = define(granary.LinkKey, "wrong-scope",
		"Sign for the Region and service that answer here: set AWS_REGION as client.env has it.")
	KeyInvalidToken = define(granary.LinkKey, "invalid-token",
		"Use the session token that was handed out with this access key, whole; tokens end with the key "+
			"that sealed them.")
	KeyExpiredToken = define(granary.LinkKey, "expired-token",
		"Ask for a new temporary key: this one has ended.")
	KeySCIMToken = define(granary.LinkKey, "scim-token",
		"Give the identity provider a live SCIM token of this tenant: granary scim token create "+
			"--identity-store-id STORE.")
	KeyTwoMechanisms   = define(granary.LinkKey, "two-mechanisms", Correct)
	KeyUnsignedHeaders = define(granary.LinkKey, "unsigned-headers", Correct)
	KeyNoDate          = define(granary.LinkKey, "no-date", Correct)
	KeyPayloadHash     = define(granary.LinkKey, "payload-hash", Correct)
	KeyPayloadMismatch = define(granary.LinkKey, "payload-mismatch", Correct)
	KeyNoPayloadHash   = define(granary.LinkKey, "no-payload-hash", Correct)
	KeySigV2           = define(granary.LinkKey, "sigv2", Correct)
	KeyUnsupported     = define(granary.LinkKey, "unsupported", Correct)
	KeyURI             = define(granary.LinkKey, "uri", Correct)
	KeyChunk           = define(granary.LinkKey, "chunk", Correct)
	KeySmallChunk      = define(granary.LinkKey, "small-chunk", Correct)
	KeyIncomplete      = define(granary.LinkKey, "incomplete", Correct)
	KeyTrailer         = define(granary.LinkKey, "trailer", Correct)
	KeyNoLength        = define(granary.LinkKey, "no-length", Correct)

	// The session that a temporary key belongs to.
	SessionIAMUser = define(granary.LinkSession, "iam-user", "Make a new session as a user that exists.")
	SessionRole    = define(granary.LinkSession, "role",
		"Make the role {role} again, and then a new session of it: aws iam create-role.")
	SessionAccountClosed = define(granary.LinkSession, "account-closed",
		"The account was closed: nothing of it can be used.")
	SessionPersonDeleted = define(granary.LinkSession, "person-deleted",
		"The person left the directory: the identity provider must provision the person again (SCIM), who "+
			"then signs in anew.")
	SessionPersonDisabled = define(granary.LinkSession, "person-disabled",
		"Activate the person in the identity provider, which sets SCIM active to true for the user {user}.")
	SessionGrant = define(granary.LinkSession, "grant",
		"Make a grant again (aws s3control create-access-grant), and ask GetDataAccess for a new key.")
	SessionMembership = define(granary.LinkSession, "membership",
		"Put the person back into the group {group} (in the identity provider, or aws identitystore "+
			"create-group-membership), or grant to the person.")
	SessionAssociation = define(granary.LinkSession, "association",
		"Associate the Access Grants instance with the Identity Center again (aws s3control "+
			"associate-access-grants-identity-center), and ask GetDataAccess for a new key.")

	// The request itself.
	RequestForwarded = define(granary.LinkRequest, "forwarded",
		"Let the proxy set X-Forwarded-For, X-Forwarded-Proto and X-Forwarded-Host itself and remove what "+
			"clients send of these and of Forwarded; docs/proxies.md has configurations that work.")
	RequestSignIn = define(granary.LinkRequest, "sign-in",
		"Correct what the application sends to /authorize, as the message says.")
	RequestForeignHost = define(granary.LinkRequest, "foreign-host",
		"Set NO_PROXY, or the client's proxy, so that only Granary's own names go through it: client.env "+
			"does.")
	RequestOrigin = define(granary.LinkRequest, "origin",
		"Name the origin in cors.origins of the server's configuration.")
	RequestThrottled = define(granary.LinkRequest, "throttled", "Wait a little, and ask less often.")
	RequestNotFound  = define(granary.LinkRequest, "not-found",
		"Name something that exists; the message says what was looked for.")
	RequestSCIMDisabled = define(granary.LinkRequest, "scim-disabled",
		"Allow it again: granary scim enable --identity-store-id {store}")
	RequestSCIMClosed = define(granary.LinkRequest, "scim-closed",
		"The account was closed: nothing of it can be used.")
	RequestSCIM            = define(granary.LinkRequest, "scim", "Correct the request as the answer's detail says.")
	RequestInvalid         = define(granary.LinkRequest, "invalid", Correct)
	RequestUnauthenticated = define(granary.LinkRequest, "unauthenticated", Correct)
	RequestDenied          = define(granary.LinkRequest, "denied", Correct)
	RequestExists          = define(granary.LinkRequest, "exists", Correct)
	RequestConflict        = define(granary.LinkRequest, "conflict", Correct)
	RequestQuota           = define(granary.LinkRequest, "quota", Correct)
	RequestNotImplemented  = define(granary.LinkRequest, "not-implemented", Correct)

	// The browser of a sign-in.
	BrowserLost = define(granary.LinkBrowser, "lost",
		"Go back to the application and sign in again, within ten minutes, in one browser that keeps "+
			"cookies.")
	BrowserTooMany = define(granary.LinkBrowser, "too-many",
		"Wait a minute: so many sign-ins from one address are refused until then.")

	// The application that a person comes through.
	ApplicationMissing = define(granary.LinkApplication, "missing",
		"Send the ARN of an application as clientId: aws sso-admin list-applications shows them.")
	ApplicationDisabled = define(granary.LinkApplication, "disabled",
		"Run: aws sso-admin update-application --application-arn {application} --status ENABLED")
	ApplicationNoActors = define(granary.LinkApplication, "no-actors",
		"Run: aws sso-admin put-application-authentication-method --application-arn {application} "+
			"--authentication-method-type IAM --authentication-method …, with an actor policy that allows "+
			"sso-oauth:CreateTokenWithIAM to the caller.")
	ApplicationClosed = define(granary.LinkApplication, "closed",
		"Come through an application of another account: that of this one was closed.")
	ApplicationRedirect = define(granary.LinkApplication, "redirect",
		"Add the redirect_uri, to the letter as the application sends it, to the authorization_code grant: "+
			"aws sso-admin put-application-grant --application-arn {application} --grant-type authorization_code "+
			"--grant …")
	ApplicationNoGrant = define(granary.LinkApplication, "no-grant",
		"Put a grant of the type {grantType} on the application: aws sso-admin put-application-grant.")

	// The token, code or identity context that stands for a person.
	TokenExpired = define(granary.LinkToken, "expired",
		"Sign the person in again, and exchange the fresh token within its life.")
	TokenUnreadable = define(granary.LinkToken, "unreadable",
		"Send the identity provider's ID token or access token as it came: a signed JWT.")
	TokenInvalid = define(granary.LinkToken, "invalid",
		"Send a token that the issuer signed with a key it publishes; granary issuer test {issuerArn} "+
			"--token FILE says step by step what is wrong with one.")
	TokenInvalidContext = define(granary.LinkToken, "invalid-context",
		"Send the identityContext of CreateTokenWithIAM's answer (or the claim sts:identity_context of its "+
			"ID token), whole.")
	TokenExpiredContext = define(granary.LinkToken, "expired-context",
		"Exchange or refresh the person's token again: the identity context lives for an hour.")
	TokenInvalidCode = define(granary.LinkToken, "invalid-code",
		"Begin the sign-in again at /authorize, and redeem its code once, with the redirect URI and the "+
			"verifier that it began with.")
	TokenSignIn = define(granary.LinkToken, "sign-in",
		"See that granary signin show has the client id, the secret and the redirect URI that the provider "+
			"knows, and that the provider's clock is right; then have the person sign in again.")
	TokenInvalidSubject = define(granary.LinkToken, "invalid-subject",
		"Send an access token that Identity Center issued to another application of the same instance.")

	// The identity provider that the token is from.
	IssuerNotAccepted = define(granary.LinkIssuer, "not-accepted",
		"Make the issuer {issuer} a trusted token issuer (aws sso-admin create-trusted-token-issuer) and "+
			"name it in the application's jwt-bearer grant (aws sso-admin put-application-grant).")
	IssuerNone = define(granary.LinkIssuer, "none",
		"Put a jwt-bearer grant on the application that names a trusted token issuer: aws sso-admin "+
			"put-application-grant --application-arn {application} --grant-type "+
			"urn:ietf:params:oauth:grant-type:jwt-bearer --grant …")
	IssuerClosed = define(granary.LinkIssuer, "closed",
		"Make a trusted token issuer of {issuer} in another account: delete that of the closed one (aws "+
			"sso-admin delete-trusted-token-issuer), create one, and name it in the application's jwt-bearer grant.")
	IssuerMember = define(granary.LinkIssuer, "member",
		"Have the management account or the delegated administrator make the trusted token issuer of "+
			"{issuer} (aws sso-admin delete-trusted-token-issuer takes this one away, create-trusted-token-issuer "+
			"makes theirs), and name that in the application's jwt-bearer grant; or set identity.member_issuers in "+
			"the server's configuration, and with it let every account speak for everybody.")
	IssuerUnreachable = define(granary.LinkIssuer, "unreachable",
		"See that {issuer} and its key set can be reached from this server: granary issuer test says what "+
			"fails.")
	IssuerNoSignIn = define(granary.LinkIssuer, "no-sign-in",
		"Run: granary signin set --instance-arn {instance} --issuer … --client-id … --client-secret-file …")
	IssuerRefused = define(granary.LinkIssuer, "refused",
		"The identity provider {issuer} ended the sign-in: its own log says why, and whether the person "+
			"may use Granary's client there.")
	IssuerOther = define(granary.LinkIssuer, "other",
		"Begin the sign-in again; if it comes back from another provider than {issuer} again, set the "+
			"right one: granary signin set.")
	IssuerNoProvider = define(granary.LinkIssuer, "no-provider",
		"Make {issuer} an OpenID Connect provider of the account: aws iam create-open-id-connect-provider.")

	// Whom the token is meant for.
	AudienceNone = define(granary.LinkAudience, "none",
		"Add the identity provider's client id to the AuthorizedAudiences of the issuer {issuerArn}: aws "+
			"sso-admin put-application-grant.")
	AudienceNotAccepted = define(granary.LinkAudience, "not-accepted",
		"Add the token's audience to the AuthorizedAudiences of the issuer {issuerArn} in the "+
			"application's jwt-bearer grant (aws sso-admin put-application-grant), or have the person sign in to the "+
			"client that is accepted.")
	AudienceSignIn = define(granary.LinkAudience, "sign-in",
		"Set the client id that the provider makes its tokens for: granary signin set --client-id …")
	AudienceWeb = define(granary.LinkAudience, "web",
		"Add the token's audience to the provider: aws iam add-client-id-to-open-id-connect-provider.")

	// The person that the token means.
	UserClaim = define(granary.LinkUser, "claim",
		"Have the identity provider put the claim {claim} into its tokens, or map by another: aws "+
			"sso-admin update-trusted-token-issuer.")
	UserSeveral = define(granary.LinkUser, "several",
		"See that one user alone has this {attribute}, or map by another attribute: aws sso-admin "+
			"update-trusted-token-issuer.")
	UserDeleted = define(granary.LinkUser, "deleted",
		"The person left the directory: the identity provider must provision the person again (SCIM).")
	UserDisabled = define(granary.LinkUser, "disabled",
		"Activate the person in the identity provider, which sets SCIM active to true for the user {user}.")
	UserUnmapped = define(granary.LinkUser, "unmapped",
		"Give the user a value for {attribute}, by which the trusted token issuer finds people, or map by "+
			"another attribute: aws sso-admin update-trusted-token-issuer.")
	UserUnknown = define(granary.LinkUser, "unknown",
		"Name somebody the directory has: aws identitystore list-users shows them.")
	UserNone = define(granary.LinkUser, "none",
		"Provision a user whose {attribute} is {value:quoted} (by SCIM, or aws identitystore create-user), "+
			"or map by another claim or attribute: aws sso-admin update-trusted-token-issuer.")

	// The person's assignment to the application.
	AssignmentNone = define(granary.LinkAssignment, "none",
		"Run: aws sso-admin create-application-assignment --application-arn {application} --principal-type "+
			"USER --principal-id {user}")

	// The OAuth scopes of the application and of the session.
	ScopeNarrower = define(granary.LinkScope, "narrower",
		"Ask for scopes that the session was granted when it began, or have the person sign in again for "+
			"{scope}.")
	ScopeNotConfigured = define(granary.LinkScope, "not-configured",
		"Run: aws sso-admin put-application-access-scope --application-arn {application} --scope {scope}; "+
			"then exchange the person's token again.")
	ScopeNotGranted = define(granary.LinkScope, "not-granted",
		"Run: aws sso-admin put-application-access-scope --application-arn {application} --scope {scope}; "+
			"then exchange the person's token again.")
	ScopeNotTargeted = define(granary.LinkScope, "not-targeted",
		"Name {target} among the AuthorizedTargets of a scope of {application}: aws sso-admin "+
			"put-application-access-scope.")

	// A token that is good for one use.
	ReplayUsed = define(granary.LinkReplay, "used",
		"Have the person sign in again: each token is exchanged once.")

	// The role that the caller wants to be.
	RoleRoot = define(granary.LinkRole, "root",
		"Assume roles as an IAM user or from another role; the root user cannot.")
	RoleMissing = define(granary.LinkRole, "missing",
		"There is no role {role}: make it with aws iam create-role.")
	RoleNone    = define(granary.LinkRole, "none", "There is no role {role}: make it with aws iam create-role.")
	RoleRefused = define(granary.LinkRole, "refused",
		"Let the trust policy of {role} allow {action} to {caller}: aws iam update-assume-role-policy.")

	// The Access Grants instance.
	InstanceMissing = define(granary.LinkInstance, "missing",
		"Run: aws s3control create-access-grants-instance --account-id {account}")
	InstanceNotAssociated = define(granary.LinkInstance, "not-associated",
		"Run: aws s3control associate-access-grants-identity-center --account-id {account} "+
			"--identity-center-arn {identityCenter}")
	InstanceOtherDirectory = define(granary.LinkInstance, "other-directory",
		"Run: aws s3control associate-access-grants-identity-center --account-id {account} "+
			"--identity-center-arn {identityCenter}")

	// The grants for the caller.
	GrantOtherApplication = define(granary.LinkGrant, "other-application",
		"The grant {grant} is bound to another application: come through that one, or make a grant without "+
			"an ApplicationArn.")
	GrantNone = define(granary.LinkGrant, "none",
		"Ask the administrator of the account {account} for a grant of {permission} on {target}.")
	GrantPermission = define(granary.LinkGrant, "permission",
		"Ask the administrator of the account {account} for a grant of {permission} on {target}.")

	// What the grants cover.
	PrefixCeiling = define(granary.LinkPrefix, "ceiling",
		"Ask GetDataAccess for a key to what is wanted: this one opens its own scope and permission, and "+
			"no policy lifts that.")
	PrefixNotCovered = define(granary.LinkPrefix, "not-covered",
		"Ask the administrator of the account {account} for a grant of {permission} on {target}.")

	// The trust policy of the location's role.
	TrustMissing = define(granary.LinkTrust, "missing",
		"Make the role {role}, or give the location another: aws s3control update-access-grants-location.")
	TrustNotGiven = define(granary.LinkTrust, "trust",
		"Let the trust policy of {role} allow {action} to the service access-grants.s3.amazonaws.com: aws "+
			"iam update-assume-role-policy --role-name {role:name}.")
	TrustDenied = define(granary.LinkTrust, "trust-denies",
		"The {policy} denies {action}: change that statement with aws iam update-assume-role-policy "+
			"--role-name {role:name}.")

	// The life of the key.
	DurationTooLong = define(granary.LinkDuration, "too-long",
		"Ask for {limit} seconds or fewer, or run: aws iam update-role --role-name {role:name} "+
			"--max-session-duration {asked}")

	// The bucket.
	BucketExpectedOwner = define(granary.LinkBucket, "expected-owner",
		"The bucket does not belong to the account {expected}: leave the expected owner out, or name its "+
			"own.")

	// The policies.
	PolicyClosed     = define(granary.LinkPolicy, "closed", "The account that owns the resource was closed.")
	PolicyOwnSession = define(granary.LinkPolicy, "own-session",
		"Sessions of GetSessionToken and GetFederationToken can do no IAM and little STS: use the user's "+
			"own key, or assume a role.")
	PolicyWork = define(granary.LinkPolicy, "work",
		"The policies take too long to compare with what the request brings: send shorter headers and "+
			"fewer keys at once, or write policies with fewer patterns; \"?\" between two stars is the slowest.")
	PolicyOwner = define(granary.LinkPolicy, "owner",
		"Only the account {owner} itself may do this: use a key of that account.")
	PolicyHidden = define(granary.LinkPolicy, "hidden",
		"The key names no object, and who may not list the bucket is not told so: allow s3:ListBucket on "+
			"the bucket to see the difference, or read a key that exists.")
	PolicyActor    = define(granary.LinkPolicy, "actor", Correct)
	PolicyExplicit = define(granary.LinkPolicy, "explicit", Correct)
	PolicyImplicit = define(granary.LinkPolicy, "implicit", Correct)
)
