package worldtest

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// EncodeBase64 encodes in base64url without padding.
func EncodeBase64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

// ForgeToken returns a compact JWS of exactly these bytes, signed with RS256.
func ForgeToken(key *rsa.PrivateKey, header, payload string) string {
	input := EncodeBase64([]byte(header)) + "." + EncodeBase64([]byte(payload))
	sum := sha256.Sum256([]byte(input))
	sig, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	if err != nil {
		panic(err)
	}
	return input + "." + EncodeBase64(sig)
}

// NewRSAKey generates a key.
func NewRSAKey(t *testing.T, bits int) *rsa.PrivateKey {
	return Must[*rsa.PrivateKey](t)(rsa.GenerateKey(rand.Reader, bits))
}

// RSAJWK returns a public key as a JWK, with more members.
func RSAJWK(k *rsa.PublicKey, extra map[string]any) map[string]any {
	out := map[string]any{"kty": "RSA", "n": EncodeBase64(k.N.Bytes()), "e": EncodeBase64(big.NewInt(int64(k.E)).Bytes())}
	maps.Copy(out, extra)
	return out
}

// Strangers is an identity provider that misbehaves: each path is an issuer of its own.
type Strangers struct {
	*httptest.Server
	mu      sync.Mutex
	keys    map[string]any // by path: what its key set is
	fetches map[string]int
	down    bool
}

// NewStrangers starts the provider. It ends with the test.
func NewStrangers(t *testing.T) *Strangers {
	s := &Strangers{keys: map[string]any{}, fetches: map[string]int{}}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		down := s.down
		s.mu.Unlock()
		if down {
			http.Error(w, "down", http.StatusServiceUnavailable)
			return
		}
		path, discovery := strings.CutSuffix(r.URL.Path, "/.well-known/openid-configuration")
		if discovery {
			switch path {
			case "/absent":
				http.NotFound(w, r)
			case "/html":
				fmt.Fprint(w, "<html>sign in</html>")
			case "/someone-else":
				fmt.Fprintf(w, `{"issuer":"https://login.example","jwks_uri":"%s/good/keys"}`, s.URL)
			case "/elsewhere":
				http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
			case "/slow":
				<-r.Context().Done()
			case "/file":
				fmt.Fprintf(w, `{"issuer":"%s/file","jwks_uri":"file:///etc/passwd"}`, s.URL)
			default:
				fmt.Fprintf(w, `{"issuer":"%s%s","jwks_uri":"%s%s/keys"}`, s.URL, path, s.URL, path)
			}
			return
		}
		path = strings.TrimSuffix(r.URL.Path, "/keys")
		s.mu.Lock()
		keys := s.keys[path]
		s.fetches[path]++
		s.mu.Unlock()
		switch path {
		case "/huge":
			for chunk := []byte(strings.Repeat(" ", 1<<16)); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		case "/trickle":
			for {
				if _, err := w.Write([]byte(" ")); err != nil {
					return
				}
				w.(http.Flusher).Flush()
				select {
				case <-r.Context().Done():
					return
				case <-time.After(50 * time.Millisecond):
				}
			}
		default:
			w.Header().Set("Cache-Control", "max-age=1")
			json.NewEncoder(w).Encode(map[string]any{"keys": keys})
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// Fetched returns how often the key set at a path was fetched.
func (s *Strangers) Fetched(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.fetches[path]
}

// Stop makes every later request fail.
func (s *Strangers) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down = true
}

// Publish sets the key set of the issuer at a path.
func (s *Strangers) Publish(path string, keys ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[path] = keys
}
