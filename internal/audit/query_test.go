package audit

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"granary"
)

const mine, others = "111122223333", "444455556666"

// pages gathers what a query finds over all its pages, and fails when one costs more than its bound.
func pages(t *testing.T, l *Log, q Query) (out []*Event, count int) {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 50
	}
	for {
		s, err := l.search(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		p, err := s.page()
		if err != nil {
			t.Fatal(err)
		}
		if w, m := s.work, s.most; w.files > m.files+2 || w.scans > m.scans || w.candidates > m.candidates ||
			w.reads > m.reads || len(p.Events) > q.Limit {
			t.Fatalf("a page cost %+v", w)
		}
		out, count = append(out, p.Events...), count+1
		if p.Next == "" {
			return out, count
		}
		if p.Next == q.After || count > 10_000 {
			t.Fatal("the token does not lead on")
		}
		q.After = p.Next
	}
}

// random makes an event of a busy installation.
func random(r *rand.Rand, at time.Time) *Event {
	e := &Event{EventID: granary.TimedUUID(at), EventTime: at.Add(-time.Duration(r.IntN(5000)) * time.Millisecond).UTC().
		Format(time.RFC3339), RequestID: granary.UUID(),
		EventName:   []string{"GetObject", "CreateUser", "GetDataAccess", "ListUsers"}[r.IntN(4)],
		EventSource: "s3.amazonaws.com",
		ReadOnly:    r.IntN(2) == 0, ManagementEvent: r.IntN(2) == 0, RecipientAccountID: []string{mine, others}[r.IntN(2)],
		UserIdentity: &UserIdentity{Type: "AssumedRole", ARN: fmt.Sprintf("arn:aws:sts::1:assumed-role/r/s%d", r.IntN(4)),
			AccessKeyID: fmt.Sprint("AKIA", r.IntN(4))}}
	if r.IntN(3) == 0 {
		e.UserIdentity.OnBehalfOf = &OnBehalfOf{UserID: fmt.Sprint("id-", r.IntN(3)),
			UserName: fmt.Sprintf("p%d@corp.example", r.IntN(3))}
	}
	if r.IntN(4) == 0 {
		e.ErrorCode = "AccessDenied"
	}
	for range r.IntN(3) {
		e.Resources = append(e.Resources, Resource{AccountID: []string{mine, others, ""}[r.IntN(3)], Type: "AWS::S3::Bucket",
			ARN: fmt.Sprint("arn:aws:s3:::b", r.IntN(5))})
	}
	return e
}

// Whatever is asked for, the pages together are what reading every line would find, in the order of recording; also
// when the log was closed and opened, and when indexes are missing or torn.
func TestAQueryFindsWhatReadingEveryLineFinds(t *testing.T) {
	dir := t.TempDir()
	r := rand.New(rand.NewPCG(1, 2))
	at := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	var clock atomic.Pointer[time.Time] // the log's own goroutines read it
	config := Config{Dir: dir, MaxFile: 64 << 10, Now: func() time.Time { return *clock.Load() }}
	clock.Store(new(at))
	var all []*Event
	reopen := func(l *Log) *Log {
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		return openWith(t, config)
	}
	l := openWith(t, config)
	for i := range 3000 {
		if at = at.Add(time.Duration(r.IntN(60_000)) * time.Millisecond); r.IntN(200) == 0 {
			at = at.Add(-20 * time.Minute) // clocks step
		}
		clock.Store(new(at))
		e := random(r, at)
		all = append(all, e)
		if err := l.Record(e); err != nil {
			t.Fatal(err)
		}
		_ = l.do(func() {}) // in async mode the clock must not run ahead of the writer
		if i == 1500 {
			l = reopen(l)
		}
	}
	slices.SortFunc(all, func(a, b *Event) int { return keyOf(b).compare(keyOf(a)) })
	compare := func(when string) {
		t.Helper()
		for range 120 {
			q := Query{Account: []string{mine, others, "999999999999"}[r.IntN(3)], Data: r.IntN(2) == 0, Limit: 1 + r.IntN(50)}
			q.Attribute = []string{"", ByEventName, ByReadOnly, ByUsername, ByResourceType, ByResourceName, ByEventSource,
				ByAccessKeyID, ByEventID, ByUsername}[r.IntN(10)]
			e := all[r.IntN(len(all))]
			e.values(func(a, v string) {
				if a == q.Attribute && (q.Value == "" || r.IntN(2) == 0) {
					q.Value = v
				}
			})
			if q.Attribute == ByEventID {
				q.Value = e.EventID
			}
			if r.IntN(2) == 0 {
				q.From = all[r.IntN(len(all))].At()
			}
			if r.IntN(2) == 0 {
				q.To = all[r.IntN(len(all))].At()
			}
			var want []string
			for _, e := range all {
				if e.VisibleTo(q.Account) && e.ManagementEvent != q.Data && e.has(q.Attribute, q.Value) &&
					(q.From.IsZero() || !e.At().Before(q.From)) &&
					(q.To.IsZero() || !e.At().After(q.To)) {
					want = append(want, e.EventID)
				}
			}
			got, _ := pages(t, l, q)
			var ids []string
			for _, e := range got {
				ids = append(ids, e.EventID)
			}
			if !slices.Equal(ids, want) {
				t.Fatalf("%s: %+v: %d events, want %d", when, q, len(ids), len(want))
			}
		}
		for range 50 {
			e := all[r.IntN(len(all))]
			if got, err := l.Find(t.Context(), e.EventID); err != nil || got.EventID != e.EventID {
				t.Fatalf("%s: %v", when, err)
			}
			if got, err := l.FindRequest(t.Context(), e.RequestID); err != nil || len(got) != 1 || got[0].EventID != e.EventID {
				t.Fatalf("%s: %d %v", when, len(got), err)
			}
		}
		for _, id := range []string{"", "x", granary.UUID(), granary.TimedUUID(at), all[0].EventID[:35] + "Z"} {
			if _, err := l.Find(t.Context(), id); !granary.Is(err, granary.NotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
	}
	compare("while it is written")
	l = reopen(l)
	compare("opened again")
	files, _ := filepath.Glob(filepath.Join(dir, "*.index"))
	if len(files) < 10 {
		t.Fatalf("%d indexes", len(files))
	}
	for i, f := range files {
		switch b, _ := os.ReadFile(f); i % 4 {
		case 0:
			os.Remove(f)
		case 1:
			os.WriteFile(f, b[:len(b)/2], 0o600)
		case 2:
			for i := range 400 {
				b[len(b)-1-i*7%len(b)] ^= 0x55
			}
			os.WriteFile(f, b, 0o600)
		}
	}
	compare("with torn indexes")
	l.Close()
	for _, f := range files {
		os.Remove(f)
	}
	l = openWith(t, config)
	compare("without indexes")
}

// An event is found behind half a million that anybody made since, and no page costs more than its bound.
func TestAnEventIsFoundBehindManyNewerOnes(t *testing.T) {
	dir := t.TempDir()
	begun := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	e := event("CreateUser")
	e.EventID, e.EventTime, e.ReadOnly, e.RecipientAccountID = granary.TimedUUID(begun), begun.Format(time.RFC3339), false,
		mine
	first, _ := json.Marshal(e)
	// A file of an earlier release: all in one, management events and data.
	f, err := os.Create(filepath.Join(dir, "20261102T080000.000000000Z.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	f.Write(append(first, '\n'))
	f.Close()
	at := begun
	for file := range 25 {
		f, err := os.Create(filepath.Join(dir, fmt.Sprintf("20261102T08%02d01.000000000Z.%s.jsonl", file,
			[]string{"refusals", "data", "calls"}[file%3])))
		if err != nil {
			t.Fatal(err)
		}
		w := bufio.NewWriter(f)
		for range 20_000 {
			at = at.Add(2 * time.Millisecond)
			fmt.Fprintf(w, `{"eventTime":"%s","eventSource":"s3.amazonaws.com","eventName":"GetObject","requestID":"r",`+
				`"eventID":"%s","readOnly":true,"managementEvent":%t,"recipientAccountId":"%s","errorCode":"AccessDenied"}`+"\n",
				at.UTC().Format(time.RFC3339), granary.TimedUUID(at), file%3 == 2 || file%3 == 0 && file%2 == 0, others)
		}
		w.Flush()
		f.Close()
	}
	l := openWith(t, Config{Dir: dir, Now: func() time.Time { return at }, MaxSize: 1 << 30})
	for _, q := range []Query{{Account: mine}, {Account: mine, Attribute: ByEventName, Value: "CreateUser"},
		{Account: mine, Attribute: ByEventID, Value: e.EventID},
		{Account: mine, Attribute: ByReadOnly, Value: "false", From: begun.Add(-time.Hour), To: begun.Add(time.Minute)}} {
		got, n := pages(t, l, q)
		if len(got) != 1 || got[0].EventName != "CreateUser" {
			t.Errorf("%+v: %d events in %d pages", q, len(got), n)
		}
	}
	for _, f := range l.all() { // all indexes are there now, or will be in a moment
		if l.indexed(f) {
			continue
		}
		if _, err := l.make(f); err != nil {
			t.Fatal(err)
		}
	}
	s, err := l.search(t.Context(), Query{Account: mine, Attribute: ByEventName, Value: "CreateUser", Limit: 50})
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.page()
	if err != nil || len(p.Events) != 1 || p.Next != "" || s.work.reads != 1 || s.work.candidates != 1 ||
		s.work.scans != 0 {
		t.Errorf("%d events, %q, %+v, %v", len(p.Events), p.Next, s.work, err)
	}
	if got, err := l.Find(t.Context(), e.EventID); err != nil || got.EventName != "CreateUser" {
		t.Errorf("%v", err)
	}
	// Somebody with all those events pages through them all.
	if got, n := pages(t, l, Query{Account: others, Limit: 5000, From: at.Add(-10 * time.Second)}); len(got) < 4_900 ||
		n < 3 {
		t.Errorf("%d events in %d pages", len(got), n)
	}
}

func TestATokenOfNobodyIsRefused(t *testing.T) {
	l := open(t, t.TempDir())
	for _, after := range []string{"x", "AAAA", strings.Repeat("A", 23), "!!"} {
		if _, err := l.Query(t.Context(), Query{After: after}); !granary.Is(err, granary.Invalid) {
			t.Errorf("%q: %v", after, err)
		}
	}
}
