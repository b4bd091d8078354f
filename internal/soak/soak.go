// Package soak runs hostile strangers beside honest callers, and judges whether the honest ones notice. The server, the
// strangers and the honest callers are three processes: only what the strangers cost the server is measured, not what
// they cost the machine as clients.
package soak

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
	"granary/internal/demo"
)

// Plan says what to do.
type Plan struct {
	Granary  string        // path of the built server
	Self     []string      // command of the strangers' process, which calls RunStrangers
	Dir      string        // an empty directory
	Duration time.Duration // of the whole measurement: a quarter quiet, a half hostile, a quarter quiet again
	Factor   float64       // of the strangers' rates and connections
	Progress func(string)
}

// warmUp is how long honest callers call before anything is measured.
const warmUp = 5 * time.Second

// phase is a part of the measurement.
type phase struct {
	name        string
	hostile     bool
	began, over reading
}

func (p *phase) took() time.Duration { return p.over.at.Sub(p.began.at) }

// Run starts a server with the demo company, measures, and stops it.
func (p Plan) Run(ctx context.Context) (*Report, error) {
	provider, err := corp.Start("127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	defer func() { _ = provider.Stop(context.WithoutCancel(ctx)) }() // it holds nothing
	p.Progress("starting the server, with a certificate for granary.localhost")
	s, err := startServer(ctx, p.Granary, p.Dir)
	if err != nil {
		return nil, err
	}
	defer s.stop()
	w := &demo.World{Provider: provider, Env: s.env, Account: s.env.Get("GRANARY_ACCOUNT_ID"),
		Region: s.env.Get("AWS_REGION")}
	company, err := w.Settle(ctx)
	if err != nil {
		return nil, err
	}
	target, err := p.victims(ctx, company, s)
	if err != nil {
		return nil, err
	}
	honest, err := newHonest(ctx, company, s)
	if err != nil {
		return nil, err
	}
	if err := honest.start(ctx); err != nil {
		return nil, err
	}
	defer honest.stop()
	return p.measure(ctx, s, honest, target)
}

// victims makes what the strangers know or have: an IAM user who may do nothing, and the id of a key that is in use.
func (p Plan) victims(ctx context.Context, c *demo.Company, s *server) (*Target, error) {
	call, err := c.Caller(c.Root())
	if err != nil {
		return nil, err
	}
	if err := call.Query(ctx, "iam", "2010-05-08", "CreateUser", map[string][]string{"UserName": {nobody}},
		nil); err != nil {
		return nil, err
	}
	var made struct {
		AccessKey struct{ AccessKeyId, SecretAccessKey string }
	}
	if err := call.Query(ctx, "iam", "2010-05-08", "CreateAccessKey", map[string][]string{"UserName": {nobody}},
		&made); err != nil {
		return nil, err
	}
	return &Target{API: s.api, Web: s.web, Telemetry: s.telemetry, Name: s.name, CA: s.ca, Account: c.Account,
		Region: c.Region,
		Bucket: corp.Bucket, SCIM: c.SCIM.Endpoint, KnownKey: c.Machine.ID, Factor: p.Factor,
		Nobody: client.Key{ID: made.AccessKey.AccessKeyId, Secret: made.AccessKey.SecretAccessKey}}, nil
}

func (p Plan) measure(ctx context.Context, s *server, honest *honest, target *Target) (*Report, error) {
	phases := []phase{{name: "quiet, before"}, {name: "hostile", hostile: true}, {name: "quiet, after"}}
	p.Progress("warming up")
	if err := wait(ctx, warmUp); err != nil {
		return nil, err
	}
	r := &Report{memory: s.sample(ctx, time.Second)}
	for i := range phases {
		ph := &phases[i]
		took := p.Duration / 4
		if ph.hostile {
			took = p.Duration / 2
		}
		p.Progress(fmt.Sprintf("%s, for %s", ph.name, took))
		var err error
		if ph.began, err = s.read(p.Dir); err != nil {
			return nil, err
		}
		honest.mark(i)
		if ph.hostile {
			target.Seconds = took.Seconds()
			r.strangers, err = p.hostility(ctx, target)
		} else {
			err = wait(ctx, took)
		}
		if err != nil {
			return nil, err
		}
		if ph.over, err = s.read(p.Dir); err != nil {
			return nil, err
		}
	}
	honest.mark(len(phases))
	r.phases, r.calls = phases, honest.results()
	var err error
	r.audited, err = readAudit(filepath.Join(p.Dir, "data", "audit"), phases[1].began.at, phases[1].over.at)
	return r, errors.Join(err, s.alive())
}

func wait(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// size returns the bytes of all files below a directory.
func size(dir string) (total int64, err error) {
	err = filepath.WalkDir(dir, func(_ string, d os.DirEntry, err error) error {
		if errors.Is(err, os.ErrNotExist) {
			return nil // removed meanwhile
		}
		if err != nil || d.IsDir() {
			return err
		}
		f, err := d.Info()
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err == nil {
			total += f.Size()
		}
		return err
	})
	return total, err
}
