"""The list of reports at the desk: filtered, sorted, page by page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.ground.city import City
from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Refusal
from yiwang.kit.web.paging import Cursor
from yiwang.matters.sources.receipts import number_of

FIELDS = (
    *("id", "number", "version", "state", "source", "system", "external_id", "received_at"),
    *("happened_at", "title", "text", "address", "lon", "lat", "kind", "place", "language"),
    *("synthetic", "urgent", "reason", "case_id", "case"),
)
SORTS = {"id": ("id", "asc"), "-id": ("id", "desc")} | {
    "received_at": ("received_at", "asc"),
    "-received_at": ("received_at", "desc"),
}
_CASE = (
    *("id", "number", "state", "kind", "lead", "returned", "discovered_at", "reported_at"),
    *("filed_at", "dispatched_at", "handled_at", "closed_at", "due_handle", "due_next"),
    "report_count",
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reports, in which order, which of their fields."""

    states: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    system: str | None = None
    external_id: str | None = None
    kind: str | None = None
    place: str | None = None  # a code; reports in it and below
    start: datetime | None = None
    end: datetime | None = None  # exclusive
    after_id: int | None = None
    case: int | None = None  # the reports of one case
    search: str | None = None
    sort: str = "-id"
    fields: tuple[str, ...] = FIELDS
    limit: int = 50
    cursor: str | None = None


class _Where:
    """Conditions with their values, as numbered parameters."""

    def __init__(self) -> None:
        self.conditions: list[str] = []
        self.values: list[Any] = []

    def add(self, condition: str, *values: Any) -> None:
        """One more condition; none where its value is None."""
        if values[0] is None:
            return
        first = len(self.values) + 1
        marks = (f"${first + i}" for i in range(len(values)))
        self.conditions.append(condition.format(*marks))
        self.values += values

    @property
    def sql(self) -> str:
        """The clause, empty without conditions."""
        return " where " + " and ".join(self.conditions) if self.conditions else ""


async def reports(tx: Tx, city: City, wanted: Wanted) -> dict[str, Any]:
    """One page: `items` and the cursor of the `next`, None on the last.

    Refuses "sources.list_choice" for an unknown sort or field, "places.unknown", "web.cursor_bad".
    """
    unknown = [name for name in wanted.fields if name not in FIELDS]
    if unknown:
        raise Refusal("sources.list_choice", given=unknown[0], possible=list(FIELDS))
    if wanted.sort not in SORTS:
        raise Refusal("sources.list_choice", given=wanted.sort, possible=list(SORTS))
    column, direction = SORTS[wanted.sort]
    where = _Where()
    where.add("state = any({})", list(wanted.states) or None)
    where.add("source = any({})", list(wanted.sources) or None)
    where.add("system = {}", wanted.system)
    where.add("external_id = {}", wanted.external_id)
    where.add("kind = {}", wanted.kind)
    where.add("place <@ {}::text::ltree", city.tree.path(wanted.place) if wanted.place else None)
    where.add("received_at >= {}", wanted.start)
    where.add("received_at < {}", wanted.end)
    where.add("id > {}", wanted.after_id)
    where.add("case_id = {}", wanted.case)
    where.add("strpos(title || ' ' || text || ' ' || address, {}) > 0", wanted.search)
    _seek(where, column, direction, wanted.cursor)
    order = f"id {direction}" if column == "id" else f"received_at {direction}, id {direction}"
    page = (
        "select id, version, state, source, system, external_id, received_at, happened_at, title,"
        " text, address, lon, lat, kind, place, language, synthetic, urgent, reason, case_id"
        f" from reports{where.sql} order by {order} limit {wanted.limit + 1}"
    )
    cases = ", ".join(f"c.{name} as case_{name}" for name in _CASE if name != "id")
    sql = f"select r.*, c.id as seen_case, {cases} from ({page}) r left join cases c"
    order = order.replace("id ", "r.id ").replace("received_at ", "r.received_at ")
    rows = await tx.fetch(f"{sql} on c.id = r.case_id order by {order}", *where.values)
    shown = rows[: wanted.limit]
    last = None
    if len(rows) > wanted.limit:
        end = shown[-1]
        keys = [end["id"]] if column == "id" else [end["received_at"].isoformat(), end["id"]]
        last = Cursor.encode(keys)
    return {"items": [_item(row, wanted.fields) for row in shown], "next": last}


def _seek(where: _Where, column: str, direction: str, cursor: str | None) -> None:
    if cursor is None:
        return
    sign = ">" if direction == "asc" else "<"
    if column == "id":
        (number,) = Cursor.decode(cursor, int)
        where.add(f"id {sign} {{}}", number)
    else:
        moment, number = Cursor.decode(cursor, datetime, int)
        where.add(f"(received_at, id) {sign} ({{}}, {{}})", moment, number)


def _item(row: Row, fields: Iterable[str]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name in fields:
        if name == "number":
            found[name] = number_of(row["id"])
        elif name == "place":
            found[name] = row["place"].rpartition(".")[2]
        elif name == "case":
            found[name] = _case(row, _CASE)
        else:
            found[name] = row[name]
    return found


def _case(row: Row, names: Sequence[str]) -> dict[str, Any] | None:
    if row["seen_case"] is None:
        return None
    return {"id": row["seen_case"]} | {name: row[f"case_{name}"] for name in names if name != "id"}
