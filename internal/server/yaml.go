package server

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// readYAML fills c from a configuration file. What it does not understand is an error that names the line and the key.
func readYAML(text []byte, c *Config) error {
	d := yaml.NewDecoder(bytes.NewReader(text))
	var doc, second yaml.Node
	switch err := d.Decode(&doc); {
	case errors.Is(err, io.EOF):
		return nil // nothing, or comments only
	case err != nil:
		return errors.New(strings.TrimPrefix(err.Error(), "yaml: "))
	}
	if err := d.Decode(&second); !errors.Is(err, io.EOF) {
		return errors.New("it has more than one document; remove the lines that hold only ---")
	}
	return setFromYAML(reflect.ValueOf(c).Elem(), "", doc.Content[0])
}

// setFromYAML sets a field, and those below it, from a node of the file. key is the field's name from the top, such as
// tls.key.
func setFromYAML(f reflect.Value, key string, n *yaml.Node) error {
	for n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	absent := n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null"
	switch f.Kind() {
	case reflect.Struct:
		if absent {
			return nil
		}
		return setStruct(f, key, n)
	case reflect.Map:
		if absent {
			return nil
		}
		return setMap(f, key, n)
	case reflect.Slice:
		if n.Kind == yaml.SequenceNode {
			return setList(f, key, n)
		}
	}
	if absent {
		return fmt.Errorf("line %d: %s has no value; give one, or remove the line", n.Line, key)
	}
	if n.Kind != yaml.ScalarNode {
		return fmt.Errorf("line %d: %s is one value, not %s", n.Line, key, shape(n))
	}
	if err := setField(f, key, n.Value); err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	return nil
}

func setStruct(f reflect.Value, key string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s has settings of its own, such as %s: write them below it", n.Line, orFile(key),
			strings.Join(below(f.Type()), ", "))
	}
	var errs []error
	given := map[string]bool{}
	for i := 0; i < len(n.Content); i += 2 {
		name := n.Content[i]
		full := strings.TrimPrefix(key+"."+name.Value, ".")
		field, ok := fieldNamed(f, name.Value)
		switch {
		case !ok:
			errs = append(errs, fmt.Errorf("line %d: there is no setting %q%s", name.Line, full, didYouMean(full,
				settings())))
		case given[name.Value]:
			errs = append(errs, fmt.Errorf("line %d: %s is given twice", name.Line, full))
		default:
			errs = append(errs, setFromYAML(field, full, n.Content[i+1]))
		}
		given[name.Value] = true
	}
	return errors.Join(errs...)
}

func setMap(f reflect.Value, key string, n *yaml.Node) error {
	if n.Kind != yaml.MappingNode {
		return fmt.Errorf("line %d: %s holds names with settings below each, not %s", n.Line, key, shape(n))
	}
	made := reflect.MakeMap(f.Type())
	for i := 0; i < len(n.Content); i += 2 {
		name, value := reflect.ValueOf(n.Content[i].Value), reflect.New(f.Type().Elem()).Elem()
		if made.MapIndex(name).IsValid() {
			return fmt.Errorf("line %d: %s.%s is given twice", n.Content[i].Line, key, name)
		}
		if d, ok := value.Addr().Interface().(interface{ defaults() }); ok {
			d.defaults()
		}
		if err := setFromYAML(value, key+"."+name.String(), n.Content[i+1]); err != nil {
			return err
		}
		made.SetMapIndex(name, value)
	}
	f.Set(made)
	return nil
}

func setList(f reflect.Value, key string, n *yaml.Node) error {
	list := reflect.MakeSlice(f.Type(), len(n.Content), len(n.Content))
	for i, element := range n.Content {
		if err := setFromYAML(list.Index(i), key, element); err != nil {
			return err
		}
	}
	f.Set(list)
	return nil
}

// shape says what a node is, for a person who does not think in nodes.
func shape(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "settings below it"
	}
	return fmt.Sprintf("%q", n.Value)
}

func orFile(key string) string {
	if key == "" {
		return "the file"
	}
	return key
}

// fieldNamed finds the field of a setting by its name in the file.
func fieldNamed(f reflect.Value, name string) (reflect.Value, bool) {
	for i := range f.NumField() {
		if tag := f.Type().Field(i).Tag.Get("yaml"); tag == name && tag != "-" {
			return f.Field(i), true
		}
	}
	return reflect.Value{}, false
}

// below lists the names of the settings in a struct.
func below(t reflect.Type) (names []string) {
	for i := range t.NumField() {
		if name := t.Field(i).Tag.Get("yaml"); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// settings lists the full names of all settings, such as tls.key.
func settings() []string {
	var names []string
	var walk func(t reflect.Type, key string)
	walk = func(t reflect.Type, key string) {
		for i := range t.NumField() {
			name := t.Field(i).Tag.Get("yaml")
			if name == "" || name == "-" {
				continue
			}
			full := strings.TrimPrefix(key+"."+name, ".")
			if ft := t.Field(i).Type; ft.Kind() == reflect.Struct && ft != reflect.TypeFor[time.Time]() {
				walk(ft, full)
			}
			names = append(names, full)
		}
	}
	walk(reflect.TypeFor[Config](), "")
	return names
}
