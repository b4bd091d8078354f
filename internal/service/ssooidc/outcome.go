package ssooidc

import (
	"crypto/sha256"
	"encoding/json"
	"sync"
	"time"

	api "granary/internal/api/ssooidc"
	"granary/internal/audit"
	"granary/internal/index"
)

const (
	outcomeLifetime = 60 * time.Second
	maxOutcomes     = 10_000 // some 30 MiB
)

// outcomes lets a client whose answer got lost have it again: the SDK's own retry of an exchange, which would else fail
// because the token was used. Answers are kept sealed, in memory, for a minute; on another node, or after a restart,
// the retry is answered for the same session by what stands beside the used token (usage).
type outcomes struct {
	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*outcome
	queue []*outcome // oldest first
}

type outcome struct {
	key    [sha256.Size]byte
	until  time.Time
	done   chan struct{} // closed when the exchange is over
	sealed []byte        // nil: it failed
	event  json.RawMessage
	person *audit.OnBehalfOf
}

// once runs an exchange, or waits for the one that this is a retry of. A failed one is run again.
func (o *outcomes) once(e *exchange, x *index.Index, run func() (*api.CreateTokenWithIAMOutput, error)) (
	*api.CreateTokenWithIAMOutput, error) {
	if e.hash == nil {
		return run()
	}
	mine, first := o.enter(e, [sha256.Size]byte(e.hash))
	if first {
		defer close(mine.done)
		out, err := run()
		if err != nil {
			o.forget(mine)
			return nil, err
		}
		plain, _ := json.Marshal(out) // texts and numbers
		mine.sealed, mine.event, mine.person = x.Keys.Ring().Seal("outcome", plain), e.call.Event.AdditionalEventData,
			e.call.Event.Person
		return out, nil
	}
	select {
	case <-mine.done:
	case <-e.call.Done():
		return nil, e.call.Err()
	}
	if plain, err := x.Keys.Ring().Open("outcome", mine.sealed); err == nil {
		out := &api.CreateTokenWithIAMOutput{}
		if json.Unmarshal(plain, out) == nil {
			e.call.Event.AdditionalEventData, e.call.Event.Person = mine.event, mine.person
			return out, nil
		}
	}
	return run()
}

// enter finds the request's outcome or makes room for it.
func (o *outcomes) enter(e *exchange, key [sha256.Size]byte) (found *outcome, first bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.queue) > 0 && (len(o.queue) >= maxOutcomes || !e.call.Now.Before(o.queue[0].until)) {
		o.drop(o.queue[0])
		o.queue = o.queue[1:]
	}
	if found = o.byKey[key]; found != nil {
		return found, false
	}
	if o.byKey == nil {
		o.byKey = map[[sha256.Size]byte]*outcome{}
	}
	found = &outcome{key: key, until: e.call.Now.Add(outcomeLifetime), done: make(chan struct{})}
	o.byKey[key] = found
	o.queue = append(o.queue, found)
	return found, true
}

func (o *outcomes) forget(v *outcome) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.drop(v)
}

func (o *outcomes) drop(v *outcome) {
	if o.byKey[v.key] == v {
		delete(o.byKey, v.key)
	}
}
