package server

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"granary/internal/store"
)

// installationPath is the file that says to which installation a data directory belongs: the id of the organization in
// its state.
func (c *Config) installationPath() string { return filepath.Join(c.Data, "installation") }

// belongsTo is the installation that the data directory was used with, "" for none. It fails when the state that the
// directory belongs to is surely not the one that is configured: a new and empty one must not be begun beside it.
func (c *Config) belongsTo() (id string, err error) {
	b, err := os.ReadFile(c.installationPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("the data directory cannot be used: %w", err)
	}
	id = strings.TrimSpace(string(b))
	_, err = os.Stat(filepath.Join(c.Data, "state.db"))
	embedded := err == nil
	switch {
	case !store.IsShared(c.State) && id != "" && !embedded:
		return "", fmt.Errorf("the data directory %s belongs to the installation %s, whose state is not in it (there is no "+
			"state.db); set state to the database that it was used with, or use another data directory", c.Data, id)
	case store.IsShared(c.State) && id == "" && embedded:
		return "", fmt.Errorf("the data directory %s holds the state of an installation (state.db), and the state is to be "+
			"in PostgreSQL; set state: sqlite, or use another data directory", c.Data)
	}
	return id, nil
}

// checkInstallation compares the installation that the state is of, "" for an empty state, with the one of the data
// directory.
func (c *Config) checkInstallation(belongs, state string) error {
	switch {
	case belongs == "" || belongs == state:
		return nil
	case state == "":
		return fmt.Errorf("the data directory %s belongs to the installation %s, and the state that is configured is "+
			"empty; set state to where that installation's is, or use another data directory for a new one", c.Data, belongs)
	}
	return fmt.Errorf("the data directory %s belongs to the installation %s, and the state that is configured to %s; "+
		"set state to where the first one's is, or use another data directory", c.Data, belongs, state)
}

func (c *Config) keepInstallation(belongs, state string) error {
	if belongs != "" {
		return nil
	}
	return writeFile(c.installationPath(), state+"\n")
}
