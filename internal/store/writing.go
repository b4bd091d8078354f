package store

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"granary"
	"granary/internal/postgres"
)

// lockStatements returns the statements that the writer sends at the beginning of a transaction. They lock the row of
// the table writing, which needs a privilege on the table, and read the log from this node's position. So an update
// begins with everything that any node committed before it, and its decisions take all of it into account.
func (n *nodes) lockStatements() string {
	n.from = *n.db.at.Load()
	return fmt.Sprintf("SELECT server FROM writing FOR UPDATE; "+
		"SELECT rev, id, kind, deleted, CASE WHEN rev > %[1]d THEN doc ELSE '' END FROM change WHERE rev >= %[1]d ORDER BY "+
		"rev LIMIT %[2]d", n.from.Rev, maxRead)
}

// onLocked processes the answers to lockStatements. When it fails, nothing is written and the connection is closed: it
// may lead to a server that is no longer the primary.
func (n *nodes) onLocked(tx *postgres.Tx, c postgres.Connection, answers [][][][]byte) error {
	if len(answers) != 2 || len(answers[0]) != 1 {
		return granary.Errorf(granary.Unavailable, "The table writing of the state must have one row.")
	}
	read, err := n.parseLog(answers[1])
	empty := n.from.Rev == 0 && len(read) == 0
	for err == nil {
		var news bool
		if news, err = n.db.deliverRead(n.from, read); err != nil {
			n.wakeLoop() // the next round finds out whether this node is wrong, or the connection
			return errMustRestart
		}
		if news {
			n.wakeLoop() // other nodes may be waiting for this one
		}
		if len(read) < maxRead {
			return n.delayOnNewServer(tx, c, string(answers[0][0][0]), empty)
		}
		n.from = read[len(read)-1].position()
		read, err = n.db.readSince(tx, tx.EachWith, n.from, maxRead)
	}
	if unknown := (unknownKind{}); errors.As(err, &unknown) {
		return granary.Errorf(granary.Unavailable, "This node cannot change anything: %s. A newer release of Granary wrote "+
			"it. Start that release on this node.", unknown)
	}
	return unavailable(err)
}

// delayOnNewServer sets the earliest time of acknowledgement when the writer is connected to a server that may not know
// all live nodes, because it was promoted, restored or restarted. recorded is the last server to which a writer was
// connected for nodeLife. If the log is empty, no node can decide anything yet, and there is no delay.
func (n *nodes) delayOnNewServer(tx *postgres.Tx, c postgres.Connection, recorded string, empty bool) error {
	n.notBefore = time.Time{}
	if c.Server == recorded {
		return nil
	}
	if until := c.Since.Add(nodeLife); !empty && time.Now().Before(until) {
		n.notBefore = until
		return nil
	}
	_, err := tx.Exec("UPDATE writing SET server = $1", c.Server)
	return err
}

// parseLog reads rows of the log in PostgreSQL's text format.
func (n *nodes) parseLog(rows [][][]byte) (list []Change, err error) {
	for _, r := range rows {
		rev, err := strconv.ParseInt(string(r[0]), 10, 64)
		if err != nil {
			return nil, err
		}
		c := Change{Rev: rev, id: string(r[1]), Deleted: string(r[3]) == "t"}
		if rev > n.from.Rev {
			if err := n.db.decode(&c, string(r[2]), string(r[4])); err != nil {
				return nil, err
			}
		}
		list = append(list, c)
	}
	return list, nil
}
