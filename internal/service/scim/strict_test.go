package scim_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"

	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// scimRequest sends a request as it stands, and returns the status and the whole answer.
func scimRequest(t *testing.T, c *world.Company, method, path, body string) (int, http.Header, map[string]any) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, c.SCIM.Endpoint+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+c.SCIM.Token)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var answer map[string]any
	if len(text) > 0 {
		if err := json.Unmarshal(text, &answer); err != nil {
			t.Fatalf("%s %s: %d, and no JSON: %s", method, path, resp.StatusCode, text)
		}
	}
	return resp.StatusCode, resp.Header, answer
}

// described is a person and a group's members as the identity store's API shows them.
func described(t *testing.T, c *world.Company, user, group string) string {
	t.Helper()
	ids := identitystore.NewFromConfig(c.AWS(c.Root()))
	u := worldtest.Must[*identitystore.DescribeUserOutput](t)(ids.DescribeUser(t.Context(),
		&identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: &user}))
	g := worldtest.Must[*identitystore.DescribeGroupOutput](t)(ids.DescribeGroup(t.Context(),
		&identitystore.DescribeGroupInput{IdentityStoreId: &c.Store, GroupId: &group}))
	m := worldtest.Must[*identitystore.ListGroupMembershipsOutput](t)(ids.ListGroupMemberships(t.Context(),
		&identitystore.ListGroupMembershipsInput{IdentityStoreId: &c.Store, GroupId: &group}))
	var emails []string
	for _, e := range u.Emails {
		emails = append(emails, *e.Value)
	}
	return fmt.Sprintln(*u.UserName, aws.ToString(u.Title), emails, len(u.ExternalIds), u.UserStatus, *g.DisplayName,
		len(g.ExternalIds), len(m.GroupMemberships))
}

// staff makes a person with every common attribute, in a group, and returns their ids.
func staff(t *testing.T, c *world.Company) (user, group string) {
	t.Helper()
	status, _, u := scimRequest(t, c, "POST", "/Users",
		`{"userName":"ann","externalId":"e","displayName":"Ann","title":"Dr","name":{"givenName":"A","familyName":"L"},
		"emails":[{"value":"ann@x.example","type":"work","primary":true}]}`)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, u)
	}
	user = u["id"].(string)
	status, _, g := scimRequest(t, c, "POST", "/Groups", `{"displayName":"Staff","externalId":"g","members":[{"value":"`+
		user+`"}]}`)
	if status != http.StatusCreated {
		t.Fatalf("%d %v", status, g)
	}
	return user, g["id"].(string)
}

// What a provider leaves out, misspells or writes in another type is refused in words, and nothing is done.
func TestWhatProvisioningDoesNotUnderstandIsRefused(t *testing.T) {
	t.Parallel()
	c := provisioned(t, func(*server.Config) {})
	user, group := staff(t, c)
	before := described(t, c, user, group)
	u, g := "/Users/"+user, "/Groups/"+group
	for _, x := range []struct{ method, path, body, scimType string }{
		{"PATCH", u, `{"Operations":[{"op":"add","path":"emails"}]}`, "invalidValue"},
		{"PATCH", u, `{"Operations":[{"op":"replace","path":"title"}]}`, "invalidValue"},
		{"PATCH", u, `{"Operations":[{"op":"replace","path":"externalId"}]}`, "invalidValue"},
		{"PATCH", u, `{"Operations":[{"op":"Replace","path":"emails[type eq \"work\"].value"}]}`, "invalidValue"},
		{"PATCH", g, `{"Operations":[{"op":"replace","path":"externalId"}]}`, "invalidValue"},
		{"PATCH", g, `{"Operations":[{"op":"replace","path":"displayName"}]}`, "invalidValue"},
		{"PATCH", g, `{"Operations":[{"op":"replace","path":"members"}]}`, "invalidValue"},
		{"PATCH", g, `{"Operations":[{"op":"add","path":"members"}]}`, "invalidValue"},
		{"PATCH", g, `{"Operations":[{"op":"remove","path":"member","value":[{"value":"` + user + `"}]}]}`, "invalidPath"},
		{"PATCH", g, `{"Operations":[{"op":"remove","path":"member[value eq \"` + user + `\"]"}]}`, "invalidPath"},
		{"PATCH", g, `{"Operations":[{"op":"replace","path":"displayName","value":"x"},{"op":"remove","path":"users"}]}`,
			"invalidPath"},
		{"PATCH", g, `{"Operations":[{"op":"add","path":"description","value":"x"}]}`, "invalidPath"},
		{"PATCH", u, `{"Operations":[{"op":"remove","path":"email"}]}`, "invalidPath"},
		{"PATCH", u, `{"Operations":[{"op":"replace","value":{"titel":"x"}}]}`, "invalidPath"},
		{"PATCH", u, `{"Operations":[{"op":"replace","path":"userName","value":12345}]}`, "invalidValue"},
		{"PUT", u, `{"userName":12345,"displayName":"x","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
		{"POST", "/Users", `{"userName":1e400,"displayName":"x","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
		{"POST", "/Users", `{"userName":-0,"displayName":"x","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
		{"POST", "/Users", `{"userName":["x"],"displayName":"x","name":{"givenName":"a","familyName":"b"}}`, "invalidValue"},
		{"POST", "/Users", `{"userName":"x","externalId":7,"displayName":"x","name":{"givenName":"a","familyName":"b"}}`,
			"invalidValue"},
		{"POST", "/Users", `{"userName":"x","emails":[{"value":7}],"displayName":"x","name":{"givenName":"a",` +
			`"familyName":"b"}}`, "invalidValue"},
		{"POST", "/Groups", `{"displayName":true}`, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"x","members":[{"value":7}]}`, "invalidValue"},
		{"POST", "/Groups", "{\"displayName\":\"\xff\"}", "invalidSyntax"},
		{"POST", "/Groups", `{"displayName":"\ud800"}`, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"a\u0000"}`, "invalidValue"},
		{"POST", "/Groups", `{"displayName":"a","DisplayName":"b"}`, "invalidSyntax"},
		{"POST", "/Groups", `{"displayName":"a"}{}`, "invalidSyntax"},
	} {
		status, h, e := scimRequest(t, c, x.method, x.path, x.body)
		if status != http.StatusBadRequest || e["scimType"] != x.scimType || e["detail"] == "" || e["status"] != "400" ||
			len(e) != 4 {
			t.Errorf("%s %s %q: %d %v", x.method, x.path, x.body, status, e)
		}
		if h.Get("X-Amzn-Requestid") == "" {
			t.Errorf("%s %s: no request id: %v", x.method, x.path, h)
		}
	}
	for _, query := range []string{"filter=userName+eq+%22%ff%22", "filter=userName+eq+%22%00%22",
		"filter=userName+eq+%22%5cud800%22"} {
		if status, _, e := scimRequest(t, c, "GET", "/Users?"+query, ""); status != http.StatusBadRequest {
			t.Errorf("%s: %d %v", query, status, e)
		}
	}
	if after := described(t, c, user, group); after != before {
		t.Errorf("it is %sand was %s", after, before)
	}
	// Numbers are as good as texts where they are usual, and what is the server's to say is passed over.
	status, _, made := scimRequest(t, c, "POST", "/Users",
		`{"userName":"bob","displayName":"Bob","id":"mine","groups":[{"value":"x"}],"name":{"givenName":"B","familyName":"L"},
		"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"employeeNumber":42,"costCenter":7,
			"manager":{"value":"`+user+`","$ref":"../Users/x","displayName":"Ann"}}}`)
	x, _ := made["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"].(map[string]any)
	if status != http.StatusCreated || x["employeeNumber"] != "42" || x["costCenter"] != "7" ||
		fmt.Sprint(x["manager"]) != "map[value:"+user+"]" || made["id"] == "mine" {
		t.Errorf("%d %v", status, made)
	}
}

// A group whose members are hidden, as on AWS, keeps them when it is read and put back.
func TestHiddenMembersStayWhenTheGroupIsPutBack(t *testing.T) {
	t.Parallel()
	c := provisioned(t, func(c *server.Config) { c.Scim.GroupMembers = "aws" })
	user, group := staff(t, c)
	before := described(t, c, user, group)
	_, _, g := scimRequest(t, c, "GET", "/Groups/"+group, "")
	if m, ok := g["members"].([]any); !ok || len(m) != 0 {
		t.Fatalf("the members are shown: %v", g)
	}
	body := worldtest.Must[[]byte](t)(json.Marshal(g))
	if status, _, e := scimRequest(t, c, "PUT", "/Groups/"+group, string(body)); status != http.StatusOK {
		t.Fatalf("%d %v", status, e)
	}
	if after := described(t, c, user, group); after != before {
		t.Errorf("it is %sand was %s", after, before)
	}
}

// A stranger's body is not waited for; a hostile body of a token costs kilobytes and is refused before it is read.
func TestProvisioningBodiesCostLittle(t *testing.T) {
	c := provisioned(t, func(*server.Config) {})
	at := worldtest.Must[*url.URL](t)(url.Parse(c.SCIM.Endpoint))
	for name, token := range map[string]string{"no token": "", "another token": "Authorization: Bearer wrong\r\n"} {
		conn := worldtest.Must[net.Conn](t)(net.Dial("tcp", at.Host))
		fmt.Fprintf(conn, "POST %s/Groups HTTP/1.1\r\nHost: x\r\n%sContent-Length: 16777216\r\n\r\n{", at.Path, token)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		line := make([]byte, 12)
		if _, err := io.ReadFull(conn, line); err != nil || string(line) != "HTTP/1.1 401" {
			t.Errorf("%s: %q, %v", name, line, err)
		}
		conn.Close()
	}
	const size = 16 << 20
	for name, x := range map[string]struct {
		method, path, body string
		status             int
	}{
		"members":    {"POST", "/Groups", `{"displayName":"x","members":[{}` + strings.Repeat(",{}", size/3-20) + `]}`, 400},
		"operations": {"PATCH", "/Groups/x", `{"Operations":[{}` + strings.Repeat(",{}", size/3-20) + `]}`, 400},
		"values": {"PATCH", "/Groups/x", `{"Operations":[{"op":"add","path":"members","value":[{}` +
			strings.Repeat(",{}", size/3-40) + `]}]}`, 400},
		"bulk":    {"POST", "/Bulk", `{"Operations":[{}` + strings.Repeat(",{}", size/3-20) + `]}`, 413},
		"unknown": {"POST", "/Groups", `{"displayName":"x","y":[{}` + strings.Repeat(",{}", size/3-40) + `]}`, 413},
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		body := &oneWay{strings.NewReader(x.body)}
		r := worldtest.Must[*http.Request](t)(http.NewRequestWithContext(t.Context(), x.method, c.SCIM.Endpoint+x.path, body))
		r.ContentLength = int64(len(x.body))
		r.Header.Set("Authorization", "Bearer "+c.SCIM.Token)
		r.Header.Set("Expect", "100-continue") // as clients with large bodies do: the answer arrives whatever was sent
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			if !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "broken pipe") {
				t.Errorf("%s: %v", name, err)
			}
		} else {
			resp.Body.Close()
			if resp.StatusCode != x.status {
				t.Errorf("%s: %d", name, resp.StatusCode)
			}
		}
		runtime.ReadMemStats(&after)
		if made := (after.TotalAlloc - before.TotalAlloc) >> 10; made > 4<<10 {
			t.Errorf("%s made %d KiB", name, made)
		}
	}
}

// oneWay hides that a reader can do more than be read.
type oneWay struct{ io.Reader }

// What there is, is told as RFC 7643 wants it.
func TestProvisioningTellsWhatThereIs(t *testing.T) {
	t.Parallel()
	c := provisioned(t, func(*server.Config) {})
	get := func(path string) map[string]any {
		t.Helper()
		status, _, o := scimRequest(t, c, "GET", path, "")
		if status != http.StatusOK {
			t.Fatalf("%s: %d %v", path, status, o)
		}
		return o
	}
	part := func(o map[string]any, list, name string) map[string]any {
		for _, v := range o[list].([]any) {
			if v := v.(map[string]any); v["name"] == name {
				return v
			}
		}
		t.Fatalf("no %s in %v", name, o)
		return nil
	}
	members := part(get("/Schemas/urn:ietf:params:scim:schemas:core:2.0:Group"), "attributes", "members")
	if got := part(members, "subAttributes", "type")["canonicalValues"]; !slices.Equal(got.([]any), []any{"User"}) {
		t.Errorf("canonical values of members.type: %v", got)
	}
	for _, v := range get("/Schemas")["Resources"].([]any) {
		s := v.(map[string]any)
		location := s["meta"].(map[string]any)["location"].(string)
		if o := get(strings.TrimPrefix(location, c.SCIM.Endpoint)); o["id"] != s["id"] || o["description"] == "" {
			t.Errorf("%s: %v", location, o)
		}
	}
	for _, v := range get("/ResourceTypes")["Resources"].([]any) {
		rt := v.(map[string]any)
		if get("/Schemas/" + rt["schema"].(string))["name"] != rt["name"] {
			t.Errorf("%v", rt)
		}
		get(rt["endpoint"].(string))
	}
	for _, path := range []string{"/Schemas", "/ResourceTypes", "/ServiceProviderConfig"} { // RFC 7644 §4
		if status, _, e := scimRequest(t, c, "GET", path+"?filter=id+pr", ""); status != http.StatusForbidden {
			t.Errorf("%s filtered: %d %v", path, status, e)
		}
	}
}
