package audit

import (
	"testing"

	"granary"
)

// Each account sees its own side of a decision, and a third nothing.
func TestADecisionTellsEachAccountItsOwnSide(t *testing.T) {
	d := &Decision{Link: "policy", Owner: "2", Session: &granary.Session{Name: "s"},
		Policy: &PolicyDecision{Layer: "identity-based",
			Reasons: []Statement{{Layer: "identity-based", Policy: "theirs"}, {Layer: "resource-based", Policy: "ours"},
				{Layer: "resource control", Policy: "ours too"}}}}
	if got := d.For("3", "1"); got != nil {
		t.Errorf("a third account: %+v", got)
	}
	if got := d.For("2", "1"); got == nil || got.Session != nil || len(got.Policy.Reasons) != 2 ||
		got.Policy.Reasons[0].Policy != "ours" {
		t.Errorf("the owner: %+v", got)
	}
	if got := d.For("1", "1"); got == nil || got.Session == nil || len(got.Policy.Reasons) != 1 ||
		got.Policy.Reasons[0].Policy != "theirs" {
		t.Errorf("the caller's: %+v", got)
	}
	if len(d.Policy.Reasons) != 3 || d.Session == nil {
		t.Error("the decision itself was changed")
	}
	d.Policy.Layer = "resource-based"
	if got := d.For("1", "1"); got != nil {
		t.Errorf("the caller's, refused by the other side: %+v", got)
	}
	for _, link := range []granary.Link{granary.LinkGrant, granary.LinkPrefix, granary.LinkUser, granary.LinkTrust,
		granary.LinkApplication} {
		if got := (&Decision{Link: link, Owner: "2"}).For("1", "1"); got != nil {
			t.Errorf("%s of another account: %+v", link, got)
		}
		if got := (&Decision{Link: link}).For("1", "1"); got == nil {
			t.Errorf("%s of one's own is not told", link)
		}
	}
}
