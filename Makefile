# leadrelay: `make run` runs it, `make test` tests it.

AZURITE := local/node_modules/.package-lock.json

.PHONY: help run test check race bench package azurite clean

help: ## say what there is to make
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

run: ## run everything on this machine and send one lead through it; ARGS=--once ends afterwards
	@go run ./local/leadctl up --demo $(ARGS)

test: azurite ## run every test, acceptance on Azurite included, and name the slowest
	@go run ./local/slowest -- go test -json -timeout 30m ./...

check: ## gofmt, vet, staticcheck, layers, and the tests under the race detector
	@test -z "$$(gofmt -l functions internal local)" || { gofmt -l functions internal local; echo 'run gofmt -w'; exit 1; }
	go vet ./...
	go tool staticcheck ./...
	go test -count=1 -run TestLayers ./internal/app
	@$(MAKE) --no-print-directory race

race: azurite
	go test -race -short -timeout 30m ./...

azurite: $(AZURITE) ## fetch the pinned Azurite

$(AZURITE): local/package-lock.json
	cd local && npm ci --no-progress --loglevel=error

bench: ## measure what a lead costs, against floors; ROUNDS=, DURATION=, ONLY=, PEERS=1; ARGS=--help tells how
	@go run ./local/bench $(if $(ROUNDS),--rounds $(ROUNDS)) $(if $(DURATION),--duration $(DURATION)) $(if $(ONLY),--only $(ONLY)) $(if $(PEERS),--peers) $(ARGS)

package: ## lay out dist/ and dist.zip for `func azure functionapp publish`
	@go run ./local/leadctl package

clean: ## remove what was built
	rm -rf dist dist.zip bin
