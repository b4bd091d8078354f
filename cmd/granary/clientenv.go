package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"granary/internal/client"
)

// newClientEnv makes the environment of a client on another machine, and says what that machine needs beside it.
func newClientEnv() *cobra.Command {
	var at connectionFlags
	var ca string
	var withKey bool
	c := &cobra.Command{
		Use:   "client-env",
		Short: "Print the environment for a client on another machine, and what that machine needs",
		Long: `Prints NAME=value lines as DIR/client.env has them, made for another machine: to a file of that machine, or
into its shell. What else it needs, names, certificates and a key, is told on standard error, with what the server
shows now. No key is printed unless --with-key is given: give people keys of their own.`,
		Example: "  granary client-env --data /var/lib/granary >laptop.env\n  granary client-env --profile alice --with-key",
		Args:    noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			to, err := at.open(cmd)
			if err != nil {
				return err
			}
			endpoint, err := to.Endpoint()
			if err != nil {
				return err
			}
			certificate, err := to.Certificate(cmd.Context())
			if err != nil {
				return err
			}
			account, err := accountOf(cmd.Context(), to)
			if err != nil {
				return err
			}
			env, err := forElsewhere(to, endpoint, account, ca, withKey)
			if err != nil {
				return err
			}
			for _, kv := range env {
				fmt.Printf("%s=%s\n", kv[0], kv[1])
			}
			needs(os.Stderr, to, endpoint, certificate, env, account)
			return nil
		},
	}
	at.add(c)
	c.Flags().StringVar(&ca, "ca", "/etc/granary/ca.pem",
		"where the other machine keeps the file of the certificate authority")
	c.Flags().BoolVar(&withKey, "with-key", false, "print the key that this command asks with, too")
	return c
}

// accountOf asks the server whose the key is, which also proves that the way there and the key are good.
func accountOf(ctx context.Context, to client.Connection) (string, error) {
	call, err := to.Caller(to.Key())
	if err != nil {
		return "", err
	}
	var identity struct{ Account string }
	if err := call.Query(ctx, "sts", "2011-06-15", "GetCallerIdentity", nil, &identity); err != nil {
		return "", fmt.Errorf("the server does not take the key: %w", err)
	}
	return identity.Account, nil
}

// forElsewhere is the environment for another machine.
func forElsewhere(to client.Connection, endpoint *url.URL, account, ca string, withKey bool) (client.Env, error) {
	host, region := endpoint.Hostname(), to.Env.Get("AWS_REGION")
	env := client.Env{{"AWS_ENDPOINT_URL", endpoint.String()}, {"AWS_REGION", region}, {"AWS_DEFAULT_REGION",
		region}}
	if endpoint.Scheme == "http" {
		// The API door is a proxy for its own names: one name is enough then, and the wildcard is not needed.
		proxy := endpoint.String()
		if client.IsLocalhost(host) { // which resolvers do not know
			proxy = first(to.Env.Get("HTTP_PROXY"), "http://"+strings.Replace(endpoint.Host, host, "127.0.0.1", 1))
		}
		env = append(env, [2]string{"HTTP_PROXY", proxy}, [2]string{"NO_PROXY", "127.0.0.1"})
	} else {
		env = append(env, [2]string{"NO_PROXY", "127.0.0.1,localhost," + host + ",." + host})
	}
	if to.Env.Get("AWS_CA_BUNDLE") != "" && endpoint.Scheme == "https" {
		if !filepath.IsAbs(ca) {
			return nil,
				misuse{errors.New("--ca is a path on the other machine, from the root on, since programs run in any directory")}
		}
		env = append(env, [2]string{"AWS_CA_BUNDLE", ca})
	}
	for _, name := range []string{"GRANARY_WEB_URL", "GRANARY_NODE_OPTIONS"} {
		if v := to.Env.Get(name); v != "" {
			env = append(env, [2]string{name, v})
		}
	}
	env = append(env, [2]string{"GRANARY_ACCOUNT_ID", account})
	if withKey {
		k := to.Key()
		env = append(env, [2]string{"AWS_ACCESS_KEY_ID", k.ID}, [2]string{"AWS_SECRET_ACCESS_KEY", k.Secret},
			[2]string{"AWS_SESSION_TOKEN", k.Token})
	}
	return env, nil
}

// needs says what the other machine needs beside the environment.
func needs(out io.Writer, to client.Connection, endpoint *url.URL, certificate *x509.Certificate, env client.Env,
	account string) {
	host := endpoint.Hostname()
	say := func(what, format string, args ...any) {
		fmt.Fprintf(out, "  %-12s %s\n", what, fmt.Sprintf(format, args...))
	}
	fmt.Fprintln(out, "What the other machine needs beside these lines:")
	if client.IsLocalhost(host) {
		say("server", "%s is each machine itself: only programs on the server's own machine reach it.", host)
		say("", "For others start it with --domain NAME, --api 0.0.0.0:9600 and TLS.")
	}
	switch {
	case endpoint.Scheme == "https":
		say("names", "%s and *.%s lead to the server: SDKs put the account or the bucket before the name.", host, host)
	default:
		say("names", "%s leads to the server. Programs that heed no HTTP_PROXY (Node.js, Java) need *.%s too.", host,
			host)
	}
	say("", "Without a wildcard in the DNS, a line in the hosts file, with each bucket that is used:")
	say("", "ADDRESS %s %s.%s BUCKET.%s", host, account, host, host)
	if certificate != nil {
		say("certificate", "is for %s, until %s", strings.Join(certificate.DNSNames, ", "),
			certificate.NotAfter.UTC().Format(time.DateOnly))
		if certificate.VerifyHostname(account+"."+host) != nil {
			say("", "but not for *.%s: clients refuse it when the account or a bucket stands before the name", host)
		}
		if env.Get("AWS_CA_BUNDLE") != "" {
			say("authority", "the file %s, there as %s", to.Env.Get("AWS_CA_BUNDLE"), env.Get("AWS_CA_BUNDLE"))
		}
	}
	switch {
	case env.Get("AWS_ACCESS_KEY_ID") == "":
		say("key",
			"AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY of an IAM user, or a profile: aws iam create-user, create-access-key")
	case env.Get("AWS_SESSION_TOKEN") != "":
		say("key", "is of a session, and ends with it")
	}
	say("Node.js",
		"NODE_OPTIONS=$GRANARY_NODE_OPTIONS where that variable is there; else the names above. More: docs/clients.md")
}
