package ssoadmin

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"

	"granary"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// tokenLife is how long a client token makes a retry the same request.
const tokenLife = 24 * time.Hour

// once runs a create unless the client token was used: then the first answer is given again, or a conflict when the
// parameters are not the same.
func once[Out any](tx *store.Tx, c *awsapi.Call, operation, clientToken string, in any,
	create func() (*Out, error)) (*Out, error) {
	if clientToken == "" {
		return create()
	}
	parameters, err := json.Marshal(in)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(parameters)
	type kept struct {
		Hash   string
		Answer *Out
	}
	key := operation + "/" + string(c.Caller.Account) + "/" + clientToken
	doc, found, err := tx.Idempotency.Get(key)
	if err != nil {
		return nil, err
	}
	var k kept
	if found && json.Unmarshal([]byte(doc), &k) == nil {
		if k.Hash != hex.EncodeToString(sum[:]) {
			return nil, granary.Errorf(granary.Conflict, "IdempotentParameterMismatch: the client token was used with other "+
				"parameters.")
		}
		return k.Answer, nil
	}
	out, err := create()
	if err != nil {
		return nil, err
	}
	b, err := json.Marshal(kept{hex.EncodeToString(sum[:]), out})
	if err != nil {
		return nil, err
	}
	return out, tx.Idempotency.Put(key, string(b), c.Now.Add(tokenLife))
}
