package audit

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"slices"
	"time"

	"granary"
)

// Query selects events. They come newest first, in the order of recording.
type Query struct {
	Account   string    // the account that asks; "" sees everything
	Data      bool      // data events; else management events
	Attribute string    // one of the By constants; "" finds all events
	Value     string    // the value that the attribute must have
	From, To  time.Time // of the requests, both included; zero is open
	After     string    // Page.Next of the page before; "" for the first page
	Limit     int       // the most events of a page
}

// Page is a part of the selected events. The work for one page is limited, so a page may have few events, or none.
// While there may be more, Next is the token for the next page; at the end it is "".
type Page struct {
	Events []*Event
	Next   string
}

// work counts what a page costs.
type work struct{ files, scans, candidates, reads, bytes int }

var mostWork = work{files: 512, scans: 1, candidates: 20_000, reads: 2_000, bytes: 8 << 20}

func (w *work) done(most *work) bool {
	return w.files >= most.files || w.scans >= most.scans || w.candidates >= most.candidates || w.reads >= most.reads ||
		w.bytes >= most.bytes
}

// search is a query under way.
type search struct {
	*directory
	ctx       context.Context
	hash      uint64
	category  byte // 0: either
	attribute string
	value     string
	account   string // "" for any
	from, to  uint32
	bound     key // only events with smaller keys
	lowest    key // and not with smaller than this
	limit     int
	work      work
	most      work
}

// Query returns a page of events. It fails with Invalid when q.After is not a token of a page, and with Unavailable
// when the log keeps no file.
func (l *Log) Query(ctx context.Context, q Query) (Page, error) {
	s, err := l.search(ctx, q)
	if err != nil {
		return Page{}, err
	}
	return s.page()
}

func (l *Log) search(ctx context.Context, q Query) (*search, error) {
	s := &search{directory: l.directory, ctx: ctx, category: 'M', attribute: q.Attribute, value: q.Value,
		account: q.Account,
		to:      1<<32 - 1, bound: lastKey, limit: q.Limit, most: mostWork}
	if q.Data {
		s.category = 'D'
	}
	if !q.From.IsZero() {
		s.from, s.lowest = uint32(max(q.From.Unix(), 0)), keyAt(q.From) // an event is recorded after its request began
	}
	if !q.To.IsZero() {
		s.to = uint32(min(max(q.To.Unix(), 0), 1<<32-1))
	}
	if q.After != "" {
		b, err := base64.RawURLEncoding.DecodeString(q.After)
		if err != nil || len(b) != len(s.bound) {
			return nil, granary.Errorf(granary.Invalid, "The token is not one that a page of events had.")
		}
		copy(s.bound[:], b)
	}
	if q.Attribute == ByEventID {
		s.hash = hashOf(ByEventID, 0, "", q.Value)
		s.narrow(q.Value)
	} else {
		s.hash = hashOf(q.Attribute, s.category, q.Account, q.Value)
	}
	return s, nil
}

// narrow limits the search to the time of recording that an event's id tells.
func (s *search) narrow(id string) {
	if _, ok := granary.TimeOfUUID(id); ok {
		k := keyOf(&Event{EventID: id})
		s.lowest, s.bound = k, k.after()
	}
}

// Find returns the event with this id. It fails with NotFound when the log does not have it, or no longer.
func (l *Log) Find(ctx context.Context, id string) (*Event, error) {
	list, err := l.find(ctx, ByEventID, id, 1)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, granary.Errorf(granary.NotFound, "The audit log has no event %q.", id)
	}
	return list[0], nil
}

// FindRequest returns the events of the request with this request id, newest first. It returns none, and no error,
// when the log has none.
func (l *Log) FindRequest(ctx context.Context, id string) ([]*Event, error) {
	return l.find(ctx, byRequestID, id, 10)
}

func (l *Log) find(ctx context.Context, attribute, value string, limit int) ([]*Event, error) {
	s := &search{directory: l.directory, ctx: ctx, hash: hashOf(attribute, 0, "", value), attribute: attribute,
		value: value,
		to:    1<<32 - 1, bound: lastKey, limit: limit, most: mostWork}
	if attribute == ByEventID {
		s.narrow(value)
	}
	for {
		p, err := s.page()
		if err != nil || len(p.Events) > 0 || p.Next == "" {
			return p.Events, err
		}
		b, _ := base64.RawURLEncoding.DecodeString(p.Next) // ours
		copy(s.bound[:], b)
		s.work = work{}
	}
}

// page collects events from the newest on. It stops at the first event that does not fit on the page, or when the
// page has cost enough. The page's token says where the next one begins.
func (s *search) page() (Page, error) {
	if s.config.Dir == "" {
		return Page{}, granary.Errorf(granary.Unavailable, "This server keeps no audit file to look events up in: add file "+
			"to audit.sinks.")
	}
	var out Page
	var open []*cursor
	defer func() {
		for _, c := range open {
			c.close()
		}
	}()
	pending := s.sources()
	begin, reached := s.bound, s.bound
	for {
		if err := s.ctx.Err(); err != nil {
			return Page{}, err
		}
		newest := slices.MaxFunc(append(open, &cursor{}), func(a, b *cursor) int { return a.entry.key.compare(b.entry.key) })
		if len(pending) > 0 && pending[0].last.compare(newest.entry.key) > 0 {
			if s.work.done(&s.most) && pending[0].last.compare(begin) < 0 {
				out.Next = token(pending[0].last.after()) // nothing above it is left
				return out, nil
			}
			c, err := s.open(pending[0])
			if err != nil {
				return Page{}, err
			}
			pending = pending[1:]
			if c != nil {
				open = append(open, c)
			}
			continue
		}
		if newest.log == nil || newest.entry.key.compare(s.lowest) < 0 {
			return out, nil
		}
		if s.work.done(&s.most) && reached.compare(begin) < 0 {
			out.Next = token(reached)
			return out, nil
		}
		e, err := s.read(newest)
		if err != nil {
			return Page{}, err
		}
		if e != nil {
			if len(out.Events) == s.limit {
				out.Next = token(reached)
				return out, nil
			}
			out.Events = append(out.Events, e)
		}
		reached = newest.entry.key
		if ok, err := newest.next(); err != nil {
			return Page{}, err
		} else if !ok {
			newest.close()
			open = slices.DeleteFunc(open, func(c *cursor) bool { return c == newest })
		}
	}
}

func token(k key) string { return base64.RawURLEncoding.EncodeToString(k[:]) }

// read returns the event at a cursor, or nil when it is not selected.
func (s *search) read(c *cursor) (*Event, error) {
	s.work.candidates++
	if c.entry.time < s.from || c.entry.time > s.to {
		return nil, nil
	}
	s.work.reads++
	b := make([]byte, min(int(c.entry.size), maxLegacy))
	if _, err := c.log.ReadAt(b, int64(c.entry.offset)); err != nil {
		return nil, err
	}
	var e Event
	s.work.bytes += len(b)
	if json.Unmarshal(b, &e) != nil || !e.has(s.attribute, s.value) || s.account != "" && !e.VisibleTo(s.account) ||
		s.category != 0 && e.category() != s.category {
		return nil, nil
	}
	if len(b) > MaxLine { // of an earlier release
		e.Resources = e.Resources[:min(len(e.Resources), maxElements)]
		if _, err := e.line(); err != nil {
			return nil, err
		}
	}
	return &e, nil
}
