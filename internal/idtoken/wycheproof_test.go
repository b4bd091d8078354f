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

// verifierOf starts an issuer that publishes exactly these keys, and returns a function that verifies tokens with them,
// with any algorithm that is accepted anywhere.
func verifierOf(t testing.TB, keys ...json.RawMessage) (open func(token string) error) {
	p := newProvider(t)
	p.raw, _ = json.Marshal(map[string]any{"keys": keys}) // was JSON before
	v := &Verifier{Keys: NewKeyCache(true, nil, time.Now)}
	return func(token string) error {
		_, err := v.verifyPayload(t.Context(), token, Expect{Issuer: p.URL, Algorithms: WorkloadAlgorithms}, nil)
		return err
	}
}

// vectors is the part of one of Wycheproof's files that matters here.
type vectors struct {
	TestGroups []struct {
		Comment         string
		Public, Private json.RawMessage // a key or a key set; symmetric keys have no public half
		Tests           []struct {
			TCID    int `json:"tcId"`
			Comment string
			JWS     string
			Result  string // valid, invalid
		}
	}
}

// atLeast gives, for each file, the minimum number of vectors, and of vectors that are valid and of an accepted
// algorithm. Later versions of the files may have more.
var atLeast = map[string]struct{ vectors, accepted int }{
	"json_web_signature_test.json": {401, 18},
	"json_web_key_test.json":       {26, 1},
}

// oddlyValid lists valid vectors whose key is for ES521, which is not an algorithm. A key is used only with its own
// algorithm.
var oddlyValid = []int{347, 351}

// TestWycheproof runs Wycheproof's vectors for JSON Web Signature and JSON Web Key: invalid ones must be refused, and
// valid ones accepted if their algorithm is.
func TestWycheproof(t *testing.T) {
	dir := os.Getenv("GRANARY_TEST_WYCHEPROOF")
	if dir == "" {
		const why = "GRANARY_TEST_WYCHEPROOF must name the folder testvectors_v1 of the module that go mod download brings " +
			"to tools/wycheproof"
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
				open := verifierOf(t, set.Keys...)
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
				t.Errorf("there are fewer than the %d vectors, %d of them accepted, that were here before", least.vectors,
					least.accepted)
			}
		})
	}
}
