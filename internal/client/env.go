package client

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Env is what a client of a server needs in its environment: names and values, in the order in which they are written.
type Env [][2]string

// Get returns a variable's value, "" if it is not there. The last one counts, as in an environment.
func (e Env) Get(name string) string {
	for _, kv := range slices.Backward(e) {
		if kv[0] == name {
			return kv[1]
		}
	}
	return ""
}

// Has reports whether the variable is there, with any value.
func (e Env) Has(name string) bool {
	return slices.ContainsFunc(e, func(kv [2]string) bool { return kv[0] == name })
}

// Text returns plain NAME=value lines. They may hold a secret key.
func (e Env) Text() string {
	var b strings.Builder
	for _, kv := range e {
		fmt.Fprintf(&b, "%s=%s\n", kv[0], kv[1])
	}
	return b.String()
}

// EnvPath is the file in a data directory where a server leaves the environment of its clients.
func EnvPath(dir string) string { return filepath.Join(dir, "client.env") }

// ReadEnv reads the environment that a server left in its data directory. Its error is a sentence that says what to do.
func ReadEnv(dir string) (Env, error) {
	f, err := os.Open(EnvPath(dir))
	if err != nil {
		return nil, fmt.Errorf("no Granary has run with the data directory %s (%s is missing); start one with: granary "+
			"serve --data %s",
			dir, EnvPath(dir), dir)
	}
	defer f.Close()
	var e Env
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), "="); ok {
			e = append(e, [2]string{name, value})
		}
	}
	return e, nil
}

// DoorPath is the file in a data directory where a server leaves how its API door is dialled on this machine.
func DoorPath(dir string) string { return filepath.Join(dir, "api.address") }

// ReadDoor reads how the API door of the server with this data directory is dialled on this machine: a scheme and an
// address, or "" when that is not known.
func ReadDoor(dir string) string {
	b, err := os.ReadFile(DoorPath(dir))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

// IsLocalhost reports whether a name means this machine on every machine (RFC 6761).
func IsLocalhost(name string) bool {
	name = strings.ToLower(strings.TrimSuffix(name, "."))
	return name == "localhost" || strings.HasSuffix(name, ".localhost")
}
