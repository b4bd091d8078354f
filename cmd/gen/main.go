// Command gen keeps AWS's shapes: it imports facts (names, types, locations, constraints, errors) from the API models
// that AWS publishes with botocore into the compact files of models/, and generates internal/api from those.
//
//	go run ./cmd/gen                      models/*.json → internal/api/*
//	go run ./cmd/gen -import DATA_DIR     botocore's data directory → models/*.json
package main

import (
	"flag"
	"fmt"
	"os"
)

func main() {
	from := flag.String("import", "", "botocore's data directory to import from")
	models := flag.String("models", "models", "directory of the model files")
	out := flag.String("out", "internal/api", "directory of the generated packages")
	flag.Parse()
	var err error
	if *from != "" {
		err = importAll(*from, *models)
	} else {
		err = generateAll(*models, *out)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}
