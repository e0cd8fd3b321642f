#!/usr/bin/env bash
# Every check of the project, cheapest first. `check.sh lint` stops before the tests.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=.venv/bin
step() { printf '\n== %s\n' "$1"; }
step "ruff";             "$bin/ruff" check . && "$bin/ruff" format --check .
step "mypy";             "$bin/mypy"
step "import contracts"; "$bin/lint-imports" --no-cache
step "faces";            (cd web && ../tools/node.sh npm run --silent check)
[ "${1:-}" = lint ] && exit 0
step "generated files";  "$bin/yiwang" docs --check
step "tests";            "$bin/pytest" -n 2 --dist loadscope --no-loadscope-reorder
