package scim

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// prove runs a property on many generated cases: few by default, by night a hundredth of GRANARY_PROVE, as each writes
// to a disk.
func prove(t *testing.T, few int, property func(*rapid.T)) {
	t.Helper()
	n := few
	if text := os.Getenv("GRANARY_PROVE"); text != "" {
		many, err := strconv.Atoi(text)
		if err != nil {
			t.Fatalf("GRANARY_PROVE is not a number: %v", err)
		}
		n = max(few, many/100)
	}
	for name, value := range map[string]string{"rapid.checks": strconv.Itoa(n), "rapid.nofailfile": "true"} {
		f := flag.Lookup(name)
		before := f.Value.String()
		defer f.Value.Set(before)
		if err := f.Value.Set(value); err != nil {
			t.Fatal(err)
		}
	}
	rapid.Check(t, property)
	t.Logf("%d cases", n)
}

// believed is what a provider believes of somebody, or of a group.
type believed struct {
	id, name, external      string
	mail, title, department string // of people
	active                  bool
	members                 map[string]bool // of groups, by id
}

func (b *believed) clone() *believed {
	c := *b
	c.members = maps.Clone(b.members)
	return &c
}

// request is one, and what it must come to.
type request struct {
	method, path string
	body         any
	refused      []int           // statuses, one of which must come; none: it is done
	done         func(id string) // what the provider believes afterwards; id is of what was made
}

// provider sends what providers send, in any of their forms, and believes that what was answered well was done.
type provider struct {
	*rapid.T
	d              *desk
	prefix         string // of every name
	made           int
	people, groups []*believed
	gone           []string // ids of people who were deleted
	log            []string
	no             int // how often it was refused
}

func oneOf[T any](p *provider, label string, from ...T) T {
	return rapid.SampledFrom(from).Draw(p.T, label)
}

func (p *provider) maybe(label string) bool { return rapid.Bool().Draw(p.T, label) }

func (p *provider) fresh() string {
	p.made++
	return fmt.Sprint(p.prefix, p.made, oneOf(p, "end of the name", "", "", "é", "+x", "'q'", "@x.example"))
}

func quoted(v any) string {
	b, _ := json.Marshal(v) // of texts
	return string(b)
}

// spelt is a word in any letter case.
func (p *provider) spelt(word string) string {
	return oneOf(p, "letter case", word, word, strings.ToUpper(word), strings.ToUpper(word[:1])+word[1:])
}

// wrapped is a value alone, in a list, or as the value of an object.
func (p *provider) wrapped(v any) any {
	return oneOf(p, "wrapping", v, v, any([]any{v}), any(object{"value": v}), any([]any{object{"$ref": nil, "value": v}}))
}

// written is an operation that gives an attribute a value: with a path, or without; under its schema's name, or not;
// quoted, or not.
func (p *provider) written(schema, attr string, value any) object {
	name := p.spelt(attr)
	o := object{p.spelt("op"): oneOf(p, "op", "add", "replace", "Add", "Replace", "REPLACE")}
	if oneOf(p, "path", true, false) {
		o[p.spelt("path")] = oneOf(p, "the path", name, schema+":"+name, " "+name, strings.ToUpper(schema)+":"+name)
		o["value"] = value
		return o
	}
	whole := oneOf(p, "the object", object{name: value}, object{schema: object{name: value}},
		object{schema + ":" + name: value}, object{"schemas": []any{schema}, name: value})
	switch oneOf(p, "the object's place", "value", "value", "quoted", "list", "schema", "null") {
	case "quoted":
		o["value"] = quoted(whole)
	case "list":
		o["value"] = []any{whole}
	case "schema":
		o["path"], o["value"] = schema, object{name: value}
	case "null":
		o["path"], o["value"] = nil, whole
	default:
		o["value"] = whole
	}
	return o
}

// unclear are operations that mean nothing, on people and on groups.
var unclear = []any{
	object{"op": "disable", "path": "active"}, object{"path": "active", "value": false},
	object{"op": "replace", "path": "active["}, object{"op": "replace", "value": "off"},
	object{"op": "remove"}, object{"op": "remove", "path": userSchema}, object{"op": "remove", "path": "nonsense"},
	object{"op": "remove", "path": "urn:example:schemas:1.0:thing"},
	object{"op": "add", "path": "externalId"}, object{"op": "replace", "path": "displayName"},
	object{"op": "replace", "path": "externalId", "value": 7},
	object{"op": "add", "path": "displayName", "value": []any{"a", "b"}},
	object{"op": "replace", "path": []any{"active"}, "value": false}, nil, "replace",
	object{"op": "replace", "path": "id", "value": "x"},
}

var unclearOfPeople = []any{
	object{"op": "remove", "path": "active"}, object{"op": "replace", "path": "active", "value": "off"},
	object{"op": "replace", "path": "active", "value": nil},
	object{"op": "replace", "path": "active", "value": object{"active": false}},
	object{"op": "replace", "path": `active[value eq "true"]`, "value": false},
	object{"op": "replace", "value": object{"active": true, userSchema: object{"active": false}}},
	object{"op": "remove", "path": "userName"},
	object{"op": "replace", "path": enterpriseSchema + ":active", "value": false},
	object{"op": "remove", "path": "groups"},
}

func unclearOfGroups(id string) []any {
	remove := func(path string) any { return object{"op": "remove", "path": path} }
	return []any{
		remove(`members[value eq ` + id + `]`), remove(`members[value ne "` + id + `"]`),
		remove(`members[display eq "` + id + `"]`), remove(`members[not (value eq "` + id + `")]`), remove(`members[]`),
		object{"op": "remove", "path": "members", "value": []any{object{"display": id}}},
		object{"op": "remove", "path": "members", "value": "mailto:" + id + "@x.example"},
		object{"op": "replace", "path": "members", "value": nil},
		object{"op": "remove", "value": object{"members": []any{id}}},
		object{"op": "add", "path": "members", "value": []any{id, nil}},
		object{"op": "replace", "path": "members", "value": `[{"value":"` + id + `"}`},
	}
}

// strange names what the directory does not know. It is passed over beside what is known, and refused alone.
func (p *provider) strange() object {
	return oneOf(p, "of no interest", object{"op": "add", "path": "nonsense", "value": "x"},
		object{"op": "replace", "value": object{"urn:example:schemas:1.0": object{"thing": 1}}},
		object{"op": "replace", "path": "urn:example:schemas:1.0:thing", "value": nil},
		object{"op": "add", "path": "nonsense.part", "value": []any{}})
}

// idle changes nothing.
func (p *provider) idle() object {
	return oneOf(p, "of no effect",
		object{"op": "replace", "value": object{"meta": object{"resourceType": "x"}, "nonsense": 1}},
		object{"op": "add", "value": object{"schemas": []any{}}},
		object{"op": "add", "path": "externalId", "value": nil})
}

// changePerson draws operations on somebody.
func (p *provider) changePerson(u *believed) (ops []any, refused []int) {
	strange := 0
	for range rapid.IntRange(1, 3).Draw(p.T, "operations") {
		var op any
		switch oneOf(p, "what of the person", "active", "active", "title", "no title", "department", "external id", "name",
			"mail", "idle", "strange", "unclear") {
		case "active":
			u.active = p.maybe("active")
			op = p.written(userSchema, "active", p.wrapped(oneOf(p, "truth", any(u.active), any(p.spelt(fmt.Sprint(u.active))))))
		case "title":
			u.title = p.fresh()
			op = p.written(userSchema, "title", p.wrapped(u.title))
		case "no title":
			u.title = ""
			op = oneOf[any](p, "no title", object{"op": p.spelt("remove"), "path": p.spelt("title")},
				object{"op": "replace", "path": "title", "value": ""}, object{"op": "Remove", "path": userSchema + ":title",
					"value": "x"},
				object{"op": "replace", "value": object{"title": nil}})
		case "department":
			u.department = p.fresh()
			op = p.written(enterpriseSchema, "department", p.wrapped(u.department))
		case "external id":
			u.external = p.fresh()
			op = p.written(userSchema, "externalId", u.external)
		case "name":
			u.name = p.aName(p.people)
			op = p.written(userSchema, "userName", u.name)
		case "mail":
			u.mail = p.fresh()
			one := object{p.spelt("value"): u.mail, "type": "work", p.spelt("primary"): oneOf(p, "primary", any(true),
				any("True"))}
			op = oneOf(p, "mail", any(object{"op": p.spelt("replace"), "path": `emails[type eq "work"].value`, "value": u.mail}),
				any(object{"op": "Replace", "path": "emails", "value": p.one(one)}),
				any(object{"op": "replace", "value": object{"emails": p.one(one)}}),
				any(object{"op": "replace", "path": userSchema + ":emails.value", "value": u.mail}))
		case "strange":
			op = p.strange()
			strange++
		case "idle":
			op = p.idle()
		default:
			op, refused = oneOf(p, "unclear", append(unclear, unclearOfPeople...)...), append(refused, 400)
		}
		ops = append(ops, op)
	}
	if strange == len(ops) {
		refused = append(refused, 400)
	}
	return ops, refused
}

// one is a list of one in a form of it.
func (p *provider) one(o object) any {
	return oneOf(p, "list of one", any([]any{o}), any(o), any(quoted([]any{o})), any([]any{quoted(o)}))
}

// aName is a new one, or now and then somebody's.
func (p *provider) aName(of []*believed) string {
	if len(of) > 0 && oneOf(p, "a name that is taken", 0, 0, 0, 0, 1) == 1 {
		return strings.ToUpper(rapid.SampledFrom(of).Draw(p.T, "whose").name)
	}
	return p.fresh()
}

// taken is the refusal of a name or address that another has.
func taken(of []*believed, b *believed) (refused []int) {
	for _, o := range of {
		if o.id != b.id && (strings.EqualFold(o.name, b.name) || o.mail != "" && strings.EqualFold(o.mail, b.mail)) {
			refused = append(refused, 409)
		}
	}
	return refused
}

// some are ids of a few people.
func (p *provider) some(label string) (ids []string) {
	for _, u := range p.people {
		if p.maybe(label) {
			ids = append(ids, u.id)
		}
	}
	return ids
}

// listed is a list of members in a form of it.
func (p *provider) listed(ids []string) any {
	list := []any{}
	for _, id := range ids {
		id := oneOf(p, "id", id, id, strings.ToUpper(id))
		list = append(list, oneOf(p, "member", any(object{"value": id}), any(id), any(object{"$ref": nil, "value": id}),
			any(object{"value": id, "$ref": "../Users/" + id, "type": "User", "display": "x"}),
			any(object{"Value": id, "displayName": nil}), any(quoted(object{"value": id}))))
	}
	switch form := oneOf(p, "list", "list", "list", "quoted", "alone"); {
	case form == "quoted":
		return quoted(list)
	case form == "alone" && len(list) == 1:
		return list[0]
	}
	return list
}

// picked is a filter of members.
func (p *provider) picked(ids []string) string {
	var parts []string
	for _, id := range ids {
		parts = append(parts, oneOf(p, "filter", `value eq "`+id+`"`, `value EQ "`+strings.ToUpper(id)+`"`,
			`(value eq "`+id+`")`, `type eq "User" and value eq "`+id+`"`))
	}
	return p.spelt("members") + "[" + strings.Join(parts, " or ") + "]" + oneOf(p, "after the filter", "", "", ".value")
}

// changeGroup draws operations on a group.
func (p *provider) changeGroup(g *believed) (ops []any, refused []int) {
	strange := 0
	for range rapid.IntRange(1, 3).Draw(p.T, "operations") {
		switch oneOf(p, "what of the group", "add", "add", "remove", "remove", "pick", "replace", "clear", "name",
			"external id", "strangers", "idle", "strange", "unclear") {
		case "add":
			ids := p.some("joins")
			for _, id := range ids {
				g.members[id] = true
			}
			op := p.written(groupSchema, "members", p.listed(ids))
			op[op.key("op")] = p.spelt("add")
			ops = append(ops, op)
		case "remove":
			ids := append(p.some("leaves"), p.gone...)
			for _, id := range ids {
				delete(g.members, id)
			}
			ops = append(ops,
				object{"op": p.spelt("remove"), "path": oneOf(p, "path", p.spelt("members"), groupSchema+":members",
					"members.value"), "value": p.listed(ids)})
		case "pick":
			ids := p.some("is picked")
			for _, id := range ids {
				delete(g.members, id)
			}
			if len(ids) > 0 {
				ops = append(ops, object{"op": p.spelt("remove"), "path": p.picked(ids)})
			}
		case "replace":
			ids := p.some("is there")
			g.members = map[string]bool{}
			for _, id := range ids {
				g.members[id] = true
			}
			op := p.written(groupSchema, "members", p.listed(ids))
			op[op.key("op")] = p.spelt("replace")
			ops = append(ops, op)
		case "clear":
			g.members = map[string]bool{}
			ops = append(ops, oneOf[any](p, "none", object{"op": p.spelt("remove"), "path": p.spelt("members")},
				object{"op": "replace", "path": "members", "value": []any{}},
				object{"op": "replace", "value": object{groupSchema: object{"members": []any{}}}},
				object{"op": "Replace", "path": groupSchema + ":members", "value": "[]"}))
		case "name":
			g.name = p.aName(p.groups)
			ops = append(ops, p.written(groupSchema, "displayName", g.name))
		case "external id":
			g.external = p.fresh()
			ops = append(ops, p.written(groupSchema, "externalId", g.external))
		case "strangers":
			ops = append(ops,
				object{"op": "add", "path": "members",
					"value": p.listed(append(p.some("joins"),
						oneOf(p, "stranger", append(p.gone, "00000000-0000-0000-0000-000000000000")...)))})
			refused = append(refused, 404)
		case "strange":
			ops = append(ops, p.strange())
			strange++
		case "idle":
			ops = append(ops, p.idle())
		default:
			ops, refused = append(ops, oneOf(p, "unclear", append(unclear, unclearOfGroups(p.people[0].id)...)...)),
				append(refused, 400)
		}
	}
	if len(ops) > 0 && strange == len(ops) {
		refused = append(refused, 400)
	}
	return ops, refused
}

// patch is a PATCH of operations.
func (p *provider) patch(path string, ops []any) request {
	var list any = ops
	if len(ops) == 1 && p.maybe("one operation alone") && asObject(ops[0]) != nil {
		list = ops[0]
	}
	return request{method: "PATCH", path: path,
		body: object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, p.spelt("Operations"): list}}
}

// whole is the body of somebody who is made or put, and changes what is believed of them by what it leaves out.
func (p *provider) whole(u *believed, made bool) object {
	o := object{"schemas": []any{userSchema, enterpriseSchema}, p.spelt("userName"): u.name, "displayName": "D",
		"name": object{"givenName": "G", "familyName": "F"}, "groups": []any{},
		"meta": object{"resourceType": "User"}, "photos": nil}
	for attr, value := range map[string]*string{"externalId": &u.external, "title": &u.title} {
		if *value = ""; p.maybe(attr) {
			*value = p.fresh()
			o[p.spelt(attr)] = *value
		}
	}
	if u.department = ""; p.maybe("department") {
		u.department = p.fresh()
		o[enterpriseSchema] = oneOf(p, "extension", any(object{"department": u.department}),
			any(object{"Department": u.department, "manager": nil}))
	}
	if u.mail = ""; p.maybe("mail") {
		u.mail = p.fresh()
		o["emails"] = []any{object{"value": u.mail, "type": "work", "primary": true}}
	}
	switch oneOf(p, "active", "true", "false", "absent", "null", "empty") {
	case "true":
		u.active = true
		o[p.spelt("active")] = p.wrapped(oneOf(p, "truth", any(true), any("True")))
	case "false":
		u.active = false
		o[p.spelt("active")] = p.wrapped(oneOf(p, "truth", any(false), any("False")))
	case "null":
		o["active"], u.active = nil, u.active || made
	case "empty":
		o["active"], u.active = "", u.active || made
	default:
		u.active = u.active || made
	}
	if oneOf(p, "under the schema's name", 0, 0, 0, 1) == 1 {
		schemas := o["schemas"]
		delete(o, "schemas")
		o = object{"schemas": schemas, userSchema: o, enterpriseSchema: o[enterpriseSchema]}
		delete(asObject(o[userSchema]), enterpriseSchema)
	}
	return o
}

// next draws a request; only of the kinds that a bulk request may hold, if that is asked for.
func (p *provider) next(bulk bool) request {
	kinds := []string{"patch group", "patch group", "patch group", "put group", "patch person", "patch person",
		"put person", "delete person", "delete group"}
	if !bulk {
		kinds = append(kinds, "make person", "make group")
	}
	kind := oneOf(p, "request", kinds...)
	switch {
	case kind == "make person" || len(p.people) == 0:
		u := &believed{name: p.aName(p.people)}
		r := request{method: "POST", path: "/Users", body: p.whole(u, true), refused: taken(p.people, u)}
		r.done = func(id string) { u.id = id; p.people = append(p.people, u) }
		return r
	case kind == "make group" || strings.HasSuffix(kind, "group") && len(p.groups) == 0:
		g := &believed{name: p.aName(p.groups), members: map[string]bool{}}
		ids := p.some("is there")
		for _, id := range ids {
			g.members[id] = true
		}
		r := request{method: "POST", path: p.spelt("/Groups"), body: object{"displayName": g.name, "members": p.listed(ids)},
			refused: taken(p.groups, g)}
		r.done = func(id string) { g.id = id; p.groups = append(p.groups, g) }
		return r
	case strings.HasSuffix(kind, "group"):
		i := rapid.IntRange(0, len(p.groups)-1).Draw(p.T, "group")
		g := p.groups[i].clone()
		path := "/Groups/" + g.id
		r := request{method: "DELETE", path: path}
		switch kind {
		case "delete group":
			r.done = func(string) { p.groups = slices.Delete(p.groups, i, i+1) }
			return r
		case "patch group":
			ops, refused := p.changeGroup(g)
			if len(ops) == 0 {
				ops = []any{p.idle()}
			}
			r = p.patch(path, ops)
			r.refused = refused
		default:
			o := object{"schemas": []any{groupSchema}, "id": g.id, "displayName": g.name}
			if g.external = ""; p.maybe("external id") {
				g.external = p.fresh()
				o["externalId"] = g.external
			}
			switch oneOf(p, "members", "list", "none", "null") {
			case "list":
				g.members = map[string]bool{}
				ids := p.some("is there")
				for _, id := range ids {
					g.members[id] = true
				}
				o[p.spelt("members")] = p.listed(ids)
			case "null":
				o["members"] = nil
			}
			r = request{method: "PUT", path: path, body: o}
		}
		r.refused = append(r.refused, taken(p.groups, g)...)
		r.done = func(string) { p.groups[i] = g }
		return r
	}
	i := rapid.IntRange(0, len(p.people)-1).Draw(p.T, "person")
	u := p.people[i].clone()
	path := "/Users/" + u.id
	r := request{method: "DELETE", path: path}
	switch kind {
	case "delete person":
		r.done = func(string) {
			p.people, p.gone = slices.Delete(p.people, i, i+1), append(p.gone, u.id)
			for _, g := range p.groups {
				delete(g.members, u.id)
			}
		}
		return r
	case "patch person":
		ops, refused := p.changePerson(u)
		r = p.patch(path, ops)
		r.refused = refused
	default:
		r = request{method: "PUT", path: path, body: p.whole(u, false)}
	}
	r.refused = append(r.refused, taken(p.people, u)...)
	r.done = func(string) { p.people[i] = u }
	return r
}

// judge holds an answer against what must come, and lets the provider believe it.
func (p *provider) judge(r request, status int, body object, id string) {
	p.log = append(p.log, fmt.Sprintf("%s %s %s: %d", r.method, r.path, quoted(r.body), status))
	if status >= 400 {
		p.no++
	}
	switch {
	case status >= 400 && body.text("detail") == "":
		p.Fatalf("refused without a reason: %v\n%s", body, strings.Join(p.log, "\n"))
	case len(r.refused) > 0 && !slices.Contains(r.refused, status), len(r.refused) == 0 && status >= 300:
		p.Fatalf("want %v, by %v\n%s", r.refused, body, strings.Join(p.log, "\n"))
	case len(r.refused) == 0 && r.done != nil:
		r.done(id)
	}
}

func (p *provider) send(r request) {
	w := p.d.send(r.method, r.path, r.body)
	var o object
	_ = json.Unmarshal(w.Body.Bytes(), &o) // a 204 has none
	p.judge(r, w.Code, o, o.text("id"))
}

// bulk sends a few at once. What is believed of one is what the next is drawn by.
func (p *provider) bulk() {
	var list []request
	var ops []any
	for range rapid.IntRange(1, 3).Draw(p.T, "operations of a bulk") {
		if len(p.people) == 0 || len(p.groups) == 0 {
			break
		}
		r := p.next(true)
		ops = append(ops, object{"method": r.method, "path": r.path, "data": r.body})
		if len(r.refused) == 0 {
			r.done("")
		}
		r.done = nil
		list = append(list, r)
	}
	if len(list) == 0 {
		return
	}
	w := p.d.send("POST", "/Bulk", object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"},
		"Operations": ops})
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != http.StatusOK ||
		len(o.list("Operations")) != len(list) {
		p.Fatalf("%d: %s", w.Code, w.Body)
	}
	for i, v := range o.list("Operations") {
		a := asObject(v)
		status, _ := strconv.Atoi(a.text("status"))
		p.judge(list[i], status, a.sub("response"), "")
	}
}

// ask sends a GET that must be answered.
func (p *provider) ask(path string, query ...string) object {
	v := url.Values{}
	for i := 0; i+1 < len(query); i += 2 {
		v.Set(query[i], query[i+1])
	}
	w := p.d.send("GET", path+"?"+v.Encode(), nil)
	var o object
	if err := json.Unmarshal(w.Body.Bytes(), &o); err != nil || w.Code != http.StatusOK {
		p.Fatalf("GET %s %v: %d: %s", path, query, w.Code, w.Body)
	}
	return o
}

// lookUp asks for one by name, as providers do before they make anybody.
func (p *provider) lookUp() {
	kind, of, attr := "/Users", p.people, "userName"
	if p.maybe("look up a group") {
		kind, of, attr = "/Groups", p.groups, "displayName"
	}
	name, want := p.fresh(), ""
	if len(of) > 0 && p.maybe("who is there") {
		b := rapid.SampledFrom(of).Draw(p.T, "whom")
		name, want = p.spelt(b.name), b.id
	}
	o := p.ask(kind, "filter", p.spelt(attr)+` eq "`+name+`"`)
	if asObject(o.get("Resources")).text("id") != want {
		p.Fatalf("%s %q is %v, want %q\n%s", kind, name, o, want, strings.Join(p.log, "\n"))
	}
}

// compare holds the directory against what is believed, in whole.
func (p *provider) compare() {
	line := func(b *believed) string {
		if b.members != nil {
			return fmt.Sprintf("group %s %q %q %q", b.id, b.name, b.external, slices.Sorted(maps.Keys(b.members)))
		}
		return fmt.Sprintf("person %s %q %q %q %q %q %t", b.id, b.name, b.external, b.mail, b.title, b.department, b.active)
	}
	var want, have []string
	for _, b := range append(slices.Clone(p.people), p.groups...) {
		want = append(want, line(b))
	}
	for _, v := range p.ask("/Users", "filter", `userName sw "`+p.prefix+`"`, "count", "1000").list("Resources") {
		o := asObject(v)
		have = append(have,
			line(&believed{id: o.text("id"), name: o.text("userName"), external: o.text("externalId"),
				mail: o.sub("emails").text("value"), title: o.text("title"),
				department: o.sub(enterpriseSchema).text("department"), active: o["active"] == true}))
	}
	for _, v := range p.ask("/Groups", "filter", `displayName sw "`+p.prefix+`"`, "count", "1000").list("Resources") {
		o := p.ask("/Groups/" + asObject(v).text("id"))
		g := &believed{id: o.text("id"), name: o.text("displayName"), external: o.text("externalId"),
			members: map[string]bool{}}
		for _, m := range o.list("members") {
			g.members[asObject(m).text("value")] = true
		}
		have = append(have, line(g))
	}
	slices.Sort(want)
	if slices.Sort(have); !slices.Equal(have, want) {
		p.Fatalf("the directory is\n  %s\nwant\n  %s\nafter\n%s", strings.Join(have, "\n  "), strings.Join(want, "\n  "),
			strings.Join(p.log, "\n"))
	}
}

// leave takes away what was made.
func (p *provider) leave() {
	for _, b := range append(slices.Clone(p.people), p.groups...) {
		kind := "/Users/"
		if b.members != nil {
			kind = "/Groups/"
		}
		p.d.send("DELETE", kind+b.id, nil)
	}
}

// Whatever a provider sends, in whatever form, the directory is afterwards as the provider believes: what was answered
// well is done whole, and what was refused is not done at all.
func TestTheDirectoryIsAsProvidersBelieve(t *testing.T) {
	desks := []*desk{open(t, nil), open(t, func(c *Config) { c.Lenient = true }),
		open(t, func(c *Config) { c.Lenient, c.KeepAll, c.ETags = true, true, true })}
	cases, sent, no := 0, 0, 0
	prove(t, 100, func(t *rapid.T) {
		cases++
		p := &provider{T: t, d: rapid.SampledFrom(desks).Draw(t, "settings"), prefix: fmt.Sprint("c", cases, "-")}
		defer p.leave()
		for range rapid.IntRange(6, 20).Draw(t, "steps") {
			switch oneOf(p, "step", "request", "request", "request", "request", "request", "request", "bulk", "look up") {
			case "bulk":
				p.bulk()
			case "look up":
				p.lookUp()
			default:
				p.send(p.next(false))
			}
		}
		p.compare()
		sent, no = sent+len(p.log), no+p.no
	})
	t.Logf("%d requests, of which %d were refused", sent, no)
}
