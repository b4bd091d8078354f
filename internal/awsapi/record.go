package awsapi

import (
	"encoding/json"
	"strconv"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/policy"
)

// Record has an event of the call's own recorded with it, such as the role assumption inside GetDataAccess. The call's
// time, request id and circumstances are filled in. A call that fails records its own event alone.
func (c *Call) Record(e *audit.Event) { c.also = append(c.also, e) }

// events are the call's own event and those that go with it.
func (d *Door) events(c *Call, s *Service, in Inbound, name string, written int) []*audit.Event {
	e := c.Event
	e.EventSource, e.EventName, e.ReadOnly = s.Source, name, readOnly(name)
	e.UserIdentity = IdentityOf(c.Caller)
	e.ManagementEvent, e.EventCategory = true, "Management"
	e.FreeForAll = s.byName[name].Access == Anyone
	e.RecipientAccountID = string(c.Caller.Account)
	if s.S3 {
		if len(e.RequestParameters) > 0 {
			e.RequestParameters = withHost(e.RequestParameters, c.Host)
		}
		e.AdditionalEventData = transferred(c, in, max(in.HTTP.ContentLength, 0), written)
	}
	events := append([]*audit.Event{e}, c.also...)
	for _, e := range events {
		e.AWSRegion = c.Region
	}
	return events
}

// transferred is what S3's events say of a request beside its parameters.
func transferred(c *Call, in Inbound, read int64, written int) []byte {
	method := "AuthHeader"
	if c.Env.AuthType == "REST-QUERY-STRING" {
		method = "QueryString"
	}
	b := append([]byte(`{"SignatureVersion":"SigV4","AuthenticationMethod":"`), method...)
	b = strconv.AppendInt(append(b, `","bytesTransferredIn":`...), read, 10)
	b = strconv.AppendInt(append(b, `,"bytesTransferredOut":`...), int64(written), 10)
	return append(append(append(b, `,"x-amz-id-2":"`...), in.HostID...), `"}`...)
}

func withHost(parameters []byte, host string) []byte {
	name, _ := json.Marshal(host) // a text
	b := append([]byte(`{"Host":`), name...)
	if len(parameters) > 2 {
		b = append(b, ',')
	}
	return append(b, parameters[1:]...)
}

func sessionContext(s *granary.Session) *audit.SessionContext {
	return &audit.SessionContext{SourceIdentity: s.SourceIdentity,
		Attributes: map[string]string{"creationDate": s.Issued.UTC().Format(time.RFC3339), "mfaAuthenticated": "false"}}
}

// IdentityOf is the caller as CloudTrail's userIdentity tells it.
func IdentityOf(c *authn.Caller) *audit.UserIdentity {
	u := &audit.UserIdentity{PrincipalID: c.ID, ARN: string(c.ARN), AccountID: string(c.Account),
		AccessKeyID: c.AccessKeyID}
	switch c.Kind {
	case policy.Anonymous:
		return &audit.UserIdentity{Type: "AWSAccount", PrincipalID: "", AccountID: "anonymous"}
	case policy.NoKind: // the session of a user who was deleted
		u.Type = "Unknown"
		if s := c.Session; s != nil && s.User != "" {
			u.Type, u.UserName, u.PrincipalID, u.SessionContext = "IAMUser", s.User, s.UserID, sessionContext(s)
		}
	case policy.Root:
		u.Type = "Root"
	case policy.IAMUser:
		u.Type, u.UserName = "IAMUser", c.User.Name
		if c.Session != nil {
			u.SessionContext = sessionContext(c.Session)
		}
	case policy.WebIdentity:
		return &audit.UserIdentity{Type: "WebIdentityUser", PrincipalID: c.ID, IdentityProvider: string(c.Provider)}
	case policy.FederatedUser:
		u.Type = "FederatedUser"
		u.SessionContext = sessionContext(c.Session)
	case policy.RoleSession:
		u.Type = "AssumedRole"
		u.SessionContext = sessionContext(c.Session)
		if c.Role != nil {
			u.SessionContext.SessionIssuer = &audit.SessionIssuer{Type: "Role", PrincipalID: c.Role.ID, ARN: string(c.Role.ARN),
				AccountID: string(c.Role.Account), UserName: c.Role.Name}
		}
	}
	if id := c.OnBehalfOf(); id != nil {
		u.OnBehalfOf = &audit.OnBehalfOf{UserID: string(id.User), IdentityStoreARN: string(id.StoreARN)}
		if c.Person != nil {
			u.OnBehalfOf.UserName = c.Person.UserName
		}
		u.CredentialID = id.CredentialID
	}
	return u
}
