package iam

import (
	"encoding/base64"

	"granary"
)

// pageStart reads Marker and MaxItems: the key to list after, and the size of the page, which is 100 unless given.
func pageStart(marker string, maxItems *int64) (after string, limit int, err error) {
	limit = 100
	if maxItems != nil {
		limit = int(*maxItems)
	}
	if marker == "" {
		return "", limit, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(marker)
	if err != nil {
		return "", 0, granary.Errorf(granary.Invalid, "Invalid Marker.")
	}
	return string(b), limit, nil
}

// pageEnd returns IsTruncated and Marker for the key that the next page lists after; "" when there is no next page.
func pageEnd(next string) (*bool, string) {
	truncated := next != ""
	return &truncated, base64.RawURLEncoding.EncodeToString([]byte(next))
}

// paginate returns a page of a list that is sorted by name.
func paginate[T any](list []T, name func(T) string, markerText string, maxItems *int64) (out []T, truncated *bool,
	next string, err error) {
	after, limit, err := pageStart(markerText, maxItems)
	if err != nil {
		return nil, nil, "", err
	}
	last := ""
	for _, v := range list {
		if after != "" && name(v) <= after {
			continue
		}
		if len(out) == limit {
			truncated, next = pageEnd(last)
			return out, truncated, next, nil
		}
		out = append(out, v)
		last = name(v)
	}
	truncated, next = pageEnd("")
	return out, truncated, next, nil
}

func itself(s string) string { return s }
