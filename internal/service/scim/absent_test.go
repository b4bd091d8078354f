package scim

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// everyone is a person who has every attribute.
func everyone(name string) object {
	return person(name, "externalId", "e-"+name, "nickName", "n", "profileUrl", "https://p", "title", "Dr", "userType",
		"u", "preferredLanguage", "en", "locale", "en-US", "timezone", "Europe/Paris", "active", true,
		"name", object{"formatted": "F", "givenName": "G", "familyName": "F", "middleName": "M", "honorificPrefix": "P",
			"honorificSuffix": "S"},
		"phoneNumbers", []any{object{"value": "1", "type": "work", "primary": true}}, "roles",
		[]any{object{"value": "r", "type": "t", "primary": true}},
		"addresses", []any{object{"formatted": "f", "streetAddress": "s", "locality": "l", "region": "r", "postalCode": "p",
			"country": "c", "type": "work", "primary": true}},
		"photos", []any{object{"value": "https://i", "type": "photo", "display": "d", "primary": true}},
		enterpriseSchema, object{"employeeNumber": "1", "costCenter": "2", "organization": "o", "division": "d",
			"department": "e", "manager": object{"value": "m"}})
}

// pathsOf are all paths that lead to attributes and their parts, in each form.
func pathsOf(list []attribute, prefixes ...string) (out []string) {
	for _, prefix := range prefixes {
		for _, a := range list {
			out = append(out, prefix+a.name)
			if a.many {
				out = append(out, prefix+a.name+`[type eq "work"]`, prefix+a.name+`[primary eq true]`,
					prefix+a.name+`[type eq "none"]`)
			}
			if a.subs == nil {
				out = append(out, prefix+a.name+".value")
			}
			for _, s := range a.subs {
				out = append(out, prefix+a.name+"."+s.name)
				if a.many {
					out = append(out, prefix+a.name+`[type eq "work"].`+s.name, prefix+a.name+`[type eq "none"].`+s.name)
				}
			}
		}
	}
	return out
}

func asText2(v any) string { b, _ := json.Marshal(v); return string(b) }

// An add or replace without a value is refused, whatever it is about, and nothing is done: no value is not an empty
// one.
func TestAnOperationWithoutAValueIsRefused(t *testing.T) {
	for _, keep := range []bool{false, true} {
		d := open(t, func(c *Config) { c.KeepAll = keep })
		u, g := "/Users/"+d.do(201, "POST", "/Users", everyone("ann")).text("id"), "/Groups/"+d.group("G")
		bob := d.person("bob")
		d.do(204, "PATCH", g, patchOp(object{"op": "add", "path": "members", "value": []any{bob}},
			object{"op": "add", "path": "externalId", "value": "x"}))
		paths := map[string][]string{
			u: append(append(pathsOf(append(common, ofUsers...), "", userSchema+":", strings.ToUpper(userSchema)+":"),
				pathsOf(ofEnterprise, "", enterpriseSchema+":")...),
				"", enterpriseSchema, userSchema, "nonsense", "nonsense.part", "urn:example:1.0:thing"),
			g: append(pathsOf(append(common, ofGroups...), "", groupSchema+":"), `members[value eq "`+bob+`"]`,
				`members[value eq "`+bob+`"].value`, `members[value eq "`+bob+`"].display`, "", groupSchema, "nonsense"),
		}
		tried := 0
		for at, list := range paths {
			before := asText2(d.do(200, "GET", at, nil))
			for _, path := range list {
				for _, op := range []object{{"op": "add", "path": path}, {"op": "Replace", "path": path},
					{"op": "replace", "path": path, "values": "x"}} {
					if path == "" {
						delete(op, "path")
					}
					tried++
					for _, ops := range [][]object{{op}, {object{"op": "replace", "path": "displayName", "value": "other"}, op}} {
						if e := d.do(400, "PATCH", at, patchOp(ops...)); e.text("scimType") != "invalidValue" {
							t.Errorf("%v: %v", op, e)
						}
					}
				}
				if path == "" {
					continue
				}
				a := d.do(200, "POST", "/Bulk",
					object{
						"Operations": []any{object{"method": "PATCH", "path": at, "data": patchOp(object{"op": "add", "path": path})}}})
				if got := statuses(a); got != "400(invalidValue)" {
					t.Errorf("in bulk, %s: %s", path, got)
				}
			}
			if after := asText2(d.do(200, "GET", at, nil)); after != before {
				t.Errorf("%s is %s, and was %s", at, after, before)
			}
		}
		if tried < 300 {
			t.Errorf("only %d operations", tried)
		}
	}
}

// Null stands for none (RFC 7643 §2.5): it unassigns where it replaces, and adds nothing.
func TestNullUnassignsAndAddsNothing(t *testing.T) {
	d := open(t, nil)
	o := d.do(201, "POST", "/Users", everyone("ann"))
	at := "/Users/" + o.text("id")
	for _, path := range []string{"title", "externalId", "emails", "phoneNumbers", "addresses", "roles", "nickName",
		"name.middleName", enterpriseSchema + ":department", enterpriseSchema + ":manager",
		enterpriseSchema, `emails[type eq "work"]`, `emails[type eq "work"].value`} {
		before := asText2(d.do(200, "GET", at, nil))
		if o := d.do(200, "PATCH", at, patchOp(object{"op": "add", "path": path, "value": nil})); !strings.HasSuffix(path,
			".value") && asText2(o) != before {
			t.Errorf("adding null at %s: %v", path, o)
		}
		o := d.do(200, "PATCH", at, patchOp(object{"op": "replace", "path": path, "value": nil}))
		if p, err := parsePath(path); err != nil || p.present(o) {
			t.Errorf("%s replaced by null: %v", path, o)
		}
		d.do(200, "PUT", at, everyone("ann"))
	}
	for _, path := range []string{"userName", "active", "displayName", "name", "name.givenName"} {
		d.do(400, "PATCH", at, patchOp(object{"op": "replace", "path": path, "value": nil}))
	}
	if o := d.do(200, "PATCH", at,
		patchOp(object{"op": "replace", "value": object{"title": nil, "nickName": "N"}})); o["title"] != nil ||
		o.text("nickName") != "N" {
		t.Errorf("null without a path: %v", o)
	}
	g := "/Groups/" + d.group("G", o.text("id"))
	d.do(204, "PATCH", g, patchOp(object{"op": "add", "path": "externalId", "value": "x"},
		object{"op": "add", "path": "externalId", "value": nil}, object{"op": "add", "path": "members", "value": nil}))
	if o := d.do(200, "GET", g, nil); o.text("externalId") != "x" || len(o.list("members")) != 1 {
		t.Errorf("adding null: %v", o)
	}
	d.do(204, "PATCH", g, patchOp(object{"op": "replace", "path": "externalId", "value": nil}))
	d.do(400, "PATCH", g, patchOp(object{"op": "replace", "path": "members", "value": nil}))
	d.do(400, "PATCH", g, patchOp(object{"op": "replace", "path": "displayName", "value": nil}))
	if o := d.do(200, "GET", g, nil); o["externalId"] != nil || len(o.list("members")) != 1 {
		t.Errorf("replacing by null: %v", o)
	}
}

// Whoever reads a resource and writes it back changes nothing, whatever the settings hide.
func TestPuttingBackWhatWasReadChangesNothing(t *testing.T) {
	for name, change := range map[string]func(*Config){"as on AWS": nil,
		"hidden members": func(c *Config) { c.HideMembers = true }, "all kept": func(c *Config) { c.KeepAll = true },
		"lenient": func(c *Config) { c.Lenient = true }, "versions": func(c *Config) { c.ETags = true }} {
		t.Run(name, func(t *testing.T) {
			d := open(t, change)
			ann := d.do(201, "POST", "/Users", everyone("ann")).text("id")
			bob := d.person("bob", "active", false)
			g := d.group("G", ann, bob)
			d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "add", "path": "externalId", "value": "x"}))
			hidden := d.h.HideMembers
			full := func() string { // the members too, be they hidden
				d.h.HideMembers = false
				defer func() { d.h.HideMembers = hidden }()
				return asText2([]any{d.do(200, "GET", "/Users/"+ann, nil), d.do(200, "GET", "/Users/"+bob, nil),
					d.do(200, "GET", "/Groups/"+g, nil)})
			}
			before := full()
			d.move(1 << 40)
			for _, query := range []string{"", "?excludedAttributes=members", "?attributes=displayName,externalId,members"} {
				d.do(200, "PUT", "/Groups/"+g, d.do(200, "GET", "/Groups/"+g+query, nil))
				a := d.do(200, "POST", "/Bulk",
					object{
						"Operations": []any{object{"method": "PUT", "path": "/Groups/" + g,
							"data": d.do(200, "GET", "/Groups/"+g+query, nil)}}})
				if statuses(a) != "200" {
					t.Errorf("in bulk: %v", a)
				}
			}
			for _, id := range []string{ann, bob} {
				d.do(200, "PUT", "/Users/"+id, d.do(200, "GET", "/Users/"+id, nil))
				o := d.do(200, "GET", "/Users/"+id, nil)
				d.do(200, "PUT", "/Users/"+id, d.do(200, "GET", "/Users/"+id+"?attributes="+strings.Join(keysOf(o), ",")+",groups",
					nil))
			}
			if after := full(); after != before {
				t.Errorf("it is\n%s\nand was\n%s", after, before)
			}
			// Where members are shown an empty list means none; where they are hidden, who is to go is named, or all are
			// replaced or removed by PATCH.
			d.do(200, "PUT", "/Groups/"+g, object{"displayName": "G", "members": []any{bob}})
			if got := full(); strings.Count(got, `"value":"`+ann) != 0 {
				t.Errorf("a list of one: %s", got)
			}
			d.do(200, "PUT", "/Groups/"+g, object{"displayName": "G", "members": []any{}})
			if got := strings.Contains(full(), `"value":"`+bob); got != hidden {
				t.Errorf("an empty list, members hidden %v: %v", hidden, got)
			}
			d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "replace", "path": "members", "value": []any{}}))
			if strings.Contains(full(), `"value":"`+bob) {
				t.Error("a PATCH does not empty the group")
			}
		})
	}
}

func keysOf(o object) (out []string) {
	for k := range o {
		out = append(out, k)
	}
	return out
}

// Who came without names, while the server was lenient, can be changed and deactivated when it is not any more.
func TestWhoLacksNamesCanBeDeactivated(t *testing.T) {
	d := open(t, func(c *Config) { c.Lenient = true })
	id := d.do(201, "POST", "/Users", object{"userName": "kc"}).text("id")
	d.h.Lenient = false
	if o := d.do(200, "PATCH", "/Users/"+id,
		patchOp(object{"op": "replace", "path": "active", "value": false})); o["active"] != false {
		t.Errorf("%v", o)
	}
	d.do(400, "POST", "/Users", object{"userName": "kd"})
}

// What names nothing known is refused; beside what is known it is passed over, unless it takes something away.
func TestUnknownNamesAreNotTakenForDone(t *testing.T) {
	d := open(t, nil)
	u, g := "/Users/"+d.person("ann", "title", "Dr"), "/Groups/"+d.group("G")
	for _, path := range []string{"nonsense", "nonsense.part", "titel", "username2", "name.nick", "name.value",
		"title.part", "emails.part", `emails[type eq "work"].part`, "members", "member", "phone",
		"urn:example:1.0:User:title",
		enterpriseSchema + ":nonsense", enterpriseSchema + ":title", enterpriseSchema + ":manager.nonsense", "isActive",
		"active.part", "address.locality", "addresses.value", "urn:ietf:params:scim:schemas:core:2.0:Users:title"} {
		for _, op := range []object{{"op": "remove", "path": path}, {"op": "replace", "path": path, "value": "x"},
			{"op": "add", "path": path, "value": nil}, {"op": "add", "path": path, "value": []any{}},
			{"op": "replace", "value": object{path: "x"}}} {
			if e := d.do(400, "PATCH", u, patchOp(op)); e.text("scimType") != "invalidPath" {
				t.Errorf("users, %v: %v", op, e)
			}
			if strings.Contains(path, "members") {
				continue
			}
			if e := d.do(400, "PATCH", g, patchOp(op)); e.text("scimType") != "invalidPath" {
				t.Errorf("groups, %v: %v", op, e)
			}
		}
		d.do(400, "PATCH", u,
			patchOp(object{"op": "remove", "path": path}, object{"op": "replace", "path": "title", "value": "half"}))
		d.do(400, "PATCH", g, patchOp(object{"op": "replace", "path": "displayName", "value": "half"},
			object{"op": "remove", "path": "x" + path}))
	}
	for _, path := range []string{"userName", "emails", "active", "name.familyName", "employeeNumber"} {
		// a group has none
		d.do(400, "PATCH", g, patchOp(object{"op": "replace", "path": path, "value": "x"}))
	}
	d.do(400, "PATCH", u, patchOp(object{"op": "replace", "value": object{}}))
	d.do(400, "PATCH", g, patchOp(object{"op": "add", "value": object{"nonsense": 1}},
		object{"op": "add", "path": "more", "value": 1}))
	if o := d.do(200, "GET", u, nil); o.text("title") != "Dr" {
		t.Errorf("half is done: %v", o)
	}
	if o := d.do(200, "PATCH", u, patchOp(object{"op": "add", "path": "nonsense", "value": "x"},
		object{"op": "replace", "path": "title", "value": "Prof"},
		object{"op": "replace", "value": object{"urn:example:1.0:User": object{"a": 1}, "nickName": "A"}})); o.text(
		"title") != "Prof" || o.text("nickName") != "A" {
		t.Errorf("beside what is known: %v", o)
	}
	d.do(204, "PATCH", g, patchOp(object{"op": "add", "path": "description", "value": "x"},
		object{"op": "replace", "path": "displayName", "value": "H"}))
	for _, op := range []object{{"op": "replace", "path": "password", "value": "secret"},
		{"op": "add", "value": object{"password": "secret"}},
		{"op": "add", "path": "entitlements", "value": []any{object{"value": "x"}}},
		{"op": "replace", "path": `ims[type eq "xmpp"].value`, "value": "x"},
		{"op": "replace", "path": "roles.display", "value": "x"}} {
		// RFC 7643 knows them; they are not kept
		d.do(200, "PATCH", u, patchOp(op))
	}
	for _, path := range []string{`emails[nonsense eq "x"]`, `emails[nonsense eq "x"].value`,
		`emails[type eq "work" and x pr]`, `addresses[value eq "x"]`, `emails[value.part eq "x"]`, `emails[nonsense pr]`} {
		for _, op := range []object{{"op": "remove", "path": path}, {"op": "replace", "path": path, "value": "x"}} {
			if e := d.do(400, "PATCH", u, patchOp(op)); e.text("scimType") != "invalidFilter" &&
				e.text("scimType") != "invalidValue" {
				t.Errorf("%v: %v", op, e)
			}
		}
	}
}

// The server's own parts are passed over in whole resources, and refused where they are what a PATCH is about.
func TestTheServersOwnPartsArePassedOver(t *testing.T) {
	d := open(t, func(c *Config) { c.KeepAll = true })
	// The sample of RFC 7643 §8.3.
	sample := strings.ReplaceAll(`{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
		"id":"2819c223-7f76-453a-919d-413861904646","externalId":"701984","userName":"bjensen@example.com",
		"name":{"formatted":"Ms. Barbara J Jensen, III","familyName":"Jensen","givenName":"Barbara","middleName":"Jane",
			"honorificPrefix":"Ms.","honorificSuffix":"III"},
		"displayName":"Babs Jensen","nickName":"Babs","profileUrl":"https://login.example.com/bjensen",
		"emails":[{"value":"bjensen@example.com","type":"work","primary":true},{"value":"babs@jensen.org","type":"home"}],
		"addresses":[{"streetAddress":"100 Universal City Plaza","locality":"Hollywood","region":"CA","postalCode":"91608",
			"country":"USA","formatted":"100 Universal City Plaza\nHollywood, CA 91608 USA","type":"work","primary":true},
			{"streetAddress":"456 Hollywood Blvd","locality":"Hollywood","region":"CA","postalCode":"91608","country":"USA",
				"formatted":"456 Hollywood Blvd\nHollywood, CA 91608 USA","type":"home"}],
		"phoneNumbers":[{"value":"555-555-5555","type":"work"},{"value":"555-555-4444","type":"mobile"}],
		"ims":[{"value":"someaimhandle","type":"aim"}],
		"photos":[{"value":"https://photos.example.com/profilephoto/72930000000Ccne/F","type":"photo"},
			{"value":"https://photos.example.com/profilephoto/72930000000Ccne/T","type":"thumbnail"}],
		"userType":"Employee","title":"Tour Guide","preferredLanguage":"en-US","locale":"en-US",
			"timezone":"America/Los_Angeles","active":true,"password":"t1meMa$heen",
		"groups":[{"value":"e9e30dba-f08f-4109-8486-d5c6a331660a","$ref":"../Groups/e9e30dba-f08f-4109-8486-d5c6a331660a",
			"display":"Tour Guides"},
			{"value":"71ddacd2-a8e7-49b8-a5db-ae50d0a5bfd7","$ref":"../Groups/71ddacd2-a8e7-49b8-a5db-ae50d0a5bfd7",
				"display":"US Employees"}],
		"x509Certificates":[{"value":"MIIDQzCCAqygAwIBAgICEAAwDQYJKoZIhvcNAQEFBQAwTjELMAkGA1UEBhMCVVMx"}],
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":"701984","costCenter":"4130",
			"organization":"Universal Studios","division":"Theme Park","department":"Tour Operations",
			"manager":{"value":"26118915-6090-4610-87e4-49d8ca9f808d","$ref":"../Users/26118915-6090-4610-87e4-49d8ca9f808d",
				"displayName":"John Smith"}},
		"meta":{"resourceType":"User","created":"2010-01-23T04:56:22Z","lastModified":"2011-05-13T04:42:34Z",
			"version":"W\/\"3694e05e9dff591\"",
			"location":"https://example.com/v2/Users/2819c223-7f76-453a-919d-413861904646"}}`, "\n\t", " ")
	o := d.do(201, "POST", "/Users", sample)
	at := "/Users/" + o.text("id")
	x := o.sub(enterpriseSchema)
	if o.text("id") == "2819c223-7f76-453a-919d-413861904646" || o.sub("meta").text("created") == "2010-01-23T04:56:22Z" ||
		x.text("department") != "Tour Operations" ||
		!reflect.DeepEqual(map[string]any(x.sub("manager")),
			map[string]any{"value": "26118915-6090-4610-87e4-49d8ca9f808d"}) || len(o.list("emails")) != 2 ||
		o["groups"] != nil || o["password"] != nil {
		t.Errorf("%v", o)
	}
	if p := d.do(200, "PUT", at, sample); asText2(p) != asText2(o) {
		t.Errorf("put: %v", p)
	}
	manager := func(v any) object { return person("carl", enterpriseSchema, object{"manager": v}) }
	for _, x := range []struct {
		v    any
		want any
	}{
		{object{"displayName": "Boss"}, nil}, {object{"displayName": 7, "value": "m"}, "m"},
		{object{"$ref": "../Users/m"}, nil}, {"m", "m"}, {nil, nil}, {object{"value": nil, "displayName": nil}, nil},
		{object{"value": "m", "$ref": 7}, "m"},
	} {
		o := d.do(201, "POST", "/Users", manager(x.v))
		if got := o.sub(enterpriseSchema).sub("manager")["value"]; got != x.want {
			t.Errorf("manager %v is %v", x.v, got)
		}
		d.do(204, "DELETE", "/Users/"+o.text("id"), nil)
	}
	o = d.do(200, "PATCH", at,
		patchOp(object{"op": "replace", "path": enterpriseSchema + ":manager", "value": object{"displayName": "Boss"}}))
	if got := o.sub(enterpriseSchema).sub("manager").text("value"); got != "26118915-6090-4610-87e4-49d8ca9f808d" {
		t.Errorf("the manager's name takes the manager away: %v", o)
	}
	o = d.do(200, "PATCH", at,
		patchOp(object{"op": "replace", "value": object{"meta": object{"created": "x"}, "schemas": []any{"x"},
			"groups": []any{object{"value": "x"}}, "id": o.text("id"),
			enterpriseSchema: object{"manager": object{"value": "n", "displayName": "N"}}}}))
	if got := o.sub(enterpriseSchema).sub("manager").text("value"); got != "n" {
		t.Errorf("%v", o)
	}
	for _, path := range []string{"id", "meta", "meta.created", "meta.lastModified", "groups", `groups[value eq "x"]`,
		"groups.value", enterpriseSchema + ":manager.displayName", "manager.displayName"} {
		for _, op := range []object{{"op": "replace", "path": path, "value": "x"}, {"op": "remove", "path": path}} {
			if e := d.do(400, "PATCH", at, patchOp(op)); e.text("scimType") != "mutability" {
				t.Errorf("%v: %v", op, e)
			}
		}
	}
	ann := d.person("ann")
	g := d.do(201, "POST", "/Groups", object{"id": "x", "meta": object{"created": 7}, "schemas": 7, "displayName": "G",
		"members": []any{object{"value": ann, "$ref": "nowhere", "display": 7, "type": "User"}}})
	if m := asObject(d.do(200, "GET", "/Groups/"+g.text("id"), nil).list("members")[0]); m.text(
		"$ref") != "http://web/tenant/scim/v2/Users/"+ann || m.text("type") != "User" || m["display"] != nil {
		t.Errorf("%v", m)
	}
}

// A value of another type than its attribute's is refused, wherever it stands; whole numbers are taken where they are
// usual.
func TestValuesAreOfTheirTypes(t *testing.T) {
	d := open(t, nil)
	ann := d.person("ann")
	u, g := "/Users/"+ann, "/Groups/"+d.group("G")
	numbers := []string{`12345`, `0`, `-0`, `-7`, `1e400`, `1.5`, `1E2`, `123456789012345678901234567890`}
	others := []string{`true`, `false`, `{"a":1}`, `{}`, `[]`, `["a","b"]`, `[["a"]]`, `[true]`, `{"value":true}`, `[7]`,
		`{"value":7}`}
	try := func(method, path, body string, want int) {
		t.Helper()
		w := d.send(method, path, body)
		if w.Code != want || want == 400 && !strings.Contains(w.Body.String(), `"scimType":"invalidValue"`) {
			t.Errorf("%s %s %s: %d %s", method, path, body, w.Code, w.Body)
		}
	}
	whole := func(attr, value string) string {
		o := person("bob")
		b, _ := json.Marshal(o)
		if _, has := o[attr]; has {
			delete(o, attr)
			b, _ = json.Marshal(o)
		}
		return strings.TrimSuffix(string(b), "}") + `,"` + attr + `":` + value + `}`
	}
	for _, v := range append(numbers, others...) {
		for _, attr := range []string{"userName", "displayName", "externalId", "title", "nickName", "locale"} {
			try("POST", "/Users", whole(attr, v), 400)
			try("PUT", u, whole(attr, v), 400)
			try("PATCH", u, `{"Operations":[{"op":"replace","value":{"`+attr+`":`+v+`}}]}`, 400)
			try("PATCH", u, `{"Operations":[{"op":"replace","value":{"userName":["x"]}}]}`, 400)
			if v != `[7]` {
				try("PATCH", u, `{"Operations":[{"op":"replace","path":"`+attr+`","value":`+v+`},{"op":"replace","path":"`+attr+
					`","value":"fine"}]}`, 400)
			}
		}
		for _, attr := range []string{"displayName", "externalId"} {
			other := map[string]string{"displayName": `"externalId":"y"`, "externalId": `"displayName":"y"`}[attr]
			try("POST", "/Groups", `{`+other+`,"`+attr+`":`+v+`}`, 400)
			try("PUT", g, `{`+other+`,"`+attr+`":`+v+`}`, 400)
			try("PATCH", g, `{"Operations":[{"op":"replace","path":"`+attr+`","value":`+v+`}]}`, 400)
			try("PATCH", g, `{"Operations":[{"op":"add","value":{"`+attr+`":`+v+`}}]}`, 400)
		}
		for _, attr := range []string{"emails", "roles", "phoneNumbers", "photos"} {
			try("POST", "/Users", whole(attr, `[{"value":`+v+`,"type":"work"}]`), 400)
			try("PATCH", u, `{"Operations":[{"op":"add","path":"`+attr+`[type eq \"work\"].value","value":`+v+`}]}`, 400)
			try("PATCH", u, `{"Operations":[{"op":"replace","path":"`+attr+`","value":[{"value":`+v+`}]}]}`, 400)
			try("POST", "/Users", whole(attr, `[{"value":"x","type":`+v+`}]`), 400)
		}
		for _, at := range []string{"members", `members[value eq \"` + ann + `\"]`} {
			try("PATCH", g, `{"Operations":[{"op":"add","path":"`+at+`","value":[{"value":`+v+`}]}]}`, 400)
		}
		try("PATCH", g, `{"Operations":[{"op":"remove","path":"members","value":[{"value":`+v+`}]}]}`, 400)
		try("PUT", g, `{"displayName":"G","members":[{"value":`+v+`}]}`, 400)
		try("POST", "/Users", whole(enterpriseSchema, `{"manager":{"value":`+v+`}}`), 400)
		if v != `{}` && v != `[]` && v[0] != '{' {
			try("POST", "/Users", whole(enterpriseSchema, `{"manager":`+v+`}`), 400)
			try("POST", "/Users", whole(enterpriseSchema, v), 400)
			try("PUT", u, whole("name", v), 400)
			try("PUT", u, whole("emails", v), 400)
			try("PATCH", u, `{"Operations":[{"op":"replace","path":"emails","value":`+v+`}]}`, 400)
			if v != `["a","b"]` {
				try("PATCH", u, `{"Operations":[{"op":"remove","path":"emails","value":`+v+`}]}`, 400)
			}
		}
	}
	if o := d.do(200, "GET", u, nil); o.text("userName") != "ann" || d.do(200, "GET", g, nil).text("displayName") != "G" {
		t.Errorf("%v", o)
	}
	for i, v := range []string{`12345`, `0`, `-7`, `123456789012345678901234567890`, `"x"`, `"007"`} {
		for _, attr := range []string{"employeeNumber", "costCenter"} {
			body := strings.Replace(whole(enterpriseSchema, `{"`+attr+`":`+v+`}`), `"bob"`, fmt.Sprintf(`"n%d%s"`, i, attr), 1)
			body = strings.Replace(body, "bob@", fmt.Sprintf("n%d%s@", i, attr), 1)
			if o := d.do(201, "POST", "/Users", body); o.sub(enterpriseSchema).text(attr) != strings.Trim(v, `"`) {
				t.Errorf("%s %s: %v", attr, v, o)
			}
			if o := d.do(200, "PATCH", u, `{"Operations":[{"op":"replace","path":"`+attr+`","value":`+v+`}]}`); o.sub(
				enterpriseSchema).text(attr) != strings.Trim(v, `"`) {
				t.Errorf("%s %s: %v", attr, v, o)
			}
		}
	}
	for _, v := range append([]string{`-0`, `1e400`, `1.5`, `1E2`, `1.0`}, others...) {
		if v == `[7]` || v == `{"value":7}` {
			continue // providers write numbers so, too
		}
		for _, attr := range []string{"employeeNumber", "costCenter"} {
			try("POST", "/Users", whole(enterpriseSchema, `{"`+attr+`":`+v+`}`), 400)
		}
	}
	for _, v := range []string{`0`, `1`, `-0`, `1e400`, `"yes"`, `{}`, `[]`, `["x"]`, `[true,false]`, `"1"`} {
		try("POST", "/Users", whole("active", v), 400)
		try("PATCH", u, `{"Operations":[{"op":"replace","path":"active","value":`+v+`},{"op":"replace","path":"active",`+
			`"value":true}]}`, 400)
		try("POST", "/Users", whole("emails", `[{"value":"x","primary":`+v+`}]`), 400)
		try("POST", "/Users", whole("phoneNumbers", `[{"value":"x","primary":`+v+`}]`), 400)
	}
	for _, v := range []string{`null`, `"addr"`, `[null]`, `[7]`} {
		if v != `null` {
			try("POST", "/Users", whole("addresses", v), 400)
		}
	}
}

// A list cannot be made to grow by operation after operation.
func TestListsDoNotGrowWithoutEnd(t *testing.T) {
	d := open(t, func(c *Config) { c.KeepAll = true })
	u := "/Users/" + d.person("ann")
	var ops []object
	for i := range maxOperations {
		var list []any
		for j := range 20 {
			list = append(list, fmt.Sprint(i, "-", j))
		}
		ops = append(ops, object{"op": "add", "path": "emails", "value": list})
	}
	if e := d.do(400, "PATCH", u, patchOp(ops...)); e.text("scimType") != "tooMany" {
		t.Errorf("%v", e)
	}
}
