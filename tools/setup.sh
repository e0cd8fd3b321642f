#!/usr/bin/env bash
# Installs everything Yiwang needs into .venv, on a bare Debian with Python 3.11.
set -euo pipefail
cd "$(dirname "$0")/.."
python=${PYTHON:-python3}
"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Yiwang needs Python 3.11 or newer; $python is $("$python" --version)." >&2; exit 1; }
if ! "$python" -m venv .venv 2>/dev/null; then
  # Debian splits venv from Python.
  apt-get update -qq && apt-get install -y -qq python3-venv
  "$python" -m venv .venv
fi
.venv/bin/python -m pip install --quiet --disable-pip-version-check uv
.venv/bin/uv pip install --quiet --python .venv/bin/python --require-hashes -r requirements.lock
.venv/bin/uv pip install --quiet --python .venv/bin/python --no-deps -e .
