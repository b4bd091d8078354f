// Command granary-soak runs hostile strangers beside honest callers of a server, and judges whether the honest ones
// notice. scripts/soak builds the server and runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"granary/internal/soak"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	o, err := parse(os.Args[1:])
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "granary-soak: %v; see: granary-soak -help\n", err)
		os.Exit(2)
	}
	if err := run(ctx, o); err != nil {
		fmt.Fprintf(os.Stderr, "granary-soak: %v\n", err)
		os.Exit(1)
	}
}

const (
	leastDuration, mostDuration = 20 * time.Second, 45 * time.Minute // the honest callers' keys are good for an hour
	mostFactor                  = 100
)

// options are what the command line says.
type options struct {
	granary          string // the built server
	duration         time.Duration
	factor           float64
	check, strangers bool
}

// parse reads the command line, and refuses what makes no sense before anything is started.
func parse(args []string) (o options, err error) {
	flags := flag.NewFlagSet("granary-soak", flag.ContinueOnError)
	flags.StringVar(&o.granary, "granary", "granary", "the built server")
	flags.DurationVar(&o.duration, "duration", 2*time.Minute, "of the measurement, half of it hostile; 20s to 45m")
	flags.Float64Var(&o.factor, "factor", 1, "multiplies the strangers' rates and connections; at most 100")
	flags.BoolVar(&o.check, "check", false, "check the duration and the factor, and do nothing else")
	flags.BoolVar(&o.strangers, "strangers", false,
		"be the strangers, as standard input says; for granary-soak itself")
	var said strings.Builder
	flags.SetOutput(&said)
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(os.Stderr, said.String())
		}
		return o, err
	}
	switch {
	case flags.NArg() > 0:
		return o, fmt.Errorf("there is no argument %q", flags.Arg(0))
	case o.duration < leastDuration || o.duration > mostDuration:
		return o, fmt.Errorf("-duration is %s, and must be between %s and %s", o.duration, leastDuration, mostDuration)
	case !(o.factor > 0 && o.factor <= mostFactor): // of what is not a number too
		return o, fmt.Errorf("-factor is %v, and must be more than 0 and at most %d", o.factor, mostFactor)
	case o.check || o.strangers:
		return o, nil
	}
	if o.granary, err = exec.LookPath(o.granary); err != nil {
		return o, fmt.Errorf("-granary is no program: %w", err)
	}
	return o, nil
}

func run(ctx context.Context, o options) error {
	if o.check {
		return nil
	}
	if o.strangers {
		return soak.RunStrangers(ctx, os.Stdin, os.Stdout)
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
	p := soak.Plan{Granary: o.granary, Self: []string{self, "-strangers"}, Dir: dir, Duration: o.duration,
		Factor: o.factor, Progress: func(s string) { fmt.Fprintln(os.Stderr, "…", s) }}
	report, err := p.Run(ctx)
	if err != nil {
		return err
	}
	if !report.Print(os.Stdout) {
		return errors.New("the verdict is not good")
	}
	return nil
}
