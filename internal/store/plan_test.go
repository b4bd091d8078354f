package store

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"granary"
)

// TestListQueriesUseIndexes checks that the lists that package explain pages through start by an index and need no
// sorting, so that a page does not cost what came before it.
func TestListQueriesUseIndexes(t *testing.T) {
	db := openStore(t, filepath.Join(t.TempDir(), "state.db"))
	after := &granary.Grant{Scope: "s3://b/*"}
	err := db.View(t.Context(), func(tx *Tx) error {
		for index, ask := range map[string]func(*Tx) error{
			"access_grant_scope": func(tx *Tx) error {
				_, _, err := tx.Grants.ListOfScope("1", "r", "s3://b/*", "0", 10)
				return err
			},
			"autoindex_access_grant": func(tx *Tx) error {
				_, err := tx.Grants.ListOfGrantee("1", "r", granary.Grantee{Type: granary.GranteeUser, ID: "u"}, after, 10)
				return err
			},
			"membership_of_group": func(tx *Tx) error { _, _, err := tx.Memberships.ListOfGroup("d", "g", "0", 10); return err },
		} {
			if err := ask(tx); err != nil {
				return err
			}
			var plan []string
			query := map[string]string{
				"access_grant_scope": "SELECT doc FROM access_grant WHERE account = $1 AND region = $1 AND scope = $1 AND id " +
					"> $1 ORDER BY id LIMIT 11",
				"autoindex_access_grant": "SELECT doc FROM access_grant WHERE account = $1 AND region = $1 AND grantee_id = $1 " +
					"AND grantee_type = $1 AND (scope, object, permission, application) > ($1, $1, $1, $1) ORDER BY scope, object, " +
					"permission, application LIMIT 11",
				"membership_of_group": "SELECT doc FROM membership WHERE store = $1 AND group_id = $1 AND id > $1 ORDER BY id " +
					"LIMIT 11",
			}[index]
			err := tx.queryEach("EXPLAIN QUERY PLAN "+query, []any{"x"}, func(r *sql.Rows) error {
				var id, parent, unused int
				var detail string
				err := r.Scan(&id, &parent, &unused, &detail)
				plan = append(plan, detail)
				return err
			})
			if err != nil {
				return err
			}
			if text := strings.Join(plan, "; "); !strings.Contains(text, index) || strings.Contains(text, "B-TREE") ||
				strings.Contains(text, "SCAN") {
				t.Errorf("%s: %s", index, text)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestListOfGrantee checks that the pages of a grantee's grants are sorted by scope and contain each grant once.
func TestListOfGrantee(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		who := granary.Grantee{Type: granary.GranteeUser, ID: "u"}
		var want []string
		err := db.Update(t.Context(), func(tx *Tx) error {
			want = nil
			for _, scope := range []string{"s3://b/*", "s3://b/a*", "s3://b/é/*"} {
				for _, p := range []granary.Permission{granary.Read, granary.Write, granary.ReadWrite} {
					for _, app := range []granary.ARN{"", "app"} {
						g := &granary.Grant{Account: "1", Region: "r", ID: granary.GrantID(granary.UUID()), Location: "default",
							Scope: scope, Grantee: who, Permission: p, Application: app}
						want = append(want, string(g.ID))
						if err := tx.Grants.Create(g); err != nil {
							return err
						}
						other := *g
						other.ID, other.Grantee = granary.GrantID(granary.UUID()), granary.Grantee{Type: granary.GranteeGroup, ID: "u"}
						if err := tx.Grants.Create(&other); err != nil {
							return err
						}
					}
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for size := 1; size < 20; size++ {
			var got []string
			err := db.View(t.Context(), func(tx *Tx) error {
				for after := (*granary.Grant)(nil); ; {
					list, err := tx.Grants.ListOfGrantee("1", "r", who, after, size)
					if err != nil || len(list) == 0 {
						return err
					}
					for _, g := range list {
						got = append(got, string(g.ID))
					}
					after = list[len(list)-1]
				}
			})
			if err != nil || strings.Join(got, " ") != strings.Join(want, " ") {
				t.Fatalf("by %d: %v\n%v\n%v", size, err, got, want)
			}
		}
	})
}
