package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// pkg is a package with its mutants.
type pkg struct {
	dir, tmp string
	overlay  map[string]string
	mutants  []*mutant
}

// replace makes the compiler read another text in place of a file.
func (p *pkg) replace(path string, text []byte) error {
	abs, err := filepath.Abs(path)
	if err != nil {
		return err
	}
	other := filepath.Join(p.tmp, filepath.Base(path))
	p.overlay[abs] = other
	return os.WriteFile(other, text, 0o644)
}

func (p *pkg) binary() string { return filepath.Join(p.tmp, "mutants.test") }

// build compiles the package's tests with the overlay.
func (p *pkg) build() error {
	text, err := json.Marshal(map[string]any{"Replace": p.overlay})
	if err != nil {
		return err
	}
	overlay := filepath.Join(p.tmp, "overlay.json")
	if err := os.WriteFile(overlay, text, 0o644); err != nil {
		return err
	}
	out, err := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", p.binary(), "./"+p.dir).
		CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s does not compile with its mutants: %w\n%s", p.dir, err, out)
	}
	return nil
}

// try runs the tests with one mutant, or with none if number is 0. Tests that do not end within the limit count as
// failed.
func (p *pkg) try(number, cases int, limit time.Duration) (survived bool, text string) {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	c := exec.CommandContext(ctx, p.binary(), "-test.failfast", "-rapid.nofailfile", "-rapid.shrinktime=1ms")
	c.Dir = p.dir
	c.Env = append(os.Environ(), fmt.Sprint("MUTANT=", number), fmt.Sprint("GRANARY_PROVE=", cases))
	out, err := c.CombinedOutput()
	return err == nil, string(out)
}

// equivalent maps the names of mutants that make no difference to the reason.
type equivalent map[string]string

// readEquivalent reads lines that consist of a mutant's name, " # " and the reason.
func readEquivalent(path string) (equivalent, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	out := equivalent{}
	for line := range strings.Lines(string(b)) {
		line = strings.TrimSpace(line)
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, reason, ok := strings.Cut(line, " # ")
		if !ok {
			return nil, fmt.Errorf("%s: %q gives no reason", path, line)
		}
		out[strings.TrimSpace(name)] = reason
	}
	return out, err
}

// unused returns the names whose mutant does not exist any more.
func (e equivalent) unused(all []*mutant) (stale []string) {
	there := map[string]bool{}
	dirs := map[string]bool{}
	for _, m := range all {
		there[m.String()] = true
		dirs[m.of.dir] = true
	}
	for name := range e {
		if path, _, _ := strings.Cut(name, " "); dirs[filepath.Dir(path)] && !there[name] {
			stale = append(stale, name)
		}
	}
	return stale
}
