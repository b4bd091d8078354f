package main

import (
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"granary/internal/client"
	"granary/internal/server"
)

// connectionFlags say which server a command asks, and with which key. In this order: --endpoint and --profile; --data;
// the endpoint in the environment; the endpoint of the profile in the environment; the data directory of GRANARY_DATA,
// or granary-data here.
type connectionFlags struct{ data, endpoint, profile string }

func (f *connectionFlags) add(c *cobra.Command) {
	c.Flags().StringVar(&f.data, "data", dataDir(), "the data directory of a server on this machine")
	c.Flags().StringVar(&f.endpoint, "endpoint", "", "URL of the API of a server anywhere (default $AWS_ENDPOINT_URL)")
	c.Flags().StringVar(&f.profile, "profile", "",
		"AWS profile with the key to ask with (default the key in the environment)")
}

// open finds the server and the key.
func (f *connectionFlags) open(c *cobra.Command) (client.Connection, error) {
	data, elsewhere := c.Flags().Changed("data"), f.endpoint != "" || f.profile != ""
	switch {
	case data && elsewhere:
		return client.Connection{},
			misuse{errors.New("--data is for a server on this machine, --endpoint and --profile for one anywhere: give one or " +
				"the other")}
	case data:
		return client.Local(f.data)
	}
	env, err := f.environment(os.Getenv)
	if err != nil {
		return client.Connection{}, err
	}
	if env.Get("AWS_ENDPOINT_URL") != "" {
		return client.Connection{Env: env, Proxy: http.ProxyFromEnvironment}, needKey(env, f.profile)
	}
	if elsewhere {
		return client.Connection{}, fmt.Errorf("the profile %s has no endpoint_url; give --endpoint, or set AWS_ENDPOINT_URL",
			f.profile)
	}
	local, err := client.Local(f.data)
	if err != nil {
		return local,
			fmt.Errorf("%w; for a server elsewhere give --endpoint, or set AWS_ENDPOINT_URL, and a key or --profile", err)
	}
	return local, nil
}

// environment gathers what the flags, the environment and the profile say of a server that may be anywhere.
func (f *connectionFlags) environment(getenv func(string) string) (client.Env, error) {
	name := first(f.profile, getenv("AWS_PROFILE"), getenv("AWS_DEFAULT_PROFILE"))
	keyHere := f.profile == "" && getenv("AWS_ACCESS_KEY_ID") != ""
	endpoint := first(f.endpoint, getenv("AWS_ENDPOINT_URL"))
	p := &profile{}
	// Without a name, the profile "default" counts for its key only, so that an endpoint is always one that was asked for.
	if name != "" || endpoint != "" && !keyHere {
		var err error
		if p, err = readProfile(first(name, "default"), getenv); err != nil {
			if f.profile == "" && (keyHere || endpoint == "" || errors.Is(err, errNoProfile) && name == "") {
				p = &profile{} // nobody relies on it
			} else {
				return nil, err
			}
		}
	}
	endpoint = first(endpoint, p.values["endpoint_url"])
	region := first(getenv("AWS_REGION"), getenv("AWS_DEFAULT_REGION"), p.values["region"], server.Defaults().Region)
	if f.profile != "" {
		region = first(p.values["region"], region)
	}
	env := client.Env{{"AWS_ENDPOINT_URL", endpoint}, {"AWS_REGION", region}, {"AWS_DEFAULT_REGION", region}}
	if ca := first(getenv("AWS_CA_BUNDLE"), p.values["ca_bundle"]); ca != "" {
		env = append(env, [2]string{"AWS_CA_BUNDLE", ca})
	}
	for _, name := range []string{"GRANARY_WEB_URL", "GRANARY_ACCOUNT_ID", "GRANARY_NODE_OPTIONS"} {
		if v := getenv(name); v != "" && f.endpoint == "" && f.profile == "" {
			env = append(env, [2]string{name, v})
		}
	}
	if keyHere {
		return append(env, [2]string{"AWS_ACCESS_KEY_ID", getenv("AWS_ACCESS_KEY_ID")},
			[2]string{"AWS_SECRET_ACCESS_KEY", getenv("AWS_SECRET_ACCESS_KEY")},
			[2]string{"AWS_SESSION_TOKEN", first(getenv("AWS_SESSION_TOKEN"), getenv("AWS_SECURITY_TOKEN"))}), nil
	}
	if endpoint == "" {
		return env, nil
	}
	key, err := p.key()
	if err != nil {
		return nil, err
	}
	return append(env, [2]string{"AWS_ACCESS_KEY_ID", key.ID}, [2]string{"AWS_SECRET_ACCESS_KEY", key.Secret},
		[2]string{"AWS_SESSION_TOKEN", key.Token}), nil
}

// needKey says how to give a key when there is none.
func needKey(env client.Env, profile string) error {
	if env.Get("AWS_ACCESS_KEY_ID") != "" && env.Get("AWS_SECRET_ACCESS_KEY") != "" {
		return nil
	}
	if profile != "" {
		return fmt.Errorf("the profile %s has no key", profile)
	}
	return fmt.Errorf("there is no key for %s: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or give --profile",
		env.Get("AWS_ENDPOINT_URL"))
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// dataDir is the data directory that a command looks in when it is told neither a directory nor an endpoint.
func dataDir() string {
	return first(os.Getenv("GRANARY_DATA"), server.Defaults().Data)
}

// homeFile is a file below the home directory.
func homeFile(parts ...string) string {
	home, err := os.UserHomeDir()
	if err != nil {
		return ""
	}
	return filepath.Join(append([]string{home}, parts...)...)
}
