package server

import (
	"fmt"
	"strings"
)

// didYouMean names what was probably meant by a name that is unknown: one that is a slip of the hand away, or one that
// stands under another heading. It is empty when nothing is near.
func didYouMean(name string, known []string) string {
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("; did you mean %s?", best)
	}
	last := name[strings.LastIndex(name, ".")+1:]
	for _, k := range known {
		if strings.HasSuffix(k, "."+last) || k == last {
			return fmt.Sprintf("; did you mean %s?", k)
		}
	}
	return ""
}

// nearest is the known name that is at most two slips away, or "".
func nearest(name string, known []string) string {
	best, fewest := "", 3
	for _, k := range known {
		if d := slips(name, k); d < fewest && d*3 <= len(k) {
			best, fewest = k, d
		}
	}
	return best
}

// slips counts the letters that are missing, surplus, wrong or swapped with the next: the Damerau–Levenshtein distance.
func slips(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return 64
	}
	var before, last, row []int
	for j := range len(b) + 1 {
		last = append(last, j)
	}
	for i := 1; i <= len(a); i++ {
		row = []int{i}
		for j := 1; j <= len(b); j++ {
			wrong := 1
			if a[i-1] == b[j-1] {
				wrong = 0
			}
			d := min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row = append(row, d)
		}
		before, last = last, row
	}
	return last[len(b)]
}
