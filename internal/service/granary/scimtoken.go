package granary

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"time"

	"granary"
	api "granary/internal/api/granary"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// scimTokenLife is how long a token serves unless told otherwise: a year, as on AWS.
const scimTokenLife = 365 * 24 * time.Hour

// maxScimTokens is how many live tokens an identity store has: one in use, one to change over to.
const maxScimTokens = 2

// createScimToken makes a provisioning token. Its secret is in this answer and nowhere else.
func (s *service) createScimToken(c *awsapi.Call, in *api.CreateScimTokenInput) (*api.CreateScimTokenOutput, error) {
	id := granary.StoreID(in.IdentityStoreId)
	ic, err := s.center(id)
	if err != nil {
		return nil, err
	}
	life := scimTokenLife
	if in.ValidForSeconds != nil {
		life = time.Duration(*in.ValidForSeconds) * time.Second
	}
	raw := make([]byte, 48)
	rand.Read(raw)
	secret := base64.RawURLEncoding.EncodeToString(raw)
	sum := sha256.Sum256([]byte(secret))
	t := &granary.ScimToken{ID: granary.UUID(), Store: id, Hash: hex.EncodeToString(sum[:]), Created: c.Now,
		Expires: c.Now.Add(life)}
	err = s.DB.Update(c, func(tx *store.Tx) error {
		if err := tx.IdentityCenters.ConfirmStore(id); err != nil {
			return err
		}
		list, err := tx.ScimTokens.ListOfStore(id)
		if err != nil {
			return err
		}
		live := 0
		for _, o := range list {
			if c.Now.Before(o.Expires) {
				live++
			}
		}
		if live >= maxScimTokens {
			return granary.Errorf(granary.Quota, "The identity store has %d SCIM tokens, which is the limit: delete one first.",
				live)
		}
		return tx.ScimTokens.Create(t)
	})
	if err != nil {
		return nil, err
	}
	return &api.CreateScimTokenOutput{Endpoint: s.scimEndpoint(ic), ExpiresAt: t.Expires, Token: secret, TokenId: t.ID},
		nil
}

func (s *service) center(id granary.StoreID) (*granary.IdentityCenter, error) {
	ic, ok := s.Index.Center.InstanceOfStore(id)
	if !ok {
		return nil, granary.Errorf(granary.NotFound, "There is no identity store %q; aws sso-admin list-instances shows "+
			"those there are.", id)
	}
	return ic, nil
}

func (s *service) listScimTokens(c *awsapi.Call, in *api.ListScimTokensInput) (*api.ListScimTokensOutput, error) {
	id := granary.StoreID(in.IdentityStoreId)
	if _, err := s.center(id); err != nil {
		return nil, err
	}
	out := &api.ListScimTokensOutput{}
	err := s.DB.View(c, func(tx *store.Tx) error {
		list, err := tx.ScimTokens.ListOfStore(id)
		if err != nil {
			return err
		}
		for _, t := range list {
			use, _, err := s.Authn.Uses.Last(tx, t.ID)
			if err != nil {
				return err
			}
			out.Tokens = append(out.Tokens, api.ScimToken{CreatedAt: t.Created, ExpiresAt: t.Expires, LastUsedAt: use.At,
				TokenId: t.ID})
		}
		return nil
	})
	return out, err
}

func (s *service) deleteScimToken(c *awsapi.Call, in *api.DeleteScimTokenInput) (*api.DeleteScimTokenOutput, error) {
	err := s.DB.Update(c, func(tx *store.Tx) error {
		t, err := tx.ScimTokens.Get(in.TokenId)
		if granary.Is(err, granary.NotFound) || err == nil && t.Store != granary.StoreID(in.IdentityStoreId) {
			return granary.Errorf(granary.NotFound, "The identity store has no SCIM token %q.", in.TokenId)
		}
		if err != nil {
			return err
		}
		if err := s.Authn.Uses.Forget(tx, t.ID); err != nil {
			return err
		}
		return tx.ScimTokens.Delete(t.ID)
	})
	return &api.DeleteScimTokenOutput{}, err
}
