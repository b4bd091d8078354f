package s3req

import (
	"regexp"
	"strings"

	"granary"
	"granary/internal/sigv4"
)

// The most tags of an object and of a bucket.
const (
	maxObjectTags = 10
	maxBucketTags = 50
)

var tagText = regexp.MustCompile(`^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$`)

// checkTags refuses tags that S3 does not allow. It also refuses keys that differ only in the case of their letters:
// they would be two tags and one condition key, and a policy would test either of the two.
func checkTags(tags []granary.Tag, most int) error {
	if len(tags) > most {
		if most == maxObjectTags {
			return Invalid("BadRequest", "Object tags cannot be greater than 10")
		}
		return Invalid("InvalidTag", "Bucket tag count cannot be greater than 50")
	}
	seen := map[string]bool{}
	for _, t := range tags {
		lower := strings.ToLower(t.Key)
		switch {
		case t.Key == "" || len([]rune(t.Key)) > 128 || !tagText.MatchString(t.Key):
			return Invalid("InvalidTag", "The TagKey you have provided is invalid")
		case len([]rune(t.Value)) > 256 || !tagText.MatchString(t.Value):
			return Invalid("InvalidTag", "The TagValue you have provided is invalid")
		case strings.HasPrefix(lower, "aws:"):
			return Invalid("InvalidTag", "System tags cannot be added/updated by requester")
		case seen[lower]:
			return Invalid("InvalidTag", "Cannot provide multiple Tags with the same key, whatever the case of its letters")
		}
		seen[lower] = true
	}
	return nil
}

// parseTagHeader reads the tags in x-amz-tagging.
func parseTagHeader(r *Request) (tags []granary.Tag, err error) {
	text := r.header.Get("X-Amz-Tagging")
	if text == "" {
		return nil, nil
	}
	p, err := sigv4.ParseQuery(strings.ReplaceAll(text, "+", "%20"))
	if err != nil {
		return nil, Invalid("InvalidArgument", "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL"+
			" query parameters without tag name duplicates.")
	}
	for _, t := range p.All() {
		tags = append(tags, granary.Tag{Key: t.Name, Value: t.Value})
	}
	return tags, checkTags(tags, maxObjectTags)
}

// parseCopyTags reads the tags that a copy gets instead of its source's.
func parseCopyTags(r *Request) ([]granary.Tag, error) {
	switch r.header.Get("X-Amz-Tagging-Directive") {
	case "REPLACE":
		return parseTagHeader(r)
	case "", "COPY":
		if r.header.Get("X-Amz-Tagging") != "" {
			return nil, Invalid("InvalidArgument", "The header x-amz-tagging goes with x-amz-tagging-directive: REPLACE.")
		}
		return nil, nil
	}
	return nil, Invalid("InvalidArgument", "Unknown tagging directive.")
}
