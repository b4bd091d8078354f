package world_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/wire"
	"granary/internal/world"
	"granary/internal/worldtest"
)

const (
	financeTarget = "s3://" + corp.Bucket + "/finance/*"
	financeFile   = "finance/2026-q3.csv"
)

// remade is a company whose Access Grants are taken away and made anew.
type remade struct {
	*world.Company
	x *s3control.Client
}

// dropGrants deletes the location "default" and all grants.
func (r remade) dropGrants(t *testing.T) {
	t.Helper()
	for {
		list := worldtest.Must[*s3control.ListAccessGrantsOutput](t)(r.x.ListAccessGrants(t.Context(),
			&s3control.ListAccessGrantsInput{AccountId: &r.Account})).AccessGrantsList
		if len(list) == 0 {
			break
		}
		for _, g := range list {
			worldtest.Must[*s3control.DeleteAccessGrantOutput](t)(r.x.DeleteAccessGrant(t.Context(),
				&s3control.DeleteAccessGrantInput{AccountId: &r.Account, AccessGrantId: g.AccessGrantId}))
		}
	}
	worldtest.Must[*s3control.DeleteAccessGrantsLocationOutput](t)(r.x.DeleteAccessGrantsLocation(t.Context(),
		&s3control.DeleteAccessGrantsLocationInput{AccountId: &r.Account, AccessGrantsLocationId: aws.String("default")}))
}

// makeLocation makes the location "default", with the role of the one before.
func (r remade) makeLocation(t *testing.T) {
	t.Helper()
	made := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(r.x.CreateAccessGrantsLocation(t.Context(),
		&s3control.CreateAccessGrantsLocationInput{AccountId: &r.Account, IAMRoleArn: &r.Location,
			LocationScope: aws.String("s3://")}))
	if *made.AccessGrantsLocationId != "default" {
		t.Fatalf("the location is %s", *made.AccessGrantsLocationId)
	}
}

// grant grants what the company had granted to Finance.
func (r remade) grant(t *testing.T) {
	t.Helper()
	id := r.Groups["Finance"]
	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(r.x.CreateAccessGrant(t.Context(),
		&s3control.CreateAccessGrantInput{AccountId: &r.Account, AccessGrantsLocationId: aws.String("default"),
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
				S3SubPrefix: aws.String(corp.Bucket + "/finance/*")},
			Grantee:    &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryGroup, GranteeIdentifier: &id},
			Permission: s3ctypes.PermissionRead}))
}

// closed fails the test when a key still reads.
func (r remade) closed(t *testing.T, when string, k client.Key) {
	t.Helper()
	if _, err := r.Read(t.Context(), k, corp.Bucket, financeFile); err == nil ||
		!strings.Contains(err.Error(), "AccessDenied") {
		t.Errorf("%s the old key is answered: %v", when, err)
	}
}

// The location "default" and a whole instance are deleted and made anew, with the same grants. Neither the grants nor
// the keys of the old ones apply to the new ones, nor does what else was said of the old instance.
func TestNewAccessGrantsKnowNothingOfTheOldOnes(t *testing.T) {
	t.Parallel()
	c := worldtest.Settle(t)
	r := remade{c, s3control.NewFromConfig(c.AWS(c.Root()))}
	ctx := t.Context()
	alice := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	vend := func(t *testing.T) client.Key {
		t.Helper()
		k, _, err := c.Vend(ctx, alice, financeTarget, "READ")
		if err != nil {
			t.Fatal(err)
		}
		worldtest.Must[string](t)(c.Read(ctx, k, corp.Bucket, financeFile))
		return k
	}
	notVended := func(t *testing.T, when string) {
		t.Helper()
		if _, _, err := c.Vend(ctx, alice, financeTarget, "READ"); err == nil ||
			!strings.Contains(err.Error(), "AccessDenied") {
			t.Errorf("%s alice is answered: %v", when, err)
		}
	}
	old := vend(t)

	t.Run("location", func(t *testing.T) {
		r.dropGrants(t)
		r.closed(t, "without a location", old)
		r.makeLocation(t)
		r.closed(t, "at the new location", old)
		notVended(t, "at the new location, where nothing is granted,")
		r.grant(t)
		r.closed(t, "with the same grant at the new location", old)
		vend(t)
	})

	old = vend(t)
	t.Run("instance", func(t *testing.T) {
		worldtest.Must[*s3control.PutAccessGrantsInstanceResourcePolicyOutput](t)(
			r.x.PutAccessGrantsInstanceResourcePolicy(ctx, &s3control.PutAccessGrantsInstanceResourcePolicyInput{
				AccountId: &c.Account, Policy: aws.String(worldtest.Policy(`{"Effect":"Allow","Principal":{"AWS":"` +
					c.Account + `"},"Action":"s3:ListAccessGrants","Resource":"arn:aws:s3:` + c.Region + `:` + c.Account +
					`:access-grants/default"}`))}))
		r.dropGrants(t)
		worldtest.Must[*s3control.DissociateAccessGrantsIdentityCenterOutput](t)(
			r.x.DissociateAccessGrantsIdentityCenter(ctx,
				&s3control.DissociateAccessGrantsIdentityCenterInput{AccountId: &c.Account}))
		worldtest.Must[*s3control.DeleteAccessGrantsInstanceOutput](t)(r.x.DeleteAccessGrantsInstance(ctx,
			&s3control.DeleteAccessGrantsInstanceInput{AccountId: &c.Account}))
		r.closed(t, "without an instance", old)
		worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(r.x.CreateAccessGrantsInstance(ctx,
			&s3control.CreateAccessGrantsInstanceInput{AccountId: &c.Account}))
		r.closed(t, "in the new instance", old)
		if out, err := r.x.GetAccessGrantsInstanceResourcePolicy(ctx,
			&s3control.GetAccessGrantsInstanceResourcePolicyInput{AccountId: &c.Account}); err == nil {
			t.Errorf("the new instance has the policy of the old one: %s", aws.ToString(out.Policy))
		}
		if out := worldtest.Must[*s3control.GetAccessGrantsInstanceOutput](t)(r.x.GetAccessGrantsInstance(ctx,
			&s3control.GetAccessGrantsInstanceInput{AccountId: &c.Account})); out.IdentityCenterArn != nil {
			t.Errorf("the new instance is associated with %s, as the old one was", *out.IdentityCenterArn)
		}
		notVended(t, "in the new instance, which knows no directory,")
		worldtest.Must[*s3control.AssociateAccessGrantsIdentityCenterOutput](t)(r.x.AssociateAccessGrantsIdentityCenter(ctx,
			&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: &c.Account, IdentityCenterArn: &c.Instance}))
		notVended(t, "in the new instance, where nothing is granted,")
		r.makeLocation(t)
		r.grant(t)
		r.closed(t, "with the same grant in the new instance", old)
		vend(t)
	})
}

// An IAM group is deleted and made anew. Who was in the old one is not in the new one, what the old one allowed is not
// allowed by the new one, and a request about the old one, the end of whose body is awaited meanwhile, is not done to
// the new one: the caller may do everything to groups of the old path, and nothing to those of the new path.
func TestNewGroupsKnowNothingOfTheOldOnes(t *testing.T) {
	t.Parallel()
	m := beginMoment(t)
	ctx := t.Context()
	create := func(t *testing.T, name, path string) {
		t.Helper()
		worldtest.Must[*iam.CreateGroupOutput](t)(m.iam.CreateGroup(ctx,
			&iam.CreateGroupInput{GroupName: &name, Path: &path}))
	}
	drop := func(t *testing.T, name string) {
		t.Helper()
		worldtest.Must[*iam.DeleteGroupOutput](t)(m.iam.DeleteGroup(ctx, &iam.DeleteGroupInput{GroupName: &name}))
	}

	t.Run("members and policies", func(t *testing.T) {
		k := worldtest.MakeUser(t, m.World, "member", `{"Effect":"Allow","Action":"sts:GetCallerIdentity","Resource":"*"}`)
		x := iam.NewFromConfig(m.AWS(k))
		group, user, policy := aws.String("staff"), aws.String("member"), aws.String("list")
		allow := func(t *testing.T) {
			t.Helper()
			worldtest.Must[*iam.PutGroupPolicyOutput](t)(m.iam.PutGroupPolicy(ctx, &iam.PutGroupPolicyInput{GroupName: group,
				PolicyName: policy, PolicyDocument: aws.String(worldtest.Policy(
					`{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}`))}))
		}
		join := func(t *testing.T) {
			t.Helper()
			worldtest.Must[*iam.AddUserToGroupOutput](t)(m.iam.AddUserToGroup(ctx,
				&iam.AddUserToGroupInput{GroupName: group, UserName: user}))
		}
		refused := func(t *testing.T, when string) {
			t.Helper()
			if _, err := x.ListUsers(ctx, nil); err == nil || !strings.Contains(err.Error(), "AccessDenied") {
				t.Errorf("%s the member is answered: %v", when, err)
			}
		}
		create(t, "staff", "/")
		allow(t)
		join(t)
		worldtest.Must[*iam.ListUsersOutput](t)(x.ListUsers(ctx, nil))
		worldtest.Must[*iam.RemoveUserFromGroupOutput](t)(m.iam.RemoveUserFromGroup(ctx,
			&iam.RemoveUserFromGroupInput{GroupName: group, UserName: user}))
		worldtest.Must[*iam.DeleteGroupPolicyOutput](t)(m.iam.DeleteGroupPolicy(ctx,
			&iam.DeleteGroupPolicyInput{GroupName: group, PolicyName: policy}))
		drop(t, "staff")
		create(t, "staff", "/")
		allow(t)
		refused(t, "of the new group, without joining it,")
		if in := worldtest.Must[*iam.ListGroupsForUserOutput](t)(m.iam.ListGroupsForUser(ctx,
			&iam.ListGroupsForUserInput{UserName: user})).Groups; len(in) > 0 {
			t.Errorf("the user is in %d groups", len(in))
		}
		worldtest.Must[*iam.DeleteGroupPolicyOutput](t)(m.iam.DeleteGroupPolicy(ctx,
			&iam.DeleteGroupPolicyInput{GroupName: group, PolicyName: policy}))
		join(t)
		refused(t, "of the new group, which allows nothing,")
	})

	t.Run("requests that are held", func(t *testing.T) {
		k := worldtest.MakeUser(t, m.World, "clerk", `{"Effect":"Allow","Action":"iam:*",`+
			`"Resource":["arn:aws:iam::*:group/old/*","arn:aws:iam::*:user/*"]}`)
		tested := 0
		for _, s := range m.Server.Rows() {
			if s.Wire.Name != "iam" {
				continue
			}
			for _, row := range s.Rows {
				has := false
				for _, member := range wire.Members(row.Input) {
					has = has || member.Name == "GroupName"
				}
				if !has || row.Meta.Name == "CreateGroup" || strings.HasPrefix(row.Meta.Name, "Get") ||
					strings.HasPrefix(row.Meta.Name, "List") {
					continue
				}
				tested++
				name := "held-" + row.Meta.Name
				create(t, name, "/old/")
				q := worldtest.SampleRequest(m.Company, s, &row)
				v, err := url.ParseQuery(q.Body)
				if err != nil {
					t.Fatal(err)
				}
				v.Set("GroupName", name)
				q.Body, q.Key = v.Encode(), &k
				h := hold(t, m.World, row.Meta.Name, q)
				drop(t, name)
				create(t, name, "/new/")
				if status, body := h.finish(t); status != 403 {
					t.Errorf("%s is answered: %d %s", row.Meta.Name, status, body)
				}
				drop(t, name) // which is refused where something was added to it
			}
		}
		if tested < 6 {
			t.Errorf("only %d operations change a group", tested)
		}
	})
}
