package granary

import "time"

// SignInProvider is where an Identity Center instance sends browsers to sign in: a client registration with the company's
// OpenID Connect provider. The trusted token issuer says who that is and which claim means whom.
type SignInProvider struct {
	Instance     string // ssoins-…
	Issuer       ARN    // the trusted token issuer
	ClientID     string
	ClientSecret string   // encrypted at rest
	Scopes       []string // asked of the provider beside openid
	Updated      time.Time
}

// SignIn is a browser's sign-in under way: what the application asked for, and the secrets of the round trip to the company's
// provider. It is sealed into a cookie, never stored.
type SignIn struct {
	Application ARN
	RedirectURI string
	State       string // the application's own
	Scopes      []string
	Challenge   string // the application's PKCE challenge, S256

	ID       string // the state that the provider gives back
	Nonce    string
	Verifier string // Granary's PKCE verifier towards the provider
	Expires  time.Time
}

// AuthorizationCode is what an application gets for a sign-in and redeems once. It is sealed into the code, never stored.
type AuthorizationCode struct {
	ID          string // names the code; a use of it is recorded under this
	Application ARN
	RedirectURI string
	Challenge   string
	Store       StoreID
	User        UserID
	Scopes      []string // asked for; none stands for all
	Session     string   // TokenSession.ID that redeeming begins
	Expires     time.Time
}
