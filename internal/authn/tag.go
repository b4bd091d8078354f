package authn

import (
	"strings"

	"granary"
)

func findTag(tags []granary.Tag, key string) (string, bool) {
	for _, t := range tags {
		if strings.EqualFold(t.Key, key) {
			return t.Value, true
		}
	}
	return "", false
}
