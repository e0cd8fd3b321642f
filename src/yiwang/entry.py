"""The program `yiwang`: what runs a platform starts without loading everything that measures it.

Loading every command takes longer than starting the database. So the commands of daily running are
found by name here; all others, and the help, are the whole of :mod:`yiwang.cli`.
"""

from __future__ import annotations

import importlib
import sys

_ALONE = {
    "demo": "yiwang.commands.demonstration",
    "serve": "yiwang.commands.running",
    "worker": "yiwang.commands.running",
}


def main() -> None:
    """Run the command that the arguments name."""
    name = sys.argv[1] if len(sys.argv) > 1 else ""
    importlib.import_module(_ALONE.get(name, "yiwang.cli")).main()
