package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"granary/internal/corp"
	"granary/internal/demo"
	"granary/internal/server"
)

func newDemo() *cobra.Command {
	var once bool
	api, web, idp := server.Defaults().API, server.Defaults().Web, "127.0.0.1:9602"
	cmd := &cobra.Command{
		Use:   "demo",
		Short: "Show the whole flow with a demo company, then keep it running",
		Long: `Starts a server in a temporary directory beside a demo company that has its own identity provider, sets
everything up through the public APIs, and walks from a person's sign-in to the object, refusals included.
Then it keeps running for you to try; --once stops after the walk.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if once { // nobody will come back to these addresses: any free port will do
				for name, at := range map[string]*string{"api": &api, "web": &web, "idp": &idp} {
					if !cmd.Flags().Changed(name) {
						*at = "127.0.0.1:0"
					}
				}
			}
			return runDemo(cmd.Context(), api, web, idp, once)
		},
	}
	cmd.AddCommand(newDemoExec())
	cmd.Flags().BoolVar(&once, "once", false, "stop after the walk; exit 0 only if each step did what it should")
	cmd.Flags().StringVar(&api, "api", api, "address of the API door")
	cmd.Flags().StringVar(&web, "web", web, "address of the web door")
	cmd.Flags().StringVar(&idp, "idp", idp, "address of the company's identity provider")
	return cmd
}

func runDemo(ctx context.Context, api, web, idp string, once bool) error {
	dir, err := os.MkdirTemp("", "granary-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	logs, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return err
	}
	defer logs.Close()
	greet(os.Stdout)
	c := server.Defaults()
	c.Data, c.API, c.Web = filepath.Join(dir, "data"), api, web
	w, err := demo.Start(ctx, c, idp, slog.New(slog.NewTextHandler(logs, nil)))
	if err != nil {
		return fmt.Errorf("%w\n(the demo can use other addresses: --api, --web, --idp)", err)
	}
	defer func() { _ = w.Stop() }() // the directory goes with it
	walk := &walker{out: os.Stdout, world: w}
	if err := walk.all(ctx); err != nil {
		return err
	}
	if once {
		fmt.Println("\nEvery step did what it should.")
		return nil
	}
	if err := walk.company.Save(c.Data); err != nil {
		return err
	}
	farewell(os.Stdout, c.Data, walk.company)
	<-ctx.Done()
	fmt.Println("\nThe demo has ended; its directory is removed.")
	return nil
}

// farewell says how to go on by hand.
func farewell(out io.Writer, data string, c *demo.Company) {
	fmt.Fprintf(out, `
It keeps running; Ctrl-C ends it. In another terminal:

  set -a; . %[1]s/client.env; set +a        # the environment of the account's root user
  aws s3 ls s3://%[2]s --recursive
  aws s3control list-access-grants --account-id $GRANARY_ACCOUNT_ID
  aws identitystore list-users --identity-store-id %[3]s --query 'Users[].[UserName,UserStatus,UserId]' --output text

Be somebody of the company, who has no password here: with a key to data, or with the session that asks for one
(as granary or go run ./cmd/granary):

  granary demo exec --data %[1]s --as alice --target 's3://%[2]s/finance/*' -- \
    aws s3 cp s3://%[2]s/finance/2026-q3.csv -
  granary demo exec --data %[1]s --as grace --target 's3://%[2]s/finance/drafts/*' --permission READWRITE -- \
    aws s3 ls s3://%[2]s/finance/drafts/
  granary demo exec --data %[1]s --as hugo -- aws s3control list-caller-access-grants --account-id %[10]s

Why somebody is refused, and who reaches what:

  granary explain --data %[1]s --as %[8]s 's3://%[2]s/finance/*'
  granary who --data %[1]s 's3://%[2]s/finance/*'
  granary can --data %[1]s %[9]s

  identity provider  %[4]s   (client %[5]s; sign in at /authorize)
  application        %[6]s
  audit log          %[1]s/audit/*.jsonl
  web door           %[7]s   (SCIM, signing keys, /metrics)

`, data, corp.Bucket, c.Store, c.Provider.Issuer(), corp.ClientID, c.Application, c.Server.WebURL(),
		"hugo@larkspur.example", "grace@larkspur.example", c.Account)
}
