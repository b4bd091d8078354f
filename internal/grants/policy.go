package grants

import (
	"encoding/json"
	"slices"
	"strings"

	"granary"
)

// statement is a statement of a session policy.
type statement struct {
	Effect    string
	Action    []string
	Resource  string
	Condition map[string]map[string][]string `json:",omitempty"`
}

// SessionPolicy returns the scope as an IAM session policy, for people to read and for stores that vend keys of their
// own. Granary itself decides by Allows. Only the final "*" of a pattern is a wildcard; a "*", "?" or "$" of the key is
// escaped, so that a key cannot widen the session.
func SessionPolicy(scope *granary.Scope) string {
	bucket, pattern := "arn:aws:s3:::"+escapeWildcards(scope.Bucket), escapeWildcards(scope.Prefix)
	if !scope.Exact {
		pattern += "*"
	}
	statements := []statement{{"Allow", actionsOf(scope.Permission, false), bucket + "/" + pattern, nil}}
	if list := actionsOf(scope.Permission, true); len(list) > 0 && !scope.Exact {
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
	}{"2012-10-17", statements}) // only strings, so it cannot fail
	return strings.TrimSpace(b.String())
}

// actionsOf returns the actions of a permission, on objects or on the bucket, sorted by name.
func actionsOf(p granary.Permission, bucket bool) []string {
	var names []string
	for name, r := range permittedActions {
		if p&r.permission != 0 && r.bucket == bucket {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// escapeWildcards escapes what a policy would read as a wildcard or a variable.
func escapeWildcards(s string) string {
	return strings.NewReplacer("*", "${*}", "?", "${?}", "$", "${$}").Replace(s)
}
