package iam

import "granary"

// codes are IAM's words for the kinds of errors.
var codes = map[granary.Kind]string{
	granary.Invalid:         "ValidationError",
	granary.Denied:          "AccessDenied",
	granary.Unauthenticated: "InvalidClientTokenId",
	granary.NotFound:        "NoSuchEntity",
	granary.Exists:          "EntityAlreadyExists",
	granary.Conflict:        "DeleteConflict",
	granary.Quota:           "LimitExceeded",
	granary.NotImplemented:  "InvalidAction",
	granary.Throttled:       "Throttling",
	granary.Unavailable:     "ServiceUnavailable",
	granary.Internal:        "ServiceFailure",
}

// nameTaken words the error of a name that exists already, and returns other errors as they are.
func nameTaken(err error, noun, name string) error {
	if granary.Is(err, granary.Exists) {
		return granary.Errorf(granary.Exists, "%s with name %s already exists.", noun, name)
	}
	return err
}

// checkNoPolicies returns an error when an entity that is to be deleted has policies.
func checkNoPolicies(inline map[string]string, attached []granary.ARN) error {
	if len(attached) > 0 {
		return granary.Errorf(granary.Conflict, "Cannot delete entity, must detach all policies first.")
	}
	if len(inline) > 0 {
		return granary.Errorf(granary.Conflict, "Cannot delete entity, must delete policies first.")
	}
	return nil
}

// invalidInput refuses a value with IAM's own code for it.
func invalidInput(format string, args ...any) error {
	return granary.Errorf(granary.Invalid, format, args...).WithCode("InvalidInput")
}
