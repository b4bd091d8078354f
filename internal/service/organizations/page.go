package organizations

import (
	"granary"
	"granary/internal/awsapi"
)

// maxPage is how much a page of any list has at most, and usually.
const maxPage = 20

// page reads where a list goes on.
func page(l awsapi.List, maxResults *int64, nextToken string) (after string, limit int, err error) {
	after, limit, err = l.Page(maxResults, nextToken, maxPage)
	return after, limit, badToken(err)
}

// cut pages through a list that is at hand, in the order of its keys.
func cut[T any](l awsapi.List, list []T, key func(T) string, maxResults *int64, nextToken string) (out []T, next string, err error) {
	out, next, err = awsapi.CutOf(l, list, key, maxResults, nextToken, maxPage)
	return out, next, badToken(err)
}

func badToken(err error) error {
	if err == nil {
		return nil
	}
	return granary.AsError(err).With("Reason", "INVALID_NEXT_TOKEN")
}
