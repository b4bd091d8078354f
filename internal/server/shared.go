package server

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"granary/internal/store"
)

// shared lists the settings by which all nodes must decide alike: every field of a Config that is not marked as a
// node's own.
func (c *Config) shared() []store.Setting { return sharedIn(reflect.ValueOf(c).Elem(), "") }

func sharedIn(v reflect.Value, prefix string) (list []store.Setting) {
	for i := range v.NumField() {
		f, t := v.Field(i), v.Type().Field(i)
		name := t.Tag.Get("yaml")
		switch {
		case name == "-" || t.Tag.Get("node") == "own":
		case f.Kind() == reflect.Struct:
			list = append(list, sharedIn(f, prefix+name+".")...)
		default:
			list = append(list, store.Setting{Name: prefix + name, Value: settingText(f.Interface())})
		}
	}
	return list
}

// settingText writes a value as one would write it in the file.
func settingText(v any) string {
	switch v := v.(type) {
	case []string:
		return strings.Join(v, ",")
	case time.Duration:
		return v.String()
	}
	return fmt.Sprint(v)
}

// boundToData are the settings that things in the state were made under: with another they are not found.
var boundToData = map[string]bool{"region": true}

// agree sees to it that this server decides by the settings that the state is used with. Alone with SQLite, most may
// change from one start to the next. Otherwise somebody must say that it is meant.
func (s *Server) agree(ctx context.Context) error {
	c := &s.config
	may := func(name string) bool { return c.ChangeSettings || !store.IsShared(c.State) && !boundToData[name] }
	differs, err := s.db.Agree(ctx, c.shared(), may)
	if errors.Is(err, store.ErrDiffers) {
		return c.errDiffers(differs, may)
	}
	if err != nil {
		return err
	}
	for _, d := range differs {
		s.log.Info("a setting was changed", "setting", d.Name, "was", d.Has, "is", d.Wants)
	}
	return nil
}

func (c *Config) errDiffers(differs []store.Difference, may func(string) bool) error {
	var list []string
	for _, d := range differs {
		if !may(d.Name) {
			list = append(list, fmt.Sprintf("%s is %q there, and %q for this server", d.Name, d.Has, d.Wants))
		}
	}
	what := "this state is used with other settings: " + strings.Join(list, "; ") + ". Give this server the same; or, " +
		"to change them on purpose, start it once with --change-settings"
	if store.IsShared(c.State) {
		what += ". The nodes that run refuse everything from then on, until each is started with the new settings"
	}
	return errors.New(what + ". What was made under another region is not found meanwhile")
}
