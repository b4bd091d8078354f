package soak

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"granary/internal/client"
	"granary/internal/corp"
)

// server is the server in a process of its own.
type server struct {
	command             *exec.Cmd
	env                 client.Env
	api, web, telemetry string // addresses
	name, ca            string // host name, and the file that its certificate is verified by
	ended               chan struct{}
}

// cleanEnvironment is this process's environment without settings of a server or keys of a client.
func cleanEnvironment() []string {
	var out []string
	for _, kv := range os.Environ() {
		if !strings.HasPrefix(kv, "GRANARY_") && !strings.HasPrefix(kv, "AWS_") {
			out = append(out, kv)
		}
	}
	return out
}

func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// startServer starts a server with TLS and a telemetry door, whose data are in DIR/data.
func startServer(ctx context.Context, program, dir string) (*server, error) {
	s := &server{name: "granary.localhost", ca: filepath.Join(dir, "ca.pem"), ended: make(chan struct{})}
	for _, at := range []*string{&s.api, &s.web, &s.telemetry} {
		var err error
		if *at, err = freeAddress(); err != nil {
			return nil, err
		}
	}
	if err := corp.WriteCertificate(dir, time.Now().Add(24*time.Hour), s.name, "*."+s.name); err != nil {
		return nil, err
	}
	data := filepath.Join(dir, "data")
	s.command = exec.CommandContext(ctx, program, "serve", "--data", data, "--api", s.api, "--web", s.web, "--domain",
		s.name)
	s.command.Env = append(cleanEnvironment(), "GRANARY_ALLOW_PRIVATE_ISSUERS=true",
		"GRANARY_TELEMETRY_LISTEN="+s.telemetry,
		"GRANARY_TLS_CERTIFICATE="+filepath.Join(dir, "cert.pem"), "GRANARY_TLS_KEY="+filepath.Join(dir, "key.pem"),
		"GRANARY_TLS_CA="+s.ca)
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		return nil, err
	}
	s.command.Stderr = log
	out, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := s.command.Start(); err != nil {
		return nil, fmt.Errorf("the server cannot be started: %w", err)
	}
	lines := bufio.NewScanner(out)
	serves := lines.Scan() // it speaks when it serves
	go func() {
		for lines.Scan() { // so that it never waits for a reader
		}
		_ = s.command.Wait()
		_ = log.Close()
		close(s.ended)
	}()
	if !serves {
		<-s.ended
		text, _ := os.ReadFile(log.Name())
		return nil, fmt.Errorf("the server does not start: %s", text)
	}
	s.env, err = client.ReadEnv(data)
	return s, err
}

// alive says that the server ended by itself, if it did.
func (s *server) alive() error {
	select {
	case <-s.ended:
		return errors.New("the server ended during the measurement")
	default:
		return nil
	}
}

func (s *server) stop() {
	_ = s.command.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(20 * time.Second):
		_ = s.command.Process.Kill()
		<-s.ended
	}
}

// reading is what the server has used at a moment.
type reading struct {
	at          time.Time
	cpu         time.Duration // user and system, since the start
	queued      time.Duration // that its threads waited for a processor, since the start
	disk, audit int64         // bytes of the data directory, and of the audit log in it
}

func (s *server) read(dir string) (r reading, err error) {
	r.at = time.Now()
	if r.cpu, err = s.cpu(); err != nil {
		return r, err
	}
	if r.queued, err = s.queued(); err != nil {
		return r, err
	}
	data := filepath.Join(dir, "data")
	if r.disk, err = size(data); err != nil {
		return r, err
	}
	r.audit, err = size(filepath.Join(data, "audit"))
	return r, err
}

// tick is the unit of the times in /proc/PID/stat on every Linux that Go runs on.
const tick = 10 * time.Millisecond

func (s *server) cpu() (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", s.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:])) // the first is the third of proc(5): state
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/PID/stat has %d fields", len(fields))
	}
	user, err1 := strconv.ParseInt(fields[11], 10, 64)
	system, err2 := strconv.ParseInt(fields[12], 10, 64)
	return time.Duration(user+system) * tick, errors.Join(err1, err2)
}

// queued returns how long the server's threads were ready to run and waited for a processor: the machine's fault.
func (s *server) queued() (total time.Duration, err error) {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", s.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for _, path := range files {
		text, err := os.ReadFile(path)
		if errors.Is(err, os.ErrNotExist) {
			continue // the thread ended
		}
		if err != nil {
			return 0, err
		}
		fields := strings.Fields(string(text)) // nanoseconds on a processor, waiting for one, and how often
		if len(fields) < 2 {
			return 0, fmt.Errorf("%s has %d fields", path, len(fields))
		}
		n, err := strconv.ParseInt(fields[1], 10, 64)
		if err != nil {
			return 0, err
		}
		total += time.Duration(n)
	}
	return total, nil
}

// resident returns the bytes of the server's memory that are in RAM.
func (s *server) resident() (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", s.command.Process.Pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(line, "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			return n << 10, err
		}
	}
	return 0, errors.New("/proc/PID/status has no VmRSS")
}

// memory is the server's resident memory, sampled.
type memory struct {
	mu      sync.Mutex
	samples []sampled
}

type sampled struct {
	at    time.Time
	bytes int64
}

func (s *server) sample(ctx context.Context, every time.Duration) *memory {
	m := &memory{}
	go func() {
		for wait(ctx, every) == nil {
			n, err := s.resident()
			if err != nil {
				return // it ended
			}
			m.mu.Lock()
			m.samples = append(m.samples, sampled{time.Now(), n})
			m.mu.Unlock()
		}
	}()
	return m
}

// median returns the median of the samples between two moments, in bytes; 0 without samples.
func (m *memory) median(from, to time.Time) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []int64
	for _, s := range m.samples {
		if !s.at.Before(from) && !s.at.After(to) {
			list = append(list, s.bytes)
		}
	}
	return middle(list)
}

// most returns the largest sample between two moments, in bytes.
func (m *memory) most(from, to time.Time) (most int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range m.samples {
		if !s.at.Before(from) && !s.at.After(to) {
			most = max(most, s.bytes)
		}
	}
	return most
}
