package server

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"granary/internal/backend"
	"granary/internal/backend/embedded"
	"granary/internal/backend/s3"
)

// embeddedName is the backend that every installation has.
const embeddedName = "embedded"

// Backend is a place where objects are kept: this server's own store, or another S3 store.
type Backend struct {
	Type            string   `yaml:"type"`     // embedded | s3
	Endpoint        []string `yaml:"endpoint"` // several lead to one cluster
	Region          string   `yaml:"region"`
	AccessKeyID     string   `yaml:"access_key_id"`
	SecretAccessKey string   `yaml:"secret_access_key"`
	// file that has nothing but the secret
	SecretAccessKeyFile string            `yaml:"secret_access_key_file"`
	PathStyle           bool              `yaml:"path_style"` // false: the bucket's name is part of the host
	CAFile              string            `yaml:"ca_file"`
	AllowPlainHTTP      bool              `yaml:"allow_plain_http"`
	BucketPrefix        string            `yaml:"bucket_prefix"` // of the buckets that are made
	MaxConnections      int               `yaml:"max_connections"`
	FirstByteTimeout    time.Duration     `yaml:"first_byte_timeout"`
	IdleTimeout         time.Duration     `yaml:"idle_timeout"` // longest pause while bytes move
	Kind                string            `yaml:"kind"`
	Capabilities        map[string]string `yaml:"capabilities"`
}

// defaults fills a backend that the file begins to describe.
func (b *Backend) defaults() { b.Type, b.PathStyle, b.MaxConnections = "s3", true, 256 }

// checkBackends says what is wrong with the backends.
func (c *Config) checkBackends() error {
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(c.Storage.Backends)) {
		if err := c.checkBackend(name); err != nil {
			errs = append(errs, fmt.Errorf("storage.backends.%s: %w", name, err))
		}
	}
	if d := c.Storage.Default; d != embeddedName && c.Storage.Backends[d].Type == "" {
		errs = append(errs, fmt.Errorf("storage.default is %q, and storage.backends has no backend of this name", d))
	}
	return errors.Join(errs...)
}

func (c *Config) checkBackend(name string) error {
	b := c.Storage.Backends[name]
	switch {
	case b.Type == "embedded" && name != embeddedName:
		return errors.New("the embedded store has the name embedded; others are of type s3")
	case b.Type == "embedded":
		return nil
	case b.Type != "s3":
		return fmt.Errorf("type is %q, and must be one of: embedded, s3", b.Type)
	case name == embeddedName:
		return errors.New("this name belongs to the embedded store; give the s3 backend another one")
	}
	for _, at := range b.Endpoint {
		if err := checkPlain(at, b.AllowPlainHTTP); err != nil {
			return err
		}
	}
	if (b.SecretAccessKey == "") == (b.SecretAccessKeyFile == "") {
		return errors.New("it needs either secret_access_key or secret_access_key_file")
	}
	o, err := b.options(name)
	if err == nil {
		_, err = s3.New(o)
	}
	return err
}

// checkPlain refuses an endpoint that would be told a person's objects without encryption, except on this machine.
func checkPlain(at string, allow bool) error {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" || allow {
		return nil // what is no URL is refused by the store
	}
	if ip := net.ParseIP(u.Hostname()); ip != nil && ip.IsLoopback() || u.Hostname() == "localhost" {
		return nil
	}
	return fmt.Errorf("endpoint %q is plain HTTP to another machine; use https, or set allow_plain_http: true", at)
}

// options are a backend's settings as package s3 takes them. They fail when the file of the secret cannot be read.
func (b Backend) options(name string) (s3.Options, error) {
	secret := b.SecretAccessKey
	if b.SecretAccessKeyFile != "" {
		text, err := os.ReadFile(b.SecretAccessKeyFile)
		if err != nil {
			return s3.Options{}, fmt.Errorf("the secret cannot be read: %w", err)
		}
		secret = strings.TrimSpace(string(text))
	}
	return s3.Options{Name: name, Endpoints: b.Endpoint, Region: b.Region, AccessKeyID: b.AccessKeyID, SecretKey: secret,
		VirtualHost: !b.PathStyle, CAFile: b.CAFile, BucketPrefix: b.BucketPrefix, Connections: b.MaxConnections,
		FirstByte: b.FirstByteTimeout, Progress: b.IdleTimeout, Kind: b.Kind, Capabilities: b.Capabilities}, nil
}

// detectTimeout is how long the start waits for a store to say what it is.
const detectTimeout = 5 * time.Second

// openBackends opens the places where objects are kept. A store elsewhere that does not answer does not stop the
// server: requests for its buckets answer 503 until it does.
func (s *Server) openBackends(ctx context.Context) error {
	objects, err := embedded.Open(ctx, filepath.Join(s.config.Data, "objects"))
	if err != nil {
		return err
	}
	s.backends = map[string]backend.Store{embeddedName: objects}
	for name, b := range s.config.Storage.Backends {
		if b.Type != "s3" {
			continue
		}
		o, err := b.options(name)
		if err != nil {
			return fmt.Errorf("storage.backends.%s: %w", name, err)
		}
		o.Now, o.Warn = s.config.Now, s.log.Warn
		o.Seal = func(plain []byte) []byte { return s.index.Keys.Ring().Seal("backend upload", plain) }
		o.Unseal = func(sealed []byte) ([]byte, error) { return s.index.Keys.Ring().Open("backend upload", sealed) }
		store, err := s3.New(o)
		if err != nil {
			return fmt.Errorf("storage.backends.%s: %w", name, err)
		}
		s.backends[name] = store
		s.detect(ctx, name, store)
	}
	return nil
}

// detect finds out what a store is, and says it to the operator.
func (s *Server) detect(ctx context.Context, name string, store *s3.Store) {
	ctx, cancel := context.WithTimeout(ctx, detectTimeout)
	defer cancel()
	err := store.Detect(ctx)
	kind := store.Capabilities().Kind
	switch {
	case err != nil:
		s.log.Warn("a store does not answer as it should", "backend", name, "error", err,
			"what_to_do", "check its endpoint and its access key; its buckets answer 503 until it is back")
	case kind == "":
		s.log.Warn("the kind of a store is not known: what it is not known to do is refused", "backend", name,
			"what_to_do", "set storage.backends."+name+".kind, or its capabilities")
	default:
		s.log.Info("objects may be kept in another store", "backend", name, "kind", kind)
	}
}

func (s *Server) closeBackends() error {
	var errs []error
	for _, b := range s.backends {
		errs = append(errs, b.Close())
	}
	return errors.Join(errs...)
}
