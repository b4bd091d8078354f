package world_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/awsapi"
	"granary/internal/client"
	"granary/internal/wire"
	"granary/internal/worldtest"
)

const trustNobody = `{"Version":"2012-10-17","Statement":{"Effect":"Deny","Principal":"*","Action":"sts:AssumeRole"}}`

// named is what can be deleted and made anew in IAM under the same name.
type named struct {
	*moment
	kind, name string
}

// member is the parameter that names such a thing, and its value.
func (n named) member() (parameter, value string) {
	switch n.kind {
	case "role":
		return "RoleName", n.name
	case "user":
		return "UserName", n.name
	case "profile":
		return "InstanceProfileName", n.name
	case "provider":
		return "OpenIDConnectProviderArn", "arn:aws:iam::" + n.Account + ":oidc-provider/" + n.name + ".example"
	}
	return "PolicyArn", "arn:aws:iam::" + n.Account + ":policy/" + n.name
}

// make creates it, tagged era=era.
func (n named) make(t *testing.T, era string) {
	t.Helper()
	tags := []iamtypes.Tag{{Key: aws.String("era"), Value: &era}}
	switch ctx := t.Context(); n.kind {
	case "role":
		worldtest.Must[*iam.CreateRoleOutput](t)(n.iam.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &n.name, Tags: tags,
			AssumeRolePolicyDocument: aws.String(trustNobody)}))
	case "user":
		worldtest.Must[*iam.CreateUserOutput](t)(n.iam.CreateUser(ctx, &iam.CreateUserInput{UserName: &n.name, Tags: tags}))
	case "profile":
		worldtest.Must[*iam.CreateInstanceProfileOutput](t)(n.iam.CreateInstanceProfile(ctx,
			&iam.CreateInstanceProfileInput{InstanceProfileName: &n.name, Tags: tags}))
	case "provider":
		worldtest.Must[*iam.CreateOpenIDConnectProviderOutput](t)(n.iam.CreateOpenIDConnectProvider(ctx,
			&iam.CreateOpenIDConnectProviderInput{Url: aws.String("https://" + n.name + ".example"), Tags: tags,
				ClientIDList: []string{"client"}}))
	default:
		worldtest.Must[*iam.CreatePolicyOutput](t)(n.iam.CreatePolicy(ctx, &iam.CreatePolicyInput{PolicyName: &n.name,
			Tags: tags, PolicyDocument: aws.String(worldtest.Policy(everything))}))
	}
}

func (n named) drop(t *testing.T) {
	t.Helper()
	_, arn := n.member()
	switch ctx := t.Context(); n.kind {
	case "profile":
		worldtest.Must[*iam.DeleteInstanceProfileOutput](t)(n.iam.DeleteInstanceProfile(ctx,
			&iam.DeleteInstanceProfileInput{InstanceProfileName: &n.name}))
	case "provider":
		worldtest.Must[*iam.DeleteOpenIDConnectProviderOutput](t)(n.iam.DeleteOpenIDConnectProvider(ctx,
			&iam.DeleteOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn}))
	case "role":
		worldtest.Must[*iam.DeleteRoleOutput](t)(n.iam.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &n.name}))
	case "user":
		worldtest.Must[*iam.DeleteUserOutput](t)(n.iam.DeleteUser(ctx, &iam.DeleteUserInput{UserName: &n.name}))
	default:
		worldtest.Must[*iam.DeletePolicyOutput](t)(n.iam.DeletePolicy(ctx, &iam.DeletePolicyInput{PolicyArn: &arn}))
	}
}

// state is all that IAM tells of the things of a name; "" when there is none.
func (n named) state(t *testing.T) string {
	t.Helper()
	var found []any
	var marker *string
	for {
		out := worldtest.Must[*iam.GetAccountAuthorizationDetailsOutput](t)(n.iam.GetAccountAuthorizationDetails(t.Context(),
			&iam.GetAccountAuthorizationDetailsInput{Marker: marker}))
		for _, d := range out.RoleDetailList {
			if *d.RoleName == n.name {
				d.RoleLastUsed = nil
				found = append(found, d)
			}
		}
		for _, d := range out.UserDetailList {
			if *d.UserName == n.name {
				found = append(found, d)
			}
		}
		for _, d := range out.Policies {
			if *d.PolicyName == n.name {
				found = append(found, d)
			}
		}
		if !out.IsTruncated {
			break
		}
		marker = out.Marker
	}
	_, arn := n.member()
	profile, err := n.iam.GetInstanceProfile(t.Context(), &iam.GetInstanceProfileInput{InstanceProfileName: &n.name})
	if err == nil {
		found = append(found, profile.InstanceProfile)
	}
	provider, err := n.iam.GetOpenIDConnectProvider(t.Context(),
		&iam.GetOpenIDConnectProviderInput{OpenIDConnectProviderArn: &arn})
	if err == nil {
		found = append(found, provider.ClientIDList, provider.CreateDate, provider.Tags, provider.ThumbprintList)
	}
	if found == nil {
		return ""
	}
	return string(worldtest.Must[[]byte](t)(json.Marshal(found)))
}

// requestTo is the sample request to a row, to a target of its own.
func (n named) requestTo(s *awsapi.Service, row *awsapi.Row, k *client.Key) worldtest.Request {
	q := worldtest.SampleRequest(n.Company, s, row)
	v, _ := url.ParseQuery(q.Body)
	v.Set(n.member())
	q.Body, q.Key = v.Encode(), k
	return q
}

// The target of a request is deleted, and sometimes made anew, while the end of the request's body is awaited. The
// caller may do everything to the old one and nothing to the new one: nothing is done to it, and nothing is made in its
// place.
func TestNothingIsDoneToANewcomerOfTheSameName(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	k := worldtest.MakeUser(t, m.World, "curator",
		`{"Effect":"Allow","Action":"iam:*","Resource":"*","Condition":{"StringEquals":{"aws:ResourceTag/era":"old"}}}`)
	kinds := map[string]string{"RoleName": "role", "UserName": "user", "PolicyArn": "policy",
		"InstanceProfileName": "profile", "OpenIDConnectProviderArn": "provider"}
	tested := 0
	for _, s := range m.Server.Rows() {
		if s.Wire.Name != "iam" {
			continue
		}
		for _, r := range s.Rows {
			has := map[string]bool{}
			for _, member := range wire.Members(r.Input) {
				has[member.Name] = true
			}
			for parameter, kind := range kinds {
				if !has[parameter] || strings.HasPrefix(r.Meta.Name, "Create") && parameter != "PolicyArn" {
					continue
				}
				of := func(suffix string) named { return named{m, kind, fmt.Sprintf("%s-%s-%s", kind, r.Meta.Name, suffix)} }
				kept := of("kept")
				kept.make(t, "old")
				if a := worldtest.Send(t, m.World, kept.requestTo(s, &r, &k)); a.Status == 403 {
					continue // a policy cannot tell the target of this operation by its tags
				}
				tested++
				for _, anew := range []bool{false, true} {
					n := of(fmt.Sprintf("anew-%t", anew))
					n.make(t, "old")
					h := hold(t, m.World, r.Meta.Name, n.requestTo(s, &r, &k))
					n.drop(t)
					if anew {
						n.make(t, "new")
					}
					before := n.state(t)
					if status, body := h.finish(t); status < 400 {
						t.Errorf("%s of a %s, made anew: %t: %d %s", r.Meta.Name, kind, anew, status, body)
					}
					if after := n.state(t); after != before {
						t.Errorf("%s changed a %s that was made anew: %t\n%s\n%s", r.Meta.Name, kind, anew, before, after)
					}
				}
			}
		}
	}
	if tested < 30 {
		t.Errorf("only %d operations know their target by its tags", tested)
	}
	t.Logf("%d operations", tested)
}

// A provisioning token is revoked, or the user or group of a request deleted, while the end of the request's body is
// awaited.
func TestProvisioningStopsWithItsTokenAndItsTargets(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	ctx := t.Context()
	const schema = "urn:ietf:params:scim:schemas:core:2.0:"
	newToken := func(t *testing.T) (id string, scim client.SCIM) {
		var tok struct{ TokenId, Token, Endpoint string }
		err := client.Ask(ctx, c.Env, "CreateScimToken", map[string]string{"IdentityStoreId": c.Store}, &tok)
		if err != nil {
			t.Fatal(err)
		}
		return tok.TokenId, client.SCIM{Endpoint: c.SCIM.Endpoint, Token: tok.Token, Via: c.SCIM.Via}
	}
	revoke := func(t *testing.T, token string) {
		t.Helper()
		err := client.Ask(ctx, c.Env, "DeleteScimToken",
			map[string]string{"IdentityStoreId": c.Store, "TokenId": token}, nil)
		if err != nil {
			t.Fatal(err)
		}
	}
	user := func(name string) string {
		return `{"schemas":["` + schema + `User"],"userName":"` + name + `","displayName":"changed",` +
			`"name":{"givenName":"g","familyName":"f"}}`
	}
	create := func(t *testing.T, path, body string) string {
		var made struct{ ID string }
		if _, err := c.SCIM.Do(ctx, "POST", path, json.RawMessage(body), &made); err != nil {
			t.Fatal(err)
		}
		return made.ID
	}
	patch := `{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace",` +
		`"path":"displayName","value":"changed"}]}`
	people := func(t *testing.T) string {
		var users, groups json.RawMessage
		for path, list := range map[string]*json.RawMessage{"/Users": &users, "/Groups": &groups} {
			if _, err := c.SCIM.Do(ctx, "GET", path, nil, list); err != nil {
				t.Fatal(err)
			}
		}
		return string(users) + string(groups)
	}
	ends := 0
	for _, x := range []struct {
		name, method, kind, body string // kind is "" where the request makes something
		path                     string
	}{
		{"make a user", "POST", "", user("planted"), "/Users"},
		{"make a group", "POST", "", `{"schemas":["` + schema + `Group"],"displayName":"planted"}`, "/Groups"},
		{"in bulk", "POST", "", `{"schemas":["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],"Operations":[` +
			`{"method":"POST","path":"/Users","bulkId":"a","data":` + user("bulked") + `}]}`, "/Bulk"},
		{"replace a user", "PUT", "User", user("target"), "/Users"},
		{"change a user", "PATCH", "User", patch, "/Users"},
		{"replace a group", "PUT", "Group", `{"schemas":["` + schema + `Group"],"displayName":"target"}`, "/Groups"},
		{"change a group", "PATCH", "Group", patch, "/Groups"},
	} {
		begin := func(t *testing.T, scim client.SCIM, path string) *held {
			r, err := http.NewRequestWithContext(ctx, x.method, scim.Endpoint+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header.Set("Authorization", "Bearer "+scim.Token)
			r.Header.Set("Content-Type", "application/scim+json")
			return holdBody(t, x.name, r, x.body)
		}
		target := func(t *testing.T) (id, path string) {
			if x.kind == "" {
				return "", x.path
			}
			body := user("target")
			if x.kind == "Group" {
				body = `{"schemas":["` + schema + `Group"],"displayName":"target"}`
			}
			id = create(t, x.path, body)
			return id, x.path + "/" + id
		}
		drop := func(t *testing.T, path string) {
			if _, err := c.SCIM.Do(ctx, "DELETE", path, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		t.Run(x.name+"/the token is revoked", func(t *testing.T) {
			id, path := target(t)
			token, scim := newToken(t)
			before := people(t)
			h := begin(t, scim, path)
			revoke(t, token)
			status, body := h.finish(t)
			if inBulk := x.path == "/Bulk" && strings.Contains(body, `"status":"401"`); status < 400 && !inBulk {
				t.Errorf("%d %s", status, body)
			}
			if after := people(t); after != before {
				t.Errorf("the directory changed\n%s\n%s", before, after)
			}
			if id != "" {
				drop(t, path)
			}
			ends++
		})
		if x.kind == "" {
			continue
		}
		t.Run(x.name+"/the target is made anew", func(t *testing.T) {
			_, path := target(t)
			token, scim := newToken(t)
			h := begin(t, scim, path)
			drop(t, path)
			_, anew := target(t)
			before := people(t)
			if status, body := h.finish(t); status != 404 {
				t.Errorf("%d %s", status, body)
			}
			if after := people(t); after != before {
				t.Errorf("the directory changed\n%s\n%s", before, after)
			}
			drop(t, anew)
			revoke(t, token)
			ends++
		})
	}
	if ends != 11 {
		t.Errorf("%d requests were held", ends)
	}
}

// An instance is deleted while the bodies of its provider's requests are awaited.
func TestProvisioningStopsWithItsInstance(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
	instance := worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(sso.CreateInstance(ctx,
		&ssoadmin.CreateInstanceInput{})).InstanceArn
	store := worldtest.Must[*ssoadmin.DescribeInstanceOutput](t)(sso.DescribeInstance(ctx,
		&ssoadmin.DescribeInstanceInput{InstanceArn: instance})).IdentityStoreId
	var token struct{ Token, Endpoint string }
	if err := client.Ask(ctx, w.Env, "CreateScimToken", map[string]string{"IdentityStoreId": *store}, &token); err != nil {
		t.Fatal(err)
	}
	var holds []*held
	for path, body := range map[string]string{
		"/Users":  `{"userName":"late","displayName":"late","name":{"givenName":"g","familyName":"f"}}`,
		"/Groups": `{"displayName":"late"}`,
	} {
		r, err := http.NewRequestWithContext(ctx, "POST", strings.TrimSuffix(token.Endpoint, "/")+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", "Bearer "+token.Token)
		r.Header.Set("Content-Type", "application/scim+json")
		holds = append(holds, holdBody(t, "POST "+path, r, body))
	}
	worldtest.Must[*ssoadmin.DeleteInstanceOutput](t)(sso.DeleteInstance(ctx,
		&ssoadmin.DeleteInstanceInput{InstanceArn: instance}))
	for _, h := range holds {
		if status, body := h.finish(t); status != 401 && status != 404 {
			t.Errorf("%d %s", status, body)
		}
	}
}
