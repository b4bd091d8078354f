// Package granary holds the words that everyone in this system shares: the nouns, one per file, their identifiers, and
// the errors. It knows no clock, no network and no database, and imports only the standard library. Every other
// package may import it.
//
//	who is calling?   account.go iamuser.go iamgroup.go role.go accesskey.go session.go
//	                  instanceprofile.go oidcprovider.go
//	may they?         policy.go orgpolicy.go grantsinstance.go location.go grant.go
//	for whom?         identitycenter.go user.go usercheck.go group.go application.go issuer.go scimtoken.go
//	signed in how?    signin.go tokensession.go
//	the data          bucket.go
//	names             arn.go id.go
//	why not?          error.go why.go refusal.go
//
// An optional text that is not set is "".
package granary
