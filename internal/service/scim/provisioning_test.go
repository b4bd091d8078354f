package scim_test

import (
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"granary/internal/client"
	"granary/internal/worldtest"
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
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
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
		return map[string]any{"userName": name, "externalId": "ext-" + name, "displayName": name,
			"name":   map[string]any{"givenName": "G", "familyName": "F"},
			"emails": []any{map[string]any{"value": name + "@x.example"}}, "password": "ignored", "groups": []any{},
			"addresses": []any{map[string]any{"type": "work"}}}
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
	if l := list("/Users?filter=userName%20eq%20%22Ann%22&startIndex=1&count=100"); l.TotalResults != 1 ||
		l.Resources[0].ID != u1.ID || !l.Resources[0].Active {
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
	do(404, "PATCH", at, patch(map[string]any{"op": "replace", "path": "displayName", "value": "X"},
		map[string]any{"op": "add", "path": "members", "value": value("none")}), nil)
	if l := list("/Groups?filter=displayName+eq+%22Analysts%22&excludedAttributes=members"); l.TotalResults != 1 ||
		l.Resources[0].Members != nil {
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
	do(204, "PATCH", at,
		patch(map[string]any{"op": "replace", "value": map[string]any{"id": g.ID, "displayName": "Sales"}}), nil)
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
	do(501, "GET", "/Me", nil, nil)
}

func TestProvisioningTokensOpenOneDirectory(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	status := func(s client.SCIM) int {
		status, _ := s.Do(ctx, "GET", "/Users", nil, nil)
		return status
	}
	tenant := strings.Split(strings.TrimPrefix(c.SCIM.Endpoint, w.Server.WebURL()+"/"), "/")[0]
	for name, s := range map[string]client.SCIM{"no token": {Endpoint: c.SCIM.Endpoint},
		"another token":  {Endpoint: c.SCIM.Endpoint, Token: c.SCIM.Token + "x"},
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
	if err := ask("DeleteScimToken", map[string]any{"IdentityStoreId": c.Store, "TokenId": second.TokenId},
		&struct{}{}); err != nil {
		t.Fatal(err)
	}
	if got := status(client.SCIM{Endpoint: c.SCIM.Endpoint, Token: second.Token}); got != http.StatusUnauthorized {
		t.Errorf("the deleted token: %d", got)
	}
}

// Rotation without a gap: two tokens live at once, each with its own expiry and last use, and provisioning can be
// switched off.
func TestProvisioningTokensRotate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ask := func(op string, more map[string]any, out any) error {
		in := map[string]any{"IdentityStoreId": c.Store}
		maps.Copy(in, more)
		return client.Ask(ctx, w.Env, op, in, out)
	}
	status := func(token string) int {
		status, _ := client.SCIM{Endpoint: c.SCIM.Endpoint, Token: token}.Do(ctx, "GET", "/Users?count=1", nil, nil)
		return status
	}
	var next struct {
		Token, TokenId string
		ExpiresAt      float64
	}
	if err := ask("CreateScimToken", map[string]any{"ValidForSeconds": 86400}, &next); err != nil {
		t.Fatal(err)
	}
	if left := time.Until(time.Unix(int64(next.ExpiresAt), 0)); left > 24*time.Hour || left < 23*time.Hour {
		t.Errorf("a token for a day ends in %s", left)
	}
	for _, life := range []int{60, 6 * 365 * 86400} {
		if err := ask("CreateScimToken", map[string]any{"ValidForSeconds": life}, nil); err == nil {
			t.Errorf("a token for %d seconds was made", life)
		}
	}
	type token struct {
		TokenId               string
		LastUsedAt, ExpiresAt float64
	}
	list := func() (out struct{ Tokens []token }) {
		t.Helper()
		if err := ask("ListScimTokens", nil, &out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if status(next.Token) != 200 || len(list().Tokens) != 2 {
		t.Fatalf("the next token: %+v", list())
	}
	for _, tok := range list().Tokens {
		ago := time.Since(time.Unix(int64(tok.LastUsedAt), 0))
		if used := tok.LastUsedAt > 0 && ago < time.Minute; used != (tok.TokenId == next.TokenId) {
			t.Errorf("last use of %+v, %s ago", tok, ago)
		}
		if tok.TokenId != next.TokenId { // the old one goes
			if err := ask("DeleteScimToken", map[string]any{"TokenId": tok.TokenId}, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
	if status(c.SCIM.Token) != 401 || status(next.Token) != 200 {
		t.Error("after the rotation")
	}
	var p struct {
		Enabled  bool
		Endpoint string
	}
	if err := ask("PutProvisioning", map[string]any{"Enabled": false}, &p); err != nil || p.Enabled ||
		p.Endpoint != c.SCIM.Endpoint {
		t.Fatalf("%+v, %v", p, err)
	}
	if status(next.Token) != 403 || status("wrong") != 401 {
		t.Error("disabled, and it answers")
	}
	if err := ask("DescribeProvisioning", nil, &p); err != nil || p.Enabled {
		t.Errorf("%+v, %v", p, err)
	}
	if err := ask("PutProvisioning", nil, nil); err == nil {
		t.Error("neither on nor off")
	}
	if err := ask("PutProvisioning", map[string]any{"Enabled": true}, &p); err != nil || status(next.Token) != 200 {
		t.Errorf("enabled again: %v", err)
	}
	if err := ask("PutProvisioning", map[string]any{"IdentityStoreId": "d-0000000000", "Enabled": true}, nil); err == nil {
		t.Error("a store that is not there")
	}
}
