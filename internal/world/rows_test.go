package world_test

import (
	"maps"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"granary/internal/awsapi"
	"granary/internal/client"
	"granary/internal/front"
	"granary/internal/wire"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// broken is a request to the row whose input cannot be read; ok is false when the row takes none.
func broken(c *world.Company, s *awsapi.Service, row *awsapi.Row) (q worldtest.Request, ok bool) {
	q = worldtest.SampleRequest(c, s, row)
	m := row.Meta
	switch s.Wire.Protocol {
	case wire.JSON11, wire.RestJSON1:
		q.Body = "{"
	case wire.Query:
		q.Body += "&%zz=1"
	case wire.RestXML:
		if q.Method == "GET" || q.Method == "DELETE" {
			q.Path = strings.Replace(q.Path, "permission=READ", "permission=%ff", 1)
			return q, m.Name == "GetDataAccess" || m.Name == "ListAccessGrants"
		}
		q.Body = "<a><b></a>"
		return q, m.Method != "DELETE"
	}
	return q, true
}

// more is a request to the row with something that no operation knows, in each place where it could stand.
func more(c *world.Company, s *awsapi.Service, row *awsapi.Row) map[string]worldtest.Request {
	q := worldtest.SampleRequest(c, s, row)
	out := map[string]worldtest.Request{}
	switch s.Wire.Protocol {
	case wire.JSON11:
		q.Body = strings.TrimSuffix(strings.TrimSuffix(q.Body, "}"), ",") + map[bool]string{true: "",
			false: ","}[q.Body == "{}"] + `"Unheard":"x"}`
		out["a member nobody knows"] = q
	case wire.RestJSON1:
		withURL := q
		q.Body = strings.TrimSuffix(q.Body, "}") + map[bool]string{true: "", false: ","}[q.Body == "{}"] + `"unheard":"x"}`
		out["a member nobody knows"] = q
		withURL.Path += map[bool]string{true: "&", false: "?"}[strings.Contains(q.Path, "?")] + "unheard=x"
		out["a parameter nobody knows"] = withURL
	case wire.Query:
		for what, text := range map[string]string{"a parameter": "&Unheard=x", "a list": "&Unheard.member.1=x",
			"an empty list": "&Unheard="} {
			more := q
			more.Body += text
			out[what+" nobody knows"] = more
		}
	case wire.RestXML:
		withURL, withHeader := q, q
		withURL.Path += map[bool]string{true: "&", false: "?"}[strings.Contains(q.Path, "?")] + "unheard=x"
		out["a parameter nobody knows"] = withURL
		withHeader.Header = maps.Clone(q.Header)
		withHeader.Header["X-Amz-Unheard"] = "x"
		out["a header nobody knows"] = withHeader
		if q.Body != "" {
			q.Body = strings.Replace(q.Body, "</x>", "<Unheard>x</Unheard></x>", 1)
			out["an element nobody knows"] = q
		}
	}
	return out
}

// Every row of every table: unsigned is refused, a caller without any policy is denied, and input that cannot be read
// is answered in the service's own error shape.
func TestEveryRowIsGuarded(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	x := iam.NewFromConfig(c.AWS(c.Root()))
	if _, err := x.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("nobody")}); err != nil {
		t.Fatal(err)
	}
	k, err := x.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: aws.String("nobody")})
	if err != nil {
		t.Fatal(err)
	}
	nobody := client.Key{ID: *k.AccessKey.AccessKeyId, Secret: *k.AccessKey.SecretAccessKey}
	root := c.Root()
	rows := 0
	for _, s := range c.Server.Rows() {
		for _, r := range s.Rows {
			rows++
			t.Run(s.Wire.Name+"/"+r.Meta.Name, func(t *testing.T) {
				q := worldtest.SampleRequest(c, s, &r)
				explained := func(a worldtest.Answer) {
					t.Helper()
					if id := a.Header.Get(front.DecisionHeader); (a.Status >= 400) != (id != "") || len(id) > 4096 {
						t.Errorf("%d %s with the decision id %q", a.Status, a.Code, id)
					}
				}
				if a := worldtest.Send(t, c.World, q); r.Access != awsapi.Unsigned &&
					(a.Status < 400 || a.Status >= 500 || a.Code == "" ||
						strings.Contains(a.Code, "Validation")) {
					t.Errorf("unsigned: %d %s", a.Status, a.Body)
				} else {
					explained(a)
				}
				q.Key = &nobody
				a := worldtest.Send(t, c.World, q)
				explained(a)
				switch {
				case r.Access == awsapi.Unsigned: // another proof than a signature
					if a.Status != 400 || a.Code == "" || a.Text == "" {
						t.Errorf("without proof: %d %s", a.Status, a.Body)
					}
				case r.Access == awsapi.Anyone:
					if a.Status != 200 {
						t.Errorf("open to everyone: %d %s", a.Status, a.Body)
					}
				case a.Code != "AccessDenied" && a.Code != "AccessDeniedException":
					t.Errorf("without a policy: %d %s", a.Status, a.Body)
				}
				if q, ok := broken(c, s, &r); ok {
					q.Key = &root
					if a := worldtest.Send(t, c.World, q); a.Status != 400 || a.Code == "" || a.Text == "" {
						t.Errorf("malformed input: %d %s", a.Status, a.Body)
					} else {
						explained(a)
					}
				}
				for what, q := range more(c, s, &r) {
					q.Key = &root
					if a := worldtest.Send(t, c.World, q); a.Status != 400 || a.Code == "" ||
						!strings.Contains(strings.ToLower(a.Text),
							"unheard") {
						t.Errorf("%s: %d %s", what, a.Status, a.Body)
					}
				}
			})
		}
	}
	t.Logf("%d rows", rows)
}
