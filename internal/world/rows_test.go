package world_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/service/iam"

	"granary/internal/awsapi"
	"granary/internal/client"
	"granary/internal/wire"
	"granary/internal/world"
)

// raw is a request without any SDK, so that it can be wrong.
type raw struct {
	method, path string
	header       map[string]string
	body         string
	key          *client.Key // nil: not signed
	service      string
	region       string
	at           time.Time
	payload      string // x-amz-content-sha256 for S3; "" computes it
	host         string // "" is the door's address
	sent         string // the query as it goes over the wire, where that is not how it was signed
}

type rawAnswer struct {
	status     int
	header     http.Header
	body       string
	code, text string // of the error
}

func send(t *testing.T, w *world.World, q raw) rawAnswer {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), q.method, w.Env.Get("HTTP_PROXY")+q.path, strings.NewReader(q.body))
	if err != nil {
		t.Fatal(err)
	}
	for k, v := range q.header {
		r.Header.Set(k, v)
	}
	if q.host != "" {
		r.Host = q.host
	}
	if q.key != nil {
		hash := q.payload
		if hash == "" {
			sum := sha256.Sum256([]byte(q.body))
			hash = hex.EncodeToString(sum[:])
		}
		if q.service == "s3" {
			r.Header.Set("X-Amz-Content-Sha256", hash)
		}
		if q.at.IsZero() {
			q.at = time.Now()
		}
		if q.region == "" {
			q.region = w.Region
		}
		cr := aws.Credentials{AccessKeyID: q.key.ID, SecretAccessKey: q.key.Secret, SessionToken: q.key.Token}
		err := v4.NewSigner(func(o *v4.SignerOptions) { o.DisableURIPathEscaping = q.service == "s3" }).SignHTTP(t.Context(), cr, r, hash, q.service, q.region, q.at)
		if err != nil {
			t.Fatal(err)
		}
	}
	if q.sent != "" {
		r.URL.RawQuery = q.sent
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	a := rawAnswer{status: resp.StatusCode, header: resp.Header, body: string(b)}
	var x struct {
		Error         struct{ Code, Message string }
		Code, Message string
	}
	var j map[string]any
	switch {
	case xml.Unmarshal(b, &x) == nil:
		a.code, a.text = x.Error.Code+x.Code, x.Error.Message+x.Message
	case json.Unmarshal(b, &j) == nil:
		a.code = resp.Header.Get("X-Amzn-Errortype")
		a.text, _ = j["message"].(string)
	}
	return a
}

// samples is every member that any operation demands, with a value that its shape allows and that names something real.
func samples(c *world.Company) map[string]any {
	return map[string]any{
		"InstanceArn": c.Instance, "ApplicationArn": c.Application, "TrustedTokenIssuerArn": c.Issuer, "ResourceArn": c.Application, "IdentityStoreId": c.Store,
		"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": "n", "RegionName": c.Region, "Scope": "a:b", "GrantType": world.JWTBearer,
		"Grant": map[string]any{"RefreshToken": map[string]any{}}, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": map[string]any{"Iam": map[string]any{"ActorPolicy": map[string]any{}}}, "AssignmentRequired": true, "PrincipalId": c.Users[alice],
		"PrincipalType": "USER", "TrustedTokenIssuerType": "OIDC_JWT", "Tags": []any{map[string]string{"Key": "k", "Value": "v"}}, "TagKeys": []string{"k"},
		"TrustedTokenIssuerConfiguration": map[string]any{"OidcJwtConfiguration": map[string]string{"IssuerUrl": "https://x.example", "ClaimAttributePath": "email",
			"IdentityStoreAttributePath": "userName", "JwksRetrievalOption": "OPEN_ID_DISCOVERY"}},
		"Operations": []any{map[string]any{"AttributePath": "displayName", "AttributeValue": "x"}}, "UserId": c.Users[alice], "GroupId": c.Groups["Finance"], "MembershipId": c.Users[alice], "MemberId": map[string]string{"UserId": c.Users[alice]}, "GroupIds": []string{c.Groups["Finance"]},
		"AlternateIdentifier": map[string]any{"UniqueAttribute": map[string]string{"AttributePath": "userName", "AttributeValue": alice}}, "DisplayName": "d",
		"AccountId": c.Account, "AccountName": "n", "Email": "n@x.example", "ServicePrincipal": "sso.amazonaws.com", "ParentId": "r-abcd", "ChildId": c.Account, "ChildType": "ACCOUNT",
		"CreateAccountRequestId": "car-0123456789abcdef0123456789abcdef",
		"PermissionSetArn":       strings.Replace(c.Instance, "instance/", "permissionSet/", 1) + "/ps-0123456789abcdef", "ManagedPolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess",
		"CustomerManagedPolicyReference": map[string]string{"Name": "p"}, "TargetId": c.Account, "TargetType": "AWS_ACCOUNT", "InlinePolicy": "{}", "PermissionsBoundary": map[string]string{},
		"InstanceAccessControlAttributeConfiguration": map[string]any{"AccessControlAttributes": []any{}}, "AccountAssignmentCreationRequestId": c.Users[alice],
		"AccountAssignmentDeletionRequestId": c.Users[alice], "ProvisionPermissionSetRequestId": c.Users[alice],
		"ClientId": "c", "Purpose": "sign", "DecisionId": "x", "User": alice, "Target": "s3://larkspur-reports/*", "TokenId": "x", "RoleArn": c.WebApp, "clientId": c.Application, "grantType": world.JWTBearer, "assertion": "x",
	}
}

// form is the same for the query protocol.
func form(c *world.Company) url.Values {
	v := url.Values{}
	for k, s := range map[string]string{"UserName": "machine", "RoleName": "webapp", "RoleArn": c.WebApp, "RoleSessionName": "s1", "PolicyName": "work", "AccessKeyId": c.Machine.ID,
		"PolicyArn": "arn:aws:iam::aws:policy/AdministratorAccess", "PolicyDocument": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"AssumeRolePolicyDocument": "{}", "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess", "Status": "Active", "VersionId": "v1", "Description": "d",
		"Tags.member.1.Key": "k", "Tags.member.1.Value": "v", "TagKeys.member.1": "k", "GroupName": "g", "InstanceProfileName": "p", "AccountAlias": "alias",
		"PolicySourceArn": "arn:aws:iam::" + c.Account + ":user/machine", "ActionNames.member.1": "s3:GetObject", "PolicyInputList.member.1": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"WebIdentityToken": "a.b.c", "Name": "federated", "EncodedMessage": "x", "Url": "https://x.example", "OpenIDConnectProviderArn": "arn:aws:iam::" + c.Account + ":oidc-provider/x.example",
		"ClientID": "c", "ThumbprintList.member.1": strings.Repeat("0", 40)} {
		v.Set(k, s)
	}
	return v
}

const grantsXML = `<x><AccessGrantsLocationId>default</AccessGrantsLocationId><Grantee><GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::111122223333:role/r</GranteeIdentifier></Grantee>` +
	`<Permission>READ</Permission><LocationScope>s3://</LocationScope><IAMRoleArn>ROLE</IAMRoleArn><IdentityCenterArn>INSTANCE</IdentityCenterArn><Policy>{}</Policy><Tags><Tag><Key>k</Key><Value>v</Value></Tag></Tags></x>`

// request is a valid request to a row.
func request(c *world.Company, s *awsapi.Service, m *wire.Meta) raw {
	q := raw{method: "POST", path: "/", service: s.Wire.SigningNames[0], header: map[string]string{}}
	switch s.Wire.Protocol {
	case wire.JSON11:
		members := samples(c)
		if s.Wire.Name == "organizations" {
			for name, v := range map[string]any{"Filter": "SERVICE_CONTROL_POLICY", "Type": "SERVICE_CONTROL_POLICY", "PolicyType": "SERVICE_CONTROL_POLICY", "PolicyId": "p-FullAWSAccess",
				"Content": "{}", "Description": "d", "RootId": "r-abcd", "OrganizationalUnitId": "ou-abcd-12345678", "ResourceId": c.Account, "SourceParentId": "r-abcd", "DestinationParentId": "r-abcd",
				"HandshakeId": "h-01234567", "Target": map[string]string{"Type": "ACCOUNT", "Id": c.Account}} {
				members[name] = v
			}
			if m.Name == "DescribeEffectivePolicy" || m.Name == "ListAccountsWithInvalidEffectivePolicy" {
				members["PolicyType"] = "TAG_POLICY"
			}
			if strings.HasPrefix(m.Name, "ListHandshakes") {
				members["Filter"] = map[string]string{"ActionType": "INVITE"}
			}
		}
		if s.Wire.Name == "identitystore" {
			members["Name"] = map[string]string{"GivenName": "g", "FamilyName": "f"}
		}
		if s.Wire.Name == "granary" {
			members["TargetType"] = "Object"
		}
		b, _ := json.Marshal(members)
		q.body = string(b)
		q.header["Content-Type"], q.header["X-Amz-Target"] = "application/x-amz-json-1.1", s.Wire.TargetPrefix+"."+m.Name
	case wire.RestJSON1:
		b, _ := json.Marshal(samples(c))
		q.body, q.path = string(b), m.URI
		q.header["Content-Type"] = "application/json"
	case wire.Query:
		v := form(c)
		v.Set("Action", m.Name)
		v.Set("Version", s.Wire.Version)
		q.body = v.Encode()
		q.header["Content-Type"] = "application/x-www-form-urlencoded"
	case wire.RestXML:
		instance := "arn:aws:s3:" + c.Region + ":" + c.Account + ":access-grants/default"
		q.method = m.Method
		q.path = strings.NewReplacer("{id}", c.Grants["Finance"], "{resourceArn+}", strings.ReplaceAll(instance, ":", "%3A")).Replace(m.URI)
		if q.method == "GET" || q.method == "DELETE" {
			q.path += "?permission=READ&s3prefix=s3%3A%2F%2Flarkspur-reports%2Fx&tagKeys=k&target=s3%3A%2F%2Flarkspur-reports%2Ffinance%2F%2A"
		} else {
			q.body = strings.NewReplacer("ROLE", c.Location, "INSTANCE", c.Instance).Replace(grantsXML)
		}
		q.header["X-Amz-Account-Id"] = c.Account
	}
	return q
}

// broken is a request to the row whose input cannot be read; ok is false when the row takes none.
func broken(c *world.Company, s *awsapi.Service, m *wire.Meta) (q raw, ok bool) {
	q = request(c, s, m)
	switch s.Wire.Protocol {
	case wire.JSON11, wire.RestJSON1:
		q.body = "{"
	case wire.Query:
		q.body += "&%zz=1"
	case wire.RestXML:
		if q.method == "GET" || q.method == "DELETE" {
			q.path = strings.Replace(q.path, "permission=READ", "permission=%ff", 1)
			return q, m.Name == "GetDataAccess" || m.Name == "ListAccessGrants"
		}
		q.body = "<a><b></a>"
		return q, m.Method != "DELETE"
	}
	return q, true
}

// Every row of every table: unsigned is refused, a caller without any policy is denied, and input that cannot be read is
// answered in the service's own error shape.
func TestEveryRowIsGuarded(t *testing.T) {
	c := settle(t)
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
				q := request(c, s, r.Meta)
				explained := func(a rawAnswer) {
					t.Helper()
					if id := a.header.Get(awsapi.DecisionHeader); (a.status >= 400) != (id != "") || len(id) > 4096 {
						t.Errorf("%d %s with the decision id %q", a.status, a.code, id)
					}
				}
				if a := send(t, c.World, q); r.Access != awsapi.Unsigned && (a.status < 400 || a.status >= 500 || a.code == "" || strings.Contains(a.code, "Validation")) {
					t.Errorf("unsigned: %d %s", a.status, a.body)
				} else {
					explained(a)
				}
				q.key = &nobody
				a := send(t, c.World, q)
				explained(a)
				switch {
				case r.Access == awsapi.Unsigned: // another proof than a signature
					if a.status != 400 || a.code == "" || a.text == "" {
						t.Errorf("without proof: %d %s", a.status, a.body)
					}
				case r.Access == awsapi.Anyone:
					if a.status != 200 {
						t.Errorf("open to everyone: %d %s", a.status, a.body)
					}
				case a.code != "AccessDenied" && a.code != "AccessDeniedException":
					t.Errorf("without a policy: %d %s", a.status, a.body)
				}
				if q, ok := broken(c, s, r.Meta); ok {
					q.key = &root
					if a := send(t, c.World, q); a.status != 400 || a.code == "" || a.text == "" {
						t.Errorf("malformed input: %d %s", a.status, a.body)
					} else {
						explained(a)
					}
				}
			})
		}
	}
	t.Logf("%d rows", rows)
}
