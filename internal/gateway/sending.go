package gateway

import (
	"io"
	"sync"
	"time"

	"granary/internal/backend"
)

// lookAgain is how often the caller's right to an object is decided again while the object is sent.
const lookAgain = time.Second

// sending is an object's bytes on their way out. It ends when they cannot be read, or when the right to read them ends:
// the client must see that its body is cut off, and a write that waits for the client is cut off too.
type sending struct {
	backend.Content
	again func() error
	cut   func()
	timer *time.Timer

	mu  sync.Mutex
	err error
}

func (x *exchange) send(r *response) *sending {
	s := &sending{Content: r.content, again: r.again, cut: x.in.Cut}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer = time.AfterFunc(lookAgain, s.look)
	return s
}

func (s *sending) Read(p []byte) (int, error) {
	if err := s.broken(); err != nil {
		return 0, err
	}
	n, err := s.Content.Read(p)
	if err != nil && err != io.EOF {
		s.end(err)
	}
	return n, err
}

// broken says why the bytes ended before their end; nil when they did not.
func (s *sending) broken() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

func (s *sending) end(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil {
		s.err = err
	}
}

func (s *sending) look() {
	if err := s.again(); err != nil {
		s.end(err)
		s.cut()
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.timer != nil {
		s.timer.Reset(lookAgain)
	}
}

func (s *sending) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.timer.Stop()
	s.timer = nil
}
