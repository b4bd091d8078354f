package main

import "testing"

// Whatever a person gets wrong on the command line ends with 2, before anything is done.
func TestMisuseEndsWithTwo(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, args := range [][]string{
		{"serv"}, {"--nope"}, {"help", "serv"}, {"serve", "extra"}, {"serve", "--api="}, {"serve", "--api", "x"},
		{"serve", "--region="}, {"serve", "--domain", "a:1"}, {"serve", "--config="}, {"serve", "--log-level", "loud"},
		{"bench", "--grants="}, {"bench", "--grants", "-1"}, {"bench", "--people", "x"}, {"bench", "--connections", "0"},
		{"bench", "--duration", "-1s"}, {"bench", "matcher", "--grants="}, {"bench", "import", "--each", "-1"},
		{"exec"}, {"exec", "--as-role=", "--", "true"}, {"exec", "--data=", "--", "true"}, {"demo", "--once=x"},
		{"demo", "--api="},
		{"scim"}, {"scim", "token"}, {"scim", "token", "create"}, {"scim", "token", "create", "--identity-store-id", "d-1",
			"--valid", "1s"}, {"scim", "token", "delete", "--identity-store-id", "d-1"},
		{"scim", "enable", "--identity-store-id="},
		{"issuer"}, {"issuer", "test"}, {"issuer", "test", ""}, {"signin", "set"}, {"signin", "show", "--instance-arn="},
		{"keys", "rotate", "all"},
		{"explain"}, {"explain", ""}, {"explain", "s3://b/x"}, {"explain", "--as", "alice"}, {"explain", "--as=", "s3://b/x"},
		{"explain", "--as", "alice", "s3://b/x", "--duration-seconds", "x"},
		{"who"}, {"who", ""}, {"who", "b/x"}, {"who", "s3://b/x", "--max-items", "-1"},
		{"who", "s3://b/x", "--permission", "ALL"}, {"who", "s3://b/x", "--account-id", "me"}, {"can"}, {"can", ""},
		{"can", "a", "b"}, {"can", "a", "--starting-token="},
	} {
		if got := run(t.Context(), args); got != 2 {
			t.Errorf("%q ends with %d", args, got)
		}
	}
}
