package explain_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/worldtest"
)

// run makes the grant that a fix's command would: its options, as a shell and the AWS CLI read them.
func run(t *testing.T, x *s3control.Client, fix string) error {
	t.Helper()
	_, command, ok := strings.Cut(fix, "Run: ")
	if command, _, _ = strings.Cut(command, "; "); !ok ||
		!strings.HasPrefix(command, "aws s3control create-access-grant ") {
		t.Fatalf("there is nothing to run in %q", fix)
	}
	options := map[string]string{}
	for o := range strings.SplitSeq(strings.TrimPrefix(command, "aws s3control create-access-grant --"), " --") {
		name, value, _ := strings.Cut(o, " ")
		options[name] = strings.Trim(value, "'")
	}
	kind, id, _ := strings.Cut(options["grantee"], ",")
	in := &s3control.CreateAccessGrantInput{AccountId: aws.String(options["account-id"]),
		AccessGrantsLocationId: aws.String(options["access-grants-location-id"]),
		AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
			S3SubPrefix: aws.String(strings.TrimPrefix(options["access-grants-location-configuration"], "S3SubPrefix="))},
		Grantee: &s3ctypes.Grantee{
			GranteeType:       s3ctypes.GranteeType(strings.TrimPrefix(kind, "GranteeType=")),
			GranteeIdentifier: aws.String(strings.TrimPrefix(id, "GranteeIdentifier="))},
		Permission:   s3ctypes.Permission(options["permission"]),
		S3PrefixType: s3ctypes.S3PrefixType(options["s3-prefix-type"])}
	_, err := x.CreateAccessGrant(t.Context(), in)
	return err
}

// The command that explain gives for a missing grant works as it stands, whatever locations there are, and then the
// person gets the key.
func TestTheFixOfAMissingGrantWorksAsItStands(t *testing.T) {
	ctx := t.Context()
	c := worldtest.Settle(t)
	x := s3control.NewFromConfig(c.AWS(c.Root()))
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	clear := func() {
		for _, g := range worldtest.Must[*s3control.ListAccessGrantsOutput](t)(x.ListAccessGrants(ctx,
			&s3control.ListAccessGrantsInput{AccountId: &c.Account})).AccessGrantsList {
			worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(x.DeleteAccessGrant(ctx,
				&s3control.DeleteAccessGrantInput{AccountId: &c.Account, AccessGrantId: g.AccessGrantId}))
		}
		for _, l := range worldtest.Must[*s3control.ListAccessGrantsLocationsOutput](t)(x.ListAccessGrantsLocations(ctx,
			&s3control.ListAccessGrantsLocationsInput{AccountId: &c.Account})).AccessGrantsLocationsList {
			worldtest.Must[*s3control.DeleteAccessGrantsLocationOutput](t)(x.DeleteAccessGrantsLocation(ctx,
				&s3control.DeleteAccessGrantsLocationInput{AccountId: &c.Account,
					AccessGrantsLocationId: l.AccessGrantsLocationId}))
		}
	}
	explain := func(target, permission string) (link, fix string) {
		t.Helper()
		var chain worldtest.Explained
		if err := client.Ask(ctx, c.Env, "ExplainAccess", map[string]string{"User": worldtest.Alice, "Target": target,
			"Permission": permission, "Role": c.Bearer}, &chain); err != nil {
			t.Fatal(err)
		}
		link, _, fix = chain.Broken()
		return link, fix
	}
	bucket := "s3://" + corp.Bucket
	for _, locations := range [][]string{{"s3://"}, {bucket}, {bucket + "/"}, {bucket + "/*"}, {bucket + "/finance/*"},
		{"s3://", bucket + "/", bucket + "/finance/"}, {bucket + "/fin*", bucket + "/payroll/*"}} {
		clear()
		for _, l := range locations {
			worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.CreateAccessGrantsLocation(ctx,
				&s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account, LocationScope: &l, IAMRoleArn: &c.Location}))
		}
		for _, target := range []string{bucket + "/finance/q3/*", bucket + "/finance/2026-q3.csv",
			bucket + "/finance/a b,c/*"} {
			link, fix := explain(target, "READ")
			if link != "grant" && link != "prefix" {
				t.Fatalf("%v, %s: broke at %s", locations, target, link)
			}
			if strings.Contains(target, ",") { // the CLI's shorthand has quotes of its own
				fix = strings.NewReplacer(`S3SubPrefix="`, "S3SubPrefix=", `"'`, "'").Replace(fix)
			}
			if err := run(t, x, fix); err != nil {
				t.Errorf("%v, %s: %s\n%v", locations, target, fix, err)
				continue
			}
			if _, _, err := c.Vend(ctx, bearer, target, "READ"); err != nil {
				t.Errorf("%v, %s, after %s: %v", locations, target, fix, err)
			}
		}
	}
	// Without a location that holds the target the fix says so.
	if _, fix := explain(bucket+"/hr/*", "READ"); !strings.Contains(fix, "No location holds") ||
		!strings.Contains(fix, "create-access-grants-location --account-id "+c.Account+" --location-scope "+bucket+"/ ") {
		t.Errorf("without a location: %s", fix)
	}
	// Whose group reads is told how the group writes too.
	clear()
	location := *worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.CreateAccessGrantsLocation(ctx,
		&s3control.CreateAccessGrantsLocationInput{AccountId: &c.Account, LocationScope: aws.String(bucket + "/"),
			IAMRoleArn: &c.Location})).AccessGrantsLocationId
	group := c.Groups["Finance"]
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.CreateAccessGrant(ctx,
		&s3control.CreateAccessGrantInput{AccountId: &c.Account, AccessGrantsLocationId: &location,
			Permission:                        s3ctypes.PermissionRead,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{S3SubPrefix: aws.String("finance/*")},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryGroup,
				GranteeIdentifier: &group}}))
	_, fix := explain(bucket+"/finance/*", "WRITE")
	if !strings.Contains(fix, "GranteeType=DIRECTORY_GROUP,GranteeIdentifier="+group+" --permission READWRITE") ||
		!strings.Contains(fix, "the group Finance ("+group+")") {
		t.Errorf("for the group: %s", fix)
	}
	if err := run(t, x, fix); err != nil {
		t.Error(err)
	}
	for _, permission := range []string{"READ", "WRITE", "READWRITE"} {
		if _, _, err := c.Vend(ctx, bearer, bucket+"/finance/*", permission); err != nil {
			t.Errorf("%s after the fix: %v", permission, err)
		}
	}
	// A person is found by what stands before the @, where that is one person's alone.
	var short worldtest.Explained
	if err := client.Ask(ctx, c.Env, "ExplainAccess", map[string]string{"User": strings.SplitN(worldtest.Alice, "@", 2)[0],
		"Target": bucket + "/finance/*"}, &short); err != nil || !short.Allowed {
		t.Errorf("by the local part: %+v, %v", short, err)
	}
}
