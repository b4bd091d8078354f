package s3

import "strings"

var errKey = invalid("InvalidArgument", "This storage cannot hold a key with an empty, '.' or '..' segment, or with a "+
	"character that is not allowed in file names.")

// checkKey refuses a key that the store may take for another key. A scope is decided on the key as it is written, so a
// key must mean the same to the store.
func (s *Store) checkKey(key string) error {
	if s.caps.Load().Keys == "exact" {
		return nil
	}
	return checkSegments(key, strings.Split(key, "/"))
}

// checkPrefix does the same for a prefix or a marker, whose last segment may be the beginning of one.
func (s *Store) checkPrefix(prefix string) error {
	if prefix == "" || s.caps.Load().Keys == "exact" {
		return nil
	}
	segments := strings.Split(prefix, "/")
	return checkSegments(prefix, segments[:len(segments)-1])
}

func checkSegments(key string, segments []string) error {
	for i, part := range segments {
		if part == "." || part == ".." || part == "" && (i < len(segments)-1 || i == 0) {
			return errKey
		}
	}
	if strings.ContainsAny(key, "\x00\uFFFE\uFFFF") {
		return errKey
	}
	return nil
}
