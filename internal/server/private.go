package server

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
)

// ours are the names in the data directory that the server makes, as patterns.
var ours = []string{"state.db*", "kek", "client.env", "installation", "ca.pem", "api.address", "lock", "*.new", "audit",
	"objects"}

// keepPrivate takes from others whatever they may do with the server's files: secrets, people and data are in them.
// What is below a folder of ours is out of reach once the folder is. A directory in which anybody may put other files
// in the place of ours is refused.
func keepPrivate(dir string, log *slog.Logger) error {
	at, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("the data directory %s cannot be used: %w", dir, err)
	}
	if at.Mode().Perm()&0o002 != 0 {
		return fmt.Errorf("everybody on this machine may write into the data directory %s, and so replace the server's "+
			"keys; run: chmod o-w %s", dir, dir)
	}
	if at.Mode().Perm()&0o020 != 0 {
		log.Warn("the group of the data directory may replace the server's files", "data", dir, "what_to_do",
			"chmod g-w "+dir)
	}
	for _, pattern := range ours {
		found, err := filepath.Glob(filepath.Join(escapeGlob(dir), pattern))
		if err != nil {
			return err
		}
		for _, path := range found {
			switch f, err := os.Stat(path); {
			case errors.Is(err, fs.ErrNotExist): // gone meanwhile
			case err != nil:
				return fmt.Errorf("%s cannot be looked at: %w", path, err)
			case f.Mode().Perm()&0o077 != 0:
				if err := os.Chmod(path, f.Mode().Perm()&^0o077); err != nil {
					return fmt.Errorf("others on this machine may read %s, and that cannot be changed (%w); run: chmod go= %s", path,
						err, path)
				}
			}
		}
	}
	return nil
}

// escapeGlob makes a path stand for itself in a pattern.
func escapeGlob(path string) string {
	var out []rune
	for _, r := range path {
		switch r {
		case '*', '?', '[', '\\':
			out = append(out, '\\')
		}
		out = append(out, r)
	}
	return string(out)
}
