// Package grants decides which access grant covers a target and which of several is the narrowest, and does the
// arithmetic of scopes: joining a location and a sub-prefix, reading a target, and saying what a vended key opens.
//
// It is pure: it knows no clock, no request and no store. It does not know who the caller is (the identities come in),
// whether a bucket exists, or what a role's policies allow; a grant only ever narrows those.
//
//	scope.go target.go          what may be written down: scopes of locations and grants, targets of requests
//	loader.go list.go           bulk load; a caller's grants, page by page
//	set.go overlay.go merge.go  all grants of one Access Grants instance: bulk load, changes, merging
//	base.go texts.go            the compact form: sorted scopes with parents, grants in columns, no pointers
//	match.go                    the two questions: the narrowest covering grant; all grants of a caller
//	ceiling.go policy.go        what the resulting key may do, as a decision and as text
//
// Scopes are compared byte by byte. Nothing is ever cleaned up: "..", "//", "%2f" and a backslash are plain characters.
package grants
