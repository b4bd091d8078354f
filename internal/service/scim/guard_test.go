package scim

import (
	"context"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"granary"
	"granary/internal/authn"
	"granary/internal/limit"
	"granary/internal/store"
)

func TestWhoMayCome(t *testing.T) {
	d := open(t, nil)
	status := func(path, authorization string) int {
		r := httptest.NewRequest("GET", "http://web"+path, nil)
		r.Header.Set("Authorization", authorization)
		w := httptest.NewRecorder()
		d.web.ServeHTTP(w, r)
		if w.Code == 401 && (w.Header().Get("WWW-Authenticate") == "" || w.Header().Get("X-Amzn-Requestid") == "" ||
			strings.Contains(w.Body.String(), "secre")) {
			t.Errorf("%s: %v %s", path, w.Header(), w.Body)
		}
		return w.Code
	}
	for authorization, want := range map[string]int{"Bearer secret": 200, "bearer secret": 200, "BEARER  secret ": 200,
		"": 401, "Bearer": 401, "Bearer secre": 401, "Basic secret": 401,
		"Bearer secret2": 401, "secret": 401, "Bearer " + strings.Repeat("s", 2000): 401,
		"AWS4-HMAC-SHA256 Credential=x": 401} {
		for _, path := range []string{"/tenant/scim/v2/Users", "/tenant/scim/v2/ServiceProviderConfig",
			"/tenant//scim/v2//Users/"} {
			if got := status(path, authorization); got != want {
				t.Errorf("%q at %s: %d", authorization, path, got)
			}
		}
		if got := status("/other/scim/v2/Users", authorization); got != 401 {
			t.Errorf("%q at another tenant: %d", authorization, got)
		}
	}
	d.move(365 * 24 * time.Hour)
	d.do(401, "GET", "/Users", nil)
}

// The last use of a token is known to the second where it was used, and saved by the minute; no request writes for it.
func TestTheLastUseOfATokenIsKnown(t *testing.T) {
	d := open(t, nil)
	used := func() (use store.Use, ok bool) {
		t.Helper()
		err := d.h.DB.View(t.Context(), func(tx *store.Tx) (err error) {
			use, ok, err = d.h.Uses.Last(tx, "token")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return use, ok
	}
	if _, ok := used(); ok {
		t.Error("used before it was")
	}
	revision := d.h.DB.Revision()
	for range 3 {
		d.move(90 * time.Second)
		d.do(200, "GET", "/Users", nil)
		if use, ok := used(); !ok || d.time().Sub(use.At) > time.Second {
			t.Errorf("used at %s, and it is %s", use.At, d.time())
		}
	}
	use, _ := used()
	d.move(time.Hour)
	d.send("GET", "/Users", nil, "Authorization", "Bearer secre")
	if now, _ := used(); !now.At.Equal(use.At) {
		t.Error("another token's use is taken for this one's")
	}
	if d.h.DB.Revision() != revision {
		t.Error("reading writes")
	}
	if err := d.h.Uses.Save(t.Context(), d.h.DB); err != nil {
		t.Fatal(err)
	}
	var other authn.Uses // after a restart, or on another node
	err := d.h.DB.View(t.Context(), func(tx *store.Tx) error {
		saved, ok, err := other.Last(tx, "token")
		if !ok || !saved.At.Equal(use.At) {
			t.Errorf("saved: %v", saved)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestProvisioningCanBeDisabled(t *testing.T) {
	d := open(t, nil)
	set := func(disabled bool) {
		err := d.h.DB.Update(t.Context(), func(tx *store.Tx) error {
			c, err := tx.IdentityCenters.Get("ssoins-1")
			if err != nil {
				return err
			}
			c.ScimDisabled = disabled
			return tx.IdentityCenters.Update(c)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(true)
	for _, path := range []string{"/Users", "/ServiceProviderConfig", "/Nothing"} {
		if e := d.do(403, "GET", path, nil); !strings.Contains(e.text("detail"), "disabled") {
			t.Errorf("%v", e)
		}
	}
	d.do(403, "POST", "/Users", person("ann"))
	if !strings.Contains(d.audited(), "AccessDeniedException") {
		t.Error("the refusal is not audited")
	}
	set(false)
	if got := d.found("/Users", "userName pr"); got != "" {
		t.Errorf("refused, and yet there: %s", got)
	}
}

func TestRequestsCanBeLimited(t *testing.T) {
	d := open(t, func(c *Config) { c.Reads, c.Writes = 3, 2 })
	d.h.Config.Now = d.time
	try := func(want int, method, path string, body any) {
		t.Helper()
		w := d.send(method, path, body)
		if w.Code != want {
			t.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
		}
		if n, err := strconv.Atoi(w.Header().Get("Retry-After")); want == 429 && (err != nil || n < 1) {
			t.Errorf("Retry-After: %q", w.Header().Get("Retry-After"))
		}
	}
	for range 3 {
		try(200, "GET", "/Users", nil)
	}
	try(429, "GET", "/Users", nil)
	try(200, "GET", "/Groups", nil) // each operation by itself
	d.move(time.Second)
	try(200, "GET", "/Users", nil)
	a, b := d.person("a"), d.person("b")
	try(429, "POST", "/Users", person("c"))
	d.move(time.Second)
	c := d.person("c")
	g := d.group("G")
	add := patchOp(object{"op": "add", "path": "members", "value": []any{a, b, c}}) // three changes of memberships
	try(204, "PATCH", "/Groups/"+g, add)
	d.move(time.Second)
	try(204, "PATCH", "/Groups/"+g, add) // nothing changes any more, which counts as one
	try(429, "PATCH", "/Groups/"+g, add)
	if got := statuses(d.do(200, "POST", "/Bulk",
		object{"Operations": []object{bulkOp("POST", "/Users", "1", person("x")), bulkOp("POST", "/Users", "2", person("y")),
			bulkOp("POST", "/Users", "3", person("z"))}})); got != "201 201 429" {
		t.Errorf("in bulk: %s", got)
	}
	free := open(t, nil)
	free.h.Config.Now = free.time
	for range 200 {
		free.do(200, "GET", "/Users", nil)
	}
}

// One identity store's large requests wait or are refused, and do not take what others need.
func TestLargeRequestsAreLimited(t *testing.T) {
	d := open(t, nil)
	ann := d.person("ann")
	at := "/Groups/" + d.group("G", ann)
	one, two := limit.Share[granary.StoreID]{Memory: d.h.holding, Key: "d-1"},
		limit.Share[granary.StoreID]{Memory: d.h.holding, Key: "d-2"}
	if !one.Take(maxHeldOfStore) {
		t.Fatal("an idle identity store has no room")
	}
	for _, path := range []string{"/Users", "/Groups", "/Bulk"} {
		w := d.send("POST", path, person("bob"))
		if w.Code != 429 || w.Header().Get("Retry-After") == "" {
			t.Errorf("%s: %d %s", path, w.Code, w.Body)
		}
	}
	d.do(200, "GET", at, nil) // small
	if !two.Take(maxHeldOfStore) {
		t.Error("another identity store has no room")
	}
	one.Release()
	two.Release()
	d.person("bob")
	for range maxScans {
		d.h.scans.of("d-1") <- struct{}{}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := d.h.scans.enter(ctx, "d-1"); asSCIM(err).status != 429 {
		t.Errorf("%v", err)
	}
	if got := d.found("/Users", `userName eq "ann" and title ne "x"`); got != "ann" { // a look-up waits for nobody
		t.Errorf("%s", got)
	}
	for range maxScans {
		d.h.scans.leave("d-1")
	}
	if got := d.found("/Users", `title ne "x"`); got != "ann bob" {
		t.Errorf("%s", got)
	}
	if bytes, stores := d.h.holding.InUse(); bytes != 0 || stores != 0 || len(d.h.scans.of("d-1")) != 0 {
		t.Errorf("left: %d bytes of %d stores", bytes, stores)
	}
}

func TestAnswersHaveTheTypeThatIsAskedFor(t *testing.T) {
	d := open(t, nil)
	for accept, want := range map[string]string{"": "application/scim+json;charset=utf-8",
		"*/*": "application/scim+json;charset=utf-8", "application/json": "application/json",
		"application/scim+json":                   "application/scim+json;charset=utf-8",
		"application/json, application/scim+json": "application/scim+json;charset=utf-8",
		"application/json, */*":                   "application/scim+json;charset=utf-8"} {
		for _, path := range []string{"/Users", "/Users/none"} {
			if got := d.send("GET", path, nil, "Accept", accept).Header().Get("Content-Type"); got != want {
				t.Errorf("Accept %q: %s", accept, got)
			}
		}
	}
}

func TestWhatThereIsIsTold(t *testing.T) {
	d := open(t, nil)
	types := d.do(200, "GET", "/ResourceTypes", nil)
	if len(types.list("Resources")) != 2 || d.do(200, "GET", "/ResourceTypes/User", nil).text("endpoint") != "/Users" ||
		d.do(200, "GET", "/ResourceTypes/Group", nil).text("schema") != groupSchema {
		t.Errorf("%v", types)
	}
	l := d.do(200, "GET", "/Schemas", nil)
	if len(l.list("Resources")) != 3 {
		t.Errorf("%v", l)
	}
	for _, id := range []string{userSchema, groupSchema, enterpriseSchema, strings.ToLower(userSchema)} {
		s := d.do(200, "GET", "/Schemas/"+id, nil)
		for _, a := range s.list("attributes") {
			a := asObject(a)
			for _, k := range []string{"name", "type", "multiValued", "required", "caseExact", "mutability", "returned",
				"uniqueness"} {
				if a[k] == nil {
					t.Errorf("%s: %s has no %s", id, a.text("name"), k)
				}
			}
			if a.text("name") == "userName" && (a["required"] != true || a["caseExact"] != false ||
				a.text("uniqueness") != "server") {
				t.Errorf("%v", a)
			}
		}
	}
	d.do(404, "GET", "/Schemas/urn:none", nil)
	c := d.do(200, "GET", "/ServiceProviderConfig", nil)
	for name, want := range map[string]bool{"patch": true, "bulk": true, "filter": true, "sort": true, "etag": false,
		"changePassword": false} {
		if c.sub(name)["supported"] != want {
			t.Errorf("%s: %v", name, c[name])
		}
	}
	if s := asObject(c.list("authenticationSchemes")); s.text("type") != "oauthbearertoken" {
		t.Errorf("%v", s)
	}
}
