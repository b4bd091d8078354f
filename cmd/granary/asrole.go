package main

import (
	"context"
	"strings"

	"granary/internal/client"
)

// asRole replaces the key in the environment with that of a session of a role.
func asRole(ctx context.Context, to client.Connection, role string) (client.Env, error) {
	var key struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	if err := to.Ask(ctx, "CreateRoleSession", map[string]string{"RoleArn": role}, &key); err != nil {
		return nil, err
	}
	return withKey(to.Env, client.Key{ID: key.AccessKeyId, Secret: key.SecretAccessKey, Token: key.SessionToken}), nil
}

// withKey returns the environment with another key in it.
func withKey(env client.Env, k client.Key) client.Env {
	var out client.Env
	for _, kv := range env {
		if !strings.HasPrefix(kv[0], "AWS_ACCESS_KEY") && !strings.HasPrefix(kv[0], "AWS_SECRET") &&
			kv[0] != "AWS_SESSION_TOKEN" {
			out = append(out, kv)
		}
	}
	return append(out, [2]string{"AWS_ACCESS_KEY_ID", k.ID}, [2]string{"AWS_SECRET_ACCESS_KEY", k.Secret},
		[2]string{"AWS_SESSION_TOKEN", k.Token})
}
