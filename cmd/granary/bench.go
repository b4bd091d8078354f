package main

import (
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"granary/internal/bench"
)

func newBench() *cobra.Command {
	p := bench.Plan{Grants: []int{1_000, 1_000_000}, Connections: 64, Duration: 3 * time.Second}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure the hot operations beside a bare HTTP handler",
		Long: `Starts a server in a temporary directory with as many grants as told, and prints requests per second and
latencies of GetDataAccess, AssumeRole, CreateTokenWithIAM and an S3 GET, next to a bare net/http handler that
answers the same bytes, in one run and from the same machine. Compare within a run.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			var err error
			if p.Dir, err = os.MkdirTemp("", "granary-bench-"); err != nil {
				return err
			}
			defer os.RemoveAll(p.Dir)
			p.Progress = func(s string) { fmt.Fprintln(os.Stderr, "…", s) }
			fmt.Printf("%-26s %10s %10s %10s %10s %8s\n", "OPERATION", "GRANTS", "PER SECOND", "P50", "P99", "× BARE")
			var base float64
			return bench.Run(cmd.Context(), p, func(r bench.Result) {
				if base == 0 || r.Name == "bare net/http handler" {
					base = r.PerSecond
				}
				note := ""
				if r.Failed > 0 {
					note = fmt.Sprintf("  (%d not answered 200)", r.Failed)
				}
				fmt.Printf("%-26s %10d %10.0f %10s %10s %8.2f%s\n", r.Name, r.Grants, r.PerSecond, r.P50.Round(10*time.Microsecond), r.P99.Round(10*time.Microsecond), r.PerSecond/base, note)
			})
		},
	}
	cmd.Flags().IntSliceVar(&p.Grants, "grants", p.Grants, "how many grants there are, one run for each")
	cmd.Flags().IntVar(&p.Connections, "connections", p.Connections, "connections that are kept busy")
	cmd.Flags().DurationVar(&p.Duration, "duration", p.Duration, "of each measurement")
	return cmd
}
