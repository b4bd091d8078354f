package store

import (
	"fmt"

	"granary"
)

// Place is the position of a user or group in the order of creation.
type Place struct {
	Created int64 // microseconds since 1970
	ID      string
}

// Users holds the users of the directories.
type Users struct{ Set[granary.User] }

// Create adds a user. The user name, the primary e-mail address and external ids are unique in an identity store,
// whatever their letter case; Create fails with Exists when one is taken.
func (s Users) Create(u *granary.User) error {
	if err := s.Set.Create(u); err != nil {
		return err
	}
	if err := s.addOtherEmails(u); err != nil {
		return err
	}
	return s.tx.replaceExternalIDs(u.Store, "user", string(u.ID), u.ExternalIDs)
}

// Update replaces a user and increments u.Version. Disabling a user revokes the user's token sessions.
func (s Users) Update(u *granary.User) error {
	u.Version++
	if err := s.Set.Update(u); err != nil {
		return err
	}
	if u.Disabled {
		if err := s.tx.TokenSessions.deleteOfUser(u.Store, u.ID); err != nil {
			return err
		}
	}
	if err := s.deleteOtherEmails(u.Store, u.ID); err != nil {
		return err
	}
	if err := s.addOtherEmails(u); err != nil {
		return err
	}
	return s.tx.replaceExternalIDs(u.Store, "user", string(u.ID), u.ExternalIDs)
}

// addOtherEmails stores the addresses other than the primary one, so that users can be found by them. They are not
// unique.
func (s Users) addOtherEmails(u *granary.User) error {
	primary := Fold(u.PrimaryEmail())
	seen := map[string]bool{primary: true}
	for _, e := range u.Emails {
		f := Fold(e.Value)
		if seen[f] {
			continue
		}
		seen[f] = true
		if err := s.tx.exec("INSERT INTO other_email (store, email_fold, user_id) VALUES ($1, $2, $3)", string(u.Store), f,
			string(u.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (s Users) deleteOtherEmails(d granary.StoreID, id granary.UserID) error {
	return s.tx.exec("DELETE FROM other_email WHERE store = $1 AND user_id = $2", string(d), string(id))
}

// Get returns the user with an id. It fails with NotFound when there is none.
func (s Users) Get(d granary.StoreID, id granary.UserID) (*granary.User, error) {
	return s.getByKey(string(d), string(id))
}

// ByName returns the user with a user name, whatever its letter case. It fails with NotFound when there is none.
func (s Users) ByName(d granary.StoreID, name string) (*granary.User, error) {
	return s.queryOne("SELECT doc FROM directory_user WHERE store = $1 AND user_name_fold = $2", string(d), Fold(name))
}

// ByLocalPart returns at most two of the users whose name has a text before its @, whatever its letter case: the caller
// needs to know only whether there is exactly one.
func (s Users) ByLocalPart(d granary.StoreID, text string) ([]*granary.User, error) {
	begin := Fold(text) + "@"
	return s.queryAll("SELECT doc FROM directory_user WHERE store = $1 AND user_name_fold >= $2 AND user_name_fold < $3 "+
		"ORDER BY user_name_fold LIMIT 2",
		string(d), begin, begin+"\U0010ffff")
}

// ByEmail returns the user with a primary address, whatever its letter case. It fails with NotFound when there is none.
func (s Users) ByEmail(d granary.StoreID, email string) (*granary.User, error) {
	return s.queryOne("SELECT doc FROM directory_user WHERE store = $1 AND email_fold = $2", string(d), Fold(email))
}

// usersByAnyEmail is a union of two searches so that each uses its own index; joined by OR they would read the whole
// table.
const usersByAnyEmail = `SELECT doc FROM directory_user WHERE store = $1 AND email_fold = $2 UNION ALL
	SELECT u.doc FROM other_email o JOIN directory_user u ON u.store = o.store AND u.id = o.user_id
		WHERE o.store = $1 AND o.email_fold = $2`

// ByAnyEmail returns the users who have an address, whatever its letter case. The user whose primary address it is
// comes first.
func (s Users) ByAnyEmail(d granary.StoreID, email string) ([]*granary.User, error) {
	return s.queryAll(usersByAnyEmail, string(d), Fold(email))
}

// usersByExternalID goes from external ids to users.
const usersByExternalID = `SELECT u.doc FROM external_id e JOIN directory_user u ON u.store = e.store AND u.id = e.owner
	WHERE e.store = $1 AND e.kind = 'user' AND e.issuer = $2 AND e.value = $3`

// ByExternalID returns the users whom a provisioning system knows by an id: at most one.
func (s Users) ByExternalID(d granary.StoreID, issuer, id string) ([]*granary.User, error) {
	return s.queryAll(usersByExternalID, string(d), issuer, id)
}

// Delete removes a user with its memberships and token sessions. Assignments and grants that name the user stay,
// without effect: ids are never reused.
func (s Users) Delete(d granary.StoreID, id granary.UserID) error {
	if err := s.tx.Memberships.deleteOfUser(d, id); err != nil {
		return err
	}
	if err := s.deleteOtherEmails(d, id); err != nil {
		return err
	}
	if err := s.tx.replaceExternalIDs(d, "user", string(id), nil); err != nil {
		return err
	}
	if err := s.tx.TokenSessions.deleteOfUser(d, id); err != nil {
		return err
	}
	return s.deleteByKey(string(d), string(id))
}

// List returns the users of an identity store in the order of their ids, from after one of them.
func (s Users) List(d granary.StoreID, after granary.UserID, limit int) ([]*granary.User, string, error) {
	return s.queryPage(limit, func(u *granary.User) string { return string(u.ID) },
		"SELECT doc FROM directory_user WHERE store = $1 AND id > $2 ORDER BY id", string(d), string(after))
}

// Page returns the users of an identity store in the order of their creation, from after a place in it.
func (s Users) Page(d granary.StoreID, after Place, limit int) ([]*granary.User, error) {
	return s.queryAll(fmt.Sprintf("SELECT doc FROM directory_user WHERE store = $1 AND (created, id) > ($2, $3) "+
		"ORDER BY created, id LIMIT %d", limit),
		string(d), after.Created, after.ID)
}

// Window returns the users of an identity store in the order of their creation, from an offset on. It reads what it
// skips; Page does not.
func (s Users) Window(d granary.StoreID, from, limit int) ([]*granary.User, error) {
	return s.queryAll("SELECT doc FROM directory_user WHERE store = $1 ORDER BY created, id LIMIT $2 OFFSET $3", string(d),
		limit, from)
}

// Count returns the number of users of an identity store.
func (s Users) Count(d granary.StoreID) (int, error) {
	return s.queryCount("SELECT COUNT(*) FROM directory_user WHERE store = $1", string(d))
}

// Groups holds the groups of the directories.
type Groups struct{ Set[granary.Group] }

// Create adds a group. The display name and external ids are unique in an identity store; Create fails with Exists when
// one is taken.
func (s Groups) Create(g *granary.Group) error {
	if err := s.Set.Create(g); err != nil {
		return err
	}
	return s.tx.replaceExternalIDs(g.Store, "group", string(g.ID), g.ExternalIDs)
}

// Update replaces a group and increments g.Version.
func (s Groups) Update(g *granary.Group) error {
	g.Version++
	if err := s.Set.Update(g); err != nil {
		return err
	}
	return s.tx.replaceExternalIDs(g.Store, "group", string(g.ID), g.ExternalIDs)
}

// Get returns the group with an id. It fails with NotFound when there is none.
func (s Groups) Get(d granary.StoreID, id granary.GroupID) (*granary.Group, error) {
	return s.getByKey(string(d), string(id))
}

// ByName returns the group with a display name, whatever its letter case. It fails with NotFound when there is none.
func (s Groups) ByName(d granary.StoreID, name string) (*granary.Group, error) {
	return s.queryOne("SELECT doc FROM directory_group WHERE store = $1 AND display_name_fold = $2", string(d), Fold(name))
}

const groupsByExternalID = `SELECT g.doc FROM external_id e JOIN directory_group g ON g.store = e.store
	AND g.id = e.owner
	WHERE e.store = $1 AND e.kind = 'group' AND e.issuer = $2 AND e.value = $3`

// ByExternalID returns the groups that a provisioning system knows by an id: at most one.
func (s Groups) ByExternalID(d granary.StoreID, issuer, id string) ([]*granary.Group, error) {
	return s.queryAll(groupsByExternalID, string(d), issuer, id)
}

// Delete removes a group with its memberships. Assignments and grants that name the group stay, without effect: ids are
// never reused.
func (s Groups) Delete(d granary.StoreID, id granary.GroupID) error {
	if err := s.tx.Memberships.deleteOfGroup(d, id); err != nil {
		return err
	}
	if err := s.tx.replaceExternalIDs(d, "group", string(id), nil); err != nil {
		return err
	}
	return s.deleteByKey(string(d), string(id))
}

// List returns the groups of an identity store in the order of their ids, from after one of them.
func (s Groups) List(d granary.StoreID, after granary.GroupID, limit int) ([]*granary.Group, string, error) {
	return s.queryPage(limit, func(g *granary.Group) string { return string(g.ID) },
		"SELECT doc FROM directory_group WHERE store = $1 AND id > $2 ORDER BY id", string(d), string(after))
}

// Page returns the groups of an identity store in the order of their creation, from after a place in it.
func (s Groups) Page(d granary.StoreID, after Place, limit int) ([]*granary.Group, error) {
	return s.queryAll(fmt.Sprintf("SELECT doc FROM directory_group WHERE store = $1 AND (created, id) > ($2, $3) "+
		"ORDER BY created, id LIMIT %d", limit),
		string(d), after.Created, after.ID)
}

// Window returns the groups of an identity store in the order of their creation, from an offset on. It reads what it
// skips; Page does not.
func (s Groups) Window(d granary.StoreID, from, limit int) ([]*granary.Group, error) {
	return s.queryAll("SELECT doc FROM directory_group WHERE store = $1 ORDER BY created, id LIMIT $2 OFFSET $3",
		string(d),
		limit, from)
}

// MemberChanges returns how often the group's members changed.
func (s Groups) MemberChanges(d granary.StoreID, id granary.GroupID) (n int64, err error) {
	err = s.tx.queryRow("SELECT members FROM directory_group WHERE store = $1 AND id = $2", string(d), string(id)).Scan(&n)
	return n, err
}

// Count returns the number of groups of an identity store.
func (s Groups) Count(d granary.StoreID) (int, error) {
	return s.queryCount("SELECT COUNT(*) FROM directory_group WHERE store = $1", string(d))
}

// EmptyDirectory removes every user and group of an identity store with everything kept about them. No other update can
// run meanwhile, on any node, so it uses a statement for a hundred rows instead of ten for each.
func (tx *Tx) EmptyDirectory(d granary.StoreID) error {
	all := []any{string(d)}
	for _, remove := range []func(string, []any) (int, error){tx.Memberships.removeWhere, tx.Groups.removeWhere,
		tx.Users.removeWhere} {
		if _, err := remove("store = $1", all); err != nil {
			return err
		}
	}
	for _, table := range []string{"external_id", "other_email", "token_session"} {
		if err := tx.exec("DELETE FROM "+table+" WHERE store = $1", all...); err != nil {
			return err
		}
	}
	return nil
}

// replaceExternalIDs replaces the external ids of a user or group.
func (tx *Tx) replaceExternalIDs(d granary.StoreID, kind, owner string, ids []granary.ExternalID) error {
	if err := tx.exec("DELETE FROM external_id WHERE store = $1 AND kind = $2 AND owner = $3", string(d), kind,
		owner); err != nil {
		return err
	}
	for _, e := range ids {
		err := tx.exec("INSERT INTO external_id (store, kind, issuer, value, owner) VALUES ($1, $2, $3, $4, $5)", string(d),
			kind, e.Issuer, e.ID, owner)
		if _, ok := tx.db.engine.UniqueViolation(err); ok {
			return granary.Wrap(granary.Exists, "A "+kind+" with this external id exists already.", &Clash{ExternalIDs})
		}
		if err != nil {
			return err
		}
	}
	return nil
}
