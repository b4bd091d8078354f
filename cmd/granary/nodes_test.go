package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"granary/internal/client"
	"granary/internal/postgres/pgtest"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// Two nodes share a PostgreSQL and are written to from all sides, while one of them is killed again and again. What
// either acknowledged the other knows at once, and a token that one exchanged is used on the other.
func TestNothingAcknowledgedIsLostWhenANodeIsKilled(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	first := newVictim(t, "GRANARY_STATE="+pgtest.URL(t))
	second := first.another()
	provider := startProvider(t)
	near := worldtest.Must[*world.Company](t)(first.world(provider).Settle(ctx))
	far := *near
	far.World = second.world(provider)
	far.SCIM.Endpoint = strings.Replace(near.SCIM.Endpoint, near.Env.Get("GRANARY_WEB_URL"),
		far.Env.Get("GRANARY_WEB_URL"), 1)
	app := worldtest.Must[client.Key](t)(near.Assume(ctx, near.Machine, near.WebApp, "app", ""))

	var log acknowledged
	stop := make(chan struct{})
	var workers sync.WaitGroup
	for n, work := range []func(context.Context, *world.Company, client.Key, *acknowledged, string) error{writePerson,
		writeRole, writeGrant, writeExchange} {
		for k, c := range []*world.Company{near, &far} {
			workers.Go(func() {
				for i := 0; ; i++ {
					select {
					case <-stop:
						return
					default:
					}
					short, cancel := context.WithTimeout(ctx, 5*time.Second)
					_ = work(short, c, app, &log, fmt.Sprintf("n%d-%d-%d", n, k, i)) // what fails was not acknowledged
					cancel()
				}
			})
		}
	}
	for range 5 {
		time.Sleep(time.Duration(200+rand.IntN(600)) * time.Millisecond)
		second.kill()
		time.Sleep(time.Duration(rand.IntN(300)) * time.Millisecond)
		second.start()
	}
	close(stop)
	workers.Wait()
	log.verify(ctx, t)
	*near, far = far, *near // and each asks the node that another had acknowledged it
	log.verify(ctx, t)
	t.Logf("%d acknowledged writes over five crashes of one of two nodes", len(log.checks))
	if len(log.checks) < 100 {
		t.Errorf("only %d writes were acknowledged: the test proves little", len(log.checks))
	}
}
