package worldtest

import (
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/organizations"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"

	"granary/internal/client"
	"granary/internal/world"
)

// MakeUser makes an IAM user of the management account with an inline policy of these statements, and returns its
// access key.
func MakeUser(t *testing.T, w *world.World, name, statements string) client.Key {
	t.Helper()
	x := iam.NewFromConfig(w.AWS(w.Root()))
	Must[*iam.CreateUserOutput](t)(x.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	Must[*iam.PutUserPolicyOutput](t)(x.PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("p"),
			PolicyDocument: aws.String(Policy(statements))}))
	k := Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(t.Context(), &iam.CreateAccessKeyInput{UserName: &name})).
		AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}

// EnvOf returns the client environment of the server with another key in it.
func EnvOf(w *world.World, k client.Key) client.Env {
	out := client.Env{}
	for _, kv := range w.Env {
		switch kv[0] {
		case "AWS_ACCESS_KEY_ID":
			kv[1] = k.ID
		case "AWS_SECRET_ACCESS_KEY":
			kv[1] = k.Secret
		}
		out = append(out, kv)
	}
	return append(out, [2]string{"AWS_SESSION_TOKEN", k.Token})
}

// AllowRole adds an inline policy named "more" with these statements to a role.
func AllowRole(t *testing.T, c *world.Company, role string, statements string) {
	t.Helper()
	_, err := iam.NewFromConfig(c.AWS(c.Root())).PutRolePolicy(t.Context(),
		&iam.PutRolePolicyInput{RoleName: &role, PolicyName: aws.String("more"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[` + statements + `]}`)})
	if err != nil {
		t.Fatal(err)
	}
}

// Member is an account of the organization, and a key of its administrator.
type Member struct {
	ID  string
	Key client.Key
}

// Role returns the ARN of a role of the account.
func (m Member) Role(name string) string { return "arn:aws:iam::" + m.ID + ":role/" + name }

// MakeAdministrator makes the user "admin" of the management account. It may do everything, and so it can enter every
// member account.
func MakeAdministrator(t *testing.T, w *world.World) client.Key {
	t.Helper()
	x := iam.NewFromConfig(w.AWS(w.Root()))
	Must[*iam.CreateUserOutput](t)(x.CreateUser(t.Context(), &iam.CreateUserInput{UserName: aws.String("admin")}))
	Must[*iam.AttachUserPolicyOutput](t)(x.AttachUserPolicy(t.Context(),
		&iam.AttachUserPolicyInput{UserName: aws.String("admin"),
			PolicyArn: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}))
	k := Must[*iam.CreateAccessKeyOutput](t)(x.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: aws.String("admin")})).AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}

// JoinAccount creates a member account, and enters it through its access role.
func JoinAccount(t *testing.T, w *world.World, admin client.Key, name string) Member {
	t.Helper()
	out := Must[*organizations.CreateAccountOutput](t)(organizations.NewFromConfig(w.AWS(admin)).CreateAccount(t.Context(),
		&organizations.CreateAccountInput{AccountName: &name, Email: aws.String(name + "@larkspur.example")}))
	m := Member{ID: aws.ToString(out.CreateAccountStatus.AccountId)}
	m.Key = Must[client.Key](t)(w.Assume(t.Context(), admin, m.Role("OrganizationAccountAccessRole"), "setup", ""))
	return m
}

// MakeRole makes a role with a trust policy and an inline policy of these statements.
func MakeRole(t *testing.T, w *world.World, k client.Key, name, trust, policy string) {
	t.Helper()
	x := iam.NewFromConfig(w.AWS(k))
	Must[*iam.CreateRoleOutput](t)(x.CreateRole(t.Context(),
		&iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: aws.String(Policy(trust))}))
	Must[*iam.PutRolePolicyOutput](t)(x.PutRolePolicy(t.Context(),
		&iam.PutRolePolicyInput{RoleName: &name, PolicyName: aws.String("work"),
			PolicyDocument: aws.String(Policy(policy))}))
}

// Policy returns a policy document of these statements, which are JSON separated by commas.
func Policy(s string) string { return `{"Version":"2012-10-17","Statement":[` + s + `]}` }

// KeyOf returns the credentials that STS answered with as a key.
func KeyOf(c *ststypes.Credentials) client.Key {
	return client.Key{ID: *c.AccessKeyId, Secret: *c.SecretAccessKey, Token: *c.SessionToken}
}

// CallerOf returns what GetCallerIdentity says of a key.
func CallerOf(t *testing.T, w *world.World, k client.Key) (arn, id string) {
	t.Helper()
	out := Must[*sts.GetCallerIdentityOutput](t)(sts.NewFromConfig(w.AWS(k)).GetCallerIdentity(t.Context(), nil))
	return *out.Arn, *out.UserId
}

// UnescapePolicy returns a policy document that IAM answered with in percent encoding. A plus sign for a space fails
// the test.
func UnescapePolicy(t *testing.T, document *string) string {
	t.Helper()
	if strings.Contains(*document, "+") {
		t.Errorf("a document with a plus sign for a space: %s", *document)
	}
	return Must[string](t)(url.PathUnescape(*document))
}
