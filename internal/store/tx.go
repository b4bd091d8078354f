package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"granary"
)

// Tx is one transaction: the nouns, each with the questions that are asked of it.
type Tx struct {
	Organization    Organizations
	Accounts        Accounts
	IAMUsers        IAMUsers
	Roles           Roles
	ManagedPolicies ManagedPolicies
	AccessKeys      AccessKeys
	IdentityCenters IdentityCenters
	Users           Users
	Groups          Groups
	Memberships     Memberships
	Applications    Applications
	Assignments     Assignments
	Issuers         Issuers
	ScimTokens      ScimTokens
	GrantsInstances GrantsInstances
	Locations       Locations
	Grants          Grants
	Buckets         Buckets
	Keys            Keys
	Replays         Replays
	Idempotency     Idempotency

	ctx     context.Context
	db      *DB
	read    *sql.Tx
	write   *sql.Conn
	changes []Change
}

func newTx(ctx context.Context, db *DB, read *sql.Tx, write *sql.Conn) *Tx {
	tx := &Tx{ctx: ctx, db: db, read: read, write: write}
	tx.Organization = Organizations{Set[granary.Organization]{tx, organizations}}
	tx.Accounts = Accounts{Set[granary.Account]{tx, accounts}}
	tx.IAMUsers = IAMUsers{Set[granary.IAMUser]{tx, iamUsers}}
	tx.Roles = Roles{Set[granary.Role]{tx, roles}}
	tx.ManagedPolicies = ManagedPolicies{Set[granary.ManagedPolicy]{tx, managedPolicies}}
	tx.AccessKeys = AccessKeys{Set[granary.AccessKey]{tx, accessKeys}}
	tx.IdentityCenters = IdentityCenters{Set[granary.IdentityCenter]{tx, identityCenters}}
	tx.Users = Users{Set[granary.User]{tx, users}}
	tx.Groups = Groups{Set[granary.Group]{tx, groups}}
	tx.Memberships = Memberships{Set[granary.Membership]{tx, memberships}}
	tx.Applications = Applications{Set[granary.Application]{tx, applications}}
	tx.Assignments = Assignments{Set[granary.Assignment]{tx, assignments}}
	tx.Issuers = Issuers{Set[granary.Issuer]{tx, issuers}}
	tx.ScimTokens = ScimTokens{Set[granary.ScimToken]{tx, scimTokens}}
	tx.GrantsInstances = GrantsInstances{Set[granary.GrantsInstance]{tx, grantsInstances}}
	tx.Locations = Locations{Set[granary.Location]{tx, locations}}
	tx.Grants = Grants{Set[granary.Grant]{tx, grantTable}}
	tx.Buckets = Buckets{Set[granary.Bucket]{tx, buckets}}
	tx.Keys = Keys{Set[Key]{tx, keyTable}}
	tx.Replays, tx.Idempotency = Replays{tx}, Idempotency{tx}
	return tx
}

func (tx *Tx) row(query string, args ...any) *sql.Row {
	if tx.read != nil {
		return tx.read.QueryRowContext(tx.ctx, query, args...)
	}
	if s, err := tx.db.prepared(tx.ctx, query); err == nil {
		return s.QueryRowContext(tx.ctx, args...)
	}
	return tx.write.QueryRowContext(tx.ctx, query, args...)
}

func (tx *Tx) each(query string, args []any, fn func(*sql.Rows) error) error {
	var rows *sql.Rows
	var err error
	if tx.read != nil {
		rows, err = tx.read.QueryContext(tx.ctx, query, args...)
	} else {
		rows, err = tx.write.QueryContext(tx.ctx, query, args...)
	}
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := fn(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (tx *Tx) exec(query string, args ...any) error {
	_, err := tx.execCount(query, args...)
	return err
}

func (tx *Tx) execCount(query string, args ...any) (int64, error) {
	if tx.write == nil {
		return 0, errors.New("store: a view cannot write")
	}
	s, err := tx.db.prepared(tx.ctx, query)
	if err != nil {
		return 0, err
	}
	r, err := s.ExecContext(tx.ctx, args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// changed writes a change to the log and keeps it for the followers.
func (tx *Tx) changed(kind, doc string, deleted bool, v any) error {
	var rev int64
	if err := tx.row("INSERT INTO change (kind, deleted, doc) VALUES ($1, $2, $3) RETURNING rev", kind, deleted, doc).Scan(&rev); err != nil {
		return err
	}
	tx.changes = append(tx.changes, Change{rev, deleted, v})
	return nil
}

// uniqueViolation names the last column of the uniqueness an error says is broken.
func uniqueViolation(err error) (column string, ok bool) {
	var e *sqlite.Error
	if !errors.As(err, &e) || e.Code() != sqlite3.SQLITE_CONSTRAINT_UNIQUE && e.Code() != sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY {
		return "", false
	}
	text := e.Error()
	text = text[strings.LastIndexByte(text, '.')+1:]
	column, _, _ = strings.Cut(text, " ")
	return column, true
}
