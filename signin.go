package granary

import "time"

// SignInProvider is an Identity Center instance's registration with the company's OpenID Connect provider, to which
// it sends browsers. The trusted token issuer says which provider that is, and how to find the person.
type SignInProvider struct {
	Instance     string // ssoins-…
	Issuer       ARN    // the trusted token issuer
	ClientID     string
	ClientSecret string   // encrypted at rest
	Scopes       []string // requested from the provider in addition to openid
	Updated      time.Time
}

// SignIn is a browser's sign-in under way: what the application asked for, and the secrets of the round trip to the
// company's provider. It is sealed into a cookie and stored nowhere.
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

// AuthorizationCode is what an application gets for a sign-in, and redeems once. It is sealed into the code and stored
// nowhere.
type AuthorizationCode struct {
	ID          string // the store records the use of the code under it
	Application ARN
	RedirectURI string
	Challenge   string
	Store       StoreID
	User        UserID
	Scopes      []string // that were requested; none stands for all
	Session     string   // ID of the TokenSession that redeeming begins
	Expires     time.Time
}
