package soak

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what was measured.
type Report struct {
	phases    []phase // quiet, hostile, quiet
	calls     []measured
	strangers []count
	memory    *memory
	audited   audited
}

// The verdict's bounds.
const (
	slowest      = 2.0                  // times the quiet p99 of an honest call
	leastNotice  = 5 * time.Millisecond // a p99 below this is not called slow, whatever the quiet one was
	memoryGrowth = 0.10                 // of the second half of hostility over the first
	memorySlack  = 8 << 20              // bytes that any two halves may differ by
	memoryOfAll  = 128 << 20            // bytes beyond the quiet memory, for all connections and bodies that are held
	summaryBytes = 4 << 10              // of audit log that all unproved strangers cost a minute
	eventBytes   = 16 << 10             // of audit log that one signed request costs at most
	otherDisk    = 8 << 20              // bytes beside the audit log, beyond what honest callers write in the same time
)

func middle[T cmp.Ordered](list []T) (none T) {
	if len(list) == 0 {
		return none
	}
	slices.Sort(list)
	return list[len(list)/2]
}

// merge returns the latency of a call in the phases that are hostile, or in those that are not.
func (r *Report) merge(m *measured, hostile bool) Latency {
	var took []time.Duration
	failed := 0
	for i, p := range r.phases {
		if p.hostile == hostile {
			took, failed = append(took, m.took[i]...), failed+m.failed[i]
		}
	}
	return latency(took, failed)
}

// hostile is the phase with the strangers.
func (r *Report) hostile() *phase { return &r.phases[1] }

// refused returns how many of the strangers' requests were answered, and how many connections they opened.
func (r *Report) refused() (requests, connections int) {
	for _, c := range r.strangers {
		if c.Held > 0 {
			connections += c.Done
		} else {
			requests += c.Done
		}
	}
	return requests, connections
}

// perSecond returns a rate of growth in the quiet phases together.
func (r *Report) quietly(of func(reading) float64) float64 {
	var grew, seconds float64
	for _, p := range r.phases {
		if !p.hostile {
			grew, seconds = grew+of(p.over)-of(p.began), seconds+p.took().Seconds()
		}
	}
	return grew / seconds
}

// strangersCost returns what grew in the hostile phase beyond what grows in the quiet ones in the same time.
func (r *Report) strangersCost(of func(reading) float64) float64 {
	h := r.hostile()
	return of(h.over) - of(h.began) - r.quietly(of)*h.took().Seconds()
}

func queuedSeconds(x reading) float64 { return x.queued.Seconds() }
func cpuSeconds(x reading) float64    { return x.cpu.Seconds() }
func otherBytes(x reading) float64    { return float64(x.disk - x.audit) }

// memoryHalves returns the median memory in the quiet phase before, in both halves of the hostile one without its first
// seconds, and in the quiet phase after; and the most of all, in bytes.
func (r *Report) memoryHalves() (before, first, second, after, most int64) {
	h := r.hostile()
	settled := h.began.at.Add(h.took() / 8)
	half := settled.Add(h.over.at.Sub(settled) / 2)
	quiet, last := r.phases[0], r.phases[2]
	return r.memory.median(quiet.began.at, quiet.over.at), r.memory.median(settled, half),
		r.memory.median(half, h.over.at),
		r.memory.median(last.began.at.Add(last.took()/2), last.over.at), r.memory.most(quiet.began.at, last.over.at)
}

// check is one line of the verdict.
type check struct {
	what string
	good bool
}

// verdict judges what was measured.
func (r *Report) verdict() (list []check) {
	say := func(good bool, format string, args ...any) {
		list = append(list, check{fmt.Sprintf(format, args...), good})
	}
	for i := range r.calls {
		m := &r.calls[i]
		quiet, hostile := r.merge(m, false), r.merge(m, true)
		most := max(time.Duration(slowest*float64(quiet.P99)), leastNotice)
		say(hostile.Count > 0 && hostile.P99 <= most, "%s: p99 %s under hostility, at most %s (%.0f × %s, at least %s)",
			m.name, short(hostile.P99),
			short(most), slowest, short(quiet.P99), short(leastNotice))
		say(quiet.Failed+hostile.Failed == 0, "%s: %d of %d failed %s", m.name, quiet.Failed+hostile.Failed,
			quiet.Count+hostile.Count, m.firstWhy)
	}
	before, first, second, _, most := r.memoryHalves()
	say(float64(second) <= float64(first)*(1+memoryGrowth)+memorySlack,
		"memory in the second half of hostility %s, at most 10 %% and %s beyond the first half's %s",
		mebi(second), mebi(memorySlack), mebi(first))
	say(most <= before+memoryOfAll, "memory at most %s, at most %s beyond the quiet %s", mebi(most),
		mebi(memoryOfAll), mebi(before))
	minutes := int64(r.hostile().took()/time.Minute) + 2
	say(r.audited.unproved.events == 0,
		"strangers who proved nothing have %d audit events of their own, and are to have none", r.audited.unproved.events)
	say(r.audited.summaries.bytes <= minutes*summaryBytes,
		"strangers who proved nothing cost %d bytes of audit log, at most %d (4 KiB a minute)",
		r.audited.summaries.bytes, minutes*summaryBytes)
	say(r.audited.nobody.bytes <= r.audited.nobody.events*eventBytes,
		"a signed request without rights costs %d bytes of audit log, at most %d",
		perEvent(r.audited.nobody), eventBytes)
	say(r.strangersCost(otherBytes) <= otherDisk, "beside the audit log strangers cost %s of disk, at most %s",
		mebi(int64(r.strangersCost(otherBytes))),
		mebi(otherDisk))
	return list
}

func perEvent(s share) int64 {
	if s.events == 0 {
		return 0
	}
	return s.bytes / s.events
}

func short(d time.Duration) string { return d.Round(10 * time.Microsecond).String() }

func mebi(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }

// Print writes what was measured and the verdict, and reports whether all of it is good.
func (r *Report) Print(w io.Writer) (good bool) {
	r.printStrangers(w)
	fmt.Fprintf(w, "\n%-26s %6s %24s %24s %6s\n", "HONEST CALLS", "A SEC.", "QUIET P50 / P99", "HOSTILE P50 / P99",
		"× P99")
	for i := range r.calls {
		m := &r.calls[i]
		quiet, hostile := r.merge(m, false), r.merge(m, true)
		fmt.Fprintf(w, "%-26s %6d %24s %24s %6.2f\n", m.name, m.perSecond, short(quiet.P50)+" / "+short(quiet.P99),
			short(hostile.P50)+" / "+short(hostile.P99),
			float64(hostile.P99)/float64(max(quiet.P99, 1)))
	}
	before, first, second, after, most := r.memoryHalves()
	fmt.Fprintf(w, "\nMEMORY of the server: quiet %s, hostile %s then %s, quiet again %s, at most %s\n", mebi(before),
		mebi(first), mebi(second),
		mebi(after), mebi(most))
	requests, connections := r.refused()
	cost := r.strangersCost(cpuSeconds)
	fmt.Fprintf(w, "PROCESSOR: strangers cost %.2f s of the server in %.0f s; quiet %.3f s a second. %.2f ms for each "+
		"of %d requests and %d connections\n", cost,
		r.hostile().took().Seconds(), r.quietly(cpuSeconds), 1000*cost/float64(max(requests+connections, 1)), requests,
		connections)
	h := r.hostile()
	fmt.Fprintf(w, "MACHINE: of each second the server's threads waited %.0f ms for a processor while it was quiet, "+
		"%.0f ms under hostility\n",
		1000*r.quietly(queuedSeconds), 1000*(queuedSeconds(h.over)-queuedSeconds(h.began))/h.took().Seconds())
	a := r.audited
	fmt.Fprintf(w, "DISK under hostility: audit log %d bytes of honest callers, %d (%d events) of the signed without "+
		"rights, %d (%d events) of strangers; all else %s beyond quiet growth\n",
		a.honest.bytes, a.nobody.bytes, a.nobody.events, a.summaries.bytes+a.unproved.bytes,
		a.summaries.events+a.unproved.events,
		mebi(int64(r.strangersCost(otherBytes))))
	fmt.Fprintf(w, "\nVERDICT\n")
	good = true
	for _, c := range r.verdict() {
		mark := "✓"
		if !c.good {
			mark, good = "✗", false
		}
		fmt.Fprintf(w, "  %s %s\n", mark, c.what)
	}
	return good
}

func (r *Report) printStrangers(w io.Writer) {
	fmt.Fprintf(w, "%-64s %8s %8s %8s  %s\n", "STRANGERS", "HELD", "DONE", "NO ANS.", "ANSWERS")
	for _, c := range r.strangers {
		var answers []string
		for _, status := range slices.Sorted(maps.Keys(c.Statuses)) {
			name := fmt.Sprint(status)
			if status == 0 {
				name = "closed"
			}
			answers = append(answers, fmt.Sprintf("%s: %d", name, c.Statuses[status]))
		}
		held := ""
		if c.Held > 0 {
			held = fmt.Sprint(c.Held)
		}
		fmt.Fprintf(w, "%-64s %8s %8d %8d  %s\n", c.Name, held, c.Done, c.Failed, strings.Join(answers, ", "))
	}
}
