package policy

// Work counts the steps of all decisions of one wire request, and remembers what they have in common. A policy and a
// request can be written so that comparing them takes very long; the limit makes such a request fail instead of
// occupying a processor. The zero value is ready to use. A Work must be used by one goroutine.
type Work struct {
	Limit int // in steps; 0 means MaxWork

	spent  int
	over   bool
	groups map[any]map[*statement]grade
}

// MaxWork is the default limit in steps. A step examines one byte, or compares up to perStep bytes at once, and takes
// about a nanosecond.
const MaxWork = 1 << 24

// MaxValue is the length in bytes of the longest value of a context key, and of the longest resource, that is compared.
// AWS accepts headers of 8 KB.
const MaxValue = 8 << 10

// perStep is the number of bytes that count as one step when they are compared at once.
const perStep = 16

// Spent returns the number of steps taken.
func (w *Work) Spent() int { return w.spent }

// Over reports whether the limit was reached. From then on every decision is a refusal.
func (w *Work) Over() bool { return w.over }

// spend adds steps and reports whether the work is still within its limit.
func (w *Work) spend(steps int) bool {
	w.spent += steps
	limit := w.Limit
	if limit == 0 {
		limit = MaxWork
	}
	if w.spent > limit {
		w.over = true
	}
	return !w.over
}

// admits reports whether s is short enough to be compared. A longer text uses all work up.
func (w *Work) admits(s string) bool {
	if len(s) > MaxValue {
		w.over = true
	}
	return !w.over
}

// maxGroups is the number of groups that are remembered at a time.
const maxGroups = 8

// gradesOf returns what is known for a group: for each statement seen, the grade at which it names the caller if action
// and conditions match too, else none.
func (w *Work) gradesOf(group any) map[*statement]grade {
	g := w.groups[group]
	if g == nil {
		if w.groups == nil || len(w.groups) >= maxGroups {
			w.groups = map[any]map[*statement]grade{}
		}
		g = map[*statement]grade{}
		w.groups[group] = g
	}
	return g
}
