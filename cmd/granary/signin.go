package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"granary/internal/client"
)

// signInProvider is what the server tells of a sign-in provider.
type signInProvider struct {
	InstanceArn, TrustedTokenIssuerArn, IssuerUrl, ClientId, RedirectUri string
	Scopes                                                               []string
}

func (p *signInProvider) print(asJSON bool) error {
	if asJSON {
		return printJSON(p)
	}
	_, err := fmt.Printf("  provider      %s\n  client id     %s\n  scopes        openid %s\n  redirect URI  %s   "+
		"(register this with the provider)\n",
		p.IssuerUrl, p.ClientId, strings.Join(p.Scopes, " "), p.RedirectUri)
	return err
}

// signInFlags are what all of them take.
type signInFlags struct {
	connectionFlags
	instance string
	json     bool
}

func (f *signInFlags) command(use, short string, run func(*cobra.Command, client.Connection) error) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Args: noArgs, RunE: func(cmd *cobra.Command, _ []string) error {
		if f.instance == "" {
			return misuse{errors.New("--instance-arn is missing; aws sso-admin list-instances shows it")}
		}
		server, err := f.open(cmd)
		if err != nil {
			return err
		}
		return run(cmd, server)
	}}
	f.connectionFlags.add(c)
	c.Flags().StringVar(&f.instance, "instance-arn", "", "the Identity Center instance (aws sso-admin list-instances "+
		"shows it)")
	c.Flags().BoolVar(&f.json, "json", false, "print JSON")
	return c
}

// newSignIn is where people sign in with a browser. AWS has it in its console only.
func newSignIn() *cobra.Command {
	c := group("set, show or remove",
		&cobra.Command{Use: "signin", Short: "Say where people sign in with a browser: set, show, remove"})
	c.AddCommand(newSignInSet(), newSignInShow(), newSignInRemove())
	return c
}

func newSignInSet() *cobra.Command {
	var f signInFlags
	var issuer, id, secret string
	var scopes []string
	c := f.command("set", "Set the provider that browsers are sent to",
		func(cmd *cobra.Command, server client.Connection) error {
			if issuer == "" || id == "" {
				return misuse{errors.New("--issuer and --client-id are needed: the trusted token issuer's ARN, and the id of " +
					"Granary's registration with the provider")}
			}
			in := map[string]any{"InstanceArn": f.instance, "TrustedTokenIssuerArn": issuer, "ClientId": id}
			if secret != "" {
				s, err := readSecret("client secret", secret)
				if err != nil {
					return err
				}
				in["ClientSecret"] = s
			}
			if cmd.Flags().Changed("scope") {
				in["Scopes"] = scopes
			}
			var out signInProvider
			if err := server.Ask(cmd.Context(), "PutSignInProvider", in, &out); err != nil {
				return err
			}
			return out.print(f.json)
		})
	c.Long = `Applications with an authorization_code grant send browsers to /authorize on the web door; Granary
sends them on to this provider, and maps who signed in as its trusted token issuer says.
Leave --client-secret-file out to keep the secret, or for a public client.`
	c.Flags().StringVar(&issuer, "issuer", "", "ARN of the trusted token issuer that the provider is")
	c.Flags().StringVar(&id, "client-id", "", "client id of Granary's registration with the provider")
	c.Flags().StringVar(&secret, "client-secret-file", "", "a file with the client secret; - is standard input")
	c.Flags().StringSliceVar(&scopes, "scope", nil, "scopes to ask for beside openid (default profile,email)")
	return c
}

func newSignInShow() *cobra.Command {
	var f signInFlags
	return f.command("show", "Show the provider that browsers are sent to",
		func(cmd *cobra.Command, server client.Connection) error {
			var out signInProvider
			if err := server.Ask(cmd.Context(), "DescribeSignInProvider", map[string]string{"InstanceArn": f.instance},
				&out); err != nil {
				return err
			}
			return out.print(f.json)
		})
}

func newSignInRemove() *cobra.Command {
	var f signInFlags
	return f.command("remove", "Let nobody sign in with a browser",
		func(cmd *cobra.Command, server client.Connection) error {
			return server.Ask(cmd.Context(), "DeleteSignInProvider", map[string]string{"InstanceArn": f.instance}, nil)
		})
}
