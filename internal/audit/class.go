package audit

import "strings"

// class says which file an event is written to. Each class has a share of the log's size, so that events which anybody
// can cause in numbers do not push out events of changes.
type class int

const (
	changes  class = iota // management events that changed something
	calls                 // other management events that succeeded
	refusals              // whatever was refused or failed
	data                  // data events that succeeded
	mixed                 // of every class: what was written to the reserve, and by earlier releases
	classes  = iota
)

var classNames = [classes]string{"changes", "calls", "refusals", "data", "mixed"}

// shares are the classes' shares of the log's size, in sixteenths. Other classes may use what a class leaves free.
var shares = [classes]int64{4, 4, 2, 5, 1}

func (c class) String() string { return classNames[c] }

func classOf(e *Event) class {
	switch {
	case e.ErrorCode != "":
		return refusals
	case !e.ManagementEvent:
		return data
	case e.ReadOnly || e.EventName == "StrangersRefused":
		return calls
	}
	return changes
}

// holds reports whether a class may contain events of a category: 'M' management, 'D' data, 0 either.
func (c class) holds(category byte) bool {
	switch c {
	case changes, calls:
		return category != 'D'
	case data:
		return category != 'M'
	}
	return true
}

// rotatedName is the layout of the time in the name of a full file.
const rotatedName = "20060102T150405.000000000Z"

// splitName splits the name of a full file, without its extension, into the time when it became full and its class.
// ok is false when the name is another one.
func splitName(name string) (stamp string, c class, ok bool) {
	if len(name) < len(rotatedName) || name[0] != '2' || name[len(rotatedName)-1] != 'Z' {
		return "", 0, false
	}
	stamp, rest := name[:len(rotatedName)], name[len(rotatedName):]
	if rest == "" {
		return stamp, mixed, true // of an earlier release
	}
	for i, n := range classNames {
		if strings.TrimPrefix(rest, ".") == n {
			return stamp, class(i), true
		}
	}
	return "", 0, false
}
