package grants

import (
	"encoding/json"
	"slices"
	"strings"

	"granary"
)

type statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// SessionPolicy is the scope as an IAM session policy, for people to read and for stores that vend keys of their own.
// Granary itself decides by Allows. Only the last "*" of a pattern is a wildcard: those of the key are escaped, and so
// are "?" and "$", else a key could widen the session.
func SessionPolicy(scope *granary.Scope) string {
	bucket, pattern := "arn:aws:s3:::"+literal(scope.Bucket), literal(scope.Prefix)
	if !scope.Exact {
		pattern += "*"
	}
	statements := []statement{{"Allow", permitted(scope.Permission, false), bucket + "/" + pattern, nil}}
	if list := permitted(scope.Permission, true); len(list) > 0 && !scope.Exact {
		s := statement{"Allow", list, bucket, nil}
		if scope.Prefix != "" {
			s.Condition = map[string]map[string][]string{"StringLike": {"s3:prefix": {pattern}}}
		}
		statements = append(statements, s)
	}
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(struct {
		Version   string
		Statement []statement
	}{"2012-10-17", statements}) // strings only: it cannot fail
	return strings.TrimSpace(b.String())
}

// permitted lists the actions of a permission, on objects or on the bucket, in order of name.
func permitted(p granary.Permission, bucket bool) []string {
	var names []string
	for name, r := range actions {
		if p&r.permission != 0 && r.bucket == bucket {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// literal escapes what a policy would read as a wildcard or a variable.
func literal(s string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(s)
}
