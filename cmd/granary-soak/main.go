// Command granary-soak runs hostile strangers beside honest callers of a server, and judges whether the honest ones
// notice. scripts/soak builds the server and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"granary/internal/soak"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "granary-soak: %v\n", err)
		os.Exit(1)
	}
}

const leastDuration, mostDuration = 20 * time.Second, 45 * time.Minute // the honest callers' keys are good for an hour

func run(ctx context.Context) error {
	granary := flag.String("granary", "granary", "the built server")
	duration := flag.Duration("duration", 2*time.Minute, "of the measurement, half of it hostile; 20s to 45m")
	factor := flag.Float64("factor", 1, "multiplies the strangers' rates and connections")
	strangers := flag.Bool("strangers", false, "be the strangers, as standard input says; for granary-soak itself")
	flag.Parse()
	switch {
	case *strangers:
		return soak.RunStrangers(ctx, os.Stdin, os.Stdout)
	case flag.NArg() > 0:
		return fmt.Errorf("there is no argument %q; see: granary-soak -help", flag.Arg(0))
	case *duration < leastDuration || *duration > mostDuration || *factor <= 0:
		return fmt.Errorf("-duration must be between %s and %s, and -factor more than 0", leastDuration, mostDuration)
	}
	self, err := os.Executable()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "granary-soak-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	p := soak.Plan{Granary: *granary, Self: []string{self, "-strangers"}, Dir: dir, Duration: *duration, Factor: *factor,
		Progress: func(s string) { fmt.Fprintln(os.Stderr, "…", s) }}
	report, err := p.Run(ctx)
	if err != nil {
		return err
	}
	if !report.Print(os.Stdout) {
		return errors.New("the verdict is not good")
	}
	return nil
}
