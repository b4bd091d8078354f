package granary

import "time"

// ScimToken lets a provisioning system read and write one identity store. Its secret is shown once; the hash is stored.
type ScimToken struct {
	ID      string
	Store   StoreID
	Hash    string // SHA-256 of the secret, hexadecimal
	Created time.Time
	Expires time.Time
}
