package granary_test

import (
	"strconv"
	"strings"
	"testing"

	"granary"
)

// An ARN taken apart is the same when it is put together, its first five parts have no colon, and mending one twice
// changes nothing.
func FuzzARN(f *testing.F) {
	for _, s := range []string{"arn:aws:iam::123456789012:role/a/b", "arn:aws:s3:::bucket/a:b:c",
		"arn:aws:sso:::instance/ssoins-ssoins-1234567890abcdef", "arn:::::", "arn:aws", "ARN:a:b:c:d:e", ":::::",
		"arn:aws:s3:us-east-1:1:access-grants/default\x00", "arn:aws:sso::1:application/ssoins-ssoins-ssoins-1/apl-1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, ok := granary.ARN(s).Parts()
		together := string(p.ARN())
		switch {
		case ok && together != s:
			t.Errorf("%q is put together as %q", s, together)
		case !ok && p != granary.ARNParts{}:
			t.Errorf("%q is none, and has the parts %+v", s, p)
		case !ok && strings.HasPrefix(s, "arn:") && strings.Count(s, ":") >= 5:
			t.Errorf("%q is one", s)
		case strings.ContainsRune(p.Partition+p.Service+p.Region+string(p.Account), ':'):
			t.Errorf("%q has a colon in %+v", s, p)
		}
		mended := granary.CollapseSSO(s)
		if strings.Contains(s, "ssoins-ssoins-") != (mended != s) || len(mended) > len(s) {
			t.Errorf("%q is mended to %q", s, mended)
		}
		if _, still := granary.ARN(mended).Parts(); still != ok {
			t.Errorf("mending %q changes what it is", s)
		}
	})
}

// A key id tells its account and nothing that was not put there; any other text tells one or none, and never panics.
func FuzzAccountOfAccessKey(f *testing.F) {
	f.Add("AKIAIOSFODNN7EXAMPLE", uint64(123456789012))
	f.Add("ASIA================", uint64(0))
	f.Add("", uint64(999999999999))
	f.Fuzz(func(t *testing.T, id string, n uint64) {
		if a, ok := granary.AccountOfAccessKey(id); ok && (!a.Valid() || len(id) != 20) {
			t.Errorf("%q tells the account %q", id, a)
		}
		account := granary.AccountID(strings.Repeat("0", 12) + strconv.FormatUint(n%1_000_000_000_000, 10))
		account = account[len(account)-12:]
		key := granary.NewAccessKeyID("ASIA", account)
		if a, ok := granary.AccountOfAccessKey(key); !ok || a != account || len(key) != 20 {
			t.Errorf("%s of %s tells %s", key, account, a)
		}
	})
}
