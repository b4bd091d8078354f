package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/spf13/cobra"

	"granary/internal/client"
)

func newExec() *cobra.Command {
	var at connectionFlags
	var role string
	cmd := &cobra.Command{
		Use:   "exec [--data DIR | --endpoint URL] [--as-role ARN] -- COMMAND [ARGUMENT…]",
		Short: "Run a command in the environment of a client",
		Long: `Runs a command with the server's address and a key in its environment: the management account's
root key, or with --as-role the key of a session of that role, as a machine that the role is attached to would have.
With a domain below localhost, programs on Node.js 20 and later find its names too (NODE_OPTIONS).`,
		Example: "  granary exec -- aws s3control get-access-grants-instance --account-id 123456789012",
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return misuse{errors.New("exec needs a command; for example: granary exec -- aws sts get-caller-identity")}
			}
			to, err := at.open(cmd)
			if err != nil {
				return err
			}
			env := to.Env
			if role != "" {
				if env, err = asRole(cmd.Context(), to, role); err != nil {
					return err
				}
			}
			return execIn(env, args)
		},
	}
	at.add(cmd)
	cmd.Flags().StringVar(&role, "as-role", "", "ARN of the role to be")
	return cmd
}

// foreign are variables that would mix another identity into the environment of the command.
var foreign = map[string]bool{"AWS_SESSION_TOKEN": true, "AWS_SECURITY_TOKEN": true, "AWS_PROFILE": true,
	"AWS_DEFAULT_PROFILE": true}

func execIn(env client.Env, args []string) error {
	c := exec.Command(args[0], args[1:]...)
	c.Stdin, c.Stdout, c.Stderr = os.Stdin, os.Stdout, os.Stderr
	for _, kv := range os.Environ() {
		name, _, _ := strings.Cut(kv, "=")
		if way := strings.ToUpper(name); way != name && env.Has(way) {
			continue // http_proxy would win over HTTP_PROXY
		}
		if !foreign[name] {
			c.Env = append(c.Env, kv)
		}
	}
	if node := env.Get("GRANARY_NODE_OPTIONS"); node != "" {
		env = append(env, [2]string{"NODE_OPTIONS", strings.TrimSpace(os.Getenv("NODE_OPTIONS") + " " + node)})
	}
	for _, kv := range env {
		if kv[1] != "" || !foreign[kv[0]] { // what is foreign and not replaced is left out
			c.Env = append(c.Env, kv[0]+"="+kv[1])
		}
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
