// Package pgtest starts a throw-away PostgreSQL for tests: one cluster for a test program, on a unix socket, an empty database for
// each test.
package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// Cluster is a running PostgreSQL.
type Cluster struct {
	dir     string
	begin   func(options ...string) (*exec.Cmd, error)
	process *exec.Cmd
	admin   *sql.DB
	count   atomic.Int32
}

var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Run is what a TestMain calls when its tests use databases: it stops the cluster, if one was started.
func Run(m *testing.M) int {
	defer func() {
		if shared.cluster != nil {
			shared.cluster.Stop()
		}
	}()
	return m.Run()
}

// URL is an empty database. The test is skipped where there is no PostgreSQL, and fails there when GRANARY_TEST_REQUIRE names postgres.
func URL(t testing.TB) string {
	t.Helper()
	return URLWith(t, "")
}

// URLWith is URL with further words for CREATE DATABASE.
func URLWith(t testing.TB, how string) string {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = Start() })
	absent(t, shared.err)
	u, err := shared.cluster.Database(t.Context(), how)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// absent skips a test by name where there is no PostgreSQL, and fails it where GRANARY_TEST_REQUIRE names postgres.
func absent(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), "postgres"):
		t.Fatalf("postgres: %v", err)
	default:
		t.Skipf("postgres: %v", err)
	}
}

// Own is a cluster for one test, to be crashed. It is absent where URL's is.
func Own(t testing.TB, options ...string) *Cluster {
	t.Helper()
	c, err := Start(options...)
	absent(t, err)
	t.Cleanup(c.Stop)
	return c
}

// bin is where a program of PostgreSQL's is: in the path, or where Debian puts it.
func bin(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("there is no %s on this machine", name)
	}
	return found[len(found)-1], nil
}

// Start starts a cluster in a directory of its own. Its databases sort text as people do, to show that nothing depends on it.
func Start(options ...string) (*Cluster, error) {
	initdb, err := bin("initdb")
	if err != nil {
		return nil, err
	}
	server, err := bin("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // short: a socket's path has 107 bytes at most
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	who, err := c.owner()
	if err != nil {
		return nil, err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
		return cmd
	}
	data := filepath.Join(dir, "data")
	out, err := run(initdb, "-D", data, "-U", "granary", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
		"--locale-provider=icu", "--icu-locale=en").CombinedOutput()
	if err != nil {
		c.Stop()
		return nil, fmt.Errorf("initdb: %w\n%s", err, out)
	}
	c.begin = func(options ...string) (*exec.Cmd, error) {
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			return nil, err
		}
		defer log.Close()
		p := run(server, append([]string{"-D", data, "-k", dir, "-h", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_connections=300", "-c", "shared_buffers=64MB"}, options...)...)
		p.Stdout, p.Stderr = log, log
		return p, p.Start()
	}
	if c.process, err = c.begin(options...); err != nil {
		c.Stop()
		return nil, err
	}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		c.Stop()
		return nil, err
	}
	if err := c.wait(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

func (c *Cluster) wait() (err error) {
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(50 * time.Millisecond) {
		if err = c.admin.Ping(); err == nil {
			return nil
		}
	}
	return err
}

// Crash ends the server as a failure of its machine does: what it had not written is lost. Then it starts again.
func (c *Cluster) Crash(options ...string) (err error) {
	_ = c.process.Process.Signal(syscall.SIGQUIT)
	_ = c.process.Wait()
	if c.process, err = c.begin(options...); err != nil {
		return err
	}
	return c.wait()
}

// SQL runs statements in a database of this package's, past whoever uses it.
func SQL(t testing.TB, database string, statements ...string) {
	t.Helper()
	db, err := sql.Open("pgx", database)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	for _, s := range statements {
		if _, err := db.ExecContext(t.Context(), s); err != nil {
			t.Fatalf("%s: %v", s, err)
		}
	}
}

// owner is who PostgreSQL runs as: it refuses to be root.
func (c *Cluster) owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, _ := strconv.Atoi(u.Uid)
		gid, _ := strconv.Atoi(u.Gid)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(c.dir, uid, gid)
	}
	return nil, fmt.Errorf("there is no user postgres or nobody to run it as")
}

func (c *Cluster) url(database string) string {
	return "postgres:///" + database + "?" + url.Values{"host": {c.dir}, "user": {"granary"}}.Encode()
}

// Database makes an empty database, with further words for CREATE DATABASE or "".
func (c *Cluster) Database(ctx context.Context, how string) (string, error) {
	name := fmt.Sprintf("test%d", c.count.Add(1))
	_, err := c.admin.ExecContext(ctx, "CREATE DATABASE "+name+" "+how)
	return c.url(name), err
}

// Stop ends the server and removes all it had.
func (c *Cluster) Stop() {
	if c.admin != nil {
		_ = c.admin.Close()
	}
	if c.process != nil && c.process.Process != nil {
		_ = c.process.Process.Signal(syscall.SIGQUIT) // at once: nothing is kept
		_ = c.process.Wait()
	}
	os.RemoveAll(c.dir)
}
