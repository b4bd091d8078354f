package idtoken

import (
	"context"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// How long keys are believed, and how often an issuer is asked.
const (
	minFresh    = 5 * time.Minute // whatever Cache-Control says
	maxFresh    = 24 * time.Hour  //
	usualFresh  = time.Hour       // when it says nothing
	maxStale    = 24 * time.Hour  // keys serve this long while the issuer is down
	betweenMiss = time.Minute     // an unknown kid asks the issuer at most this often
	betweenFail = 5 * time.Second // and so does a failure
	maxIssuers  = 1000            // remembered
	maxKeys     = 100             // of one issuer
)

// KeyCache holds what issuers publish. It is safe for concurrent use: requests for one issuer share one fetch.
type KeyCache struct {
	client *guarded
	now    func() time.Time
	mu     sync.Mutex
	byURL  map[string]*issuerKeys
}

// NewKeyCache makes a cache. allowPrivate lets it fetch over plain HTTP and from loopback and private addresses. roots are the
// certificate authorities that issuers' certificates may come from; nil stands for the system's.
func NewKeyCache(allowPrivate bool, roots *x509.CertPool, now func() time.Time) *KeyCache {
	return &KeyCache{client: newGuarded(allowPrivate, roots), now: now, byURL: map[string]*issuerKeys{}}
}

// key is one public key of an issuer.
type key struct {
	id        string
	key       any                     // *rsa.PublicKey or *ecdsa.PublicKey
	algorithm jose.SignatureAlgorithm // the only one it may be used with; "" when the issuer does not say
}

// curves are the algorithms that an elliptic key can be used with, by the bits of its curve (RFC 7518 §3.4).
var curves = map[int]jose.SignatureAlgorithm{256: jose.ES256, 384: jose.ES384, 521: jose.ES512}

// fits reports whether a signature of the algorithm may be verified with the key.
func (k key) fits(a jose.SignatureAlgorithm) bool {
	if k.algorithm != "" && k.algorithm != a {
		return false
	}
	switch pub := k.key.(type) {
	case *rsa.PublicKey:
		return a == jose.RS256 || a == jose.RS384 || a == jose.RS512 || a == jose.PS256
	case *ecdsa.PublicKey:
		return a == curves[pub.Curve.Params().BitSize]
	}
	return false
}

type keySet struct {
	keys    []key
	fetched time.Time
	fresh   time.Duration

	published int // keys in the set, usable or not
}

type issuerKeys struct {
	set      atomic.Pointer[keySet]
	mu       sync.Mutex // held while fetching
	lastMiss time.Time
	lastFail time.Time
	failure  error
}

func (c *KeyCache) of(issuer string) *issuerKeys {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.byURL[issuer]
	if k == nil {
		if len(c.byURL) >= maxIssuers {
			clear(c.byURL)
		}
		k = &issuerKeys{}
		c.byURL[issuer] = k
	}
	return k
}

// find returns the issuer's keys of an id, or all when the id is empty.
func (c *KeyCache) find(ctx context.Context, issuer, kid string) ([]key, error) {
	k := c.of(issuer)
	if set := k.set.Load(); set != nil && c.now().Sub(set.fetched) < set.fresh {
		if found := set.named(kid); len(found) > 0 {
			return found, nil
		}
	}
	set, err := c.refresh(ctx, k, issuer, kid)
	if err != nil {
		return nil, err
	}
	return set.named(kid), nil
}

func (s *keySet) named(kid string) (out []key) {
	for _, k := range s.keys {
		if kid == "" || k.id == kid {
			out = append(out, k)
		}
	}
	return out
}

// refresh fetches the keys unless somebody else just did, or just failed to.
func (c *KeyCache) refresh(ctx context.Context, k *issuerKeys, issuer, kid string) (*keySet, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := c.now()
	set := k.set.Load()
	if set != nil && now.Sub(set.fetched) < set.fresh {
		if len(set.named(kid)) > 0 || now.Sub(k.lastMiss) < betweenMiss {
			return set, nil
		}
		k.lastMiss = now
	}
	if k.failure != nil && now.Sub(k.lastFail) < betweenFail {
		return set.ifUsable(now, k.failure)
	}
	next, err := c.fetch(ctx, issuer)
	if err != nil {
		k.failure, k.lastFail = err, now
		return set.ifUsable(now, err)
	}
	k.failure = nil
	k.set.Store(next)
	return next, nil
}

// ifUsable serves what is known while the issuer is down, for a limited time.
func (s *keySet) ifUsable(now time.Time, err error) (*keySet, error) {
	if s != nil && now.Sub(s.fetched) < s.fresh+maxStale {
		return s, nil
	}
	return nil, err
}

// fetch asks the issuer: its discovery document, then its key set (OIDC Discovery 1.0 §4). It does not end with the
// caller's request, since others wait for it too; it has a limit of its own.
func (c *KeyCache) fetch(ctx context.Context, issuer string) (*keySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	address, err := c.discover(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return c.fetchKeys(ctx, issuer, address)
}

// discoveryURL is where an issuer's discovery document lies (OIDC Discovery 1.0 §4).
func discoveryURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// document fetches an issuer's discovery document and sees that it is the issuer's own.
func (c *KeyCache) document(ctx context.Context, issuer string) ([]byte, error) {
	var doc struct {
		Issuer string `json:"issuer"`
	}
	body, _, err := c.client.get(ctx, discoveryURL(issuer))
	if err != nil {
		return nil, unreachable(issuer, "its discovery document could not be fetched", err)
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, unreachable(issuer, "its discovery document is not JSON", err)
	}
	if doc.Issuer != issuer {
		return nil, invalid("The issuer %s says in its discovery document that it is %q: they must be the same, to the last slash.", issuer, doc.Issuer)
	}
	return body, nil
}

// discover finds where the issuer publishes its keys.
func (c *KeyCache) discover(ctx context.Context, issuer string) (jwksURI string, err error) {
	var doc struct {
		JWKSURI string `json:"jwks_uri"`
	}
	body, err := c.document(ctx, issuer)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", unreachable(issuer, "its discovery document is not JSON", err)
	}
	if u, err := url.Parse(doc.JWKSURI); err != nil || u.Host == "" {
		return "", invalid("The issuer %s names no usable jwks_uri in its discovery document.", issuer)
	}
	return doc.JWKSURI, nil
}

func (c *KeyCache) fetchKeys(ctx context.Context, issuer, address string) (*keySet, error) {
	body, fresh, err := c.client.get(ctx, address)
	if err != nil {
		return nil, unreachable(issuer, "its keys could not be fetched", err)
	}
	var list struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list.Keys) > maxKeys {
		return nil, unreachable(issuer, "its key set is not one, or is too long", err)
	}
	set := &keySet{fetched: c.now(), fresh: fresh, published: len(list.Keys)}
	for _, raw := range list.Keys {
		if k, ok := usable(raw); ok {
			set.keys = append(set.keys, k)
		}
	}
	return set, nil
}
