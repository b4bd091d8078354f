package s3control

import (
	"granary"
	api "granary/internal/api/s3control"
)

func instanceShape(i *granary.GrantsInstance) api.GetAccessGrantsInstanceOutput {
	// IdentityCenterArn, deprecated, is the application's ARN although requests give the instance's under that name.
	return api.GetAccessGrantsInstanceOutput{AccessGrantsInstanceArn: string(i.ARN()), AccessGrantsInstanceId: "default",
		CreatedAt:                    i.Created,
		IdentityCenterApplicationArn: string(i.Application), IdentityCenterArn: string(i.Application),
		IdentityCenterInstanceArn: string(i.IdentityCenter)}
}

func locationShape(l *granary.Location) api.GetAccessGrantsLocationOutput {
	return api.GetAccessGrantsLocationOutput{AccessGrantsLocationArn: string(l.ARN()),
		AccessGrantsLocationId: string(l.ID), CreatedAt: l.Created,
		IAMRoleArn: string(l.Role), LocationScope: l.Scope}
}

func granteeShape(g granary.Grantee) *api.Grantee {
	return &api.Grantee{GranteeType: g.Type.String(), GranteeIdentifier: g.ID}
}

// grantShape leaves the location's configuration out when the grant has no sub-prefix: clients copy what appears here
// into their state (access-grants §4.16).
func grantShape(g *granary.Grant) api.GetAccessGrantOutput {
	out := api.GetAccessGrantOutput{AccessGrantArn: string(g.ARN()), AccessGrantId: string(g.ID),
		AccessGrantsLocationId: string(g.Location),
		ApplicationArn:         string(g.Application), CreatedAt: g.Created, GrantScope: g.Scope,
		Grantee:    granteeShape(g.Grantee),
		Permission: g.Permission.String()}
	if g.SubPrefix != "" {
		out.AccessGrantsLocationConfiguration = &api.AccessGrantsLocationConfiguration{S3SubPrefix: g.SubPrefix}
	}
	return out
}
