package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"granary"
)

// wants says what flags take, by the name that the flag library has for it.
var wants = map[string]string{"int": "a whole number", "int64": "a whole number",
	"intSlice": "whole numbers with commas between them", "bool": "true or false",
	"duration": "a time such as 30s, 15m or 24h"}

// flagError puts what is wrong with a flag into a sentence.
func flagError(cmd *cobra.Command, err error) error {
	var value *pflag.InvalidValueError
	var unknown *pflag.NotExistError
	var missing *pflag.ValueRequiredError
	var syntax *pflag.InvalidSyntaxError
	why := err.Error()
	switch {
	case errors.As(err, &value):
		why = fmt.Sprintf("--%s takes %s, not %q", value.GetFlag().Name, wants[value.GetFlag().Value.Type()],
			value.GetValue())
	case errors.As(err, &missing):
		why = fmt.Sprintf("--%s needs a value", missing.GetFlag().Name)
	case errors.As(err, &unknown) && unknown.GetSpecifiedShortnames() != "":
		why = fmt.Sprintf("there is no flag -%s", unknown.GetSpecifiedName())
	case errors.As(err, &unknown):
		why = fmt.Sprintf("there is no flag --%s", unknown.GetSpecifiedName())
	case errors.As(err, &syntax):
		why = fmt.Sprintf("%s is not a flag", syntax.GetSpecifiedFlag())
	}
	return misuse{fmt.Errorf("%s; see: %s --help", why, cmd.CommandPath())}
}

// noEmptyFlags refuses flags that are given an empty text: most often a variable of a script that is not set, and what
// would then be done is not what was meant.
func noEmptyFlags(cmd *cobra.Command, _ []string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && f.Value.Type() == "string" && strings.TrimSpace(f.Value.String()) == "" {
			err = misuse{fmt.Errorf("--%s is given, and empty; see: %s --help", f.Name, cmd.CommandPath())}
		}
	})
	return err
}

// checkAccount tells misuse of an account number before the server is asked; "" is none.
func checkAccount(id string) error {
	if id != "" && !granary.AccountID(id).Valid() {
		return misuse{fmt.Errorf("--account-id is the 12 digits of an account, not %q", id)}
	}
	return nil
}
