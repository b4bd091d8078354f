package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"granary/internal/client"
	"granary/internal/world"
	"granary/internal/worldtest"
)

// terraform is a Terraform configuration with a server of its own, which it knows by client.env alone: no provider
// setting beside path-style S3.
//
//	tf := newTerraform(t)
//	tf.configure(`resource …`)
//	tf.apply()                                                      // and plans clean, or fails
//	tf.imports(map[string]string{"aws_iam_role.r": "name"})         // forgets, imports, and plans clean
//	tf.destroy()
type terraform struct {
	t *testing.T
	*world.World
	dir     string
	env     []string
	outputs map[string]struct{ Value json.RawMessage } // of the last change; nil until somebody asks
}

// mirrorVariable names the folder of a filesystem mirror with the AWS provider: it has
// registry.terraform.io/hashicorp/aws in it.
const mirrorVariable = "GRANARY_TEST_TERRAFORM_MIRROR"

// newTerraform starts a server, or skips where Terraform or its AWS provider is missing.
func newTerraform(t *testing.T) *terraform {
	t.Helper()
	mirror := os.Getenv(mirrorVariable)
	if _, err := exec.LookPath("terraform"); err != nil || mirror == "" {
		worldtest.Absent(t, "terraform", "it is terraform on the PATH, and in "+mirrorVariable+
			" the filesystem mirror with its AWS provider")
	}
	tf := &terraform{t: t, dir: t.TempDir(), World: newVictim(t).world(nil)}
	rc := filepath.Join(tf.dir, "terraform.rc")
	tf.write("terraform.rc", fmt.Sprintf("provider_installation {\n  filesystem_mirror {\n    path = %q\n  }\n}\n",
		mirror))
	tf.env = append(os.Environ(), "TF_CLI_CONFIG_FILE="+rc, "TF_IN_AUTOMATION=1", "TF_INPUT=0", "CHECKPOINT_DISABLE=1",
		"AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=/dev/null", "AWS_SHARED_CREDENTIALS_FILE=/dev/null", "AWS_MAX_ATTEMPTS=1")
	for _, kv := range tf.Env {
		tf.env = append(tf.env, kv[0]+"="+kv[1])
	}
	tf.write("provider.tf", "terraform {\n  required_providers {\n    aws = { source = \"hashicorp/aws\" }\n  }\n}\n")
	tf.provider("s3_use_path_style = true")
	tf.run("init")
	return tf
}

func (tf *terraform) write(name, text string) {
	tf.t.Helper()
	if err := os.WriteFile(filepath.Join(tf.dir, name), []byte(text), 0o600); err != nil {
		tf.t.Fatal(err)
	}
}

// provider replaces the provider's settings.
func (tf *terraform) provider(settings string) {
	tf.t.Helper()
	tf.write("settings.tf", "provider \"aws\" {\n"+settings+"\n}\n")
}

// as goes on with another key.
func (tf *terraform) as(k client.Key) {
	tf.env = append(tf.env, "AWS_ACCESS_KEY_ID="+k.ID, "AWS_SECRET_ACCESS_KEY="+k.Secret, "AWS_SESSION_TOKEN="+k.Token)
}

// configure replaces the configuration.
func (tf *terraform) configure(text string) {
	tf.t.Helper()
	tf.write("main.tf", text)
}

func (tf *terraform) command(args ...string) (string, error) {
	if args[0] != "output" && args[0] != "plan" {
		tf.outputs = nil
	}
	c := exec.CommandContext(tf.t.Context(), "terraform", append(slices.Clone(args), "-no-color")...)
	c.Dir, c.Env = tf.dir, tf.env
	out, err := c.CombinedOutput()
	return string(out), err
}

// run fails the test unless the command succeeds.
func (tf *terraform) run(args ...string) string {
	tf.t.Helper()
	out, err := tf.command(args...)
	if err != nil {
		tf.t.Fatalf("terraform %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// apply makes the configuration true, after which there is nothing left to change.
func (tf *terraform) apply() {
	tf.t.Helper()
	tf.run("apply", "-auto-approve")
	tf.clean()
}

// clean fails the test when a plan would change anything.
func (tf *terraform) clean() {
	tf.t.Helper()
	if out, err := tf.command("plan", "-detailed-exitcode"); err != nil {
		tf.t.Fatalf("the plan is not clean: %v\n%s", err, out)
	}
}

// refused applies a configuration that the server must refuse with certain words.
func (tf *terraform) refused(text, words string) {
	tf.t.Helper()
	tf.configure(text)
	out, err := tf.command("apply", "-auto-approve")
	if plain := strings.Join(strings.Fields(strings.ReplaceAll(out, "│", " ")), " "); err == nil ||
		!strings.Contains(plain, words) {
		tf.t.Errorf("want a refusal with %q, got %v\n%s", words, err, out)
	}
}

// imports forgets resources and takes them in again by their ids, which must change nothing. It ends as apply does.
func (tf *terraform) imports(ids map[string]string) {
	tf.t.Helper()
	addresses := slices.Sorted(maps.Keys(ids))
	tf.run(append([]string{"state", "rm"}, addresses...)...)
	var blocks strings.Builder
	for _, a := range addresses {
		fmt.Fprintf(&blocks, "import {\n  to = %s\n  id = %q\n}\n", a, ids[a])
	}
	tf.write("imports.tf", blocks.String())
	out := tf.run("apply", "-auto-approve")
	if want := fmt.Sprintf("Plan: %d to import, 0 to add, 0 to change, 0 to destroy.", len(ids)); !strings.Contains(out,
		want) {
		tf.t.Errorf("want %q, got\n%s", want, out)
	}
	tf.write("imports.tf", "")
	tf.clean()
}

// destroy takes all of it away, and leaves nothing in the state.
func (tf *terraform) destroy() {
	tf.t.Helper()
	tf.run("destroy", "-auto-approve")
	if left := strings.TrimSpace(tf.run("state", "list")); left != "" {
		tf.t.Errorf("left after destroy: %s", left)
	}
}

// output is an output's value; one that is not a text comes as JSON.
func (tf *terraform) output(name string) string {
	tf.t.Helper()
	if tf.outputs == nil {
		if err := json.Unmarshal([]byte(tf.run("output", "-json")), &tf.outputs); err != nil {
			tf.t.Fatal(err)
		}
	}
	o, ok := tf.outputs[name]
	if !ok {
		tf.t.Fatalf("there is no output %s", name)
	}
	var s string
	if json.Unmarshal(o.Value, &s) == nil {
		return s
	}
	var text bytes.Buffer
	if err := json.Compact(&text, o.Value); err != nil {
		tf.t.Fatal(err)
	}
	return text.String()
}
