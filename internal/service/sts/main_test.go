package sts_test

import (
	"os"
	"testing"

	"granary/internal/postgres/pgtest"
)

func TestMain(m *testing.M) { os.Exit(pgtest.Run(m)) }
