package store

import (
	"fmt"

	"granary"
)

// Place is where a user or group stands in the order of creation.
type Place struct {
	Created int64 // microseconds since 1970
	ID      string
}

// Users holds the directory's people.
type Users struct{ Set[granary.User] }

// Create adds a user. User name, primary address and external ids are unique in the store.
func (s Users) Create(u *granary.User) error {
	if err := s.Set.Create(u); err != nil {
		return err
	}
	if err := s.otherEmails(u); err != nil {
		return err
	}
	return s.tx.external(u.Store, "user", string(u.ID), u.ExternalIDs)
}

// Update replaces a user. Deactivation revokes the user's token sessions.
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
	if err := s.forgetEmails(u.Store, u.ID); err != nil {
		return err
	}
	if err := s.otherEmails(u); err != nil {
		return err
	}
	return s.tx.external(u.Store, "user", string(u.ID), u.ExternalIDs)
}

// otherEmails keeps the addresses that are not the primary one: they are looked up by, and unique they are not.
func (s Users) otherEmails(u *granary.User) error {
	primary := Fold(u.PrimaryEmail())
	seen := map[string]bool{primary: true}
	for _, e := range u.Emails {
		f := Fold(e.Value)
		if seen[f] {
			continue
		}
		seen[f] = true
		if err := s.tx.exec("INSERT INTO other_email (store, email_fold, user_id) VALUES ($1, $2, $3)", string(u.Store), f, string(u.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (s Users) forgetEmails(d granary.StoreID, id granary.UserID) error {
	return s.tx.exec("DELETE FROM other_email WHERE store = $1 AND user_id = $2", string(d), string(id))
}

// Get looks a user up by id.
func (s Users) Get(d granary.StoreID, id granary.UserID) (*granary.User, error) {
	return s.getBy(string(d), string(id))
}

// ByName looks a user up by user name, whatever its case.
func (s Users) ByName(d granary.StoreID, name string) (*granary.User, error) {
	return s.one("SELECT doc FROM directory_user WHERE store = $1 AND user_name_fold = $2", string(d), Fold(name))
}

// ByEmail looks a user up by the primary address, whatever its case.
func (s Users) ByEmail(d granary.StoreID, email string) (*granary.User, error) {
	return s.one("SELECT doc FROM directory_user WHERE store = $1 AND email_fold = $2", string(d), Fold(email))
}

// Two searches, each by its own index: joined by OR they would be one walk through everybody.
const usersByAnyEmail = `SELECT doc FROM directory_user WHERE store = $1 AND email_fold = $2 UNION ALL
	SELECT u.doc FROM other_email o JOIN directory_user u ON u.store = o.store AND u.id = o.user_id WHERE o.store = $1 AND o.email_fold = $2`

// ByAnyEmail lists the users who have an address, primary or not, whatever its case: whose primary one it is first.
func (s Users) ByAnyEmail(d granary.StoreID, email string) ([]*granary.User, error) {
	return s.list(usersByAnyEmail, string(d), Fold(email))
}

const usersByExternalID = `SELECT u.doc FROM external_id e JOIN directory_user u ON u.store = e.store AND u.id = e.owner
	WHERE e.store = $1 AND e.kind = 'user' AND e.issuer = $2 AND e.value = $3`

// ByExternalID lists the users, one at most, whom a provisioning system knows by an id.
func (s Users) ByExternalID(d granary.StoreID, issuer, id string) ([]*granary.User, error) {
	return s.list(usersByExternalID, string(d), issuer, id)
}

// Delete removes a user with its memberships. Assignments and grants that name it stay, and name nobody: ids are never reused.
func (s Users) Delete(d granary.StoreID, id granary.UserID) error {
	if err := s.tx.Memberships.deleteOfUser(d, id); err != nil {
		return err
	}
	if err := s.forgetEmails(d, id); err != nil {
		return err
	}
	if err := s.tx.external(d, "user", string(id), nil); err != nil {
		return err
	}
	if err := s.tx.TokenSessions.deleteOfUser(d, id); err != nil {
		return err
	}
	return s.deleteBy(string(d), string(id))
}

// List is the store's users after an id.
func (s Users) List(d granary.StoreID, after granary.UserID, limit int) ([]*granary.User, string, error) {
	return s.page(limit, func(u *granary.User) string { return string(u.ID) },
		"SELECT doc FROM directory_user WHERE store = $1 AND id > $2 ORDER BY id", string(d), string(after))
}

// Page is the store's users in the order of their creation, after a place in it.
func (s Users) Page(d granary.StoreID, after Place, limit int) ([]*granary.User, error) {
	return s.list(fmt.Sprintf("SELECT doc FROM directory_user WHERE store = $1 AND (created, id) > ($2, $3) ORDER BY created, id LIMIT %d", limit),
		string(d), after.Created, after.ID)
}

// Window is the store's users in the order of their creation, from the nth (counted from 0) on.
func (s Users) Window(d granary.StoreID, from, limit int) ([]*granary.User, error) {
	return s.list("SELECT doc FROM directory_user WHERE store = $1 ORDER BY created, id LIMIT $2 OFFSET $3", string(d), limit, from)
}

// Count is how many users the store has.
func (s Users) Count(d granary.StoreID) (int, error) {
	return s.count("SELECT COUNT(*) FROM directory_user WHERE store = $1", string(d))
}

// Groups holds the directory's groups.
type Groups struct{ Set[granary.Group] }

// Create adds a group. Display name and external ids are unique in the store.
func (s Groups) Create(g *granary.Group) error {
	if err := s.Set.Create(g); err != nil {
		return err
	}
	return s.tx.external(g.Store, "group", string(g.ID), g.ExternalIDs)
}

// Update replaces a group.
func (s Groups) Update(g *granary.Group) error {
	g.Version++
	if err := s.Set.Update(g); err != nil {
		return err
	}
	return s.tx.external(g.Store, "group", string(g.ID), g.ExternalIDs)
}

// Get looks a group up by id.
func (s Groups) Get(d granary.StoreID, id granary.GroupID) (*granary.Group, error) {
	return s.getBy(string(d), string(id))
}

// ByName looks a group up by display name, whatever its case.
func (s Groups) ByName(d granary.StoreID, name string) (*granary.Group, error) {
	return s.one("SELECT doc FROM directory_group WHERE store = $1 AND display_name_fold = $2", string(d), Fold(name))
}

const groupsByExternalID = `SELECT g.doc FROM external_id e JOIN directory_group g ON g.store = e.store AND g.id = e.owner
	WHERE e.store = $1 AND e.kind = 'group' AND e.issuer = $2 AND e.value = $3`

// ByExternalID lists the groups, one at most, that a provisioning system knows by an id.
func (s Groups) ByExternalID(d granary.StoreID, issuer, id string) ([]*granary.Group, error) {
	return s.list(groupsByExternalID, string(d), issuer, id)
}

// Delete removes a group with its memberships. Assignments and grants that name it stay, and name nobody: ids are never reused.
func (s Groups) Delete(d granary.StoreID, id granary.GroupID) error {
	if err := s.tx.Memberships.deleteOfGroup(d, id); err != nil {
		return err
	}
	if err := s.tx.external(d, "group", string(id), nil); err != nil {
		return err
	}
	return s.deleteBy(string(d), string(id))
}

// List is the store's groups after an id.
func (s Groups) List(d granary.StoreID, after granary.GroupID, limit int) ([]*granary.Group, string, error) {
	return s.page(limit, func(g *granary.Group) string { return string(g.ID) },
		"SELECT doc FROM directory_group WHERE store = $1 AND id > $2 ORDER BY id", string(d), string(after))
}

// Page is the store's groups in the order of their creation, after a place in it.
func (s Groups) Page(d granary.StoreID, after Place, limit int) ([]*granary.Group, error) {
	return s.list(fmt.Sprintf("SELECT doc FROM directory_group WHERE store = $1 AND (created, id) > ($2, $3) ORDER BY created, id LIMIT %d", limit),
		string(d), after.Created, after.ID)
}

// Window is the store's groups in the order of their creation, from the nth (counted from 0) on.
func (s Groups) Window(d granary.StoreID, from, limit int) ([]*granary.Group, error) {
	return s.list("SELECT doc FROM directory_group WHERE store = $1 ORDER BY created, id LIMIT $2 OFFSET $3", string(d), limit, from)
}

// MemberChanges is how often the group's members changed.
func (s Groups) MemberChanges(d granary.StoreID, id granary.GroupID) (n int64, err error) {
	err = s.tx.row("SELECT members FROM directory_group WHERE store = $1 AND id = $2", string(d), string(id)).Scan(&n)
	return n, err
}

// Count is how many groups the store has.
func (s Groups) Count(d granary.StoreID) (int, error) {
	return s.count("SELECT COUNT(*) FROM directory_group WHERE store = $1", string(d))
}

// EmptyDirectory removes every user and group of a store with all that is kept of them. Others wait meanwhile, on every node, so
// it takes a statement for a hundred of them and not ten for each.
func (tx *Tx) EmptyDirectory(d granary.StoreID) error {
	all := []any{string(d)}
	for _, remove := range []func(string, []any) (int, error){tx.Memberships.removeWhere, tx.Groups.removeWhere, tx.Users.removeWhere} {
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

// external replaces the external ids of a user or group.
func (tx *Tx) external(d granary.StoreID, kind, owner string, ids []granary.ExternalID) error {
	if err := tx.exec("DELETE FROM external_id WHERE store = $1 AND kind = $2 AND owner = $3", string(d), kind, owner); err != nil {
		return err
	}
	for _, e := range ids {
		err := tx.exec("INSERT INTO external_id (store, kind, issuer, value, owner) VALUES ($1, $2, $3, $4, $5)", string(d), kind, e.Issuer, e.ID, owner)
		if _, ok := tx.db.engine.UniqueViolation(err); ok {
			return granary.Errorf(granary.Exists, "A %s with this external id exists already.", kind).With("Unique", "external_id")
		}
		if err != nil {
			return err
		}
	}
	return nil
}
