package worldtest

import (
	"fmt"
	"strings"
)

// LongTags returns the keys and values of 50 tags that are too long together for a session.
func LongTags() (pairs []string) {
	for i := range 50 {
		pairs = append(pairs, fmt.Sprint("key-", i), strings.Repeat("v", 100))
	}
	return pairs
}
