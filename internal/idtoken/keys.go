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

// How long keys are cached, and how often an issuer is queried.
const (
	minFresh   = 5 * time.Minute // minimum, whatever Cache-Control says
	maxFresh   = 24 * time.Hour  //
	usualFresh = time.Hour       // without max-age
	maxStale   = 24 * time.Hour  // additional time that keys are used while the issuer is down
	// minimum time between queries because of an unknown kid or a signature that no key verifies
	betweenMiss = time.Minute
	betweenFail = 5 * time.Second // minimum time between queries after a failure
	maxIssuers  = 1000            // remembered; when there are more, all are forgotten
	maxKeys     = 100             // of one issuer
)

// KeyCache caches the keys that issuers publish. It is safe for concurrent use. Concurrent requests for one issuer
// share one fetch.
type KeyCache struct {
	client *guardedClient
	now    func() time.Time
	mu     sync.Mutex
	byURL  map[string]*issuerKeys
}

// NewKeyCache returns an empty cache. allowPrivate lets it fetch over plain HTTP, and from loopback and private
// addresses. roots are the certificate authorities for issuers' certificates; nil means the system's.
func NewKeyCache(allowPrivate bool, roots *x509.CertPool, now func() time.Time) *KeyCache {
	return &KeyCache{client: newGuardedClient(allowPrivate, roots), now: now, byURL: map[string]*issuerKeys{}}
}

// publicKey is one public key of an issuer.
type publicKey struct {
	id        string
	key       any                     // *rsa.PublicKey or *ecdsa.PublicKey
	algorithm jose.SignatureAlgorithm // the only algorithm that it may be used with; "" when the issuer does not say
}

// curves lists the algorithm of each elliptic curve by the curve's size in bits (RFC 7518 §3.4).
var curves = map[int]jose.SignatureAlgorithm{256: jose.ES256, 384: jose.ES384, 521: jose.ES512}

// canVerify reports whether the key may verify a signature of the algorithm.
func (k publicKey) canVerify(a jose.SignatureAlgorithm) bool {
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

// keySet is the answer of an issuer. It is immutable.
type keySet struct {
	keys    []publicKey
	fetched time.Time
	fresh   time.Duration

	published int // keys in the set, usable or not
}

// issuerKeys is what the cache knows of one issuer.
type issuerKeys struct {
	set      atomic.Pointer[keySet]
	mu       sync.Mutex // held while fetching
	lastMiss time.Time
	lastFail time.Time
	failure  error
}

// issuerKeysOf returns the entry of an issuer, and makes it if needed.
func (c *KeyCache) issuerKeysOf(issuer string) *issuerKeys {
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

// findKeys returns the issuer's keys, which include one with the id kid if the issuer has one; an empty kid stands for
// any key. asked tells whether the issuer was queried just now. doubt is the reason to refuse the token even if its
// signature is valid, or nil. For a token in doubt the issuer is not queried, so that strangers cannot cause queries
// with made-up tokens.
func (c *KeyCache) findKeys(ctx context.Context, issuer, kid string, doubt error) (set *keySet, asked bool, err error) {
	k := c.issuerKeysOf(issuer)
	set = k.set.Load()
	if set != nil && c.now().Sub(set.fetched) < set.fresh && (doubt != nil || len(set.byKeyID(kid)) > 0) {
		return set, false, nil
	}
	if doubt != nil && set == nil {
		return nil, false, doubt
	}
	return c.refresh(ctx, k, issuer, kid)
}

// newerKeys queries the issuer again after none of the keys in than verified a signature, at most once a minute. An
// issuer whose keys have no ids, or that reuses an id, changes keys without any sign in the token. newerKeys returns
// nil when there are no newer keys.
func (c *KeyCache) newerKeys(ctx context.Context, issuer string, than *keySet) *keySet {
	k := c.issuerKeysOf(issuer)
	k.mu.Lock()
	defer k.mu.Unlock()
	now := c.now()
	if set := k.set.Load(); set != than {
		return set // another goroutine queried the issuer meanwhile
	}
	if now.Sub(k.lastMiss) < betweenMiss || k.failure != nil && now.Sub(k.lastFail) < betweenFail {
		return nil
	}
	k.lastMiss = now
	set, err := c.fetchAndStore(ctx, k, issuer, now)
	if err != nil {
		return nil
	}
	return set
}

// byKeyID returns the keys with an id; all keys if kid is "".
func (s *keySet) byKeyID(kid string) (out []publicKey) {
	for _, k := range s.keys {
		if kid == "" || k.id == kid {
			out = append(out, k)
		}
	}
	return out
}

// refresh queries the issuer unless another goroutine just did, or a query just failed.
func (c *KeyCache) refresh(ctx context.Context, k *issuerKeys, issuer, kid string) (_ *keySet, asked bool, err error) {
	if !k.mu.TryLock() {
		if set := k.set.Load(); set.serves(c.now()) && len(set.byKeyID(kid)) > 0 {
			return set, false, nil // a query is in progress; the known keys will do until it is answered
		}
		k.mu.Lock()
	}
	defer k.mu.Unlock()
	now := c.now()
	set := k.set.Load()
	if set != nil && now.Sub(set.fetched) < set.fresh {
		if len(set.byKeyID(kid)) > 0 || now.Sub(k.lastMiss) < betweenMiss {
			return set, false, nil
		}
		k.lastMiss = now
	}
	if k.failure != nil && now.Sub(k.lastFail) < betweenFail {
		err = k.failure
	} else if set, err := c.fetchAndStore(ctx, k, issuer, now); err == nil {
		return set, true, nil
	}
	if set.serves(now) {
		return set, false, nil
	}
	if err == nil {
		err = k.failure
	}
	return nil, false, err
}

// fetchAndStore queries the issuer and stores its keys, or the error. The caller holds k.mu.
func (c *KeyCache) fetchAndStore(ctx context.Context, k *issuerKeys, issuer string, now time.Time) (*keySet, error) {
	set, err := c.fetch(ctx, issuer)
	if err != nil {
		k.failure, k.lastFail = err, now
		return nil, err
	}
	k.failure = nil
	k.set.Store(set)
	return set, nil
}

// serves reports whether the keys may be used while the issuer is down or a query is in progress.
func (s *keySet) serves(now time.Time) bool {
	return s != nil && now.Sub(s.fetched) < s.fresh+maxStale
}

// fetch fetches the issuer's discovery document and then its key set (OIDC Discovery 1.0 §4). It does not end with the
// caller's request, since other requests wait for it too, but has a timeout of its own.
func (c *KeyCache) fetch(ctx context.Context, issuer string) (*keySet, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTimeout)
	defer cancel()
	address, err := c.discoverKeyURL(ctx, issuer)
	if err != nil {
		return nil, err
	}
	return c.fetchKeys(ctx, issuer, address)
}

// discoveryURL returns the URL of an issuer's discovery document (OIDC Discovery 1.0 §4).
func discoveryURL(issuer string) string {
	return strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
}

// fetchDiscovery fetches an issuer's discovery document and checks that it names the issuer.
func (c *KeyCache) fetchDiscovery(ctx context.Context, issuer string) ([]byte, error) {
	var doc struct {
		Issuer string `json:"issuer"`
	}
	body, _, err := c.client.get(ctx, discoveryURL(issuer))
	if err != nil {
		return nil, unreachableError(issuer, "its discovery document could not be fetched", err)
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return nil, unreachableError(issuer, "its discovery document is not JSON", err)
	}
	if doc.Issuer != issuer {
		return nil, invalidError("The issuer %s says in its discovery document that it is %q: they must be the same, to the "+
			"last slash.", issuer, doc.Issuer)
	}
	return body, nil
}

// discoverKeyURL returns the URL at which the issuer publishes its keys.
func (c *KeyCache) discoverKeyURL(ctx context.Context, issuer string) (jwksURI string, err error) {
	var doc struct {
		JWKSURI string `json:"jwks_uri"`
	}
	body, err := c.fetchDiscovery(ctx, issuer)
	if err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, &doc); err != nil {
		return "", unreachableError(issuer, "its discovery document is not JSON", err)
	}
	if u, err := url.Parse(doc.JWKSURI); err != nil || u.Host == "" {
		return "", invalidError("The issuer %s names no usable jwks_uri in its discovery document.", issuer)
	}
	return doc.JWKSURI, nil
}

// fetchKeys fetches a key set. It leaves out keys that cannot be used.
func (c *KeyCache) fetchKeys(ctx context.Context, issuer, address string) (*keySet, error) {
	body, fresh, err := c.client.get(ctx, address)
	if err != nil {
		return nil, unreachableError(issuer, "its keys could not be fetched", err)
	}
	var list struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(body, &list); err != nil || len(list.Keys) > maxKeys {
		return nil, unreachableError(issuer, "its key set is not one, or is too long", err)
	}
	set := &keySet{fetched: c.now(), fresh: fresh, published: len(list.Keys)}
	for _, raw := range list.Keys {
		if k, ok := usableKey(raw); ok {
			set.keys = append(set.keys, k)
		}
	}
	return set, nil
}
