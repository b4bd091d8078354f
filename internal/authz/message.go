package authz

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"granary"
	"granary/internal/policy"
)

// MessageHeader carries the encoded reasons of a refusal, for sts:DecodeAuthorizationMessage.
const MessageHeader = "X-Granary-Authorization-Message"

const messagePurpose = "authorization message"

// message is AWS's form of a decision (STS API, DecodeAuthorizationMessage).
type message struct {
	Allowed           bool      `json:"allowed"`
	ExplicitDeny      bool      `json:"explicitDeny"`
	MatchedStatements items     `json:"matchedStatements"`
	Failures          items     `json:"failures"`
	Context           situation `json:"context"`
}

type items struct {
	Items []any `json:"items"`
}

type situation struct {
	Principal  map[string]string `json:"principal"`
	Action     string            `json:"action"`
	Resource   string            `json:"resource"`
	Conditions items             `json:"conditions"`
}

// maxMessage keeps the header within what clients and proxies take, in bytes before encoding.
const maxMessage = 2048

// Encode puts the reasons of a refusal into a header, sealed: they tell of policies that the caller may not know, and
// whoever may decode messages reads them. Those are the caller's administrators: what another account's policies say is
// not for them, and of its roles not even whether they exist.
func (z *Authorizer) Encode(h http.Header, d *Decision) {
	foreign := d.Request.Owner != d.Caller.Account
	if d.Caller.Kind == policy.Anonymous || d.Caller.Kind == policy.NoKind || foreign && d.Request.Trust {
		return
	}
	m := message{ExplicitDeny: d.Explicit, MatchedStatements: items{[]any{}}, Failures: items{[]any{}}, Context: situation{
		Principal: map[string]string{"id": d.Caller.ID, "arn": string(d.Caller.ARN), "account": string(d.Caller.Account)},
		Action:    d.Request.Action, Resource: d.Request.Resource, Conditions: items{[]any{}}}}
	for _, r := range d.Reasons {
		if foreign && (r.Layer == policy.LayerResource || r.Layer == policy.LayerRCP) {
			continue
		}
		m.MatchedStatements.Items = append(m.MatchedStatements.Items,
			map[string]any{"statementId": r.Sid, "sourcePolicyId": r.Policy, "statement": r.Statement, "effect": effect(r.Deny)})
	}
	if !d.Explicit {
		m.Failures.Items = append(m.Failures.Items, map[string]string{"layer": d.Layer.String()})
	}
	for name, values := range d.Request.Keys {
		if foreign && strings.Contains(name, ":resourcetag/") {
			continue // another account's tags
		}
		m.Context.Conditions.Items = append(m.Context.Conditions.Items,
			map[string]any{"key": name, "values": map[string]any{"items": values}})
	}
	plain, err := json.Marshal(m)
	if err != nil || len(plain) > maxMessage {
		m.Context.Conditions.Items = []any{}
		m.MatchedStatements.Items = m.MatchedStatements.Items[:min(len(m.MatchedStatements.Items), 5)]
		if plain, err = json.Marshal(m); err != nil || len(plain) > maxMessage {
			return
		}
	}
	h.Set(MessageHeader, base64.RawURLEncoding.EncodeToString(z.Index.Keys.Ring().Seal(messagePurpose, plain)))
}

func effect(deny bool) string {
	if deny {
		return "Deny"
	}
	return "Allow"
}

// Decode opens a message that was made for a caller of the account.
func (z *Authorizer) Decode(account granary.AccountID, text string) (string, error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return "", err
	}
	plain, err := z.Index.Keys.Ring().Open(messagePurpose, raw)
	if err != nil {
		return "", err
	}
	var m message
	if err := json.Unmarshal(plain, &m); err != nil {
		return "", err
	}
	if m.Context.Principal["account"] != string(account) {
		return "", errors.New("another account's message")
	}
	return string(plain), nil
}
