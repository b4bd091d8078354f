package server

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// ClientEnv is what a client of this server needs in its environment, in the order it is written.
type ClientEnv [][2]string

// Get returns a variable's value.
func (e ClientEnv) Get(name string) string {
	for _, kv := range e {
		if kv[0] == name {
			return kv[1]
		}
	}
	return ""
}

// clientEnvPath is where serve leaves the environment of its clients.
func clientEnvPath(dir string) string { return filepath.Join(dir, "client.env") }

// write leaves DIR/client.env, readable by its owner only: plain NAME=value lines.
func (e ClientEnv) write(dir string) error {
	var b strings.Builder
	for _, kv := range e {
		fmt.Fprintf(&b, "%s=%s\n", kv[0], kv[1])
	}
	return writeFile(clientEnvPath(dir), b.String())
}

// ReadClientEnv reads DIR/client.env. Its failure is a sentence that says what to do.
func ReadClientEnv(dir string) (ClientEnv, error) {
	f, err := os.Open(clientEnvPath(dir))
	if err != nil {
		return nil, fmt.Errorf("no Granary has run with the data directory %s (%s is missing); start one with: granary serve --data %s",
			dir, clientEnvPath(dir), dir)
	}
	defer f.Close()
	var e ClientEnv
	for s := bufio.NewScanner(f); s.Scan(); {
		if name, value, ok := strings.Cut(s.Text(), "="); ok {
			e = append(e, [2]string{name, value})
		}
	}
	return e, nil
}
