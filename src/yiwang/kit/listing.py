"""One way to list anything: declared filters and orders, keyset pages, parametrised SQL.

A :class:`Listing` says over which relation, by what one may filter (`kit.filters`) and in which
orders one may read. Pages go on from the sort values of the last row (keyset), so the hundredth
page costs what the first one does. Rows without a sort value come last, in an order of their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.filters import LONGEST, Asking, Filter, Meaning
from yiwang.kit.web.paging import Cursor


@dataclass(frozen=True, slots=True)
class Sort:
    """One allowed order: by a column, then by id in the same direction.

    `sort` is the type of the column's values; `nullable` says that some rows have none. `only` is
    a condition that belongs to the order: a list by running clocks holds what is open.
    """

    name: str
    column: str
    sort: Any
    descending: bool = False
    nullable: bool = False
    only: str = ""


@dataclass(frozen=True, slots=True)
class Question:
    """A checked query: conditions with their values, and the order."""

    conditions: tuple[str, ...]
    args: tuple[Any, ...]
    sort: Sort

    def narrowed(self, condition: str, value: Any) -> Question:
        """The same with one more condition, `{value}` in it being the value."""
        mark = f"${len(self.args) + 1}"
        conditions = (*self.conditions, condition.replace("{value}", mark))
        return Question(conditions, (*self.args, value), self.sort)


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that may be asked for: where from, by what filtered, in which orders (first: usual).

    `name` is how it is called in refusals and exports.
    """

    name: str
    relation: str
    filters: tuple[Filter, ...]
    sorts: tuple[Sort, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """Every parameter it answers to."""
        return tuple(name for row in self.filters for name in row.names)

    def ask(
        self,
        given: Mapping[str, str],
        sort: str | None,
        now: datetime,
        meanings: Mapping[str, Meaning],
    ) -> Question:
        """Check a query.

        Refuses an unknown filter ("listing.filter_unknown") or order ("listing.sort_unknown"),
        naming the possible ones, and all wrong values at once ("listing.values").
        """
        known = {name: row for row in self.filters for name in row.names}
        asking = Asking(now, meanings)
        conditions: list[str] = []
        faults: list[Fault] = []
        for name, text in given.items():
            row = known.get(name)
            if row is None:
                raise Refusal("listing.filter_unknown", filter=name, possible=tuple(known))
            try:
                if not text.strip() or len(text) > LONGEST or "\x00" in text:
                    raise ValueError(text)
                conditions.append(row.condition(name, text.strip(), asking))
            except (ValueError, OverflowError):
                zh, en = row.expected(name)
                facts = {"filter": name, "expected_zh": zh, "expected": en}
                faults.append(Fault(f"/{name}", "listing.value", facts))
        if faults:
            raise Refusal("listing.values", list=self.name, faults=faults)
        order = self._order(sort)
        if order.only:
            conditions.append(order.only)
        return Question(tuple(conditions), tuple(asking.args), order)

    def _order(self, name: str | None) -> Sort:
        if not name:
            return self.sorts[0]
        for row in self.sorts:
            if row.name == name:
                return row
        raise Refusal(
            "listing.sort_unknown", sort=name, possible=tuple(row.name for row in self.sorts)
        )

    def parameters(self) -> list[dict[str, Any]]:
        """The filters and the order as OpenAPI parameters."""
        found: list[dict[str, Any]] = []
        for row in self.filters:
            for name in row.names:
                zh, en = row.expected(name)
                found.append(
                    {
                        "name": name,
                        "in": "query",
                        "required": False,
                        "schema": row.schema(name),
                        "description": f"{en} / {zh}",
                    }
                )
        names = [row.name for row in self.sorts]
        order = {"type": "string", "enum": names, "default": names[0]}
        return [*found, {"name": "sort", "in": "query", "required": False, "schema": order}]


async def fetch_page(
    tx: Tx,
    listing: Listing,
    question: Question,
    columns: Sequence[str],
    limit: int,
    cursor: str | None = None,
) -> tuple[list[Row], str | None]:
    """One page of at most `limit` rows, and the cursor of the next page or None at the end.

    `columns` must hold `id` and the sort's column. Refuses a cursor that was not made for this
    order ("listing.cursor_bad").
    """
    sort = question.sort
    after = None if cursor is None else _position(sort, cursor)
    rows: list[Row] = []
    if after is None or after[0] is not None:
        rows = await tx.fetch(*_select(listing, question, columns, limit + 1, after))
    if sort.nullable and len(rows) <= limit:
        start = after if after is not None and after[0] is None else None
        rest = limit + 1 - len(rows)
        rows += await tx.fetch(*_select_empty(listing, question, columns, rest, start))
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor.encode([sort.name, last[sort.column], last["id"]])


async def count(tx: Tx, listing: Listing, question: Question) -> int:
    """How many rows a question has; reads them all, so never on the way to a page."""
    where = " and ".join(question.conditions) or "true"
    sql = f"select count(*) from {listing.relation} where {where}"
    return int(await tx.fetchval(sql, *question.args))


def _position(sort: Sort, cursor: str) -> tuple[Any, int]:
    try:
        name, value, row_id = Cursor.decode(cursor, str, sort.sort | None, int)
    except Refusal as refusal:
        raise Refusal("listing.cursor_bad") from refusal
    awry = isinstance(value, datetime) and value.tzinfo is None
    if name != sort.name or awry or (value is None and not sort.nullable):
        raise Refusal("listing.cursor_bad")
    return value, row_id


def _select(
    listing: Listing,
    question: Question,
    columns: Sequence[str],
    limit: int,
    after: tuple[Any, int] | None,
) -> tuple[Any, ...]:
    sort, args = question.sort, list(question.args)
    conditions = list(question.conditions)
    if sort.nullable:
        conditions.append(f"{sort.column} is not null")
    if after is not None:
        sign = "<" if sort.descending else ">"
        n = len(args)
        conditions.append(f"({sort.column}, id) {sign} (${n + 1}, ${n + 2})")
        args += after
    way = "desc" if sort.descending else "asc"
    order = f"id {way}" if sort.column == "id" else f"{sort.column} {way}, id {way}"
    return _sql(listing, columns, conditions, order, limit), *args


def _select_empty(
    listing: Listing,
    question: Question,
    columns: Sequence[str],
    limit: int,
    after: tuple[Any, int] | None,
) -> tuple[Any, ...]:
    sort, args = question.sort, list(question.args)
    conditions = [*question.conditions, f"{sort.column} is null"]
    if after is not None:
        conditions.append(f"id {'<' if sort.descending else '>'} ${len(args) + 1}")
        args.append(after[1])
    order = f"id {'desc' if sort.descending else 'asc'}"
    return _sql(listing, columns, conditions, order, limit), *args


def _sql(
    listing: Listing, columns: Sequence[str], conditions: Sequence[str], order: str, limit: int
) -> str:
    where = " and ".join(conditions) or "true"
    return (
        f"select {', '.join(columns)} from {listing.relation} where {where}"
        f" order by {order} limit {limit}"
    )
