package main

import (
	"bytes"
	"go/format"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGeneratedCodeIsWhatTheModelsSay(t *testing.T) {
	files, err := filepath.Glob("../../models/*.json")
	if err != nil || len(files) < 9 {
		t.Fatalf("models: %v %v", files, err)
	}
	for _, f := range files {
		m, err := readModel(f)
		if err != nil {
			t.Fatal(err)
		}
		name := strings.TrimSuffix(filepath.Base(f), ".json")
		for file, text := range generate(name, m) {
			want, err := format.Source([]byte(text))
			if err != nil {
				t.Fatal(err)
			}
			got, err := os.ReadFile(filepath.Join("../../internal/api", name, file))
			if err != nil || !bytes.Equal(got, want) {
				t.Errorf("internal/api/%s/%s is not what %s says: run go run ./cmd/gen (%v)", name, file, f, err)
			}
		}
	}
}
