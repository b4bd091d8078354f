package store

import (
	"io/fs"
	"path/filepath"
	"testing"
	"testing/fstest"

	"granary"
	"granary/internal/sqlite"
)

// TestMigrationAttachesDefaults checks that in a state from before there were organization policies, AWS's own policies
// are attached to everything, as they are to new targets.
func TestMigrationAttachesDefaults(t *testing.T) {
	old := fstest.MapFS{}
	for _, name := range []string{"00001_first.sql", "00002_token_session.sql", "00003_federation.sql"} {
		text, err := fs.ReadFile(migrations, "migrations/sqlite/"+name)
		if err != nil {
			t.Fatal(err)
		}
		old[name] = &fstest.MapFile{Data: text}
	}
	path := filepath.Join(t.TempDir(), "state.db")
	engine, err := sqlite.Open(t.Context(), path, old, func([]any) {})
	if err != nil {
		t.Fatal(err)
	}
	err = engine.Update(t.Context(), func(tx *sqlite.Tx) error {
		for _, q := range []string{
			`INSERT INTO organization (id, doc) VALUES ('o-abcdefghij', '{"ID":"o-abcdefghij","RootID":"r-abcd",` +
				`"Management":"111111111111"}')`,
			`INSERT INTO account (id, doc) VALUES ('111111111111', '{"ID":"111111111111","Management":true}'), ` +
				`('222222222222', '{"ID":"222222222222"}')`,
		} {
			if _, err := tx.Exec(q); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := engine.Close(); err != nil {
		t.Fatal(err)
	}

	db := openStore(t, path)
	err = db.Update(t.Context(), func(tx *Tx) error {
		if err := tx.OrgUnits.Create(&granary.OrgUnit{ID: "ou-abcd-12345678", Parent: "r-abcd", Name: "u"}); err != nil {
			return err
		}
		for _, target := range []string{"r-abcd", "111111111111", "222222222222", "ou-abcd-12345678"} {
			for kind, want := range map[string]string{granary.ServiceControl: granary.FullAccess,
				granary.ResourceControl: granary.FullResourceAccess} {
				list, err := tx.OrgAttachments.Of(target, kind)
				if err != nil {
					return err
				}
				if len(list) != 1 || *list[0] != (granary.Attachment{Target: target, Policy: want, Type: kind}) {
					t.Errorf("%s of %s: %+v", kind, target, list)
				}
			}
		}
		list, _, err := tx.Accounts.ListUnder("", "", 0)
		if len(list) != 2 {
			t.Errorf("under the root: %+v", list)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
