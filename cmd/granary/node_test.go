package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"granary/internal/worldtest"
)

// Programs on AWS's SDK for JavaScript reach a server on this machine with no setting but the environment, though
// Node.js heeds no HTTP_PROXY and the machine's resolver need not know the names: by granary exec, and by client.env
// with the NODE_OPTIONS that it names.
func TestNodeProgramsWorkWithTheEnvironmentOfClients(t *testing.T) {
	t.Parallel()
	modules := os.Getenv("GRANARY_TEST_NODE_SDK")
	if _, err := exec.LookPath("node"); err != nil || modules == "" {
		worldtest.Absent(t, "node-sdk", "it is node, and in GRANARY_TEST_NODE_SDK the node_modules that npm ci makes for "+
			"tools/node/package.json")
	}
	script := filepath.Join(worldtest.Root(t), "tools/node/client.cjs")
	run := func(c *exec.Cmd, account string, env ...string) {
		t.Helper()
		c.Env = append(
			append(slices.DeleteFunc(os.Environ(), func(kv string) bool { return strings.HasPrefix(kv, "NODE_OPTIONS=") }),
				"NODE_MODULES="+modules), env...)
		var said strings.Builder
		c.Stderr = &said
		out, err := c.Output()
		var got struct {
			Account, Text string
			Status        int
		}
		if err != nil || json.Unmarshal(out, &got) != nil || got.Account != account || got.Text != "hello" ||
			got.Status != 200 {
			t.Errorf("%v: %s %s", err, out, said.String())
		}
	}
	v := newVictim(t)
	account := v.world(nil).Account
	run(exec.Command(os.Args[0], "exec", "--data", v.dir, "--", "node", script), account, "GRANARY_TEST_MAIN=1",
		"NODE_OPTIONS=--no-deprecation")
	// As the shell reads it: what a word of the file means to sh must be what it says.
	run(exec.Command("sh", "-c", `set -a; . "$0/client.env"; NODE_OPTIONS=$GRANARY_NODE_OPTIONS exec node "$1"`, v.dir,
		script), account)
}
