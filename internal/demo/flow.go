package demo

import (
	"context"
	"encoding/json"
	"net/url"
	"time"

	"granary/internal/client"
)

const contextProvider = "arn:aws:iam::aws:contextProvider/IdentityCenter"

// credentials are a temporary key as AWS's answers hold it.
type credentials struct {
	AccessKeyId, SecretAccessKey, SessionToken string
	Expiration                                 time.Time
}

func (c credentials) key() client.Key {
	return client.Key{ID: c.AccessKeyId, Secret: c.SecretAccessKey, Token: c.SessionToken}
}

// Assume lets a key assume a role; a context assertion, which may be empty, makes it a session in a person's name.
func (w *World) Assume(ctx context.Context, k client.Key, role, session, assertion string) (client.Key, error) {
	call, err := w.Caller(k)
	if err != nil {
		return client.Key{}, err
	}
	in := url.Values{"RoleArn": {role}, "RoleSessionName": {session}}
	if assertion != "" {
		in.Set("ProvidedContexts.member.1.ProviderArn", contextProvider)
		in.Set("ProvidedContexts.member.1.ContextAssertion", assertion)
	}
	var out struct{ Credentials credentials }
	err = call.Query(ctx, "sts", stsVersion, "AssumeRole", in, &out)
	return out.Credentials.key(), err
}

// Tokens are what Identity Center gives for a sign-in.
type Tokens struct {
	Scope   []string
	Context string // identity context, which AssumeRole takes
}

// Exchange trades a sign-in token for Identity Center's tokens.
func (c *Company) Exchange(ctx context.Context, k client.Key, token string) (*Tokens, error) {
	call, err := c.Caller(k)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]string{"clientId": c.Application, "grantType": JWTBearer, "assertion": token})
	if err != nil {
		return nil, err
	}
	text, err := call.Do(ctx, client.Request{Service: "sso-oauth", Method: "POST", Path: "/token?aws_iam=t", Body: body,
		Header: map[string]string{"Content-Type": "application/json"}})
	if err != nil {
		return nil, err
	}
	var out struct {
		Scope                []string
		AwsAdditionalDetails struct{ IdentityContext string }
	}
	if err := json.Unmarshal(text, &out); err != nil {
		return nil, err
	}
	return &Tokens{out.Scope, out.AwsAdditionalDetails.IdentityContext}, nil
}

// As goes from a person's sign-in to a session in the person's name, through the application.
func (c *Company) As(ctx context.Context, login string) (client.Key, error) {
	app, err := c.Assume(ctx, c.Machine, c.WebApp, "app", "")
	if err != nil {
		return client.Key{}, err
	}
	token, err := c.SignIn(ctx, login)
	if err != nil {
		return client.Key{}, err
	}
	tokens, err := c.Exchange(ctx, app, token)
	if err != nil {
		return client.Key{}, err
	}
	return c.Assume(ctx, app, c.Bearer, "TempDirectoryUserRole", tokens.Context)
}

// Vended is a key to data.
type Vended struct {
	Key           client.Key
	MatchedTarget string // of the grant
	Expires       time.Time
}

// Vend asks for a key to a target, "s3://bucket/prefix/*".
func (c *Company) Vend(ctx context.Context, k client.Key, target, permission string) (Vended, error) {
	query := url.Values{"target": {target}, "permission": {permission}}
	var out struct {
		Credentials        credentials
		MatchedGrantTarget string
	}
	err := c.accessGrants(ctx, k, "GET", "/dataaccess?"+query.Encode(), nil, &out)
	return Vended{out.Credentials.key(), out.MatchedGrantTarget, out.Credentials.Expiration}, err
}

// Read reads an object.
func (w *World) Read(ctx context.Context, k client.Key, bucket, key string) (string, error) {
	call, err := w.Caller(k)
	if err != nil {
		return "", err
	}
	text, err := call.Do(ctx, client.Request{Service: "s3", Method: "GET", Path: client.ObjectPath(bucket, key)})
	return string(text), err
}

// Write writes an object.
func (w *World) Write(ctx context.Context, k client.Key, bucket, key, text string) error {
	call, err := w.Caller(k)
	if err != nil {
		return err
	}
	_, err = call.Do(ctx, client.Request{Service: "s3", Method: "PUT", Path: client.ObjectPath(bucket, key),
		Body: []byte(text)})
	return err
}
