package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold maps a name to the form by which it is unique and looked up whatever its letter case: Unicode NFC, then simple
// case folding.
func Fold(s string) string {
	if isASCII(s) {
		return strings.ToLower(s)
	}
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return unicode.ToLower(least)
	}, norm.NFC.String(s))
}

// Same reports whether two names differ only in letter case. A non-ASCII character is never the same as an ASCII one,
// although folding makes the Kelvin sign a k and the long s an s: a token's claim must not match a user by such a
// lookalike.
func Same(a, b string) bool {
	return a == b || Fold(a) == Fold(b) && !foldsToASCII(a) && !foldsToASCII(b)
}

// foldsToASCII reports whether s has a non-ASCII character that folds to an ASCII one.
func foldsToASCII(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf && isASCII(Fold(string(r))) })
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
