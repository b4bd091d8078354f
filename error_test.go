package granary_test

import (
	"testing"

	"granary"
)

var unreachable = granary.NewCause(granary.LinkIssuer, "unreachable", "See that {issuer} can be reached.")

// An error may be kept and told to several at once, such as why an identity provider cannot be reached: what one adds
// is its own.
func TestWhatIsAddedToAnErrorIsACopys(t *testing.T) {
	shared := granary.Errorf(granary.Unavailable, "The issuer does not answer.").With("issuer", "x")
	told := shared.WithCode("IDPCommunicationError").With("region", "us-east-1").At(unreachable)
	if shared.Code != "" || len(shared.Detail) != 1 || shared.Why != nil {
		t.Errorf("what was kept: %+v", shared)
	}
	if told.Code != "IDPCommunicationError" || told.Detail["region"] != "us-east-1" || told.Detail["issuer"] != "x" ||
		told.Why.Cause != unreachable {
		t.Errorf("what was told: %+v", told)
	}
}
