"""One way to list anything: declared filters and orders, keyset pages, parametrised SQL.

A :class:`Listing` says over which relation, by what one may filter and in which orders one may
read. It turns the words of a query into SQL whose values are parameters only. Words from a closed
vocabulary (states) stand in the SQL as literals, so that PostgreSQL can prove the predicate of a
partial index. Pages go on from the sort values of the last row (keyset), so the hundredth page
costs what the first one does. Rows without a sort value come last, in an order of their own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from yiwang.kit.db import Row, Tx
from yiwang.kit.errors import Fault, Refusal
from yiwang.kit.web.paging import Cursor

Meaning = Callable[[str], Any]  # a caller's word to the value the column holds; may refuse
_LONGEST = 200
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


@dataclass(slots=True)
class Asking:
    """What a filter needs to become SQL: room for its values, the moment, the city's meanings."""

    now: datetime
    meanings: Mapping[str, Meaning]
    args: list[Any] = field(default_factory=list)

    def take(self, value: Any) -> str:
        """The mark of a new parameter."""
        self.args.append(value)
        return f"${len(self.args)}"


class Filter(Protocol):
    """One thing one may filter by: the words it goes by, and its SQL for a word's value."""

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters of a query that it answers to."""
        ...

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """The SQL condition; ValueError for a text that is no value of it."""
        ...

    def schema(self, name: str) -> dict[str, Any]:
        """The JSON schema of a value."""
        ...

    def expected(self, name: str) -> tuple[str, str]:
        """What a value looks like, in Chinese and in English."""
        ...


@dataclass(frozen=True, slots=True)
class Equals:
    """A column equals the value; `meaning` turns the caller's word into it."""

    name: str
    column: str
    meaning: str = ""

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column = value`; several values where the meaning gives a list."""
        value = asking.meanings[self.meaning](text) if self.meaning else text
        if isinstance(value, list):
            return f"{self.column} = any({asking.take(value)}::text[])"
        return f"{self.column} = {asking.take(value)}"

    def schema(self, name: str) -> dict[str, Any]:
        """A text."""
        return {"type": "string", "minLength": 1, "maxLength": _LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A text."""
        return f"1–{_LONGEST} 字的文本", f"a text of 1 to {_LONGEST} characters"


@dataclass(frozen=True, slots=True)
class Number:
    """A column equals a whole number, such as the id of a matter."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column = number`."""
        if not (text.isascii() and text.isdigit()) or not 0 < int(text) < 2**63:
            raise ValueError(text)
        return f"{self.column} = {asking.take(int(text))}"

    def schema(self, name: str) -> dict[str, Any]:
        """A whole number above 0."""
        return {"type": "integer", "minimum": 1, "maximum": 2**63 - 1}

    def expected(self, name: str) -> tuple[str, str]:
        """A whole number above 0."""
        return "大于 0 的整数", "a whole number above 0"


@dataclass(frozen=True, slots=True)
class OneOf:
    """A column is one of a closed set of words, several of them parted by commas.

    `groups` are shorthands for several words ("open"). The words are our own, never the caller's,
    when they enter the SQL.
    """

    name: str
    column: str
    words: tuple[str, ...]
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column in ('a', 'b')`, in the order of the vocabulary."""
        chosen: set[str] = set()
        for part in text.split(","):
            if part not in self.groups and part not in self.words:
                raise ValueError(part)
            chosen.update(self.groups.get(part, (part,)))
        inside = ", ".join(f"'{word}'" for word in self.words if word in chosen)
        return f"{self.column} in ({inside})"

    def schema(self, name: str) -> dict[str, Any]:
        """A comma list of the words and groups."""
        any_word = "|".join((*self.groups, *self.words))
        return {"type": "string", "pattern": f"^({any_word})(,({any_word}))*$"}

    def expected(self, name: str) -> tuple[str, str]:
        """The words."""
        words = ", ".join((*self.groups, *self.words))
        return f"{words} 中的一个或几个（以逗号分隔）", f"one or more of {words}, parted by commas"


@dataclass(frozen=True, slots=True)
class Range:
    """A moment from `<name>_from` (inclusive) to `<name>_to` (exclusive), as in RFC 3339."""

    name: str
    column: str

    @property
    def names(self) -> tuple[str, ...]:
        """Both ends."""
        return (f"{self.name}_from", f"{self.name}_to")

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column >= moment` or `column < moment`."""
        # an unescaped "+" of an offset arrives as a space
        moment = datetime.fromisoformat(text.replace(" ", "+") if "T" in text else text)
        if moment.tzinfo is None:
            raise ValueError(text)
        sign = ">=" if name == self.names[0] else "<"
        return f"{self.column} {sign} {asking.take(moment)}"

    def schema(self, name: str) -> dict[str, Any]:
        """A moment."""
        return {"type": "string", "format": "date-time"}

    def expected(self, name: str) -> tuple[str, str]:
        """A moment with its offset."""
        return (
            "带时区的时间，如 2024-05-01T08:00:00+08:00",
            "a time with its offset, such as 2024-05-01T08:00:00+08:00",
        )


@dataclass(frozen=True, slots=True)
class Within:
    """A place and everything in it; `meaning` turns its code into an ltree path."""

    name: str
    column: str
    meaning: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`column <@ path`."""
        return f"{self.column} <@ {asking.take(asking.meanings[self.meaning](text))}::ltree"

    def schema(self, name: str) -> dict[str, Any]:
        """A code."""
        return {"type": "string", "minLength": 1, "maxLength": _LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A place's code."""
        return "区域代码", "the code of a place"


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false: `yes` and `no` are the conditions; `{now}` in them is the moment."""

    name: str
    yes: str
    no: str

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """The condition of the flag's value."""
        if text not in _FLAGS:
            raise ValueError(text)
        sql = self.yes if _FLAGS[text] else self.no
        return sql.replace("{now}", asking.take(asking.now)) if "{now}" in sql else sql

    def schema(self, name: str) -> dict[str, Any]:
        """A boolean."""
        return {"type": "boolean"}

    def expected(self, name: str) -> tuple[str, str]:
        """A boolean."""
        return "true 或 false", "true or false"


@dataclass(frozen=True, slots=True)
class Search:
    """The rows a search function finds: `function(text, most)` gives their ids."""

    name: str
    function: str
    most: int

    @property
    def names(self) -> tuple[str, ...]:
        """Its own name."""
        return (self.name,)

    def condition(self, name: str, text: str, asking: Asking) -> str:
        """`id` is one of those found; found once, before anything else is read."""
        return f"id = any(array(select {self.function}({asking.take(text)}, {self.most})))"

    def schema(self, name: str) -> dict[str, Any]:
        """A text."""
        return {"type": "string", "minLength": 1, "maxLength": _LONGEST}

    def expected(self, name: str) -> tuple[str, str]:
        """A text."""
        return f"1–{_LONGEST} 字的文本", f"a text of 1 to {_LONGEST} characters"


@dataclass(frozen=True, slots=True)
class Sort:
    """One allowed order: by a column, then by id in the same direction.

    `sort` is the type of the column's values; `nullable` says that some rows have none.
    """

    name: str
    column: str
    sort: Any
    descending: bool = False
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Question:
    """A checked query: conditions with their values, and the order."""

    conditions: tuple[str, ...]
    args: tuple[Any, ...]
    sort: Sort


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
                if not text.strip() or len(text) > _LONGEST or "\x00" in text:
                    raise ValueError(text)
                conditions.append(row.condition(name, text.strip(), asking))
            except (ValueError, OverflowError):
                zh, en = row.expected(name)
                facts = {"filter": name, "expected_zh": zh, "expected": en}
                faults.append(Fault(f"/{name}", "listing.value", facts))
        if faults:
            raise Refusal("listing.values", list=self.name, faults=faults)
        return Question(tuple(conditions), tuple(asking.args), self._order(sort))

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
