package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
)

// newDemoExec lets the people of a running demo be tried: the demo's company signs anybody in who says a name.
func newDemoExec() *cobra.Command {
	var data, person, target, permission string
	cmd := &cobra.Command{
		Use:   "exec --data DIR --as PERSON [--target s3://BUCKET/PREFIX* [--permission READ]] -- COMMAND [ARGUMENT…]",
		Short: "Run a command as a person of the running demo's company",
		Long: `Signs a person in at the demo's identity provider, trades the sign-in for a session in the person's name, as
the company's application would, and runs a command with that session's key. With --target it asks for a key to those
data first (GetDataAccess), and runs the command with that key.`,
		Example: "  granary demo exec --data DIR --as alice --target 's3://larkspur-reports/finance/*' -- " +
			"aws s3 ls s3://larkspur-reports/finance/",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{errors.New("exec needs a command; for example: granary demo exec --data DIR --as alice -- " +
					"aws sts get-caller-identity")}
			}
			login, err := personOf(person)
			if err != nil {
				return misuse{err}
			}
			c, err := demo.Open(data)
			if err != nil {
				return err
			}
			key, err := c.As(cmd.Context(), login)
			if err == nil && target != "" {
				var vended demo.Vended
				vended, err = c.Vend(cmd.Context(), key, target, permission)
				key = vended.Key
			}
			if refused := (*client.Refusal)(nil); errors.As(err, &refused) {
				return fmt.Errorf("%s is refused: %s: %s", login, refused.Code, strings.TrimSuffix(refused.Message, "."))
			}
			if err != nil {
				return err
			}
			return execIn(withKey(c.Env, key), args)
		},
	}
	cmd.Flags().StringVar(&data, "data", dataDir(), "the data directory that the demo says")
	cmd.Flags().StringVar(&person, "as", "alice", "user name of the person, or what stands before its @")
	cmd.Flags().StringVar(&target, "target", "", "data to ask for a key to, such as s3://BUCKET/PREFIX*")
	cmd.Flags().StringVar(&permission, "permission", "READ", "READ, WRITE or READWRITE")
	return cmd
}

// personOf finds a person of the company by user name, or by the part of it before the @.
func personOf(name string) (string, error) {
	var names []string
	for _, p := range corp.People {
		short, _, _ := strings.Cut(p.Login, "@")
		if name == p.Login || name == short {
			return p.Login, nil
		}
		names = append(names, short)
	}
	slices.Sort(names)
	return "", fmt.Errorf("--as is %q, and the company has: %s", name, strings.Join(names, ", "))
}
