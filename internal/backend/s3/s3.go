// Package s3 keeps objects in another S3 store, such as MinIO, Ceph, versitygw or AWS. Granary decides and records; the
// store has one key, which only the gateway uses.
//
//	operation ─▶ key rule ─▶ limit ─▶ sign ─▶ upstream ─▶ read the answer strictly ─▶ our own words
//
// Requests are built from parsed operations, never from a client's request. A store is not trusted with a scope: keys
// that it may read as other keys are refused before anything is sent, and what it lists outside of a prefix is dropped.
// Nothing that it says of itself (names, ids, messages, headers) is passed on.
//
// An upload is committed only after its bytes were verified. Short bodies are read whole first. Long bodies have a
// trailer or signatures that the store checks, and the connection is reset when the body turns out to be wrong.
package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"granary/internal/sign"
	"granary/internal/upstream"
)

// Options are how a store is reached.
type Options struct {
	Name         string   // of the backend, in messages for the operator
	Endpoints    []string // http://host:port or https://host[:port]; several lead to one cluster
	Region       string   // that requests are signed for; "" is us-east-1
	AccessKeyID  string
	SecretKey    string
	SessionToken string        // of temporary credentials; "" for a long-term key
	VirtualHost  bool          // the bucket's name is part of the host, not of the path
	CAFile       string        // PEM file of the authorities that the endpoints' certificates are verified by
	BucketPrefix string        // put before the name of every bucket that is made
	Connections  int           // most requests at once; 0 is 256
	FirstByte    time.Duration // longest wait for an answer; 0 is 30 s
	Progress     time.Duration // longest pause while bytes move; 0 is 60 s
	Kind         string        // aws, ceph, granary, minio, versitygw; "" asks the store
	Capabilities map[string]string

	// Seal and Unseal protect what clients carry for the gateway: the ids of uploads.
	Seal   func(plain []byte) []byte
	Unseal func(sealed []byte) ([]byte, error)
	Now    func() time.Time
	Warn   func(message string, args ...any) // for the operator; key-value pairs as in package slog
}

// Store is a backend.Store over another S3 store.
type Store struct {
	options   Options
	endpoints []*endpoint
	turn      atomic.Uint64 // whose turn it is
	caps      atomic.Pointer[Capabilities]
	gate      gate
}

// endpoint is one address of the store.
type endpoint struct {
	host   string // as it is sent and signed
	client *upstream.Client
	signer *sign.Signer
	health health
}

// New returns a store. It fails when the options are wrong. The store need not be reachable yet.
func New(o Options) (*Store, error) {
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	if o.Connections == 0 {
		o.Connections = 256
	}
	if o.Warn == nil {
		o.Warn = func(string, ...any) {}
	}
	s := &Store{options: o, gate: newGate(o.Connections)}
	caps, err := newCapabilities(o.Kind, o.Capabilities)
	if err != nil {
		return nil, err
	}
	s.caps.Store(caps)
	if len(o.Endpoints) == 0 {
		return nil, errors.New("the endpoint is missing")
	}
	if o.AccessKeyID == "" || o.SecretKey == "" {
		return nil, errors.New("the access key or its secret is missing")
	}
	roots, err := authorities(o.CAFile)
	if err != nil {
		return nil, err
	}
	for _, at := range o.Endpoints {
		e, err := s.endpoint(at, roots)
		if err != nil {
			return nil, err
		}
		s.endpoints = append(s.endpoints, e)
	}
	return s, nil
}

func authorities(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s has no certificate", file)
	}
	return pool, nil
}

func (s *Store) endpoint(at string, roots *x509.CertPool) (*endpoint, error) {
	u, err := url.Parse(at)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" ||
		u.Fragment != "" || strings.Trim(u.Path, "/") != "" {
		return nil, fmt.Errorf("the endpoint %q must be like https://s3.example.com or http://127.0.0.1:9000", at)
	}
	o := upstream.Options{Address: u.Host, FirstByte: s.options.FirstByte, Progress: s.options.Progress,
		MaxIdle: s.options.Connections}
	port := u.Port()
	if u.Scheme == "https" {
		o.TLS = &tls.Config{ServerName: u.Hostname(), RootCAs: roots, MinVersion: tls.VersionTLS12,
			NextProtos: []string{"http/1.1"}}
	}
	if port == "" {
		o.Address = net.JoinHostPort(u.Hostname(), map[string]string{"http": "80", "https": "443"}[u.Scheme])
	}
	key := sign.Key{ID: s.options.AccessKeyID, Secret: s.options.SecretKey, Token: s.options.SessionToken}
	return &endpoint{host: u.Host, client: upstream.New(o),
		signer: &sign.Signer{Key: key, Service: "s3", Region: s.options.Region}}, nil
}

// Close closes the connections that wait.
func (s *Store) Close() error {
	for _, e := range s.endpoints {
		e.client.Close()
	}
	return nil
}

// Capabilities returns what the store is known to do.
func (s *Store) Capabilities() Capabilities { return *s.caps.Load() }

// Place returns the name under which a bucket of a name is kept in the store.
func (s *Store) Place(name string) (string, error) {
	remote := s.options.BucketPrefix + name
	if len(remote) > 63 {
		return "", invalid("InvalidBucketName", "The name of the bucket is too long for this storage.")
	}
	return remote, nil
}

// Detect finds out the kind of the store, and takes over the profile of that kind. It fails when the store does not
// answer.
func (s *Store) Detect(ctx context.Context) error {
	if s.options.Kind != "" {
		return nil
	}
	resp, err := s.do(ctx, &call{method: "GET"})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	caps, err := newCapabilities(kindOf(resp.Header.Get("Server")), s.options.Capabilities)
	if err != nil {
		return err
	}
	s.caps.Store(caps)
	return nil
}
