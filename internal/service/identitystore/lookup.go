package identitystore

import (
	"encoding/json"
	"strings"

	"granary"
	api "granary/internal/api/identitystore"
)

// alternate is an alternate identifier: a unique attribute (path in lower case), or with an empty path an external id.
type alternate struct{ path, given, value, issuer string }

func readAlternate(a *api.AlternateIdentifier) (alternate, error) {
	switch {
	case a.ExternalId != nil && a.UniqueAttribute == nil:
		return alternate{issuer: a.ExternalId.Issuer, value: a.ExternalId.Id}, nil
	case a.UniqueAttribute != nil && a.ExternalId == nil:
		u := a.UniqueAttribute
		out := alternate{path: strings.ToLower(u.AttributePath), given: u.AttributePath}
		if len(u.AttributeValue) == 0 || u.AttributeValue[0] != '"' || json.Unmarshal(u.AttributeValue, &out.value) != nil {
			return out, granary.Errorf(granary.Invalid, "The AttributeValue must be a text.")
		}
		return out, nil
	}
	return alternate{},
		granary.Errorf(granary.Invalid, "An AlternateIdentifier has either a UniqueAttribute or an ExternalId.")
}

func notUnique(path string) error {
	return granary.Errorf(granary.Invalid, "The attribute %s is not a unique attribute", path)
}

// filter reads the one filter a list may have: an exact match of its main attribute.
func filter(list []api.Filter, attribute string) (string, error) {
	switch {
	case len(list) == 0:
		return "", nil
	case len(list) > 1:
		return "", granary.Errorf(granary.Invalid, "A list takes one filter at most.")
	case !strings.EqualFold(list[0].AttributePath, attribute):
		return "", granary.Errorf(granary.Invalid, "The list can be filtered by %s only, and not by %s.", attribute,
			list[0].AttributePath)
	}
	return list[0].AttributeValue, nil
}
