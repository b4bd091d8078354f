package scim

import (
	"strings"
	"testing"
)

func user() object {
	return object{"id": "U", "userName": "ann", "active": true, "name": object{"givenName": "Ann", "familyName": "Lee"},
		"emails":         []any{object{"value": "ann@x", "type": "work", "primary": true}},
		enterpriseSchema: object{"department": "Eng"}}
}

func patchWith(o object, op operation) error {
	if err := op.settle(); err != nil {
		return err
	}
	return (&patcher{understood: understood{resource: userResource, id: "U"}}).patch(o, op, false)
}

// The forms in which providers write changes (Entra, Okta, Keycloak), each with what it means.
func TestPatchForms(t *testing.T) {
	for name, x := range map[string]struct {
		op   operation
		path string // where to look
		want string
	}{
		"text boolean":  {operation{op: "replace", path: "active", value: "False"}, "active", "False"},
		"no path":       {operation{op: "replace", value: map[string]any{"active": false}}, "active", "false"},
		"sub-attribute": {operation{op: "replace", path: "name.familyName", value: "Li"}, "name.familyName", "Li"},
		"flattened": {operation{op: "replace", value: map[string]any{"name.givenName": "Anne"}},
			"name.givenName", "Anne"},
		"nested": {operation{op: "replace",
			value: map[string]any{"name": map[string]any{"givenName": "Anne"}}}, "name.familyName", "Lee"},
		"filtered": {operation{op: "replace", path: `emails[type eq "work"].value`, value: "new@x"},
			"emails.value", "new@x"},
		"filtered, another type": {operation{op: "add", path: `emails[type eq "home"].value`, value: "new@x"}, "emails.value",
			"new@x"},
		"list": {operation{op: "replace", path: "emails", value: []any{map[string]any{"value": "n@x"}}},
			"emails.value", "n@x"},
		"schema": {operation{op: "add", path: enterpriseSchema + ":employeeNumber", value: "42"},
			enterpriseSchema + ":employeeNumber", "42"},
		"schema, flattened": {operation{op: "replace", value: map[string]any{enterpriseSchema + ":department": "R&D"}},
			enterpriseSchema + ":department", "R&D"},
		"bare manager": {operation{op: "add", path: enterpriseSchema + ":manager", value: "M"},
			enterpriseSchema + ":manager", "M"},
		"core schema": {operation{op: "replace", path: userSchema + ":userName", value: "ann2"}, "userName",
			"ann2"},
		"other letter case":     {operation{op: "replace", path: "USERNAME", value: "ann2"}, "userName", "ann2"},
		"remove":                {operation{op: "remove", path: "name.givenName"}, "name.givenName", ""},
		"remove what is absent": {operation{op: "remove", path: `phoneNumbers[type eq "mobile"]`}, "phoneNumbers.value", ""},
		"remove by filter":      {operation{op: "remove", path: `emails[type eq "work"]`}, "emails.value", ""},
		"empty list":            {operation{op: "add", path: "roles", value: []any{}}, "roles.value", ""},
	} {
		t.Run(name, func(t *testing.T) {
			o := user()
			if err := patchWith(o, x.op); err != nil {
				t.Fatal(err)
			}
			p, err := parsePath(x.path)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(p.values(o), " "); got != x.want {
				t.Errorf("%s is %q, want %q in %v", x.path, got, x.want, o)
			}
		})
	}
	for name, op := range map[string]operation{"id": {op: "replace", path: "id", value: "V"},
		"id within":   {op: "replace", value: map[string]any{"id": "V"}},
		"open filter": {op: "replace", path: `emails[type eq "work"`, value: "x"},
		"odd path":    {op: "replace", path: "a b", value: "x"}, "no object": {op: "replace", value: "x"}} {
		if err := patchWith(user(), op); err == nil {
			t.Errorf("%s was taken", name)
		}
	}
}

func TestFilters(t *testing.T) {
	for f, want := range map[string]bool{
		`userName eq "ANN"`: true, `userName Eq "ann" and active eq true`: true, `userName ne "ann"`: false,
		`name.familyName sw "L"`: true,
		`emails eq "ANN@X"`:      true, `emails[type eq "work" and value co "ann"]`: true, `emails[type eq "home"]`: false,
		`not (userName eq "bob")`:                          true,
		`userName eq "x" or (active eq true and title pr)`: false, `id eq "u"`: false,
		enterpriseSchema + `:department eq "eng"`: true, `userName eq "a\"b"`: false,
		`title pr`: false, `userName ge "a" and userName lt "b"`: true,
	} {
		e, err := parseFilter(f)
		if err != nil || e.match(user()) != want {
			t.Errorf("%s: %v", f, err)
		}
	}
	for _, f := range []string{"", `userName eq bob`, `active gt true`, `title lt null`, `a[b[c eq "d"] eq "e"]`,
		`id eq "\u0000"`, strings.Repeat("not ", 30) + `a pr`, "userName", "userName eq", `userName eq "x`, `userName xx "y"`,
		`(userName eq "x"`, `userName eq "x" and`, `userName eq "x")`, strings.Repeat("(", 5000),
		strings.Repeat(`a eq "b" and `, 30) + `a eq "b"`} {
		if _, err := parseFilter(f); err == nil || asSCIM(err).scimType != "invalidFilter" &&
			asSCIM(err).scimType != "invalidPath" {
			t.Errorf("%.40s: %v", f, err)
		}
	}
}
