// Package server puts everything together: it reads the configuration, opens the state, and serves the two doors. It
// holds the wiring and nothing else.
//
//	API door: awsapi.Door ─▶ services, gateway ─▶ backends        web door: SCIM, Granary's own issuer, health, metrics
package server

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"time"

	"granary"
	"granary/internal/access"
	"granary/internal/audit"
	"granary/internal/authn"
	"granary/internal/authz"
	"granary/internal/awsapi"
	"granary/internal/backend"
	"granary/internal/client"
	"granary/internal/explain"
	"granary/internal/front"
	"granary/internal/gateway"
	"granary/internal/idtoken"
	"granary/internal/index"
	"granary/internal/limit"
	"granary/internal/policy"
	"granary/internal/service/cloudtrail"
	granaryapi "granary/internal/service/granary"
	"granary/internal/service/iam"
	"granary/internal/service/identitystore"
	"granary/internal/service/organizations"
	"granary/internal/service/s3control"
	"granary/internal/service/ssoadmin"
	"granary/internal/service/ssooidc"
	"granary/internal/service/sts"
	"granary/internal/sigv4"
	"granary/internal/store"
)

// Server is a running Granary.
type Server struct {
	Account granary.AccountID // the management account

	config    Config
	log       *slog.Logger
	lock      *os.File
	db        *store.DB
	index     *index.Index
	audit     *audit.Log
	backends  map[string]backend.Store // where objects are kept
	roots     *x509.CertPool           // of identity providers' certificates; nil: the system's
	issuers   *idtoken.Verifier        // the companies' identity providers
	rule      access.IssuerRule        // who vouches for people
	metrics   *metrics
	door      *awsapi.Door
	reception *front.Reception
	uses      uses
	api       listening
	web       listening
	telemetry listening // without a listener when the web door tells the metrics

	urls        urls             // that clients and people are told
	certificate *tls.Certificate // that both doors present; nil: plain HTTP
}

// stopper is what answers on a listener.
type stopper interface {
	Shutdown(context.Context) error
	Close() error
}

// listening is one door on its address.
type listening struct {
	listener *front.Listener
	server   stopper
	scheme   string
}

const drainTimeout = 30 * time.Second

// Start opens the data directory, making it when it is empty, and serves until Stop. When it fails nothing is left
// open.
func Start(ctx context.Context, c Config, log *slog.Logger) (_ *Server, err error) {
	s := &Server{config: c, log: log, metrics: newMetrics()}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.close())
		}
	}()
	if err := s.open(ctx); err != nil {
		return nil, err
	}
	s.reception = (&front.Reception{Index: s.index, Audit: s.audit, Now: c.Now, Log: log, Observe: s.metrics.observe}).
		Init()
	if err := s.listen(); err != nil {
		return nil, err
	}
	s.findURLs()
	if err := s.wire(); err != nil {
		return nil, err
	}
	if err := s.clientEnv(); err != nil {
		return nil, err
	}
	s.uses.keep(s)
	s.api.server = s.reception.Serve(s.api.listener, s.door)
	s.web.server = s.reception.Serve(s.web.listener, s.newWebDoor())
	if s.telemetry.listener != nil {
		s.telemetry.server = s.reception.Serve(s.telemetry.listener, telemetryDoor{s})
	}
	return s, nil
}

// open opens state, index, audit log and objects.
func (s *Server) open(ctx context.Context) error {
	c := &s.config
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return fmt.Errorf("the data directory %s cannot be made: %w", c.Data, err)
	}
	var err error
	if s.lock, err = lockDir(c.Data); err != nil {
		return err
	}
	if err := keepPrivate(c.Data, s.log); err != nil {
		return err
	}
	belongs, err := c.belongsTo()
	if err != nil { // before a state is made
		return err
	}
	kek, isNew, err := keyEncryptionKey(c)
	if err != nil {
		return err
	}
	if s.db, err = store.Open(ctx, c.statePath(), kek, s.log); err != nil {
		return err
	}
	s.metrics.registerStateAge(s.db.Age)
	var newKey []byte
	if isNew {
		newKey = kek
	}
	if s.Account, err = initialise(ctx, s.db, c, belongs, newKey, c.Now().UTC()); err != nil {
		return err
	}
	if err := s.agree(ctx); err != nil {
		return err
	}
	if s.index, err = index.Open(ctx, s.db); err != nil {
		return err
	}
	if s.roots, err = issuerRoots(c.Identity.IssuerCertificates); err != nil {
		return err
	}
	a := audit.Config{Strict: c.Audit.Mode == "strict", Account: string(s.Account), Region: c.Region,
		SyncReads: c.Audit.Reads == "synced",
		Retention: time.Duration(c.Audit.Retention), MaxSize: int64(c.Audit.MaxSize), Log: s.log, Now: c.Now}
	if slices.Contains(c.Audit.Sinks, "file") {
		a.Dir = filepath.Join(c.Data, "audit")
	}
	if slices.Contains(c.Audit.Sinks, "stdout") {
		a.Stdout = os.Stdout
	}
	if s.audit, err = audit.Open(a); err != nil {
		return err
	}
	s.metrics.registerAudit(s.audit.Stats)
	return s.openBackends(ctx)
}

// wire makes the services and the door, from the state, index, audit log and backends that open has opened.
func (s *Server) wire() error {
	c := &s.config
	who := &authn.Authenticator{Index: s.index, Keys: &sigv4.KeyCache{}, Now: c.Now, KeepVended: c.Revocation == "aws",
		Uses: &s.uses.Uses}
	held, err := policy.IdentityContextPolicy(c.Identity.ContextActions...)
	if err != nil {
		return err
	}
	may := &authz.Authorizer{Index: s.index, Context: held}
	s.rule = access.IssuerRule{Index: s.index, Members: c.Identity.MemberIssuers}
	why := &explain.Explainer{DB: s.db, Index: s.index, Authn: who, Authz: may, Audit: s.audit, Issuers: s.rule,
		Region: c.Region, Now: c.Now}
	s.issuers = &idtoken.Verifier{Keys: idtoken.NewKeyCache(c.Identity.AllowPrivateIssuers, s.roots, c.Now),
		Skew:        c.Identity.ClockSkew,
		MaxLifetime: c.Identity.MaxTokenLifetime, Algorithms: idtoken.Algorithms(c.Identity.TokenAlgorithms)}
	s.door = (&awsapi.Door{
		Services: []*awsapi.Service{
			sts.New(sts.Config{Index: s.index, Authn: who, Authz: may, Issuers: s.issuers}),
			iam.New(iam.Config{DB: s.db, Index: s.index, Uses: &s.uses.Uses, AllowPlain: c.Identity.AllowPrivateIssuers}),
			s3control.New(s3control.Config{DB: s.db, Index: s.index, Authn: who, Authz: may, MaxGrants: c.Quotas.AccessGrants,
				MaxLocations: c.Quotas.Locations}),
			ssoadmin.New(ssoadmin.Config{DB: s.db, Index: s.index, AssignmentRequired: c.Identity.DefaultAssignmentRequired,
				MaxIssuers: c.Quotas.Issuers, Issuers: s.rule}),
			identitystore.New(identitystore.Config{DB: s.db, Index: s.index}),
			ssooidc.New(ssooidc.Config{DB: s.db, Index: s.index, Issuers: s.issuers, Rule: s.rule,
				ContextLifetime: c.Identity.ContextLifetime,
				SessionLifetime: c.Identity.SessionLifetime, VerifiedEmail: c.Identity.RequireVerifiedEmail,
				TokenIssuer: s.tokenIssuer, Endpoint: s.APIURL, Exchanges: c.Quotas.Exchanges}),
			organizations.New(organizations.Config{DB: s.db, Index: s.index}),
			cloudtrail.New(cloudtrail.Config{Audit: s.audit}),
			granaryapi.New(granaryapi.Config{DB: s.db, Index: s.index, Authn: who, Issuers: s.issuers, Rule: s.rule,
				Explain: why,
				WebURL:  s.WebURL}),
		},
		Data: &gateway.Gateway{Index: s.index, DB: s.db, Authn: who, Authz: may,
			Backends: s.backends, Default: c.Storage.Default, Region: c.Region, Now: c.Now},
		Authn: who, Authz: may, Hosts: awsapi.Hosts{Domain: c.Domain}, Origins: c.CORS.origins(), Region: c.Region,
		Now: c.Now, Unsigned: limit.New(50, 500),
	}).Init()
	s.reception.Authz = may
	return nil
}

// Rows lists every API operation there is, by service. Tests walk it.
func (s *Server) Rows() []*awsapi.Service { return s.door.Services }

// listen takes both addresses.
func (s *Server) listen() error {
	c := &s.config
	if c.TLS.Certificate != "" {
		pair, err := tls.LoadX509KeyPair(c.TLS.Certificate, c.TLS.Key)
		if err != nil {
			return fmt.Errorf("the TLS certificate or key cannot be used: %w", err)
		}
		s.certificate = &pair
	}
	proxies, err := front.ParseProxies(c.TrustedProxies)
	if err != nil {
		return err
	}
	s.reception.Proxies = proxies
	var config *tls.Config
	scheme, shakes := "http", newHandshakes(s.log, c.Now)
	if s.certificate != nil {
		config, scheme = &tls.Config{Certificates: []tls.Certificate{*s.certificate}, MinVersion: tls.VersionTLS12}, "https"
	}
	for _, d := range []struct {
		at   *listening
		name string
		addr string
	}{{&s.api, "API", c.API}, {&s.web, "web", c.Web}, {&s.telemetry, "telemetry", c.Telemetry.Listen}} {
		if d.addr == "" {
			continue
		}
		l, err := net.Listen("tcp", d.addr)
		if err != nil {
			return fmt.Errorf("the %s door cannot listen on %s: %w", d.name, d.addr, err)
		}
		d.at.listener, d.at.scheme = &front.Listener{Listener: l, TLS: config, Proxies: proxies,
			HandshakeFailed: shakes.failed}, scheme
		if a, ok := l.Addr().(*net.TCPAddr); s.certificate == nil && ok && !a.IP.IsLoopback() && !c.AllowPlainHTTP {
			return fmt.Errorf("the %s door would serve plain HTTP on %s, beyond this machine; give tls.certificate and "+
				"tls.key, or set allow_plain_http: true if something before it speaks TLS", d.name, l.Addr())
		}
	}
	return nil
}

func (l *listening) port() int {
	if a, ok := l.listener.Addr().(*net.TCPAddr); ok {
		return a.Port
	}
	return 0
}

// address is where a door can be reached from this machine.
func (l *listening) address() string {
	a, ok := l.listener.Addr().(*net.TCPAddr)
	if !ok || a.IP.IsUnspecified() {
		return fmt.Sprintf("127.0.0.1:%d", l.port())
	}
	return a.String()
}

// EnvPath is the file with the environment of clients.
func (s *Server) EnvPath() string { return client.EnvPath(s.config.Data) }

// Env is the environment of clients, as the file has it.
func (s *Server) Env() (client.Env, error) { return client.ReadEnv(s.config.Data) }

// clientEnv leaves what clients need to reach this server as the management account's root user.
func (s *Server) clientEnv() error {
	var key *granary.AccessKey
	err := s.db.View(context.Background(), func(tx *store.Tx) error {
		list, err := tx.AccessKeys.ListForUser(s.Account, "")
		for _, k := range list {
			if k.Active {
				key = k
			}
		}
		return err
	})
	if err != nil {
		return err
	}
	if err := s.writeCA(); err != nil {
		return err
	}
	if err := writeFile(client.DoorPath(s.config.Data), s.api.scheme+"://"+s.api.address()+"\n"); err != nil {
		return err
	}
	e, err := s.newClientEnv(key)
	if err != nil {
		return err
	}
	return writeFile(client.EnvPath(s.config.Data), e.Text())
}

// Stop lets requests under way finish, then closes everything.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainTimeout)
	defer cancel()
	var errs []error
	for _, l := range []*listening{&s.api, &s.web, &s.telemetry} {
		if l.server == nil {
			continue
		}
		if err := l.server.Shutdown(ctx); err != nil {
			errs = append(errs, l.server.Close())
		}
	}
	return errors.Join(append(errs, s.close())...)
}

func (s *Server) close() error {
	var errs []error
	for _, l := range []*listening{&s.api, &s.web, &s.telemetry} {
		if l.listener != nil && l.server == nil {
			errs = append(errs, l.listener.Close())
		}
	}
	errs = append(errs, s.uses.finish(s))
	if s.index != nil {
		s.index.Close()
	}
	if s.audit != nil {
		errs = append(errs, s.audit.Close())
	}
	errs = append(errs, s.closeBackends())
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}
