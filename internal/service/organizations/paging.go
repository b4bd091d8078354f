package organizations

import (
	"granary"
	"granary/internal/awsapi"
)

// maxPage is the size of a page of any list: the largest, and the one when the request gives none.
const maxPage = 20

// pageStart reads MaxResults and NextToken: the key to list after, and the size of the page.
func pageStart(l awsapi.List, maxResults *int64, nextToken string) (after string, limit int, err error) {
	after, limit, err = l.Page(maxResults, nextToken, maxPage)
	return after, limit, badToken(err)
}

// paginate returns a page of a list that is sorted by key.
func paginate[T any](l awsapi.List, list []T, key func(T) string, maxResults *int64, nextToken string) (
	out []T, next string, err error) {
	out, next, err = awsapi.CutOf(l, list, key, maxResults, nextToken, maxPage)
	return out, next, badToken(err)
}

func badToken(err error) error {
	if err == nil {
		return nil
	}
	return granary.AsError(err).With("Reason", "INVALID_NEXT_TOKEN")
}
