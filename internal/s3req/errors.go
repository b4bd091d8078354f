package s3req

import "granary"

// Invalid returns a refusal of a malformed request with one of S3's codes.
func Invalid(code, message string) *granary.Error {
	return granary.Errorf(granary.Invalid, "%s", message).WithCode(code)
}

// NotImplemented returns a refusal of something that S3 has and Granary does not.
func NotImplemented(what string) *granary.Error {
	return granary.Errorf(granary.NotImplemented, "%s is not implemented.", what).WithCode("NotImplemented")
}

// ErrMethod refuses a method that the addressed resource does not have, or not for this caller.
var ErrMethod = Invalid("MethodNotAllowed", "The specified method is not allowed against this resource.")

func notNumber(name string) error {
	return Invalid("InvalidArgument", "Provided "+name+" not an integer or within integer range")
}
