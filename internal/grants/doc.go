// Package grants finds the access grants that cover a target and picks the narrowest. It also does the arithmetic of
// scopes: it joins a location and a sub-prefix, parses a target, and computes what a vended key opens.
//
// It is pure: it knows no clock, no request and no store. It does not know who the caller is (the identities come in),
// whether a bucket exists, or what a role's policies allow; a grant only narrows those.
//
//	scope.go target.go          the texts: scopes of locations and grants, targets of requests
//	set.go overlay.go merge.go  all grants of one Access Grants instance: look-ups, changes, merging
//	base.go texts.go            the compact form: sorted scopes with parents, grants as records, no pointers
//	loader.go                   bulk load
//	match.go covering.go        the narrowest grant for a caller; all scopes that cover a target
//	list.go                     a caller's grants, in order and in pages
//	ceiling.go policy.go        what a vended key may do, as a decision and as text
//
// Scopes are compared byte by byte. Nothing is normalised: "..", "//", "%2f" and a backslash are ordinary characters.
package grants
