package front

import (
	"testing"

	"granary"
)

// An error that says no more than its kind has a cause all the same, unless the server itself failed.
func TestEveryKindHasACause(t *testing.T) {
	for k := granary.Internal; k <= granary.Unavailable; k++ {
		w := WhyOf(granary.Errorf(k, "no"))
		if k == granary.Internal || k == granary.Unavailable {
			if w != nil {
				t.Errorf("%s has the cause %s", k, w.Cause)
			}
		} else if w == nil || w.Cause.Link() != granary.LinkRequest || w.Cause.Name() == "" {
			t.Errorf("%s has no cause", k)
		}
	}
}
