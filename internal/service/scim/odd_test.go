package scim

import (
	"fmt"
	"strings"
	"testing"
)

// Every form in which somebody is deactivated does it, or is refused in words: what is taken and not done leaves the
// door open.
func TestNoDeactivationIsIgnored(t *testing.T) {
	d := open(t, nil)
	core, obj := userSchema, func(v any) object { return object{"value": v} }
	quoted := `{"active":false,"schemas":["` + userSchema + `"]}`
	for i, x := range []struct {
		op   any
		done bool
	}{
		{object{"op": "replace", "path": "active", "value": false}, true},
		{object{"op": "Replace", "path": "active", "value": "False"}, true},
		{object{"op": "Add", "path": "active", "value": "False"}, true},
		{object{"OP": "ADD", "PATH": "ACTIVE", "VALUE": "FALSE"}, true},
		{object{"op": "replace", "path": " active ", "value": []any{"false"}}, true},
		{object{"op": "replace", "path": "active", "value": []any{obj("False")}}, true},
		{object{"op": "replace", "path": "active", "value": []any{object{"$ref": nil, "value": false}}}, true},
		{object{"op": "replace", "path": "active", "value": obj(false)}, true},
		{object{"op": "replace", "path": "active.value", "value": false}, true},
		{object{"op": "replace", "path": core + ":active", "value": false}, true},
		{object{"op": "replace", "path": strings.ToUpper(core + ":active"), "value": false}, true},
		{object{"op": "replace", "path": core, "value": object{"active": false}}, true},
		{object{"op": "replace", "path": core + ":", "value": object{"active": false}}, true},
		{object{"op": "replace", "value": object{"active": false}}, true},
		{object{"op": "replace", "path": "", "value": object{"Active": "False"}}, true},
		{object{"op": "replace", "path": nil, "value": []any{object{"active": false}}}, true},
		{object{"op": "add", "value": object{core: object{"active": false}, "title": "T"}}, true},
		{object{"op": "add", "value": object{core + ":active": "false"}}, true},
		{object{"op": "replace", "value": quoted}, true},
		{object{"op": "replace", "value": []any{quoted}}, false},
		{object{"op": "replace", "value": object{core: `{"active":false}`}}, true},
		{[]any{object{"op": "replace", "path": "title", "value": "x"},
			object{"op": "replace", "path": "active", "value": "False"}}, true},
		{object{"op": "replace", "path": core + ":" + core + ":active", "value": false}, true},

		{object{"op": "remove", "path": "active"}, false},
		{object{"op": "remove", "path": core + ":active", "value": "False"}, false},
		{object{"op": "remove", "path": core}, false},
		{object{"op": "remove", "value": object{"active": false}}, false},
		{object{"op": "replace", "path": "active"}, false},
		{object{"op": "replace", "path": "active", "value": nil}, false},
		{object{"op": "replace", "path": "active", "value": ""}, false},
		{object{"op": "replace", "path": "active", "value": "no"}, false},
		{object{"op": "replace", "path": "active", "value": 0}, false},
		{object{"op": "replace", "path": "active", "value": []any{}}, false},
		{object{"op": "replace", "path": "active", "value": []any{false, false}}, false},
		{object{"op": "replace", "path": "active", "value": object{"active": false}}, false},
		{object{"op": "replace", "path": `active[value eq "true"]`, "value": false}, false},
		{object{"op": "replace", "value": object{"active": nil}}, false},
		{object{"op": "replace", "value": object{"active": true, core: object{"active": false}}}, false},
		{object{"op": "replace", "value": `{"active":false`}, false},
		{object{"op": "replace", "value": false}, false},
		{object{"op": "replace", "path": []any{"active"}, "value": false}, false},
		{object{"op": "replace", "path": enterpriseSchema + ":active", "value": false}, false},
		{object{"op": "replace", "value": object{enterpriseSchema: object{"active": false}}}, false},
		{object{"op": "replace", "path": core + "s:active", "value": false}, false},
		{object{"op": "replace", "path": "user.active", "value": false}, false},
		{object{"op": "replace", "path": "$.active", "value": false}, false},
		{object{"op": "replace", "path": "active:", "value": false}, false},
		{object{"op": "replace", "value": object{"value": object{"active": false}}}, false},
		{[]any{object{"op": "replace", "path": "active", "value": "no"},
			object{"op": "replace", "path": "active", "value": false}}, false},
		{[]any{object{"op": "replace", "path": "active", "value": object{"value": false}},
			object{"op": "replace", "path": "active", "value": object{"active": false}}}, false},
		{object{"op": "disable", "path": "active"}, false},
		{object{"path": "active", "value": false}, false},
		{nil, false},
		{"replace active false", false},
	} {
		id := d.person(fmt.Sprint("u", i), "title", "before")
		w := d.send("PATCH", "/Users/"+id, object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
			"Operations": x.op})
		o := d.do(200, "GET", "/Users/"+id, nil)
		if x.done != (w.Code == 200) || x.done == (o["active"] == true) || !x.done &&
			(w.Code != 400 || o.text("title") != "before") {
			t.Errorf("%v: %d, active is %v: %s", x.op, w.Code, o["active"], w.Body)
		}
	}
	// Whole people.
	id := d.person("whole")
	for _, x := range []struct {
		body   string
		status int
		active bool
	}{
		{`"active":"False"`, 200, false}, {`"active":""`, 200, false}, {`"active":null`, 200, false},
		{`"active":"True"`, 200, true}, {`"Active":[false]`, 200, false},
		{`"` + userSchema + `":{"active":true}`, 200, true}, {`"` + userSchema + `:active":false`, 200, false},
		{`"active":true`, 200, true},
		{`"active":true,"ACTIVE":false`, 400, true}, {`"active":true,"` + userSchema + `":{"active":false}`, 400, true},
		{`"active":"inactive"`, 400, true},
	} {
		w := d.send("PUT", "/Users/"+id, `{"userName":"whole","displayName":"w","name":{"givenName":"g","familyName":"f"},`+
			x.body+`}`)
		if o := d.do(200, "GET", "/Users/"+id, nil); w.Code != x.status || o["active"] != x.active {
			t.Errorf("PUT %s: %d, active is %v: %s", x.body, w.Code, o["active"], w.Body)
		}
	}
	if o := d.do(201, "POST", "/Users", person("new", userSchema, object{"active": false})); o["active"] != false {
		t.Errorf("made active: %v", o)
	}
	if w := d.send("PATCH", "/Users/"+id, `{"Operations":[{"op":"replace","path":"title","value":"x"}],`+
		`"operations":[{"op":"replace","path":"active","value":false}]}`); w.Code != 400 {
		t.Errorf("operations that are there twice: %d", w.Code)
	}
}

// Every form in which somebody is taken out of a group does it to that one alone, or is refused in words.
func TestNoRemovalFromAGroupIsIgnored(t *testing.T) {
	d := open(t, nil)
	ids, names := map[string]string{}, map[string]string{}
	for _, n := range []string{"ann", "bob", "carl"} {
		ids[n] = d.person(n)
		names[ids[n]] = n
	}
	ann, bob, carl := ids["ann"], ids["bob"], ids["carl"]
	remove := func(path string, value any) object {
		o := object{"op": "remove", "path": path}
		if value != nil {
			o["value"] = value
		}
		return o
	}
	for i, x := range []struct {
		op   object
		want string // who stays of ann, bob and carl; or the status that refuses
	}{
		{remove("members", []any{object{"value": ann}}), "bob carl"},
		{remove("Members", object{"value": ann}), "bob carl"},
		{remove("members", ann), "bob carl"},
		{remove("members", []any{ann, bob}), "carl"},
		{remove("members", []any{object{"value": object{"value": ann}}}), "400"},
		{remove("members", []any{object{"value": []any{ann}}}), "400"},
		{remove("members", []any{object{"value": 7}}), "400"},
		{remove("member", []any{object{"value": ann}}), "400"},
		{remove("member", nil), "400"},
		{remove(`member[value eq "`+ann+`"]`, nil), "400"},
		{remove("memberships", nil), "400"},
		{remove("users", []any{ann}), "400"},
		{object{"op": "replace", "path": "member", "value": []any{bob}}, "400"},
		{object{"op": "replace", "value": object{"member": []any{bob}, "displayName": "x"}}, "400"},
		{remove("members", []any{object{"Value": strings.ToUpper(ann), "type": "User"}}), "bob carl"},
		{remove("members", `[{"value":"`+ann+`"}]`), "bob carl"},
		{remove("members", `{"value":"`+ann+`"}`), "bob carl"},
		{remove("members", []any{`{"value":"` + ann + `"}`, bob}), "carl"},
		{remove("members.value", []any{ann}), "bob carl"},
		{remove(groupSchema+":members", []any{object{"value": ann}}), "bob carl"},
		{remove(`members[value eq "`+ann+`"]`, nil), "bob carl"},
		{remove(`MEMBERS[VALUE EQ "`+strings.ToUpper(ann)+`"]`, nil), "bob carl"},
		{remove(`members[ value eq "`+ann+`" ].value`, nil), "bob carl"},
		{remove(groupSchema+`:members[value eq "`+ann+`"]`, nil), "bob carl"},
		{remove(`members[value eq "`+ann+`"]`, []any{object{"value": bob}}), "bob carl"},
		{remove(`members[value eq "`+ann+`" and type eq "User"]`, nil), "bob carl"},
		{remove(`members[type eq "user" and (value eq "`+ann+`")]`, nil), "bob carl"},
		{remove(`members[value eq "`+ann+`" or value eq "`+bob+`"]`, nil), "carl"},
		{object{"op": "replace", "value": object{"members": []any{object{"value": carl}}}}, "carl"},
		{object{"op": "replace", "value": object{groupSchema: object{"members": []any{carl}}}}, "carl"},
		{object{"op": "replace", "value": object{groupSchema + ":members": []any{}}}, ""},
		{object{"op": "replace", "path": groupSchema, "value": object{"members": []any{bob}}}, "bob"},
		{object{"op": "replace", "value": `{"schemas":["` + groupSchema + `"],"members":[{"value":"` + bob + `"}]}`}, "bob"},
		{object{"op": "replace", "path": "members", "value": `[{"value":"` + bob + `"}]`}, "bob"},
		{object{"op": "replace", "path": "members", "value": "[]"}, ""},

		{remove("members.display", nil), "ann bob carl"},
		{remove(`members[value eq "`+ann+`"].display`, nil), "ann bob carl"},
		{object{"op": "replace", "path": "members.display", "value": "Ann"}, "ann bob carl"},
		{remove("members", []any{}), "ann bob carl"},
		{remove("members", "[]"), "ann bob carl"},
		{remove("members", []any{"00000000-0000-0000-0000-000000000000"}), "ann bob carl"},

		{remove("members.members", []any{object{"value": ann}}), "400"},
		{remove("group.members", []any{object{"value": ann}}), "400"},
		{remove("members", ""), "400"},
		{remove("members", false), "400"},
		{remove("members", 7), "400"},
		{remove("members", object{}), "400"},
		{remove("members", []any{nil}), "400"},
		{remove("members", []any{object{"display": "ann"}}), "400"},
		{remove("members", []any{object{"$ref": "http://web/tenant/scim/v2/Users/" + ann}}), "400"},
		{remove("members", []any{ann, object{"value": nil}}), "400"},
		{remove("members", []any{object{"value": "ann@x.example"}}), "400"},
		{remove("members", "http://web/tenant/scim/v2/Users/"+ann), "400"},
		{remove("members", `[{"value":"`+ann+`"}`), "400"},
		{remove(`members[value eq "ann@x.example"]`, nil), "400"},
		{remove(`members[value eq `+ann+`]`, nil), "400"},
		{remove(`members["`+ann+`"]`, nil), "400"},
		{remove(`members[]`, nil), "400"},
		{remove(`members[value ne "`+bob+`"]`, nil), "400"},
		{remove(`members[value pr]`, nil), "400"},
		{remove(`members[not (value eq "`+ann+`")]`, nil), "400"},
		{remove(`members[display eq "ann"]`, nil), "400"},
		{remove(`members[value eq "`+ann+`" and display eq "ann"]`, nil), "400"},
		{remove(`members[value eq "`+ann+`" and type eq "Group"]`, nil), "400"},
		{remove(`members[value eq "`+ann+`" or display eq "bob"]`, nil), "400"},
		{remove(`members.value eq "`+ann+`"`, nil), "400"},
		{remove(`members[value eq "`+ann+`"`, nil), "400"},
		{remove(groupSchema, nil), "400"},
		{object{"op": "remove", "value": object{"members": []any{object{"value": ann}}}}, "400"},
		{object{"op": "delete", "path": "members", "value": []any{ann}}, "400"},
		{object{"op": "replace", "value": object{"members": []any{bob}, groupSchema: object{"members": []any{carl}}}}, "400"},
	} {
		g := d.group(fmt.Sprint("G", i), ann, bob, carl)
		w := d.send("PATCH", "/Groups/"+g, patchOp(x.op))
		got := d.in(g, names)
		if w.Code == 204 && got != x.want || w.Code != 204 && (fmt.Sprint(w.Code) != x.want || got != "ann bob carl" ||
			!strings.Contains(w.Body.String(), `"detail"`)) {
			t.Errorf("%v: %d, %q stay, want %s: %s", x.op, w.Code, got, x.want, w.Body)
		}
	}
	// The groups that a person is in are the groups' to say.
	for _, op := range []object{remove("groups", nil), remove("groups", []any{object{"value": "G"}}),
		remove(`groups[value eq "G"]`, nil), {"op": "replace", "path": "groups", "value": []any{"G"}}} {
		if o := d.do(400, "PATCH", "/Users/"+ann, patchOp(op)); o.text("scimType") != "mutability" {
			t.Errorf("%v: %v", op, o)
		}
	}
	d.do(200, "PATCH", "/Users/"+ann, patchOp(object{"op": "replace", "path": "groups", "value": []any{}},
		object{"op": "replace", "value": object{"groups": []any{}, "title": "T"}}))
}
