package s3control

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"granary"
	"granary/internal/awsapi"
)

const maxPage = 1000

// pages reads maxResults and nextToken. A token is bound to the account, the operation and its filters.
type pages struct {
	bound [8]byte
	after string
	limit int
}

var errBadToken = granary.Errorf(granary.Invalid, "The nextToken is not one that this list with these filters gave.")

func page(c *awsapi.Call, maxResults *int64, token string, filters ...string) (p pages, err error) {
	sum := sha256.Sum256([]byte(string(c.Account) + "\x00" + c.Region + "\x00" + strings.Join(filters, "\x00")))
	copy(p.bound[:], sum[:])
	p.limit = maxPage
	if maxResults != nil && *maxResults != 0 {
		p.limit = int(*maxResults)
	}
	if p.limit < 1 || p.limit > maxPage {
		return p, granary.Errorf(granary.Invalid, "maxResults must be between 0 and %d.", maxPage)
	}
	if token == "" {
		return p, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) < 8 || [8]byte(b[:8]) != p.bound {
		return p, errBadToken
	}
	p.after = string(b[8:])
	return p, nil
}

func (p pages) token(next string) string {
	if next == "" {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(append(p.bound[:], next...))
}
