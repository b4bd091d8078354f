package granary

import "time"

// TokenSession is a person's being signed in to one application: what its refresh tokens stand for, from the exchange of a
// corporate token until its absolute end. Only sessions whose application has a refresh_token grant are kept.
type TokenSession struct {
	ID          string // the credential id of every token of the session
	Application ARN
	Store       StoreID
	User        UserID
	Actor       string   // act.sub of its identity tokens: who vouched for the person
	Scopes      []string // granted at first; a refresh may narrow them for one answer, never widen
	Started     time.Time
	Ends        time.Time // whatever is refreshed

	Generation uint64    // of the refresh token that is good now; each use makes the next
	Rotated    time.Time // when that was made
}

// AccessToken is what an application's access token stands for. It is sealed into the token, never stored.
type AccessToken struct {
	Session     string // TokenSession.ID
	Application ARN    // it was issued to
	Store       StoreID
	User        UserID
	Scopes      []string
	Started     time.Time // when the person signed in
	Ends        time.Time // when they must do so again, whatever the token was exchanged for meanwhile
	Expires     time.Time
}

// RefreshToken is what a refresh token stands for, sealed into it.
type RefreshToken struct {
	Session     string // "": the application had no refresh_token grant when it was issued, and it cannot be redeemed
	Application ARN
	Store       StoreID
	User        UserID
	Generation  uint64
	Expires     time.Time
}
