// Command shape prints numbers about the shape of a Go source tree: how long files and functions are, how wide lines
// are, how much is comment, how many methods the largest type has, how many names are very short, and where the tests
// stand. It parses every Go file of a module except generated ones and those of nested modules and testdata folders.
//
//	go run ./cmd/shape              the tree in the current directory
//	go run ./cmd/shape OLD NEW      one column for each directory, to compare two commits
//	go run ./cmd/shape -list        the lines, functions, files, types and names beyond the limits, with their places
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"
)

func main() {
	list := flag.Bool("list", false, "list what is beyond the limits instead of printing numbers")
	flag.Parse()
	if err := run(os.Stdout, flag.Args(), *list); err != nil {
		fmt.Fprintln(os.Stderr, "shape:", err)
		os.Exit(1)
	}
}

func run(w io.Writer, dirs []string, list bool) error {
	if len(dirs) == 0 {
		dirs = []string{"."}
	}
	var trees []*tree
	for _, dir := range dirs {
		t, err := measure(dir)
		if err != nil {
			return err
		}
		trees = append(trees, t)
	}
	if list {
		for _, t := range trees {
			t.printOffenders(w)
		}
		return nil
	}
	return printTable(w, dirs, trees)
}

// printTable prints one row for each number and one column for each tree.
func printTable(w io.Writer, dirs []string, trees []*tree) error {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "\t"+strings.Join(dirs, "\t"))
	for _, row := range rows {
		fmt.Fprintf(tw, "%s", row.label)
		for _, t := range trees {
			fmt.Fprintf(tw, "\t%s", row.value(t))
		}
		fmt.Fprintln(tw)
	}
	return tw.Flush()
}

var rows = []struct {
	label string
	value func(*tree) string
}{
	{"product lines", func(t *tree) string { return fmt.Sprint(t.productLines) }},
	{"packages", func(t *tree) string { return fmt.Sprint(len(t.packages)) }},
	{"file lines, median / p90 / max", func(t *tree) string { return spread(t.fileLines) }},
	{"function lines, median / p90 / max", func(t *tree) string { return spread(t.functionLines) }},
	{"line width, p90 / p99 / max", func(t *tree) string {
		return fmt.Sprintf("%d / %d / %d", percentile(t.widths, 90), percentile(t.widths, 99), percentile(t.widths, 100))
	}},
	{"lines over 120 columns", func(t *tree) string { return share(t.wideLines, len(t.widths)) }},
	{"test lines over 120 columns", func(t *tree) string { return share(t.wideTestLines, t.testLines) }},
	{"comment lines", func(t *tree) string { return share(t.commentLines, len(t.widths)) }},
	{"methods of the largest type", func(t *tree) string {
		name, n := t.largestType()
		return fmt.Sprintf("%d (%s)", n, name)
	}},
	{"types above 40 methods", func(t *tree) string { return fmt.Sprint(len(t.typesAbove(maxMethods))) }},
	{"unexported function names of four letters or fewer", func(t *tree) string {
		return share(len(t.shortNames), len(t.unexported))
	}},
	{"test lines", func(t *tree) string { return fmt.Sprint(t.testLines) }},
	{"test lines outside internal/world",
		func(t *tree) string { return share(t.testLines-t.worldTestLines, t.testLines) }},
}

func share(part, whole int) string {
	if whole == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%.1f %%)", part, 100*float64(part)/float64(whole))
}

func spread(values []int) string {
	return fmt.Sprintf("%d / %d / %d", percentile(values, 50), percentile(values, 90), percentile(values, 100))
}
