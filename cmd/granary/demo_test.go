package main

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The demo speaks at once, and leaves people to be: whose grant reaches the data gets a key to them, and the others are
// refused.
func TestTheDemoLeavesPeopleToBe(t *testing.T) {
	t.Parallel()
	program := func(args ...string) *exec.Cmd {
		c := exec.Command(os.Args[0], args...)
		c.Env = append(os.Environ(), "GRANARY_TEST_MAIN=1")
		return c
	}
	running := program("demo", "--api", "127.0.0.1:0", "--web", "127.0.0.1:0", "--idp", "127.0.0.1:0")
	out, err := running.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := running.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		_ = running.Process.Signal(os.Interrupt)
		_ = running.Wait()
	}()
	give := time.AfterFunc(2*time.Minute, func() { _ = running.Process.Kill() })
	defer give.Stop()
	lines := bufio.NewReader(out)
	first, err := lines.ReadString('\n')
	if err != nil || !strings.HasPrefix(first, "Granary demo: ") {
		t.Fatalf("%q, %v", first, err)
	}
	var data string
	for data == "" {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("the demo ended: %v", err)
		}
		if found := regexp.MustCompile(`granary demo exec --data (\S+)`).FindStringSubmatch(line); found != nil {
			data = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, lines) }() // ends with the demo
	as := func(args ...string) (string, error) {
		text, err := program(append([]string{"demo", "exec", "--data", data}, args...)...).CombinedOutput()
		return string(text), err
	}
	show := []string{"--", "sh", "-c", "echo $AWS_ACCESS_KEY_ID $AWS_ENDPOINT_URL"}
	for _, person := range []string{"alice", "alice@larkspur.example"} {
		text, err := as(append([]string{"--as", person, "--target", target}, show...)...)
		if err != nil || !strings.HasPrefix(text, "ASIA") || !strings.Contains(text, "http://granary.localhost:") {
			t.Errorf("%s: %q, %v", person, text, err)
		}
	}
	if text, err := as(append([]string{"--as", "hugo"}, show...)...); err != nil || !strings.HasPrefix(text, "ASIA") {
		t.Errorf("hugo without data: %q, %v", text, err)
	}
	for _, refused := range []struct{ person, target, says string }{
		{"hugo", target, "hugo@larkspur.example is refused: AccessDenied: You do not have READ permissions"},
		{"erin", "", "erin@larkspur.example is refused: AccessDeniedException"},
		{"nobody", "", `--as is "nobody", and the company has: alice, bob,`},
	} {
		args := []string{"--as", refused.person}
		if refused.target != "" {
			args = append(args, "--target", refused.target)
		}
		text, err := as(append(args, show...)...)
		if err == nil || !strings.Contains(text, refused.says) {
			t.Errorf("%s: %q, %v", refused.person, text, err)
		}
	}
	if text, err := program("demo", "exec", "--data", t.TempDir(), "--", "true").CombinedOutput(); err == nil ||
		!strings.Contains(string(text), "no demo runs with the data directory") {
		t.Errorf("%q, %v", text, err)
	}
}
