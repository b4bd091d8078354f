// Command granary is the whole system in one binary: the server, the demo, and the operator's tools.
// One file per subcommand; the wiring is in package server.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/spf13/cobra"
)

// misuse is an error of the command line itself: exit code 2.
type misuse struct{ error }

// exitCode carries a child's exit code through cobra.
type exitCode int

func (e exitCode) Error() string { return fmt.Sprintf("exit status %d", int(e)) }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:]))
}

// run executes the command line: 0 for success, 1 for failure, 2 for misuse.
func run(ctx context.Context, args []string) int {
	root := newRoot()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	var m misuse
	var code exitCode
	switch {
	case err == nil:
		return 0
	case errors.As(err, &code):
		return int(code)
	case errors.As(err, &m):
		fmt.Fprintf(os.Stderr, "granary: %v\n", err)
		return 2
	}
	fmt.Fprintf(os.Stderr, "granary: %v\n", err)
	return 1
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "granary",
		Short: "S3 Access Grants for corporate directory identities, on any S3 storage",
		Long: `Granary lets you say "the Finance group may read s3://reports/finance/*" and makes it true:
a person signs in with the company's identity provider, the application trades that sign-in for a
short-lived S3 key that opens exactly what the person was granted. It speaks AWS's own APIs.

Begin with:  granary demo`,
		SilenceErrors: true, SilenceUsage: true,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return misuse{fmt.Errorf("there is no command %q; granary --help lists them", args[0])}
			}
			return cmd.Help()
		},
		Args:              cobra.ArbitraryArgs,
		PersistentPreRunE: noEmptyFlags,
	}
	root.SetFlagErrorFunc(flagError)
	root.SetHelpCommand(newHelp(root))
	root.AddCommand(newServe(), newDemo(), newExec(), newClientEnv(), newScim(), newIssuer(), newSignIn(), newKeys(),
		newExplain(), newWho(), newCan(), newBench())
	return root
}

// newHelp is cobra's own, and says when there is nothing to help with.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{Use: "help [COMMAND]", Short: "Say what a command is for",
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return misuse{fmt.Errorf("there is no command %q; granary --help lists them", strings.Join(args, " "))}
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		}}
}

// noArgs refuses stray words with a sentence.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse{fmt.Errorf("%s takes no argument %q; see: %s --help", cmd.CommandPath(), args[0], cmd.CommandPath())}
	}
	return nil
}
