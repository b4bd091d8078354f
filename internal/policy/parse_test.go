package policy

import (
	"os"
	"slices"
	"strings"
	"testing"

	"granary"
)

func TestMalformedDocumentsAreRefused(t *testing.T) {
	for _, c := range []struct {
		kind      Kind
		text, say string
	}{
		{Identity, `{`, "Syntax errors"},
		{Identity, `[]`, "Syntax errors"},
		{Identity, doc(get) + "x", "Syntax errors"},
		{Identity, `{"Version":"2012-10-17","Statement":[]}`, "Syntax errors"},
		{Identity, doc(`{"effect":"Allow","Action":"*","Resource":"*"}`), "unknown"},
		{Identity, doc(`{"Effect":"Allow","Effect":"Deny","Action":"*","Resource":"*"}`), "given twice"},
		{Identity, doc(`{"Effect":"Allow","Action":"*","NotAction":"s3:*","Resource":"*"}`), "given twice"},
		{Identity, doc(`{"Effect":"Allow","Action":[null],"Resource":"*"}`), "not of the right type"},
		{Identity, `{"Version":"2008-10-17","Statement":[` + get + `]}`, "must be version 2012-10-17"},
		{Identity, doc(`{"Effect":"allow","Action":"*","Resource":"*"}`), "legacy parsing"},
		{Identity, doc(`{"Sid":"a","Effect":"Allow","Action":"*","Resource":"*"},{"Sid":"a","Effect":"Allow","Action":"*",` +
			`"Resource":"*"}`), "must be unique"},
		{Identity, doc(`{"Sid":"a b","Effect":"Allow","Action":"*","Resource":"*"}`), "alpha-numeric"},
		{Identity, doc(`{"Effect":"Allow","Resource":"*"}`), "must contain actions"},
		{Identity, doc(stmt("Allow", "s3:*", "foo", "")), "must be in ARN format"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:x:s3:::b", "")), "Partition"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s*:::b", "")), "vendor must be"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:us-east-1::b", "")), "region information"},
		{Identity, doc(stmt("Allow", "iam:*", "arn:aws:iam::111111111111:thing/x", "")), "IAM resource path"},
		{Identity, doc(stmt("Allow", "GetObject", "*", "")), "prefaced by a vendor"},
		{Identity, doc(stmt("Allow", "s3:Get:x", "*", "")), "only one colon"},
		{Identity, doc(stmt("Allow", "s*:Get", "*", "")), "Vendor"},
		{Identity, doc(`{"Effect":"Allow","Action":"*"}`), "must contain resources"},
		{Identity, doc(stmt("Allow", "*", "*", who(`"*"`))), "should not specify a principal"},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"stringEquals":{"a:b":"c"}`))), "no condition operator"},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"NullIfExists":{"a:b":"true"}`))), "no condition operator"},
		{Identity, doc(stmt("Allow", "s3:*", "arn:aws:s3:::b/${aws:username", "")), "not closed"},
		{Identity, doc(stmt("Allow", "*", "*", cond(`"DateEquals":{"aws:CurrentTime":"soon"}`))), "legacy parsing"},
		{Identity, strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40), "Syntax errors"},
		{Trust, doc(stmt("Allow", "sts:AssumeRole", "*", who(`"*"`))), "prohibited field Resource"},
		{Trust, doc(stmt("Allow", "s3:GetObject", "", who(`"*"`))), "STS AssumeRole actions"},
		{Trust, doc(stmt("Allow", "sts:AssumeRole", "", who(aws("arn:aws:iam::111111111111:role/*")))), "Invalid principal"},
		{Trust, doc(stmt("Allow", "sts:AssumeRole", "", who(aws("arn:aws:sts::111111111111:assumed-role/r/*")))),
			"Invalid principal"},
		{Trust, doc(stmt("Allow", "sts:AssumeRole", "", "")), "Principal"},
		{Bucket, doc(stmt("Allow", "s3:*", "*", `,"NotPrincipal":{"AWS":"111111111111"}`)), "NotPrincipal"},
	} {
		_, err := Parse(c.kind, c.text)
		if !granary.Is(err, granary.Invalid) || !strings.Contains(err.Error(), c.say) {
			t.Errorf("%s\n got %v, want something with %q", c.text, err, c.say)
		}
	}
}

func FuzzParse(f *testing.F) {
	corpus, err := os.ReadFile("testdata/corpus/iam.txt")
	if err != nil {
		f.Fatal(err)
	}
	for line := range strings.Lines(string(corpus)) {
		if at := strings.Index(line, ` {"`); at > 0 {
			f.Add(doc(strings.TrimSpace(line[at:])))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		for k := Identity; k <= Delegation; k++ {
			p, err := Parse(k, text)
			if err != nil {
				if !granary.Is(err, granary.Invalid) {
					t.Fatal(err)
				}
				continue
			}
			Evaluate(Request{Caller: callers["U"], Action: "s3:GetObject", Resource: "arn:aws:s3:::b/k", Owner: accountA},
				Set{Resource: p})
			if p.Within("b") && p.Within("c") {
				for _, s := range p.statements {
					if slices.ContainsFunc(s.resources, func(r resource) bool { return len(r.head) > 0 }) {
						t.Fatalf("within two buckets: %s", text)
					}
				}
			}
		}
	})
}
