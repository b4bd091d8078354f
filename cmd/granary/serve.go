package main

import (
	"fmt"
	"log/slog"
	"os"

	"github.com/spf13/cobra"

	"granary/internal/server"
)

func newServe() *cobra.Command {
	c := server.Defaults()
	var file, logLevel string
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Runs the API door (every AWS API and S3) and the web door (SCIM, sign-in keys, health).
An empty data directory is initialised; DIR/client.env then holds what clients need:

  set -a; . granary-data/client.env; set +a; aws sts get-caller-identity`,
		Args: noArgs,
	}
	f := cmd.Flags()
	f.String("data", c.Data, "directory of the state, the objects and the audit log")
	f.String("api", c.API, "address of the API door")
	f.String("web", c.Web, "address of the web door")
	f.String("domain", c.Domain, "own host name; accounts and buckets stand before it")
	f.String("region", c.Region, "the AWS Region this server is")
	f.String("account-id", "", "12-digit id of the management account when the directory is initialised (default random)")
	f.BoolVar(&c.ChangeSettings, "change-settings", false, "the settings that nodes share, and the region, become those "+
		"of this server")
	f.StringVar(&file, "config", "", "YAML configuration file")
	f.StringVar(&logLevel, "log-level", "info", "debug, info, warn or error")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		var level slog.Level
		if err := level.UnmarshalText([]byte(logLevel)); err != nil {
			return misuse{fmt.Errorf("--log-level is %q, and must be debug, info, warn or error", logLevel)}
		}
		warnings, err := server.CheckEnvironment(os.Environ())
		if err != nil {
			return misuse{err}
		}
		if err := c.Load(file, os.Getenv); err != nil {
			return misuse{err}
		}
		// A flag that was given wins over the file and the environment: it is the nearest to the person.
		for name, field := range map[string]*string{"data": &c.Data, "api": &c.API, "web": &c.Web, "domain": &c.Domain,
			"region": &c.Region, "account-id": &c.AccountID} {
			if f.Changed(name) {
				*field, _ = f.GetString(name)
			}
		}
		if err := c.Check(); err != nil {
			return misuse{err}
		}
		log := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level}))
		for _, w := range warnings {
			log.Warn(w)
		}
		s, err := server.Start(cmd.Context(), c, log)
		if err != nil {
			return err
		}
		fmt.Printf("Granary serves account %s in %s.\n  API  %s\n  web  %s\n  environment for clients: %s\n",
			s.Account, c.Region, s.APIURL(), s.WebURL(), s.EnvPath())
		<-cmd.Context().Done()
		fmt.Println("Stopping: requests under way may finish.")
		return s.Stop()
	}
	return cmd
}
