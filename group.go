package granary

import "time"

// GroupID is a directory group's id in its identity store. Ids are never reused.
type GroupID string

// Group is a group of people in the directory. Groups do not nest.
type Group struct {
	Store       StoreID
	ID          GroupID
	DisplayName string       // unique in the store whatever its letter case
	Description string       `json:",omitempty"`
	ExternalIDs []ExternalID `json:",omitempty"`
	Created     time.Time
	CreatedBy   string `json:",omitempty"`
	Updated     time.Time
	UpdatedBy   string `json:",omitempty"`
	Version     int64  `json:",omitempty"` // how often the group itself was changed, not its members; the store counts
}

// Membership says that a user is in a group.
type Membership struct {
	Store   StoreID
	ID      string
	Group   GroupID
	User    UserID
	Created time.Time
}
