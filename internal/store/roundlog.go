package store

import (
	"errors"
	"time"
)

// loggedFailure is the last failure of a round that was logged.
type loggedFailure struct {
	text string
	at   time.Time
}

// Failures of rounds are logged at most once per newFailureInterval, and the same failure once per sameFailureInterval.
const (
	newFailureInterval  = time.Second
	sameFailureInterval = 10 * time.Second
)

// logFailure logs a round's failure, unless one was logged recently, and the first success after it.
func (n *nodes) logFailure(err error) {
	switch {
	case err == nil && n.logged.text == "":
	case err == nil:
		n.logged = loggedFailure{}
		n.db.log.Info("this node follows the database again")
	case n.logged.isDue(err.Error(), time.Now()):
		n.logged = loggedFailure{err.Error(), time.Now()}
		if cause := errors.Unwrap(err); cause != nil {
			err = cause // the outer error is worded for clients
		}
		n.db.log.Error("this node cannot follow the database; it will refuse every request if this continues", "error", err)
	}
}

// isDue reports whether a failure should be logged, given that t was logged last.
func (t loggedFailure) isDue(text string, now time.Time) bool {
	return now.Sub(t.at) >= newFailureInterval && (t.text != text || now.Sub(t.at) >= sameFailureInterval)
}
