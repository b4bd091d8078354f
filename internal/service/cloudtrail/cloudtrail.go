// Package cloudtrail answers LookupEvents from the audit log with the events of the caller's account. It writes
// nothing.
package cloudtrail

import (
	"encoding/json"
	"strconv"

	"granary"
	api "granary/internal/api/cloudtrail"
	"granary/internal/audit"
	"granary/internal/authz"
	"granary/internal/awsapi"
)

// Config holds what the service needs.
type Config struct{ Audit *audit.Log }

// service implements the rows.
type service struct{ Config }

const (
	pageSize = 50

	// dataEvents is the category of data events. AWS's LookupEvents does not have it.
	dataEvents = "data"
	// lookUpData is the action that dataEvents requires, in addition to cloudtrail:LookupEvents.
	lookUpData = "granary:LookupDataEvents"
)

// codes maps the kinds of errors to the service's error codes.
var codes = map[granary.Kind]string{
	granary.Invalid:         "InvalidParameterCombinationException",
	granary.Denied:          "AccessDeniedException",
	granary.Unauthenticated: "AccessDeniedException",
	granary.Unavailable:     "OperationNotPermittedException",
	granary.Internal:        "InternalServiceException",
}

// New returns the service.
func New(c Config) *awsapi.Service {
	s := &service{c}
	return &awsapi.Service{
		Wire: api.Service, Prefix: "cloudtrail", Source: "cloudtrail.amazonaws.com",
		Codes: codes,
		Rows:  []awsapi.Row{awsapi.On(api.LookupEvents, checks, s.lookupEvents)},
	}
}

// checks returns the permissions that a lookup needs. Data events contain object names, which a reader of management
// events need not see.
func checks(_ *awsapi.Call, in *api.LookupEventsInput) ([]authz.Request, error) {
	list := []authz.Request{{Resource: "*"}}
	if in.EventCategory == dataEvents {
		list = append(list, authz.Request{Action: lookUpData, Resource: "*"})
	}
	return list, nil
}

// lookupEvents returns the account's events of one category, newest first (CloudTrail API, LookupEvents).
func (s *service) lookupEvents(c *awsapi.Call, in *api.LookupEventsInput) (*api.LookupEventsOutput, error) {
	if len(in.LookupAttributes) > 1 {
		return nil, granary.Errorf(granary.Invalid, "A lookup takes one attribute at most.").
			WithCode("InvalidLookupAttributesException")
	}
	if in.EventCategory != "" && in.EventCategory != dataEvents {
		return nil, granary.Errorf(granary.Invalid, "There are no events of the category %s here.", in.EventCategory).
			WithCode("InvalidEventCategoryException")
	}
	if !in.StartTime.IsZero() && !in.EndTime.IsZero() && in.EndTime.Before(in.StartTime) {
		return nil, granary.Errorf(granary.Invalid, "The EndTime lies before the StartTime.").
			WithCode("InvalidTimeRangeException")
	}
	q := audit.Query{Account: string(c.Caller.Account), Data: in.EventCategory == dataEvents, From: in.StartTime,
		To: in.EndTime, After: in.NextToken, Limit: pageSize}
	if in.MaxResults != nil {
		q.Limit = int(*in.MaxResults)
	}
	if len(in.LookupAttributes) == 1 {
		q.Attribute, q.Value = in.LookupAttributes[0].AttributeKey, in.LookupAttributes[0].AttributeValue
	}
	page, err := s.Audit.Query(c, q)
	if granary.Is(err, granary.Invalid) {
		return nil, granary.Errorf(granary.Invalid, "The NextToken is not one that this list gave.").
			WithCode("InvalidNextTokenException")
	}
	if err != nil {
		return nil, err
	}
	out := &api.LookupEventsOutput{Events: []api.Event{}, NextToken: page.Next}
	for _, e := range page.Events {
		out.Events = append(out.Events, toAPI(e, c.Caller.Account))
	}
	return out, nil
}

// callerAccount returns the account of the event's caller, or of the recipient when it is not known.
func callerAccount(e *audit.Event) string {
	if e.UserIdentity == nil || e.UserIdentity.AccountID == "" {
		return e.RecipientAccountID
	}
	return e.UserIdentity.AccountID
}

// toAPI converts an event for an account. If the event is a refusal, it keeps only the reasons on the account's own
// side.
func toAPI(e *audit.Event, account granary.AccountID) api.Event {
	if e.Decision != nil {
		e.Decision = e.Decision.For(string(account), callerAccount(e))
	}
	doc, _ := json.Marshal(e) // was read from JSON
	out := api.Event{CloudTrailEvent: string(doc), EventId: e.EventID, EventName: e.EventName, EventSource: e.EventSource,
		EventTime: e.At(),
		ReadOnly:  strconv.FormatBool(e.ReadOnly), Username: e.Username()}
	if e.UserIdentity != nil {
		out.AccessKeyId = e.UserIdentity.AccessKeyID
	}
	for _, r := range e.Resources {
		out.Resources = append(out.Resources, api.Resource{ResourceName: r.ARN, ResourceType: r.Type})
	}
	return out
}
