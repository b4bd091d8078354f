package scim

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"granary"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/front"
	"granary/internal/index"
	"granary/internal/store"
)

// desk is a handler with an empty directory behind it.
type desk struct {
	testing.TB
	h   *Handler
	web http.Handler
	mu  sync.Mutex // guards now: the audit log reads it in goroutines of its own
	now time.Time
	dir string
}

// open opens a directory, as the settings change it.
func open(t testing.TB, change func(*Config)) *desk {
	t.Helper()
	d := &desk{TB: t, now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC), dir: t.TempDir()}
	db, err := store.Open(context.Background(), filepath.Join(d.dir, "state.db"), bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	x, err := index.Open(context.Background(), db)
	if err != nil {
		t.Fatal(err)
	}
	log, err := audit.Open(audit.Config{Dir: filepath.Join(d.dir, "audit"), Strict: true,
		Now: d.time})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); log.Close(); db.Close() })
	sum := sha256.Sum256([]byte("secret"))
	err = db.Update(context.Background(), func(tx *store.Tx) error {
		if err := tx.IdentityCenters.Create(&granary.IdentityCenter{ID: "ssoins-1", Account: "111122223333", Store: "d-1",
			ScimTenant: "tenant"}); err != nil {
			return err
		}
		if err := tx.Keys.Create(&store.Key{Purpose: index.RingSeal, ID: strings.Repeat("ab", 8),
			Secret: bytes.Repeat([]byte{9}, 32), Created: d.time()}); err != nil {
			return err
		}
		return tx.ScimTokens.Create(&granary.ScimToken{ID: "token", Store: "d-1", Hash: hex.EncodeToString(sum[:]),
			Created: d.time(), Expires: d.time().Add(365 * 24 * time.Hour)})
	})
	if err != nil {
		t.Fatal(err)
	}
	c := Config{DB: db, Index: x, Uses: &authn.Uses{},
		Now:  func() time.Time { return d.move(time.Millisecond) },
		Base: func() string { return "http://web" }}
	if change != nil {
		change(&c)
	}
	d.h = New(c)
	d.web = (&front.Reception{Index: x, Audit: log, Now: c.Now, Log: slog.New(slog.DiscardHandler)}).Init().Open(d.h)
	return d
}

// time returns the time of the test's clock.
func (d *desk) time() time.Time { return d.move(0) }

// move puts the clock forward and returns its time.
func (d *desk) move(by time.Duration) time.Time {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.now = d.now.Add(by)
	return d.now
}

// send sends a request; body is JSON text or a value, headers are pairs.
func (d *desk) send(method, path string, body any, headers ...string) *httptest.ResponseRecorder {
	text, ok := body.(string)
	if !ok && body != nil {
		b, err := json.Marshal(body)
		if err != nil {
			d.Fatal(err)
		}
		text = string(b)
	}
	r := httptest.NewRequest(method, "http://web/tenant/scim/v2"+path, strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer secret")
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	d.web.ServeHTTP(w, r)
	return w
}

// do sends a request that must end with a status, and reads the answer.
func (d *desk) do(want int, method, path string, body any, headers ...string) object {
	d.Helper()
	w := d.send(method, path, body, headers...)
	if w.Code != want {
		d.Fatalf("%s %s: %d, want %d: %s", method, path, w.Code, want, w.Body)
	}
	var o object
	if w.Body.Len() > 0 {
		if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil {
			d.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return o
}

// person is a user whom every rule is content with.
func person(name string, more ...any) object {
	o := object{"schemas": []string{userSchema}, "userName": name, "displayName": "D " + name,
		"name":   object{"givenName": "G", "familyName": "F"},
		"emails": []any{object{"value": name + "@x.example", "type": "work", "primary": true}}}
	for i := 0; i+1 < len(more); i += 2 {
		o[more[i].(string)] = more[i+1]
	}
	return o
}

func (d *desk) person(name string, more ...any) string {
	d.Helper()
	return d.do(201, "POST", "/Users", person(name, more...)).text("id")
}

func (d *desk) group(name string, members ...string) string {
	d.Helper()
	list := []any{}
	for _, m := range members {
		list = append(list, object{"value": m})
	}
	return d.do(201, "POST", "/Groups", object{"displayName": name, "members": list}).text("id")
}

// found is the names a list gives, by filter.
func (d *desk) found(path, filter string) string {
	d.Helper()
	return namesOf(d.do(200, "GET", path+"?filter="+url.QueryEscape(filter), nil))
}

func namesOf(list object) string {
	var out []string
	for _, r := range list.list("Resources") {
		o := asObject(r)
		if n := o.text("userName"); n != "" {
			out = append(out, n)
		} else {
			out = append(out, o.text("displayName"))
		}
	}
	return strings.Join(out, " ")
}

func patchOp(ops ...object) object { return object{"Operations": ops} }

// audited is the audit log's text.
func (d *desk) audited() string {
	d.Helper()
	var all []byte
	files, _ := filepath.Glob(filepath.Join(d.dir, "audit", "*.jsonl"))
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			d.Fatal(err)
		}
		all = append(all, b...)
	}
	return string(all)
}

func TestListsHaveAFirmOrder(t *testing.T) {
	d := open(t, nil)
	for _, n := range []string{"dora", "ann", "carl", "bea", "emil"} {
		d.person(n)
	}
	get := func(query string) object { t.Helper(); return d.do(200, "GET", "/Users?"+query, nil) }
	for query, want := range map[string]string{
		"": "dora ann carl bea emil", "startIndex=2&count=2": "ann carl", "startIndex=-3&count=2": "dora ann",
		"startIndex=9": "", "count=0": "", "count=-1": "",
		"count=5000": "dora ann carl bea emil", "sortBy=userName": "ann bea carl dora emil",
		"sortBy=userName&sortOrder=descending&startIndex=2&count=2": "dora carl",
		"sortBy=title": "dora ann carl bea emil", "filter=active+eq+true&startIndex=4": "bea emil",
		"filter=userName+co+%22a%22&sortBy=userName&count=2": "ann bea",
		"STARTINDEX=5": "emil", "aadOptscim062020&%zz=1&count=1": "dora",
	} {
		if got := namesOf(get(query)); got != want {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	if l := get("startIndex=2&count=2"); fmt.Sprint(l["totalResults"], l["itemsPerPage"], l["startIndex"]) != "5 2 2" {
		t.Errorf("%v", l)
	}
	if l := get("count=0"); fmt.Sprint(l["totalResults"], l["itemsPerPage"]) != "5 0" || l["Resources"] == nil {
		t.Errorf("totals only: %v", l)
	}
	for _, bad := range []string{"startIndex=x", "count=1.5", "filter=userName", "filter=%zz", "filter=userName+eq+%22a;b",
		"cursor=nonsense", "cursor=&count=0", "cursor=&sortBy=userName", "sortBy=a%20b"} {
		if w := d.send("GET", "/Users?"+bad, nil); w.Code != 400 {
			t.Errorf("%s: %d %s", bad, w.Code, w.Body)
		}
	}
	if got := namesOf(get("filter=userName+eq+%22a;b%22")); got != "" {
		t.Errorf("a semicolon made the filter vanish: %s", got)
	}
}

// What a look-up finds comes in the same order, and in the same windows, as what is found by going through everything.
func TestLookUpsListAsEverythingElseDoes(t *testing.T) {
	d := open(t, nil)
	var ids []string
	for i := range 9 {
		ids = append(ids, d.person(fmt.Sprint("u", (i*5)%9), "title", []string{"odd", "even"}[(i+1)%2]))
	}
	g := d.group("G", ids[8], ids[1], ids[6], ids[3], ids[0])
	names := namesOf(d.do(200, "GET", "/Users?filter="+url.QueryEscape(`groups.value eq "`+g+`"`), nil))
	if names != "u0 u5 u6 u3 u4" {
		t.Fatalf("%s", names)
	}
	for _, more := range []string{"", ` and title eq "even"`, ` and not (title eq "even")`} {
		looked, walked := `groups eq "`+g+`"`+more, `not (groups ne "`+g+`")`+more
		for _, query := range []string{"", "&startIndex=2&count=2", "&count=0", "&startIndex=9", "&sortBy=userName",
			"&sortBy=userName&sortOrder=descending&startIndex=2&count=2", "&sortBy=title&count=3", "&sortBy=nickName",
			"&cursor=&count=2", "&cursor&count=100"} {
			a := d.do(200, "GET", "/Users?filter="+url.QueryEscape(looked)+query, nil)
			b := d.do(200, "GET", "/Users?filter="+url.QueryEscape(walked)+query, nil)
			if namesOf(a) != namesOf(b) || fmt.Sprint(a["totalResults"], a["itemsPerPage"]) != fmt.Sprint(b["totalResults"],
				b["itemsPerPage"]) || (a["nextCursor"] == nil) != (b["nextCursor"] == nil) {
				t.Errorf("%s%s: %s (%v), and %s (%v) by going through everything", looked, query, namesOf(a), a["totalResults"],
					namesOf(b), b["totalResults"])
			}
			if next := a.text("nextCursor"); next != "" {
				a = d.do(200, "GET", "/Users?filter="+url.QueryEscape(looked)+"&count=2&cursor="+next, nil)
				b = d.do(200, "GET", "/Users?filter="+url.QueryEscape(walked)+"&count=2&cursor="+b.text("nextCursor"), nil)
				if namesOf(a) != namesOf(b) {
					t.Errorf("%s%s, further: %s and %s", looked, query, namesOf(a), namesOf(b))
				}
			}
		}
	}
	for _, filter := range []string{`id pr`, `displayName sw "D" or displayName eq "G"`, `displayName eq "G"`,
		`id eq "` + ids[3] + `"`, `externalId eq "none"`} {
		for _, more := range []object{{}, {"startIndex": 3, "count": 2}, {"sortBy": "displayName", "count": 4},
			{"sortBy": "userName", "sortOrder": "descending"}} {
			q := object{"filter": filter}
			for k, v := range more {
				q[k] = v
			}
			if l := d.do(200, "POST", "/.search", q); len(l.list("Resources")) > 10 {
				t.Errorf("%v: %v", q, l)
			}
		}
	}
	if got := namesOf(d.do(200, "POST", "/.search", object{"filter": "id pr", "sortBy": "displayName",
		"sortOrder": "descending", "count": 3})); got != "G u8 u7" {
		t.Errorf("ordered over everything: %s", got)
	}
	long := strings.Repeat("title,", 1000)
	d.do(400, "GET", "/Users?attributes="+long, nil)
	d.do(400, "POST", "/.search", object{"excludedAttributes": strings.Split(long, ",")})
}

func TestCursorsLeadThroughTheList(t *testing.T) {
	d := open(t, nil)
	for i := range 7 {
		d.person(fmt.Sprintf("u%d", i), "title", []string{"odd", "even"}[(i+1)%2])
	}
	for _, filter := range []string{"", "&filter=title+eq+%22even%22"} {
		var got []string
		query, pages := "?cursor"+filter, 0
		for {
			l := d.do(200, "GET", "/Users"+query+"&count=2", nil)
			if _, has := l["totalResults"]; has {
				t.Error("a page by cursor counts")
			}
			got = append(got, namesOf(l))
			if pages++; l.text("nextCursor") == "" {
				break
			}
			if pages == 1 { // somebody comes meanwhile
				d.person("new"+strings.Repeat("x", len(filter)), "title", "even")
			}
			query = "?cursor=" + url.QueryEscape(l.text("nextCursor")) + filter
			d.do(400, "GET", "/Users?filter=title+pr&cursor="+url.QueryEscape(l.text("nextCursor")), nil)
			d.do(400, "GET", "/Groups?cursor="+url.QueryEscape(l.text("nextCursor"))+filter, nil)
		}
		if got := strings.Join(got, " "); !strings.HasPrefix(got, "u0 u") ||
			!strings.HasSuffix(got, strings.TrimSpace("new"+strings.Repeat("x", len(filter)))) {
			t.Errorf("%s: %s in %d pages", filter, got, pages)
		}
	}
}

func TestProjections(t *testing.T) {
	d := open(t, nil)
	id := d.person("ann", "title", "Dr", enterpriseSchema, object{"department": "Mill", "division": "North"})
	g := d.group("G", id)
	keys := func(path string) string {
		t.Helper()
		o := d.do(200, "GET", path, nil)
		b, _ := json.Marshal(o)
		var out []string
		for _, k := range []string{"schemas", "id", "userName", "displayName", "title", "name", "givenName", "familyName",
			"emails", "meta", "department", "division", "members", "value", "groups"} {
			if strings.Contains(string(b), `"`+k+`":`) {
				out = append(out, k)
			}
		}
		return strings.Join(out, " ")
	}
	for path, want := range map[string]string{
		"/Users/" + id + "?attributes=title": "schemas id userName title",
		"/Users/" + id + "?attributes=name.givenName," + enterpriseSchema + ":division": "schemas id userName name " +
			"givenName division",
		"/Users/" + id + "?attributes=" + userSchema + ":TITLE,nonsense": "schemas id userName title",
		"/Users/" + id + "?excludedAttributes=id,userName,meta,emails,name.familyName": "schemas id userName displayName " +
			"title name givenName department division",
		"/Users/" + id + "?attributes=groups.value":    "schemas id userName value groups",
		"/Groups/" + g + "?excludedAttributes=members": "schemas id displayName meta",
		"/Groups/" + g + "?attributes=displayName":     "schemas id displayName",
		"/Groups/" + g +
			"?attributes=members.value": "schemas id displayName members value",
	} {
		if got := keys(path); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
	l := d.do(200, "POST", "/Users/.search",
		object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:SearchRequest"}, "filter": `userName eq "ann"`,
			"attributes": []string{"title"}, "count": 10, "startIndex": 1})
	if o := asObject(l.list("Resources")); namesOf(l) != "ann" || o.text("title") != "Dr" || o["emails"] != nil {
		t.Errorf("a search: %v", l)
	}
	if got := namesOf(d.do(200, "POST", "/.search", object{"filter": "id pr"})); got != "ann G" {
		t.Errorf("a search over everything: %s", got)
	}
	d.do(400, "POST", "/.search", object{"cursor": ""})
	d.do(400, "POST", "/.search", object{"filter": object{}})
	d.do(405, "GET", "/.search", nil)
}

func TestVersionsGuardAgainstLostUpdates(t *testing.T) {
	d := open(t, func(c *Config) { c.ETags = true })
	u := d.do(201, "POST", "/Users", person("ann"))
	at, v1 := "/Users/"+u.text("id"), u.sub("meta").text("version")
	if v1 != `W/"1"` || d.send("GET", at, nil).Header().Get("ETag") != v1 {
		t.Fatalf("version %q", v1)
	}
	if w := d.send("GET", at, nil, "If-None-Match", v1); w.Code != 304 || w.Body.Len() != 0 {
		t.Errorf("not changed: %d %s", w.Code, w.Body)
	}
	rename := patchOp(object{"op": "replace", "path": "title", "value": "Dr"})
	if v2 := d.do(200, "PATCH", at, rename, "If-Match", `"x", `+v1).sub("meta").text("version"); v2 != `W/"2"` {
		t.Errorf("the next version: %s", v2)
	}
	if again := d.do(200, "PATCH", at, rename, "If-Match", "*").sub("meta").text("version"); again != `W/"2"` {
		t.Errorf("a change of nothing is a change: %s", again)
	}
	d.do(412, "PATCH", at, rename, "If-Match", v1)
	d.do(412, "PUT", at, person("ann"), "If-Match", v1)
	d.do(412, "DELETE", at, nil, "If-Match", v1)
	d.do(200, "GET", at, nil, "If-None-Match", v1)

	g := "/Groups/" + d.group("G")
	tag := func() string { return d.send("GET", g, nil).Header().Get("ETag") }
	old := tag()
	d.do(204, "PATCH", g, patchOp(object{"op": "add", "path": "members", "value": []any{object{"value": u.text("id")}}}),
		"If-Match", old)
	if tag() == old {
		t.Error("a new member is no new version")
	}
	d.do(412, "PATCH", g, patchOp(object{"op": "replace", "path": "displayName", "value": "H"}), "If-Match", old)
	d.do(412, "DELETE", g, nil, "If-Match", old)
	old = tag()
	d.do(204, "DELETE", at, nil)
	if tag() == old {
		t.Error("a member who left is no new version")
	}
	d.do(412, "PUT", g, object{"displayName": "H"}, "If-Match", old)
	if d.do(200, "GET", "/ServiceProviderConfig", nil).sub("etag")["supported"] != true {
		t.Error("the configuration does not tell")
	}

	off := open(t, nil)
	id := off.person("ann")
	if w := off.send("PATCH", "/Users/"+id, rename, "If-Match", `W/"99"`); w.Code != 200 || w.Header().Get("ETag") != "" ||
		strings.Contains(w.Body.String(), "version") {
		t.Errorf("without the setting: %d %v %s", w.Code, w.Header(), w.Body)
	}
}
