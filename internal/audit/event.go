// Package audit records who did what for whom, in CloudTrail's shape, before the caller hears of it: in strict mode
// Record returns when the event is on disk, and concurrent events share one sync.
//
//	Record ─ cut ─▶ one writer ─▶ DIR/changes.jsonl, calls, refusals, data ─▶ fsync ─▶ answer
//	                           └▶ files that are full, each with an index; gone after their time
//
// Lines, files and the whole log have bounds (cut.go, stream.go, keep.go, reserve.go). Query and Find read events back
// (query.go).
// It decides nothing and knows no service. A log that cannot be written refuses, so that nothing happens unrecorded.
package audit

import "encoding/json"

// Event is one record (CloudTrail User Guide, "CloudTrail record contents").
type Event struct {
	EventVersion        string          `json:"eventVersion"`
	UserIdentity        *UserIdentity   `json:"userIdentity,omitempty"`
	EventTime           string          `json:"eventTime"` // RFC 3339, UTC, whole seconds
	EventSource         string          `json:"eventSource"`
	EventName           string          `json:"eventName"`
	AWSRegion           string          `json:"awsRegion"`
	SourceIPAddress     string          `json:"sourceIPAddress"`
	UserAgent           string          `json:"userAgent,omitempty"`
	ErrorCode           string          `json:"errorCode,omitempty"`
	ErrorMessage        string          `json:"errorMessage,omitempty"`
	RequestParameters   json.RawMessage `json:"requestParameters"`
	ResponseElements    json.RawMessage `json:"responseElements"`
	AdditionalEventData json.RawMessage `json:"additionalEventData,omitempty"`
	RequestID           string          `json:"requestID"`
	EventID             string          `json:"eventID"`
	SharedEventID       string          `json:"sharedEventID,omitempty"`
	ReadOnly            bool            `json:"readOnly"`
	Resources           []Resource      `json:"resources,omitempty"`
	EventType           string          `json:"eventType"`
	ManagementEvent     bool            `json:"managementEvent"`
	RecipientAccountID  string          `json:"recipientAccountId"`
	EventCategory       string          `json:"eventCategory"`           // Management or Data
	Person              *OnBehalfOf     `json:"granaryPerson,omitempty"` // whom a token or session was made for
	Decision            *Decision       `json:"granaryDecision,omitempty"`

	// FreeForAll says that the operation needs no permission, so that any holder of a key can cause such events. It is
	// not recorded.
	FreeForAll bool `json:"-"`
}

// UserIdentity says who called.
type UserIdentity struct {
	Type             string          `json:"type"`
	PrincipalID      string          `json:"principalId,omitempty"`
	ARN              string          `json:"arn,omitempty"`
	AccountID        string          `json:"accountId,omitempty"`
	AccessKeyID      string          `json:"accessKeyId,omitempty"`
	UserName         string          `json:"userName,omitempty"`
	SessionContext   *SessionContext `json:"sessionContext,omitempty"`
	OnBehalfOf       *OnBehalfOf     `json:"onBehalfOf,omitempty"`
	InvokedBy        string          `json:"invokedBy,omitempty"`
	IdentityProvider string          `json:"identityProvider,omitempty"`
	CredentialID     string          `json:"credentialId,omitempty"`
}

// SessionContext says how a session began.
type SessionContext struct {
	SessionIssuer  *SessionIssuer    `json:"sessionIssuer,omitempty"`
	Attributes     map[string]string `json:"attributes,omitempty"`
	SourceIdentity string            `json:"sourceIdentity,omitempty"`
}

// SessionIssuer is the role of a session.
type SessionIssuer struct {
	Type        string `json:"type"`
	PrincipalID string `json:"principalId"`
	ARN         string `json:"arn"`
	AccountID   string `json:"accountId"`
	UserName    string `json:"userName"`
}

// OnBehalfOf is the directory user that a session acts for.
type OnBehalfOf struct {
	UserID           string `json:"userId"`
	UserName         string `json:"userName,omitempty"` // in the directory when the event was made
	IdentityStoreARN string `json:"identityStoreArn"`
}

// Resource is something that an event is about.
type Resource struct {
	AccountID string `json:"accountId,omitempty"`
	Type      string `json:"type,omitempty"`
	ARN       string `json:"ARN"`
}
