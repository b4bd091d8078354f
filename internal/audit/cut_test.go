package audit

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"granary"
)

// fill puts texts of a length into every field of a value, and long lists and maps.
func fill(v reflect.Value, text string, count int) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), text, count)
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return
		}
		for i := range v.NumField() {
			fill(v.Field(i), text, count)
		}
	case reflect.Slice:
		if v.Type() == reflect.TypeFor[json.RawMessage]() {
			b, _ := json.Marshal(map[string]any{"text": text, "list": strings.Split(strings.Repeat("x,", count), ","),
				"deep": map[string]any{text: []any{text, text}}})
			v.SetBytes(b)
			return
		}
		v.Set(reflect.MakeSlice(v.Type(), count, count))
		for i := range count {
			fill(v.Index(i), text, count)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for i := range count {
			e := reflect.New(v.Type().Elem()).Elem()
			fill(e, text, count)
			v.SetMapIndex(reflect.ValueOf(fmt.Sprint(i, text)).Convert(v.Type().Key()), e)
		}
	}
}

// Whatever a service puts into an event, and however long, its lines have a bound and can be read.
func TestNoEventIsLongerThanItsBound(t *testing.T) {
	dir := t.TempDir()
	l, err := Open(Config{Dir: dir, Now: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"x", `"`, "\x00", "\u2028", "\xff", "\U0001F600"} {
		for _, n := range []int{1, 130, 600, 1100, 5000, 70_000} {
			for _, count := range []int{0, 1, 3, 20, 300} {
				if n*count > 20_000 && count > 1 {
					continue
				}
				for _, failed := range []string{"", "AccessDenied"} {
					e := &Event{}
					fill(reflect.ValueOf(e).Elem(), strings.Repeat(text, n), count)
					e.ErrorCode = failed
					if err := l.Record(e); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	lines := 0
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for line := range bytes.Lines(b) {
			lines++
			var e Event
			if err := json.Unmarshal(line, &e); err != nil || len(line) > MaxLine {
				t.Fatalf("%d bytes, %v: %.200s", len(line), err, line)
			}
		}
	}
	if lines < 200 {
		t.Errorf("%d lines", lines)
	}
}

// What a line leaves out, it says.
func TestWhatIsCutSaysSo(t *testing.T) {
	long := strings.Repeat("a", 3000)
	list := make([]string, 500)
	for i := range list {
		list[i] = "arn:aws:iam::aws:policy/" + fmt.Sprint(i)
	}
	parameters, _ := json.Marshal(map[string]any{"roleArn": "arn:aws:iam::111122223333:role/r", "token": long,
		"policyArns": list})
	e := &Event{EventID: granary.UUID(), UserAgent: long, ErrorMessage: long, RequestParameters: parameters}
	b, err := e.line()
	if err != nil || len(b) > 5<<10 {
		t.Fatalf("%d bytes, %v", len(b), err)
	}
	var got struct {
		UserAgent, ErrorMessage string
		RequestParameters       struct {
			RoleArn, Token string
			PolicyArns     []string
			Omitted        bool
			OriginalSize   int
		}
	}
	if err := json.Unmarshal(b, &got); err != nil {
		t.Fatal(err)
	}
	p := got.RequestParameters
	if p.RoleArn != "arn:aws:iam::111122223333:role/r" || !p.Omitted || p.OriginalSize != len(parameters) ||
		!strings.HasSuffix(p.Token, "(cut from 3000 bytes)") ||
		len(p.PolicyArns) != maxElements+1 || !strings.HasSuffix(got.UserAgent, "(cut from 3000 bytes)") ||
		len(got.UserAgent) > maxText {
		t.Errorf("%s", b)
	}
	e = &Event{RequestParameters: json.RawMessage(`{"a":"` + strings.Repeat("b", 1<<20) + `"}`)}
	if _, err := e.line(); err != nil ||
		string(e.RequestParameters) != `{"omitted":true,"originalSize":1048584,"reason":"requestParameters too large"}` {
		t.Errorf("%s %v", e.RequestParameters, err)
	}
	short := json.RawMessage(`{"bucketName":"b","key":"<k>&"}`)
	e = &Event{RequestParameters: short, UserAgent: "aws-cli/2"}
	if b, _ := e.line(); !bytes.Contains(b, short) || bytes.Contains(b, []byte("omitted")) {
		t.Errorf("%s", b)
	}
}

// Everything that was done is told, in as many events as it takes; of what was refused the first is enough.
func TestAllThatWasDeletedIsTold(t *testing.T) {
	dir := t.TempDir()
	l := open(t, dir)
	var want []string
	e := &Event{EventID: granary.TimedUUID(time.Now()), EventName: "DeleteObjects",
		RequestParameters: json.RawMessage(`{"bucketName":"b"}`)}
	for i := range 1000 {
		arn := fmt.Sprintf("arn:aws:s3:::b/%d/%s", i, strings.Repeat("\x01\"é", rand.IntN(250)))
		want, e.Resources = append(want, arn), append(e.Resources, Resource{Type: "AWS::S3::Object", ARN: arn})
	}
	refused := *e
	refused.ErrorCode, refused.EventID, refused.EventName = "AccessDenied", granary.TimedUUID(time.Now()), "Refused"
	refused.Resources = append([]Resource(nil), e.Resources...)
	if err := l.Record(e, &refused); err != nil {
		t.Fatal(err)
	}
	told, events, refusals := map[string]bool{}, 0, 0
	for _, got := range written(t, dir) {
		if got.EventName == "Refused" {
			refusals++
			continue
		}
		events++
		for _, r := range got.Resources {
			told[r.ARN] = true
		}
		if got.SharedEventID != e.EventID || got.EventName != "DeleteObjects" {
			t.Errorf("%s %s", got.SharedEventID, got.EventName)
		}
	}
	if events < 10 || refusals != 1 {
		t.Errorf("%d events, %d refusals", events, refusals)
	}
	for _, arn := range want {
		if !told[arn] {
			t.Fatalf("not told: %q", arn)
		}
	}
}
