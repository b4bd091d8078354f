package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
)

// Model is one service: the facts of its API, without documentation.
type Model struct {
	Metadata   Metadata
	Operations map[string]*Operation
	Shapes     map[string]*Shape
}

// Metadata is the protocol of a service and its names.
type Metadata struct {
	Protocol     string   `json:"protocol"`
	TargetPrefix string   `json:"targetPrefix,omitempty"`
	SigningName  string   `json:"signingName,omitempty"`
	SigningNames []string `json:"signingNames,omitempty"`
	APIVersion   string   `json:"apiVersion,omitempty"`
	XMLNamespace string   `json:"xmlNamespace,omitempty"`
}

// Operation is one operation of a service.
type Operation struct {
	HTTP struct {
		Method string `json:"method"`
		URI    string `json:"requestUri"`
		Code   int    `json:"responseCode,omitempty"`
	} `json:"http"`
	Input  *Ref  `json:"input,omitempty"`
	Output *Ref  `json:"output,omitempty"`
	Errors []Ref `json:"errors,omitempty"`
}

// Ref refers to a shape. The other fields hold at that place only.
type Ref struct {
	Shape        string `json:"shape"`
	Location     string `json:"location,omitempty"`
	LocationName string `json:"locationName,omitempty"`
	Flattened    bool   `json:"flattened,omitempty"`
}

// Shape is a type.
type Shape struct {
	Type         string          `json:"type"`
	Members      map[string]*Ref `json:"members,omitempty"`
	Required     []string        `json:"required,omitempty"`
	Member       *Ref            `json:"member,omitempty"`
	Key          *Ref            `json:"key,omitempty"`
	Value        *Ref            `json:"value,omitempty"`
	Enum         []string        `json:"enum,omitempty"`
	Min          *float64        `json:"min,omitempty"`
	Max          *float64        `json:"max,omitempty"`
	Pattern      string          `json:"pattern,omitempty"`
	Flattened    bool            `json:"flattened,omitempty"`
	Document     bool            `json:"document,omitempty"`
	Sensitive    bool            `json:"sensitive,omitempty"`
	Exception    bool            `json:"exception,omitempty"`
	Fault        bool            `json:"fault,omitempty"`
	Payload      string          `json:"payload,omitempty"`
	LocationName string          `json:"locationName,omitempty"`
	Error        *struct {
		Code   string `json:"code,omitempty"`
		Status int    `json:"httpStatusCode,omitempty"`
	} `json:"error,omitempty"`
}

// write prints the model with a line for each operation and shape, sorted, so that a change shows as a changed line.
func (m *Model) write(path string) error {
	var b bytes.Buffer
	line := func(v any) string {
		text, err := json.Marshal(v)
		if err != nil {
			panic(err) // plain data
		}
		return string(text)
	}
	fmt.Fprintf(&b, "{\"metadata\": %s,\n\"operations\": {", line(m.Metadata))
	for i, name := range slices.Sorted(maps.Keys(m.Operations)) {
		fmt.Fprintf(&b, "%s\n\"%s\": %s", strings.Repeat(",", min(i, 1)), name, line(m.Operations[name]))
	}
	b.WriteString("},\n\"shapes\": {")
	for i, name := range slices.Sorted(maps.Keys(m.Shapes)) {
		fmt.Fprintf(&b, "%s\n\"%s\": %s", strings.Repeat(",", min(i, 1)), name, line(m.Shapes[name]))
	}
	b.WriteString("}}\n")
	return os.WriteFile(path, b.Bytes(), 0o644)
}

func readModel(path string) (*Model, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	m := &Model{}
	if err := json.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}
