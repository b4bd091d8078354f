package server

import (
	"os"
	"path/filepath"
	"strings"

	"granary"
	"granary/internal/client"
)

// newClientEnv returns what a client on this machine needs to reach the server as the management account's root user,
// with its key unless that is nil.
func (s *Server) newClientEnv(key *granary.AccessKey) (client.Env, error) {
	region := s.config.Region
	e := client.Env{{"AWS_ENDPOINT_URL", s.APIURL()}, {"AWS_REGION", region}, {"AWS_DEFAULT_REGION", region}}
	if strings.HasPrefix(s.APIURL(), "https:") {
		// Clients use HTTP_PROXY for http endpoints only. A company's HTTPS_PROXY cannot reach this server for them.
		e = append(e, [2]string{"NO_PROXY", "127.0.0.1,localhost," + s.config.Domain + ",." + s.config.Domain})
	} else {
		e = append(e, [2]string{"HTTP_PROXY", s.api.scheme + "://" + s.api.address()}, [2]string{"NO_PROXY",
			"127.0.0.1"})
	}
	if ca := caPath(s.config.Data); isFile(ca) {
		path, err := filepath.Abs(ca)
		if err != nil {
			return nil, err
		}
		e = append(e, [2]string{"AWS_CA_BUNDLE", path})
	}
	e = append(e, [2]string{"GRANARY_WEB_URL", s.WebURL()}, [2]string{"GRANARY_ACCOUNT_ID", string(s.Account)})
	if client.IsLocalhost(s.config.Domain) {
		e = append(e, [2]string{"GRANARY_NODE_OPTIONS", nodeOptions(s.config.Domain)})
	}
	if key != nil {
		// The empty token takes the place of one that another session left in the shell. Clients take empty for absent.
		e = append(e, [2]string{"AWS_ACCESS_KEY_ID", key.ID}, [2]string{"AWS_SECRET_ACCESS_KEY", key.Secret},
			[2]string{"AWS_SESSION_TOKEN", ""})
	}
	return e, nil
}

func isFile(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
