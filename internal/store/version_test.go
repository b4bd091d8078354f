package store

import (
	"context"
	"path/filepath"
	"strings"
	"testing"

	"granary/internal/postgres/pgtest"
)

// TestTheStateOfANewerRelease checks that a release refuses the state of a newer one, whose rules it does not know.
func TestTheStateOfANewerRelease(t *testing.T) {
	const newer = "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, "
	refused := func(t *testing.T, where string) {
		t.Helper()
		if db, err := Open(t.Context(), where, kek); err == nil ||
			!strings.Contains(err.Error(), "a newer release of Granary wrote") {
			t.Errorf("got %v, %v", db != nil, err)
		}
	}
	where := filepath.Join(t.TempDir(), "state.db")
	db := openStore(t, where)
	if err := db.Update(context.Background(), func(tx *Tx) error { return tx.exec(newer + "1)") }); err != nil {
		t.Fatal(err)
	}
	db.Close()
	refused(t, where)

	url := pgtest.URL(t)
	openStore(t, url).Close()
	pgtest.SQL(t, url, newer+"true)")
	refused(t, url)
}
