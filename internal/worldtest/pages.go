package worldtest

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Pager asks for one page of a list: at most max elements, after a token.
type Pager func(max int32, token *string) (keys []string, next *string, err error)

// WalkPages reads a list to its end. It returns an error when a page is longer than asked for, or an element comes
// twice.
func WalkPages(list Pager, max int32) (keys, tokens []string, err error) {
	seen := map[string]bool{}
	var token *string
	for range 200 {
		page, next, err := list(max, token)
		if err != nil {
			return nil, nil, err
		}
		if len(page) > int(max) {
			return nil, nil, fmt.Errorf("a page of %d, and %d were asked for", len(page), max)
		}
		for _, k := range page {
			if seen[k] {
				return nil, nil, fmt.Errorf("%s came twice", k)
			}
			seen[k] = true
			keys = append(keys, k)
		}
		if next == nil {
			return keys, tokens, nil
		}
		token, tokens = next, append(tokens, *next)
	}
	return nil, nil, fmt.Errorf("the list has no end")
}

// Names returns a text of each element of a list, such as its name.
func Names[T any](list []T, of func(T) *string) (out []string) {
	for _, v := range list {
		out = append(out, aws.ToString(of(v)))
	}
	return out
}
