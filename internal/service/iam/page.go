package iam

import (
	"encoding/base64"

	"granary"
)

// page reads Marker and MaxItems: the cursor to go on after, and the size of the page (100 unless given).
func page(marker string, maxItems *int64) (after string, limit int, err error) {
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

// marker makes IsTruncated and Marker of a cursor.
func marker(next string) (*bool, string) {
	truncated := next != ""
	return &truncated, base64.RawURLEncoding.EncodeToString([]byte(next))
}

// cut pages through a sorted list that is at hand, by the name of each element.
func cut[T any](list []T, name func(T) string, markerText string, maxItems *int64) (out []T, truncated *bool, next string, err error) {
	after, limit, err := page(markerText, maxItems)
	if err != nil {
		return nil, nil, "", err
	}
	last := ""
	for _, v := range list {
		if after != "" && name(v) <= after {
			continue
		}
		if len(out) == limit {
			truncated, next = marker(last)
			return out, truncated, next, nil
		}
		out = append(out, v)
		last = name(v)
	}
	truncated, next = marker("")
	return out, truncated, next, nil
}
