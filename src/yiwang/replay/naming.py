"""Codes of a pack made from the names in its records, and the names' words in both languages."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from yiwang.ground.packs.model import Text
from yiwang.kit.errors import Refusal
from yiwang.replay.dataset import Adapter, Record

NAMES = "names.csv"
SEEDS = "seeds.csv"  # a point in each precinct, for records that have none there


def slug(name: str, joint: str) -> str:
    """A name in lower-case letters and digits, words joined with `joint`."""
    return joint.join(re.findall(r"[a-z0-9]+", name.lower().replace("'", "")))


def kind_key(adapter: Adapter, type_name: str) -> str:
    """The key of the kind that a type of the records became."""
    return f"{adapter.scheme}/{adapter.version}/{slug(type_name, '-')}"


def unit_code(queue: str) -> str:
    """The unit that a queue of the records became."""
    return slug(queue, "_")


def district_code(neighbourhood: str) -> str:
    """The district that a neighbourhood became; of several names the first counts."""
    return slug(neighbourhood.split(" / ", maxsplit=1)[0], "_")


def grid_code(adapter: Adapter, record: Record) -> str:
    """The grid of a record's precinct; "" where it names none."""
    return f"p{record.precinct.lower()}" if adapter.precinct.match(record.precinct) else ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the pack calls a thing of the records; the last column holds further words."""

    rows: Mapping[tuple[str, str], tuple[Text, str]]

    def text(self, sort: str, name: str) -> Text:
        """The name in both languages; refuses one without ("replay.names_missing")."""
        return self._row(sort, name)[0]

    def titled(self, sort: str, name: str) -> Text:
        """The name of something the records only abbreviate: its further words are its English."""
        return Text(self.text(sort, name).zh, self.words(sort, name))

    def words(self, sort: str, name: str) -> str:
        """The further words of a name, between semicolons."""
        return self._row(sort, name)[1]

    def all(self, sort: str) -> list[str]:
        """Every name of one sort, in the order of the file."""
        return [name for kind, name in self.rows if kind == sort]

    def _row(self, sort: str, name: str) -> tuple[Text, str]:
        found = self.rows.get((sort, name))
        if found is None:
            raise Refusal("replay.names_missing", file=NAMES, sort=sort, name=name)
        return found


def read_names(pack: Path) -> Names:
    """The names of a pack that is drawn from records."""
    path = pack / NAMES
    if not path.is_file():
        raise Refusal("replay.mapping_missing", folder=str(pack), file=NAMES)
    with path.open(encoding="utf-8", newline="") as file:
        return Names(
            {
                (row["sort"], row["en"]): (Text(row["zh"], row["en"]), row["keywords"])
                for row in csv.DictReader(file)
            }
        )
