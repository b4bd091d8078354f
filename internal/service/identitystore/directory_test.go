package identitystore_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"

	"granary/internal/client"
	"granary/internal/worldtest"
)

func TestDirectoryUpdates(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := worldtest.Start(t)
	c, err := w.Directory(ctx)
	if err != nil {
		t.Fatal(err)
	}
	ids := identitystore.NewFromConfig(w.AWS(w.Root()))
	create := func(name string) string {
		t.Helper()
		out, err := ids.CreateUser(ctx, &identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: &name,
			DisplayName: &name,
			Name:        &idtypes.Name{GivenName: aws.String("G"), FamilyName: aws.String("F")},
			Emails:      []idtypes.Email{{Value: aws.String(name + "@x.example"), Primary: true}}})
		if err != nil {
			t.Fatal(err)
		}
		return *out.UserId
	}
	ann, _ := create("ann"), create("bob")
	update := func(ops ...[]idtypes.AttributeOperation) error {
		in := &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &ann}
		for _, op := range ops {
			in.Operations = append(in.Operations, op...)
		}
		_, err := ids.UpdateUser(ctx, in)
		return err
	}
	describe := func() *identitystore.DescribeUserOutput {
		t.Helper()
		return worldtest.Must[*identitystore.DescribeUserOutput](t)(ids.DescribeUser(ctx,
			&identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: &ann,
				Extensions: []string{"aws:identitystore:enterprise"}}))
	}

	t.Run("each attribute", func(t *testing.T) {
		err := update(worldtest.AttributeUpdate("NAME.familyName", "Zed"), worldtest.AttributeUpdate("displayName", "Ann Z"),
			worldtest.AttributeUpdate("nickName", "Annie"), worldtest.AttributeUpdate("title", "Lead"),
			worldtest.AttributeUpdate("userType", "staff"),
			worldtest.AttributeUpdate("preferredLanguage", "en"), worldtest.AttributeUpdate("locale", "en-GB"),
			worldtest.AttributeUpdate("timezone", "Europe/London"),
			worldtest.AttributeUpdate("website", "https://ann.example"), worldtest.AttributeUpdate("birthdate", "1990-01-01"),
			worldtest.AttributeUpdate("emails", []any{map[string]any{"value": "a@new.example", "type": "work",
				"primary": true}}),
			worldtest.AttributeUpdate("phoneNumbers", []any{map[string]any{"Value": "+44", "Type": "work"}}),
			worldtest.AttributeUpdate("addresses", []any{map[string]any{"locality": "Leeds"}}),
			worldtest.AttributeUpdate("roles", []any{map[string]any{"value": "boss"}}),
			worldtest.AttributeUpdate("photos", []any{map[string]any{"value": "https://p.example"}}),
			worldtest.AttributeUpdate("aws:identitystore:enterprise.department", "Mill"),
			worldtest.AttributeUpdate("aws:identitystore:enterprise.manager", map[string]any{"value": "m1"}))
		if err != nil {
			t.Fatal(err)
		}
		u := describe()
		got := strings.Join([]string{*u.Name.FamilyName, *u.Name.GivenName, *u.DisplayName, *u.NickName, *u.Title,
			*u.UserType, *u.PreferredLanguage, *u.Locale, *u.Timezone,
			*u.Website, *u.Birthdate, *u.Emails[0].Value, *u.PhoneNumbers[0].Value, *u.Addresses[0].Locality, *u.Roles[0].Value,
			*u.Photos[0].Value}, "|")
		if want := "Zed|G|Ann Z|Annie|Lead|staff|en|en-GB|Europe/London|" +
			"https://ann.example|1990-01-01|a@new.example|+44|Leeds|boss|https://p.example"; got != want {
			t.Errorf("after the update: %s, want %s", got, want)
		}
		var x struct {
			Department string
			Manager    struct{ Value string }
		}
		if err := u.Extensions["aws:identitystore:enterprise"].UnmarshalSmithyDocument(&x); err != nil ||
			x.Department != "Mill" || x.Manager.Value != "m1" {
			t.Errorf("the extension: %+v, %v", x, err)
		}
	})
	t.Run("no value removes", func(t *testing.T) {
		if err := update(worldtest.AttributeUpdate("nickName", nil), worldtest.AttributeUpdate("phoneNumbers", nil),
			worldtest.AttributeUpdate("aws:identitystore:enterprise", nil)); err != nil {
			t.Fatal(err)
		}
		if u := describe(); u.NickName != nil || u.PhoneNumbers != nil || u.Extensions != nil {
			t.Errorf("after removal: %+v", u)
		}
	})
	t.Run("refusals change nothing", func(t *testing.T) {
		before := describe()
		for _, r := range []struct {
			ops         []idtypes.AttributeOperation
			code, words string
		}{
			{worldtest.AttributeUpdate("userName", nil), "ValidationException", "userName is a required attribute"},
			{worldtest.AttributeUpdate("userName", "Administrator"), "ValidationException", "reserved"},
			{worldtest.AttributeUpdate("userName", "with space"), "ValidationException", "without spaces"},
			{worldtest.AttributeUpdate("userName", "BOB"), "ConflictException", "Duplicate UserName"},
			{worldtest.AttributeUpdate("emails", []any{map[string]any{"value": "BOB@x.example"}}), "ConflictException",
				"Duplicate UserEmail"},
			{worldtest.AttributeUpdate("emails", []any{map[string]any{"value": "1"}, map[string]any{"value": "2"}}),
				"ValidationException",
				"single item"},
			{worldtest.AttributeUpdate("emails", []any{}), "ValidationException", "list of one"},
			{worldtest.AttributeUpdate("emails", "a@b.example"), "ValidationException", "list of one"},
			{worldtest.AttributeUpdate("emails", []any{map[string]any{"colour": "red"}}), "ValidationException", "own members"},
			{worldtest.AttributeUpdate("name.familyName", nil), "ValidationException", "familyname is required"},
			{worldtest.AttributeUpdate("name", map[string]any{"GivenName": "x"}), "ValidationException",
				"familyname is required"},
			{worldtest.AttributeUpdate("displayName", ""), "ValidationException", "must not be empty"},
			{worldtest.AttributeUpdate("displayName", 7), "ValidationException", "must be a text"},
			{worldtest.AttributeUpdate("displayName", strings.Repeat("x", 1025)), "ValidationException", "at most 1024"},
			{worldtest.AttributeUpdate("title", "a\x00b"), "ValidationException", "not allowed"},
			{worldtest.AttributeUpdate("userStatus", "DISABLED"), "ValidationException", "cannot be set"},
			{worldtest.AttributeUpdate("userId", "x"), "ValidationException", "cannot be set"},
			{worldtest.AttributeUpdate("externalIds", []any{}), "ValidationException", "cannot be set"},
			{worldtest.AttributeUpdate("no.such", "x"), "ValidationException", "cannot be set"},
			{worldtest.AttributeUpdate("aws:identitystore:enterprise.salary", "x"), "ValidationException", "cannot be set"},
			{worldtest.AttributeUpdate("photos", []any{map[string]any{"type": "x"}}), "ValidationException", "photos.value"},
			{worldtest.AttributeUpdate("bad path!", "x"), "ValidationException", "attributePath"},
		} {
			worldtest.Refused(t, update(worldtest.AttributeUpdate("title", "changed"), r.ops), r.code, r.words)
		}
		if after := describe(); *after.Title != *before.Title || *after.UpdatedAt != *before.UpdatedAt {
			t.Errorf("a refused update left its marks: %+v", after)
		}
	})
	t.Run("groups", func(t *testing.T) {
		group := func(name string) string {
			return *worldtest.Must[*identitystore.CreateGroupOutput](t)(ids.CreateGroup(ctx,
				&identitystore.CreateGroupInput{IdentityStoreId: &c.Store, DisplayName: &name})).GroupId
		}
		g, _ := group("one"), group("two")
		rename := func(id string, ops ...idtypes.AttributeOperation) error {
			_, err := ids.UpdateGroup(ctx, &identitystore.UpdateGroupInput{IdentityStoreId: &c.Store, GroupId: &id,
				Operations: ops})
			return err
		}
		if err := rename(g, append(worldtest.AttributeUpdate("displayName", "uno"),
			worldtest.AttributeUpdate("Description", "the first")...)...); err != nil {
			t.Fatal(err)
		}
		d := worldtest.Must[*identitystore.DescribeGroupOutput](t)(ids.DescribeGroup(ctx,
			&identitystore.DescribeGroupInput{IdentityStoreId: &c.Store, GroupId: &g}))
		if *d.DisplayName != "uno" || *d.Description != "the first" {
			t.Errorf("the group: %s, %s", *d.DisplayName, *d.Description)
		}
		worldtest.Refused(t, rename(g, worldtest.AttributeUpdate("displayName", "TWO")...), "ConflictException",
			"Duplicate GroupDisplayName")
		worldtest.Refused(t, rename(g, worldtest.AttributeUpdate("displayName", nil)...), "ValidationException", "required")
		worldtest.Refused(t, rename(g, worldtest.AttributeUpdate("members", nil)...), "ValidationException", "cannot be set")
		worldtest.Refused(t, rename("00000000-0000-0000-0000-000000000000", worldtest.AttributeUpdate("displayName", "x")...),
			"ResourceNotFoundException",
			"GROUP not found")
	})
	t.Run("nobody else", func(t *testing.T) {
		ids := identitystore.NewFromConfig(w.AWS(client.Key{ID: "AKIAAAAAAAAAAAAAAAAA", Secret: "x"}))
		_, err := ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &ann,
			Operations: worldtest.AttributeUpdate("title", "x")})
		worldtest.Refused(t, err, "UnrecognizedClientException", "")
		other := "00000000-0000-0000-0000-000000000000"
		ids = identitystore.NewFromConfig(w.AWS(w.Root()))
		_, err = ids.UpdateUser(ctx, &identitystore.UpdateUserInput{IdentityStoreId: &c.Store, UserId: &other,
			Operations: worldtest.AttributeUpdate("title", "x")})
		worldtest.Refused(t, err, "ResourceNotFoundException", "USER not found")
	})
}
