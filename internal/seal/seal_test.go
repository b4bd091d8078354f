package seal

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"granary"
)

func newTestRing(t testing.TB, n int) (*Ring, []Key) {
	t.Helper()
	var keys []Key
	for i := range n {
		keys = append(keys, NewKey(time.Unix(int64(i), 0)))
	}
	r, err := NewRing(keys...)
	if err != nil {
		t.Fatal(err)
	}
	return r, keys
}

// fullSession returns a session without a zero field, so that a field which the codec omits is noticed.
func fullSession() *granary.Session {
	at := time.Unix(1800000000, 0).UTC()
	return &granary.Session{AccessKeyID: "ASIAEXAMPLE", Issued: at, Expires: at.Add(time.Hour), Account: "111122223333",
		RoleID:  "AROA1",
		RoleARN: "arn:aws:iam::111122223333:role/p/r", Name: "s1", SourceIdentity: "alice", User: "u", UserID: "AIDA1",
		Federated: true, Provider: "arn:aws:iam::111122223333:oidc-provider/x.example",
		Tags:           []granary.Tag{{Key: "k", Value: "v"}},
		TransitiveTags: []string{"k"}, Policies: []string{`{"a":1}`}, PolicyARNs: []granary.ARN{"arn:aws:iam::aws:policy/X"},
		Chained: true,
		Context: &granary.IdentityContext{User: "u", Store: "d-1", StoreARN: "sa", Instance: "ia", Application: "aa",
			CredentialID: "c",
			Scopes:       []string{"s3:access_grants:read_write"}, AuditOnly: true, Expires: at},
		Scope: &granary.Scope{Bucket: "b", Prefix: "p/", Exact: true, Permission: granary.ReadWrite,
			GrantAccount: "111122223333",
			Region:       "us-east-1", Grant: "g", GrantScope: "s3://b/p/*", GrantObject: true,
			Grantee: granary.Grantee{Type: granary.GranteeGroup, ID: "x"}}}
}

func requireNonZero(t *testing.T, v reflect.Value, path string) {
	switch v.Kind() {
	case reflect.Pointer:
		requireNonZero(t, v.Elem(), path)
	case reflect.Struct:
		if _, ok := v.Interface().(time.Time); ok {
			break
		}
		for i := range v.NumField() {
			requireNonZero(t, v.Field(i), path+"."+v.Type().Field(i).Name)
		}
	}
	if v.IsZero() {
		t.Errorf("the test's session leaves %s empty: fill it, and see that the codec carries it", path)
	}
}

func TestSessionRoundTrip(t *testing.T) {
	r, _ := newTestRing(t, 2)
	s := fullSession()
	requireNonZero(t, reflect.ValueOf(s), "Session")
	token, secret := SealSession(r, s)
	if !strings.HasPrefix(token, "IQoJb3JpZ2luX2Vj") || len(secret) != 40 {
		t.Errorf("token %.20s… secret of %d characters", token, len(secret))
	}
	got, again, err := OpenSession(r, token, s.AccessKeyID)
	if err != nil || again != secret || !reflect.DeepEqual(got, s) {
		t.Errorf("got %+v %v", got, err)
	}
}

func TestATokenOpensOnlyForItsKeyIDAndRing(t *testing.T) {
	r, keys := newTestRing(t, 1)
	other, _ := newTestRing(t, 1)
	token, secret := SealSession(r, fullSession())
	if _, _, err := OpenSession(r, token, "ASIAOTHER"); err == nil {
		t.Error("it opened for another access key id")
	}
	if _, _, err := OpenSession(other, token, "ASIAEXAMPLE"); err == nil {
		t.Error("another installation opened it")
	}
	rotated, err := NewRing(append(keys, NewKey(time.Unix(9, 0)))...)
	if err != nil {
		t.Fatal(err)
	}
	if _, again, err := OpenSession(rotated, token, "ASIAEXAMPLE"); err != nil || again != secret {
		t.Errorf("after rotation: %v", err)
	}
	for i := range token {
		changed := token[:i] + string(token[i]^1) + token[i+1:]
		if _, _, err := OpenSession(r, changed, "ASIAEXAMPLE"); err == nil &&
			strings.TrimRight(changed, "=") != strings.TrimRight(token, "=") && i < len(token)-4 {
			t.Fatalf("it opened with character %d changed", i)
		}
	}
}

func TestContextKinds(t *testing.T) {
	r, _ := newTestRing(t, 1)
	for _, audit := range []bool{false, true} {
		c := fullSession().Context
		c.AuditOnly = audit
		a, err := SealContext(r, c)
		if err != nil || !strings.HasPrefix(a, "AQoJb3JpZ2luX2Vj") || len(a) > MaxAssertion {
			t.Fatalf("%.20s %v", a, err)
		}
		got, err := OpenContext(r, a)
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Errorf("got %+v %v", got, err)
		}
		if _, _, err := OpenSession(r, a, "ASIAEXAMPLE"); err == nil {
			t.Error("a context passed for a session")
		}
	}
	token, _ := SealSession(r, fullSession())
	if _, err := OpenContext(r, token); err == nil {
		t.Error("a session passed for a context")
	}
	c := fullSession().Context
	c.Application = granary.ARN(strings.Repeat("x", 3000))
	if _, err := SealContext(r, c); err == nil {
		t.Error("an assertion longer than STS takes was made")
	}
}

func TestARingNeedsDistinctKeys(t *testing.T) {
	k := NewKey(time.Unix(1, 0))
	if _, err := NewRing(); err == nil {
		t.Error("no key")
	}
	if _, err := NewRing(k, k); err == nil {
		t.Error("one id twice")
	}
	var none *Ring
	if _, err := none.Open("x", []byte("12345678")); err == nil {
		t.Error("a missing ring opened something")
	}
}

func FuzzDecodeSession(f *testing.F) {
	f.Add(encodeSession(fullSession()))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := decodeSession(b)
		if err == nil && s == nil {
			t.Error("neither a session nor an error")
		}
	})
}

func BenchmarkOpenSession(b *testing.B) {
	r, _ := newTestRing(b, 1)
	token, _ := SealSession(r, fullSession())
	for b.Loop() {
		OpenSession(r, token, "ASIAEXAMPLE")
	}
}
