package granary

import (
	"crypto/rand"
	"fmt"
	"math/big"
	"time"
)

// AccountID is an AWS account number: twelve digits, always text.
type AccountID string

// Valid reports whether the id is exactly twelve digits.
func (a AccountID) Valid() bool {
	if len(a) != 12 {
		return false
	}
	for _, c := range a {
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}

// NewAccountID returns a random account number that does not begin with zero.
func NewAccountID() AccountID {
	n, _ := rand.Int(rand.Reader, big.NewInt(900_000_000_000))
	return AccountID(fmt.Sprintf("%012d", n.Int64()+100_000_000_000))
}

// Account is an AWS account. Each belongs to the one organization of this installation.
type Account struct {
	ID         AccountID
	Name       string
	Email      string
	Management bool // the organization's management account; exactly one
	Closed     bool `json:",omitempty"`
	Created    time.Time
}

// Organization is the one organization of an installation, AWS Organizations' "o-…".
type Organization struct {
	ID         string // o-…
	RootID     string // r-…
	Management AccountID
	Created    time.Time
}

// Tag is a key and a value on a resource. Keys are unique within a resource.
type Tag struct{ Key, Value string }
