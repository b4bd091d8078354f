package sts

import (
	"encoding/json"
	"time"

	"granary"
	api "granary/internal/api/sts"
)

// issue seals the session and tells the audit log whom it is for.
func (s *service) issue(a *assumption, lifetime time.Duration, packed int64) *api.AssumeRoleOutput {
	session := &granary.Session{
		Account: a.role.Account, RoleID: a.role.ID, RoleARN: a.role.ARN, Name: a.in.RoleSessionName,
		SourceIdentity: a.sourceIdentity(), Tags: a.tags.all, TransitiveTags: a.tags.transitive,
		Chained: a.call.Caller.Session != nil, Context: a.context,
	}
	if a.in.Policy != "" {
		session.Policies = []string{a.in.Policy}
	}
	for _, p := range a.in.PolicyArns {
		session.PolicyARNs = append(session.PolicyARNs, granary.ARN(p.Arn))
	}
	k := s.Authn.Issue(session, lifetime)
	user := &api.AssumedRoleUser{Arn: string(granary.SessionARN(a.role.Account, a.role.Name, a.in.RoleSessionName)),
		AssumedRoleId: a.role.ID + ":" + a.in.RoleSessionName}
	a.record(user, k.AccessKeyID, k.Expires)
	out := &api.AssumeRoleOutput{AssumedRoleUser: user, SourceIdentity: session.SourceIdentity,
		Credentials: &api.Credentials{AccessKeyId: k.AccessKeyID, SecretAccessKey: k.Secret, SessionToken: k.Token, Expiration: k.Expires}}
	if packed > 0 {
		out.PackedPolicySize = &packed
	}
	return out
}

// record leaves the made key's id in the event, never its secret, and the context it carries.
func (a *assumption) record(user *api.AssumedRoleUser, keyID string, expires time.Time) {
	answer := map[string]any{
		"assumedRoleUser": map[string]string{"arn": user.Arn, "assumedRoleId": user.AssumedRoleId},
		"credentials":     map[string]string{"accessKeyId": keyID, "expiration": expires.Format(time.RFC3339)},
	}
	a.call.Event.ResponseElements, _ = json.Marshal(answer)
	if id := a.context; id != nil {
		extra := map[string]string{"identityStoreUserId": string(id.User), "identityStoreArn": string(id.StoreARN),
			"identityCenterApplicationArn": string(id.Application), "identityCenterInstanceArn": string(id.Instance)}
		a.call.Event.AdditionalEventData, _ = json.Marshal(extra)
	}
}
