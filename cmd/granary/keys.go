package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"
)

// newKeys is the server's own keys.
func newKeys() *cobra.Command {
	c := group("rotate", &cobra.Command{Use: "keys", Short: "Rotate the keys that tokens are signed and sealed with"})
	c.AddCommand(newKeysRotate())
	return c
}

func newKeysRotate() *cobra.Command {
	var at connectionFlags
	c := &cobra.Command{
		Use: "rotate sign|seal", Short: "Make a new key",
		Long: `sign is the key of identity tokens, whose public half the web door publishes; seal is the key of session
tokens, refresh tokens and identity contexts. What the older keys made stays good until it expires.`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 || args[0] != "sign" && args[0] != "seal" {
				return misuse{errors.New("granary keys rotate takes one of: sign, seal")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			server, err := at.open(cmd)
			if err != nil {
				return err
			}
			var out struct {
				KeyId string
				Keys  int
			}
			if err := server.Ask(cmd.Context(), "RotateKey", map[string]string{"Purpose": args[0]}, &out); err != nil {
				return err
			}
			_, err = fmt.Printf("Key %s is in use; %d are kept, for what the older ones made.\n", out.KeyId, out.Keys)
			return err
		},
	}
	at.add(c)
	return c
}
