package simulate

import (
	"fmt"
	"strings"
	"testing"

	"granary"
)

// A page of a simulation takes bounded work: patterns that are slow to match end it with an error in words.
func TestWorkOfAPageHasALimit(t *testing.T) {
	documents := make([]string, maxPolicies)
	for i := range documents {
		slow := `"arn:aws:s3:::b/*` + strings.Repeat("a?", 900) + fmt.Sprint(i) + `b*"`
		documents[i] = `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"s3:GetObject","Resource":[` +
			slow + `,` + slow + `]}}`
	}
	resource := "arn:aws:s3:::b/" + strings.Repeat("a", 7900)
	m := simulation(t, documents...)
	if _, _, err := m.Run([]string{"s3:GetObject"}, []string{resource}, 0, 1); !granary.Is(err, granary.Invalid) ||
		!strings.Contains(err.Error(), "too large") {
		t.Errorf("%d slow policies on a resource of %d bytes: %v", maxPolicies, len(resource), err)
	}
}
