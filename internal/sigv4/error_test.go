package sigv4

import (
	"testing"

	"granary"
)

// Every reason has a cause to explain it by, and codes for each protocol.
func TestEveryReasonHasACause(t *testing.T) {
	for r := MissingToken; r <= NoLength; r++ {
		if c := r.Cause(); c.Link() != granary.LinkKey || r.String() == "" {
			t.Errorf("the reason %d has the cause %s", r, c)
		}
		if _, ok := table[r]; !ok {
			t.Errorf("the reason %s has no codes", r)
		}
	}
}
