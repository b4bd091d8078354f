package scim_test

import (
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/server"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// provisioned is a server with settings of its own and a directory to provision.
func provisioned(t *testing.T, change func(*server.Config)) *world.Company {
	t.Helper()
	c := worldtest.Defaults(t)
	change(&c)
	w, err := world.Start(t.Context(), c, "127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.Stop() })
	return worldtest.Must[*world.Company](t)(w.Directory(t.Context()))
}

// What SCIM wrote is shown whole by the identity store's API, and stays when that changes something else.
func TestWhatSCIMWroteSurvivesTheAPI(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := provisioned(t, func(c *server.Config) { c.Scim.MultiValued, c.Scim.Lenient = "keep", true })
	ids := identitystore.NewFromConfig(c.AWS(c.Root()))
	var made struct{ ID string }
	_, err := c.SCIM.Do(ctx, "POST", "/Users",
		map[string]any{"userName": "ann", "emails": []any{map[string]any{"value": "home@x", "type": "home"},
			map[string]any{"value": "work@x", "type": "work"}},
			"phoneNumbers": []any{"1", "2"}, "roles": []any{"a", "b"}, "addresses": []any{map[string]any{"locality": "York"},
				map[string]any{"locality": "Leeds"}}}, &made)
	if err != nil {
		t.Fatal(err)
	}
	describe := func() *identitystore.DescribeUserOutput {
		t.Helper()
		return worldtest.Must[*identitystore.DescribeUserOutput](t)(ids.DescribeUser(ctx,
			&identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: &made.ID}))
	}
	count := func(u *identitystore.DescribeUserOutput) string {
		return fmt.Sprint(len(u.Emails), len(u.PhoneNumbers), len(u.Roles), len(u.Addresses))
	}
	u := describe()
	if count(u) != "2 2 2 2" || u.Emails[0].Primary || !u.Emails[1].Primary || *u.DisplayName != "ann" || u.Name != nil {
		t.Fatalf("as SCIM wrote: %+v", u)
	}
	if !strings.HasPrefix(*u.CreatedBy, "arn:aws:identitystore::"+c.Account+":scim/") || *u.UpdatedBy != *u.CreatedBy {
		t.Errorf("made by %s", *u.CreatedBy)
	}
	update := func(ops []idtypes.AttributeOperation) error {
		_, err := ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &made.ID,
			Operations: ops})
		return err
	}
	if err := update(append(worldtest.AttributeUpdate("title", "Dr"),
		worldtest.AttributeUpdate("website", "https://ann.example")...)); err != nil {
		t.Fatal(err)
	}
	if u := describe(); count(u) != "2 2 2 2" || *u.Title != "Dr" || *u.UpdatedBy == *u.CreatedBy {
		t.Errorf("after another attribute: %+v", u)
	}
	list := []any{map[string]any{"value": "1@x"}, map[string]any{"value": "2@x"}}
	worldtest.Refused(t, update(worldtest.AttributeUpdate("emails", list)), "ValidationException", "single item")
	if err := update(worldtest.AttributeUpdate("emails", list[:1])); err != nil {
		t.Fatal(err)
	}
	if u := describe(); count(u) != "1 2 2 2" || *u.Emails[0].Value != "1@x" {
		t.Errorf("after one address: %+v", u)
	}
	id, err := ids.GetUserId(ctx, &identitystore.GetUserIdInput{IdentityStoreId: &c.Store,
		AlternateIdentifier: &idtypes.AlternateIdentifierMemberUniqueAttribute{
			Value: idtypes.UniqueAttribute{AttributePath: aws.String("emails.value"),
				AttributeValue: worldtest.AttributeUpdate("", "1@x")[0].AttributeValue}}})
	if err != nil || *id.UserId != made.ID {
		t.Errorf("by the address: %v", err)
	}
	if _, err := c.SCIM.Do(ctx, "PUT", "/Users/"+made.ID, map[string]any{"userName": "ann"}, nil); err != nil {
		t.Fatal(err)
	}
	if u := describe(); count(u) != "0 0 0 0" || u.Title != nil || aws.ToString(u.Website) != "https://ann.example" {
		t.Errorf("after a PUT without them, and of what SCIM does not know: %+v", u)
	}
}

// The other way round: SCIM adopts whom the API made, and takes nothing away that it does not know.
func TestSCIMAdoptsWhomTheAPIMade(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := provisioned(t, func(*server.Config) {})
	ids := identitystore.NewFromConfig(c.AWS(c.Root()))
	user := worldtest.Must[*identitystore.CreateUserOutput](t)(ids.CreateUser(ctx,
		&identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: aws.String("ann"), DisplayName: aws.String("Ann"),
			Name:   &idtypes.Name{GivenName: aws.String("A"), FamilyName: aws.String("L")},
			Photos: []idtypes.Photo{{Value: aws.String("https://p")}}, Birthdate: aws.String("1990-01-01")}))
	person := map[string]any{"userName": "ANN", "externalId": "e-1", "displayName": "Ann",
		"name": map[string]any{"givenName": "A", "familyName": "L"}}
	if status, _ := c.SCIM.Do(ctx, "POST", "/Users", person, nil); status != 409 {
		t.Errorf("made again: %d", status)
	}
	if status, err := c.SCIM.Do(ctx, "PUT", "/Users/"+*user.UserId, person, nil); status != 200 {
		t.Fatal(err)
	}
	u := worldtest.Must[*identitystore.DescribeUserOutput](t)(ids.DescribeUser(ctx,
		&identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: user.UserId}))
	if len(u.Photos) != 1 || aws.ToString(u.Birthdate) != "1990-01-01" || len(u.ExternalIds) != 1 ||
		*u.ExternalIds[0].Id != "e-1" || !strings.HasPrefix(*u.ExternalIds[0].Issuer, "https://scim.aws.com/") {
		t.Errorf("after the adoption: %+v", u)
	}
	var group struct{ ID string }
	if _, err := c.SCIM.Do(ctx, "POST", "/Groups", map[string]any{"displayName": "G", "members": []any{*user.UserId}},
		&group); err != nil {
		t.Fatal(err)
	}
	for _, change := range []func() error{
		func() error { // a membership taken by the API is gone for SCIM
			m, err := ids.GetGroupMembershipId(ctx, &identitystore.GetGroupMembershipIdInput{IdentityStoreId: &c.Store,
				GroupId: &group.ID, MemberId: &idtypes.MemberIdMemberUserId{Value: *user.UserId}})
			if err != nil {
				return err
			}
			_, err = ids.DeleteGroupMembership(ctx, &identitystore.DeleteGroupMembershipInput{IdentityStoreId: &c.Store,
				MembershipId: m.MembershipId})
			return err
		},
		func() error {
			_, err := c.SCIM.Do(ctx, "PATCH", "/Groups/"+group.ID,
				map[string]any{"Operations": []any{map[string]any{"op": "add", "path": "members", "value": []any{*user.UserId}}}},
				nil)
			return err
		},
	} {
		if err := change(); err != nil {
			t.Fatal(err)
		}
		in := worldtest.Must[*identitystore.IsMemberInGroupsOutput](t)(ids.IsMemberInGroups(ctx,
			&identitystore.IsMemberInGroupsInput{IdentityStoreId: &c.Store,
				GroupIds: []string{group.ID}, MemberId: &idtypes.MemberIdMemberUserId{Value: *user.UserId}})).
			Results[0].MembershipExists
		var g struct{ Members []struct{ Value string } }
		if _, err := c.SCIM.Do(ctx, "GET", "/Groups/"+group.ID, nil, &g); err != nil || in != (len(g.Members) == 1) {
			t.Errorf("the two disagree: %v, %+v, %v", in, g, err)
		}
	}
}

// Each setting of provisioning does what it says, and refuses.
func TestProvisioningSettings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	user := map[string]any{"userName": "ann", "displayName": "Ann",
		"name":   map[string]any{"givenName": "A", "familyName": "L"},
		"emails": []any{map[string]any{"value": "a@x", "type": "work"}, map[string]any{"value": "b@x"}}}
	for name, x := range map[string]struct {
		change func(*server.Config)
		status int
		emails int
	}{
		"as on AWS": {func(*server.Config) {}, 400, 0},
		"lenient":   {func(c *server.Config) { c.Scim.Lenient = true }, 201, 1},
		"keep":      {func(c *server.Config) { c.Scim.MultiValued = "keep" }, 201, 2},
	} {
		c := provisioned(t, x.change)
		var made struct {
			ID     string
			Emails []struct{ Value string }
		}
		status, err := c.SCIM.Do(ctx, "POST", "/Users", user, &made)
		if status != x.status || len(made.Emails) != x.emails || x.status == 400 && !strings.Contains(err.Error(),
			"single item") {
			t.Errorf("%s: %d %+v %v", name, status, made, err)
		}
	}
	c := provisioned(t, func(c *server.Config) { c.Scim.Writes = 2 })
	limited := 0
	for i := range 10 {
		if status, _ := c.SCIM.Do(ctx, "POST", "/Groups", map[string]any{"displayName": fmt.Sprint("g", i)},
			nil); status == 429 {
			limited++
		}
	}
	if limited == 0 {
		t.Error("ten groups at once, and two a second are allowed")
	}
}
