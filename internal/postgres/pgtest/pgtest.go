// Package pgtest starts a temporary PostgreSQL for tests: one cluster for a test program, on a Unix socket, with an
// empty database for each test.
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
	dir         string
	startServer func(options ...string) (*exec.Cmd, error)
	process     *exec.Cmd
	admin       *sql.DB
	count       atomic.Int32
}

var shared struct {
	once    sync.Once
	cluster *Cluster
	err     error
}

// Run runs the tests and then stops the cluster, if one was started. TestMain calls it in packages whose tests use
// databases.
func Run(m *testing.M) int {
	defer func() {
		if shared.cluster != nil {
			shared.cluster.Stop()
		}
	}()
	return m.Run()
}

// URL returns the URL of a new empty database. Where PostgreSQL is not installed it skips the test, or fails it if
// GRANARY_TEST_REQUIRE contains postgres.
func URL(t testing.TB) string {
	t.Helper()
	return URLWith(t, "")
}

// URLWith is URL with further options for CREATE DATABASE.
func URLWith(t testing.TB, how string) string {
	t.Helper()
	shared.once.Do(func() { shared.cluster, shared.err = Start() })
	skipIfAbsent(t, shared.err)
	u, err := shared.cluster.Database(t.Context(), how)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// skipIfAbsent skips the test if err is not nil, or fails it if GRANARY_TEST_REQUIRE contains postgres.
func skipIfAbsent(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case slices.Contains(strings.Split(os.Getenv("GRANARY_TEST_REQUIRE"), ","), "postgres"):
		t.Fatalf("postgres: %v", err)
	default:
		t.Skipf("postgres: %v", err)
	}
}

// Own starts a cluster for one test, which may crash it. It skips the test as URL does.
func Own(t testing.TB, options ...string) *Cluster {
	t.Helper()
	c, err := Start(options...)
	skipIfAbsent(t, err)
	t.Cleanup(c.Stop)
	return c
}

// findProgram returns the path of one of PostgreSQL's programs: from PATH, or from where Debian installs it.
func findProgram(name string) (string, error) {
	if p, err := exec.LookPath(name); err == nil {
		return p, nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if len(found) == 0 {
		return "", fmt.Errorf("there is no %s on this machine", name)
	}
	return found[len(found)-1], nil
}

// Start starts a cluster in a directory of its own. Its databases sort text by language, to show that nothing depends
// on the order.
func Start(options ...string) (*Cluster, error) {
	return startCluster(options, func(data string) (string, []string) {
		return "initdb", []string{"-D", data, "-U", "granary", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C.UTF-8",
			"--locale-provider=icu", "--icu-locale=en"}
	})
}

// startCluster starts a cluster whose data directory is made by a program: made returns the program and its arguments.
func startCluster(options []string, made func(data string) (program string, args []string)) (*Cluster, error) {
	server, err := findProgram("postgres")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "pg") // a short name, since a socket's path has at most 107 bytes
	if err != nil {
		return nil, err
	}
	c := &Cluster{dir: dir}
	who, err := c.serverUser()
	if err != nil {
		c.Stop()
		return nil, err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: who}
		return cmd
	}
	data := filepath.Join(dir, "data")
	name, args := made(data)
	program, err := findProgram(name)
	if err != nil {
		c.Stop()
		return nil, err
	}
	if out, err := run(program, args...).CombinedOutput(); err != nil {
		c.Stop()
		return nil, fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	c.startServer = func(options ...string) (*exec.Cmd, error) {
		log, err := os.Create(filepath.Join(dir, "log"))
		if err != nil {
			return nil, err
		}
		defer log.Close()
		p := run(server,
			append([]string{"-D", data, "-k", dir, "-h", "", "-c", "fsync=off", "-c", "full_page_writes=off", "-c",
				"max_connections=300", "-c", "shared_buffers=64MB"}, options...)...)
		p.Stdout, p.Stderr = log, log
		return p, p.Start()
	}
	if c.process, err = c.startServer(options...); err != nil {
		c.Stop()
		return nil, err
	}
	if c.admin, err = sql.Open("pgx", c.url("postgres")); err != nil {
		c.Stop()
		return nil, err
	}
	if err := c.waitUntilReady(); err != nil {
		c.Stop()
		return nil, err
	}
	return c, nil
}

// waitUntilReady waits until the server answers, at most 30 seconds.
func (c *Cluster) waitUntilReady() (err error) {
	for began := time.Now(); time.Since(began) < 30*time.Second; time.Sleep(50 * time.Millisecond) {
		if err = c.admin.Ping(); err == nil {
			return nil
		}
	}
	return err
}

// Crash ends the server as a failure of its machine does, so that what it had not written is lost, and starts it again.
func (c *Cluster) Crash(options ...string) (err error) {
	c.Kill()
	if c.process, err = c.startServer(options...); err != nil {
		return err
	}
	return c.waitUntilReady()
}

// Kill ends the server immediately.
func (c *Cluster) Kill() {
	if c.process == nil {
		return
	}
	_ = c.process.Process.Signal(syscall.SIGQUIT)
	_ = c.process.Wait()
	c.process = nil
}

// SQL runs statements in one of this package's databases on a separate connection.
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

// serverUser returns the user to run PostgreSQL as, since it refuses to run as root, and makes it the owner of the
// directory. It returns nil if this process is not root.
func (c *Cluster) serverUser() (*syscall.Credential, error) {
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

// Database creates an empty database, with further options for CREATE DATABASE or "", and returns its URL.
func (c *Cluster) Database(ctx context.Context, how string) (string, error) {
	name := fmt.Sprintf("test%d", c.count.Add(1))
	_, err := c.admin.ExecContext(ctx, "CREATE DATABASE "+name+" "+how)
	return c.url(name), err
}

// Stop ends the server and removes its files.
func (c *Cluster) Stop() {
	if c.admin != nil {
		_ = c.admin.Close()
	}
	c.Kill()
	os.RemoveAll(c.dir)
}
