package store

import (
	"database/sql"
	"fmt"
	"strings"
	"time"

	"granary"
)

// GrantsInstances holds the S3 Access Grants instances, one for an account and Region.
type GrantsInstances struct{ Set[granary.GrantsInstance] }

// Get returns an account's instance. It fails with NotFound when there is none.
func (s GrantsInstances) Get(a granary.AccountID, region string) (*granary.GrantsInstance, error) {
	return s.getByKey(string(a), region)
}

// Delete removes an instance.
func (s GrantsInstances) Delete(a granary.AccountID, region string) error {
	return s.deleteByKey(string(a), region)
}

// Locations holds the registered locations.
type Locations struct{ Set[granary.Location] }

// Get returns the location with an id. It fails with NotFound when there is none.
func (s Locations) Get(a granary.AccountID, region string, id granary.LocationID) (*granary.Location, error) {
	return s.getByKey(string(a), region, string(id))
}

// ByScope returns the location with a scope, in any of the scope's spellings. It fails with NotFound when there is
// none.
func (s Locations) ByScope(a granary.AccountID, region, scope string) (*granary.Location, error) {
	return s.queryOne("SELECT doc FROM location WHERE account = $1 AND region = $2 AND scope = $3", string(a), region,
		granary.NormalScope(scope))
}

// Delete removes a location.
func (s Locations) Delete(a granary.AccountID, region string, id granary.LocationID) error {
	return s.deleteByKey(string(a), region, string(id))
}

// List returns the locations of an instance in the order of their ids, from after one of them.
func (s Locations) List(a granary.AccountID, region string, after granary.LocationID, limit int) ([]*granary.Location,
	string, error) {
	return s.queryPage(limit, func(l *granary.Location) string { return string(l.ID) },
		"SELECT doc FROM location WHERE account = $1 AND region = $2 AND id > $3 ORDER BY id", string(a), region,
		string(after))
}

// Count returns the number of locations of an instance.
func (s Locations) Count(a granary.AccountID, region string) (int, error) {
	return s.queryCount("SELECT COUNT(*) FROM location WHERE account = $1 AND region = $2", string(a), region)
}

// Grants holds the access grants.
type Grants struct{ Set[granary.Grant] }

// Get returns the grant with an id. It fails with NotFound when there is none.
func (s Grants) Get(a granary.AccountID, region string, id granary.GrantID) (*granary.Grant, error) {
	return s.getByKey(string(a), region, string(id))
}

// Delete removes a grant.
func (s Grants) Delete(a granary.AccountID, region string, id granary.GrantID) error {
	return s.deleteByKey(string(a), region, string(id))
}

// CreateMany adds grants in one transaction.
func (s Grants) CreateMany(list []*granary.Grant) error {
	for _, g := range list {
		if err := s.Create(g); err != nil {
			return err
		}
	}
	return nil
}

// GrantFilter narrows a list of grants. Empty fields do not.
type GrantFilter struct {
	GranteeType granary.GranteeType
	GranteeID   string
	Scope       string
	ScopePrefix bool // match scopes that begin with Scope
	Permission  granary.Permission
	Application granary.ARN
}

// List returns the grants of an instance in the order of their scopes, from after a place in that order. next is the
// place to continue after, "" on the last page.
func (s Grants) List(a granary.AccountID, region string, f GrantFilter, after string, limit int) (list []*granary.Grant,
	next string, err error) {
	scope, id, _ := strings.Cut(after, "\x00")
	var b strings.Builder
	b.WriteString("SELECT doc FROM access_grant WHERE account = $1 AND region = $2 AND (scope, id) > ($3, $4)")
	args := []any{string(a), region, scope, id}
	add := func(column string, value any) {
		args = append(args, value)
		fmt.Fprintf(&b, " AND %s = $%d", column, len(args))
	}
	if f.GranteeType != 0 {
		add("grantee_type", int(f.GranteeType))
	}
	if f.GranteeID != "" {
		add("grantee_id", f.GranteeID)
	}
	switch {
	case f.Scope != "" && f.ScopePrefix:
		args = append(args, f.Scope, f.Scope+"\U0010ffff")
		fmt.Fprintf(&b, " AND scope >= $%d AND scope < $%d", len(args)-1, len(args))
	case f.Scope != "":
		add("scope", f.Scope)
	}
	if f.Permission != 0 {
		add("permission", int(f.Permission))
	}
	if f.Application != "" {
		add("application", string(f.Application))
	}
	b.WriteString(" ORDER BY scope, id")
	return s.queryPage(limit, func(g *granary.Grant) string { return g.Scope + "\x00" + string(g.ID) }, b.String(),
		args...)
}

// ListOfScope returns the grants with exactly one scope in the order of their ids, from after one of them.
func (s Grants) ListOfScope(a granary.AccountID, region, scope string, after granary.GrantID,
	limit int) ([]*granary.Grant, string, error) {
	return s.queryPage(limit, func(g *granary.Grant) string { return string(g.ID) },
		"SELECT doc FROM access_grant WHERE account = $1 AND region = $2 AND scope = $3 AND id > $4 ORDER BY id", string(a),
		region, scope, string(after))
}

// ListOfGrantee returns a grantee's grants in the order of their scopes, from after one of them; nil begins.
func (s Grants) ListOfGrantee(a granary.AccountID, region string, g granary.Grantee, after *granary.Grant,
	limit int) ([]*granary.Grant, error) {
	query := "SELECT doc FROM access_grant WHERE account = $1 AND region = $2 AND grantee_id = $3 AND grantee_type = $4"
	args := []any{string(a), region, g.ID, int(g.Type)}
	if after != nil {
		query += " AND (scope, object, permission, application) > ($5, $6, $7, $8)"
		args = append(args, after.Scope, after.Object, int(after.Permission), string(after.Application))
	}
	list, _, err := s.queryPage(limit, func(g *granary.Grant) string { return string(g.ID) },
		query+" ORDER BY scope, object, permission, application", args...)
	return list, err
}

// AnyOfLocation reports whether a location has grants.
func (s Grants) AnyOfLocation(a granary.AccountID, region string, l granary.LocationID) (bool, error) {
	n, err := s.queryCount("SELECT COUNT(*) FROM (SELECT 1 FROM access_grant WHERE account = $1 AND region = $2 "+
		"AND location = $3 LIMIT 1) AS one",
		string(a), region, string(l))
	return n > 0, err
}

// loadGrants reads the grants for a snapshot from columns. Parsing a million documents would take ten times as long.
func loadGrants(tx *Tx, fn func(any) error) error {
	return tx.queryEach("SELECT account, region, scope, id, object, location, grantee_type, grantee_id, permission, "+
		"application, created FROM access_grant ORDER BY account, region, scope, id", nil,
		func(r *sql.Rows) error {
			g := &granary.Grant{}
			var created int64
			err := r.Scan(&g.Account, &g.Region, &g.Scope, &g.ID, &g.Object, &g.Location, &g.Grantee.Type, &g.Grantee.ID,
				&g.Permission, &g.Application, &created)
			if err != nil {
				return err
			}
			g.Created = time.Unix(0, created).UTC()
			return fn(g)
		})
}

// Count returns the number of grants of an instance.
func (s Grants) Count(a granary.AccountID, region string) (int, error) {
	return s.queryCount("SELECT COUNT(*) FROM access_grant WHERE account = $1 AND region = $2", string(a), region)
}
