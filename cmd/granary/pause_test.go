package main

import (
	"context"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"granary/internal/client"
	"granary/internal/postgres/pgtest"
	"granary/internal/world"
)

// A node that is stopped and goes on does not know that it was: whoever asks it after a key was deleted on another
// node, while it stands still or the moment that it goes on, is not let in.
func TestANodeThatWasStoppedLetsNobodyIn(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	first := newVictim(t, "GRANARY_STATE="+pgtest.URL(t))
	second := first.another()
	as := func(w *world.World, k client.Key) aws.Config {
		cfg := w.AWS(k)
		cfg.RetryMaxAttempts = 1
		return cfg
	}
	near, far := first.world(nil), second.world(nil)
	users := iam.NewFromConfig(as(near, near.Root()))
	name := aws.String("u")
	if _, err := users.CreateUser(ctx, &iam.CreateUserInput{UserName: name}); err != nil {
		t.Fatal(err)
	}
	for _, stopped := range []time.Duration{500 * time.Millisecond, 1900 * time.Millisecond, 2500 * time.Millisecond} {
		made, err := users.CreateAccessKey(ctx, &iam.CreateAccessKeyInput{UserName: name})
		if err != nil {
			t.Fatal(err)
		}
		k := client.Key{ID: *made.AccessKey.AccessKeyId, Secret: *made.AccessKey.SecretAccessKey}
		who := func() error {
			_, err := sts.NewFromConfig(as(far, k)).GetCallerIdentity(ctx, nil)
			return err
		}
		for began := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			if err = who(); err == nil {
				break
			}
			if time.Since(began) > 20*time.Second {
				t.Fatalf("after the last stop: %v", err)
			}
		}
		_ = second.cmd.Process.Signal(syscall.SIGSTOP)
		began := time.Now()
		var all sync.WaitGroup
		all.Go(func() {
			if _, err := users.DeleteAccessKey(context.WithoutCancel(ctx),
				&iam.DeleteAccessKeyInput{UserName: name, AccessKeyId: &k.ID}); err != nil {
				t.Error(err)
				return
			}
			acknowledged := time.Since(began)
			for range 16 {
				all.Go(func() {
					if err := who(); err == nil {
						t.Errorf("stopped for %s: let in after the deletion was acknowledged at %s", stopped, acknowledged)
					}
				})
			}
		})
		time.Sleep(stopped)
		_ = second.cmd.Process.Signal(syscall.SIGCONT)
		all.Wait()
	}
}
