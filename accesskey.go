package granary

import "time"

// AccessKey is a long-term access key of an IAM user, or of the account's root user when User is empty.
type AccessKey struct {
	ID      string // AKIA…
	Account AccountID
	User    string // IAM user name; "" is the root user
	Secret  string // plain in memory; the store encrypts it at rest
	Active  bool
	Created time.Time
}
