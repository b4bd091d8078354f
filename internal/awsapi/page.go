package awsapi

import (
	"encoding/base64"

	"granary"
)

// Page reads MaxResults and NextToken: what the page begins after, and how long it may be. usual stands for an absent MaxResults.
func Page(maxResults *int64, nextToken string, usual int) (after string, limit int, err error) {
	limit = usual
	if maxResults != nil {
		limit = int(*maxResults)
	}
	b, err := base64.URLEncoding.DecodeString(nextToken)
	if err != nil || limit < 1 {
		return "", 0, granary.Errorf(granary.Invalid, "The NextToken is not one that this list gave.")
	}
	return string(b), limit, nil
}

// NextToken says where the next page begins; "" when there is none.
func NextToken(after string) string { return base64.URLEncoding.EncodeToString([]byte(after)) }

// Cut pages through a list that is at hand, in the order of its keys.
func Cut[T any](list []T, key func(T) string, maxResults *int64, nextToken string, usual int) (out []T, next string, err error) {
	after, limit, err := Page(maxResults, nextToken, usual)
	if err != nil {
		return nil, "", err
	}
	out = []T{}
	for _, v := range list {
		if after != "" && key(v) <= after {
			continue
		}
		if len(out) == limit {
			return out, NextToken(key(out[limit-1])), nil
		}
		out = append(out, v)
	}
	return out, "", nil
}
