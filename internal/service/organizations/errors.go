package organizations

import (
	"strings"

	"granary"
)

// codes are the service's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "InvalidInputException",
	granary.Denied:          "AccessDeniedException",
	granary.Unauthenticated: "AccessDeniedException",
	granary.NotFound:        "AccountNotFoundException",
	granary.Exists:          "ConstraintViolationException",
	granary.Conflict:        "ConstraintViolationException",
	granary.Quota:           "ConstraintViolationException",
	granary.Throttled:       "TooManyRequestsException",
	granary.NotImplemented:  "UnsupportedAPIEndpointException",
	granary.Unavailable:     "ServiceException",
	granary.Internal:        "ServiceException",
}

func violation(reason, message string) error {
	return granary.Errorf(granary.Conflict, "%s", message).With("Reason", reason)
}

// reason is AWS's word for the constraint that a member of the input violates (Organizations API,
// "InvalidInputException"). must is the constraint as the validation error words it.
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
