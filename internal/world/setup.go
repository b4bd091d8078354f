package world

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/corp"
)

// Company is the demo's company as it was set up: what the guide's placeholders stand for.
type Company struct {
	*World
	Instance, Store, Application, Issuer string // Identity Center
	WebApp, Bearer, Location             string // roles
	SCIM                                 client.SCIM
	Users, Groups                        map[string]string // login or name → id
	Grants                               map[string]string // group or login → grant id
	Machine                              client.Key        // IAM user of the machine that the application runs on
}

const accessScope = "s3:access_grants:read_write"

// JWTBearer is the grant type of the exchange.
const JWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

// Files makes the bucket and puts the company's files there.
func (w *World) Files(ctx context.Context) error {
	c := w.S3(w.Root())
	if _, err := c.CreateBucket(ctx, &s3.CreateBucketInput{Bucket: aws.String(corp.Bucket)}); err != nil {
		return err
	}
	for _, key := range slices.Sorted(maps.Keys(corp.Files)) {
		_, err := c.PutObject(ctx, &s3.PutObjectInput{Bucket: aws.String(corp.Bucket), Key: aws.String(key), Body: strings.NewReader(corp.Files[key])})
		if err != nil {
			return err
		}
	}
	return nil
}

// Directory makes the Identity Center instance and a SCIM token for its identity store.
func (w *World) Directory(ctx context.Context) (*Company, error) {
	c := &Company{World: w, Users: map[string]string{}, Groups: map[string]string{}, Grants: map[string]string{}}
	sso := ssoadmin.NewFromConfig(w.AWS(w.Root()))
	made, err := sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("larkspur")})
	if err != nil {
		return nil, err
	}
	c.Instance = *made.InstanceArn
	about, err := sso.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: made.InstanceArn})
	if err != nil {
		return nil, err
	}
	c.Store = *about.IdentityStoreId
	var token struct{ Endpoint, Token string }
	if err := client.Ask(ctx, w.Env, "CreateScimToken", map[string]string{"IdentityStoreId": c.Store}, &token); err != nil {
		return nil, err
	}
	c.SCIM = client.SCIM{Endpoint: token.Endpoint, Token: token.Token}
	return c, nil
}

// Provision writes people and groups by SCIM, as the identity provider would.
func (c *Company) Provision(ctx context.Context) error {
	var made struct{ ID string }
	for _, p := range corp.People {
		user := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:User"}, "externalId": "idp|" + p.Login, "userName": p.Login,
			"name": map[string]string{"givenName": p.Given, "familyName": p.Family}, "displayName": p.Name(), "title": p.Title,
			"emails": []any{map[string]any{"value": p.Login, "type": "work", "primary": true}}, "active": !p.Deactivated}
		if _, err := c.SCIM.Do(ctx, "POST", "/Users", user, &made); err != nil {
			return err
		}
		c.Users[p.Login] = made.ID
	}
	for _, name := range corp.Groups {
		members := []any{}
		for _, p := range corp.People {
			if slices.Contains(p.Groups, name) {
				members = append(members, map[string]string{"value": c.Users[p.Login]})
			}
		}
		group := map[string]any{"schemas": []string{"urn:ietf:params:scim:schemas:core:2.0:Group"}, "displayName": name, "members": members}
		if _, err := c.SCIM.Do(ctx, "POST", "/Groups", group, &made); err != nil {
			return err
		}
		c.Groups[name] = made.ID
	}
	return nil
}

// SetActive activates or deactivates a person by SCIM.
func (c *Company) SetActive(ctx context.Context, login string, active bool) error {
	patch := map[string]any{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"},
		"Operations": []any{map[string]any{"op": "replace", "path": "active", "value": active}}}
	_, err := c.SCIM.Do(ctx, "PATCH", "/Users/"+c.Users[login], patch, nil)
	return err
}

// Connect makes the application, the trusted token issuer, and what ties them: the guide's page in its own order.
func (c *Company) Connect(ctx context.Context) error {
	sso := ssoadmin.NewFromConfig(c.AWS(c.Root()))
	app, err := sso.CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("LarkspurData"),
		ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")})
	if err != nil {
		return err
	}
	c.Application = *app.ApplicationArn
	tti, err := sso.CreateTrustedTokenIssuer(ctx, &ssoadmin.CreateTrustedTokenIssuerInput{InstanceArn: &c.Instance, Name: aws.String("LarkspurIdP"),
		TrustedTokenIssuerType: ssotypes.TrustedTokenIssuerTypeOidcJwt,
		TrustedTokenIssuerConfiguration: &ssotypes.TrustedTokenIssuerConfigurationMemberOidcJwtConfiguration{Value: ssotypes.OidcJwtConfiguration{
			IssuerUrl: aws.String(c.Provider.Issuer()), ClaimAttributePath: aws.String("preferred_username"), IdentityStoreAttributePath: aws.String("userName"),
			JwksRetrievalOption: ssotypes.JwksRetrievalOptionOpenIdDiscovery}}})
	if err != nil {
		return err
	}
	c.Issuer = *tti.TrustedTokenIssuerArn
	if _, err := sso.PutApplicationGrant(ctx, &ssoadmin.PutApplicationGrantInput{ApplicationArn: &c.Application, GrantType: ssotypes.GrantType(JWTBearer),
		Grant: &ssotypes.GrantMemberJwtBearer{Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
			{TrustedTokenIssuerArn: &c.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}}); err != nil {
		return err
	}
	if _, err := sso.PutApplicationAccessScope(ctx, &ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: &c.Application, Scope: aws.String(accessScope)}); err != nil {
		return err
	}
	actors := map[string]any{"Version": "2012-10-17", "Statement": []any{map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": c.roleARN("webapp")},
		"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}}}
	if _, err := sso.PutApplicationAuthenticationMethod(ctx, &ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: &c.Application,
		AuthenticationMethodType: ssotypes.AuthenticationMethodTypeIam,
		AuthenticationMethod:     &ssotypes.AuthenticationMethodMemberIam{Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(actors)}}}); err != nil {
		return err
	}
	_, err = sso.PutApplicationAssignmentConfiguration(ctx, &ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: &c.Application, AssignmentRequired: aws.Bool(false)})
	return err
}

func (w *World) roleARN(name string) string {
	return "arn:aws:iam::" + w.Account + ":role/" + name
}

type policyDocument struct {
	Version   string
	Statement []map[string]any
}

func policyText(statements ...map[string]any) *string {
	b, _ := json.Marshal(policyDocument{"2012-10-17", statements}) // texts only
	return aws.String(string(b))
}

// Roles makes the machine's user and the three roles of the guide.
func (c *Company) Roles(ctx context.Context) error {
	x := iam.NewFromConfig(c.AWS(c.Root()))
	if _, err := x.CreateUser(ctx, &iam.CreateUserInput{UserName: aws.String("machine")}); err != nil {
		return err
	}
	key, err := x.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("machine")})
	if err != nil {
		return err
	}
	c.Machine = client.Key{ID: *key.AccessKey.AccessKeyId, Secret: *key.AccessKey.SecretAccessKey}
	c.WebApp, c.Bearer, c.Location = c.roleARN("webapp"), c.roleARN("identity-bearer"), c.roleARN("s3ag-location")
	assume := []string{"sts:AssumeRole", "sts:SetContext"}
	instance := fmt.Sprintf("arn:aws:s3:%s:%s:access-grants/default", c.Region, c.Account)
	source := map[string]any{"StringEquals": map[string]string{"aws:SourceAccount": c.Account, "aws:SourceArn": instance}}
	service := map[string]string{"Service": "access-grants.s3.amazonaws.com"}
	data := map[string]any{"StringEquals": map[string]string{"aws:ResourceAccount": c.Account}, "ArnEquals": map[string]string{"s3:AccessGrantsInstanceArn": instance}}
	for _, r := range []struct {
		name          string
		trust, policy *string
	}{
		{"webapp", policyText(map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": "arn:aws:iam::" + c.Account + ":user/machine"}, "Action": "sts:AssumeRole"}),
			policyText(map[string]any{"Effect": "Allow", "Action": assume, "Resource": c.Bearer})},
		{"identity-bearer", policyText(map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": c.WebApp}, "Action": assume}),
			policyText(map[string]any{"Effect": "Allow", "Action": []string{"s3:GetDataAccess", "s3:ListCallerAccessGrants", "s3:GetAccessGrantsInstanceForPrefix"}, "Resource": "*"})},
		{"s3ag-location", policyText(
			map[string]any{"Effect": "Allow", "Principal": service, "Action": []string{"sts:AssumeRole", "sts:SetSourceIdentity"}, "Condition": source},
			map[string]any{"Effect": "Allow", "Principal": service, "Action": "sts:SetContext", "Condition": map[string]any{"StringEquals": source["StringEquals"],
				"ForAllValues:ArnEquals": map[string]string{"sts:RequestContextProviders": "arn:aws:iam::aws:contextProvider/IdentityCenter"}}}),
			policyText(map[string]any{"Effect": "Allow", "Action": []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}, "Resource": "arn:aws:s3:::*", "Condition": data},
				map[string]any{"Effect": "Allow", "Action": []string{"s3:ListBucket", "s3:ListBucketMultipartUploads"}, "Resource": "arn:aws:s3:::*", "Condition": data})},
	} {
		if _, err := x.CreateRole(ctx, &iam.CreateRoleInput{RoleName: &r.name, AssumeRolePolicyDocument: r.trust}); err != nil {
			return err
		}
		if _, err := x.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: &r.name, PolicyName: aws.String("work"), PolicyDocument: r.policy}); err != nil {
			return err
		}
	}
	return nil
}

// Grant makes the Access Grants instance, its location, and the company's grants.
func (c *Company) Grant(ctx context.Context) error {
	x := s3control.NewFromConfig(c.AWS(c.Root()))
	if _, err := x.CreateAccessGrantsInstance(ctx, &s3control.CreateAccessGrantsInstanceInput{AccountId: &c.Account, IdentityCenterArn: &c.Instance}); err != nil {
		return err
	}
	location, err := x.CreateAccessGrantsLocation(ctx, &s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account, LocationScope: aws.String("s3://"), IAMRoleArn: &c.Location})
	if err != nil {
		return err
	}
	for _, g := range corp.Grants {
		who, kind, id := g.Group, s3ctypes.GranteeTypeDirectoryGroup, c.Groups[g.Group]
		if g.Login != "" {
			who, kind, id = g.Login, s3ctypes.GranteeTypeDirectoryUser, c.Users[g.Login]
		}
		made, err := x.CreateAccessGrant(ctx, &s3control.CreateAccessGrantInput{AccountId: &c.Account, AccessGrantsLocationId: location.AccessGrantsLocationId,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String(corp.Bucket + "/" + g.Prefix)},
			Grantee:                           &s3ctypes.Grantee{GranteeType: kind, GranteeIdentifier: &id}, Permission: s3ctypes.Permission(g.Permission)})
		if err != nil {
			return err
		}
		c.Grants[who] = *made.AccessGrantId
	}
	return nil
}

// Settle sets the whole company up, files, directory, application, roles and grants.
func (w *World) Settle(ctx context.Context) (*Company, error) {
	if err := w.Files(ctx); err != nil {
		return nil, err
	}
	c, err := w.Directory(ctx)
	if err != nil {
		return nil, err
	}
	for _, step := range []func(context.Context) error{c.Provision, c.Roles, c.Connect, c.Grant} {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	return c, nil
}
