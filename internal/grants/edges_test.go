package grants

import (
	"strings"
	"testing"

	"granary"
)

func TestLocationScopes(t *testing.T) {
	bucket := strings.Repeat("b", 63)
	for scope, want := range map[string]string{
		"s3://": "", "s3://bkt": "bkt", "s3://bkt/": "bkt", "s3://bkt/*": "bkt", "s3://bkt/a*": "bkt", "s3://bkt/a/b": "bkt",
		"s3://" + bucket: bucket, "s3://a-b.c9": "a-b.c9", "s3://0z0": "0z0",
		"s3://1.2.3": "1.2.3", "s3://1.2.3.4.5": "1.2.3.4.5", "s3://a.2.3.4": "a.2.3.4", "s3://b.0.9.z": "b.0.9.z",
	} {
		if got, err := ValidateLocation(scope); err != nil || got != want {
			t.Errorf("%s: %q %v", scope, got, err)
		}
	}
	for scope, say := range map[string]string{
		"": "does not start with s3://", "S3://bkt": "does not start", "bkt/a": "does not start",
		"s3://b": "not a bucket name", "s3://bb": "not a bucket name", "s3://" + bucket + "b": "not a bucket name",
		"s3://Bkt": "not a bucket name", "s3://b_t": "not a bucket name", "s3://-bk": "not a bucket name",
		"s3://bk-": "not a bucket name", "s3://.bk": "not a bucket name", "s3://bk.": "not a bucket name",
		"s3://b..k": "not a bucket name", "s3://1.2.3.4": "not a bucket name", "s3://b*": "not a bucket name",
		"s3://*": "not a bucket name", "s3:///a": "not a bucket name", "s3://bét": "not a bucket name",
		"s3://`kt": "not a bucket name", "s3://{kt": "not a bucket name", "s3://bk{": "not a bucket name",
		"s3://b:t": "not a bucket name", "s3://b/t": "not a bucket name",
		"s3://bkt/a*b": "a * that is not its last", "s3://bkt/**": "a * that is not its last",
		"s3://bkt/a\n": "control character", "s3://bkt/\xff": "not valid UTF-8",
		"s3://bkt/" + strings.Repeat("é", 2000): "longer than 2000",
	} {
		_, err := ValidateLocation(scope)
		if e := granary.AsError(err); err == nil || e.Code != "InvalidAccessGrantsLocation" ||
			!strings.Contains(e.Message, say) {
			t.Errorf("%q: %v, want something with %q", scope, err, say)
		}
	}
}

func TestInvalidScopeMessages(t *testing.T) {
	for _, c := range []struct{ location, sub, code, say string }{
		{"s3://", "", "InvalidRequest", "whole default location"}, {"s3://bkt", "\xff*", "InvalidRequest", "not valid UTF-8"},
		{"elsewhere", "x/y", "InvalidRequest", "does not start with s3://"},
		{"s3://", "/x", "InvalidAccessGrant", "names no bucket"}, {"s3://", "b*", "InvalidAccessGrant", "span buckets"},
		{"s3://", "bkt", "InvalidAccessGrant", "neither an object nor a prefix"},
		{"s3://bkt", "a*b", "InvalidRequest", "a * that is not its last"},
		{"s3://bkt", strings.Repeat("x", 1992), "InvalidRequest", "longer than 2000"},
	} {
		_, err := Join(c.location, c.sub, false)
		if e := granary.AsError(err); err == nil || e.Code != c.code || !strings.Contains(e.Message, c.say) {
			t.Errorf("%q + %.20q: %v, want %s with %q", c.location, c.sub, err, c.code, c.say)
		}
	}
	if _, err := Join("s3://bkt", strings.Repeat("x", 1991), false); err != nil {
		t.Errorf("2000 characters: %v", err)
	}
}

func TestInvalidTargetMessages(t *testing.T) {
	for target, say := range map[string]string{"s3://b/\xff": "not valid UTF-8",
		"s3://b/" + strings.Repeat("é", 1994): "longer than 2000", "b/x": "does not start with s3://",
		"s3://": "names no bucket", "s3:///x": "names no bucket",
		"s3://*": "span buckets", "s3://b*": "span buckets", "s3://b/**": "not its last", "s3://b/./*": ". or .. segment",
		"s3://b/x/../*": ". or .. segment",
		"s3://b/\x01":   "control character", "s3://b/\x1f*": "control character", "s3://b/\ufffe": "control character",
		"s3://b/\uffff": "control character"} {
		if _, err := ParseTarget(target, false); err == nil || granary.AsError(err).Code != "InvalidRequest" ||
			!strings.Contains(err.Error(), say) {
			t.Errorf("%.30q: %v, want something with %q", target, err, say)
		}
	}
	for _, target := range []string{"s3://b/" + strings.Repeat("é", 1993), "s3://b/../x", "s3://b/..*", "s3://b/...",
		"s3://b/.x/*", "s3://b/\t\n\r", "s3://b/ \x7f\ufffd"} {
		if _, err := ParseTarget(target, false); err != nil {
			t.Errorf("%.30q: %v", target, err)
		}
	}
}

// TestUnreadableGrantsAreIgnored checks that a malformed grant opens nothing and does no harm.
func TestUnreadableGrantsAreIgnored(t *testing.T) {
	who := granary.Grantee{Type: granary.GranteeIAM, ID: "R"}
	good := granary.GrantID(granary.UUID())
	var list []*granary.Grant
	for _, scope := range []string{"", "x://b/*", "s3:/b/*", "s3://b", "s3://", "s3:///x*", "s3://b*/x", "s3:///"} {
		list = append(list, &granary.Grant{ID: good, Scope: scope, Grantee: who, Permission: granary.ReadWrite})
	}
	ids := []granary.GrantID{"", "x", good + "0", good[:35]}
	for _, at := range []int{8, 13, 18, 23, 0} {
		ids = append(ids, good[:at]+"x"+good[at+1:])
	}
	for _, id := range ids {
		list = append(list, &granary.Grant{ID: id, Scope: "s3://b/*", Grantee: who, Permission: granary.ReadWrite})
	}
	loaded := Load(func(yield func(*granary.Grant) bool) {
		for _, g := range list {
			if !yield(g) {
				return
			}
		}
	})
	set := NewSet()
	for _, g := range list {
		set.Put(g)
		if set.Has(g.Scope, g.Object, g.Grantee, g.ID) {
			t.Errorf("%+v is there", g)
		}
		set.Delete(g)
	}
	target, _ := ParseTarget("s3://b/x", false)
	for _, s := range []*Set{loaded, set} {
		if _, ok := s.Match([]granary.Grantee{who}, "", target, granary.Read); ok || s.Len() != 0 ||
			len(s.ForGrantees([]granary.Grantee{who})) > 0 || s.Any([]granary.Grantee{who}) {
			t.Errorf("%d grants", s.Len())
		}
	}
}

// TestOverlayCleanup checks that an overlay drops its counts when the grants that they count are removed.
func TestOverlayCleanup(t *testing.T) {
	set := NewSet()
	a, b := grant("s3://b/a/*", granary.GranteeUser, "U", granary.Read),
		grant("s3://b/c/*", granary.GranteeUser, "U", granary.Read)
	set.Put(a)
	set.Put(b)
	set.Delete(a)
	if len(set.live.removed) != 0 {
		t.Error("a grant that was never merged left a tombstone")
	}
	target, _ := ParseTarget("s3://b/c/x", false)
	who := []granary.Grantee{{Type: granary.GranteeUser, ID: "U"}}
	if _, ok := set.Match(who, "", target, granary.Read); !ok || !set.Any(who) {
		t.Error("deleting one of two grants took the other along")
	}
	set.Delete(b)
	if o := set.live; len(o.prefixLengths["b"])+len(o.placesOf)+len(o.places)+len(o.entries)+o.added != 0 || set.Any(who) {
		t.Errorf("left behind: %+v", o)
	}
	c := grant("s3://b/a/*", granary.GranteeUser, "U", granary.Write)
	set.Put(a)
	set.Put(c)
	set.Delete(c)
	if len(set.live.removed) != 0 {
		t.Error("one of two grants of a scope, never merged, left a tombstone")
	}
	set.Put(b)
	set.Freeze()
	set.Merge()
	if len(set.base.parent) != 2 || set.base.parent[0] != -1 || set.base.parent[1] != -1 {
		t.Errorf("neighbours became parents: %v", set.base.parent)
	}
	set.Delete(a)
	set.Freeze()
	set.Merge()
	if len(set.base.parent) != 1 || len(set.base.records) != 1 {
		t.Errorf("a scope without grants was kept: %v", set.base.parent)
	}
}

// TestPutAfterDelete checks that a grant which was merged, deleted and put back is in the set while the next merge
// runs.
func TestPutAfterDelete(t *testing.T) {
	set := NewSet()
	a, b := grant("s3://b/a/*", granary.GranteeUser, "U", granary.Read),
		grant("s3://b/c/*", granary.GranteeUser, "V", granary.Read)
	set.Put(a)
	set.Put(b)
	set.Freeze()
	set.Merge()
	set.Delete(a)
	set.Put(a)
	set.Freeze()
	set.Delete(b)
	if who := []granary.Grantee{a.Grantee}; !set.Any(who) || len(set.ForGrantees(who)) != 1 {
		t.Error("it is not")
	}
	if who := []granary.Grantee{b.Grantee}; set.Any(who) || len(set.ForGrantees(who)) != 0 {
		t.Error("and one that did not come back is")
	}
}

func TestTextTags(t *testing.T) {
	x := newTexts(1)
	// In a hash table of 16 slots these tags begin the search in the same slot.
	if a, b := x.intern(1, "x"), x.intern(17, "x"); a == b {
		t.Error("one number for two texts")
	}
	if n, ok := x.findNumber(17, "x"); !ok || x.textAt(n) != "\x11x" {
		t.Error("the other was found")
	}
	if _, ok := x.findNumber(33, "x"); ok {
		t.Error("a third was found")
	}
}

func TestDiscoverable(t *testing.T) {
	scope := granary.Scope{Bucket: "b", Prefix: "a/", Permission: granary.Read}
	writer := granary.Scope{Bucket: "b", Prefix: "a/", Permission: granary.Write}
	if !Discoverable(&scope, "b", "a/x") || Discoverable(&scope, "b", "c") || Discoverable(&scope, "c", "a/x") ||
		Discoverable(&writer, "b", "a/x") || Discoverable(nil, "b", "a/x") {
		t.Error("a missing key is told to those who could have read it")
	}
	if got := SessionPolicy(&granary.Scope{Bucket: "b", Prefix: "a&b<c>/", Permission: granary.Read}); !strings.Contains(
		got, "b/a&b<c>/*") {
		t.Error(got)
	}
}
