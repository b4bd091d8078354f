package policy

import (
	"strings"
	"testing"
)

func TestMapPrincipals(t *testing.T) {
	upper := func(kind, value string) string {
		if kind == "AWS" {
			return NormalPrincipal(kind, value)
		}
		return strings.ToUpper(value)
	}
	for _, c := range []struct{ before, after string }{
		{`{"Statement": {"Principal" : {"AWS":  "111111111111"}, "Condition":{"StringEquals":{"AWS":"111111111111"}}}}`,
			`{"Statement": {"Principal" : {"AWS":  "arn:aws:iam::111111111111:root"}, ` +
				`"Condition":{"StringEquals":{"AWS":"111111111111"}}}}`},
		{`{"Statement":[{"NotPrincipal":{"AWS":["1","\u003111111111111", "x"],"Service":"a"}},{"Principal":"*"}]}`,
			`{"Statement":[{"NotPrincipal":{"AWS":["1","arn:aws:iam::111111111111:root", "x"],"Service":"A"}},` +
				`{"Principal":"*"}]}`},
		{"{\n \"Id\":\"111111111111\",\n \"Principal\":{\"AWS\":\"111111111111\"}}\n",
			"{\n \"Id\":\"111111111111\",\n \"Principal\":{\"AWS\":\"111111111111\"}}\n"},
		{`{"Statement":{"Principal":{"AWS":"111111111111"}`,
			`{"Statement":{"Principal":{"AWS":"111111111111"}`},
		{``,
			``},
	} {
		before, after := c.before, c.after
		if got := MapPrincipals(before, upper); got != after {
			t.Errorf("%s\n got %s\nwant %s", before, got, after)
		}
	}
}
