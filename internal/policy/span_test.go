package policy

import (
	"fmt"
	"testing"
)

func TestSpans(t *testing.T) {
	for document, want := range map[string]string{
		`{"Statement":{}}`: "[{{1 15} {1 16}}]",
		"{\r\n\"Id\": {\"Statement\": [{}]},\n  \"Statement\" : [ {\"Sid\":\"}é{\"," +
			"\"Condition\":{\"a\":[{}]}} ,\n{}]}": "[{{3 20} {3 55}} {{4 2} {4 3}}]",
		`{"Version":"2012-10-17"}`: "[]",
		`{"Statement":[{"a"`:       "[]",
		`{"Statement":{"a"`:        "[]",
		`{`:                        "[]",
		``:                         "[]",
	} {
		if got := fmt.Sprint(Spans(document)); got != want {
			t.Errorf("%q: %s, want %s", document, got, want)
		}
	}
}

func TestContextKeys(t *testing.T) {
	statement := `"Statement":[{"Effect":"Allow","Action":"*","NotResource":["a${b:c}","${*}${?}${d:e, 'f}g'}${$}"],` +
		`"Condition":{"StringLike":{"H:i":["${j:k","${l:m}",1],"B:C":1}}},{}]}`
	for document, want := range map[string]string{
		`{"Version":"2012-10-17",` + statement: "[b:c d:e H:i l:m]",
		`{"Version":"2008-10-17",` + statement: "[B:C H:i]",
		`{"Statement":{"Resource":"${b:c}","Condition":{"Null":{"h:i":"true"}}},"Version":"2012-10-17"}`: "[b:c h:i]",
		`{"Id":[{"Condition":{"Null":{"h:i":"true"}}}],"Statement":{"Condition":{}}}`:                    "[]",
		`{"Id":"a","Id":"b","Statement":{"Condition":{"Null":{"h:i":"true"}}}}`:                          "[]",
		`{"Statement":7}`: "[]",
		`{`:               "[]",
	} {
		if got := fmt.Sprint(ContextKeys(document)); got != want {
			t.Errorf("%s: %s, want %s", document, got, want)
		}
	}
}
