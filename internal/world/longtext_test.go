package world_test

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	"github.com/aws/aws-sdk-go-v2/service/identitystore/document"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/server"
	"granary/internal/worldtest"
)

// dense is n characters of three bytes each that no compression makes shorter.
func dense(n int) string {
	r := rand.New(rand.NewPCG(1, uint64(n)))
	var b strings.Builder
	for range n {
		b.WriteRune(rune(0x4e00 + r.IntN(0x5000)))
	}
	return b.String()
}

// Texts of every length that AWS's models allow, of the densest characters, and those with characters that a database
// may not keep: each is kept or refused in words, on either engine.
func TestNoTextIsAFailureOfTheServer(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, c := range map[string]*worldtest.Tokens{"sqlite": worldtest.SettleTokens(t,
		func(c *server.Config) { c.State = "sqlite" }),
		"postgres": shared(t)} {
		cfg := c.AWS(c.Root())
		cfg.RetryMaxAttempts = 1
		ids, ctl, sso, org := identitystore.NewFromConfig(cfg), s3control.NewFromConfig(cfg), ssoadmin.NewFromConfig(cfg),
			organizations.NewFromConfig(cfg)
		fine := func(what string, err error) {
			t.Helper()
			var resp *awshttp.ResponseError
			switch {
			case err == nil, errors.As(err, &resp) && resp.HTTPStatusCode() >= 400 && resp.HTTPStatusCode() < 500:
			default:
				t.Errorf("%s: %s: %v", name, what, err)
			}
		}
		locations := worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(ctl.ListAccessGrantsLocations(ctx,
			&s3control.ListAccessGrantsLocationsInput{AccountId: &c.Account})).AccessGrantsLocationsList
		location := locations[0]
		for _, n := range []int{100, 128, 255, 500, 800, 1024, 1990} {
			text := dense(n)
			_, err := ids.CreateGroup(ctx, &identitystore.CreateGroupInput{IdentityStoreId: &c.Store, DisplayName: &text})
			fine("displayName of a group", err)
			if long := n == 1024 && name == "postgres"; n < 1990 && (err != nil) != long ||
				long && !strings.Contains(err.Error(), "2704 bytes") {
				t.Errorf("%s: a name of %d bytes: %v", name, len(text), err)
			}
			_, err = ids.CreateUser(ctx, &identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: &text,
				DisplayName: &text, Name: &idtypes.Name{GivenName: &text, FamilyName: &text},
				Emails: []idtypes.Email{{Value: aws.String(text + "@x"), Primary: true}, {Value: aws.String("o" + text)}}})
			fine("user", err)
			_, err = ids.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &c.Store,
				AlternateIdentifier: &idtypes.AlternateIdentifierMemberUniqueAttribute{
					Value: idtypes.UniqueAttribute{AttributePath: aws.String("userName"),
						AttributeValue: document.NewLazyDocument(text)}}})
			fine("GetUserId", err)
			_, err = ctl.CreateAccessGrant(ctx, &s3control.CreateAccessGrantInput{AccountId: &c.Account,
				AccessGrantsLocationId:            location.AccessGrantsLocationId,
				AccessGrantsLocationConfiguration: &s3types.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String(text + "*")},
				Grantee: &s3types.Grantee{GranteeType: s3types.GranteeTypeIam,
					GranteeIdentifier: aws.String("arn:aws:iam::" + c.Account + ":user/u")}, Permission: s3types.PermissionRead})
			fine("scope of a grant", err)
			_, err = ctl.CreateAccessGrantsLocation(ctx, &s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account,
				IAMRoleArn: location.IAMRoleArn, LocationScope: aws.String("s3://larkspur-reports/" + text + "/*")})
			fine("scope of a location", err)
			_, err = ctl.ListAccessGrants(ctx, &s3control.ListAccessGrantsInput{AccountId: &c.Account,
				GrantScope: aws.String("s3://larkspur-reports/" + text + "/*")})
			fine("ListAccessGrants", err)
			_, err = sso.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance,
				ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom"), Name: &text, ClientToken: &text})
			fine("application", err)
			_, err = org.CreateOrganizationalUnit(ctx, &organizations.CreateOrganizationalUnitInput{Name: &text,
				ParentId: aws.String("r-0000")})
			fine("organizational unit", err)
			for path, in := range map[string]any{
				"/Groups": map[string]any{"displayName": "g" + text, "externalId": text},
				"/Users": map[string]any{"userName": "u" + text, "externalId": text, "displayName": "d",
					"name":   map[string]string{"givenName": "g", "familyName": "f"},
					"emails": []any{map[string]any{"value": text + "@y", "primary": true}}},
			} {
				status, err := c.SCIM.Do(ctx, "POST", path, in, nil)
				if status >= 500 || status == 0 {
					t.Errorf("%s: SCIM %s of %d: %d %v", name, path, n, status, err)
				}
			}
			if status, err := c.SCIM.Do(ctx, "GET", "/Users?filter="+url.QueryEscape(`externalId eq "`+text+`"`), nil,
				nil); status >= 500 || status == 0 {
				t.Errorf("%s: SCIM filter: %d %v", name, status, err)
			}
		}
		for _, bad := range []string{"a\x00b", "\x00", "a\xffb", "\xed\xa0\x80", "\ufffe\uffff\U0010ffff"} {
			for _, in := range []map[string]any{{"displayName": bad}, {"displayName": "g", "externalId": bad},
				{"userName": bad, "displayName": "d", "name": map[string]string{"givenName": "g", "familyName": "f"}},
				{"userName": "u" + bad, "displayName": "d", "title": bad,
					"name":   map[string]string{"givenName": bad, "familyName": "f"},
					"emails": []any{map[string]any{"value": bad, "primary": true}}}} {
				for _, path := range []string{"/Groups", "/Users"} {
					if status, err := c.SCIM.Do(ctx, "POST", path, in, nil); status >= 500 || status == 0 {
						t.Errorf("%s: SCIM %s %q: %d %v", name, path, bad, status, err)
					}
				}
			}
			for _, path := range []string{"/Users/", "/Groups/", "/Users?filter=userName+eq+%22",
				"/Groups?filter=displayName+eq+%22", "/Users?filter=id+eq+%22", "/Groups?filter=members.value+eq+%22"} {
				end := ""
				if strings.Contains(path, "filter") {
					end = "%22"
				}
				for _, method := range []string{"GET", "PATCH", "DELETE"} {
					if status, err := raws(ctx, c, method, path+url.QueryEscape(bad)+end); status >= 500 || status == 0 {
						t.Errorf("%s: SCIM %s %s %q: %d %v", name, method, path, bad, status, err)
					}
				}
			}
			root := c.Root()
			js := `"` + strings.ReplaceAll(bad, "\x00", `\u0000`) + `"`
			for _, q := range []worldtest.Request{
				{Service: "identitystore", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "AWSIdentityStore.CreateGroup"}, Body: `{"IdentityStoreId":"` + c.Store + `","DisplayName":` + js +
					`}`},
				{Service: "identitystore", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "AWSIdentityStore.GetUserId"}, Body: `{"IdentityStoreId":"` + c.Store +
					`","AlternateIdentifier":{"UniqueAttribute":{"AttributePath":"userName","AttributeValue":` + js + `}}}`},
				{Service: "identitystore", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "AWSIdentityStore.GetUserId"}, Body: `{"IdentityStoreId":"` + c.Store +
					`","AlternateIdentifier":{"ExternalId":{"Issuer":` + js + `,"Id":` + js + `}}}`},
				{Service: "identitystore", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "AWSIdentityStore.DescribeUser"}, Body: `{"IdentityStoreId":"` + c.Store + `","UserId":` + js +
					`}`},
				{Service: "sso", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "SWBExternalService.DescribeApplication"}, Body: `{"ApplicationArn":` + js + `}`},
				{Service: "sso", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "SWBExternalService.CreateApplication"}, Body: `{"InstanceArn":"` + c.Instance +
					`","ApplicationProviderArn":"arn:aws:sso::aws:applicationProvider/custom","Name":` + js + `,"Description":` + js +
					`}`},
				{Service: "organizations", Header: map[string]string{"Content-Type": jsonType,
					"X-Amz-Target": "AWSOrganizationsV20161128.CreateAccount"}, Body: `{"Email":` + js + `,"AccountName":` + js + `}`},
				{Service: "iam", Header: map[string]string{"Content-Type": formType},
					Body: "Action=CreateUser&Version=2010-05-08&UserName=" + url.QueryEscape(bad)},
				{Service: "iam", Header: map[string]string{"Content-Type": formType},
					Body: "Action=GetRole&Version=2010-05-08&RoleName=" + url.QueryEscape(bad)},
				{Service: "iam", Header: map[string]string{"Content-Type": formType},
					Body: "Action=ListUsers&Version=2010-05-08&PathPrefix=" + url.QueryEscape("/"+bad) + "&Marker=" +
						url.QueryEscape(bad)},
				{Service: "iam", Header: map[string]string{"Content-Type": formType},
					Body: "Action=CreateRole&Version=2010-05-08&RoleName=r&Description=" + url.QueryEscape(bad) +
						"&AssumeRolePolicyDocument=" +
						url.QueryEscape(`{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"sts:AssumeRole",`+
							`"Principal":{"AWS":"*"},"Sid":"`+bad+`"}}`)},
				{Service: "iam", Header: map[string]string{"Content-Type": formType},
					Body: "Action=CreateOpenIDConnectProvider&Version=2010-05-08&Url=" + url.QueryEscape("https://x/"+bad)},
			} {
				q.Method, q.Path, q.Key = "POST", "/", &root
				if a := worldtest.Send(t, c.World, q); a.Status >= 500 {
					t.Errorf("%s: %s %q: %d %s", name, q.Body, bad, a.Status, a.Body)
				}
			}
			for _, path := range []string{"grants?grantscope=", "grants?granteeidentifier=", "grants?application_arn=",
				"grants?nextToken=", "locations?locationscope=", "grant/", "location/"} {
				q := worldtest.Request{Method: "GET", Path: "/v20180820/accessgrantsinstance/" + path + url.QueryEscape(bad),
					Service: "s3",
					Key:     &root, Header: map[string]string{"X-Amz-Account-Id": c.Account}}
				if a := worldtest.Send(t, c.World, q); a.Status >= 500 {
					t.Errorf("%s: %s %q: %d %s", name, path, bad, a.Status, a.Body)
				}
			}
			for _, path := range []string{"/?prefix=", "/larkspur-reports?prefix=", "/larkspur-reports/", "/" + "b"} {
				for _, method := range []string{"GET", "PUT"} {
					q := worldtest.Request{Method: method, Path: path + url.QueryEscape(bad), Service: "s3", Key: &root}
					if a := worldtest.Send(t, c.World, q); a.Status >= 500 && a.Status != 501 {
						t.Errorf("%s: %s %s %q: %d %s", name, method, path, bad, a.Status, a.Body)
					}
				}
			}
		}
	}
}

func raws(ctx context.Context, c *worldtest.Tokens, method, path string) (int, error) {
	r, err := http.NewRequestWithContext(ctx, method, c.SCIM.Endpoint+path,
		strings.NewReader(`{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"replace",`+
			`"path":"displayName","value":"x"}]}`))
	if err != nil {
		return 0, err
	}
	r.Header.Set("Authorization", "Bearer "+c.SCIM.Token)
	r.Header.Set("Content-Type", "application/scim+json")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	resp.Body.Close()
	return resp.StatusCode, nil
}
