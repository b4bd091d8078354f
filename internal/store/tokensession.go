package store

import (
	"database/sql"
	"encoding/json"
	"errors"

	"granary"
)

// TokenSessions holds the sessions of refresh tokens. They are not part of the change log, since nothing follows them.
type TokenSessions struct{ tx *Tx }

// Put creates or replaces a session.
func (s TokenSessions) Put(v *granary.TokenSession) error {
	doc, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return s.tx.exec(`INSERT INTO token_session (id, application, store, user_id, until, doc) VALUES ($1, $2, $3, $4,
		$5, $6)
		ON CONFLICT (id) DO UPDATE SET until = $5, doc = $6`, v.ID, string(v.Application), string(v.Store), string(v.User),
		v.Ends.Unix(), string(doc))
}

// Get returns the session with an id. It fails with NotFound when there is none, or it was revoked.
func (s TokenSessions) Get(id string) (*granary.TokenSession, error) {
	var doc string
	err := s.tx.queryRow("SELECT doc FROM token_session WHERE id = $1", id).Scan(&doc)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, granary.Errorf(granary.NotFound, "There is no such token session.")
	}
	if err != nil {
		return nil, err
	}
	v := &granary.TokenSession{}
	return v, json.Unmarshal([]byte(doc), v)
}

// Delete revokes a session.
func (s TokenSessions) Delete(id string) error {
	return s.tx.exec("DELETE FROM token_session WHERE id = $1", id)
}

// deleteOfUser revokes a user's sessions. Enabling the user again does not restore them.
func (s TokenSessions) deleteOfUser(d granary.StoreID, u granary.UserID) error {
	return s.tx.exec("DELETE FROM token_session WHERE store = $1 AND user_id = $2", string(d), string(u))
}

// deleteOfApplication revokes an application's sessions.
func (s TokenSessions) deleteOfApplication(arn granary.ARN) error {
	return s.tx.exec("DELETE FROM token_session WHERE application = $1", string(arn))
}
