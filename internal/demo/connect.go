package demo

import (
	"context"
	"encoding/xml"

	"granary/internal/client"
	"granary/internal/corp"
)

// record is a JSON object.
type record map[string]any

// JWTBearer is the grant type of the exchange.
const JWTBearer = "urn:ietf:params:oauth:grant-type:jwt-bearer"

const accessScope = "s3:access_grants:read_write"

// identityCenter calls an operation of Identity Center as the root user. out may be nil.
func (c *Company) identityCenter(ctx context.Context, operation string, in record, out any) error {
	call, err := c.Caller(c.Root())
	if err != nil {
		return err
	}
	return call.JSON(ctx, "sso", "SWBExternalService."+operation, in, out)
}

// Connect makes the application and the trusted token issuer, and ties them together, in the order of the guide's page.
func (c *Company) Connect(ctx context.Context) error {
	var application struct{ ApplicationArn string }
	if err := c.identityCenter(ctx, "CreateApplication", record{"InstanceArn": c.Instance, "Name": "LarkspurData",
		"ApplicationProviderArn": "arn:aws:sso::aws:applicationProvider/custom"}, &application); err != nil {
		return err
	}
	c.Application = application.ApplicationArn
	var issuer struct{ TrustedTokenIssuerArn string }
	if err := c.identityCenter(ctx, "CreateTrustedTokenIssuer", record{"InstanceArn": c.Instance, "Name": "LarkspurIdP",
		"TrustedTokenIssuerType": "OIDC_JWT",
		"TrustedTokenIssuerConfiguration": record{"OidcJwtConfiguration": record{"IssuerUrl": c.Provider.Issuer(),
			"ClaimAttributePath": "preferred_username", "IdentityStoreAttributePath": "userName",
			"JwksRetrievalOption": "OPEN_ID_DISCOVERY"}}}, &issuer); err != nil {
		return err
	}
	c.Issuer = issuer.TrustedTokenIssuerArn
	actors := record{"Version": "2012-10-17", "Statement": []any{record{"Effect": "Allow",
		"Principal": record{"AWS": c.roleARN("webapp")}, "Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}}}
	for _, step := range []struct {
		operation string
		in        record
	}{
		{"PutApplicationGrant", record{"GrantType": JWTBearer, "Grant": record{"JwtBearer": record{
			"AuthorizedTokenIssuers": []any{record{"TrustedTokenIssuerArn": c.Issuer,
				"AuthorizedAudiences": []string{corp.ClientID}}}}}}},
		{"PutApplicationAccessScope", record{"Scope": accessScope}},
		{"PutApplicationAuthenticationMethod", record{"AuthenticationMethodType": "IAM",
			"AuthenticationMethod": record{"Iam": record{"ActorPolicy": actors}}}},
		{"PutApplicationAssignmentConfiguration", record{"AssignmentRequired": false}},
	} {
		step.in["ApplicationArn"] = c.Application
		if err := c.identityCenter(ctx, step.operation, step.in, nil); err != nil {
			return err
		}
	}
	return nil
}

// grantsPath is where the operations of S3 Access Grants stand.
const grantsPath = "/v20180820/accessgrantsinstance"

// accessGrants calls an operation of S3 Access Grants with a key. in and out may be nil.
func (c *Company) accessGrants(ctx context.Context, k client.Key, method, path string, in, out any) error {
	call, err := c.Caller(k)
	if err != nil {
		return err
	}
	return call.XML(ctx, client.Request{Service: "s3", Method: method, Path: grantsPath + path,
		Header: map[string]string{"X-Amz-Account-Id": c.Account}}, in, out)
}

// The requests of S3 Access Grants that the company is set up by. The element names are AWS's.
type (
	instanceRequest struct {
		XMLName           xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ CreateAccessGrantsInstanceRequest"`
		IdentityCenterArn string
	}
	locationRequest struct {
		XMLName       xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ CreateAccessGrantsLocationRequest"`
		LocationScope string
		IAMRoleArn    string
	}
	grantRequest struct {
		XMLName                xml.Name `xml:"http://awss3control.amazonaws.com/doc/2018-08-20/ CreateAccessGrantRequest"`
		AccessGrantsLocationId string
		S3SubPrefix            string `xml:"AccessGrantsLocationConfiguration>S3SubPrefix"`
		GranteeType            string `xml:"Grantee>GranteeType"`
		GranteeIdentifier      string `xml:"Grantee>GranteeIdentifier"`
		Permission             string
	}
)

// Grant makes the Access Grants instance, its location, and the company's grants.
func (c *Company) Grant(ctx context.Context) error {
	if err := c.accessGrants(ctx, c.Root(), "POST", "", instanceRequest{IdentityCenterArn: c.Instance}, nil); err != nil {
		return err
	}
	var made struct{ AccessGrantsLocationId, AccessGrantId string }
	if err := c.accessGrants(ctx, c.Root(), "POST", "/location",
		locationRequest{LocationScope: "s3://", IAMRoleArn: c.Location}, &made); err != nil {
		return err
	}
	for _, g := range corp.Grants {
		grantee, kind, id := g.Group, "DIRECTORY_GROUP", c.Groups[g.Group]
		if g.Login != "" {
			grantee, kind, id = g.Login, "DIRECTORY_USER", c.Users[g.Login]
		}
		in := grantRequest{AccessGrantsLocationId: made.AccessGrantsLocationId, S3SubPrefix: corp.Bucket + "/" + g.Prefix,
			GranteeType: kind, GranteeIdentifier: id, Permission: g.Permission}
		var grant struct{ AccessGrantId string }
		if err := c.accessGrants(ctx, c.Root(), "POST", "/grant", in, &grant); err != nil {
			return err
		}
		c.Grants[grantee] = grant.AccessGrantId
	}
	return nil
}
