package main

import (
	"context"
	"strings"

	"granary/internal/client"
	"granary/internal/server"
)

// asRole replaces the key in the environment with that of a session of a role.
func asRole(ctx context.Context, env server.ClientEnv, role string) (server.ClientEnv, error) {
	var key struct{ AccessKeyId, SecretAccessKey, SessionToken string }
	if err := client.Ask(ctx, env, "CreateRoleSession", map[string]string{"RoleArn": role}, &key); err != nil {
		return nil, err
	}
	var out server.ClientEnv
	for _, kv := range env {
		if !strings.HasPrefix(kv[0], "AWS_ACCESS_KEY") && !strings.HasPrefix(kv[0], "AWS_SECRET") {
			out = append(out, kv)
		}
	}
	return append(out, [2]string{"AWS_ACCESS_KEY_ID", key.AccessKeyId}, [2]string{"AWS_SECRET_ACCESS_KEY", key.SecretAccessKey},
		[2]string{"AWS_SESSION_TOKEN", key.SessionToken}), nil
}
