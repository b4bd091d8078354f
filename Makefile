.PHONY: run test check story docs fuzz soak prove

run: ## the demo: a server, a company with its identity provider, and the whole flow
	@echo 'Building Granary. The first time it takes some minutes.'
	go run ./cmd/granary demo

test: ## everything that needs only Go
	go test ./...

check: ## what CI checks beside the tests
	gofmt -l . | (! grep .)
	go vet ./...
	go tool -modfile=tools/go.mod golangci-lint run
	go run ./cmd/gen
	git diff --exit-code -- internal/api

story: ## the journeys through the built program, with the real AWS CLI
	GRANARY_TEST_REQUIRE=awscli go test -count=1 -v -run TestStories ./cmd/granary

docs: ## what the code says of itself
	go doc -all . | head -100

fuzz: ## each fuzzer for a short while
	./scripts/fuzz 20s

soak: ## hostile strangers beside honest callers for two minutes, and a verdict: docs/soak.md
	./scripts/soak

prove: ## a million generated cases for each property of the two engines, a hundredth of it for SCIM, and every mutant of the engines: for the night
	./scripts/prove
