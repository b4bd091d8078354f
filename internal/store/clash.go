package store

import (
	"errors"

	"granary"
)

// Column is a column whose values are unique, by its name in the database.
type Column string

// The unique columns that callers word refusals by.
const (
	UserNames    Column = "user_name_fold"    // of users
	Emails       Column = "email_fold"        // of users and accounts
	DisplayNames Column = "display_name_fold" // of groups
	Members      Column = "user_id"           // of memberships, within a group
	ExternalIDs  Column = "external_id"       // of users and groups, by their issuer
)

// Clash is the cause of an Exists error: a value that must be unique is taken.
type Clash struct{ Column Column }

func (c *Clash) Error() string { return "the column " + string(c.Column) + " has this value already" }

// ClashOf returns the column whose value is taken, "" when err is of another kind.
func ClashOf(err error) Column {
	var c *Clash
	if errors.As(err, &c) {
		return c.Column
	}
	return ""
}

// UnknownUser is the cause of a NotFound error: a list of users has one that does not exist.
type UnknownUser struct{ ID granary.UserID }

func (u *UnknownUser) Error() string { return "there is no user " + string(u.ID) }
