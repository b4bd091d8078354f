package store

import "testing"

func TestFoldAndSame(t *testing.T) {
	for _, x := range []struct {
		a, b       string
		fold, same bool
	}{
		{"Ann@X.example", "ann@x.EXAMPLE", true, true},
		{"ann", "anna", false, false},
		{"José", "Jose\u0301", true, true}, // composed and decomposed forms
		{"JOSÉ", "josé", true, true},
		{"Σίσυφος", "ΣΊΣΥΦΟΣ", true, true},
		{"kim", "\u212aim", true, false}, // Kelvin sign
		{"sam", "ſam", true, false},      // long s
		{"\u212aim", "\u212aim", true, true},
		{"\u212aim", "\u212aIM", true, false},
		{"a;b", "a\u037eb", true, false}, // Greek question mark
		{"Å", "\u212b", true, true},      // Ångström sign: the same letter by NFC
		{"ann", "аnn", false, false},
		{"ann", "ann\u200b", false, false},
		{"", "", true, true},
	} {
		if got := Fold(x.a) == Fold(x.b); got != x.fold {
			t.Errorf("Fold(%q) == Fold(%q) is %v", x.a, x.b, got)
		}
		if got := Same(x.a, x.b); got != x.same || Same(x.b, x.a) != x.same {
			t.Errorf("Same(%q, %q) is %v", x.a, x.b, got)
		}
	}
}
