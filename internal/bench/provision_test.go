package bench

import (
	"testing"
)

// A small import, counted at the end, while applications go on and none of them fails.
func TestAnImportLeavesTheServerResponsive(t *testing.T) {
	p := Import{Users: 400, Groups: 10, Each: 3, Connections: 4, Dir: t.TempDir(), Progress: func(s string) { t.Log(s) }}
	r, err := p.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if r.Users != 400 || r.Groups != 10 || r.Memberships != 1200 || r.ForUsers <= 0 || r.ForGroups <= 0 {
		t.Errorf("%+v", r)
	}
	for name, m := range map[string]Result{"GetDataAccess": r.Vending, "CreateTokenWithIAM": r.Exchanging} {
		if m.Failed > 0 || m.P50 <= 0 || m.Max < m.P99 {
			t.Errorf("%s: %+v", name, m)
		}
	}
}
