package worldtest

import (
	"encoding/json"
	"maps"
	"net/url"
	"strings"

	"granary/internal/awsapi"
	"granary/internal/wire"
	"granary/internal/world"
)

// samples are values for the members that operations require. Each is what the shape allows, and names something real.
func samples(c *world.Company) map[string]any {
	return map[string]any{
		"InstanceArn": c.Instance, "ApplicationArn": c.Application, "TrustedTokenIssuerArn": c.Issuer,
		"ResourceArn": c.Application, "IdentityStoreId": c.Store,
		"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom", "Name": "n", "RegionName": c.Region,
		"Scope": "a:b", "GrantType": world.JWTBearer,
		"Grant": map[string]any{"RefreshToken": map[string]any{}}, "AuthenticationMethodType": "IAM",
		"AuthenticationMethod": map[string]any{"Iam": map[string]any{"ActorPolicy": map[string]any{}}},
		"AssignmentRequired":   true, "PrincipalId": c.Users[Alice],
		"PrincipalType": "USER", "TrustedTokenIssuerType": "OIDC_JWT",
		"Tags": []any{map[string]string{"Key": "k", "Value": "v"}}, "TagKeys": []string{"k"},
		"TrustedTokenIssuerConfiguration": map[string]any{
			"OidcJwtConfiguration": map[string]string{"IssuerUrl": "https://x.example", "ClaimAttributePath": "email",
				"IdentityStoreAttributePath": "userName", "JwksRetrievalOption": "OPEN_ID_DISCOVERY"}},
		"Operations": []any{map[string]any{"AttributePath": "displayName", "AttributeValue": "x"}}, "UserId": c.Users[Alice],
		"GroupId": c.Groups["Finance"], "MembershipId": c.Users[Alice],
		"MemberId": map[string]string{"UserId": c.Users[Alice]}, "GroupIds": []string{c.Groups["Finance"]},
		"AlternateIdentifier": map[string]any{"UniqueAttribute": map[string]string{"AttributePath": "userName",
			"AttributeValue": Alice}}, "DisplayName": "d",
		"AccountId": c.Account, "AccountName": "n", "Email": "n@x.example", "ServicePrincipal": "sso.amazonaws.com",
		"ParentId": "r-abcd", "ChildId": c.Account, "ChildType": "ACCOUNT",
		"CreateAccountRequestId": "car-0123456789abcdef0123456789abcdef",
		"PermissionSetArn": strings.Replace(c.Instance, "instance/", "permissionSet/", 1) +
			"/ps-0123456789abcdef",
		"ManagedPolicyArn":               "arn:aws:iam::aws:policy/AdministratorAccess",
		"CustomerManagedPolicyReference": map[string]string{"Name": "p"}, "TargetId": c.Account, "TargetType": "AWS_ACCOUNT",
		"InlinePolicy": "{}", "PermissionsBoundary": map[string]string{},
		"InstanceAccessControlAttributeConfiguration": map[string]any{"AccessControlAttributes": []any{}},
		"AccountAssignmentCreationRequestId":          c.Users[Alice],
		"AccountAssignmentDeletionRequestId":          c.Users[Alice], "ProvisionPermissionSetRequestId": c.Users[Alice],
		"ClientId": "c", "Purpose": "sign", "DecisionId": "x", "User": Alice, "Target": "s3://larkspur-reports/*",
		"TokenId": "x", "RoleArn": c.WebApp, "clientId": c.Application, "grantType": world.JWTBearer, "assertion": "x",
	}
}

// form is the same for the query protocol.
func form(c *world.Company) url.Values {
	v := url.Values{}
	for k, s := range map[string]string{"UserName": "machine", "RoleName": "webapp", "RoleArn": c.WebApp,
		"RoleSessionName": "s1", "PolicyName": "work", "AccessKeyId": c.Machine.ID,
		"PolicyArn":                "arn:aws:iam::aws:policy/AdministratorAccess",
		"PolicyDocument":           `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"AssumeRolePolicyDocument": "{}", "PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess",
		"Status": "Active", "VersionId": "v1", "Description": "d",
		"Tags.member.1.Key": "k", "Tags.member.1.Value": "v", "TagKeys.member.1": "k", "GroupName": "g",
		"InstanceProfileName": "p", "AccountAlias": "alias",
		"PolicySourceArn": "arn:aws:iam::" + c.Account + ":user/machine", "ActionNames.member.1": "s3:GetObject",
		"PolicyInputList.member.1": `{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}`,
		"WebIdentityToken":         "a.b.c", "Name": "federated", "EncodedMessage": "x", "Url": "https://x.example",
		"OpenIDConnectProviderArn": "arn:aws:iam::" + c.Account + ":oidc-provider/x.example",
		"ClientID":                 "c", "ThumbprintList.member.1": strings.Repeat("0", 40)} {
		v.Set(k, s)
	}
	return v
}

var grantsXML = map[string]string{"AccessGrantsLocationId": "default",
	"Grantee":    "<GranteeType>IAM</GranteeType><GranteeIdentifier>arn:aws:iam::111122223333:role/r</GranteeIdentifier>",
	"Permission": "READ", "LocationScope": "s3://", "IAMRoleArn": "ROLE", "IdentityCenterArn": "INSTANCE", "Policy": "{}",
	"Tags": "<Tag><Key>k</Key><Value>v</Value></Tag>"}

// SampleRequest returns a valid request to a row: it has the sample of each member of the row's input.
func SampleRequest(c *world.Company, s *awsapi.Service, row *awsapi.Row) Request {
	m := row.Meta
	known := map[string]string{} // where each member stands
	for _, member := range wire.Members(row.Input) {
		known[member.Name] = member.Location
	}
	body := func(name string) bool { at, ok := known[name]; return ok && at == "" }
	q := Request{Method: "POST", Path: "/", Service: s.Wire.SigningNames[0], Header: map[string]string{}}
	switch s.Wire.Protocol {
	case wire.JSON11:
		members := samples(c)
		if s.Wire.Name == "organizations" {
			for name, v := range map[string]any{"Filter": "SERVICE_CONTROL_POLICY", "Type": "SERVICE_CONTROL_POLICY",
				"PolicyType": "SERVICE_CONTROL_POLICY", "PolicyId": "p-FullAWSAccess",
				"Content": "{}", "Description": "d", "RootId": "r-abcd", "OrganizationalUnitId": "ou-abcd-12345678",
				"ResourceId": c.Account, "SourceParentId": "r-abcd", "DestinationParentId": "r-abcd",
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
		if m.Name == "UpdateTrustedTokenIssuer" {
			members["TrustedTokenIssuerConfiguration"] = map[string]any{
				"OidcJwtConfiguration": map[string]string{"ClaimAttributePath": "email"}}
		}
		if s.Wire.Name == "identitystore" {
			members["Name"] = map[string]string{"GivenName": "g", "FamilyName": "f"}
		}
		if s.Wire.Name == "granary" {
			members["TargetType"] = "Object"
		}
		maps.DeleteFunc(members, func(name string, _ any) bool { return !body(name) })
		b, _ := json.Marshal(members)
		q.Body = string(b)
		q.Header["Content-Type"], q.Header["X-Amz-Target"] = "application/x-amz-json-1.1", s.Wire.TargetPrefix+"."+m.Name
	case wire.RestJSON1:
		members := samples(c)
		maps.DeleteFunc(members, func(name string, _ any) bool { return !body(name) })
		b, _ := json.Marshal(members)
		q.Body, q.Path = string(b), m.URI
		q.Header["Content-Type"] = "application/json"
	case wire.Query:
		v := form(c)
		maps.DeleteFunc(v, func(name string, _ []string) bool {
			head, _, _ := strings.Cut(name, ".")
			return !body(head)
		})
		v.Set("Action", m.Name)
		v.Set("Version", s.Wire.Version)
		q.Body = v.Encode()
		q.Header["Content-Type"] = "application/x-www-form-urlencoded"
	case wire.RestXML:
		instance := "arn:aws:s3:" + c.Region + ":" + c.Account + ":access-grants/default"
		q.Method = m.Method
		q.Path = strings.NewReplacer("{id}", c.Grants["Finance"], "{resourceArn+}", strings.ReplaceAll(instance, ":", "%3A")).
			Replace(m.URI)
		if q.Method == "GET" || q.Method == "DELETE" {
			q.Path += "?"
			for _, sample := range []string{"permission=READ", "s3prefix=s3%3A%2F%2Flarkspur-reports%2Fx", "tagKeys=k",
				"target=s3%3A%2F%2Flarkspur-reports%2Ffinance%2F%2A"} {
				if name, _, _ := strings.Cut(sample, "="); known[name] == "querystring" {
					q.Path += sample + "&"
				}
			}
		} else {
			q.Body = "<x>"
			for name, sample := range grantsXML {
				if body(name) {
					q.Body += "<" + name + ">" + strings.NewReplacer("ROLE", c.Location, "INSTANCE", c.Instance).Replace(sample) +
						"</" + name + ">"
				}
			}
			q.Body += "</x>"
		}
		q.Header["X-Amz-Account-Id"] = c.Account
	}
	return q
}
