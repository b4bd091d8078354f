package backend

import (
	"errors"

	"granary"
)

// What a store's error says, for errors.Is. The errors themselves are *granary.Error with S3's codes and words.
var (
	ErrNoBucket     = errors.New("no such bucket")
	ErrNotEmpty     = errors.New("bucket not empty")
	ErrNoKey        = errors.New("no such key")
	ErrNoVersion    = errors.New("no such version")
	ErrNoUpload     = errors.New("no such upload")
	ErrPrecondition = errors.New("precondition failed")
)

// NoBucket returns the error for a bucket that does not exist. It is ErrNoBucket.
func NoBucket(bucket string) error {
	return granary.Wrap(granary.NotFound, "The specified bucket does not exist", ErrNoBucket).
		WithCode("NoSuchBucket").With("BucketName", bucket)
}

// NotEmpty returns the error for a bucket that cannot be deleted. It is ErrNotEmpty.
func NotEmpty(bucket string) error {
	return granary.Wrap(granary.Conflict, "The bucket you tried to delete is not empty", ErrNotEmpty).
		WithCode("BucketNotEmpty").With("BucketName", bucket)
}

// NoKey returns the error for an object that does not exist. It is ErrNoKey.
func NoKey(key string) error {
	return granary.Wrap(granary.NotFound, "The specified key does not exist.", ErrNoKey).
		WithCode("NoSuchKey").With("Key", key)
}

// NoVersion returns the error for a version that does not exist. It is ErrNoVersion.
func NoVersion(key, version string) error {
	return granary.Wrap(granary.NotFound, "The specified version does not exist.", ErrNoVersion).
		WithCode("NoSuchVersion").With("Key", key).With("VersionId", version)
}

// NoUpload returns the error for an upload that does not exist. It is ErrNoUpload.
func NoUpload() error {
	return granary.Wrap(granary.NotFound, "The specified multipart upload does not exist. The upload ID may be invalid,"+
		" or the upload may have been aborted or completed.", ErrNoUpload).WithCode("NoSuchUpload")
}

// PreconditionFailed returns the error for conditions that do not hold. It is ErrPrecondition.
func PreconditionFailed() error {
	const words = "At least one of the pre-conditions you specified did not hold"
	return granary.Wrap(granary.Conflict, words, ErrPrecondition).WithCode("PreconditionFailed")
}
