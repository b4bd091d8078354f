package granary

import (
	"encoding/json"
	"time"
)

// AccessGrantsProvider is what the applications come from that S3 Access Grants makes for its instances. AWS does not publish its own.
const AccessGrantsProvider ARN = "arn:aws:sso::aws:applicationProvider/s3-access-grants"

// Application is an Identity Center application: what people come through, and how their tokens are exchanged.
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
	Managed     bool            `json:",omitempty"` // made by an Access Grants association; goes only with it

	AssignmentRequired bool
	Grants             AppGrants
	Scopes             []AppScope     `json:",omitempty"` // in the order they were put
	ActorPolicy        string         `json:",omitempty"` // authentication method IAM: the policy document as given
	Bound              map[ARN]string `json:",omitempty"` // unique ids of the users and roles that ActorPolicy names, from when it was written
	BackgroundSessions bool           `json:",omitempty"`

	Tags    []Tag `json:",omitempty"`
	Created time.Time
}

// ARN is the application's ARN.
func (a *Application) ARN() ARN { return ApplicationARN(a.Account, a.Instance, a.ID) }

// AppGrants are the OAuth grant types an application may use, one record per type.
type AppGrants struct {
	JWTBearer     []JWTBearerIssuer `json:",omitempty"` // nil: not configured
	RedirectURIs  []string          `json:",omitempty"` // authorization_code; nil: not configured
	RefreshToken  bool              `json:",omitempty"`
	TokenExchange bool              `json:",omitempty"`
}

// JWTBearerIssuer is one issuer an application accepts assertions from, and the audiences it accepts in them.
type JWTBearerIssuer struct {
	Issuer    ARN
	Audiences []string
}

// AppScope is an access scope configured on an application.
type AppScope struct {
	Name    string
	Targets []ARN `json:",omitempty"`
}

// Assignment lets a user or group obtain tokens through an application.
type Assignment struct {
	Application ARN
	Type        string // USER or GROUP
	Principal   string // UserID or GroupID
	Created     time.Time
}
