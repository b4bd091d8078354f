package access

import (
	"crypto/rand"
	"encoding/base64"
	"strings"

	"granary"
	"granary/internal/cause"
	"granary/internal/idtoken"
	"granary/internal/index"
)

// PersonOf finds the one user of a directory that a corporate token means. With verified, the token must also say that
// the e-mail address which maps it is verified. Errors have OAuth's code for a token that opens nothing.
func PersonOf(x *index.Index, store granary.StoreID, issuer *granary.Issuer, claims *idtoken.Claims, verified bool) (
	*granary.User, error) {
	value, err := claims.Lookup(issuer.Claim)
	if err == nil && verified && strings.EqualFold(issuer.Attribute, "emails.value") {
		err = claims.VerifiedEmail()
	}
	if err != nil {
		return nil, invalidGrant(err).At(cause.UserClaim, "claim", issuer.Claim, "issuerArn", string(issuer.ARN()))
	}
	user, err := Person(x, store, issuer, value)
	if err != nil {
		return nil, invalidGrant(err)
	}
	return user, nil
}

func invalidGrant(err error) *granary.Error {
	return granary.AsError(err).WithCode("InvalidGrantException")
}

// NewCredentialID returns a name for a new session of tokens: 16 random bytes in base64url.
func NewCredentialID() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}
