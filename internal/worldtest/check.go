package worldtest

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/smithy-go"
)

// Outcome is a call that was made, and how it must have ended: with Code and Words in its message, or well when Code is
// empty. A test package gives it a name of its own, so that its tables can leave the names of the fields out:
//
//	type outcome worldtest.Outcome
type Outcome struct {
	Does        string
	Err         error
	Code, Words string
}

// CheckOutcomes fails the test for each call that ended otherwise.
func CheckOutcomes[T ~struct {
	Does        string
	Err         error
	Code, Words string
}](t *testing.T, list []T) {
	t.Helper()
	for _, o := range list {
		o := Outcome(o)
		switch {
		case o.Code != "":
			t.Run(o.Does, func(t *testing.T) { t.Helper(); Refused(t, o.Err, o.Code, o.Words) })
		case o.Err != nil:
			t.Errorf("%s: %v", o.Does, o.Err)
		}
	}
}

// ErrorOf returns the error of a call, and drops its answer.
func ErrorOf[T any](_ T, err error) error { return err }

// Allowed fails the test when a call was refused.
func Allowed(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
}

// Refused fails the test unless err is an API error with this code and these words in its message.
func Refused(t *testing.T, err error, code, words string) {
	t.Helper()
	var e smithy.APIError
	if !errors.As(err, &e) {
		t.Errorf("got %v, want %s", err, code)
		return
	}
	text := err.Error()
	if d := reflect.ValueOf(e).Elem().FieldByName("Error_description"); d.IsValid() && !d.IsNil() {
		// OAuth's name for the message
		text += d.Elem().String()
	}
	if e.ErrorCode() != code || !strings.Contains(text, words) {
		t.Errorf("got %s\nwant %s with %q", text, code, words)
	}
}

// Must returns a function that takes the results of a call, fails the test when there is an error, and returns the
// value:
//
//	key := worldtest.Must[client.Key](t)(c.As(ctx, worldtest.Alice))
func Must[T any](t testing.TB) func(v T, err error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

// RefusedAs fails the test unless err is an error of the SDK's type E with these words in its message.
func RefusedAs[E error](t *testing.T, err error, words string) {
	t.Helper()
	var e E
	if !errors.As(err, &e) || !strings.Contains(err.Error(), words) {
		t.Errorf("got %v\nwant %T with %q", err, e, words)
	}
}
