package idtoken

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// issue is an issuer that publishes exactly these keys, and what verifies with them, of any algorithm that is accepted somewhere.
func issuing(t testing.TB, keys ...json.RawMessage) (open func(token string) error) {
	p := newProvider(t)
	p.raw, _ = json.Marshal(map[string]any{"keys": keys}) // was JSON before
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	return func(token string) error {
		_, err := v.open(t.Context(), token, Expect{Issuer: p.URL, Algorithms: WorkloadAlgorithms})
		return err
	}
}

// vectors is a file of Wycheproof's, as far as it matters here.
type vectors struct {
	TestGroups []struct {
		Comment         string
		Public, Private json.RawMessage // a key or a key set; symmetric ones have no public half
		Tests           []struct {
			TCID    int `json:"tcId"`
			Comment string
			JWS     string
			Result  string // valid, invalid
		}
	}
}

// atLeast says how many vectors the files hold, and how many of them are valid and of an algorithm accepted here. Later files may hold more.
var atLeast = map[string]struct{ vectors, accepted int }{
	"json_web_signature_test.json": {401, 18},
	"json_web_key_test.json":       {26, 1},
}

// oddlyValid are valid vectors whose key says that it is for ES521, which is no algorithm: a key is used with its own alone.
var oddlyValid = []int{347, 351}

// Wycheproof's JSON Web Signature and JSON Web Key vectors: what is invalid there is refused, and what is valid is accepted, of the
// algorithms that are accepted at all.
func TestWycheproof(t *testing.T) {
	dir := os.Getenv("GRANARY_TEST_WYCHEPROOF")
	if dir == "" {
		const why = "GRANARY_TEST_WYCHEPROOF must name the folder testvectors_v1 of the module that go mod download brings to tools/wycheproof"
		if slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), "wycheproof") {
			t.Fatal("wycheproof is required: " + why)
		}
		t.Skip("wycheproof is absent: " + why)
	}
	for file, least := range atLeast {
		t.Run(file, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join(dir, file))
			if err != nil {
				t.Fatal(err)
			}
			var all vectors
			if err := json.Unmarshal(text, &all); err != nil {
				t.Fatal(err)
			}
			var accepted, refused int
			for _, g := range all.TestGroups {
				published := g.Public
				if published == nil {
					published = g.Private
				}
				set := struct{ Keys []json.RawMessage }{[]json.RawMessage{published}}
				if strings.Contains(string(published), `"keys"`) {
					if err := json.Unmarshal(published, &set); err != nil {
						t.Fatal(err)
					}
				}
				open := issuing(t, set.Keys...)
				for _, x := range g.Tests {
					_, err := jose.ParseSignedCompact(x.JWS, WorkloadAlgorithms)
					want := x.Result == "valid" && err == nil && !slices.Contains(oddlyValid, x.TCID)
					err = open(x.JWS)
					if want != (err == nil) {
						t.Errorf("%d, %s, %s, is %s: %v", x.TCID, g.Comment, x.Comment, x.Result, err)
					}
					if err == nil {
						accepted++
					} else {
						refused++
					}
				}
			}
			t.Logf("%d vectors: %d accepted, %d refused", accepted+refused, accepted, refused)
			if accepted+refused < least.vectors || accepted < least.accepted {
				t.Errorf("there are fewer than the %d vectors, %d of them accepted, that were here before", least.vectors, least.accepted)
			}
		})
	}
}
