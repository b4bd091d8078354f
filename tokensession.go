package granary

import "time"

// TokenSession says that a person is signed in to an application, from the exchange of a corporate token until Ends.
// Refresh tokens stand for it. Only sessions of applications with a refresh_token grant are stored.
type TokenSession struct {
	ID          string // the credential id of every token of the session
	Application ARN
	Store       StoreID
	User        UserID
	Actor       string   // act.sub of its identity tokens: the issuer or application that vouched for the person
	Scopes      []string // granted at the beginning; a refresh may narrow them for its answer, and never widens them
	Started     time.Time
	Ends        time.Time // refreshing does not move it

	Generation uint64    // of the current refresh token; each use makes the next one
	Rotated    time.Time // when the current refresh token was made
}

// AccessToken is what an application's access token stands for. It is sealed into the token and stored nowhere.
type AccessToken struct {
	Session     string // TokenSession.ID
	Application ARN    // the application that it was issued to
	Store       StoreID
	User        UserID
	Scopes      []string
	Started     time.Time // when the person signed in
	Ends        time.Time // when the person must sign in again; exchanging the token does not move it
	Expires     time.Time
}

// RefreshToken is what a refresh token stands for. It is sealed into the token and stored nowhere.
type RefreshToken struct {
	Session     string // TokenSession.ID; "" when the application had no refresh_token grant: it cannot be redeemed
	Application ARN
	Store       StoreID
	User        UserID
	Generation  uint64
	Expires     time.Time
}
