package organizations

import (
	"strings"

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

// reason is AWS's word for what is wrong with a member, by what it must (Organizations API, "InvalidInputException").
func reason(must string) string {
	for _, r := range []struct{ begins, reason string }{
		{"not be null", "INPUT_REQUIRED"}, {"satisfy enum", "INVALID_ENUM"},
		{"have length greater", "MIN_LENGTH_EXCEEDED"}, {"have length less", "MAX_LENGTH_EXCEEDED"},
		{"have value greater", "MIN_VALUE_EXCEEDED"}, {"have value less", "MAX_VALUE_EXCEEDED"},
	} {
		if strings.HasPrefix(must, r.begins) {
			return r.reason
		}
	}
	return "INVALID_PATTERN"
}
