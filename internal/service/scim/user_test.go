package scim

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func emails(values ...string) (out []any) {
	for _, v := range values {
		value, kind, _ := strings.Cut(v, "/")
		kind, primary := strings.CutSuffix(kind, "!")
		out = append(out, object{"value": value, "type": kind, "primary": primary})
	}
	return out
}

// listed is a list written short: value/type, with ! after the primary one.
func listed(o object, name string) string {
	var out []string
	for _, v := range o.list(name) {
		e := asObject(v)
		s := e.text("value") + "/" + e.text("type")
		if isPrimary(e) {
			s += "!"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestListsKeepOneElementAsOnAWS(t *testing.T) {
	for name, lenient := range map[string]bool{"strict": false, "lenient": true} {
		t.Run(name, func(t *testing.T) {
			d := open(t, func(c *Config) { c.Lenient = lenient })
			several := map[bool]int{false: 400, true: 201}[lenient]
			o := d.do(several, "POST", "/Users", person("two", "emails", emails("home@x/home", "work@x/work")))
			if lenient && listed(o, "emails") != "work@x/work!" || !lenient && !strings.Contains(o.text("detail"),
				"single item: emails") {
				t.Errorf("two addresses: %v", o)
			}
			o = d.do(several, "POST", "/Users",
				person("phones", "phoneNumbers",
					[]any{object{"value": "1", "type": "mobile"}, object{"value": "2", "type": "fax", "primary": "True"}}))
			if lenient && listed(o, "phoneNumbers") != "2/fax!" {
				t.Errorf("two numbers: %v", o)
			}
			o = d.do(201, "POST", "/Users", person("twice", "emails", emails("t@x/work!", "T@x/home!"), "phoneNumbers",
				[]any{object{"value": "1", "type": "work"}, object{"value": "1", "type": "fax"}}))
			if listed(o, "emails") != "t@x/work!" || listed(o, "phoneNumbers") != "1/work" {
				t.Errorf("one address under two types: %v", o)
			}
			id := d.person("ann", "phoneNumbers", []any{object{"value": "1", "type": "work"}})
			second := patchOp(object{"op": "add", "path": `phoneNumbers[type eq "mobile"].value`, "value": "2"},
				object{"op": "replace", "path": "title", "value": "Dr"})
			want := map[bool]int{false: 400, true: 200}[lenient]
			if o := d.do(want, "PATCH", "/Users/"+id, second); lenient &&
				(listed(o, "phoneNumbers") != "1/work" || o.text("title") != "Dr") {
				t.Errorf("a second number: %v", o)
			}
			// one address is written over, whatever its type
			o = d.do(200, "PATCH", "/Users/"+id,
				patchOp(object{"op": "Add", "path": `emails[type eq "home"].value`, "value": "ann@home"}))
			if listed(o, "emails") != "ann@home/home!" {
				t.Errorf("another type: %v", o)
			}
			if o := d.do(200, "PUT", "/Users/"+id,
				person("ann", "photos", []any{object{"value": "http://p"}})); o["photos"] != nil {
				t.Errorf("a photo: %v", o)
			}
		})
	}
}

func TestListsKeepAllElementsWhenTold(t *testing.T) {
	d := open(t, func(c *Config) { c.KeepAll = true })
	o := d.do(201, "POST", "/Users", person("ann", "emails", emails("a@home/home", "a@work/work"), "phoneNumbers",
		[]any{object{"value": "1", "type": "work"}, object{"value": "2", "type": "mobile"}},
		"roles", []any{"boss", "cook"}, "photos",
		[]any{object{"value": "http://p/1"}, object{"value": "http://p/2", "primary": true}},
		"addresses", []any{object{"locality": "Leeds", "type": "work"}, object{"locality": "York", "type": "home"},
			object{"type": "other"}}))
	if got := listed(o, "emails") + "; " + listed(o, "phoneNumbers") + "; " + listed(o, "roles") + "; " +
		listed(o, "photos"); got !=
		"a@home/home a@work/work!; 1/work 2/mobile; boss/ cook/; http://p/1/ http://p/2/!" || len(o.list("addresses")) != 2 {
		t.Fatalf("%s; %v", got, o["addresses"])
	}
	at := "/Users/" + o.text("id")
	for _, x := range []struct {
		op   object
		list string
		want string
	}{
		{object{"op": "replace", "path": `emails[type eq "home"].value`, "value": "b@home"}, "emails",
			"b@home/home a@work/work!"},
		{object{"op": "add", "path": `emails[type eq "other"].value`, "value": "c@other"}, "emails",
			"b@home/home a@work/work! c@other/other"},
		{object{"op": "add", "path": "emails", "value": emails("d@x/home!")}, "emails",
			"b@home/home a@work/work c@other/other d@x/home!"},
		{object{"op": "add", "path": "emails", "value": object{"value": "D@X", "type": "private"}}, "emails",
			"b@home/home a@work/work c@other/other D@X/private!"},
		{object{"op": "replace", "path": `emails[value eq "a@work"].primary`, "value": "True"}, "emails",
			"b@home/home a@work/work! c@other/other D@X/private"},
		{object{"op": "remove", "path": `emails[type eq "home" or type eq "private"]`}, "emails",
			"a@work/work! c@other/other"},
		{object{"op": "remove", "path": "emails", "value": []any{object{"value": "c@other"}}}, "emails", "a@work/work!"},
		{object{"op": "remove", "path": `phoneNumbers[type eq "fax"]`}, "phoneNumbers", "1/work 2/mobile"},
		{object{"op": "remove", "path": `phoneNumbers[type eq "mobile"].type`}, "phoneNumbers", "1/work 2/"},
		{object{"op": "replace", "value": object{"roles": []any{object{"value": "cook"}}}}, "roles", "cook/"},
		{object{"op": "remove", "path": "photos"}, "photos", ""},
	} {
		if got := listed(d.do(200, "PATCH", at, patchOp(x.op)), x.list); got != x.want {
			t.Errorf("%v: %s, want %s", x.op, got, x.want)
		}
	}
	d.do(200, "PATCH", at, patchOp(object{"op": "add", "path": "emails", "value": emails("Second@x/home")}))
	bob := d.person("bob", "emails", emails("bob@x/work!", "second@X/home"))
	if got := d.found("/Users", `emails eq "SECOND@x"`); got != "ann bob" {
		t.Errorf("by a second address, which two may share: %s", got)
	}
	if got := d.found("/Users", `emails[type eq "work"].value eq "second@x"`); got != "" {
		t.Errorf("by a second address of another type: %s", got)
	}
	d.do(409, "PATCH", "/Users/"+bob,
		patchOp(object{"op": "replace", "path": `emails[type eq "work"].value`, "value": "A@work"}))
	d.do(400, "POST", "/Users", person("carl", "emails", emails("c@1/a!", "c@2/b!")))
	// Ping writes one address under two types, each of them the primary one.
	if o := d.do(201, "POST", "/Users", person("dora", "emails", emails("d@x/work!", "D@x/home!", "d@x/work"))); listed(o,
		"emails") != "d@x/work! D@x/home" {
		t.Errorf("one address under two types: %v", o["emails"])
	}
	d.do(400, "POST", "/Users", person("carl", "photos", []any{"1", "2", "3", "4"}))
	d.do(400, "POST", "/Users", person("carl", "roles", strings.Split("abcdefghijklmnopqrstu", "")))
}

// What a client sends wrong is refused in words; what it sends oddly is understood.
func TestUsersTakeOddDocuments(t *testing.T) {
	d := open(t, nil)
	id := d.do(201, "POST", "/Users", "\xef\xbb\xbf"+`{"SCHEMAS":[],"USERNAME":"ann","name":[{"givenName":"A",
		"familyName":"L"}],"displayName":"Ann","emails":{"value":"ann@x"},
		"active":"True","id":"mine","meta":{"x":1},"groups":[],"password":"hunter2","nickName":"","title":null,
			"unknown":{"a":[1]},"roles":[],"photos":[{"value":"http://p"}],"employeeNumber":7,
		"urn:ietf:params:scim:schemas:extension:Enterprise:2.0:User":{"employeeNumber":42,"manager":"boss"},
			"addresses":[{"type":"work"}]}`, "Content-Type", "text/plain").text("id")
	o := d.do(200, "GET", "/Users/"+id, nil)
	if listed(o, "emails") != "ann@x/!" || o["active"] != true || o.sub("name").text("familyName") != "L" ||
		o["addresses"] != nil || o["nickName"] != nil || id == "mine" ||
		o.sub(enterpriseSchema).text("employeeNumber") != "42" ||
		o.sub(enterpriseSchema).sub("manager").text("value") != "boss" || fmt.Sprint(o["schemas"]) != "["+userSchema+" "+
		enterpriseSchema+"]" {
		t.Errorf("%v", o)
	}
	for name, x := range map[string]struct{ body, scimType string }{
		"no JSON":     {"{", "invalidSyntax"},
		"a list":      {"[]", "invalidSyntax"},
		"null":        {"null", "invalidSyntax"},
		"two objects": {"{}{}", "invalidSyntax"},
		"nothing":     {"", "invalidSyntax"},
		"no userName": {`{"displayName":"x"}`, "invalidValue"},
		"reserved": {`{"userName":"administrator","displayName":"x","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"space": {`{"userName":"a b","displayName":"x","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"no family name": {`{"userName":"x1","displayName":"x","name":{"givenName":"a","familyName":null}}`,
			"invalidValue"},
		"empty name": {`{"userName":"x2","displayName":"","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
		"an object": {`{"userName":"x3","displayName":{"a":1},"name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"a truth value": {`{"userName":true,"displayName":"x","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"active": {`{"userName":"x4","displayName":"x","name":{"givenName":"a","familyName":"b"},` +
			`"active":"perhaps"}`, "invalidValue"},
		"control character": {`{"userName":"x5","displayName":"x\u0007","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"NUL": {`{"userName":"x\u0000","displayName":"x","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		"long": {`{"userName":"x6","displayName":"` + strings.Repeat("x", 1025) + `","name":{"givenName":"a",` +
			`"familyName":"b"}}`, "invalidValue"},
		"long externalId": {`{"userName":"x7","externalId":"` + strings.Repeat("x", 257) +
			`","displayName":"x","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
	} {
		w := d.send("POST", "/Users", x.body)
		var e object
		if err := json.Unmarshal(w.Body.Bytes(), &e); err != nil || w.Code != 400 || e.text("scimType") != x.scimType ||
			e.text("status") != "400" || e.text("detail") == "" ||
			fmt.Sprint(e["schemas"]) != "["+errorSchema+"]" || len(e) != 4 || w.Header().Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	for body, attr := range map[string]string{`{"userName":"ANN","displayName":"x","name":{"givenName":"a",` +
		`"familyName":"b"}}`: "userName",
		`{"userName":"y","displayName":"x","name":{"givenName":"a","familyName":"b"},"emails":["ANN@X"]}`: "emails.value"} {
		if e := d.do(409, "POST", "/Users", body); e.text("scimType") != "uniqueness" ||
			!strings.Contains(e.text("detail"), attr) || strings.Contains(e.text("detail"), id) {
			t.Errorf("taken: %v", e)
		}
	}
	if log := d.audited(); strings.Contains(log, "hunter2") || strings.Contains(log, "ann@x") ||
		!strings.Contains(log, `"attributes":["active","addresses"`) {
		t.Errorf("audited: %s", log)
	}
}

func TestChangesOfNothingAreNone(t *testing.T) {
	d := open(t, nil)
	id := d.person("ann", "externalId", "e")
	o := d.do(200, "GET", "/Users/"+id, nil)
	before := o.sub("meta").text("lastModified")
	d.move(1 << 40)
	for _, body := range []object{
		patchOp(object{"op": "add", "path": "emails", "value": emails("ann@x.example/work!")}),
		patchOp(object{"op": "Replace", "path": "active", "value": "True"}),
		patchOp(object{"op": "replace", "value": object{"id": id, "userName": "ann", "name": object{"givenName": "G"}}}),
		patchOp(object{"op": "remove", "path": "nickName"}), patchOp(object{"op": "remove", "path": enterpriseSchema}),
	} {
		if o := d.do(200, "PATCH", "/Users/"+id, body); o.sub("meta").text("lastModified") != before {
			t.Errorf("%v is a change", body)
		}
	}
	if o := d.do(200, "PUT", "/Users/"+id, o); o.sub("meta").text("lastModified") != before {
		t.Error("a PUT of the same is a change")
	}
	g := d.group("G", id)
	before = d.do(200, "GET", "/Groups/"+g, nil).sub("meta").text("lastModified")
	d.move(1 << 40)
	d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "add", "path": "members", "value": []any{object{"value": id}}}))
	d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "replace", "path": "displayName", "value": "G"}))
	if d.do(200, "GET", "/Groups/"+g, nil).sub("meta").text("lastModified") != before {
		t.Error("a member who is one already is a change")
	}
	d.do(200, "PATCH", "/Users/"+id, patchOp(object{"op": "replace", "path": "title", "value": "Dr"}))
	if d.do(200, "GET", "/Users/"+id, nil).sub("meta").text("lastModified") == o.sub("meta").text("lastModified") {
		t.Error("a change is none")
	}
}

func TestRequiredAttributesStay(t *testing.T) {
	d := open(t, nil)
	at := "/Users/" + d.person("ann")
	for path, want := range map[string]string{"userName": "mutability", "active": "mutability",
		"displayName": "invalidValue", "name": "invalidValue", "id": "mutability", "meta": "mutability"} {
		if e := d.do(400, "PATCH", at, patchOp(object{"op": "remove", "path": path})); e.text("scimType") != want {
			t.Errorf("%s: %v", path, e)
		}
	}
	for _, ops := range []any{nil, []any{}, []any{object{"op": "move", "path": "title"}}, []any{object{"op": "remove"}},
		[]any{object{"op": "add", "path": 7}}, []any{"x"},
		[]any{object{"op": "replace", "value": "x"}}, []any{object{"op": "replace", "path": "title", "value": "ok"},
			object{"op": "replace", "path": "a[", "value": "x"}}} {
		d.do(400, "PATCH", at, object{"Operations": ops})
	}
	if o := d.do(200, "GET", at, nil); o["title"] != nil {
		t.Errorf("half of a request was done: %v", o)
	}
	lenient := open(t, func(c *Config) { c.Lenient = true })
	o := lenient.do(201, "POST", "/Users",
		object{"userName": "kc", "name": object{"givenName": "K", "familyName": nil, "formatted": "K C"}})
	if o.text("displayName") != "K C" {
		t.Errorf("a name is made: %v", o)
	}
	if o := lenient.do(201, "POST", "/Users", object{"userName": "kd"}); o.text("displayName") != "kd" {
		t.Errorf("a name is made: %v", o)
	}
	lenient.do(400, "POST", "/Users", object{"displayName": "nobody"})
}
