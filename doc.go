// Package granary holds the words everyone in this system shares: the nouns, one per file, their
// identifiers, and the errors. It knows no clock, no network and no database, and imports only the
// standard library; every other package may import it and it imports none of them.
//
//	who is calling?   account.go iamuser.go role.go accesskey.go session.go
//	may they?         policy.go grantsinstance.go location.go grant.go
//	for whom?         identitycenter.go user.go group.go application.go issuer.go scimtoken.go
//	the data          bucket.go
package granary
