package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"strings"
	"time"

	"granary/internal/client"
)

// profile is a named section of AWS's configuration and credentials files. It covers keys that stand there and those
// that a program gives (credential_process); for all other kinds the AWS CLI can give the key.
type profile struct {
	name   string
	values map[string]string
}

var errNoProfile = errors.New("no such profile")

// readProfile reads a profile. The credentials file wins over the configuration file, as for the AWS CLI.
func readProfile(name string, getenv func(string) string) (*profile, error) {
	p := &profile{name: name, values: map[string]string{}}
	config := first(getenv("AWS_CONFIG_FILE"), homeFile(".aws", "config"))
	credentials := first(getenv("AWS_SHARED_CREDENTIALS_FILE"), homeFile(".aws", "credentials"))
	inConfig := "profile " + name
	if name == "default" {
		inConfig = name
	}
	a, err := readSection(config, inConfig, p.values)
	if err != nil {
		return nil, err
	}
	b, err := readSection(credentials, name, p.values)
	if err != nil {
		return nil, err
	}
	if !a && !b {
		return nil, fmt.Errorf("%w: neither %s nor %s has the profile %s", errNoProfile, config, credentials, name)
	}
	return p, nil
}

// readSection adds the values of a section to those that there are, and tells whether there is such a section. Lines
// that are indented belong to the value before them, and are not among the values that are needed here.
func readSection(path, section string, into map[string]string) (found bool, err error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("the AWS profile cannot be read: %w", err)
	}
	defer f.Close()
	inside := false
	s := bufio.NewScanner(f)
	for s.Scan() {
		line := s.Text()
		text := strings.TrimSpace(line)
		switch {
		case text == "" || text[0] == '#' || text[0] == ';':
		case text[0] == '[':
			name, _, _ := strings.Cut(text[1:], "]")
			inside = strings.Join(strings.Fields(name), " ") == section || strings.Join(strings.Fields(name),
				" ") == "profile default" && section == "default"
			found = found || inside
		case inside && line[0] != ' ' && line[0] != '\t':
			name, value, _ := strings.Cut(text, "=")
			value, _, _ = strings.Cut(value, " #")
			into[strings.ToLower(strings.TrimSpace(name))] = strings.TrimSpace(value)
		}
	}
	if err := s.Err(); err != nil {
		return found, fmt.Errorf("the AWS profile cannot be read from %s: %w", path, err)
	}
	return found, nil
}

// key is the profile's key.
func (p *profile) key() (client.Key, error) {
	v := p.values
	switch {
	case v["aws_access_key_id"] != "" && v["aws_secret_access_key"] != "" && v["role_arn"] == "":
		return client.Key{ID: v["aws_access_key_id"], Secret: v["aws_secret_access_key"],
			Token: v["aws_session_token"]}, nil
	case v["credential_process"] != "" && v["role_arn"] == "":
		return p.fromProcess(v["credential_process"])
	}
	for _, kind := range []string{"role_arn", "sso_session", "sso_start_url", "login_session",
		"web_identity_token_file", "credential_source"} {
		if v[kind] != "" {
			return client.Key{},
				fmt.Errorf("the profile %s gets its key by %s, which the AWS CLI can do for this command: eval \"$(aws configure "+
					"export-credentials --profile %s --format env)\"",
					p.name, kind, p.name)
		}
	}
	return client.Key{}, nil
}

// fromProcess asks the program that a profile names for a key, as AWS's SDKs do.
func (p *profile) fromProcess(command string) (client.Key, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "sh", "-c", command)
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return client.Key{}, fmt.Errorf("the credential_process of the profile %s failed: %w", p.name, err)
	}
	var key struct {
		Version                                    int
		AccessKeyId, SecretAccessKey, SessionToken string
	}
	if json.Unmarshal(out, &key) != nil || key.Version != 1 || key.AccessKeyId == "" || key.SecretAccessKey == "" {
		return client.Key{}, fmt.Errorf("the credential_process of the profile %s gave no key of version 1", p.name)
	}
	return client.Key{ID: key.AccessKeyId, Secret: key.SecretAccessKey, Token: key.SessionToken}, nil
}
