package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"granary/internal/client"
)

// newScim is the tokens that provisioning systems write the directory with. AWS has no public API for them.
func newScim() *cobra.Command {
	scim := group("token, status, enable or disable",
		&cobra.Command{Use: "scim", Short: "Let an identity provider provision the directory"})
	token := group("create, list or delete", &cobra.Command{Use: "token", Short: "Tokens for SCIM: create, list, delete"})
	token.AddCommand(newTokenCreate(), newTokenList(), newTokenDelete())
	scim.AddCommand(token, newScimStatus(),
		newScimSwitch("enable", "Let identity providers provision the directory again", true),
		newScimSwitch("disable", "Refuse all provisioning; tokens stay and work again once it is enabled", false))
	return scim
}

// group is a command that does nothing by itself, and says which words it goes on with.
func group(which string, c *cobra.Command) *cobra.Command {
	c.FParseErrWhitelist.UnknownFlags = true // a wrong word is told before the flags of the right one
	c.RunE = func(cmd *cobra.Command, _ []string) error {
		return misuse{fmt.Errorf("%s needs a command: %s", cmd.CommandPath(), which)}
	}
	return c
}

// scimFlags are what all of them take.
type scimFlags struct {
	connectionFlags
	store string
	json  bool
}

func (f *scimFlags) add(cmd *cobra.Command) {
	f.connectionFlags.add(cmd)
	cmd.Flags().StringVar(&f.store, "identity-store-id", "", "the identity store, d-… (aws sso-admin list-instances "+
		"shows it)")
	cmd.Flags().BoolVar(&f.json, "json", false, "print JSON")
}

func (f *scimFlags) connect(cmd *cobra.Command) (client.Connection, error) {
	if f.store == "" {
		return client.Connection{},
			misuse{errors.New("--identity-store-id is missing; aws sso-admin list-instances shows it")}
	}
	return f.open(cmd)
}

func printJSON(v any) error {
	e := json.NewEncoder(os.Stdout)
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// provisioning is the state of an identity store's SCIM endpoint.
type provisioning struct {
	Enabled  bool
	Endpoint string
}

func (f *scimFlags) print(p provisioning) error {
	state := map[bool]string{true: "enabled", false: "disabled"}[p.Enabled]
	if f.json {
		return printJSON(map[string]any{"enabled": p.Enabled, "endpoint": p.Endpoint})
	}
	fmt.Printf("Provisioning is %s.\n  SCIM endpoint  %s\n", state, p.Endpoint)
	return nil
}

func newScimStatus() *cobra.Command {
	var f scimFlags
	cmd := &cobra.Command{
		Use: "status", Short: "Show the endpoint, and whether provisioning is enabled", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := f.connect(cmd)
			if err != nil {
				return err
			}
			var out provisioning
			if err := server.Ask(cmd.Context(), "DescribeProvisioning", map[string]string{"IdentityStoreId": f.store},
				&out); err != nil {
				return err
			}
			return f.print(out)
		},
	}
	f.add(cmd)
	return cmd
}

func newScimSwitch(word, short string, enabled bool) *cobra.Command {
	var f scimFlags
	cmd := &cobra.Command{
		Use: word, Short: short, Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := f.connect(cmd)
			if err != nil {
				return err
			}
			var out provisioning
			if err := server.Ask(cmd.Context(), "PutProvisioning",
				map[string]any{"IdentityStoreId": f.store, "Enabled": enabled}, &out); err != nil {
				return err
			}
			return f.print(out)
		},
	}
	f.add(cmd)
	return cmd
}

func newTokenCreate() *cobra.Command {
	var f scimFlags
	var valid time.Duration
	cmd := &cobra.Command{
		Use: "create", Short: "Make a token; it is shown once", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			given := cmd.Flags().Changed("valid")
			if given && (valid < 24*time.Hour || valid > 43800*time.Hour) {
				return misuse{errors.New("--valid must be between 24h and 43800h, which is five years")}
			}
			server, err := f.connect(cmd)
			if err != nil {
				return err
			}
			in := map[string]any{"IdentityStoreId": f.store}
			if given {
				in["ValidForSeconds"] = int64(valid / time.Second)
			}
			var out struct {
				Endpoint, Token, TokenId string
				ExpiresAt                float64
			}
			if err := server.Ask(cmd.Context(), "CreateScimToken", in, &out); err != nil {
				return err
			}
			expires := time.Unix(int64(out.ExpiresAt), 0).UTC().Format(time.RFC3339)
			if f.json {
				return printJSON(map[string]string{"endpoint": out.Endpoint, "token": out.Token, "id": out.TokenId,
					"expires": expires})
			}
			fmt.Printf("Give these to your identity provider; the token is not shown again.\n  SCIM endpoint  %s\n  token     "+
				"%s\n  id             %s\n  expires        %s\n",
				out.Endpoint, out.Token, out.TokenId, expires)
			return nil
		},
	}
	f.add(cmd)
	cmd.Flags().DurationVar(&valid, "valid", 0, "how long the token serves (default a year)")
	return cmd
}

func newTokenList() *cobra.Command {
	var f scimFlags
	cmd := &cobra.Command{
		Use: "list", Short: "Show the tokens' ids, creation, expiry and last use", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			server, err := f.connect(cmd)
			if err != nil {
				return err
			}
			var out struct {
				Tokens []struct {
					TokenId                          string
					CreatedAt, ExpiresAt, LastUsedAt float64
				}
			}
			if err := server.Ask(cmd.Context(), "ListScimTokens", map[string]string{"IdentityStoreId": f.store},
				&out); err != nil {
				return err
			}
			at := func(t float64) string {
				if t == 0 {
					return "never"
				}
				return time.Unix(int64(t), 0).UTC().Format(time.RFC3339)
			}
			list := []map[string]string{}
			for _, t := range out.Tokens {
				list = append(list, map[string]string{"id": t.TokenId, "created": at(t.CreatedAt), "expires": at(t.ExpiresAt),
					"lastUsed": at(t.LastUsedAt),
					"state":    tokenState(time.Until(time.Unix(int64(t.ExpiresAt), 0)))})
			}
			if f.json {
				return printJSON(list)
			}
			w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
			fmt.Fprintln(w, "ID\tCREATED\tEXPIRES\tLAST USED\tSTATE")
			for _, t := range list {
				fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", t["id"], t["created"], t["expires"], t["lastUsed"], t["state"])
			}
			return w.Flush()
		},
	}
	f.add(cmd)
	return cmd
}

// tokenState warns of a token's end from 90 days before, as AWS does.
func tokenState(left time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case left <= 0:
		return "expired"
	case left < 90*day:
		return fmt.Sprintf("expires in %d days", left/day)
	}
	return "live"
}

func newTokenDelete() *cobra.Command {
	var f scimFlags
	cmd := &cobra.Command{
		Use: "delete ID", Short: "End a token at once",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse{errors.New("scim token delete needs one ID; granary scim token list shows them")}
			}
			server, err := f.connect(cmd)
			if err != nil {
				return err
			}
			if err := server.Ask(cmd.Context(), "DeleteScimToken",
				map[string]string{"IdentityStoreId": f.store, "TokenId": args[0]}, &struct{}{}); err != nil {
				return err
			}
			if f.json {
				return printJSON(map[string]string{"deleted": args[0]})
			}
			fmt.Println("The token " + args[0] + " has ended.")
			return nil
		},
	}
	f.add(cmd)
	return cmd
}
