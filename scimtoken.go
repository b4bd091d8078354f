package granary

import "time"

// ScimToken lets a provisioning system write one identity store. Its secret is shown once and kept as a hash.
type ScimToken struct {
	ID       string
	Store    StoreID
	Hash     string // SHA-256 of the secret, hexadecimal
	Created  time.Time
	Expires  time.Time
	LastUsed time.Time `json:",omitzero"`
}
