package iam_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go/middleware"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// iamCase tries operations of IAM through the SDK: what they do, and each of their refusals.
type iamCase struct {
	about string
	ops   string // the operations it is the case of, which it must really call
	run   func(*testing.T, *iamWorld)
}

var iamCases = slices.Concat(iamUserCases, iamGroupCases, iamRoleCases, iamPolicyCases, iamAccountCases,
	iamSimulationCases)

// iamWorld is a Granary that all cases share, each with names of its own.
type iamWorld struct {
	*world.World
	*iam.Client // as the root user
	mu          sync.Mutex
	called      map[string]bool
}

// as is an IAM client of a key, whose calls count.
func (w *iamWorld) as(k client.Key) *iam.Client {
	cfg := w.AWS(k)
	cfg.APIOptions = append(cfg.APIOptions, func(s *middleware.Stack) error {
		return s.Initialize.Add(middleware.InitializeMiddlewareFunc("count",
			func(ctx context.Context, in middleware.InitializeInput,
				next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				w.mu.Lock()
				w.called[middleware.GetOperationName(ctx)] = true
				w.mu.Unlock()
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
	})
	return iam.NewFromConfig(cfg)
}

// user makes a user with an inline policy of the statements, and a key.
func (w *iamWorld) user(t *testing.T, name string, statements ...string) client.Key {
	t.Helper()
	worldtest.Must[*iam.CreateUserOutput](t)(w.CreateUser(t.Context(), &iam.CreateUserInput{UserName: &name}))
	if len(statements) > 0 {
		w.allow(t, name, statements...)
	}
	return w.key(t, name)
}

func (w *iamWorld) allow(t *testing.T, name string, statements ...string) {
	t.Helper()
	worldtest.Must[*iam.PutUserPolicyOutput](t)(w.PutUserPolicy(t.Context(),
		&iam.PutUserPolicyInput{UserName: &name, PolicyName: aws.String("own"),
			PolicyDocument: aws.String(worldtest.Policy(strings.Join(statements, ",")))}))
}

func (w *iamWorld) key(t *testing.T, name string) client.Key {
	t.Helper()
	k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(w.CreateAccessKey(t.Context(),
		&iam.CreateAccessKeyInput{UserName: &name})).
		AccessKey
	return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
}

// policy makes a customer-managed policy and returns its ARN.
func (w *iamWorld) policy(t *testing.T, name, statements string) string {
	t.Helper()
	return *worldtest.Must[*iam.CreatePolicyOutput](t)(w.CreatePolicy(t.Context(),
		&iam.CreatePolicyInput{PolicyName: &name, PolicyDocument: aws.String(worldtest.Policy(statements))})).Policy.Arn
}

func (w *iamWorld) arn(resource string) string { return "arn:aws:iam::" + w.Account + ":" + resource }

// may demands that a key may, or may not, list users: the permission the cases give and take.
func (w *iamWorld) may(t *testing.T, k client.Key, want bool, words string) {
	t.Helper()
	_, err := w.as(k).ListUsers(t.Context(), nil)
	if want && err != nil {
		t.Errorf("refused: %v", err)
	}
	if !want {
		worldtest.Refused(t, err, "AccessDenied", words)
	}
}

const (
	listUsers = `{"Effect":"Allow","Action":"iam:ListUsers","Resource":"*"}`
	anyTrust  = `{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},"Action":"sts:AssumeRole"}`
	adminARN  = "arn:aws:iam::aws:policy/AdministratorAccess"
	everyone  = `{"Effect":"Allow","Action":"*","Resource":"*"}`
)

// Every row of IAM's table has a case, and every case calls what it says.
func TestIAM(t *testing.T) {
	t.Parallel()
	w := &iamWorld{World: worldtest.Start(t), called: map[string]bool{}}
	w.Client = w.as(w.Root())
	tried := map[string]bool{}
	for _, c := range iamCases {
		t.Run(strings.ReplaceAll(c.about, " ", "_"), func(t *testing.T) {
			clear(w.called)
			c.run(t, w)
			for _, op := range strings.Fields(c.ops) {
				if tried[op] = true; !w.called[op] {
					t.Errorf("the case of %s does not call it", op)
				}
			}
		})
	}
	for _, s := range w.Server.Rows() {
		for _, r := range s.Rows {
			if s.Prefix == "iam" && !tried[r.Meta.Name] {
				t.Errorf("%s has no case", r.Meta.Name)
			}
		}
	}
	t.Logf("%d cases for %d operations", len(iamCases), len(tried))
}

// pages walks all pages of two and returns how many elements they had.
func pages(t *testing.T, page func(marker *string, two *int32) (n int, truncated bool, next *string, err error)) (
	total int) {
	t.Helper()
	var marker *string
	for range 100 {
		n, truncated, next, err := page(marker, aws.Int32(2))
		if err != nil {
			t.Fatal(err)
		}
		if n > 2 || truncated != (next != nil) {
			t.Errorf("a page of %d, truncated %v, marker %v", n, truncated, next)
		}
		total += n
		if !truncated {
			return total
		}
		marker = next
	}
	t.Error("the pages do not end")
	return total
}

// A secret is in the answer that makes it and nowhere else: in no other answer, and on disk in no readable form.
func TestASecretIsShownOnce(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := &iamWorld{World: worldtest.Start(t), called: map[string]bool{}}
	w.Client = w.as(w.Root())
	k := w.user(t, "once", listUsers)
	w.may(t, k, true, "")
	out := worldtest.Must[*iam.ListAccessKeysOutput](t)(w.ListAccessKeys(ctx,
		&iam.ListAccessKeysInput{UserName: aws.String("once")}))
	if got := fmt.Sprint(out.AccessKeyMetadata); len(out.AccessKeyMetadata) != 1 || strings.Contains(got, k.Secret) {
		t.Errorf("listed: %s", got)
	}
	files := 0
	err := filepath.WalkDir(filepath.Dir(w.Server.EnvPath()), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if files++; strings.Contains(string(b), k.Secret) || strings.Contains(string(b), url.QueryEscape(k.Secret)) {
			t.Errorf("%s has the secret", path)
		}
		return err
	})
	if err != nil || files < 3 {
		t.Errorf("walked %d files: %v", files, err)
	}
}

// Two keys are in use while one takes over from the other; an inactive one opens nothing from the next request on.
func TestAccessKeysRotate(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := &iamWorld{World: worldtest.Start(t), called: map[string]bool{}}
	w.Client = w.as(w.Root())
	old := w.user(t, "rotates", listUsers)
	next := w.key(t, "rotates")
	w.may(t, old, true, "")
	w.may(t, next, true, "")
	_, err := w.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: aws.String("rotates")})
	worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "Cannot exceed quota for AccessKeysPerUser: 2")
	set := func(status iamtypes.StatusType) {
		t.Helper()
		worldtest.Must[*iam.UpdateAccessKeyOutput](t)(w.UpdateAccessKey(ctx,
			&iam.UpdateAccessKeyInput{UserName: aws.String("rotates"),
				AccessKeyId: &old.ID, Status: status}))
	}
	set(iamtypes.StatusTypeInactive)
	_, err = w.as(old).ListUsers(ctx, nil)
	worldtest.Refused(t, err, "InvalidClientTokenId", "The security token included in the request is invalid")
	w.may(t, next, true, "")
	set(iamtypes.StatusTypeActive)
	w.may(t, old, true, "")
	worldtest.Must[*iam.DeleteAccessKeyOutput](t)(w.DeleteAccessKey(ctx,
		&iam.DeleteAccessKeyInput{UserName: aws.String("rotates"),
			AccessKeyId: &old.ID}))
	_, err = w.as(old).ListUsers(ctx, nil)
	worldtest.Refused(t, err, "InvalidClientTokenId", "")

	t.Run("a user rotates its own", func(t *testing.T) {
		w.allow(t, "rotates", `{"Effect":"Allow","Action":"iam:*AccessKey*","Resource":"`+w.arn("user/rotates")+`"}`)
		own := w.as(next)
		k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(own.CreateAccessKey(ctx, nil)).AccessKey
		if *k.UserName != "rotates" || k.Status != iamtypes.StatusTypeActive || !strings.HasPrefix(*k.AccessKeyId, "AKIA") ||
			len(*k.AccessKeyId) != 20 || len(*k.SecretAccessKey) != 40 {
			t.Errorf("a key: %+v", k)
		}
		third := w.as(client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey})
		worldtest.Must[*iam.DeleteAccessKeyOutput](t)(third.DeleteAccessKey(ctx,
			&iam.DeleteAccessKeyInput{AccessKeyId: &next.ID}))
		_, err := third.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{AccessKeyId: &next.ID})
		worldtest.RefusedAs[*iamtypes.NoSuchEntityException](t, err, "The Access Key with id "+next.ID+" cannot be found.")
		_, err = third.ListAccessKeys(ctx, &iam.ListAccessKeysInput{UserName: aws.String("nobody")})
		worldtest.Refused(t, err, "AccessDenied", "user/nobody")
	})
	t.Run("the root user's too", func(t *testing.T) {
		k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(w.CreateAccessKey(ctx, nil)).AccessKey
		second := w.as(client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey})
		_, err := w.CreateAccessKey(ctx, nil)
		worldtest.RefusedAs[*iamtypes.LimitExceededException](t, err, "")
		if n := len(worldtest.Must[*iam.ListAccessKeysOutput](t)(second.ListAccessKeys(ctx, nil)).AccessKeyMetadata); n != 2 {
			t.Errorf("%d root keys", n)
		}
		first := w.Root().ID
		worldtest.Must[*iam.UpdateAccessKeyOutput](t)(second.UpdateAccessKey(ctx,
			&iam.UpdateAccessKeyInput{AccessKeyId: &first, Status: iamtypes.StatusTypeInactive}))
		_, err = w.ListUsers(ctx, nil)
		worldtest.Refused(t, err, "InvalidClientTokenId", "")
		worldtest.Must[*iam.UpdateAccessKeyOutput](t)(second.UpdateAccessKey(ctx,
			&iam.UpdateAccessKeyInput{AccessKeyId: &first, Status: iamtypes.StatusTypeActive}))
		worldtest.Must[*iam.DeleteAccessKeyOutput](t)(w.DeleteAccessKey(ctx,
			&iam.DeleteAccessKeyInput{AccessKeyId: k.AccessKeyId}))
	})
}

// When a key or role was used last is told to the second, and not forgotten by a restart.
func TestLastUsed(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := &iamWorld{World: worldtest.Start(t), called: map[string]bool{}}
	w.Client = w.as(w.Root())
	k := w.user(t, "used", `{"Effect":"Allow","Action":["iam:ListUsers","sts:AssumeRole","s3:ListAllMyBuckets"],`+
		`"Resource":"*"}`)
	last := func(id string) *iam.GetAccessKeyLastUsedOutput {
		t.Helper()
		return worldtest.Must[*iam.GetAccessKeyLastUsedOutput](t)(w.GetAccessKeyLastUsed(ctx,
			&iam.GetAccessKeyLastUsedInput{AccessKeyId: &id}))
	}
	if u := last(k.ID); *u.UserName != "used" || *u.AccessKeyLastUsed.ServiceName != "N/A" ||
		*u.AccessKeyLastUsed.Region != "N/A" || u.AccessKeyLastUsed.LastUsedDate != nil {
		t.Errorf("never used: %+v %+v", u, u.AccessKeyLastUsed)
	}
	before := time.Now().Add(-time.Second)
	w.may(t, k, true, "")
	if u := last(k.ID).AccessKeyLastUsed; *u.ServiceName != "iam" || *u.Region != "us-east-1" ||
		u.LastUsedDate.Before(before) || u.LastUsedDate.After(time.Now()) {
		t.Errorf("used for iam: %+v", u)
	}
	if _, err := w.S3(k).ListBuckets(ctx, nil); err != nil {
		t.Fatal(err)
	}
	if u := last(k.ID).AccessKeyLastUsed; *u.ServiceName != "s3" || *u.Region != w.Region {
		t.Errorf("used for s3: %s %s", *u.ServiceName, *u.Region)
	}
	worldtest.MakeRole(t, w.World, w.Root(), "used", `{"Effect":"Allow","Principal":{"AWS":"`+w.arn("user/used")+
		`"},"Action":"sts:AssumeRole"}`, listUsers)
	role := func() *iamtypes.RoleLastUsed {
		t.Helper()
		return worldtest.Must[*iam.GetRoleOutput](t)(w.GetRole(ctx,
			&iam.GetRoleInput{RoleName: aws.String("used")})).Role.RoleLastUsed
	}
	if u := role(); u != nil && u.LastUsedDate != nil {
		t.Errorf("a role never used: %+v", u)
	}
	s := worldtest.Must[*sts.AssumeRoleOutput](t)(sts.NewFromConfig(w.AWS(k)).AssumeRole(ctx,
		&sts.AssumeRoleInput{RoleArn: aws.String(w.arn("role/used")), RoleSessionName: aws.String("s1")}))
	w.may(t, worldtest.KeyOf(s.Credentials), true, "")
	if u := role(); u == nil || u.LastUsedDate.Before(before) || *u.Region != "us-east-1" {
		t.Errorf("a role used: %+v", u)
	}
	t.Cleanup(func() { w.Stop() }) // the one that runs then
	t.Run("after a restart", func(t *testing.T) {
		before, roleBefore := last(k.ID).AccessKeyLastUsed, role()
		c := w.Config
		if err := w.Stop(); err != nil {
			t.Fatal(err)
		}
		w.World = worldtest.Must[*world.World](t)(world.Start(context.Background(), c, "127.0.0.1:0",
			slog.New(slog.NewTextHandler(io.Discard, nil))))
		w.Client = w.as(w.Root())
		if u := last(k.ID).AccessKeyLastUsed; !u.LastUsedDate.Equal(*before.LastUsedDate) ||
			*u.ServiceName != *before.ServiceName {
			t.Errorf("a key: %v %s, before %v %s", u.LastUsedDate, *u.ServiceName, before.LastUsedDate, *before.ServiceName)
		}
		if u := role(); u == nil || !u.LastUsedDate.Equal(*roleBefore.LastUsedDate) || *u.Region != *roleBefore.Region {
			t.Errorf("a role: %+v", u)
		}
	})
	t.Run("whose key it is not", func(t *testing.T) {
		w.allow(t, "used", `{"Effect":"Allow","Action":"iam:GetAccessKeyLastUsed","Resource":"`+w.arn("user/other")+`"}`)
		_, err := w.as(k).GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: &k.ID})
		worldtest.Refused(t, err, "AccessDenied", "user/used")
		_, err = w.GetAccessKeyLastUsed(ctx, &iam.GetAccessKeyLastUsedInput{AccessKeyId: aws.String("AKIAAAAAAAAAAAAAAAAA")})
		worldtest.Refused(t, err, "NoSuchEntity", "The Access Key with id AKIAAAAAAAAAAAAAAAAA cannot be found.")
	})
}

// An empty list is an element all the same: Python's callers find no key otherwise.
func TestEmptyListsOfIAMAreThere(t *testing.T) {
	t.Parallel()
	w := worldtest.Start(t)
	root := w.Root()
	for action, want := range map[string]string{"ListUsers": "<Users></Users>", "ListGroups": "<Groups></Groups>",
		"ListPolicies&Scope=Local":                    "<Policies></Policies>",
		"ListAccountAliases":                          "<AccountAliases></AccountAliases>",
		"CreateInstanceProfile&InstanceProfileName=p": "<Roles></Roles>",
		"SimulateCustomPolicy&ActionNames.member.1=a:B&PolicyInputList.member.1=" +
			url.QueryEscape(
				worldtest.Policy(listUsers)): "<MatchedStatements></MatchedStatements><MissingContextValues>" +
			"</MissingContextValues>"} {
		a := worldtest.Send(t, w, worldtest.Request{Method: "GET", Path: "/?Version=2010-05-08&Action=" + action, Key: &root,
			Service: "iam",
			Region:  "us-east-1"})
		if a.Status != 200 || !strings.Contains(a.Body, want) {
			t.Errorf("%s: %d %s", action, a.Status, a.Body)
		}
	}
}
