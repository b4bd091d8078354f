package store

import (
	"database/sql"
	"fmt"
	"strings"

	"granary"
)

// Tx is one transaction, with a set for each noun. It must not be used after the function that got it returns.
type Tx struct {
	Organization     Organizations
	Accounts         Accounts
	OrgUnits         OrgUnits
	OrgPolicies      OrgPolicies
	OrgAttachments   OrgAttachments
	IAMUsers         IAMUsers
	IAMGroups        IAMGroups
	InstanceProfiles InstanceProfiles
	AccountAliases   AccountAliases
	KeyUses          KeyUses
	Roles            Roles
	ManagedPolicies  ManagedPolicies
	OIDCProviders    OIDCProviders
	AccessKeys       AccessKeys
	IdentityCenters  IdentityCenters
	Users            Users
	Groups           Groups
	Memberships      Memberships
	Applications     Applications
	Assignments      Assignments
	Issuers          Issuers
	SignInProviders  SignInProviders
	ScimTokens       ScimTokens
	GrantsInstances  GrantsInstances
	Locations        Locations
	Grants           Grants
	Buckets          Buckets
	Keys             Keys
	TokenSessions    TokenSessions
	Replays          Replays
	Idempotency      Idempotency

	db     *DB
	engine session
	id     string // identifies this update in the log; "" until it changes something
	failed error  // error of a failed statement; the transaction must then fail
}

// newTx returns a Tx with every set bound to it.
func newTx(db *DB, engine session) *Tx {
	tx := &Tx{db: db, engine: engine}
	tx.Organization = Organizations{Set[granary.Organization]{tx, organizations}}
	tx.Accounts = Accounts{Set[granary.Account]{tx, accounts}}
	tx.OrgUnits = OrgUnits{Set[granary.OrgUnit]{tx, orgUnits}}
	tx.OrgPolicies = OrgPolicies{Set[granary.OrgPolicy]{tx, orgPolicies}}
	tx.OrgAttachments = OrgAttachments{Set[granary.Attachment]{tx, orgAttachments}}
	tx.IAMUsers = IAMUsers{Set[granary.IAMUser]{tx, iamUsers}}
	tx.IAMGroups = IAMGroups{Set[granary.IAMGroup]{tx, iamGroups}}
	tx.InstanceProfiles = InstanceProfiles{Set[granary.InstanceProfile]{tx, instanceProfiles}}
	tx.AccountAliases = AccountAliases{Set[granary.AccountAlias]{tx, accountAliases}}
	tx.Roles = Roles{Set[granary.Role]{tx, roles}}
	tx.ManagedPolicies = ManagedPolicies{Set[granary.ManagedPolicy]{tx, managedPolicies}}
	tx.OIDCProviders = OIDCProviders{Set[granary.OIDCProvider]{tx, oidcProviders}}
	tx.AccessKeys = AccessKeys{Set[granary.AccessKey]{tx, accessKeys}}
	tx.IdentityCenters = IdentityCenters{Set[granary.IdentityCenter]{tx, identityCenters}}
	tx.Users = Users{Set[granary.User]{tx, users}}
	tx.Groups = Groups{Set[granary.Group]{tx, groups}}
	tx.Memberships = Memberships{Set[granary.Membership]{tx, memberships}}
	tx.Applications = Applications{Set[granary.Application]{tx, applications}}
	tx.Assignments = Assignments{Set[granary.Assignment]{tx, assignments}}
	tx.Issuers = Issuers{Set[granary.Issuer]{tx, issuers}}
	tx.SignInProviders = SignInProviders{Set[granary.SignInProvider]{tx, signInProviders}}
	tx.ScimTokens = ScimTokens{Set[granary.ScimToken]{tx, scimTokens}}
	tx.GrantsInstances = GrantsInstances{Set[granary.GrantsInstance]{tx, grantsInstances}}
	tx.Locations = Locations{Set[granary.Location]{tx, locations}}
	tx.Grants = Grants{Set[granary.Grant]{tx, grantTable}}
	tx.Buckets = Buckets{Set[granary.Bucket]{tx, buckets}}
	tx.Keys = Keys{Set[Key]{tx, keyTable}}
	tx.TokenSessions, tx.Replays, tx.Idempotency, tx.KeyUses = TokenSessions{tx}, Replays{tx}, Idempotency{tx}, KeyUses{tx}
	return tx
}

func (tx *Tx) queryRow(query string, args ...any) row { return tx.engine.Row(query, args...) }

func (tx *Tx) queryEach(query string, args []any, fn func(*sql.Rows) error) error {
	return tx.engine.Each(query, args, fn)
}

func (tx *Tx) exec(query string, args ...any) error {
	_, err := tx.execCount(query, args...)
	return err
}

func (tx *Tx) execCount(query string, args ...any) (int64, error) {
	n, err := tx.engine.Exec(query, args...)
	if err != nil {
		tx.failed = err
	}
	return n, err
}

// nextRevision is the next revision of the log. Only one update runs at a time, so the log has no gap and is in commit
// order.
const nextRevision = "(SELECT COALESCE(MAX(rev), 0) + 1 FROM change)"

// logChange writes a change to the log and attaches it to the transaction, for the followers.
func (tx *Tx) logChange(kind, doc string, deleted bool, v any) error {
	var rev int64
	err := tx.queryRow("INSERT INTO change (rev, id, kind, deleted, doc) VALUES ("+nextRevision+", $1, $2, $3, $4) "+
		"RETURNING rev",
		tx.updateID(), kind, deleted, doc).Scan(&rev)
	if err != nil {
		return err
	}
	tx.engine.Attach(Change{rev, deleted, v, tx.id})
	return nil
}

// updateID returns the id of this update's entries in the log. It is random, so that a position in the log of a
// restored database cannot be taken for another.
func (tx *Tx) updateID() string {
	if tx.id == "" {
		tx.id = granary.UUID()
	}
	return tx.id
}

// logChanges is logChange for many nouns of a kind, with few statements.
func (tx *Tx) logChanges(kind string, deleted bool, docs []string, values []any) error {
	var rev int64
	if err := tx.queryRow("SELECT " + nextRevision).Scan(&rev); err != nil {
		return err
	}
	id := tx.updateID()
	for at := 0; at < len(docs); {
		n := chunkSize(len(docs) - at)
		args := make([]any, 0, 5*n)
		for i := at; i < at+n; i++ {
			tx.engine.Attach(Change{rev, deleted, values[i], id})
			args = append(args, rev, id, kind, deleted, docs[i])
			rev++
		}
		if err := tx.exec("INSERT INTO change (rev, id, kind, deleted, doc) VALUES "+placeholderRows(n, 5),
			args...); err != nil {
			return err
		}
		at += n
	}
	return nil
}

// chunkSize returns how many of n rows go into one statement. There are only three sizes, so that few prepared
// statements are kept.
func chunkSize(n int) int {
	switch {
	case n >= 128:
		return 128
	case n >= 16:
		return 16
	}
	return 1
}

// placeholderRows returns n rows of placeholders: "($1, $2), ($3, $4)".
func placeholderRows(n, columns int) string {
	var b strings.Builder
	for i := range n * columns {
		switch {
		case i == 0:
			b.WriteByte('(')
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "$%d", i+1)
	}
	b.WriteByte(')')
	return b.String()
}
