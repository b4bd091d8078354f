// Package cloudtrail answers LookupEvents from the audit log: what happened in the caller's account of late. It writes nothing.
package cloudtrail

import (
	"encoding/base64"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/cloudtrail"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
)

// Config is what the service works with.
type Config struct{ Audit *audit.Log }

type service struct{ Config }

const (
	pageSize = 50
	maxSeen  = 500_000 // events looked at for one page
)

// New makes the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "cloudtrail", Source: "cloudtrail.amazonaws.com",
		Codes: map[granary.Kind]string{
			granary.Invalid: "InvalidParameterCombinationException", granary.Denied: "AccessDeniedException", granary.Unauthenticated: "AccessDeniedException",
			granary.Unavailable: "OperationNotPermittedException", granary.Internal: "InternalServiceException",
		},
		Rows: []awsapi.Row{awsapi.On(api.LookupEvents, func(*awsapi.Call, *api.LookupEventsInput) ([]authz.Request, error) {
			return []authz.Request{{Resource: "*"}}, nil
		}, s.lookupEvents)},
	}
}

// lookupEvents tells the account's management events, newest first (CloudTrail API, LookupEvents).
func (s *service) lookupEvents(c *awsapi.Call, in *api.LookupEventsInput) (*api.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, granary.Errorf(granary.Invalid, "A lookup takes one attribute at most.").WithCode("InvalidLookupAttributesException")
	}
	if in.EventCategory != "" {
		return nil, granary.Errorf(granary.Invalid, "There are no events of the category %s here.", in.EventCategory).WithCode("InvalidEventCategoryException")
	}
	limit := pageSize
	if in.MaxResults != nil {
		limit = int(*in.MaxResults)
	}
	after, err := readToken(in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &api.LookupEventsOutput{Events: []api.Event{}}
	seen, skipping := 0, after != ""
	err = s.Audit.Lookup(c, func(e *audit.Event) bool {
		if seen++; seen > maxSeen {
			return false
		}
		if skipping {
			skipping = e.EventID != after
			return true
		}
		at, _ := time.Parse(time.RFC3339, e.EventTime) // ours
		if !in.StartTime.IsZero() && at.Before(in.StartTime) {
			return false
		}
		if !mine(e, c.Caller.Account) || !in.EndTime.IsZero() && at.After(in.EndTime) || !matches(e, in.LookupAttributes) {
			return true
		}
		if len(out.Events) == limit {
			out.NextToken = base64.RawURLEncoding.EncodeToString([]byte(out.Events[limit-1].EventId))
			return false
		}
		out.Events = append(out.Events, shape(e, at, c.Caller.Account))
		return true
	})
	return out, err
}

func readToken(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || token != "" && len(b) != 36 {
		return "", granary.Errorf(granary.Invalid, "The NextToken is not one that this list gave.").WithCode("InvalidNextTokenException")
	}
	return string(b), nil
}

// mine reports whether a management event is the account's: its caller's, or of something it owns.
func mine(e *audit.Event, a granary.AccountID) bool {
	if !e.ManagementEvent {
		return false
	}
	if e.RecipientAccountID == string(a) {
		return true
	}
	for _, r := range e.Resources {
		if r.AccountID == string(a) {
			return true
		}
	}
	return false
}

func callerAccount(e *audit.Event) string {
	if e.UserIdentity == nil || e.UserIdentity.AccountID == "" {
		return e.RecipientAccountID
	}
	return e.UserIdentity.AccountID
}

func username(e *audit.Event) string {
	u := e.UserIdentity
	switch {
	case u == nil:
		return ""
	case u.UserName != "":
		return u.UserName
	case u.Type == "Root":
		return "root"
	}
	return u.ARN[strings.LastIndexByte(u.ARN, '/')+1:]
}

// matches asks the one attribute a lookup may have.
func matches(e *audit.Event, list []api.LookupAttribute) bool {
	if len(list) == 0 {
		return true
	}
	want := list[0].AttributeValue
	switch list[0].AttributeKey {
	case "EventId":
		return e.EventID == want
	case "EventName":
		return e.EventName == want
	case "ReadOnly":
		return strconv.FormatBool(e.ReadOnly) == want
	case "Username":
		return username(e) == want
	case "EventSource":
		return e.EventSource == want
	case "AccessKeyId":
		return e.UserIdentity != nil && e.UserIdentity.AccessKeyID == want
	case "ResourceName":
		return slices.ContainsFunc(e.Resources, func(r audit.Resource) bool { return r.ARN == want })
	case "ResourceType":
		return slices.ContainsFunc(e.Resources, func(r audit.Resource) bool { return r.Type == want })
	}
	return false
}

// shape is the event as the account is told it: of why somebody was refused, its own side.
func shape(e *audit.Event, at time.Time, account granary.AccountID) api.Event {
	if e.Decision != nil {
		e.Decision = e.Decision.For(string(account), callerAccount(e))
	}
	doc, _ := json.Marshal(e) // read from JSON a moment ago
	out := api.Event{CloudTrailEvent: string(doc), EventId: e.EventID, EventName: e.EventName, EventSource: e.EventSource, EventTime: at,
		ReadOnly: strconv.FormatBool(e.ReadOnly), Username: username(e)}
	if e.UserIdentity != nil {
		out.AccessKeyId = e.UserIdentity.AccessKeyID
	}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, api.Resource{ResourceName: r.ARN, ResourceType: r.Type})
	}
	return out
}
