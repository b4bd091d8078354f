// Command mutate measures whether the tests of a package notice mistakes. It breaks the package in one place at a time
// — it reverses a comparison or moves it by one, negates a condition, replaces "and" by "or", removes a guard, turns an
// allow into a deny — and runs the tests against each such mutant. A mutant that survives shows a missing test, unless
// it makes no difference; then equivalent.txt lists it with the reason.
//
//	go run ./cmd/mutate                 every mutant of internal/policy and internal/grants
//	go run ./cmd/mutate -sample 60      60 mutants chosen at random; survivors do not make it fail
//
// It does not change the source tree. All mutants of a package are compiled into one test binary; the environment
// variable MUTANT selects one of them.
package main

import (
	"cmp"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"time"
)

func main() {
	sample := flag.Int("sample", 0, "how many mutants to try, of all packages together; 0 is all")
	workers := flag.Int("j", runtime.GOMAXPROCS(0), "how many at a time")
	cases := flag.Int("cases", 3000, "generated cases of each property test")
	list := flag.Bool("list", false, "name the mutants and try none")
	flag.Parse()
	dirs := flag.Args()
	if len(dirs) == 0 {
		dirs = []string{"internal/policy", "internal/grants"}
	}
	if err := run(dirs, *sample, *workers, *cases, *list); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(dirs []string, sample, workers, cases int, list bool) error {
	tmp, err := os.MkdirTemp("", "mutate")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	known, err := readEquivalent(filepath.Join("cmd", "mutate", "equivalent.txt"))
	if err != nil {
		return err
	}
	var all []*mutant
	for _, dir := range dirs {
		p, err := instrument(dir, filepath.Join(tmp, filepath.Base(dir)))
		if err != nil {
			return err
		}
		all = append(all, p.mutants...)
		if list {
			continue
		}
		if err := p.build(); err != nil {
			return err
		}
		if survived, text := p.try(0, cases, 5*time.Minute); !survived {
			return fmt.Errorf("the tests of %s fail without any mutant:\n%s", dir, text)
		}
	}
	if list {
		for _, m := range all {
			fmt.Println(m)
		}
		return nil
	}
	stale := known.unused(all)
	chosen := slices.Clone(all)
	if sample > 0 && sample < len(chosen) {
		rand.Shuffle(len(chosen), func(i, j int) { chosen[i], chosen[j] = chosen[j], chosen[i] })
		chosen = chosen[:sample]
	}
	attempt(chosen, workers, cases)
	return report(all, chosen, known, stale)
}

func attempt(chosen []*mutant, workers, cases int) {
	work := make(chan *mutant)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for m := range work {
				m.survived, _ = m.of.try(m.number, cases, 40*time.Second)
			}
		})
	}
	for _, m := range chosen {
		work <- m
	}
	close(work)
	wg.Wait()
}

func report(all, chosen []*mutant, known equivalent, stale []string) error {
	killed, same := 0, 0
	var survivors []*mutant
	for _, m := range chosen {
		switch {
		case !m.survived:
			killed++
			if known[m.String()] != "" {
				stale = append(stale, m.String()+" (the tests notice it)")
			}
		case known[m.String()] != "":
			same++
		default:
			survivors = append(survivors, m)
		}
	}
	slices.SortFunc(survivors, func(a, b *mutant) int { return cmp.Compare(a.String(), b.String()) })
	fmt.Printf("%d mutants, %d tried: %d killed, %d make no difference, %d survived\n", len(all), len(chosen), killed,
		same, len(survivors))
	for _, m := range survivors {
		fmt.Printf("survived: %s\n", m)
	}
	for _, s := range stale {
		fmt.Printf("in equivalent.txt without need: %s\n", s)
	}
	if len(chosen) < len(all) {
		return nil // a sample only informs: its luck must not decide whether a change passes
	}
	if len(survivors)+len(stale) > 0 {
		return fmt.Errorf("%d missing tests, %d stale lines", len(survivors), len(stale))
	}
	return nil
}
