package scim

import (
	"net/http"
	"testing"

	"granary"
	"granary/internal/front"
)

// A kind of error that SCIM does not word would be told as a fault of the server.
func TestEachKindOfErrorHasItsStatus(t *testing.T) {
	for k := granary.Internal; k <= granary.Unavailable; k++ {
		e := asSCIM(granary.Errorf(k, "why"))
		if (e.status == http.StatusInternalServerError) != (k == granary.Internal) {
			t.Errorf("%v: %d", k, e.status)
		}
		if e.detail != "why" || e.name() == "" {
			t.Errorf("%v: %+v", k, e)
		}
	}
	for err, status := range map[error]int{front.ErrSlow: 408, front.ErrTooLarge: 413, front.ErrCutOff: 400,
		http.ErrBodyNotAllowed: 500} {
		if e := asSCIM(err); e.status != status {
			t.Errorf("%v: %d", err, e.status)
		}
	}
}
