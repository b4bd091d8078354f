package scim

import (
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"
)

// in is who is in a group, by names.
func (d *desk) in(g string, names map[string]string) string {
	d.Helper()
	var out []string
	for _, m := range d.do(200, "GET", "/Groups/"+g, nil).list("members") {
		out = append(out, names[asObject(m).text("value")])
	}
	sort.Strings(out)
	return strings.Join(out, " ")
}

// Every form in which providers change members, and what it means (Okta, Entra, Keycloak, ssosync, authentik).
func TestMemberForms(t *testing.T) {
	d := open(t, nil)
	ids, names := map[string]string{}, map[string]string{}
	for _, n := range []string{"ann", "bob", "carl"} {
		ids[n] = d.person(n)
		names[ids[n]] = n
	}
	list := func(who ...string) (out []any) {
		out = []any{}
		for _, n := range who {
			out = append(out, object{"$ref": nil, "value": ids[n], "display": n})
		}
		return out
	}
	at := func(n string) string { return `members[value eq "` + ids[n] + `"]` }
	for name, x := range map[string]struct {
		op   object
		want string // who is in it, ann and bob being there before; or the status that refuses
	}{
		"add": {object{"op": "add", "path": "members", "value": list("carl")}, "ann bob carl"},
		"Add, who is there": {object{"op": "Add", "path": "members", "value": list("bob", "carl", "carl")},
			"ann bob carl"},
		"add nobody":    {object{"op": "add", "path": "members", "value": []any{}}, "ann bob"},
		"add plain ids": {object{"op": "add", "path": "members", "value": []any{ids["carl"]}}, "ann bob carl"},
		"add one object": {object{"op": "add", "path": "members", "value": object{"value": ids["carl"]}},
			"ann bob carl"},
		"add with a schema": {object{"op": "add", "path": groupSchema + ":members", "value": list("carl")},
			"ann bob carl"},
		"add, no path":            {object{"op": "add", "value": object{"members": list("carl")}}, "ann bob carl"},
		"add by filter, no value": {object{"op": "add", "path": at("carl")}, "400"},
		"add nobody who exists": {object{"op": "add", "path": "members",
			"value": []any{object{"value": "none"}, object{"value": ids["carl"]}}}, "404"},
		"add without value":       {object{"op": "add", "path": "members", "value": []any{object{"display": "x"}}}, "400"},
		"remove by filter":        {object{"op": "remove", "path": at("ann")}, "bob"},
		"remove who is not there": {object{"op": "remove", "path": at("carl")}, "ann bob"},
		"Remove a list":           {object{"op": "Remove", "path": "members", "value": list("ann")}, "bob"},
		"remove plain ids":        {object{"op": "remove", "path": "members", "value": []any{ids["bob"]}}, "ann"},
		"remove an empty list":    {object{"op": "remove", "path": "members", "value": []any{}}, "ann bob"},
		"remove a stranger": {object{"op": "remove", "path": "members", "value": []any{object{"value": "none"}}},
			"ann bob"},
		"remove an empty value":    {object{"op": "remove", "path": "members", "value": []any{object{"value": ""}}}, "400"},
		"remove all":               {object{"op": "remove", "path": "members"}, ""},
		"remove null":              {object{"op": "remove", "path": "members", "value": nil}, ""},
		"remove by another filter": {object{"op": "remove", "path": `members[display eq "ann"]`}, "400"},
		"replace":                  {object{"op": "replace", "path": "members", "value": list("bob", "carl")}, "bob carl"},
		"replace by nobody":        {object{"op": "replace", "path": "members", "value": []any{}}, ""},
		"replace null":             {object{"op": "replace", "path": "members", "value": nil}, "400"},
		"replace nothing":          {object{"op": "replace", "path": "members"}, "400"},
		"replace an empty value":   {object{"op": "replace", "path": "members", "value": []any{object{"value": ""}}}, "400"},
		"replace by a stranger": {object{"op": "replace", "path": "members", "value": append(list("carl"), "none")},
			"404"},
		"replace one": {object{"op": "replace", "path": at("ann"), "value": list("carl")}, "bob carl"},
		"replace, no path": {object{"op": "replace", "value": object{"members": list("carl"), "displayName": "H"}},
			"carl"},
		"replace null, no path": {object{"op": "replace", "value": object{"members": nil, "displayName": "H without"}},
			"ann bob"},
		"another attribute of one": {object{"op": "replace", "path": at("ann") + ".display", "value": "Ann"}, "ann bob"},
	} {
		t.Run(name, func(t *testing.T) {
			g := d.group("G "+name, ids["ann"], ids["bob"])
			w := d.send("PATCH", "/Groups/"+g, patchOp(x.op))
			if got := d.in(g, names); w.Code == 204 && (got != x.want || w.Body.Len() > 0) || w.Code != 204 &&
				(fmt.Sprint(w.Code) != x.want || got != "ann bob") {
				t.Errorf("%d, %q are in it, want %s: %s", w.Code, got, x.want, w.Body)
			}
		})
	}
	g := d.group("whole", ids["ann"])
	d.do(404, "PATCH", "/Groups/"+g, patchOp(object{"op": "replace", "path": "displayName", "value": "half"},
		object{"op": "remove", "path": "members"}, object{"op": "add", "path": "members", "value": []any{"none"}}))
	if o := d.do(200, "GET", "/Groups/"+g, nil); o.text("displayName") != "whole" || d.in(g, names) != "ann" {
		t.Errorf("half of a request was done: %v", o)
	}
	for _, x := range []struct {
		body   object
		status int
		want   string
	}{
		{object{"displayName": "put"}, 200, "ann"}, {object{"displayName": "put", "members": nil}, 200, "ann"},
		{object{"displayName": "put", "members": list("bob", "bob")}, 200, "bob"},
		{object{"displayName": "put", "members": []any{ids["ann"], ids["carl"]}}, 200, "ann carl"},
		{object{"members": list("bob")}, 400, "ann carl"},
		{object{"displayName": "put", "members": []any{"none"}}, 404, "ann carl"},
		{object{"displayName": "G add"}, 409, "ann carl"}, {object{"displayName": "put", "members": []any{}}, 200, ""},
	} {
		o := d.do(x.status, "PUT", "/Groups/"+g, x.body)
		if got := d.in(g, names); got != x.want || x.status == 200 &&
			(o.text("displayName") != "put" || len(o.list("members")) != len(strings.Fields(x.want))) {
			t.Errorf("PUT %v: %q, want %q: %v", x.body, got, x.want, o)
		}
	}
}

func TestGroups(t *testing.T) {
	d := open(t, nil)
	ann := d.person("ann")
	o := d.do(201, "POST", "/Groups",
		object{"schemas": []string{groupSchema, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"},
			"displayName": "Bar", "externalId": "e", "id": "mine",
			"members": []any{object{"value": ann}}, "meta": object{"resourceType": "Group"}, "description": "ignored"})
	if o.text("externalId") != "e" || o["members"] != nil || o.text("id") == "mine" ||
		o.sub("meta").text("location") != "http://web/tenant/scim/v2/Groups/"+o.text("id") || fmt.Sprint(o["schemas"]) != "["+
		groupSchema+"]" {
		t.Errorf("made: %v", o)
	}
	at := "/Groups/" + o.text("id")
	d.do(404, "POST", "/Groups", object{"displayName": "Ghosts", "members": []any{"none"}})
	if got := d.found("/Groups", `displayName eq "ghosts"`); got != "" {
		t.Error("a group with a stranger was made")
	}
	d.do(409, "POST", "/Groups", object{"displayName": "BAR"})
	d.do(409, "POST", "/Groups", object{"displayName": "Baz", "externalId": "e"})
	d.do(400, "POST", "/Groups", object{"displayName": ""})
	d.do(400, "POST", "/Groups", object{"displayName": "x", "externalId": strings.Repeat("x", 257)})
	d.do(201, "POST", "/Groups", object{"displayName": "Foo", "members": nil})
	for _, x := range []struct {
		op     object
		status int
		name   string
	}{
		{object{"op": "replace", "value": object{"id": o.text("id"), "displayName": "Bar EU"}}, 204, "Bar EU"},
		{object{"op": "replace", "value": object{"id": "other", "displayName": "x"}}, 400, "Bar EU"},
		{object{"op": "Replace", "path": "displayName", "value": "foo"}, 409, "Bar EU"},
		{object{"op": "Replace", "path": "displayName", "value": []any{object{"$ref": nil, "value": "Bar US"}}}, 204,
			"Bar US"},
		{object{"op": "remove", "path": "displayName"}, 400, "Bar US"},
		{object{"op": "replace", "path": "displayName", "value": object{}}, 400, "Bar US"},
		{object{"op": "replace", "path": "description", "value": "unknown"}, 400, "Bar US"},
		{object{"op": "replace", "value": object{"description": "unknown", "displayName": "Bar US"}}, 204, "Bar US"},
		{object{"op": "replace", "path": "externalId", "value": "f"}, 204, "Bar US"},
	} {
		d.do(x.status, "PATCH", at, patchOp(x.op))
		if got := d.do(200, "GET", at, nil); got.text("displayName") != x.name {
			t.Errorf("%v: %v", x.op, got)
		}
	}
	if got := d.found("/Groups", `externalId eq "f"`); got != "Bar US" {
		t.Errorf("by external id: %q", got)
	}
	d.do(204, "PATCH", at, patchOp(object{"op": "remove", "path": "externalId"}))
	d.do(201, "POST", "/Groups", object{"displayName": "Baz", "externalId": "f"})
	hidden := open(t, func(c *Config) { c.HideMembers = true })
	g := hidden.group("G", hidden.person("ann"))
	for _, o := range []object{hidden.do(200, "GET", "/Groups/"+g, nil),
		asObject(hidden.do(200, "GET", "/Groups", nil).list("Resources"))} {
		if m, there := o["members"].([]any); !there || len(m) != 0 {
			t.Errorf("as on AWS: %v", o)
		}
	}
	if o := hidden.do(200, "GET", "/Groups/"+g+"?excludedAttributes=members", nil); o["members"] != nil {
		t.Errorf("excluded: %v", o)
	}
	if got := hidden.found("/Groups", "members pr"); got != "G" {
		t.Error("hidden members cannot be asked for")
	}
	d.do(204, "DELETE", at, nil)
	d.do(404, "DELETE", at, nil)
	d.do(404, "PATCH", at, patchOp(object{"op": "replace", "path": "displayName", "value": "x"}))
	d.do(404, "PUT", at, object{"displayName": "x"})
	d.do(200, "GET", "/Users/"+ann, nil)
}

func TestDirectoryFilters(t *testing.T) {
	d := open(t, nil)
	ann := d.person("ann", "externalId", "E-1", "title", "Dr", enterpriseSchema,
		object{"manager": object{"value": "boss"}, "department": "Mill"})
	bob := d.person("bob", "externalId", "e-1", "active", false, "nickName", `Bo "the" b+b`)
	g := d.group("Readers", ann, bob)
	h := d.group("Writers", bob)
	d.group("Empty")
	for filter, want := range map[string]string{
		`userName eq "ANN"`: "ann", `userName eq "nobody"`: "", `externalId eq "E-1"`: "ann", `externalId eq "e-1"`: "bob",
		`id eq "` + ann + `"`: "ann", `id eq "x"`: "",
		`emails.value eq "Ann@x.example"`: "ann", `emails eq "bob@X.example" and active eq false`: "bob",
		`emails eq "bob@x.example" and active eq true`: "",
		`id eq "` + ann + `" and manager eq "boss"`:    "ann", `id eq "` + bob + `" and manager eq "boss"`: "",
		enterpriseSchema + `:manager.value eq "boss"`:     "ann",
		`manager.value eq "boss" and id eq "` + ann + `"`: "ann", `id eq "` + ann + `" and groups.value eq "` + h + `"`: "",
		`groups eq "` + h + `"`: "bob", `groups eq "none"`: "",
		`not (groups.value eq "` + h + `")`: "ann", `nickName eq "bo \"the\" b+b"`: "bob", `title pr`: "ann",
		`title eq null`: "bob", `title ne null`: "ann", `department eq "mill"`: "ann",
		`active eq "False"`: "bob", `Active Eq False`: "bob", `name pr`: "ann bob", `name.givenName sw "g"`: "ann bob",
		`meta.created gt "2020-01-01T00:00:00Z"`:               "ann bob",
		`meta.lastModified lt "2026-01-01T00:00:00.000+02:00"`: "", `userName eq "ann" or userName eq "bob"`: "ann bob",
		userSchema + `:userName eq "bob"`: "bob",
	} {
		if got := d.found("/Users", filter); got != want {
			t.Errorf("users %s: %q, want %q", filter, got, want)
		}
	}
	for filter, want := range map[string]string{
		`displayName eq "READERS"`: "Readers", `members.value eq "` + bob + `"`: "Readers Writers",
		`members eq "` + ann + `"`:                       "Readers",
		`id eq "` + g + `" and members eq "` + ann + `"`: "Readers", `members.value eq "` + ann + `" and id eq "` + g +
			`"`: "Readers", `id eq "` + h + `" and member eq "` + ann + `"`: "",
		`id eq "` + h + `" and members eq "none"`: "", `members pr`: "Readers Writers", `not (members pr)`: "Empty",
		`displayName co "er" and members eq "` + bob + `"`: "Readers Writers",
		`members[value eq "` + ann + `"]`:                  "Readers", `displayName eq "empty" or members eq "` + ann +
			`"`: "Readers Empty",
		`displayName eq "none"`: "",
	} {
		if got := d.found("/Groups", filter); got != want {
			t.Errorf("groups %s: %q, want %q", filter, got, want)
		}
	}
	d.do(404, "GET", "/Groups?filter=members+eq+%22none%22", nil)
	d.do(404, "GET", "/Groups?filter=member.value+eq+%22none%22", nil)
	for _, path := range []string{"/Users/a%00b", "/Users/x/y", "/Nothing", "/Users/" + g, ""} {
		d.do(404, "GET", path, nil)
	}
	d.do(501, "GET", "/Me", nil)
	for _, x := range [][2]string{{"DELETE", "/Users"}, {"POST", "/Users/" + ann}, {"PATCH", "/Groups"},
		{"POST", "/Schemas"}, {"PUT", "/Users/.search"}} {
		if w := d.send(x[0], x[1], "{}"); w.Code != 405 || w.Header().Get("Allow") == "" {
			t.Errorf("%s %s: %d %s", x[0], x[1], w.Code, w.Header().Get("Allow"))
		}
	}
}

// Many change one group at once, and no change is lost.
func TestParallelChangesOfAGroupAreAllKept(t *testing.T) {
	d := open(t, nil)
	now := d.time()
	d.h.Config.Now = func() time.Time { return now } // the clock that ticks is not for many at once
	var ids []string
	for i := range 40 {
		ids = append(ids, d.person(fmt.Sprint("u", i)))
	}
	g := d.group("G", ids[:20]...)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			d.send("PATCH", "/Groups/"+g, patchOp(object{"op": "remove", "path": `members[value eq "` + ids[i] + `"]`}))
		})
		wg.Go(func() {
			d.send("PATCH", "/Groups/"+g, patchOp(object{"op": "add", "path": "members", "value": []any{ids[20+i]}}))
		})
	}
	wg.Wait()
	have := map[string]bool{}
	for _, m := range d.do(200, "GET", "/Groups/"+g, nil).list("members") {
		have[asObject(m).text("value")] = true
	}
	for i, id := range ids {
		if have[id] != (i >= 20) {
			t.Errorf("member %d: %v", i, have[id])
		}
	}
}

// No number of members is too many for one request: AWS takes a hundred.
func TestManyMembersAtOnce(t *testing.T) {
	d := open(t, nil)
	var ops []object
	for i := range maxBulk {
		ops = append(ops, bulkOp("POST", "/Users", fmt.Sprint(i), person(fmt.Sprint("u", i))))
	}
	members := []any{}
	for _, v := range d.do(200, "POST", "/Bulk", object{"Operations": ops}).list("Operations") {
		at := asObject(v).text("location")
		members = append(members, object{"value": at[strings.LastIndexByte(at, '/')+1:]})
	}
	size := func(g string) int { return len(d.do(200, "GET", "/Groups/"+g, nil).list("members")) }
	g := d.do(201, "POST", "/Groups", object{"displayName": "all", "members": members}).text("id")
	if n := size(g); n != maxBulk {
		t.Fatalf("%d members", n)
	}
	d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "remove", "path": "members", "value": members[100:]}))
	d.do(204, "PATCH", "/Groups/"+g, patchOp(object{"op": "add", "path": "members", "value": members[50:300]}))
	if n := size(g); n != 300 {
		t.Errorf("%d members", n)
	}
	d.do(200, "PUT", "/Groups/"+g, object{"displayName": "all", "members": members[200:]})
	if n := size(g); n != maxBulk-200 {
		t.Errorf("%d members", n)
	}
	d.do(404, "PUT", "/Groups/"+g, object{"displayName": "all", "members": append(members[:10:10], "none")})
	if n := size(g); n != maxBulk-200 {
		t.Errorf("a refused request changed them to %d", n)
	}
}
