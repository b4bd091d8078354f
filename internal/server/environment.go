package server

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// setFromEnv fills the fields that carry an env tag and whose variable is set.
func setFromEnv(c *Config, getenv func(string) string) error {
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

func setField(f reflect.Value, name, text string) error {
	switch f.Interface().(type) {
	case string:
		f.SetString(text)
	case bool:
		b, err := parseBool(name, text)
		if err != nil {
			return err
		}
		f.SetBool(b)
	case int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%s is %q, and must be a whole number", name, text)
		}
		f.SetInt(int64(n))
	case []string:
		var list []string
		for s := range strings.SplitSeq(text, ",") {
			list = append(list, strings.TrimSpace(s))
		}
		f.Set(reflect.ValueOf(list))
	case time.Duration:
		d, err := time.ParseDuration(text)
		if err != nil {
			return fmt.Errorf("%s is %q, and must be a duration such as 1h or 30m", name, text)
		}
		f.SetInt(int64(d))
	}
	return nil
}
