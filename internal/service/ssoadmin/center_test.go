package ssoadmin_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// outcome is a call and how it must have ended.
type outcome worldtest.Outcome

// office is a company's Identity Center with a caller of each class, and a ledger of what every operation has answered.
type office struct {
	*world.Company
	admin       client.Key       // of the management account
	nobody      client.Key       // a user of it without any policy
	lead, other worldtest.Member // the delegated administrator, and another account
	ledger      *worldtest.Ledger
}

func (o *office) sso(k client.Key) *ssoadmin.Client {
	c := o.AWS(k)
	c.APIOptions = append(c.APIOptions, o.ledger.Keep)
	return ssoadmin.NewFromConfig(c)
}

func (o *office) ids(k client.Key) *identitystore.Client {
	c := o.AWS(k)
	c.APIOptions = append(c.APIOptions, o.ledger.Keep)
	return identitystore.NewFromConfig(c)
}

// same reports what differs from what was wanted.
func same(err error, got, want any) error {
	if err != nil {
		return err
	}
	if g, w := fmt.Sprint(got), fmt.Sprint(want); g != w {
		return fmt.Errorf("got %s, want %s", g, w)
	}
	return nil
}

const (
	invalid, missing, conflict = "ValidationException", "ResourceNotFoundException", "ConflictException"
	denied, quota              = "AccessDeniedException", "ServiceQuotaExceededException"
)

func openOffice(t *testing.T) *office {
	c := worldtest.Settle(t)
	o := &office{Company: c, admin: worldtest.MakeAdministrator(t, c.World), ledger: worldtest.NewLedger()}
	o.lead, o.other = worldtest.JoinAccount(t, c.World, o.admin, "lead"),
		worldtest.JoinAccount(t, c.World, o.admin, "other")
	x := iam.NewFromConfig(c.AWS(o.admin))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(t.Context(),
		&iam.CreateUserInput{UserName: aws.String("nobody")}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: aws.String("nobody")})).AccessKey
	o.nobody = client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
	return o
}

// unprovoked are declared errors that nothing here brings about, with the reason. Throttling and internal failures are
// no operation's own.
var unprovoked = map[string]string{
	"CreateInstance " + quota:              "a second instance is a conflict",
	"CreateApplication " + quota:           "there is no limit of applications",
	"CreateApplicationAssignment " + quota: "there is no limit of assignments",
	"CreateUser " + quota:                  "there is no limit of people",
	"CreateGroup " + quota:                 "there is no limit of groups",
	"CreateGroupMembership " + quota:       "there is no limit of memberships",
	"UpdateUser " + quota:                  "there is no limit of people",
	"UpdateGroup " + quota:                 "there is no limit of groups",
}

// lastWriterWins are the operations that can conflict with nothing.
var lastWriterWins = regexp.MustCompile(
	`^(Put|Tag|Untag|UpdateApplication$|UpdateInstance$|UpdateTrusted|DeleteApplication.|` +
		`DeleteTrusted|DeleteUser|DeleteGroup)`)

// Every operation of sso-admin and of the identity store: what it does, and each error that its model declares, typed
// by the SDK.
func TestIdentityCenterOperations(t *testing.T) {
	t.Parallel()
	o := openOffice(t)
	for _, part := range []struct {
		name string
		run  func(*testing.T)
	}{
		{"nobody may do anything", o.testNobody},
		{"accounts", o.testAccounts},
		{"instances", o.testInstances},
		{"applications", o.testApplications},
		{"what hangs on applications", o.testApplicationParts},
		{"assignments", o.testAssignments},
		{"issuers", o.testIssuers},
		{"tags", o.testTags},
		{"people", o.testPeople},
		{"groups", o.testGroups},
		{"pages", o.testPages},
		{"older action names and condition keys", o.testDirectoryPolicies},
		{"condition keys and resources", o.testPolicies},
		{"an instance goes", o.testDeleteInstance},
		{"what is not supported", o.testUnsupported},
		{"retries at once", o.testRetries},
		{"the audit log", o.testAudit},
	} {
		t.Run(part.name, part.run)
	}
	if !t.Failed() {
		o.testCatalogue(t)
	}
}

// testCatalogue walks the tables: a row without its happy path, or without one of its errors, is a missing test.
func (o *office) testCatalogue(t *testing.T) {
	first := firstRelease()
	rows, cases := 0, 0
	for _, s := range o.Server.Rows() {
		service := map[string]string{"ssoadmin": "SSO Admin", "identitystore": "identitystore"}[s.Wire.Name]
		if service == "" {
			continue
		}
		declared := worldtest.DeclaredErrors(t, s.Wire.Name)
		for _, r := range s.Rows {
			name := r.Meta.Name
			if s.Wire.Name == "ssoadmin" && !first[name] {
				continue
			}
			rows++
			seen := o.ledger.Seen[service+"/"+name]
			for _, code := range append([]string{"OK"}, declared[name]...) {
				switch {
				case seen[code] > 0:
					cases++
				case unprovoked[name+" "+code] != "", code == conflict && lastWriterWins.MatchString(name):
				case code == "ThrottlingException", code == "InternalServerException":
				default:
					t.Errorf("%s has no case that ends with %s", name, code)
				}
			}
			if seen["InternalServerException"] > 0 {
				t.Errorf("%s failed by itself", name)
			}
		}
	}
	// The one exception (identity-center §3): clients that wait for an instance to be gone know no other code.
	delete(o.ledger.Untyped, "SSO Admin/DescribeInstance "+missing)
	delete(o.ledger.Untyped, "SSO Admin/DeleteInstance "+missing)
	if len(o.ledger.Untyped) > 0 {
		t.Errorf("errors that their operation does not declare: %v", slices.Sorted(maps.Keys(o.ledger.Untyped)))
	}
	if rows != 43+19 {
		t.Errorf("%d rows, want 43 of sso-admin and 19 of the identity store", rows)
	}
	t.Logf("%d operations, %d ends of them", rows, cases)
}

// firstRelease is the catalogue (identity-center §14).
func firstRelease() map[string]bool {
	out := map[string]bool{}
	for name := range strings.FieldsSeq(`CreateInstance DescribeInstance ListInstances UpdateInstance DeleteInstance
		CreateApplication DescribeApplication UpdateApplication
		DeleteApplication ListApplications ListApplicationProviders DescribeApplicationProvider PutApplicationGrant
			GetApplicationGrant DeleteApplicationGrant ListApplicationGrants
		PutApplicationAccessScope GetApplicationAccessScope DeleteApplicationAccessScope ListApplicationAccessScopes
			PutApplicationAuthenticationMethod
		GetApplicationAuthenticationMethod DeleteApplicationAuthenticationMethod ListApplicationAuthenticationMethods
			PutApplicationAssignmentConfiguration
		GetApplicationAssignmentConfiguration CreateApplicationAssignment DescribeApplicationAssignment
			DeleteApplicationAssignment ListApplicationAssignments
		ListApplicationAssignmentsForPrincipal PutApplicationSessionConfiguration GetApplicationSessionConfiguration
			CreateTrustedTokenIssuer DescribeTrustedTokenIssuer
		UpdateTrustedTokenIssuer DeleteTrustedTokenIssuer ListTrustedTokenIssuers TagResource UntagResource
			ListTagsForResource ListRegions DescribeRegion`) {
		out[name] = true
	}
	return out
}

// testUnsupported asks for what this release does not have: lists are empty, anything else is refused in words.
func (o *office) testUnsupported(t *testing.T) {
	root, first := o.Root(), firstRelease()
	for _, s := range o.Server.Rows() {
		if s.Wire.Name != "ssoadmin" {
			continue
		}
		for _, r := range s.Rows {
			if first[r.Meta.Name] {
				continue
			}
			q := worldtest.SampleRequest(o.Company, s, &r)
			q.Key = &root
			a := worldtest.Send(t, o.World, q)
			want := map[bool]string{true: denied, false: invalid}[!strings.HasSuffix(r.Meta.Name, "Region")]
			if strings.HasPrefix(r.Meta.Name, "List") {
				if a.Status != 200 || !strings.Contains(a.Body, "[]") {
					t.Errorf("%s: %d %s", r.Meta.Name, a.Status, a.Body)
				}
			} else if a.Status != 400 || !strings.Contains(a.Body, want) || !strings.Contains(a.Body, "not supported here") {
				t.Errorf("%s: %d %s, want %s", r.Meta.Name, a.Status, a.Body, want)
			}
		}
	}
}

// hire makes a person in a directory.
func (o *office) hire(t *testing.T, k client.Key, store, login string) string {
	t.Helper()
	return *worldtest.Must[*identitystore.CreateUserOutput](t)(o.ids(k).CreateUser(t.Context(),
		&identitystore.CreateUserInput{IdentityStoreId: &store, UserName: &login, DisplayName: &login,
			Name:   &idtypes.Name{GivenName: &login, FamilyName: &login},
			Emails: []idtypes.Email{{Value: aws.String(login + "@hired.example"), Primary: true}}})).UserId
}

// employ makes a user of the management account with one statement for a policy.
func (o *office) employ(t *testing.T, name, policy string) client.Key {
	t.Helper()
	x := iam.NewFromConfig(o.AWS(o.admin))
	worldtest.Must[*iam.CreateUserOutput](t)(x.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	worldtest.Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(worldtest.Policy(policy))}))
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: &name})).
		AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}
