package ssooidc

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
	"time"

	"granary"
	api "granary/internal/api/ssooidc"
	"granary/internal/awsapi"
	"granary/internal/store"
)

// usage is the note beside a token or code that was used: whose request did it, and the session that began. The same
// request, sent again because its answer was lost, goes on with that session: on whichever node, and after a restart
// too.
type usage struct {
	Request []byte // hash of caller, input and the SDK's invocation id
	At      time.Time
	Session granary.TokenSession
	Kept    bool
}

// requestHash tells a retry from another request: the same caller sends the same with the SDK's same invocation id. It
// is nil for those who give none.
func requestHash(c *awsapi.Call, input *api.CreateTokenWithIAMInput) []byte {
	if c.InvocationID == "" || len(c.InvocationID) > 128 {
		return nil
	}
	in, _ := json.Marshal([]any{c.Caller.ARN, c.Caller.AccessKeyID, c.InvocationID, input})
	sum := sha256.Sum256(in)
	return sum[:]
}

func (e *exchange) usage(s *session) string {
	text, _ := json.Marshal(usage{e.hash, e.call.Now, s.TokenSession, s.kept}) // texts, numbers and times
	return string(text)
}

// useOnce marks a key used. When the same request did it a moment ago, the session that it began is the answer's; when
// another did, it fails with Exists.
func (e *exchange) useOnce(tx *store.Tx, key string, until time.Time, s *session) (begun *session, err error) {
	err = tx.Replays.Use(key, until, e.usage(s))
	if !granary.Is(err, granary.Exists) {
		return nil, err
	}
	note, nerr := tx.Replays.Note(key)
	if nerr != nil {
		return nil, nerr
	}
	var u usage
	if json.Unmarshal([]byte(note), &u) != nil || e.hash == nil || subtle.ConstantTimeCompare(u.Request, e.hash) != 1 ||
		e.call.Now.Sub(u.At) > outcomeLifetime {
		return nil, err
	}
	if u.Kept { // ended meanwhile, it stays so
		if _, gone := tx.TokenSessions.Get(u.Session.ID); granary.Is(gone, granary.NotFound) {
			return nil, err
		}
	}
	return &session{u.Session, u.Kept}, nil
}
