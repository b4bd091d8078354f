package scim

import (
	"encoding/json"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"granary"
	"granary/internal/limit"
	"granary/internal/store"
)

// A filter never breaks the server, and a look-up finds what going through everybody finds.
func FuzzFilter(f *testing.F) {
	for _, s := range []string{`userName eq "x" and not (emails[type eq "work"].value co "y" or a pr)`,
		`userName eq "ann"`, `emails eq "ANN@x.example" and active eq true`, `id eq "G"`,
		`displayName eq "readers" and members pr`, `members ne "U"`, `groups pr or externalId eq "e"`,
		`meta.created gt "2020-01-01T00:00:00Z"`, `title eq null`, `member.value eq "U" and id pr`,
		`userName eq "a" and userName eq "ann"`, `members[value sw "U"] or displayName eq "writers"`,
		enterpriseSchema + `:manager eq "m"`} {
		f.Add(s)
	}
	d := open(f, func(c *Config) { c.KeepAll = true })
	ann := d.person("ann", "externalId", "e", "title", "Dr", "emails",
		emails("ann@x.example/work!", "second@x.example/home"))
	bob := d.person("bob", "active", false, enterpriseSchema, object{"manager": "m"})
	g := d.group("Readers", ann, bob)
	d.group("Writers", bob)
	d.group("Nobody")
	f.Fuzz(func(t *testing.T, s string) {
		s = strings.ReplaceAll(strings.ReplaceAll(s, `"U"`, `"`+ann+`"`), `"G"`, `"`+g+`"`)
		e, err := parseFilter(s)
		for _, path := range []string{"/Users", "/Groups"} {
			w := d.send("GET", path+"?filter="+url.QueryEscape(s), nil)
			if s == "" {
				continue
			}
			if err != nil {
				if w.Code != 400 {
					t.Fatalf("%s: %d for a filter that cannot be read: %s", path, w.Code, w.Body)
				}
				continue
			}
			if w.Code == 404 && path == "/Groups" {
				continue // the groups of somebody who does not exist
			}
			var list object
			if err := json.Unmarshal(w.Body.Bytes(), &list); err != nil || w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
			if got, want := namesOf(list), d.plainly(t, path, e); got != want {
				t.Errorf("%s: %q, and going through everybody finds %q", path, got, want)
			}
		}
	})
}

// plainly finds what matches a filter by going through everybody, with every attribute there is.
func (d *desk) plainly(t *testing.T, path string, e expr) string {
	c := &call{Handler: d.h, ctx: t.Context(), query: url.Values{}, held: new(limit.Share[granary.StoreID]),
		center: &granary.IdentityCenter{Store: "d-1"}, base: "http://web/tenant/scim/v2",
		issuer: "https://scim.aws.com/tenant"}
	var out []string
	err := d.h.DB.View(t.Context(), func(tx *store.Tx) error {
		if path == "/Users" {
			list, err := tx.Users.Window("d-1", 0, 100)
			for _, u := range list {
				o := c.toSCIM(u)
				if err := c.addGroups(tx, o, u.ID); err != nil {
					return err
				}
				if e.match(o) {
					out = append(out, u.UserName)
				}
			}
			return err
		}
		list, err := tx.Groups.Window("d-1", 0, 100)
		for _, g := range list {
			o, members := c.groupSCIM(g), []any{}
			if err := tx.Memberships.EachMember("d-1", g.ID, func(u granary.UserID) error {
				members = append(members, object{"value": string(u), "type": "User"})
				return nil
			}); err != nil {
				return err
			}
			if o["members"], o["member"] = members, members; e.match(o) {
				out = append(out, g.DisplayName)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(out, " ")
}

// A change leads to a user who can be read back, or is refused in words; and replacing twice is replacing once.
func FuzzPatch(f *testing.F) {
	f.Add("replace", `emails[type eq "work"].value`, "x")
	f.Add("add", "phoneNumbers", `[{"value":"1","type":"home"},{"value":"2"}]`)
	f.Add("remove", `addresses[locality eq "Leeds"]`, "null")
	f.Add("replace", "",
		`{"name.givenName":"A","urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager":{"value":"m"},`+
			`"active":"False"}`)
	f.Add("replace", "name", `[{"familyName":["x"]}]`)
	f.Add("replace", "EMAILS.primary", `"true"`)
	f.Fuzz(func(t *testing.T, op, path, value string) {
		var v any = value
		if d := json.NewDecoder(strings.NewReader(value)); json.Valid([]byte(value)) {
			d.UseNumber()
			_ = d.Decode(&v)
		}
		body := object{"Operations": []any{object{"op": op, "path": path, "value": v}}}
		if path == "" {
			delete(body["Operations"].([]any)[0].(object), "path")
		}
		for _, many := range []bool{false, true} {
			c := &call{Handler: New(Config{KeepAll: many}), named: map[string]bool{}, issuer: "i"}
			once, err := patched(t, c, body, ann())
			if err != nil {
				if e := asSCIM(err); e.status != 413 && (e.status != 400 || e.scimType == "") || e.detail == "" {
					t.Fatalf("refused with %d %q %q", e.status, e.scimType, e.detail)
				}
				continue
			}
			back := *once
			if err := c.fromSCIM(c.toSCIM(once), nil, &back); err != nil || !reflect.DeepEqual(*once, back) {
				t.Fatalf("what was written reads back otherwise (%v):\n%+v\n%+v", err, *once, back)
			}
			if !strings.EqualFold(op, "replace") || strings.Contains(path, "[") || path == "" {
				continue
			}
			if twice, err := patched(t, c, body, *once); err != nil || !reflect.DeepEqual(once, twice) {
				t.Fatalf("replaced twice (%v):\n%+v\n%+v", err, once, twice)
			}
		}
	})
}

func ann() granary.User {
	return granary.User{ID: "U", UserName: "ann", DisplayName: "Ann",
		Name:      granary.PersonName{Given: "Ann", Family: "Lee"},
		Emails:    []granary.Email{{Value: "ann@x", Type: "work", Primary: true}},
		Addresses: []granary.Address{{Locality: "Leeds"}}, ExternalIDs: []granary.ExternalID{{Issuer: "i", ID: "e"}}}
}

// patched is a user after a PATCH. The body is copied, as each request has its own.
func patched(t *testing.T, c *call, body object, u granary.User) (*granary.User, error) {
	b, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	o, err := readDocument(strings.NewReader(string(b)), ofUserPatch)
	if err != nil {
		return nil, err
	}
	have := c.toSCIM(&u)
	o, err = c.patchUser(o, have)
	if err != nil {
		return nil, err
	}
	return &u, c.fromSCIM(o, c.toSCIM(&u), &u)
}

// Whatever a bulk request holds, the server answers in SCIM's words, and the directory stays readable.
func FuzzBulk(f *testing.F) {
	f.Add(`{"Operations":[{"method":"POST","path":"/Users","bulkId":"a","data":{"userName":"x","displayName":"x",
		"name":{"givenName":"a","familyName":"b"}}},
		{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"g","members":[{"value":"bulkId:a"}]}},
			{"method":"DELETE","path":"/Users/bulkId:a"}]}`)
	f.Add(`{"failOnErrors":1,"Operations":[{"method":"PATCH","path":"/Groups/bulkId:x",` +
		`"data":{"Operations":[{"op":"remove","path":"members[value eq \"bulkId:x\"]"}]}}]}`)
	f.Add(`{"Operations":[{"method":"POST","path":"/Groups","bulkId":"a","data":{"displayName":"bulkId:b"}},` +
		`{"method":"POST","path":"/Groups","bulkId":"b","data":{"displayName":"bulkId:a"}}]}`)
	f.Add(`{"Operations":[{"method":"PUT","path":"/Users/","version":"W/\"1\"","data":[]},null,7,{}]}`)
	d := open(f, func(c *Config) { c.Lenient = true })
	f.Fuzz(func(t *testing.T, body string) {
		w := d.send("POST", "/Bulk", body)
		var a object
		if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != 200 && w.Code != 400 && w.Code != 413 {
			t.Fatalf("%d %v: %s", w.Code, err, w.Body)
		}
		for _, v := range a.list("Operations") {
			o := asObject(v)
			ok := strings.HasPrefix(o.text("status"), "2")
			if s := o.text("status"); len(s) != 3 || s >= "500" || ok == (o.sub("response").text("detail") != "") ||
				ok && o.text("location") == "" {
				t.Fatalf("%v in %s", o, w.Body)
			}
		}
		for _, path := range []string{"/Users?count=3", "/Groups?count=3"} {
			if w := d.send("GET", path, nil); w.Code != 200 {
				t.Fatalf("%s: %d %s", path, w.Code, w.Body)
			}
		}
	})
}
