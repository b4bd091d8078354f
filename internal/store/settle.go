package store

import (
	"database/sql"
	"time"

	"granary"
)

// deliverCommit gives the changes of a commit to this node's followers and returns a function that waits for the other
// nodes. The writer calls it after each commit. A round may have read and delivered some of the changes from the log
// already.
func (n *nodes) deliverCommit(attached []any) (settle func() error) {
	changes := changesOf(attached)
	last := changes[len(changes)-1].Rev
	n.db.mu.Lock()
	defer n.db.mu.Unlock()
	at := n.db.Revision()
	for len(changes) > 0 && changes[0].Rev <= at {
		changes = changes[1:]
	}
	if len(changes) > 0 && changes[0].Rev == at+1 { // always true, since the holder of the lock has the whole log
		n.db.deliver(changes)
	}
	notBefore := n.notBefore
	return func() error { return n.waitForOthers(last, notBefore) }
}

// errOutcomeUnknown is returned when a change may have been lost after its commit.
var errOutcomeUnknown = granary.Errorf(granary.Unavailable,
	"The database was set back, or another server took its place, "+
		"while the change was made, and it is not known whether it was. Please look before you try again.")

// waitForOthers waits until all live nodes have a revision that was just committed. After MaxStaleness it stops
// waiting, because by then no node that does not have the revision may decide; before notBefore it does not stop,
// because not all live nodes may be known.
func (n *nodes) waitForOthers(rev int64, notBefore time.Time) error {
	end := time.Now().Add(MaxStaleness)
	if notBefore.After(end) {
		end = notBefore
	}
	announce := true
	for wait := time.Millisecond; ; wait = min(2*wait, 50*time.Millisecond) {
		asked := time.Now()
		known, err := n.othersHave(rev, announce)
		announce = announce && err != nil
		if err == nil && known && !asked.Before(notBefore) || !time.Now().Before(end) {
			break
		}
		time.Sleep(min(wait, time.Until(end)))
	}
	if n.diverged.Load() || n.db.Revision() < rev {
		return errOutcomeUnknown
	}
	return nil
}

// othersHave reports whether all other live nodes have a revision. If wake is true and they do not, it notifies them.
// The notification is not part of the update's transaction, so that a full notification queue cannot stop updates.
func (n *nodes) othersHave(rev int64, wake bool) (bool, error) {
	var known sql.NullBool
	query := "SELECT MIN(seen) >= $1 FROM node WHERE at > now() - make_interval(secs => $2) AND id <> $3"
	if wake {
		query = "SELECT CASE WHEN known IS FALSE THEN pg_notify(channel, '') IS NULL ELSE known END FROM writing, " +
			"set_config('synchronous_commit', 'off', true), (" + query + ") AS nodes (known)"
	}
	err := n.queryValue(query, []any{rev, nodeLife.Seconds(), n.id}, &known)
	return !known.Valid || known.Bool, err
}
