package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// Fold maps a text to the form in which names are unique whatever their letter case: Unicode NFC, then simple case folding.
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

// Same reports whether two names are one but for letter case, and none passes another character off as an ASCII one: folding
// makes the Kelvin sign a k and the long s an s, and a token must not come in by such a twin.
func Same(a, b string) bool {
	return a == b || Fold(a) == Fold(b) && !passesOff(a) && !passesOff(b)
}

func passesOff(s string) bool {
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
