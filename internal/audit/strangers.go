package audit

import (
	"cmp"
	"encoding/json"
	"net/netip"
	"slices"
	"sync"
	"time"

	"granary"
)

const (
	maxCounted = 1024 // rows of the table of strangers
	maxSourced = 768  // of them at most with a source
	maxTold    = 20   // rows that a summary tells
	maxWord    = 64   // bytes of a row's service, operation or code
)

// refusal is a row of the table of strangers: what is counted of a request without an event of its own.
type refusal struct {
	Service   string `json:"service"`
	Operation string `json:"operation,omitempty"`
	Code      string `json:"code"`
	Source    string `json:"sourceIPAddress,omitempty"`
}

type counted struct {
	refusal
	Refused int64 `json:"refused"`
}

// strangers counts requests in a table of limited size.
type strangers struct {
	mu     sync.Mutex
	counts map[refusal]int64
	total  int64 // since the log was opened
	since  time.Time
}

// CountStranger counts a refused request whose sender proved nothing: it was unsigned, or its signature or token proved
// false. Such requests leave no event of their own, since anybody could fill the log with them. Once a minute, if there
// were any, one event StrangersRefused of at most 4 KiB tells how many were refused, with the services, operations,
// codes and sources that came most often. CountStranger never waits for the disk.
func (l *Log) CountStranger(service, operation, code string, source netip.Addr) {
	r := refusal{Service: cut(service, maxWord), Operation: cut(operation, maxWord), Code: cut(code, maxWord)}
	if source.IsValid() {
		r.Source = source.Unmap().WithZone("").String()
	}
	l.strangers.count(r)
}

// Strangers returns how many requests were counted since the log was opened.
func (l *Log) Strangers() int64 {
	l.strangers.mu.Lock()
	defer l.strangers.mu.Unlock()
	return l.strangers.total
}

func (s *strangers) count(r refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.total++
	row := r
	if _, known := s.counts[row]; !known && len(s.counts) >= maxSourced {
		row.Source = ""
	}
	if _, known := s.counts[row]; !known && len(s.counts) >= maxCounted {
		row = refusal{Service: "other", Code: "other"}
	}
	s.counts[row]++
}

// take empties the table. It returns its rows, the most frequent first, the number of requests in them, and since when
// they were counted.
func (s *strangers) take(now time.Time) (rows []counted, all int64, since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for r, n := range s.counts {
		rows = append(rows, counted{r, n})
		all += n
	}
	clear(s.counts)
	since, s.since = s.since, now
	slices.SortFunc(rows, func(a, b counted) int {
		return cmp.Or(cmp.Compare(b.Refused, a.Refused), cmp.Compare(a.Service, b.Service),
			cmp.Compare(a.Operation, b.Operation),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Source, b.Source))
	})
	return rows, all, since
}

// summary returns an event that tells what was counted since the last one, or nil when nothing was.
func (l *Log) summary() *Event {
	now := l.config.Now().UTC()
	rows, all, since := l.strangers.take(now)
	if all == 0 {
		return nil
	}
	about := struct {
		Since   string    `json:"since"`
		Refused int64     `json:"refused"`
		Rows    int       `json:"rows"`
		Most    []counted `json:"most"`
	}{since.UTC().Format(time.RFC3339), all, len(rows), rows[:min(len(rows), maxTold)]}
	data, _ := json.Marshal(about) // numbers and texts
	for len(data) > maxParameters {
		about.Most = about.Most[:len(about.Most)/2]
		data, _ = json.Marshal(about)
	}
	return &Event{EventVersion: "1.11", EventTime: now.Format(time.RFC3339), EventSource: "granary",
		EventName: "StrangersRefused",
		AWSRegion: l.config.Region, EventType: "AwsServiceEvent", EventID: granary.TimedUUID(now), RequestID: granary.UUID(),
		UserIdentity:    &UserIdentity{Type: "AWSService", InvokedBy: "granary"},
		ManagementEvent: true, EventCategory: "Management", RecipientAccountID: l.config.Account, ReadOnly: true,
		AdditionalEventData: data}
}

// Summarize records what was counted so far. The log calls it once a minute and when it is closed.
func (l *Log) Summarize() {
	if e := l.summary(); e != nil {
		_ = l.Record(e) // the counts are in the metrics too
	}
}
