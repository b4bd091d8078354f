package sts

import (
	"encoding/json"
	"time"

	"granary"
	api "granary/internal/api/sts"
	"granary/internal/authn"
)

// issue seals the session and tells the audit log whom it is for.
func (s *service) issue(a *assumption, lifetime time.Duration, packed int64) *api.AssumeRoleOutput {
	session := &granary.Session{
		Account: a.role.Account, RoleID: a.role.ID, RoleARN: a.role.ARN, Name: a.in.RoleSessionName,
		SourceIdentity: a.sourceIdentity(), Tags: a.tags.all, TransitiveTags: a.tags.transitive,
		Chained: a.chained(), Context: a.context, Provider: a.call.Caller.Provider,
	}
	limitTo(session, a.in.Policy, a.in.PolicyArns)
	k := s.Authn.Issue(session, lifetime)
	user := &api.AssumedRoleUser{Arn: string(granary.SessionARN(a.role.Account, a.role.Name, a.in.RoleSessionName)),
		AssumedRoleId: a.role.ID + ":" + a.in.RoleSessionName}
	a.record(user, k)
	out := &api.AssumeRoleOutput{AssumedRoleUser: user, SourceIdentity: session.SourceIdentity,
		Credentials: credentials(k)}
	if packed > 0 {
		out.PackedPolicySize = &packed
	}
	return out
}

// limitTo gives a session its session policies.
func limitTo(s *granary.Session, text string, arns []api.PolicyDescriptorType) {
	if text != "" {
		s.Policies = []string{text}
	}
	for _, p := range arns {
		s.PolicyARNs = append(s.PolicyARNs, granary.ARN(p.Arn))
	}
}

func credentials(k authn.Credentials) *api.Credentials {
	return &api.Credentials{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token,
		Expiration: k.Expires}
}

// record leaves the made key's id in the event, never its secret, and the context it carries.
func (a *assumption) record(user *api.AssumedRoleUser, k authn.Credentials) {
	a.call.Event.ResponseElements = recordKey(k,
		map[string]any{"assumedRoleUser": map[string]string{"arn": user.Arn, "assumedRoleId": user.AssumedRoleId}})
	if id := a.context; id != nil {
		extra := map[string]string{"identityStoreUserId": string(id.User), "identityStoreArn": string(id.StoreARN),
			"identityCenterApplicationArn": string(id.Application), "identityCenterInstanceArn": string(id.Instance)}
		a.call.Event.AdditionalEventData, _ = json.Marshal(extra)
		a.call.ForPerson(id.Store, id.StoreARN, id.User)
	}
}

// recordKey is what an event tells of a key that was made: its id and expiry, and what else there is to say.
func recordKey(k authn.Credentials, answer map[string]any) []byte {
	if answer == nil {
		answer = map[string]any{}
	}
	answer["credentials"] = map[string]string{"accessKeyId": k.AccessKeyID, "expiration": k.Expires.Format(time.RFC3339)}
	b, _ := json.Marshal(answer) // texts only
	return b
}
