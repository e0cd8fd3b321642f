"""Results on disk, with the machine and the commit they belong to, and as a table."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

import psutil

from yiwang.bench.figure import Figure

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "bench" / "results"


def describe_machine() -> dict[str, Any]:
    """The processor, its cores, the memory and the versions that matter."""
    model = platform.processor()
    try:
        rows = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        rows = []
    for row in rows:
        if row.startswith("model name"):
            model = row.partition(":")[2].strip()
            break
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def find_commit() -> str | None:
    """The commit that was measured, with "+" where files differ from it; None without git."""
    commit = _git("rev-parse", "HEAD")
    if not commit:
        return None
    return commit + ("+" if _git("status", "--porcelain", "--", "src", "migrations") else "")


def _git(*arguments: str) -> str:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def write_result(figure: Figure, now: datetime, folder: Path = FOLDER) -> Path:
    """Keep a figure as `<folder>/<bench>.json`, in place of the one before; the file."""
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{figure.bench}.json"
    told = asdict(figure) | {
        "machine": describe_machine(),
        "commit": find_commit(),
        "date": now.isoformat(timespec="seconds"),
    }
    file.write_text(json.dumps(told, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return file


def read_results(folder: Path = FOLDER) -> list[dict[str, Any]]:
    """All kept results, by name."""
    return [json.loads(file.read_text(encoding="utf-8")) for file in sorted(folder.glob("*.json"))]


_HEAD = (
    "| Bench | Figure | Limit in the same run | Ratio | p50 ms | p95 ms | p99 ms | Errors "
    "| Machine | Commit | Date |\n"
    "|---|---:|---:|---:|---:|---:|---:|---:|---|---|---|\n"
)


def draw_table(results: Iterable[Mapping[str, Any]]) -> str:
    """The results as a Markdown table, one row per bench."""
    rows = [
        "| "
        + " | ".join(
            (
                str(row["bench"]),
                f"{_number(row['figure'])} {row['unit']}",
                "–" if row["limit"] is None else f"{_number(row['limit'])} {row['unit']}",
                _number(row["ratio"]),
                _number(row["p50_ms"]),
                _number(row["p95_ms"]),
                _number(row["p99_ms"]),
                str(row["errors"]),
                f"{row['machine']['cpu']}, {row['machine']['cores']} cores",
                (row["commit"] or "–")[:9],
                str(row["date"])[:10],
            )
        )
        + " |\n"
        for row in results
    ]
    return _HEAD + "".join(rows)


def _number(value: float | None) -> str:
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}".replace(",", " ")
    return f"{value:.3g}"
