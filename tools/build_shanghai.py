"""Builds packs/shanghai from published divisions, codes and the district map.

Run from the project's root:
    python -m tools.build_shanghai [--shared ../shared] [--pack packs/shanghai]
        [--places packs/shanghai]

Written by hand and left alone: pack.toml, words.csv, overlays/. The same input gives the same
files, to the byte.
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

from tools.shanghai import catalogue, divisions, organisation

_HOLIDAYS = {
    "元旦": "New Year's Day",
    "春节": "Spring Festival",
    "清明节": "Qingming Festival",
    "劳动节": "Labour Day",
    "端午节": "Dragon Boat Festival",
    "中秋节": "Mid-Autumn Festival",
    "国庆节": "National Day",
}


def main() -> None:
    """Read the shared data and write the pack's tables."""
    project = Path(__file__).resolve().parent.parent
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--shared", type=Path, default=project.parent / "shared")
    parser.add_argument("--pack", type=Path, default=project / "packs" / "shanghai")
    parser.add_argument(
        "--places",
        type=Path,
        help="take the places from this pack instead of drawing them again (seconds, not a minute)",
    )
    chosen = parser.parse_args()
    domain = chosen.shared / "domain"
    chosen.pack.mkdir(parents=True, exist_ok=True)
    if chosen.places:
        places = divisions.read(chosen.places)
    else:
        places, shapes = divisions.build(
            domain, chosen.shared / "data" / "shanghai" / "districts.geojson"
        )
        divisions.write(places, shapes, chosen.pack)
    organisation.write(places, chosen.pack)
    catalogue.write(domain, chosen.pack)
    _write_calendar(domain / "holidays-2022-2026.csv", chosen.pack / "calendar.csv")
    print(f"{len(places)} places written to {chosen.pack}")


def _write_calendar(source: Path, target: Path) -> None:
    with source.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("date", "kind", "name_zh", "name_en"))
        for row in rows:
            english = " and ".join(_HOLIDAYS[part] for part in row["name"].split("、"))
            english = english if row["kind"] == "off" else f"{english}, make-up day"
            chinese = row["name"] if row["kind"] == "off" else f"{row['name']}调休上班"
            writer.writerow((row["date"], row["kind"], chinese, english))


if __name__ == "__main__":
    main()
