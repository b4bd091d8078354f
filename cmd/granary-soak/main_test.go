package main

import (
	"os"
	"strings"
	"testing"
)

// Wrong arguments are refused before a server or a stranger is started.
func TestWrongArgumentsAreRefused(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for args, words := range map[string]string{
		"more":           `there is no argument "more"`,
		"-duration 19s":  "-duration is 19s, and must be between 20s and 45m0s",
		"-duration 46m":  "-duration is 46m0s",
		"-duration 120":  "invalid value",
		"-factor 0":      "-factor is 0, and must be more than 0 and at most 100",
		"-factor -1":     "-factor is -1",
		"-factor NaN":    "-factor is NaN",
		"-factor +Inf":   "-factor is +Inf",
		"-factor 101":    "-factor is 101",
		"-factor much":   "invalid value",
		"-fast":          "not defined",
		"-granary /nope": "-granary is no program",
	} {
		args = strings.Replace(args, "-duration", "-granary "+self+" -duration", 1)
		if _, err := parse(strings.Fields(args)); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: got %v, want %q", args, err, words)
		}
	}
	if _, err := parse([]string{"-granary", self, "-duration", "20s", "-factor", "0.5"}); err != nil {
		t.Error(err)
	}
	if o, err := parse([]string{"-check"}); err != nil || !o.check {
		t.Errorf("%+v, %v", o, err)
	}
}
