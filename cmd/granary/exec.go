package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"granary/internal/server"
)

func newExec() *cobra.Command {
	data := server.Defaults().Data
	var role string
	cmd := &cobra.Command{
		Use:   "exec [--data DIR] [--as-role ARN] -- COMMAND [ARGUMENT…]",
		Short: "Run a command in the environment of a client",
		Long: `Runs a command with the server's address and a key in its environment: the management account's
root key, or with --as-role the key of a session of that role, as a machine that the role is attached to would have.`,
		Example: "  granary exec -- aws s3control get-access-grants-instance --account-id 123456789012",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{errors.New("exec needs a command; for example: granary exec -- aws sts get-caller-identity")}
			}
			env, err := server.ReadClientEnv(data)
			if err != nil {
				return err
			}
			if role != "" {
				if env, err = asRole(cmd.Context(), env, role); err != nil {
					return err
				}
			}
			return execIn(env, args)
		},
	}
	cmd.Flags().StringVar(&data, "data", dataDir(), "the server's data directory")
	cmd.Flags().StringVar(&role, "as-role", "", "ARN of the role to be")
	return cmd
}

// dataDir is the data directory a client command looks in when it is not told one.
func dataDir() string {
	if d := os.Getenv("GRANARY_DATA"); d != "" {
		return d
	}
	return server.Defaults().Data
}

// foreign are variables that would mix another identity or another way into the environment of the command.
var foreign = map[string]bool{"AWS_SESSION_TOKEN": true, "AWS_SECURITY_TOKEN": true, "AWS_PROFILE": true, "AWS_DEFAULT_PROFILE": true,
	"http_proxy": true, "no_proxy": true}

func execIn(env server.ClientEnv, args []string) error {
	c := exec.Command(args[0], args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	for _, kv := range os.Environ() {
		if name, _, _ := strings.Cut(kv, "="); !foreign[name] {
			c.Env = append(c.Env, kv)
		}
	}
	for _, kv := range env {
		c.Env = append(c.Env, kv[0]+"="+kv[1])
	}
	err := c.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.Exited() {
		return exitCode(exit.ExitCode())
	}
	if errors.Is(err, exec.ErrNotFound) {
		return fmt.Errorf("there is no program %q on this machine", args[0])
	}
	if err != nil {
		return fmt.Errorf("the command cannot be run: %w", err)
	}
	return nil
}
