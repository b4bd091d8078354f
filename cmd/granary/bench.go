package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
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
answers the same bytes, in one run and from the same machine. Compare within a run. At the end it says which targets
were met.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if slices.Min(p.Grants) < 0 || p.People < 0 || p.Connections < 1 {
				return misuse{errors.New("--grants and --people must be 0 or more, --connections 1 or more")}
			}
			if p.State != "" && len(p.Grants) != 1 {
				return misuse{errors.New("with --state, which names one empty database, give one number of --grants")}
			}
			if p.Duration < time.Millisecond {
				return misuse{errors.New("--duration must be a millisecond or more")}
			}
			var err error
			if p.Dir, err = os.MkdirTemp("", "granary-bench-"); err != nil {
				return err
			}
			defer os.RemoveAll(p.Dir)
			p.Progress = func(s string) { fmt.Fprintln(os.Stderr, "…", s) }
			var goals targets
			p.Started = func(s bench.Start) {
				p.Progress(fmt.Sprintf("the server started with them in %s", s.Took.Round(time.Millisecond)))
				if s.Grants >= 100_000 {
					goals.most(fmt.Sprintf("start with %d grants, in seconds a million", s.Grants),
						s.Took.Seconds()*1e6/float64(s.Grants), 6)
					goals.most(fmt.Sprintf("bytes a grant in the index, of %d", s.Grants), s.BytesPer, 150)
				}
			}
			fmt.Printf("%-26s %10s %10s %10s %10s %8s\n", "OPERATION", "GRANTS", "PER SECOND", "P50", "P99", "× BARE")
			var base float64
			vends := map[int]bench.Result{}
			err = bench.Run(cmd.Context(), p, func(r bench.Result) {
				if base == 0 || r.Name == "bare net/http handler" {
					base = r.PerSecond
				}
				note := ""
				if r.Failed > 0 {
					note = fmt.Sprintf("  (%d not answered 200)", r.Failed)
				}
				fmt.Printf("%-26s %10d %10.0f %10s %10s %8.2f%s\n", r.Name, r.Grants, r.PerSecond, r.P50.Round(10*time.Microsecond),
					r.P99.Round(10*time.Microsecond), r.PerSecond/base, note)
				switch r.Name {
				case "GetDataAccess":
					vends[r.Grants] = r
					goals.least(fmt.Sprintf("GetDataAccess ÷ bare handler, %d grants", r.Grants), r.PerSecond/base, 0.5)
				case "AssumeRole with context":
					goals.least(fmt.Sprintf("AssumeRole with context a second, %d grants", r.Grants), r.PerSecond, 8000)
				case "CreateTokenWithIAM":
					goals.least(fmt.Sprintf("CreateTokenWithIAM a second, %d grants", r.Grants), r.PerSecond, 3000)
				}
			})
			if first, last := p.Grants[0], p.Grants[len(p.Grants)-1]; err == nil && first < last {
				goals.most(fmt.Sprintf("p50 of GetDataAccess, %d ÷ %d grants", last, first),
					float64(vends[last].P50)/float64(vends[first].P50), 1.2)
			}
			goals.print()
			return err
		},
	}
	cmd.Flags().IntSliceVar(&p.Grants, "grants", p.Grants, "how many grants there are, one run for each")
	cmd.Flags().IntVar(&p.People, "people", p.People, "how many people there are in the directory")
	cmd.Flags().IntVar(&p.Connections, "connections", p.Connections, "connections that are kept busy")
	cmd.Flags().DurationVar(&p.Duration, "duration", p.Duration, "of each measurement")
	cmd.Flags().StringVar(&p.State, "state", "", "postgres:// URL of an empty database to keep the state in (default "+
		"the temporary directory)")
	cmd.AddCommand(newBenchImport(), newBenchMatcher())
	return cmd
}

func newBenchImport() *cobra.Command {
	p := bench.Import{Users: 100_000, Groups: 1_000, Each: 5, Connections: 16}
	cmd := &cobra.Command{
		Use:   "import",
		Short: "Measure an import by SCIM while applications go on",
		Long: `Starts a server in a temporary directory and provisions it as an identity provider would: people one by one,
			groups, and
their members a hundred in a request, by SCIM over HTTP. Meanwhile applications fetch keys (GetDataAccess, a hundred
	times a
second) and exchange sign-ins (CreateTokenWithIAM, twenty times a second). At the end the server is asked what is
	there.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if p.Users < 1 || p.Groups < 1 || p.Each < 0 || p.Connections < 1 {
				return misuse{errors.New("--users, --groups and --connections must be 1 or more, --each 0 or more")}
			}
			var err error
			if p.Dir, err = os.MkdirTemp("", "granary-bench-"); err != nil {
				return err
			}
			defer os.RemoveAll(p.Dir)
			p.Progress = func(s string) { fmt.Fprintln(os.Stderr, "…", s) }
			r, err := p.Run(cmd.Context())
			if err != nil {
				return err
			}
			fmt.Printf("%-14s %10s %12s %12s\n", "IMPORTED", "NUMBER", "TOOK", "PER SECOND")
			line := func(name string, n int, took time.Duration) {
				fmt.Printf("%-14s %10d %12s %12.0f\n", name, n, took.Round(time.Millisecond), float64(n)/took.Seconds())
			}
			line("people", r.Users, r.ForUsers)
			line("memberships", r.Memberships, r.ForGroups)
			fmt.Printf("%-14s %10d %12s\n\n", "groups", r.Groups, (r.ForUsers + r.ForGroups).Round(time.Millisecond))
			fmt.Printf("%-20s %12s %12s %12s %12s %8s\n", "MEANWHILE", "PER SECOND", "P50", "P99", "SLOWEST", "FAILED")
			for _, m := range []struct {
				name string
				r    bench.Result
			}{{"GetDataAccess", r.Vending}, {"CreateTokenWithIAM", r.Exchanging}} {
				fmt.Printf("%-20s %12.0f %12s %12s %12s %8d\n", m.name, m.r.PerSecond, m.r.P50.Round(10*time.Microsecond),
					m.r.P99.Round(10*time.Microsecond), m.r.Max.Round(time.Millisecond), m.r.Failed)
			}
			return nil
		},
	}
	cmd.Flags().IntVar(&p.Users, "users", p.Users, "people")
	cmd.Flags().StringVar(&p.State, "state", "", "postgres:// URL of an empty database to keep the state in (default "+
		"the temporary directory)")
	cmd.Flags().IntVar(&p.Groups, "groups", p.Groups, "groups")
	cmd.Flags().IntVar(&p.Each, "each", p.Each, "groups of each person")
	cmd.Flags().IntVar(&p.Connections, "connections", p.Connections, "connections of the identity provider")
	return cmd
}
