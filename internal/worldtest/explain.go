package worldtest

import (
	"errors"
	"strings"
	"testing"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"

	"granary/internal/client"
	"granary/internal/front"
	"granary/internal/world"
)

// Explained is the answer of ExplainDecision.
type Explained struct {
	Operation, Caller, ErrorCode, ErrorMessage, Now, NowDetail string
	Recorded, Allowed                                          bool
	Links                                                      []struct{ Name, Result, Detail, Fix string }
	Statements                                                 []struct{ Layer, Policy, Effect string }
}

// Broken returns the first link that failed, or empty texts.
func (e *Explained) Broken() (name, detail, fix string) {
	for _, l := range e.Links {
		if l.Result == "FAILED" {
			return l.Name, l.Detail, l.Fix
		}
	}
	return "", "", ""
}

// DecisionID returns the decision id in the header of a refusal. Any other error fails the test.
func DecisionID(t *testing.T, err error) string {
	t.Helper()
	var e *awshttp.ResponseError
	if !errors.As(err, &e) {
		t.Fatalf("no refusal: %v", err)
	}
	id := e.Response.Header.Get(front.DecisionHeader)
	if id == "" {
		t.Fatalf("no decision id: %v", err)
	}
	return id
}

// Explain asks the server to explain a decision.
func Explain(t *testing.T, w *world.World, id string) *Explained {
	t.Helper()
	var out Explained
	if err := client.Ask(t.Context(), w.Env, "ExplainDecision", map[string]string{"DecisionId": id}, &out); err != nil {
		t.Fatalf("%s: %v", id, err)
	}
	return &out
}

// BrokenAt explains a decision, and fails the test unless it broke at this link with these words in its fix, and would
// end so now.
func BrokenAt(t *testing.T, w *world.World, id, link, fix, now string) *Explained {
	t.Helper()
	e := Explain(t, w, id)
	name, detail, f := e.Broken()
	if name != link || !strings.Contains(f, fix) || detail == "" || e.Now != now || e.ErrorCode == "" {
		t.Errorf("%s %s: broke at %q (%s), fix %q; now %s: %s\nwant %q with %q, now %s", e.Operation, e.ErrorCode, name,
			detail, f, e.Now, e.NowDetail, link, fix, now)
	}
	return e
}
