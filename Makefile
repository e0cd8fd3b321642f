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

.PHONY: demo
demo: setup ## Set all up and run the platform with the Shanghai pack on PORT (8000)
	$(BIN)/yiwang demo --port $(PORT)

.PHONY: test
test: setup ## Set all up and run every check: ruff, mypy, import contracts, generated files, all tests
	bash tools/check.sh

.PHONY: lint
lint: setup ## Only the quick checks: ruff, mypy, import contracts
	bash tools/check.sh lint

.PHONY: generate
generate: setup ## Write docs/generated and the API document anew
	$(BIN)/yiwang docs --write

.PHONY: lock
lock: setup ## Resolve pyproject.toml into requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra dev --generate-hashes --no-annotate --no-header --python-version 3.11 --no-emit-index-url --no-emit-find-links -o requirements.lock

.PHONY: bench
bench: setup ## Run the benchmarks that fit a few minutes and keep their figures
	$(BIN)/yiwang bench intake --json
	$(BIN)/yiwang bench lifecycle --cases 100000 --json

.PHONY: clean
clean: ## Remove what make built (the demo's data stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build
