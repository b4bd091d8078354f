package grants

import (
	"fmt"
	"testing"

	"granary"
)

// filterLookalike returns a grantee whose fingerprint passes the filter of another.
func filterLookalike(g granary.Grantee, t granary.GranteeType) granary.Grantee {
	for i := 0; ; i++ {
		if o := (granary.Grantee{Type: t, ID: fmt.Sprint("alike-", i)}); fingerprint(o)%4096 == fingerprint(g)%4096 {
			return o
		}
	}
}

// fingerprintTwin returns a grantee with the same 16-bit fingerprint, by which long lists are searched.
func fingerprintTwin(g granary.Grantee, t granary.GranteeType) granary.Grantee {
	for i := 0; ; i++ {
		if o := (granary.Grantee{Type: t, ID: fmt.Sprint("twin-", i)}); fingerprint(o) == fingerprint(g) {
			return o
		}
	}
}

func granted(to granary.Grantee, scope string) *granary.Grant {
	return &granary.Grant{ID: granary.GrantID(granary.UUID()), Scope: scope, Grantee: to, Permission: granary.Read}
}

func TestFingerprintCollisions(t *testing.T) {
	target, err := ParseTarget("s3://b/p/x", false)
	if err != nil {
		t.Fatal(err)
	}
	group := granary.Grantee{Type: granary.GranteeGroup, ID: "shared-id"}
	sameID := granary.Grantee{Type: granary.GranteeUser, ID: "shared-id"}
	for _, others := range []int{0, 100} { // a list that is read, and one that is searched
		s := NewSet()
		s.Put(granted(group, "s3://b/p/*"))
		for i := range others {
			s.Put(granted(granary.Grantee{Type: granary.GranteeUser, ID: fmt.Sprint("other-", i)}, "s3://b/p/*"))
		}
		s.Freeze()
		s.Merge()
		for _, caller := range [][]granary.Grantee{
			{filterLookalike(group, granary.GranteeUser)}, {fingerprintTwin(group, granary.GranteeGroup)},
			{filterLookalike(group, granary.GranteeGroup), sameID}, {fingerprintTwin(group, granary.GranteeUser), sameID},
		} {
			if m, ok := s.Match(caller, "", target, granary.Read); ok {
				t.Errorf("among %d others: %v were given the grant of %v", others, caller, m.Grantee)
			}
		}
		if m, ok := s.Match([]granary.Grantee{sameID, group}, "", target, granary.Read); !ok || m.Grantee != group {
			t.Errorf("among %d others: the group itself: %v %v", others, m, ok)
		}
	}
}

func TestPutThenDelete(t *testing.T) {
	s := NewSet()
	ann, ben := granary.Grantee{Type: granary.GranteeUser, ID: "ann"},
		granary.Grantee{Type: granary.GranteeUser, ID: "ben"}
	first, second, other := granted(ann, "s3://b/p/*"), granted(ann, "s3://b/p/*"), granted(ben, "s3://b/p/*")
	for _, g := range []*granary.Grant{first, second, other} {
		s.Put(g)
	}
	for _, g := range []*granary.Grant{first, second, other} { // one of the grantee's two grants, her last, the set's last
		s.Delete(g)
		if len(s.live.removed) != 0 {
			t.Errorf("after the grant to %s: %d ids are remembered as gone from a base that never had them", g.Grantee.ID,
				len(s.live.removed))
		}
	}
	if s.Len() != 0 || len(s.live.entries)+len(s.live.places)+len(s.live.placesOf) != 0 {
		t.Errorf("%d grants, %d spots, %d places, %d people are left", s.Len(), len(s.live.entries), len(s.live.places),
			len(s.live.placesOf))
	}
}

func TestTargetKey(t *testing.T) {
	for target, want := range map[string]struct {
		text  string
		exact bool
	}{"s3://b/p/x": {"p/x", true}, "s3://b/p/*": {"p/", false}, "s3://b": {"", false}} {
		parsed, err := ParseTarget(target, false)
		if err != nil {
			t.Fatal(err)
		}
		if text, exact := parsed.Key(); text != want.text || exact != want.exact {
			t.Errorf("%s: %q %v", target, text, exact)
		}
	}
}
