package granary

import (
	"encoding/json"
	"time"
)

// AccessGrantsProvider is the application provider of the applications that S3 Access Grants makes for its instances.
// AWS does not publish the ARN of its own.
const AccessGrantsProvider ARN = "arn:aws:sso::aws:applicationProvider/s3-access-grants"

// Application is an Identity Center application: people sign in to it, and it exchanges their tokens.
type Application struct {
	ID          string // apl- and 16 hexadecimal digits
	Instance    string // ssoins-…
	Account     AccountID
	Region      string // CreatedFrom
	Provider    ARN
	Name        string
	Description string          `json:",omitempty"`
	Portal      json.RawMessage `json:",omitempty"` // PortalOptions as AWS shapes it
	Disabled    bool            `json:",omitempty"`
	ClientID    string          // the opaque audience of its identity tokens, stable per application
	Managed     bool            `json:",omitempty"` // made by an Access Grants association, and deleted with it only

	AssignmentRequired bool
	Grants             AppGrants
	Scopes             []AppScope `json:",omitempty"` // in the order they were put
	ActorPolicy        string     `json:",omitempty"` // authentication method IAM: the policy document as given
	// Bound maps the users and roles that ActorPolicy names to their unique ids at the time when it was written.
	Bound              map[ARN]string `json:",omitempty"`
	BackgroundSessions bool           `json:",omitempty"`

	Tags    []Tag `json:",omitempty"`
	Created time.Time
}

// ARN returns the application's ARN.
func (a *Application) ARN() ARN { return ApplicationARN(a.Account, a.Instance, a.ID) }

// AppGrants says which OAuth grant types an application may use.
type AppGrants struct {
	JWTBearer     []JWTBearerIssuer `json:",omitempty"` // nil: not configured
	RedirectURIs  []string          `json:",omitempty"` // authorization_code; nil: not configured
	RefreshToken  bool              `json:",omitempty"`
	TokenExchange bool              `json:",omitempty"`
}

// JWTBearerIssuer is an issuer from which an application accepts assertions, and the audiences that it accepts in them.
type JWTBearerIssuer struct {
	Issuer    ARN
	Audiences []string
}

// AppScope is an OAuth scope that an application has.
type AppScope struct {
	Name    string
	Targets []ARN `json:",omitempty"`
}

// Assignment lets a directory user, or the members of a group, obtain tokens through an application.
type Assignment struct {
	Application ARN
	Type        string // USER or GROUP
	Principal   string // UserID or GroupID
	Created     time.Time
}
