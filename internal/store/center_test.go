package store

import (
	"testing"

	"granary"
)

// TestADeletedIdentityStoreIsConfirmedNoLonger checks that a transaction sees whether an instance has an
// identity store.
func TestADeletedIdentityStoreIsConfirmedNoLonger(t *testing.T) {
	onBoth(t, func(t *testing.T, where string) {
		db := openStore(t, where)
		confirm := func(want bool) {
			t.Helper()
			err := db.Update(t.Context(), func(tx *Tx) error { return tx.IdentityCenters.ConfirmStore("d-1") })
			if (err == nil) != want || err != nil && !granary.Is(err, granary.NotFound) {
				t.Errorf("confirmed: %v, want %v", err, want)
			}
		}
		change := func(fn func(tx *Tx) error) {
			t.Helper()
			if err := db.Update(t.Context(), fn); err != nil {
				t.Fatal(err)
			}
		}
		confirm(false)
		change(func(tx *Tx) error {
			return tx.IdentityCenters.Create(&granary.IdentityCenter{ID: "ssoins-1", Account: "111111111111", Store: "d-1"})
		})
		confirm(true)
		change(func(tx *Tx) error { return tx.IdentityCenters.Delete("ssoins-1") })
		confirm(false)
	})
}
