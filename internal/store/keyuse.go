package store

import (
	"database/sql"
	"errors"
	"time"
)

// Use is the last use of a key or role: the time, the service and the Region.
type Use struct {
	At              time.Time
	Service, Region string
}

// KeyUses holds the last use of keys, roles and provisioning tokens by their ids. It is not part of the change log.
type KeyUses struct{ tx *Tx }

// Get returns the last use of an id; ok is false when none is known.
func (k KeyUses) Get(id string) (u Use, ok bool, err error) {
	var at int64
	err = k.tx.queryRow("SELECT at, service, region FROM last_used WHERE id = $1", id).Scan(&at, &u.Service, &u.Region)
	if errors.Is(err, sql.ErrNoRows) {
		return u, false, nil
	}
	u.At = time.Unix(at, 0).UTC()
	return u, err == nil, err
}

// Put stores a use unless a later one is known.
func (k KeyUses) Put(id string, u Use) error {
	return k.tx.exec("INSERT INTO last_used (id, at, service, region) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO "+
		"UPDATE SET at = $2, service = $3, region = $4 WHERE last_used.at <= $2",
		id, u.At.Unix(), u.Service, u.Region)
}

// Delete removes what is known of an id.
func (k KeyUses) Delete(id string) error { return k.tx.exec("DELETE FROM last_used WHERE id = $1", id) }
