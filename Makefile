# What people and CI run. `make try` needs Go, gcc and make (npm for interactive charts); `make test` installs what it needs besides.

GO      ?= go
TAGS    := -tags nomsgpack
LINT    := golangci-lint
LINT_AT := v2.15.0
export GOFLAGS += -buildvcs=false

.PHONY: help try build assets issuers test unit cases nocgo judge browser lint fmt check generate deps fuzz bench screenshots clean

help: ## list what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 14

try: build ## build, read this clone, serve the product on it
	bin/shiphabit try .

build: assets ## build bin/shiphabit
	$(GO) build $(TAGS) -trimpath -o bin/shiphabit ./cmd/shiphabit

assets: ## put ECharts where the build embeds it (skipped without npm)
	@sh .ci/assets

issuers: ## install the identity providers that the tests of job tokens run against (skipped without npm)
	@sh .ci/issuers

deps: ## install what the tests need (as root), or name what is missing
	@sh .ci/deps

test: deps assets issuers unit nocgo judge browser ## everything: unit, both databases, both SQLite drivers, a real browser

unit: ## Go tests with the race detector
	$(GO) test $(TAGS) -race -timeout 20m ./...

cases: ## other tools' recorded cases, where they are at hand: how many run, and which are left out and why
	@GO='$(GO)' sh .ci/cases

nocgo: ## the store on the pure-Go SQLite driver
	CGO_ENABLED=0 $(GO) test $(TAGS) ./internal/store/...
	CGO_ENABLED=0 $(GO) build $(TAGS) -o bin/shiphabit-nocgo ./cmd/shiphabit

judge: ## requests to GitHub and its deliveries, judged by its own descriptions
	@GO='$(GO)' sh .ci/judge
	$(GO) test $(TAGS) -count=1 -run Judge -v ./collector/github

browser: build ## the pages in Chromium, and the demonstration as it is served
	SHIPHABIT_BROWSER=1 $(GO) test $(TAGS) -count=1 -run 'Browser|TheDemonstration' -v ./cmd/shiphabit

lint: bin/$(LINT) ## format, vet, lint, tidy
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); test -z "$$unformatted" || { echo "gofmt would change: $$unformatted"; exit 1; }
	$(GO) mod tidy -diff
	$(GO) vet $(TAGS) ./...
	bin/$(LINT) run

bin/$(LINT):
	GOBIN=$(CURDIR)/bin $(GO) install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(LINT_AT)

fmt: ## format the Go files
	gofmt -w $$(git ls-files '*.go')

generate: ## write the generated documents anew
	$(GO) test $(TAGS) $$(grep -rl 'flag.Bool("update"' --include='*_test.go' . | xargs -n1 dirname | sort -u) -update

check: lint unit ## before each commit

fuzz: ## every fuzz test for ten seconds
	@sh .ci/fuzz

bench: ## the benchmarks of docs/performance.md
	$(GO) test $(TAGS) -run '^$$' -bench . -benchtime 3x ./metrics/... ./internal/store ./api ./collector/... ./reports ./cmd/shiphabit

screenshots: build ## pictures of every page at two widths in both themes, below dist/screenshots; CLONE=PATH for another clone
	SHIPHABIT_CLONE=$(CLONE) SHIPHABIT_SCREENSHOTS=$(CURDIR)/dist/screenshots SHIPHABIT_BROWSER=1 $(GO) test $(TAGS) -count=1 -run Screenshots -v ./cmd/shiphabit

clean: ## remove what was built
	rm -rf bin dist reports/web/node_modules collector/github/judge/node_modules internal/identity/npm/node_modules
