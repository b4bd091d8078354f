package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// newIssuer is what helps to connect an identity provider.
func newIssuer() *cobra.Command {
	c := group("test", &cobra.Command{Use: "issuer", Short: "Check a trusted token issuer"})
	c.AddCommand(newIssuerTest())
	return c
}

func newIssuerTest() *cobra.Command {
	var at connectionFlags
	var file string
	var asJSON bool
	c := &cobra.Command{
		Use:   "test ARN [--token FILE]",
		Short: "Say step by step whether an issuer's sign-ins would be accepted, and whom a token means",
		Long: `Fetches the issuer's discovery document and keys. With a sign-in token (--token FILE, or - for
standard input) it goes on: signature, audience, times, the claim, the user, the assignment.
The token is not used up. The exit status is 1 when a step fails.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] == "" {
				return misuse{errors.New("granary issuer test takes one ARN; aws sso-admin list-trusted-token-issuers shows them")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := at.open(cmd)
			if err != nil {
				return err
			}
			in := map[string]string{"TrustedTokenIssuerArn": args[0]}
			if file != "" {
				if in["Token"], err = readSecret("token", file); err != nil {
					return err
				}
			}
			var out struct {
				Steps []struct{ Name, Result, Detail string }
			}
			if err := server.Ask(cmd.Context(), "TestTrustedTokenIssuer", in, &out); err != nil {
				return err
			}
			failed := false
			for _, s := range out.Steps {
				failed = failed || s.Result != "PASSED"
				if !asJSON {
					mark := "ok  "
					if s.Result != "PASSED" {
						mark = "FAIL"
					}
					fmt.Printf("%s  %-10s  %s\n", mark, s.Name, s.Detail)
				}
			}
			if asJSON {
				if err := printJSON(out); err != nil {
					return err
				}
			}
			if failed {
				return exitCode(1)
			}
			return nil
		},
	}
	at.add(c)
	c.Flags().StringVar(&file, "token", "", "a file with a sign-in token of the issuer; - is standard input")
	c.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return c
}

// readSecret reads a token or the like, which may end with a line break. It comes from a file so that it stands in no
// process list.
func readSecret(what, path string) (string, error) {
	in := io.Reader(os.Stdin)
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return "", fmt.Errorf("the %s cannot be read: %w", what, err)
		}
		defer f.Close()
		in = f
	}
	b, err := io.ReadAll(io.LimitReader(in, 64<<10))
	if err == nil && len(strings.TrimSpace(string(b))) == 0 {
		err = errors.New("it is empty")
	}
	if err != nil {
		return "", fmt.Errorf("the %s cannot be read: %w", what, err)
	}
	return strings.TrimSpace(string(b)), nil
}
