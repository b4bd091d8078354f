package server

import (
	"context"
	"sync"
	"time"

	"granary/internal/authn"
)

// uses is when keys and roles were used last, and what saves it now and then.
type uses struct {
	authn.Uses
	stop sync.Once
	ends chan struct{}
	done chan struct{}
}

const saveEvery = time.Minute

// keep saves until finish.
func (u *uses) keep(s *Server) {
	u.ends, u.done = make(chan struct{}), make(chan struct{})
	go func() {
		defer close(u.done)
		t := time.NewTicker(saveEvery)
		defer t.Stop()
		for {
			select {
			case <-u.ends:
				return
			case <-t.C:
				if err := u.Save(context.Background(), s.db); err != nil {
					s.log.Warn("last uses of keys could not be saved; they will be tried again", "error", err)
				}
			}
		}
	}()
}

// finish saves for the last time. The doors are closed by now.
func (u *uses) finish(s *Server) error {
	if u.ends == nil || s.db == nil {
		return nil
	}
	var err error
	u.stop.Do(func() {
		close(u.ends)
		<-u.done
		err = u.Save(context.Background(), s.db)
	})
	return err
}
