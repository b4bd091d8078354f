package idtoken

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"errors"

	"github.com/go-jose/go-jose/v4"
)

// IdentityClaims holds the claims of an identity token as AWS's guide shows them (identity-center §10.1).
type IdentityClaims struct {
	Issuer          string `json:"iss"`
	Subject         string `json:"sub"`
	Audience        string `json:"aud"`
	Actor           *Actor `json:"act,omitempty"`
	StoreID         string `json:"aws:identity_store_id"`
	StoreARN        string `json:"aws:identity_store_arn"`
	InstanceARN     string `json:"aws:instance_arn"`
	InstanceAccount string `json:"aws:instance_account"`
	CredentialID    string `json:"aws:credential_id"`
	IdentityContext string `json:"sts:identity_context,omitempty"`
	AuditContext    string `json:"sts:audit_context,omitempty"`
	AuthTime        string `json:"auth_time"` // ISO 8601, as AWS has it
	IssuedAt        int64  `json:"iat"`       // seconds since 1970
	Expires         int64  `json:"exp"`       // seconds since 1970
}

// Actor is the party that acts for the subject (RFC 8693 §4.1).
type Actor struct {
	Subject string `json:"sub"`
}

// Signer signs identity tokens with ES256. It is safe for concurrent use.
type Signer struct {
	signer jose.Signer
	public jose.JSONWebKey
}

// NewSigningKey returns a new private key in PKCS #8 form.
func NewSigningKey() ([]byte, error) {
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	return x509.MarshalPKCS8PrivateKey(k)
}

// NewSigner returns a signer for a key of NewSigningKey. kid is the id under which the key is published.
func NewSigner(kid string, pkcs8 []byte) (*Signer, error) {
	k, err := x509.ParsePKCS8PrivateKey(pkcs8)
	if err != nil {
		return nil, err
	}
	private, ok := k.(*ecdsa.PrivateKey)
	if !ok {
		return nil, errors.New("idtoken: not an ECDSA key")
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: jose.JSONWebKey{Key: private, KeyID: kid}},
		(&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, err
	}
	return &Signer{s, jose.JSONWebKey{Key: &private.PublicKey, KeyID: kid, Algorithm: string(jose.ES256), Use: "sig"}}, nil
}

// Sign returns a compact JWS of the claims.
func (s *Signer) Sign(c IdentityClaims) (string, error) {
	payload, err := json.Marshal(c)
	if err != nil {
		return "", err
	}
	jws, err := s.signer.Sign(payload)
	if err != nil {
		return "", err
	}
	return jws.CompactSerialize()
}

// KeySet returns the public keys of signers as a JSON Web Key Set (RFC 7517 §5).
func KeySet(signers ...*Signer) ([]byte, error) {
	set := jose.JSONWebKeySet{Keys: []jose.JSONWebKey{}}
	for _, s := range signers {
		set.Keys = append(set.Keys, s.public)
	}
	return json.Marshal(set)
}

// Discovery returns the discovery document of Granary's own issuer, for ISSUER/.well-known/openid-configuration.
func Discovery(issuer string) ([]byte, error) {
	return json.Marshal(map[string]any{
		"issuer": issuer, "jwks_uri": issuer + "/.well-known/jwks.json", "authorization_endpoint": issuer + "/authorize",
		"response_types_supported": []string{"code"}, "grant_types_supported": []string{"authorization_code"},
		"code_challenge_methods_supported": []string{"S256"},
		"subject_types_supported":          []string{"public"}, "id_token_signing_alg_values_supported": []string{"ES256"},
	})
}
