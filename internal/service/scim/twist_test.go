package scim

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// twist is an operation that is being bent out of shape, and never out of its meaning: who reads it knows what is
// wanted.
type twist struct {
	*rapid.T
	op, path any
	attr     string
	value    any
}

// twistPath bends the path, or moves it into the value.
func (x *twist) twistPath() {
	s, ok := x.path.(string)
	if !ok || s == "" {
		return
	}
	of := rapid.SampledFrom[[]string, string]
	switch of([]string{"case", "case", "schema", "schema", "around", "value", "value", "object", "list", "empty"}).
		Draw(x.T, "bend the path") {
	case "case":
		x.path = of([]string{strings.ToUpper(s), strings.ToLower(s)}).Draw(x.T, "letter case")
	case "schema":
		x.path = of([]string{userSchema, groupSchema, enterpriseSchema, strings.ToUpper(groupSchema)}).Draw(x.T, "schema") +
			":" + s
	case "around":
		a := of([]string{" %s", "%s ", "\t%s\n", "/%s", "%s/", ".%s", "%s.", `"%s"`, "%s[]", "[%s]", "%s[0]", "$.%s",
			"%s,title", "(%s)", "User.%s", "%s:", "%s\x00"}).Draw(x.T, "around")
		x.path = fmt.Sprintf(a, s)
	case "object":
		x.path, x.value = nil, object{s: x.value}
	case "empty":
		x.path, x.value = "", object{s: x.value}
	case "list":
		x.path = []any{s}
	case "value":
		x.path = s + of([]string{".value", ".Value", "." + x.attr, ".id"}).Draw(x.T, "sub-attribute")
	}
}

// bend bends a value.
func (x *twist) bend(v any) any {
	switch rapid.SampledFrom([]string{"list", "value", "Value", "null", "quoted", "quoted", "attribute", "both", "text",
		"schema"}).Draw(x.T, "bend the value") {
	case "list":
		return []any{v}
	case "value":
		return object{"value": v}
	case "Value":
		return object{"Value": v, "display": nil, "$ref": nil}
	case "null":
		return []any{v, nil}
	case "quoted":
		return quoted(v)
	case "attribute":
		return object{x.attr: v}
	case "both":
		return []any{v, v}
	case "schema":
		return object{rapid.SampledFrom([]string{userSchema, groupSchema}).Draw(x.T, "schema"): object{x.attr: v}}
	}
	if _, ok := v.(string); ok {
		return v
	}
	return fmt.Sprint(v)
}

// member bends an id.
func (x *twist) member(id string) any {
	f := rapid.SampledFrom([]string{"%s", "%s", "%s", "%s", "%s", "%s", "%s", "%s", "%s", " %s", "{%s}", "urn:uuid:%s",
		"http://web/tenant/scim/v2/Users/%s", "Users/%s", `"%s"`, "%s,", "%s@x.example"}).Draw(x.T, "id")
	id = fmt.Sprintf(f, rapid.SampledFrom([]string{id, strings.ToUpper(id)}).Draw(x.T, "letter case"))
	return rapid.SampledFrom([]any{object{"value": id}, object{"value": id}, object{"value": id}, id, id,
		quoted(object{"value": id}), object{"value": id, "type": "User"}, object{"id": id}, object{"$ref": id},
		object{"VALUE": id, "value2": nil}, object{"value": object{"value": id}},
		object{"value": id, "Value": id}, object{"member": id}, []any{id}}).Draw(x.T, "member")
}

// body is the request's.
func (x *twist) body() any {
	key := func(s string) string {
		return rapid.SampledFrom([]string{s, s, strings.ToUpper(s), strings.ToUpper(s[:1]) + s[1:]}).Draw(x.T, "key")
	}
	o := object{key("op"): x.op, key("value"): x.value}
	if x.path != nil || rapid.Bool().Draw(x.T, "null path") {
		o[key("path")] = x.path
	}
	ops := any([]any{o})
	if x.seldom() {
		ops = rapid.SampledFrom([]any{o, []any{[]any{o}}, []any{o, nil}, quoted([]any{o}), []any{quoted(o)},
			object{"Operations": []any{o}}, []any{o, o}}).Draw(x.T, "operations")
	}
	body := any(object{"schemas": []any{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, key("Operations"): ops})
	if x.seldom() {
		body = rapid.SampledFrom([]any{[]any{body}, object{"Operations": []any{}, "operations": ops}, object{"PatchOp": body},
			quoted(body)}).Draw(x.T, "body")
	}
	return body
}

func (x *twist) seldom() bool { return rapid.IntRange(0, 9).Draw(x.T, "seldom") == 9 }

// An operation however bent does what it says, whole, or is refused with a reason, and then nothing is done.
func TestBentOperationsAreDoneOrRefused(t *testing.T) {
	d := open(t, nil)
	ids := map[string]string{}
	names := map[string]string{}
	for _, n := range []string{"ann", "bob", "carl"} {
		ids[n] = d.person(n)
		names[ids[n]] = n
	}
	group := d.group("staff")
	done, refused := 0, 0
	prove(t, 400, func(t *rapid.T) {
		x := &twist{T: t}
		before, want, path := "ann bob", "", "/Groups/"+group
		what := rapid.SampledFrom([]string{"deactivate", "activate", "remove", "remove", "remove by filter", "replace",
			"clear", "join"}).Draw(t, "what")
		put := false
		some := func(names ...string) (list []any) {
			for _, n := range names {
				list = append(list, x.member(ids[n]))
			}
			return list
		}
		x.attr, x.path = "members", "members"
		switch what {
		case "deactivate", "activate":
			before, want, path = fmt.Sprint(what == "deactivate"), fmt.Sprint(what == "activate"), "/Users/"+ids["carl"]
			x.attr, x.path, x.op = "active", "active", rapid.SampledFrom([]any{"replace", "add"}).Draw(t, "op")
			v := what == "activate"
			x.value = rapid.SampledFrom([]any{v, fmt.Sprint(v), strings.ToUpper(fmt.Sprint(v)), " " + fmt.Sprint(v),
				map[bool]int{true: 1}[v], map[bool]string{true: "yes", false: "no"}[v]}).Draw(t, "truth")
		case "remove":
			x.op, x.value, want = "remove", some("ann"), "bob"
		case "remove by filter":
			f := rapid.SampledFrom([]string{`value eq "%s"`, `value eq "%s"`, `value eq "%s"`, `value eq "%s"`, `value eq "%s"`,
				`VALUE Eq "%s"`, ` value  eq  "%s" `, `value eq '%s'`, `value == "%s"`, `value eq %s`, `value co "%s"`,
				`value sw "%s"`, `id eq "%s"`, `members eq "%s"`,
				`value.value eq "%s"`, `(value eq "%s")`, `((value eq "%s"))`, `type eq "User" and value eq "%s"`,
				`value eq "%s" and active eq true`, `value eq "%s" or value eq "00000000-0000-0000-0000-000000000000"`,
				`$ref co "%s"`, `"%s"`, `%s`, `urn:ietf:params:scim:schemas:core:2.0:Group:members.value eq "%s"`}).Draw(t,
				"filter")
			id := rapid.SampledFrom([]string{ids["ann"], ids["ann"], strings.ToUpper(ids["ann"])}).Draw(t, "letter case")
			x.op, x.path, want = "remove", "members["+fmt.Sprintf(f, id)+"]", "bob"
		case "replace":
			x.op, x.value, want = "replace", some("bob", "carl"), "bob carl"
		case "clear":
			x.op, x.value = "replace", []any{}
		case "join":
			x.op, x.value, want = "add", some("carl"), "ann bob carl"
		}
		if put = (x.attr == "active" || what == "replace") && x.seldom(); put {
			// of whole people and groups it is the value that is bent
			x.path = rapid.SampledFrom([]string{x.attr, strings.ToUpper(x.attr), groupSchema + ":" + x.attr,
				userSchema + ":" + x.attr}).Draw(t, "name")
		}
		for range rapid.IntRange(0, 3).Draw(t, "twists") {
			if put {
				x.value = x.bend(x.value)
				continue
			}
			switch rapid.SampledFrom([]string{"path", "path", "value", "op"}).Draw(t, "twist") {
			case "path":
				x.twistPath()
			case "value":
				if what != "remove by filter" && what != "clear" {
					x.value = x.bend(x.value)
				}
			case "op":
				if s, ok := x.op.(string); ok {
					x.op = rapid.SampledFrom([]any{strings.ToUpper(s), strings.ToUpper(s[:1]) + s[1:], " " + s, []any{s}, s + "s",
						object{"value": s}}).Draw(t, "op")
				}
			}
		}
		// As it was before.
		d.do(200, "PUT", "/Users/"+ids["carl"], person("carl", "active", before != "false"))
		d.do(200, "PUT", "/Groups/"+group, object{"displayName": "staff", "members": []any{ids["ann"], ids["bob"]}})
		method, body := "PATCH", x.body()
		if put {
			o := person("carl")
			if x.attr == "members" {
				o = object{"displayName": "staff"}
			}
			o[x.path.(string)] = x.value
			method, body = "PUT", o
		}
		w := d.send(method, path, body)
		after := d.in(group, names)
		if x.attr == "active" {
			after = fmt.Sprint(d.do(200, "GET", path, nil)["active"])
		}
		var o object
		_ = json.Unmarshal(w.Body.Bytes(), &o) // a 204 has none
		switch {
		case w.Code < 300 && after == want:
			done++
		case slices.Contains([]int{400, 404}, w.Code) && after == before && o.text("detail") != "":
			refused++
		default:
			t.Fatalf("%s: %s: %d %s, and it is %q; it was %q, and was to be %q", what, quoted(body), w.Code, w.Body, after,
				before, want)
		}
	})
	t.Logf("%d were done, %d were refused", done, refused)
}
