package world_test

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/s3control"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/postgres/pgtest"
	"granary/internal/server"
	"granary/internal/store"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// failing is a company on two nodes, whose PostgreSQL has a standby.
type failing struct {
	primary *pgtest.Cluster
	standby *pgtest.Standby
	url     string
	ways    [2]*pgtest.Proxy
	near    *worldtest.Tokens
	far     *worldtest.Tokens
}

func withStandby(t *testing.T) *failing {
	t.Helper()
	f := &failing{primary: pgtest.Own(t)}
	f.url = worldtest.Must[string](t)(f.primary.Database(t.Context(), ""))
	f.standby = f.primary.Standby(t)
	f.ways = [2]*pgtest.Proxy{pgtest.Through(t, f.url), pgtest.Through(t, f.url)}
	f.near = &worldtest.Tokens{Company: worldtest.SettleWith(t, func(s *server.Config) { s.State = f.ways[0].URL })}
	f.far = another(t, f.near, f.ways[1].URL)
	return f
}

// revocation takes something away, which uses use.
type revocation struct {
	name   string
	revoke func(context.Context) error
	use    func(context.Context, *worldtest.Tokens) error
}

// revocations are several kinds of them, each of a caller of its own.
func (f *failing) revocations(t *testing.T) []revocation {
	t.Helper()
	ctx, c := t.Context(), f.near
	root := iam.NewFromConfig(c.AWS(c.Root()), func(o *iam.Options) { o.RetryMaxAttempts = 1 })
	control := s3control.NewFromConfig(c.AWS(c.Root()))
	identify := func(k client.Key) func(context.Context, *worldtest.Tokens) error {
		return func(ctx context.Context, n *worldtest.Tokens) error {
			_, err := sts.NewFromConfig(n.AWS(k), func(o *sts.Options) { o.RetryMaxAttempts = 1 }).GetCallerIdentity(ctx, nil)
			return err
		}
	}
	user := func(name string) client.Key {
		worldtest.Must[*iam.CreateUserOutput](t)(root.CreateUser(ctx, &iam.CreateUserInput{UserName: &name}))
		k := worldtest.Must[*iam.CreateAccessKeyOutput](t)(root.CreateAccessKey(ctx,
			&iam.CreateAccessKeyInput{UserName: &name})).
			AccessKey
		return client.Key{ID: *k.AccessKeyId, Secret: *k.SecretAccessKey}
	}
	deleted, off := user("deleted"), user("off")
	trust := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",`+
		`"Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"sts:AssumeRole"}]}`, c.Account)
	worldtest.Must[*iam.CreateRoleOutput](t)(root.CreateRole(ctx, &iam.CreateRoleInput{RoleName: aws.String("gone"),
		AssumeRolePolicyDocument: &trust, Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}))
	may := fmt.Sprintf(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",`+
		`"Resource":"arn:aws:iam::%s:role/gone"}]}`, c.Account)
	caller := user("caller")
	worldtest.Must[*iam.PutUserPolicyOutput](t)(root.PutUserPolicy(ctx,
		&iam.PutUserPolicyInput{UserName: aws.String("caller"),
			PolicyName: aws.String("p"), PolicyDocument: &may}))
	session := worldtest.Must[client.Key](t)(c.Assume(ctx, caller, "arn:aws:iam::"+c.Account+":role/gone", "session", ""))
	bearer := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
	vended, _, err := c.Vend(ctx, bearer, "s3://"+corp.Bucket+"/finance/*", "READ")
	if err != nil {
		t.Fatal(err)
	}
	grant := c.Grants["Finance"]
	if grant == "" {
		t.Fatalf("no such grant: %v", c.Grants)
	}
	return []revocation{
		{"access key deleted", func(ctx context.Context) error {
			_, err := root.DeleteAccessKey(ctx, &iam.DeleteAccessKeyInput{UserName: aws.String("deleted"),
				AccessKeyId: &deleted.ID})
			return err
		}, identify(deleted)},
		{"access key off", func(ctx context.Context) error {
			_, err := root.UpdateAccessKey(ctx, &iam.UpdateAccessKeyInput{UserName: aws.String("off"), AccessKeyId: &off.ID,
				Status: iamtypes.StatusTypeInactive})
			return err
		}, identify(off)},
		{"role deleted", func(ctx context.Context) error {
			_, err := root.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("gone")})
			return err
		}, identify(session)},
		{"grant deleted", func(ctx context.Context) error {
			_, err := control.DeleteAccessGrant(ctx, &s3control.DeleteAccessGrantInput{AccountId: &c.Account,
				AccessGrantId: &grant})
			return err
		}, identify(vended)},
		{"person deactivated", func(ctx context.Context) error { return c.SetActive(ctx, worldtest.Alice, false) },
			identify(bearer)},
	}
}

// A failover to a standby that lost nothing of what was changed, but does not know which nodes there are: whatever was
// revoked through the new primary opens nothing from the answer on, on a node whose connection to the dead primary
// hangs either.
func TestRevocationsHoldOnEveryNodeOverAFailover(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := withStandby(t)
	list := f.revocations(t)
	f.standby.Await(t)
	f.standby.Stream.Stall()
	time.Sleep(store.MaxStaleness + 1500*time.Millisecond) // the heartbeats that the standby has are old
	for _, r := range list {
		if err := r.use(ctx, f.far); err != nil {
			t.Fatalf("%s: before: %v", r.name, err)
		}
	}
	f.ways[1].Stall()
	f.primary.Kill()
	promoted := f.standby.Promote(t, f.url)
	f.ways[0].Lead(t, promoted)

	var all sync.WaitGroup
	var asked, passed atomic.Int32
	for _, r := range list {
		all.Go(func() {
			began := time.Now()
			err := r.revoke(ctx)
			for ; err != nil && time.Since(began) < 20*time.Second; err = r.revoke(ctx) {
				time.Sleep(10 * time.Millisecond)
			}
			if err != nil {
				t.Errorf("%s: %v", r.name, err)
				return
			}
			for answered := time.Now(); time.Since(answered) < store.MaxStaleness; time.Sleep(5 * time.Millisecond) {
				for i, n := range []*worldtest.Tokens{f.near, f.far} {
					asked.Add(1)
					if err := r.use(ctx, n); err == nil {
						passed.Add(1)
						t.Errorf("%s: node %d took it %s after the answer", r.name, i, time.Since(answered))
					}
				}
			}
		})
	}
	all.Wait()
	t.Logf("%d requests after the answers, %d succeeded", asked.Load(), passed.Load())

	f.ways[1].Lead(t, promoted)
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := sts.NewFromConfig(f.far.AWS(f.far.Root())).GetCallerIdentity(ctx, nil); err == nil {
			break
		} else if time.Since(began) > 20*time.Second {
			t.Fatalf("the node does not come back: %v", err)
		}
	}
	for _, r := range list {
		if err := r.use(ctx, f.far); err == nil || strings.Contains(err.Error(), "503") {
			t.Errorf("%s: after the node is back: %v", r.name, err)
		}
	}
}

// A failover that lost a change which left a role as it was, and a deletion of the role in that change's place: the
// nodes of the log before it notice, and their role's session opens nothing.
func TestAFailoverThatLostAChangeIsNoticedOnEveryNode(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	f := withStandby(t)
	var role revocation
	for _, r := range f.revocations(t) {
		if r.name == "role deleted" {
			role = r
		}
	}
	f.standby.Await(t)
	f.standby.Stream.Stall()
	near := iam.NewFromConfig(f.near.AWS(f.near.Root()), func(o *iam.Options) { o.RetryMaxAttempts = 1 })
	worldtest.Must[*iam.TagRoleOutput](t)(near.TagRole(ctx,
		&iam.TagRoleInput{RoleName: aws.String("gone"),
			Tags: []iamtypes.Tag{{Key: aws.String("team"), Value: aws.String("a")}}}))
	f.primary.Kill()
	promoted := f.standby.Promote(t, f.url)
	for _, way := range f.ways {
		way.Lead(t, promoted)
	}
	if err := role.revoke(ctx); err == nil || !strings.Contains(err.Error(), "503") {
		t.Errorf("the node whose change was lost deletes the role: %v", err)
	}
	config := f.near.Config
	config.Data, config.State, config.KEK = t.TempDir(), promoted, kek(t, f.near)
	s := worldtest.Must[*server.Server](t)(server.Start(ctx, config, slog.New(slog.DiscardHandler)))
	defer s.Stop()
	w := world.World{Config: config, Server: s, Env: worldtest.Must[client.Env](t)(s.Env())}
	third := iam.NewFromConfig(w.AWS(w.Root()))
	worldtest.Must[*iam.DeleteRoleOutput](t)(third.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: aws.String("gone")}))
	for answered := time.Now(); time.Since(answered) < 3*time.Second; time.Sleep(5 * time.Millisecond) {
		for i, n := range []*worldtest.Tokens{f.near, f.far} {
			if err := role.use(ctx, n); err == nil {
				t.Fatalf("node %d took the role's session %s after the role was deleted", i, time.Since(answered))
			}
		}
	}
	for i, n := range []*worldtest.Tokens{f.near, f.far} {
		if err := role.use(ctx, n); err == nil || !strings.Contains(err.Error(), "must be started again") {
			t.Errorf("node %d says %v", i, err)
		}
	}
}

// What was begun on a node that is cut off from the database since, by a caller whose key was deleted meanwhile on
// another node, is not finished: neither while it is cut off nor when it is back.
func TestWhatWaitsOnANodeThatIsCutOffIsNotDone(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	c := shared(t)
	way := pgtest.Through(t, c.Config.State)
	far := another(t, c, way.URL)
	m := &moment{Company: far.Company, iam: iam.NewFromConfig(far.AWS(far.Root()))}
	name, k := m.user(t)
	root := iam.NewFromConfig(c.AWS(c.Root()))
	var now, later []*held
	for _, name := range []string{"now", "later"} {
		for what, q := range m.inS3(t, "cut-off-"+name, "fresh-"+name, &k) {
			h := hold(t, far.World, what, q)
			if name == "now" {
				now = append(now, h)
			} else {
				later = append(later, h)
			}
		}
	}
	time.Sleep(100 * time.Millisecond) // they are decided on
	way.Stall()
	worldtest.Must[*iam.DeleteAccessKeyOutput](t)(root.DeleteAccessKey(ctx,
		&iam.DeleteAccessKeyInput{UserName: &name, AccessKeyId: &k.ID}))
	finish := func(list []*held) {
		for _, h := range list {
			status, body := h.finish(t)
			if status == 0 || status < 300 && (h.name != "DeleteObjects" || strings.Contains(body, "<Deleted>") ||
				!strings.Contains(body, "<Error>")) {
				t.Errorf("%s: %d %s", h.name, status, body)
			}
		}
	}
	finish(now)
	way.Mend()
	for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		if _, err := sts.NewFromConfig(far.AWS(far.Root())).GetCallerIdentity(ctx, nil); err == nil {
			break
		} else if time.Since(began) > 20*time.Second {
			t.Fatalf("the node does not come back: %v", err)
		}
	}
	finish(later)
	for _, bucket := range []string{"cut-off-now", "cut-off-later"} {
		m.untouched(t, m.Root(), bucket, "before")
	}
}
