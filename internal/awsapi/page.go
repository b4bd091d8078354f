package awsapi

import (
	"crypto/sha256"
	"encoding/base64"
	"strings"

	"granary"
)

// Page reads MaxResults and NextToken: what the page begins after, and how long it may be. usual stands for an absent
// MaxResults.
func Page(maxResults *int64, nextToken string, usual int) (after string, limit int, err error) {
	limit = usual
	if maxResults != nil {
		limit = int(*maxResults)
	}
	b, err := base64.URLEncoding.DecodeString(nextToken)
	if err != nil || limit < 1 {
		return "", 0, notOurs()
	}
	return string(b), limit, nil
}

func notOurs() error {
	return granary.Errorf(granary.Invalid, "The NextToken is not one that this list gave.")
}

// NextToken says where the next page begins; "" when there is none.
func NextToken(after string) string { return base64.URLEncoding.EncodeToString([]byte(after)) }

// Cut pages through a list that is at hand, in the order of its keys.
func Cut[T any](list []T, key func(T) string, maxResults *int64, nextToken string, usual int) (out []T, next string,
	err error) {
	after, limit, err := Page(maxResults, nextToken, usual)
	if err != nil {
		return nil, "", err
	}
	out, next = cut(list, key, after, limit)
	return out, NextToken(next), nil
}

func cut[T any](list []T, key func(T) string, after string, limit int) (out []T, next string) {
	out = []T{}
	for _, v := range list {
		if after != "" && key(v) <= after {
			continue
		}
		if len(out) == limit {
			return out, key(out[limit-1])
		}
		out = append(out, v)
	}
	return out, ""
}

// List identifies a list to its page tokens: its subject and its filter. A token is good for that list alone.
type List string

// ListOf names a list by whatever tells it from others.
func ListOf(parts ...string) List {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return List(sum[:9])
}

// Page is the function of that name, and refuses a token of another list.
func (l List) Page(maxResults *int64, nextToken string, usual int) (after string, limit int, err error) {
	after, limit, err = Page(maxResults, nextToken, usual)
	if err != nil || nextToken == "" {
		return "", limit, err
	}
	after, ok := strings.CutPrefix(after, string(l))
	if !ok || after == "" {
		return "", 0, notOurs()
	}
	return after, limit, nil
}

// NextToken is the function of that name.
func (l List) NextToken(after string) string {
	if after == "" {
		return ""
	}
	return NextToken(string(l) + after)
}

// CutOf is Cut for tokens that are good for one list alone.
func CutOf[T any](l List, list []T, key func(T) string, maxResults *int64, nextToken string, usual int) (out []T,
	next string, err error) {
	after, limit, err := l.Page(maxResults, nextToken, usual)
	if err != nil {
		return nil, "", err
	}
	out, next = cut(list, key, after, limit)
	return out, l.NextToken(next), nil
}
