# Yiwang: the two commands are `make demo` and `make test`.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PORT ?= 8000

.PHONY: help
help: ## List all targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "%-14s %s\n", $$1, $$2}'

.PHONY: setup
setup: $(VENV)/.done ## Install everything into .venv

$(VENV)/.done: requirements.lock pyproject.toml tools/setup.sh
	bash tools/setup.sh
	@touch $@

# The faces are built anew where something they are made of is newer than the build.
WEB_SOURCES := $(shell find web -type f -not -path 'web/node_modules/*' -not -path 'web/dist/*' -not -path 'web/tests/*')

web/node_modules/.done: web/package.json web/package-lock.json web/.npmrc | setup
	cd web && ../tools/node.sh npm ci --no-progress --loglevel=error
	@touch $@

web/dist/index.html: web/node_modules/.done $(WEB_SOURCES) tools/node.sh
	cd web && ../tools/node.sh npm run --silent build -- --logLevel warn
	@touch $@

.PHONY: web
web: web/dist/index.html ## Build the faces (again, where their sources changed)

.PHONY: demo
demo: setup web ## Set all up and run the platform with the Shanghai pack on PORT (8000)
	$(BIN)/yiwang demo --port $(PORT)

.PHONY: test
test: setup web ## Set all up and run every check: ruff, mypy, import contracts, the faces, generated files, all tests
	bash tools/check.sh

.PHONY: lint
lint: setup web/node_modules/.done ## Only the quick checks: ruff, mypy, import contracts, the faces' types and words
	bash tools/check.sh lint

.PHONY: generate
generate: setup web/node_modules/.done ## Write docs/generated, the API document and the faces' types anew
	$(BIN)/yiwang docs --write
	cd web && ../tools/node.sh npm run --silent types

.PHONY: screenshots
screenshots: setup web ## Take the pictures in docs/pictures from a demonstration that runs on PORT
	$(BIN)/python tools/take_screenshots.py --port $(PORT)

.PHONY: lock
lock: setup ## Resolve pyproject.toml into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-annotate --no-header --python-version 3.11 --no-emit-index-url --no-emit-find-links -o requirements.lock

.PHONY: bench
bench: setup ## Run the benchmarks that fit a few minutes and keep their figures
	$(BIN)/yiwang bench intake --json
	$(BIN)/yiwang bench lifecycle --cases 100000 --json

.PHONY: clean
clean: ## Remove what make built (the demo's data stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build web/dist web/node_modules
