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
# The browser tests and the screenshots look through Debian's own Chromium, with fonts for both
# languages; a machine that only runs the platform can do without.
if [ ! -x /usr/bin/chromium ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-noto-cjk
  else
    echo "No /usr/bin/chromium: browser tests and screenshots will not run. As root: apt-get install chromium fonts-noto-cjk" >&2
  fi
fi
