package awsapi

import (
	"encoding/json"
	"strconv"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/policy"
	"granary/internal/wire"
)

const eventVersion = "1.11"

// Record has an event of the call's own recorded with it, such as the role assumption inside GetDataAccess. The call's
// time, request id and circumstances are filled in.
func (c *Call) Record(e *audit.Event) { c.also = append(c.also, e) }

// record writes the call to the audit log before the caller hears of it.
func (d *Door) record(c *Call, s *Service, name string, failed *wire.Error, err error) error {
	if name == "" || !recordable(c) {
		return nil
	}
	e := c.Event
	e.EventSource, e.EventName, e.ReadOnly = s.Source, name, readOnly(name)
	e.UserIdentity = IdentityOf(c.Caller)
	e.ManagementEvent, e.EventCategory = true, "Management"
	e.RecipientAccountID = string(c.Caller.Account)
	if s.Wire.Protocol == wire.RestXML && len(e.RequestParameters) > 0 {
		e.RequestParameters = withHost(e.RequestParameters, c.Host)
	}
	if failed != nil {
		e.ErrorCode, e.ErrorMessage = failed.Code, failed.Message
		e.ResponseElements = nil
		c.also = nil
		e.Decision = DecisionOf(err, c.denied, c.Caller)
		if e.Decision != nil && e.Decision.Owner == "" && c.Account.Valid() {
			e.Decision.Owner = string(c.Account)
		}
	}
	events := append([]*audit.Event{e}, c.also...)
	for _, e := range events {
		c.circumstances(e)
		e.EventID = granary.TimedUUID(d.Now())
	}
	return d.Audit.Record(events...)
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

func (c *Call) circumstances(e *audit.Event) {
	e.EventVersion, e.EventTime = eventVersion, c.Now.UTC().Format(time.RFC3339)
	e.EventType, e.RequestID = "AwsApiCall", c.RequestID
	e.AWSRegion = c.Region
	e.UserAgent = c.Env.UserAgent
	if e.SourceIPAddress == "" && c.Env.Source.IsValid() {
		e.SourceIPAddress = c.Env.Source.Unmap().String()
	}
}

func sessionContext(s *granary.Session) *audit.SessionContext {
	return &audit.SessionContext{SourceIdentity: s.SourceIdentity,
		Attributes: map[string]string{"creationDate": s.Issued.UTC().Format(time.RFC3339), "mfaAuthenticated": "false"}}
}

// IdentityOf is the caller as CloudTrail's userIdentity tells it.
func IdentityOf(c *authn.Caller) *audit.UserIdentity {
	u := &audit.UserIdentity{PrincipalID: c.ID, ARN: string(c.ARN), AccountID: string(c.Account), AccessKeyID: c.AccessKeyID}
	switch c.Kind {
	case policy.Anonymous:
		return &audit.UserIdentity{Type: "AWSAccount", PrincipalID: "", AccountID: "anonymous"}
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
		u.CredentialID = id.CredentialID
	}
	return u
}
