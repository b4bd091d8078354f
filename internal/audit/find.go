package audit

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sort"
	"time"

	"granary"
)

// rotatedName is the time that a full file is named by.
const rotatedName = "20060102T150405.000000000Z"

// Find reads one event back by its id. The id says when it was recorded, and so in which file it is: at most three are looked
// at, the one of that time and its neighbours. It fails with NotFound when the event is not there any more.
func (l *Log) Find(ctx context.Context, id string) (*Event, error) {
	missing := granary.Errorf(granary.NotFound, "The audit log has no event %q.", id)
	at, ok := granary.TimeOfUUID(id)
	if !ok {
		return nil, missing
	}
	if l.config.Dir == "" {
		return nil, granary.Errorf(granary.Unavailable, "This server keeps no audit file to look decisions up in: add file to audit.sinks.")
	}
	files, err := l.around(at)
	if err != nil {
		return nil, err
	}
	want := []byte(`"eventID":"` + id + `"`)
	for _, name := range files {
		e, err := search(ctx, filepath.Join(l.config.Dir, name), want, id)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if e != nil {
			return e, nil
		}
	}
	return nil, missing
}

// around names the file that was being written at a time, and those after and before: an event may be written a moment later than
// its id was made, and clocks step.
func (l *Log) around(at time.Time) ([]string, error) {
	rotated, err := fs.Glob(os.DirFS(l.config.Dir), "2*.jsonl")
	if err != nil {
		return nil, err
	}
	files := append(rotated, Current)
	i := sort.SearchStrings(rotated, at.UTC().Format(rotatedName)+".jsonl")
	out := []string{files[i]}
	if i+1 < len(files) {
		out = append(out, files[i+1])
	}
	if i > 0 {
		out = append(out, files[i-1])
	}
	return out, nil
}

const searchChunk = 1 << 20

// search finds the event of an id in a file, nil when it is not there. Only lines that hold the text are read as events.
func search(ctx context.Context, path string, want []byte, id string) (*Event, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	buf := make([]byte, 0, 2*searchChunk)
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		n, err := io.ReadFull(f, buf[len(buf):min(len(buf)+searchChunk, cap(buf))])
		buf = buf[:len(buf)+n]
		done := err != nil
		if done && err != io.EOF && err != io.ErrUnexpectedEOF {
			return nil, err
		}
		whole := len(buf)
		if !done {
			whole = bytes.LastIndexByte(buf, '\n') + 1
		}
		for at := 0; ; {
			i := bytes.Index(buf[at:whole], want)
			if i < 0 {
				break
			}
			i += at
			begin, end := bytes.LastIndexByte(buf[:i], '\n')+1, bytes.IndexByte(buf[i:whole], '\n')
			if end < 0 {
				return nil, nil // cut off: never acknowledged
			}
			var e Event
			if json.Unmarshal(buf[begin:i+end], &e) == nil && e.EventID == id {
				return &e, nil
			}
			at = i + end
		}
		if done {
			return nil, nil
		}
		buf = append(buf[:0], buf[whole:]...) // the line that goes on
		if cap(buf)-len(buf) < searchChunk {
			buf = slices.Grow(buf, searchChunk)
		}
	}
}
