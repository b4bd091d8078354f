package world_test

import (
	"net/http"
	"strings"
	"testing"

	"granary/internal/client"
)

type scimList struct {
	TotalResults int
	Resources    []struct {
		ID, UserName, DisplayName, ExternalID string
		Active                                bool
		Members                               []struct{ Value string }
	}
}

// What identity providers do, over HTTP, ends in what they believe.
func TestProvidersProvision(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	do := func(want int, method, path string, in, out any) {
		t.Helper()
		if status, err := c.SCIM.Do(ctx, method, path, in, out); status != want {
			t.Fatalf("%s %s: %d %v, want %d", method, path, status, err, want)
		}
	}
	patch := func(ops ...map[string]any) map[string]any { return map[string]any{"Operations": ops} }
	list := func(path string) (l scimList) {
		t.Helper()
		do(200, "GET", path, nil, &l)
		return l
	}
	person := func(name string) map[string]any {
		return map[string]any{"userName": name, "externalId": "ext-" + name, "displayName": name, "name": map[string]any{"givenName": "G", "familyName": "F"},
			"emails": []any{map[string]any{"value": name + "@x.example"}}, "password": "ignored", "groups": []any{}, "addresses": []any{map[string]any{"type": "work"}}}
	}
	if l := list("/Users?filter=userName+eq+%22nobody%22"); l.TotalResults != 0 || l.Resources == nil {
		t.Errorf("the connection test: %+v", l)
	}
	var u1, u2, g struct {
		ID      string
		Members []struct{ Value string }
	}
	do(201, "POST", "/Users", person("ann"), &u1)
	do(201, "POST", "/Users", person("bob"), &u2)
	do(409, "POST", "/Users", person("ANN"), nil)
	if l := list("/Users?filter=userName%20eq%20%22Ann%22&startIndex=1&count=100"); l.TotalResults != 1 || l.Resources[0].ID != u1.ID || !l.Resources[0].Active {
		t.Errorf("adoption after a conflict: %+v", l)
	}
	if l := list("/Users?filter=externalId+eq+%22ext-bob%22"); l.TotalResults != 1 || l.Resources[0].ID != u2.ID {
		t.Errorf("by external id: %+v", l)
	}
	if l := list("/Users?startIndex=2&count=1"); l.TotalResults != 2 || len(l.Resources) != 1 {
		t.Errorf("a page: %+v", l)
	}
	do(400, "POST", "/Users", map[string]any{"userName": "x"}, nil)
	do(400, "GET", "/Users?filter=nonsense", nil, nil)
	do(404, "GET", "/Users/none", nil, nil)

	do(201, "POST", "/Groups", map[string]any{"displayName": "Analysts", "members": nil}, &g)
	at := "/Groups/" + g.ID
	members := func() string {
		t.Helper()
		var got struct{ Members []struct{ Value string } }
		do(200, "GET", at, nil, &got)
		var ids []string
		for _, m := range got.Members {
			ids = append(ids, map[string]string{u1.ID: "ann", u2.ID: "bob"}[m.Value])
		}
		return strings.Join(ids, " ")
	}
	value := func(ids ...string) (out []any) {
		out = []any{}
		for _, id := range ids {
			out = append(out, map[string]any{"$ref": nil, "value": id})
		}
		return out
	}
	both := func(s string) bool { return s == "ann bob" || s == "bob ann" }
	do(204, "PATCH", at, patch(map[string]any{"op": "Add", "path": "members", "value": value(u1.ID, u2.ID)}), nil)
	if !both(members()) {
		t.Errorf("added: %s", members())
	}
	do(204, "PATCH", at, patch(map[string]any{"op": "Remove", "path": "members", "value": value(u1.ID)}), nil)
	if members() != "bob" {
		t.Errorf("removing one of a list removed others: %q", members())
	}
	do(204, "PATCH", at, patch(map[string]any{"op": "remove", "path": "members", "value": value()}), nil)
	if members() != "bob" {
		t.Errorf("removing nobody removed somebody: %q", members())
	}
	do(404, "PATCH", at, patch(map[string]any{"op": "replace", "path": "displayName", "value": "X"}, map[string]any{"op": "add", "path": "members", "value": value("none")}), nil)
	if l := list("/Groups?filter=displayName+eq+%22Analysts%22&excludedAttributes=members"); l.TotalResults != 1 || l.Resources[0].Members != nil {
		t.Errorf("a request that failed left half of itself: %+v", l)
	}
	do(204, "PATCH", at, patch(map[string]any{"op": "replace", "path": "members", "value": value(u1.ID)}), nil)
	if members() != "ann" {
		t.Errorf("replaced: %q", members())
	}
	if l := list("/Groups?filter=id+eq+%22" + g.ID + "%22+and+members+eq+%22" + u1.ID + "%22"); l.TotalResults != 1 {
		t.Errorf("membership question: %+v", l)
	}
	if l := list("/Groups?filter=id+eq+%22" + g.ID + "%22+and+members+eq+%22" + u2.ID + "%22"); l.TotalResults != 0 {
		t.Errorf("membership question: %+v", l)
	}
	do(200, "PUT", at, map[string]any{"displayName": "Analysts EU"}, nil)
	if members() != "ann" {
		t.Errorf("a PUT without members emptied the group: %q", members())
	}
	do(204, "PATCH", at, patch(map[string]any{"op": "remove", "path": `members[value eq "` + u1.ID + `"]`}), nil)
	do(204, "PATCH", at, patch(map[string]any{"op": "replace", "value": map[string]any{"id": g.ID, "displayName": "Sales"}}), nil)
	if members() != "" {
		t.Errorf("%q", members())
	}

	do(200, "PATCH", "/Users/"+u1.ID, patch(map[string]any{"op": "Replace", "path": "active", "value": "False"}), nil)
	if l := list("/Users?filter=userName+eq+%22ann%22"); l.TotalResults != 1 || l.Resources[0].Active {
		t.Errorf("a deactivated person must stay readable: %+v", l)
	}
	do(200, "PUT", "/Users/"+u1.ID, person("ann"), nil)
	if l := list("/Users?filter=userName+eq+%22ann%22"); l.Resources[0].Active {
		t.Error("a PUT without active activated")
	}
	do(204, "DELETE", "/Users/"+u1.ID, nil, nil)
	do(404, "DELETE", "/Users/"+u1.ID, nil, nil)
	do(201, "POST", "/Users", person("ann"), &u2)
	if u2.ID == u1.ID {
		t.Error("an id was used again")
	}
	do(200, "GET", "/ServiceProviderConfig", nil, nil)
	do(200, "GET", "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User", nil, nil)
	do(501, "POST", "/Bulk", map[string]any{}, nil)
}

func TestProvisioningTokensOpenOneDirectory(t *testing.T) {
	ctx := t.Context()
	w := start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	status := func(s client.SCIM) int {
		status, _ := s.Do(ctx, "GET", "/Users", nil, nil)
		return status
	}
	tenant := strings.Split(strings.TrimPrefix(c.SCIM.Endpoint, w.Server.WebURL()+"/"), "/")[0]
	for name, s := range map[string]client.SCIM{"no token": {Endpoint: c.SCIM.Endpoint}, "another token": {Endpoint: c.SCIM.Endpoint, Token: c.SCIM.Token + "x"},
		"another tenant": {Endpoint: strings.Replace(c.SCIM.Endpoint, tenant, "11111111111-2222", 1), Token: c.SCIM.Token}} {
		if got := status(s); got != http.StatusUnauthorized {
			t.Errorf("%s: %d", name, got)
		}
	}
	ask := func(op string, in, out any) error { return client.Ask(ctx, w.Env, op, in, out) }
	store := map[string]any{"IdentityStoreId": c.Store}
	var second struct{ Token, TokenId string }
	if err := ask("CreateScimToken", store, &second); err != nil {
		t.Fatal(err)
	}
	if err := ask("CreateScimToken", store, &struct{}{}); err == nil || !strings.Contains(err.Error(), "limit") {
		t.Errorf("a third live token: %v", err)
	}
	if got := status(client.SCIM{Endpoint: c.SCIM.Endpoint, Token: second.Token}); got != 200 {
		t.Errorf("the second token: %d", got)
	}
	if err := ask("DeleteScimToken", map[string]any{"IdentityStoreId": c.Store, "TokenId": second.TokenId}, &struct{}{}); err != nil {
		t.Fatal(err)
	}
	if got := status(client.SCIM{Endpoint: c.SCIM.Endpoint, Token: second.Token}); got != http.StatusUnauthorized {
		t.Errorf("the deleted token: %d", got)
	}
}
