package store

import (
	"database/sql"
	"errors"
	"time"
)

// Use is when, for what service and where a key or role was used last.
type Use struct {
	At              time.Time
	Service, Region string
}

// KeyUses remembers when keys and roles were used last, by access key id or role id.
type KeyUses struct{ tx *Tx }

// Get is the use kept of an id; ok is false when there is none.
func (k KeyUses) Get(id string) (u Use, ok bool, err error) {
	var at int64
	err = k.tx.row("SELECT at, service, region FROM last_used WHERE id = $1", id).Scan(&at, &u.Service, &u.Region)
	if errors.Is(err, sql.ErrNoRows) {
		return u, false, nil
	}
	u.At = time.Unix(at, 0).UTC()
	return u, err == nil, err
}

// Put keeps a use.
func (k KeyUses) Put(id string, u Use) error {
	return k.tx.exec("INSERT INTO last_used (id, at, service, region) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET at = $2, service = $3, region = $4",
		id, u.At.Unix(), u.Service, u.Region)
}

// Delete forgets an id.
func (k KeyUses) Delete(id string) error { return k.tx.exec("DELETE FROM last_used WHERE id = $1", id) }
