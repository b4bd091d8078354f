package scim

import (
	"fmt"
	"strings"
	"testing"
)

func bulkOp(method, path, id string, data object) object {
	o := object{"method": method, "path": path}
	if id != "" {
		o["bulkId"] = id
	}
	if data != nil {
		o["data"] = data
	}
	return o
}

// statuses is what became of each operation.
func statuses(answer object) string {
	var out []string
	for _, v := range answer.list("Operations") {
		o := asObject(v)
		s := o.text("status")
		if t := o.sub("response").text("scimType"); t != "" {
			s += "(" + t + ")"
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestBulkResolvesWhatOperationsReferTo(t *testing.T) {
	d := open(t, nil)
	a := d.do(200, "POST", "/Bulk", object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:BulkRequest"},
		"Operations": []object{
			bulkOp("POST", "/Groups", "g",
				object{"displayName": "G", "members": []any{object{"value": "bulkId:a", "$ref": "/Users/bulkId:a"}, "bulkId:b"}}),
			bulkOp("PATCH", "/Groups/bulkId:g", "", patchOp(object{"op": "remove", "path": `members[value eq "bulkId:b"]`})),
			bulkOp("post", "/Users", "a", person("ann", enterpriseSchema, object{"manager": object{"value": "bulkId:b"}})),
			bulkOp("POST", "/Users", "b", person("bob", enterpriseSchema, object{"manager": object{"value": "bulkId:a"}})),
			bulkOp("PUT", "/Users/bulkId:a", "", person("anna")),
		}})
	if got := statuses(a); got != "201 204 201 201 200" {
		t.Fatalf("%s in %v", got, a)
	}
	first := asObject(a.list("Operations")[0])
	if first.text("bulkId") != "g" || first.text("method") != "POST" || !strings.HasPrefix(first.text("location"),
		"http://web/tenant/scim/v2/Groups/") {
		t.Errorf("the first result: %v", first)
	}
	ann := asObject(d.do(200, "GET", `/Users?filter=userName+eq+%22anna%22`, nil).list("Resources"))
	bob := asObject(d.do(200, "GET", `/Users?filter=userName+eq+%22bob%22`, nil).list("Resources"))
	if bob.sub(enterpriseSchema).sub("manager").text("value") != ann.text("id") {
		t.Errorf("bob's manager: %v", bob)
	}
	g := asObject(d.do(200, "GET", `/Groups?filter=displayName+eq+%22G%22`, nil).list("Resources"))
	if m := g.list("members"); len(m) != 1 || asObject(m[0]).text("value") != ann.text("id") {
		t.Errorf("members: %v", m)
	}
	if log := d.audited(); strings.Count(log, `"CreateUser"`) != 2 || !strings.Contains(log, `"PatchGroup"`) ||
		!strings.Contains(log, `"Bulk"`) {
		t.Errorf("audited: %s", log)
	}
	d.do(204, "DELETE", "/Groups/"+g.text("id"), nil)
}

func TestBulkEndsAtSoManyErrors(t *testing.T) {
	d := open(t, nil)
	d.person("ann")
	ops := []object{
		bulkOp("POST", "/Users", "1", person("ann")), bulkOp("POST", "/Users", "2", person("bob")),
		bulkOp("POST", "/Users", "3", object{"userName": "x"}),
		bulkOp("POST", "/Groups", "4", object{"displayName": "G", "members": []any{"bulkId:3"}}),
		bulkOp("DELETE", "/Users/none", "", nil), bulkOp("POST", "/Users", "6", person("carl")),
		bulkOp("POST", "/Users", "", person("dora")), bulkOp("GET", "/Users", "7", nil),
		bulkOp("POST", "/Bulk", "8", object{}), bulkOp("POST", "/Users/.search", "9", object{}),
		bulkOp("POST", "/Users", "10", nil), bulkOp("PATCH", "/Users/bulkId:none", "", patchOp()),
		bulkOp("PUT", "/Users/a/b", "", person("x"))}
	if got, want := statuses(d.do(200, "POST", "/Bulk",
		object{"failOnErrors": 2, "Operations": ops})), "409(uniqueness) 201 400(invalidValue)"; got != want {
		t.Errorf("two errors: %s, want %s", got, want)
	}
	if got := d.found("/Users", "userName pr"); got != "ann bob" {
		t.Errorf("after the end: %s", got)
	}
	ops[1] = bulkOp("POST", "/Users", "2", person("berta"))
	want := "409(uniqueness) 201 400(invalidValue) 400(invalidValue) 404 201 400(invalidSyntax) 400(invalidSyntax) " +
		"400(invalidPath) 400(invalidPath) 400(invalidSyntax) 400(invalidValue) 404"
	if got := statuses(d.do(200, "POST", "/Bulk", object{"Operations": ops})); got != want {
		t.Errorf("all of them: %s\nwant %s", got, want)
	}
	if got := d.found("/Users", "userName pr"); got != "ann bob berta carl" {
		t.Errorf("who is there: %s", got)
	}
}

func TestBulkHasLimits(t *testing.T) {
	d := open(t, nil)
	var many []object
	for i := range maxBulk + 1 {
		many = append(many, bulkOp("DELETE", fmt.Sprintf("/Users/%d", i), "", nil))
	}
	d.do(413, "POST", "/Bulk", object{"Operations": many})
	d.do(413, "POST", "/Bulk", `{"Operations":[],"x":"`+strings.Repeat("x", maxBulkBody)+`"}`)
	d.do(413, "POST", "/Users", `{"userName":"`+strings.Repeat("x", maxUserBody)+`"}`)
	d.do(400, "POST", "/Bulk", object{"Operations": []object{}})
	d.do(400, "POST", "/Bulk", object{"failOnErrors": "many", "Operations": many[:1]})
	d.do(400, "POST", "/Bulk",
		object{"Operations": []object{bulkOp("POST", "/Users", "1", person("a")),
			bulkOp("POST", "/Users", "1", person("b"))}})
	d.do(405, "GET", "/Bulk", nil)
	if got := d.found("/Users", "userName pr"); got != "" {
		t.Errorf("refused requests made %s", got)
	}
	b := d.do(200, "GET", "/ServiceProviderConfig", nil).sub("bulk")
	if fmt.Sprint(b["supported"], b["maxOperations"], b["maxPayloadSize"]) != fmt.Sprint(true, maxBulk,
		float64(maxBulkBody)) {
		t.Errorf("what is said of it: %v", b)
	}
}
