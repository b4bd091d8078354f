package server

import (
	"encoding"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// forClients are the variables that begin like settings and are none: client.env and tests have them.
var forClients = []string{"GRANARY_WEB_URL", "GRANARY_NODE_OPTIONS"}

// setFromEnv fills the fields that carry an env tag and whose variable is set.
func setFromEnv(c *Config, getenv func(string) string) error {
	if getenv("GRANARY_WEB_URL") != "" {
		// This is a shell that read a client.env. Its GRANARY_ACCOUNT_ID tells clients the account of the server that
		// they ask, and is not the setting of a server that is started there.
		inner := getenv
		getenv = func(name string) string {
			if name == "GRANARY_ACCOUNT_ID" {
				return ""
			}
			return inner(name)
		}
	}
	return walkEnv(reflect.ValueOf(c).Elem(), getenv)
}

func walkEnv(v reflect.Value, getenv func(string) string) error {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		if f.Kind() == reflect.Struct {
			if err := walkEnv(f, getenv); err != nil {
				return err
			}
			continue
		}
		name := t.Tag.Get("env")
		if name == "" || getenv(name) == "" {
			continue
		}
		if err := setField(f, name, getenv(name)); err != nil {
			return err
		}
	}
	return nil
}

// setField sets a field from text, as the environment and the file have it. name is for the error.
func setField(f reflect.Value, name, text string) error {
	if u, ok := f.Addr().Interface().(encoding.TextUnmarshaler); ok {
		if err := u.UnmarshalText([]byte(text)); err != nil {
			return fmt.Errorf("%s is wrong: %w", name, err)
		}
		return nil
	}
	switch f.Interface().(type) {
	case string:
		f.SetString(text)
	case bool:
		b, err := parseBool(name, text)
		if err != nil {
			return err
		}
		f.SetBool(b)
	case int, int64:
		n, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is %q, and must be a whole number", name, text)
		}
		f.SetInt(n)
	case []string:
		var list []string
		for s := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(s))
		}
		f.Set(reflect.ValueOf(list))
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s is %q, and must be a duration such as 30s, 15m or 24h", name, text)
		}
		f.SetInt(int64(d))
	default:
		return fmt.Errorf("%s cannot be given here", name)
	}
	return nil
}

// CheckEnvironment looks for variables that were meant as settings and are none. One that is a slip away from a setting
// is an error; the others are told in the warnings, since container platforms make variables of services' names.
func CheckEnvironment(environ []string) (warnings []string, err error) {
	known := append(variables(reflect.TypeFor[Config]()), forClients...)
	for _, kv := range environ {
		name, value, _ := strings.Cut(kv, "=")
		if !strings.HasPrefix(name, "GRANARY_") || strings.HasPrefix(name, "GRANARY_TEST_") || value == "" ||
			slices.Contains(known, name) {
			continue
		}
		if near := nearest(name, known); near != "" {
			return nil, fmt.Errorf("the environment has %s, which is no setting; did you mean %s?", name, near)
		}
		warnings = append(warnings, name+" in the environment is no setting of Granary, and is not heeded")
	}
	if slices.ContainsFunc(environ,
		func(kv string) bool { return len(kv) > 16 && strings.HasPrefix(kv, "GRANARY_WEB_URL=") }) &&
		slices.ContainsFunc(environ,
			func(kv string) bool { return len(kv) > 19 && strings.HasPrefix(kv, "GRANARY_ACCOUNT_ID=") }) {
		warnings = append(warnings, "GRANARY_ACCOUNT_ID in the environment comes from a client.env, and is not taken for "+
			"the setting; use --account-id")
	}
	return warnings, nil
}

// variables lists the environment variables of settings.
func variables(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if f := t.Field(i); f.Type.Kind() == reflect.Struct {
			names = append(names, variables(f.Type)...)
		} else if name := f.Tag.Get("env"); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// parseBool reads a switch, in the words of the environment and of YAML.
func parseBool(name, v string) (bool, error) {
	switch strings.ToLower(v) {
	case "yes", "on":
		return true, nil
	case "no", "off":
		return false, nil
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		return false, fmt.Errorf("%s is %q, and must be true or false", name, v)
	}
	return b, nil
}
