package iam

import (
	"net/url"
	"strings"
	"time"

	"granary"
	api "granary/internal/api/iam"
)

func userShape(u *granary.IAMUser) *api.User {
	return &api.User{Arn: string(u.ARN()), CreateDate: u.Created, Path: u.Path, UserId: u.ID, UserName: u.Name, Tags: tagShapes(u.Tags),
		PermissionsBoundary: boundaryShape(u.Boundary)}
}

func roleShape(r *granary.Role) *api.Role {
	seconds := int64(r.MaxSession)
	return &api.Role{Arn: string(r.ARN()), AssumeRolePolicyDocument: escape(r.Trust), CreateDate: r.Created, Description: r.Description,
		MaxSessionDuration: &seconds, Path: r.Path, RoleId: r.ID, RoleName: r.Name, Tags: tagShapes(r.Tags), PermissionsBoundary: boundaryShape(r.Boundary)}
}

func boundaryShape(arn granary.ARN) *api.AttachedPermissionsBoundary {
	if arn == "" {
		return nil
	}
	return &api.AttachedPermissionsBoundary{PermissionsBoundaryArn: string(arn), PermissionsBoundaryType: "PermissionsBoundaryPolicy"}
}

func tagShapes(tags []granary.Tag) []api.Tag {
	var out []api.Tag
	for _, t := range tags {
		out = append(out, api.Tag{Key: t.Key, Value: t.Value})
	}
	return out
}

// escape percent-encodes a policy document as IAM's answers carry it (RFC 3986).
func escape(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

// born is when an account was made.
func (s *service) born(a granary.AccountID) time.Time {
	if acc, ok := s.Index.Account(a); ok {
		return acc.Created
	}
	return time.Time{}
}
