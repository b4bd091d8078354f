package organizations_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/identitystore"
	idtypes "github.com/aws/aws-sdk-go-v2/service/identitystore/types"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	orgtypes "github.com/aws/aws-sdk-go-v2/service/organizations/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	s3ctypes "github.com/aws/aws-sdk-go-v2/service/s3control/types"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin"
	"github.com/aws/aws-sdk-go-v2/service/ssoadmin/document"
	ssotypes "github.com/aws/aws-sdk-go-v2/service/ssoadmin/types"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/world"
	"granary/internal/worldtest"
)

func (x *tree) testAccounts(t *testing.T) {
	ctx, w, admin, org := t.Context(), x.World, x.admin, x.org
	about := worldtest.Must[*organizations.DescribeOrganizationOutput](t)(org.DescribeOrganization(ctx, nil)).Organization
	if *about.MasterAccountId != w.Account || about.FeatureSet != orgtypes.OrganizationFeatureSetAll {
		t.Errorf("the organization: %+v", about)
	}
	roots := worldtest.Must[*organizations.ListRootsOutput](t)(org.ListRoots(ctx, nil)).Roots
	m := worldtest.JoinAccount(t, w, admin, "apps")

	t.Run("create", func(t *testing.T) {
		out := worldtest.Must[*organizations.CreateAccountOutput](t)(org.CreateAccount(ctx,
			&organizations.CreateAccountInput{AccountName: aws.String("again"), Email: aws.String("APPS@larkspur.example")}))
		if s := out.CreateAccountStatus; s.State != orgtypes.CreateAccountStateFailed ||
			s.FailureReason != orgtypes.CreateAccountFailureReasonEmailAlreadyExists {
			t.Errorf("a second account with the address: %+v", s)
		}
		status := worldtest.Must[*organizations.DescribeCreateAccountStatusOutput](t)(org.DescribeCreateAccountStatus(ctx,
			&organizations.DescribeCreateAccountStatusInput{CreateAccountRequestId: out.CreateAccountStatus.Id})).
			CreateAccountStatus
		if *status.Id != *out.CreateAccountStatus.Id || status.State != orgtypes.CreateAccountStateFailed ||
			!status.RequestedTimestamp.Equal(*out.CreateAccountStatus.RequestedTimestamp) {
			t.Errorf("its status: %+v", status)
		}
		_, err := org.DescribeCreateAccountStatus(ctx,
			&organizations.DescribeCreateAccountStatusInput{
				CreateAccountRequestId: aws.String("car-" + strings.Repeat("0", 32))})
		worldtest.Refused(t, err, "CreateAccountStatusNotFoundException", "no request")
		_, err = org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("t"),
			Email: aws.String("t@x.example"), Tags: []orgtypes.Tag{{Key: aws.String("aws:a"), Value: aws.String("b")}}})
		worldtest.Refused(t, err, "InvalidInputException", "reserved")
		_, err = org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("t"),
			Email: aws.String("no address")})
		worldtest.Refused(t, err, "InvalidInputException", "'email'")
		_, err = org.CreateOrganization(ctx, nil)
		worldtest.Refused(t, err, "AlreadyInOrganizationException", "already a member")
	})
	t.Run("list", func(t *testing.T) {
		names := map[string]orgtypes.AccountState{}
		pages := organizations.NewListAccountsPaginator(org, &organizations.ListAccountsInput{MaxResults: aws.Int32(1)})
		for pages.HasMorePages() {
			for _, a := range worldtest.Must[*organizations.ListAccountsOutput](t)(pages.NextPage(ctx)).Accounts {
				names[*a.Id] = a.State
			}
		}
		if len(names) != 2 || names[m.ID] != orgtypes.AccountStateActive || names[w.Account] == "" {
			t.Errorf("accounts by page: %v", names)
		}
		under := worldtest.Must[*organizations.ListAccountsForParentOutput](t)(org.ListAccountsForParent(ctx,
			&organizations.ListAccountsForParentInput{ParentId: roots[0].Id}))
		if len(under.Accounts) != 2 {
			t.Errorf("accounts under the root: %+v", under.Accounts)
		}
		_, err := org.ListAccountsForParent(ctx, &organizations.ListAccountsForParentInput{ParentId: aws.String("r-zzzz")})
		worldtest.Refused(t, err, "ParentNotFoundException", "list-roots")
		parents := worldtest.Must[*organizations.ListParentsOutput](t)(org.ListParents(ctx,
			&organizations.ListParentsInput{ChildId: &m.ID})).Parents
		if len(parents) != 1 || *parents[0].Id != *roots[0].Id {
			t.Errorf("parents: %+v", parents)
		}
		children := worldtest.Must[*organizations.ListChildrenOutput](t)(org.ListChildren(ctx,
			&organizations.ListChildrenInput{ParentId: roots[0].Id, ChildType: orgtypes.ChildTypeAccount})).Children
		if len(children) != 2 {
			t.Errorf("children: %+v", children)
		}
		a := worldtest.Must[*organizations.DescribeAccountOutput](t)(org.DescribeAccount(ctx,
			&organizations.DescribeAccountInput{AccountId: &m.ID})).Account
		if *a.Name != "apps" || *a.Email != "apps@larkspur.example" ||
			*a.Arn != fmt.Sprintf("arn:aws:organizations::%s:account/%s/%s", w.Account, *about.Id, m.ID) {
			t.Errorf("the account: %+v", a)
		}
		_, err = org.DescribeAccount(ctx, &organizations.DescribeAccountInput{AccountId: aws.String("000000000001")})
		worldtest.Refused(t, err, "AccountNotFoundException", "000000000001")
	})
	t.Run("a member is no manager", func(t *testing.T) {
		org := x.as(m.Key)
		if got := worldtest.Must[*organizations.DescribeOrganizationOutput](t)(org.DescribeOrganization(ctx, nil)).
			Organization; *got.Id != *about.Id {
			t.Errorf("the organization as its member sees it: %+v", got)
		}
		_, err := org.ListAccounts(ctx, nil)
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:ListAccounts")
		_, err = org.CreateAccount(ctx, &organizations.CreateAccountInput{AccountName: aws.String("t"),
			Email: aws.String("t@x.example")})
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:CreateAccount")
		_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &m.ID})
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:CloseAccount")
		_, err = w.Assume(ctx, m.Key, "arn:aws:iam::"+w.Account+":role/OrganizationAccountAccessRole", "up", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
	})
	t.Run("services", func(t *testing.T) {
		service := aws.String("sso.amazonaws.com")
		other := worldtest.JoinAccount(t, w, admin, "other")
		worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(org.RegisterDelegatedAdministrator(ctx,
			&organizations.RegisterDelegatedAdministratorInput{AccountId: &m.ID, ServicePrincipal: service}))
		for _, r := range []struct{ account, code, words string }{
			{m.ID, "AccountAlreadyRegisteredException", "already"},
			{other.ID, "ConstraintViolationException", "has 1 delegated administrators, and can have no more"},
			{w.Account, "ConstraintViolationException", "management account"},
			{"000000000001", "AccountNotFoundException", "000000000001"},
		} {
			_, err := org.RegisterDelegatedAdministrator(ctx,
				&organizations.RegisterDelegatedAdministratorInput{AccountId: &r.account, ServicePrincipal: service})
			worldtest.Refused(t, err, r.code, r.words)
		}
		list := worldtest.Must[*organizations.ListDelegatedAdministratorsOutput](t)(org.ListDelegatedAdministrators(ctx,
			&organizations.ListDelegatedAdministratorsInput{ServicePrincipal: service})).DelegatedAdministrators
		if len(list) != 1 || *list[0].Id != m.ID {
			t.Errorf("administrators: %+v", list)
		}
		services := worldtest.Must[*organizations.ListDelegatedServicesForAccountOutput](t)(
			org.ListDelegatedServicesForAccount(ctx,
				&organizations.ListDelegatedServicesForAccountInput{AccountId: &m.ID})).DelegatedServices
		if len(services) != 1 || *services[0].ServicePrincipal != *service {
			t.Errorf("what the account administers: %+v", services)
		}
		_, err := org.ListDelegatedServicesForAccount(ctx,
			&organizations.ListDelegatedServicesForAccountInput{AccountId: &other.ID})
		worldtest.Refused(t, err, "AccountNotRegisteredException", "administers no service")
		// A delegated administrator reads the organization.
		if n := len(worldtest.Must[*organizations.ListAccountsOutput](t)(x.as(m.Key).ListAccounts(ctx, nil)).Accounts); n !=
			3 {
			t.Errorf("the administrator sees %d accounts", n)
		}
		_, err = org.DisableAWSServiceAccess(ctx, &organizations.DisableAWSServiceAccessInput{ServicePrincipal: service})
		worldtest.Refused(t, err, "ConstraintViolationException", "deregister it first")
		_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &m.ID})
		worldtest.Refused(t, err, "ConstraintViolationException", "deregister it first")
		worldtest.Must[*organizations.DeregisterDelegatedAdministratorOutput](t)(org.DeregisterDelegatedAdministrator(ctx,
			&organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.ID, ServicePrincipal: service}))
		_, err = org.DeregisterDelegatedAdministrator(ctx,
			&organizations.DeregisterDelegatedAdministratorInput{AccountId: &m.ID, ServicePrincipal: service})
		worldtest.Refused(t, err, "AccountNotRegisteredException", "does not administer")
		_, err = x.as(m.Key).ListAccounts(ctx, nil)
		worldtest.Refused(t, err, "AccessDeniedException", "organizations:ListAccounts")
		worldtest.Must[*organizations.EnableAWSServiceAccessOutput](t)(org.EnableAWSServiceAccess(ctx,
			&organizations.EnableAWSServiceAccessInput{ServicePrincipal: aws.String("x.amazonaws.com")}))
		worldtest.Must[*organizations.DisableAWSServiceAccessOutput](t)(org.DisableAWSServiceAccess(ctx,
			&organizations.DisableAWSServiceAccessInput{ServicePrincipal: service}))
		enabled := worldtest.Must[*organizations.ListAWSServiceAccessForOrganizationOutput](t)(
			org.ListAWSServiceAccessForOrganization(ctx, nil)).EnabledServicePrincipals
		if len(enabled) != 1 || *enabled[0].ServicePrincipal != "x.amazonaws.com" {
			t.Errorf("enabled services: %+v", enabled)
		}
	})
	t.Run("close", func(t *testing.T) {
		gone := worldtest.JoinAccount(t, w, admin, "gone")
		if _, err := iam.NewFromConfig(w.AWS(gone.Key)).ListRoles(ctx, nil); err != nil {
			t.Fatal(err)
		}
		worldtest.Must[*organizations.CloseAccountOutput](t)(org.CloseAccount(ctx,
			&organizations.CloseAccountInput{AccountId: &gone.ID}))
		_, err := iam.NewFromConfig(w.AWS(gone.Key)).ListRoles(ctx, nil)
		worldtest.Refused(t, err, "AccessDenied", "closed")
		_, err = w.Assume(ctx, admin, gone.Role("OrganizationAccountAccessRole"), "in", "")
		worldtest.Refused(t, err, "AccessDenied", "sts:AssumeRole")
		_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &gone.ID})
		worldtest.Refused(t, err, "AccountAlreadyClosedException", "already")
		_, err = org.CloseAccount(ctx, &organizations.CloseAccountInput{AccountId: &w.Account})
		worldtest.Refused(t, err, "ConstraintViolationException", "management account")
		a := worldtest.Must[*organizations.DescribeAccountOutput](t)(org.DescribeAccount(ctx,
			&organizations.DescribeAccountInput{AccountId: &gone.ID})).Account
		if a.State != orgtypes.AccountStateClosed || a.Status != orgtypes.AccountStatusSuspended {
			t.Errorf("the closed account: %+v", a)
		}
	})
}

// Who may do what with the organization's instance: its owner, the delegated administrator, any member.
func TestOrganizationInstance(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	admin := worldtest.MakeAdministrator(t, c.World)
	org := organizations.NewFromConfig(c.AWS(admin))
	lead, other := worldtest.JoinAccount(t, c.World, admin, "lead"), worldtest.JoinAccount(t, c.World, admin, "other")
	service := aws.String("sso.amazonaws.com")
	rename := func(m worldtest.Member) error {
		_, err := ssoadmin.NewFromConfig(c.AWS(m.Key)).UpdateInstance(ctx,
			&ssoadmin.UpdateInstanceInput{InstanceArn: &c.Instance, Name: aws.String("renamed")})
		return err
	}
	hire := func(m worldtest.Member, login string) error {
		_, err := identitystore.NewFromConfig(c.AWS(m.Key)).CreateUser(ctx,
			&identitystore.CreateUserInput{IdentityStoreId: &c.Store, UserName: &login, DisplayName: &login,
				Name: &idtypes.Name{GivenName: &login, FamilyName: &login}})
		return err
	}
	applications := func(m worldtest.Member) (int, error) {
		out, err := ssoadmin.NewFromConfig(c.AWS(m.Key)).ListApplications(ctx,
			&ssoadmin.ListApplicationsInput{InstanceArn: &c.Instance})
		if err != nil {
			return 0, err
		}
		return len(out.Applications), nil
	}
	worldtest.Must[*organizations.RegisterDelegatedAdministratorOutput](t)(org.RegisterDelegatedAdministrator(ctx,
		&organizations.RegisterDelegatedAdministratorInput{AccountId: &lead.ID, ServicePrincipal: service}))
	worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(ssoadmin.NewFromConfig(c.AWS(other.Key)).CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance,
			Name: aws.String("theirs"), ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")}))

	t.Run("delegated administrator", func(t *testing.T) {
		if err := rename(lead); err != nil {
			t.Error(err)
		}
		if err := hire(lead, "zoe"); err != nil {
			t.Error(err)
		}
		if n, err := applications(lead); err != nil || n != 3 { // with what Access Grants made for itself
			t.Errorf("applications: %d, %v", n, err)
		}
		sso := ssoadmin.NewFromConfig(c.AWS(lead.Key))
		if _, err := sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application,
			Description: aws.String("by the lead")}); err != nil {
			t.Error(err)
		}
		_, err := sso.DeleteInstance(ctx, &ssoadmin.DeleteInstanceInput{InstanceArn: &c.Instance})
		worldtest.Refused(t, err, "AccessDeniedException", "sso:DeleteInstance")
	})
	t.Run("member", func(t *testing.T) {
		worldtest.Refused(t, rename(other), "AccessDeniedException", "sso:UpdateInstance")
		worldtest.Refused(t, hire(other, "yan"), "AccessDeniedException", "identitystore:CreateUser")
		_, err := applications(other)
		worldtest.Refused(t, err, "AccessDeniedException", "ApplicationAccount="+other.ID)
		sso := ssoadmin.NewFromConfig(c.AWS(other.Key))
		_, err = sso.UpdateApplication(ctx, &ssoadmin.UpdateApplicationInput{ApplicationArn: &c.Application,
			Description: aws.String("by a stranger")})
		worldtest.Refused(t, err, "AccessDeniedException", "sso:UpdateApplication")
		_, err = sso.DeleteTrustedTokenIssuer(ctx, &ssoadmin.DeleteTrustedTokenIssuerInput{TrustedTokenIssuerArn: &c.Issuer})
		worldtest.Refused(t, err, "AccessDeniedException", "sso:DeleteTrustedTokenIssuer")
		// It reads the instance and the directory, which it refers to in grants.
		if _, err := sso.DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: &c.Instance}); err != nil {
			t.Error(err)
		}
		u, err := identitystore.NewFromConfig(c.AWS(other.Key)).DescribeUser(ctx,
			&identitystore.DescribeUserInput{IdentityStoreId: &c.Store, UserId: aws.String(c.Users[worldtest.Alice])})
		if err != nil || *u.UserName != worldtest.Alice {
			t.Errorf("alice as another account sees her: %+v, %v", u, err)
		}
	})
	t.Run("delegation ends", func(t *testing.T) {
		worldtest.Must[*organizations.DeregisterDelegatedAdministratorOutput](t)(org.DeregisterDelegatedAdministrator(ctx,
			&organizations.DeregisterDelegatedAdministratorInput{AccountId: &lead.ID, ServicePrincipal: service}))
		worldtest.Refused(t, rename(lead), "AccessDeniedException", "sso:UpdateInstance")
		worldtest.Refused(t, hire(lead, "yan"), "AccessDeniedException", "identitystore:CreateUser")
	})
	t.Run("a member's own instance", func(t *testing.T) {
		sso := ssoadmin.NewFromConfig(c.AWS(other.Key))
		own := *worldtest.Must[*ssoadmin.CreateInstanceOutput](t)(sso.CreateInstance(ctx,
			&ssoadmin.CreateInstanceInput{Name: aws.String("own")})).InstanceArn
		_, err := sso.CreateInstance(ctx, &ssoadmin.CreateInstanceInput{Name: aws.String("second")})
		worldtest.Refused(t, err, "ConflictException", "")
		list := worldtest.Must[*ssoadmin.ListInstancesOutput](t)(sso.ListInstances(ctx, nil)).Instances
		if len(list) != 2 {
			t.Errorf("the member sees %d instances, want the organization's and its own", len(list))
		}
		for _, k := range []client.Key{lead.Key, admin} {
			if list := worldtest.Must[*ssoadmin.ListInstancesOutput](t)(ssoadmin.NewFromConfig(c.AWS(k)).ListInstances(ctx,
				nil)).
				Instances; len(list) != 1 || *list[0].InstanceArn != c.Instance {
				t.Errorf("another account sees %+v", list)
			}
			_, err := ssoadmin.NewFromConfig(c.AWS(k)).DescribeInstance(ctx, &ssoadmin.DescribeInstanceInput{InstanceArn: &own})
			worldtest.Refused(t, err, "AccessDeniedException", "sso:DescribeInstance")
			_, err = ssoadmin.NewFromConfig(c.AWS(k)).CreateApplication(ctx, &ssoadmin.CreateApplicationInput{InstanceArn: &own,
				Name:                   aws.String("x"),
				ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")})
			worldtest.Refused(t, err, "AccessDeniedException", "sso:CreateApplication")
			_, err = s3control.NewFromConfig(c.AWS(k)).AssociateAccessGrantsIdentityCenter(ctx,
				&s3control.AssociateAccessGrantsIdentityCenterInput{AccountId: &lead.ID, IdentityCenterArn: &own})
			if err == nil {
				t.Error("an Access Grants instance was associated with another account's instance")
			}
		}
	})
}

// The application in one account, the machine's role in a second, the person's role in a third, the data in a fourth
// (identity-center §2.1).
func TestAcrossAccounts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := worldtest.Settle(t)
	admin := worldtest.MakeAdministrator(t, c.World)
	apps, machines, people, data := worldtest.JoinAccount(t, c.World, admin, "apps"),
		worldtest.JoinAccount(t, c.World, admin, "machines"),
		worldtest.JoinAccount(t, c.World, admin, "people"), worldtest.JoinAccount(t, c.World, admin, "data")

	worldtest.MakeRole(t, c.World, machines.Key, "webapp", `{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::`+c.Account+
		`:root"},"Action":"sts:AssumeRole"}`,
		`{"Effect":"Allow","Action":["sts:AssumeRole","sts:SetContext","sso-oauth:CreateTokenWithIAM"],"Resource":"*"}`)
	worldtest.MakeRole(t, c.World, people.Key, "bearer", `{"Effect":"Allow","Principal":{"AWS":"`+machines.Role("webapp")+
		`"},"Action":["sts:AssumeRole","sts:SetContext"]}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)
	worldtest.MakeRole(t, c.World, data.Key, "location",
		`{"Effect":"Allow","Principal":{"Service":"access-grants.s3.amazonaws.com"},"Action":["sts:AssumeRole",`+
			`"sts:SetSourceIdentity","sts:SetContext"]}`,
		`{"Effect":"Allow","Action":"s3:*","Resource":"*"}`)

	// The application.
	sso := ssoadmin.NewFromConfig(c.AWS(apps.Key))
	app := worldtest.Must[*ssoadmin.CreateApplicationOutput](t)(sso.CreateApplication(ctx,
		&ssoadmin.CreateApplicationInput{InstanceArn: &c.Instance, Name: aws.String("elsewhere"),
			ApplicationProviderArn: aws.String("arn:aws:sso::aws:applicationProvider/custom")})).ApplicationArn
	if !strings.HasPrefix(*app, "arn:aws:sso::"+apps.ID+":application/") {
		t.Errorf("the application's account: %s", *app)
	}
	worldtest.Must[*ssoadmin.PutApplicationGrantOutput](t)(sso.PutApplicationGrant(ctx,
		&ssoadmin.PutApplicationGrantInput{ApplicationArn: app, GrantType: ssotypes.GrantType(world.JWTBearer),
			Grant: &ssotypes.GrantMemberJwtBearer{
				Value: ssotypes.JwtBearerGrant{AuthorizedTokenIssuers: []ssotypes.AuthorizedTokenIssuer{
					{TrustedTokenIssuerArn: &c.Issuer, AuthorizedAudiences: []string{corp.ClientID}}}}}}))
	worldtest.Must[*ssoadmin.PutApplicationAccessScopeOutput](t)(sso.PutApplicationAccessScope(ctx,
		&ssoadmin.PutApplicationAccessScopeInput{ApplicationArn: app, Scope: aws.String("s3:access_grants:read_write")}))
	worldtest.Must[*ssoadmin.PutApplicationAssignmentConfigurationOutput](t)(sso.PutApplicationAssignmentConfiguration(ctx,
		&ssoadmin.PutApplicationAssignmentConfigurationInput{ApplicationArn: app, AssignmentRequired: aws.Bool(false)}))
	actors := func(role string) {
		t.Helper()
		worldtest.Must[*ssoadmin.PutApplicationAuthenticationMethodOutput](t)(sso.PutApplicationAuthenticationMethod(ctx,
			&ssoadmin.PutApplicationAuthenticationMethodInput{ApplicationArn: app,
				AuthenticationMethodType: ssotypes.AuthenticationMethodTypeIam,
				AuthenticationMethod: &ssotypes.AuthenticationMethodMemberIam{
					Value: ssotypes.IamAuthenticationMethod{ActorPolicy: document.NewLazyDocument(map[string]any{
						"Version": "2012-10-17",
						"Statement": map[string]any{"Effect": "Allow", "Principal": map[string]string{"AWS": role},
							"Action": "sso-oauth:CreateTokenWithIAM", "Resource": "*"}})}}}))
	}
	actors(machines.Role("someone-else"))

	// The data, with a bucket and an Access Grants instance of its own.
	bucket := "larkspur-elsewhere"
	worldtest.Must[*s3.CreateBucketOutput](t)(c.S3(data.Key).CreateBucket(ctx, &s3.CreateBucketInput{Bucket: &bucket}))
	worldtest.Must[*s3.PutObjectOutput](t)(c.S3(data.Key).PutObject(ctx,
		&s3.PutObjectInput{Bucket: &bucket, Key: aws.String("a/b.txt"), Body: strings.NewReader("grain")}))
	x := s3control.NewFromConfig(c.AWS(data.Key))
	worldtest.Must[*s3control.CreateAccessGrantsInstanceOutput](t)(x.CreateAccessGrantsInstance(ctx,
		&s3control.CreateAccessGrantsInstanceInput{AccountId: &data.ID, IdentityCenterArn: &c.Instance}))
	location := worldtest.Must[*s3control.CreateAccessGrantsLocationOutput](t)(x.CreateAccessGrantsLocation(ctx,
		&s3control.CreateAccessGrantsLocationInput{AccountId: &data.ID,
			LocationScope: aws.String("s3://"), IAMRoleArn: aws.String(data.Role("location"))}))

	vend := func(k client.Key) (client.Key, error) {
		out, err := s3control.NewFromConfig(c.AWS(k)).GetDataAccess(ctx, &s3control.GetDataAccessInput{AccountId: &data.ID,
			Target: aws.String("s3://" + bucket + "/a/*"), Permission: s3ctypes.PermissionRead})
		if err != nil {
			return client.Key{}, err
		}
		return client.Key{ID: *out.Credentials.AccessKeyId, Secret: *out.Credentials.SecretAccessKey,
			Token: *out.Credentials.SessionToken}, nil
	}
	elsewhere := *c
	elsewhere.Application = *app
	web := worldtest.Must[client.Key](t)(c.Assume(ctx, admin, machines.Role("webapp"), "app", ""))
	signIn := func(login string) (client.Key, error) {
		token := worldtest.Must[string](t)(c.Provider.SignIn(ctx, login))
		out, err := elsewhere.Exchange(ctx, web, token)
		if err != nil {
			return client.Key{}, err
		}
		return c.Assume(ctx, web, people.Role("bearer"), "person", *out.AwsAdditionalDetails.IdentityContext)
	}

	_, err := signIn(worldtest.Alice)
	worldtest.Refused(t, err, "AccessDeniedException", "")
	actors(machines.Role("webapp"))
	person := worldtest.Must[client.Key](t)(signIn(worldtest.Alice))

	_, err = vend(person)
	// no resource policy lets the account in
	worldtest.Refused(t, err, "AccessDenied", "no resource-based policy allows the s3:GetDataAccess")
	worldtest.Must[*s3control.PutAccessGrantsInstanceResourcePolicyOutput](t)(x.PutAccessGrantsInstanceResourcePolicy(ctx,
		&s3control.PutAccessGrantsInstanceResourcePolicyInput{AccountId: &data.ID,
			Policy: aws.String(
				worldtest.Policy(fmt.Sprintf(`{"Effect":"Allow","Principal":{"AWS":"%s"},"Action":["s3:GetDataAccess",`+
					`"s3:ListAccessGrants","s3:ListAccessGrantsLocations","s3:GetAccessGrantsInstanceForPrefix"],`+
					`"Resource":"arn:aws:s3:%s:%s:access-grants/default"}`, people.ID, c.Region, data.ID)))}))
	_, err = vend(person)
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions") // let in, and nothing granted

	worldtest.Must[*s3control.CreateAccessGrantOutput](t)(x.CreateAccessGrant(ctx,
		&s3control.CreateAccessGrantInput{AccountId: &data.ID, AccessGrantsLocationId: location.AccessGrantsLocationId,
			AccessGrantsLocationConfiguration: &s3ctypes.AccessGrantsLocationConfiguration{
				S3SubPrefix: aws.String(bucket + "/a/*")},
			Grantee: &s3ctypes.Grantee{GranteeType: s3ctypes.GranteeTypeDirectoryUser,
				GranteeIdentifier: aws.String(c.Users[worldtest.Alice])}, Permission: s3ctypes.PermissionRead}))
	key := worldtest.Must[client.Key](t)(vend(person))
	if got := worldtest.Must[string](t)(c.Read(ctx, key, bucket, "a/b.txt")); got != "grain" {
		t.Errorf("read %q", got)
	}
	_, err = vend(worldtest.Must[client.Key](t)(signIn(worldtest.Bob)))
	worldtest.Refused(t, err, "AccessDenied", "You do not have READ permissions")

	// What the organization says about each of the accounts binds its part of the way.
	o := &tree{World: c.World, admin: admin, org: organizations.NewFromConfig(c.AWS(admin))}
	for _, step := range []struct {
		action, account, code, words string
		do                           func() error
	}{
		{"sso-oauth:CreateTokenWithIAM", machines.ID, "AccessDeniedException", "",
			func() error { _, err := signIn(worldtest.Alice); return err }},
		{"sts:SetContext", machines.ID, "AccessDenied", "with an explicit deny in a service control policy",
			func() error { _, err := signIn(worldtest.Alice); return err }},
		{"s3:GetDataAccess", people.ID, "AccessDenied", "with an explicit deny in a service control policy",
			func() error { _, err := vend(person); return err }},
		{"s3:GetObject", data.ID, "AccessDenied", "with an explicit deny in a service control policy",
			func() error { _, err := c.Read(ctx, key, bucket, "a/b.txt"); return err }},
	} {
		p := o.policy(t, scp, "no "+step.action, `{"Effect":"Deny","Action":"`+step.action+`","Resource":"*"}`)
		worldtest.Allowed(t, step.action, step.do())
		o.attach(t, p, step.account)
		worldtest.Refused(t, step.do(), step.code, step.words)
		o.detach(t, p, step.account)
		worldtest.Allowed(t, step.action, step.do())
	}

	// The key of the data's account ends with the account of the data, and with the person.
	if err := c.SetActive(ctx, worldtest.Alice, false); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(context.WithoutCancel(ctx), key, bucket, "a/b.txt"); err == nil {
		t.Error("read after the person left")
	}
}
