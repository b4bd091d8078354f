package main

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"granary/internal/bench"
)

func newBenchMatcher() *cobra.Command {
	numbers := []int{1_000, 1_000_000}
	cmd := &cobra.Command{
		Use:   "matcher",
		Short: "Measure the grant matcher alone",
		Long: `Loads as many grants as told into the structure that GetDataAccess is answered from, and prints how long that
			takes,
bytes of memory a grant, how long a look-up takes for callers in 50 groups, how long until a change is in effect, and
	a page of
ListCallerAccessGrants. It needs about 300 bytes of memory a grant while it loads. At the end it says which targets
	were met.`,
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error {
			if slices.Min(numbers) < 1 {
				return misuse{errors.New("--grants must be 1 or more")}
			}
			var goals targets
			var first, last bench.Matcher
			fmt.Printf("%10s %10s %12s %10s %10s %12s %10s %10s %10s\n", "GRANTS", "LOADED", "BYTES/GRANT", "P50", "P99",
				"ALLOCATED", "FOUND", "CHANGE", "PAGE")
			for i, n := range numbers {
				m := bench.MeasureMatcher(n)
				fmt.Printf("%10d %10s %12.0f %10s %10s %12.0f %10d %10s %10s\n", m.Grants, m.Loaded.Round(time.Millisecond),
					m.BytesPer, m.P50, m.P99, m.Allocated, m.Found,
					m.Change.Round(100*time.Nanosecond), m.Page.Round(time.Microsecond))
				if last = m; i == 0 {
					first = m
				}
			}
			goals.most(fmt.Sprintf("matcher p99 in µs, %d grants", last.Grants), float64(last.P99)/1000, 20)
			goals.most(fmt.Sprintf("bytes a grant, of %d", last.Grants), last.BytesPer, 150)
			if last.Grants > first.Grants {
				goals.most(fmt.Sprintf("bytes allocated a look-up, %d ÷ %d grants", last.Grants, first.Grants),
					last.Allocated/first.Allocated, 1.5)
			}
			goals.print()
			return nil
		},
	}
	cmd.Flags().IntSliceVar(&numbers, "grants", numbers, "how many grants there are, one run for each")
	return cmd
}

// targets are figures beside what they should be.
type targets []struct {
	name      string
	got, want float64
	least     bool
}

func (t *targets) most(name string, got, want float64) {
	*t = append(*t, struct {
		name      string
		got, want float64
		least     bool
	}{name, got, want, false})
}

func (t *targets) least(name string, got, want float64) {
	t.most(name, got, want)
	(*t)[len(*t)-1].least = true
}

func (t *targets) print() {
	fmt.Printf("\n%-60s %12s %12s\n", "TARGET", "WANTED", "GOT")
	for _, x := range *t {
		sign, met := "≤", x.got <= x.want
		if x.least {
			sign, met = "≥", x.got >= x.want
		}
		verdict := "met"
		if !met {
			verdict = "missed"
		}
		fmt.Printf("%-60s %12s %12.2f  %s\n", x.name, fmt.Sprint(sign, " ", x.want), x.got, verdict)
	}
}
